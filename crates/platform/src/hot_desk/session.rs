//! Sessions at hot desks. A desk has one at a time.

use hallway_wire::Timestamp;
use hallway_wire::id::{self, OrgId, PersonId, WorkspaceId};
use hallway_wire::metrics::{BookHotDesk, HotDeskSession};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::audit;
use crate::caller::Caller;
use crate::error::{Doing as _, Error, Result};
use crate::platform::Platform;
use crate::ports::records::{Claim, Find, Key, by_time};
use crate::ports::{DeviceFilter, Page};
use crate::records::{Document, Kept, put_new};

const MINUTE_MS: i64 = 60_000;
const DEFAULT_MINUTES: u32 = 8 * 60;
const MOST_MINUTES: u32 = 7 * 24 * 60;
/// Most sessions in a list, which has no pages.
const MOST: usize = 1000;
/// The status of a desk's device.
const STATUS: &str = "Webex.DevicePersonalization.Hotdesking.SessionStatus";
/// Every how many passes of the sweeper sessions end.
const SWEEP_EVERY: u64 = 30;

/// Somebody has a desk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Session {
    id: Uuid,
    org: OrgId,
    workspace: WorkspaceId,
    person: PersonId,
    start: Timestamp,
    end: Timestamp,
}

impl Document for Session {
    const KIND: &'static str = "hot_desk_session";
    const NOUN: &'static str = "hot desk session";
    fn org(&self) -> OrgId {
        self.org
    }
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn keys(&self) -> Vec<Key> {
        let key = |index, value| Key {
            index,
            value,
            order: by_time(self.end),
        };
        vec![
            key(Self::ALL, String::new()),
            key(Self::BY_WORKSPACE, self.workspace.uuid().to_string()),
            key(Self::BY_PERSON, self.person.uuid().to_string()),
        ]
    }
    fn claims(&self) -> Vec<Claim> {
        vec![Claim {
            name: Self::DESK,
            value: self.workspace.uuid().to_string(),
            taken: "Somebody has the desk already.",
        }]
    }
}

impl Session {
    /// By end.
    const ALL: &'static str = "all";
    const BY_WORKSPACE: &'static str = "workspace";
    const BY_PERSON: &'static str = "person";
    const DESK: &'static str = "desk";

    fn show(&self) -> HotDeskSession {
        HotDeskSession {
            session_id: id::encode("us", "HDSESSION", format_args!("{}|{}", self.id, self.start)),
            workspace_id: self.workspace,
            person_id: self.person,
            booking_start_time: self.start,
            booking_end_time: self.end,
        }
    }
}

/// Reads the id of a session: its own form, or the bare UUID.
fn session_id(text: &str) -> Result<Uuid> {
    let bad = || Error::invalid("Expect base64 ID or UUID.");
    if text.len() == 36 {
        return Uuid::try_parse(text).map_err(|_| bad());
    }
    let (kind, inner) = id::decode(text).map_err(|_| bad())?;
    let uuid = inner.split('|').next().unwrap_or(&inner);
    if kind == "HDSESSION" {
        Uuid::try_parse(uuid).map_err(|_| bad())
    } else {
        Err(Error::invalid(format!(
            "expected the id of a hot desk session, got one of type {kind}"
        )))
    }
}

impl Platform {
    /// Sessions that go on; every condition must hold.
    ///
    /// # Errors
    /// Missing scope or role.
    pub async fn list_hot_desk_sessions(
        &self,
        caller: &Caller,
        workspace: Option<WorkspaceId>,
        person: Option<PersonId>,
    ) -> Result<Vec<HotDeskSession>> {
        caller.may_read_workspaces()?;
        let (index, value) = match (workspace, person) {
            (Some(workspace), _) => (Session::BY_WORKSPACE, workspace.uuid().to_string()),
            (None, Some(person)) => (Session::BY_PERSON, person.uuid().to_string()),
            (None, None) => (Session::ALL, String::new()),
        };
        let find = Find::new(Session::KIND, caller.org, index, value, MOST)
            .between(Some(self.now().plus_millis(1)), None);
        let listed = self
            .list_where::<Session>(find, |it| person.is_none_or(|person| person == it.person))
            .await?;
        Ok(listed.items.iter().map(|it| it.show()).collect())
    }

    /// Books a hot desk from now on, by the management API.
    ///
    /// # Errors
    /// No device administrator; unknown desk or person; no hot desk, or taken.
    pub async fn book_hot_desk(&self, caller: &Caller, book: &BookHotDesk) -> Result<HotDeskSession> {
        caller.require_device_admin()?;
        let desk = book
            .workspace_id
            .ok_or_else(|| Error::invalid("workspaceId: it is required"))?;
        let minutes = book.minutes.unwrap_or(DEFAULT_MINUTES);
        if !(1..=MOST_MINUTES).contains(&minutes) {
            return Err(Error::invalid(format!(
                "minutes: it must be from 1 to {MOST_MINUTES}"
            )));
        }
        let person = match (book.person_id, &book.email) {
            (Some(id), _) => self.person_of_id(caller.org, id).await?,
            (None, Some(email)) => self.person_of_email(caller.org, email).await?,
            (None, None) => return Err(Error::invalid("personId or email: one of them is required")),
        };
        let person = person.ok_or(Error::NotFound { what: "person" })?;
        let found = self.store.workspace(desk).await.doing("reading a workspace")?;
        let found = found
            .filter(|it| it.org == caller.org)
            .ok_or(Error::NotFound { what: "workspace" })?;
        if found.hotdesking_status != "on" {
            return Err(Error::conflict(format!("{} is no hot desk.", found.display_name)));
        }
        let now = self.now();
        self.end_hot_desks(caller.org, now).await?;
        let session = Session {
            id: Uuid::new_v4(),
            org: caller.org,
            workspace: desk,
            person: person.id,
            start: now,
            end: now.plus_millis(i64::from(minutes) * MINUTE_MS),
        };
        let entry = audit::by_on(
            caller,
            now,
            "hot_desk.booked",
            (&found.display_name, desk.to_string()),
            format!("booked {} for {}", found.display_name, person.display_name),
        );
        self.commit(vec![put_new(&session)?, entry]).await?;
        self.show_desk(caller.org, desk, "Reserved").await;
        Ok(session.show())
    }

    /// Ends a session.
    ///
    /// # Errors
    /// Missing scope or role; unknown, or over.
    pub async fn delete_hot_desk_session(&self, caller: &Caller, id: &str) -> Result<()> {
        caller.may_write_workspaces()?;
        let id = session_id(id)?.to_string();
        let ended = self
            .retrying(|| async {
                let kept = self.demand::<Session>(caller.org, &id).await?;
                let desk = kept.workspace;
                let entry = audit::by_on(
                    caller,
                    self.now(),
                    "hot_desk.released",
                    ("hot desk", desk.to_string()),
                    "ended a hot desk session".to_owned(),
                );
                self.commit(vec![kept.delete(), entry]).await?;
                Ok(desk)
            })
            .await?;
        self.show_desk(caller.org, ended, "Available").await;
        Ok(())
    }

    /// Ends sessions whose time is over.
    async fn end_hot_desks(&self, org: OrgId, now: Timestamp) -> Result<()> {
        let find =
            Find::new(Session::KIND, org, Session::ALL, "", MOST).between(None, Some(now.plus_millis(1)));
        for kept in self.list::<Session>(find).await?.items {
            self.end_hot_desk(&kept).await?;
        }
        Ok(())
    }

    async fn end_hot_desk(&self, kept: &Kept<Session>) -> Result<()> {
        match self.commit(vec![kept.delete()]).await {
            // Somebody else ended it.
            Err(Error::Stale) => return Ok(()),
            done => done?,
        }
        self.show_desk(kept.org, kept.workspace, "Available").await;
        Ok(())
    }

    /// What a pass of the sweeper does for hot desks.
    pub(crate) async fn sweep_hot_desks(&self, pass: u64, now: Timestamp) -> Result<()> {
        if pass.is_multiple_of(SWEEP_EVERY) {
            for org in self.store.organizations().await.doing("listing organizations")? {
                self.end_hot_desks(org.id, now).await?;
            }
        }
        Ok(())
    }

    /// Lets the simulated device of a desk show how the desk is. One that is away, or real, does it itself.
    async fn show_desk(&self, org: OrgId, desk: WorkspaceId, status: &str) {
        let filter = DeviceFilter {
            workspace: Some(desk),
            person: None,
        };
        let Ok(devices) = self.store.devices(org, filter, Page::ALL).await else {
            return;
        };
        for device in devices {
            if let Some(linked) = self.links.get(device.id) {
                let call = linked
                    .link
                    .call("xSimulator/SetStatus", json!({ "Key": STATUS, "Value": status }));
                let answer = tokio::time::timeout(self.config.device_timeout, call).await;
                if !matches!(answer, Ok(Ok(_))) {
                    tracing::debug!(device = ?device.id, "a desk's device does not show the session");
                }
            }
        }
    }
}
