//! Personal mode for a room's device: it leaves the workspace and belongs to a person. It is done in the
//! background, as the real service does it; how it went is asked for.

use std::sync::Arc;

use hallway_wire::Timestamp;
use hallway_wire::id::{OrgId, WorkspaceId};
use hallway_wire::metrics::PersonalizationTask;
use serde::{Deserialize, Serialize};

use crate::audit;
use crate::caller::Caller;
use crate::device::Device;
use crate::error::{Doing as _, Error, Result};
use crate::platform::Platform;
use crate::ports::records::Key;
use crate::ports::{DeviceFilter, Page};
use crate::records::{Document, Kept, put_new};

/// After this long without an end, a task was interrupted.
const PATIENCE_MS: i64 = 60_000;
/// When to ask again, in seconds.
const RETRY_AFTER_S: u64 = 5;

/// The last personalization of a workspace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Personalization {
    org: OrgId,
    workspace: WorkspaceId,
    started: Timestamp,
    email: String,
    #[serde(default)]
    done: bool,
    /// Why it failed.
    #[serde(default)]
    error: Option<String>,
}

impl Document for Personalization {
    const KIND: &'static str = "personalization";
    const NOUN: &'static str = "personalization task";
    fn org(&self) -> OrgId {
        self.org
    }
    fn id(&self) -> String {
        self.workspace.uuid().to_string()
    }
    fn keys(&self) -> Vec<Key> {
        Vec::new()
    }
}

/// How a task is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// Ask again after this many seconds.
    Running(u64),
    Done(PersonalizationTask),
}

impl Platform {
    /// # Errors
    /// A scope or the role is missing.
    pub fn may_personalize(caller: &Caller) -> Result<()> {
        caller.require_scope(&["spark-admin:devices_write"])?;
        caller.require_scope(&["identity:one_time_password", "Identity:one_time_password"])?;
        caller.require_scope(&["spark:xapi_commands"])?;
        caller.require_scope(&["spark:xapi_statuses"])?;
        caller.require_device_write()
    }

    /// Begins to give the device of a workspace to a person.
    ///
    /// # Errors
    /// Missing scopes or role; unknown workspace; no address; another task of it goes on.
    pub async fn personalize(&self, caller: &Caller, id: WorkspaceId, email: Option<&str>) -> Result<()> {
        Self::may_personalize(caller)?;
        self.own_workspace(caller, id).await?;
        let email = email
            .map(str::trim)
            .filter(|email| email.contains('@') && email.len() <= 254);
        let email = email.ok_or_else(|| Error::invalid("email: an e-mail address is required"))?;
        let now = self.now();
        let task = Personalization {
            org: caller.org,
            workspace: id,
            started: now,
            email: email.to_owned(),
            done: false,
            error: None,
        };
        self.retrying(|| async {
            let write = match self.get::<Personalization>(caller.org, &task.id()).await? {
                None => put_new(&task)?,
                Some(kept) if !kept.done && now.millis() - kept.started.millis() < PATIENCE_MS => {
                    return Err(Error::conflict("The workspace is being personalized already."));
                }
                Some(kept) => kept.put(&task)?,
            };
            self.commit(vec![write]).await
        })
        .await?;
        let Some(platform) = self.me.upgrade() else {
            return Ok(());
        };
        let caller = caller.clone();
        self.tasks.spawn(async move {
            if let Err(error) = platform.run_personalization(&caller, id).await {
                tracing::warn!(%error, workspace = ?id, "a personalization could not be finished");
            }
        });
        Ok(())
    }

    async fn run_personalization(self: Arc<Self>, caller: &Caller, id: WorkspaceId) -> Result<()> {
        let kept = self
            .demand::<Personalization>(caller.org, &id.uuid().to_string())
            .await?;
        let moved = self.move_to_person(caller, &kept).await;
        let error = match moved {
            Ok(()) => return Ok(()),
            Err(Error::Conflict { message }) => message,
            Err(error @ (Error::Store { .. } | Error::Internal(_) | Error::Queue(_))) => {
                let failed = Personalization {
                    done: true,
                    error: Some("Internal error".to_owned()),
                    ..kept.doc.clone()
                };
                self.commit(vec![kept.put(&failed)?]).await?;
                return Err(error);
            }
            Err(error) => error.to_string(),
        };
        let failed = Personalization {
            done: true,
            error: Some(error),
            ..kept.doc.clone()
        };
        self.commit(vec![kept.put(&failed)?]).await
    }

    /// The device of a workspace that can be given to a person.
    async fn giveable_device(&self, caller: &Caller, id: WorkspaceId) -> Result<Device> {
        let workspace = self.own_workspace(caller, id).await?;
        let filter = DeviceFilter {
            workspace: Some(id),
            person: None,
        };
        let devices = self.store.devices(caller.org, filter, Page::ALL).await;
        let mut devices = devices.doing("listing devices")?;
        devices.retain(|device| device.kind != "accessory");
        let kind = |value: &serde_json::Value| {
            let kind = value.get("type").and_then(serde_json::Value::as_str);
            kind.unwrap_or("none").to_owned()
        };
        let device = match devices.as_slice() {
            [device] => device.clone(),
            [] => return Err(Error::conflict("The workspace has no device")),
            _ => return Err(Error::conflict("The workspace has more than one device")),
        };
        if device.kind != "roomdesk" || !device.xapi {
            return Err(Error::conflict("The device cannot be used in personal mode"));
        }
        if kind(&workspace.calendar) != "none" {
            return Err(Error::conflict("The workspace has a calendar"));
        }
        if !["freeCalling", "none"].contains(&kind(&workspace.calling).as_str()) {
            return Err(Error::conflict(
                "The workspace has calling other than free calling",
            ));
        }
        if !self.links.is_linked(device.id) {
            return Err(Error::conflict("Device is offline"));
        }
        Ok(device)
    }

    async fn move_to_person(&self, caller: &Caller, task: &Kept<Personalization>) -> Result<()> {
        let person = self.person_of_email(caller.org, &task.email).await?;
        let person = person.ok_or_else(|| Error::conflict("User not found"))?;
        let device = self.giveable_device(caller, task.workspace).await?;
        let now = self.now();
        let done = task.put(&Personalization {
            done: true,
            error: None,
            ..task.doc.clone()
        })?;
        let workspace = task.workspace;
        self.change_device(device.id, |device| {
            if device.workspace != Some(workspace) {
                return Err(Error::conflict("The device left the workspace"));
            }
            device.workspace = None;
            device.person = Some(person.id);
            device.display_name = person.display_name.clone();
            let entry = audit::by_on(
                caller,
                now,
                "device.personalized",
                (&device.display_name, device.id.to_string()),
                format!("gave the device of a workspace to {}", person.display_name),
            );
            Ok(vec![done.clone(), entry])
        })
        .await?;
        self.metrics.forget(workspace, device.id, now);
        self.refresh_place(device.id).await
    }

    /// How the last personalization of a workspace is.
    ///
    /// # Errors
    /// Missing scopes or role; unknown workspace; there was none.
    pub async fn personalization_task(&self, caller: &Caller, id: WorkspaceId) -> Result<Task> {
        Self::may_personalize(caller)?;
        self.own_workspace(caller, id).await?;
        let task = self
            .demand::<Personalization>(caller.org, &id.uuid().to_string())
            .await?;
        let lost = self.now().millis() - task.started.millis() >= PATIENCE_MS;
        if !task.done && !lost {
            return Ok(Task::Running(RETRY_AFTER_S));
        }
        let interrupted = (!task.done).then(|| "The personalization was interrupted".to_owned());
        Ok(Task::Done(PersonalizationTask {
            success: task.done && task.error.is_none(),
            error_description: task.error.clone().or(interrupted),
        }))
    }
}
