//! Posting the activation code to the vendor's service, where the manifest says `https` (workspace-integrations 5).
//!
//! That the code is to be posted is written with the activation, together with the sealed code: tokens are kept
//! as hashes, so this seal is the only copy. One task for each code tries until the vendor took it or the code
//! has run out; a start takes them up again. What the vendor answers is not trusted: it is bounded, and the page
//! that it names is checked before an administrator is sent there.

use std::time::Duration;

use hallway_wire::Timestamp;
use hallway_wire::claims::JwtEnvelope;
use hallway_wire::id::{ActivationId, AppId};
use hallway_wire::integration::ProvisioningState;
use hallway_wire::publication::{PushState, Pushed};
use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, oneshot};

use super::{Activation, json_headers};
use crate::audit;
use crate::caller::Caller;
use crate::crypto::Sealed;
use crate::error::{Doing as _, Error, Result};
use crate::platform::Platform;
use crate::ports::{Answer, CourierError, MAX_ANSWER, Target, Write};

/// Codes that are posted at one time in the background: a vendor that hangs holds up others no longer than this
/// many vendors together.
const AT_ONCE: usize = 16;
/// Longest error that is kept.
const MAX_ERROR: usize = 300;
/// Longest page URL of a vendor.
const MAX_URL: usize = 2048;

/// The post of one activation code.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Push {
    pub state: PushState,
    /// `provisioning.url` of the manifest that was activated.
    pub url: String,
    /// The code, for as long as it is to be posted.
    pub code: Option<Sealed>,
    pub attempts: u32,
    #[serde(default)]
    pub last_attempt: Option<Timestamp>,
    #[serde(default)]
    pub last_status: Option<u16>,
    #[serde(default)]
    pub last_error: Option<String>,
    #[serde(default)]
    pub redirect_url: Option<String>,
}

impl Push {
    pub(super) fn new(url: String, code: Sealed) -> Self {
        Self {
            state: PushState::Pending,
            url,
            code: Some(code),
            attempts: 0,
            last_attempt: None,
            last_status: None,
            last_error: None,
            redirect_url: None,
        }
    }

    /// The integration holds the code, however it got it.
    pub(super) fn settle(&mut self) {
        self.code = None;
        if self.state == PushState::Pending {
            self.state = PushState::Pushed;
        }
    }

    pub(super) fn shown(&self) -> Pushed {
        Pushed {
            state: self.state,
            url: self.url.clone(),
            attempts: self.attempts,
            last_attempt: self.last_attempt,
            last_status: self.last_status,
            last_error: self.last_error.clone(),
            redirect_url: self.redirect_url.clone(),
        }
    }
}

/// What the pushes of a process share.
#[derive(Debug)]
pub(crate) struct Pushes {
    slots: Semaphore,
}

impl Default for Pushes {
    fn default() -> Self {
        Self {
            slots: Semaphore::new(AT_ONCE),
        }
    }
}

/// What came of an attempt.
struct Outcome {
    taken: bool,
    status: Option<u16>,
    /// Why it was not taken, or what was ignored in the answer.
    error: Option<String>,
    redirect_url: Option<String>,
}

impl Platform {
    /// Takes up the pushes that the last process left.
    pub(crate) fn resume_push(&self, activation: &Activation) {
        if activation.awaits_push() {
            self.start_push(activation.id, None);
        }
    }

    /// Posts a code from now on, and waits for the first attempt: the activation as it is then. The attempt does
    /// not end with the request that asked for it.
    pub(super) async fn push_first(&self, activation: Activation) -> Result<Activation> {
        let (tell, told) = oneshot::channel();
        self.start_push(activation.id, Some(tell));
        told.await.ok();
        let now = self.store.activation_by_id(activation.id).await;
        Ok(now.doing("reading an activation")?.unwrap_or(activation))
    }

    fn start_push(&self, id: ActivationId, first: Option<oneshot::Sender<()>>) {
        if let Some(platform) = self.me.upgrade() {
            self.tasks
                .spawn(async move { platform.push_until_taken(id, first).await });
        }
    }

    async fn push_until_taken(&self, id: ActivationId, mut first: Option<oneshot::Sender<()>>) {
        let mut pause = self.config.push_retry_first;
        loop {
            // An administrator waits for the first attempt: it does not stand in line.
            let slot = match first {
                Some(_) => None,
                None => self.pushes.slots.acquire().await.ok(),
            };
            let done = tokio::select! {
                () = self.stop.cancelled() => return,
                done = self.push_once(id) => done,
            };
            drop(slot);
            first.take().map(|tell| tell.send(()));
            match done {
                Ok(None) => return,
                Ok(Some(activation)) if !activation.awaits_push() => return,
                Ok(Some(activation)) => pause = pause.min(self.until_expiry(&activation)),
                Err(error) => tracing::warn!(%error, "an activation code could not be posted"),
            }
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
            pause = pause.saturating_mul(2).min(self.config.push_retry_max);
        }
    }

    fn until_expiry(&self, activation: &Activation) -> Duration {
        let left = activation.expires.map_or(i64::MAX, |expires| {
            expires.millis().saturating_sub(self.now().millis())
        });
        Duration::from_millis(u64::try_from(left).unwrap_or(0)) + Duration::from_millis(10)
    }

    /// One attempt, if one is due. `None` where there is no such activation any more.
    async fn push_once(&self, id: ActivationId) -> Result<Option<Activation>> {
        let found = self.store.activation_by_id(id).await;
        let Some(activation) = found.doing("reading an activation")? else {
            return Ok(None);
        };
        let code = activation.push.as_ref().and_then(|push| push.code.clone());
        let (Some(push), Some(code), true) = (&activation.push, code, activation.awaits_push()) else {
            return Ok(Some(activation));
        };
        if activation.expires.is_some_and(|expires| expires <= self.now()) {
            return self.keep_expiry(&activation).await;
        }
        let outcome = self.post_code(&push.url, &code).await?;
        self.keep_outcome(&activation, &outcome).await
    }

    async fn post_code(&self, url: &str, code: &Sealed) -> Result<Outcome> {
        let target = self.push_target(url);
        let jwt = self.vault.open(code)?.expose().to_owned();
        let body =
            serde_json::to_vec(&JwtEnvelope { jwt }).map_err(|error| Error::Internal(error.to_string()))?;
        let answer = match self.courier.errand(&target) {
            Ok(mut errand) => errand.post(&json_headers(), body.into()).await,
            Err(error) => Err(error),
        };
        Ok(self.judge(answer).await)
    }

    fn push_target(&self, url: &str) -> Target {
        Target {
            url: url.to_owned(),
            mutual_tls: None,
            timeout: self.config.delivery_timeout,
            max_answer: MAX_ANSWER,
        }
    }

    /// What an answer means.
    async fn judge(&self, answer: Result<Answer, CourierError>) -> Outcome {
        let refused = |status, error: String| Outcome {
            taken: false,
            status,
            error: Some(error.chars().take(MAX_ERROR).collect()),
            redirect_url: None,
        };
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return refused(None, error.to_string()),
        };
        let status = Some(answer.status);
        match answer.status {
            200..300 => {}
            300..400 => {
                let why = format!("it answered {}: Hallway does not follow redirects", answer.status);
                return refused(status, why);
            }
            other => return refused(status, format!("it answered {other}")),
        }
        let (redirect_url, error) = match self.page_of(&answer).await {
            Ok(page) => (page, None),
            Err(why) => (None, Some(format!("it took the code, but {why}"))),
        };
        Outcome {
            taken: true,
            status,
            error: error.map(|error| error.chars().take(MAX_ERROR).collect()),
            redirect_url,
        }
    }

    /// The page that the vendor wants the administrator to go to, if the answer names one.
    ///
    /// # Errors
    /// Why what it says is ignored.
    async fn page_of(&self, answer: &Answer) -> Result<Option<String>, String> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Said {
            #[serde(default)]
            redirect_url: Option<serde_json::Value>,
        }
        if answer.cut {
            return Err(format!(
                "its answer broke off or is longer than {MAX_ANSWER} bytes: it was ignored"
            ));
        }
        if answer.body.is_empty() {
            return Ok(None);
        }
        let kind = answer.content_type.as_deref().unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/json") {
            return Err("its answer is not application/json: it was ignored".to_owned());
        }
        let said: Said = serde_json::from_slice(&answer.body)
            .map_err(|_| "its answer is no JSON object as expected: it was ignored".to_owned())?;
        let url = match said.redirect_url {
            None | Some(serde_json::Value::Null) => return Ok(None),
            Some(serde_json::Value::String(url)) => url,
            Some(_) => return Err("redirectUrl is no text: it was ignored".to_owned()),
        };
        self.check_page(&url)
            .await
            .map_err(|why| format!("{why}: it was ignored"))?;
        Ok(Some(url))
    }

    /// Whether an administrator can be sent to a page.
    async fn check_page(&self, url: &str) -> Result<(), String> {
        const WHAT: &str = "redirectUrl";
        let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '\\' | '"' | '<' | '>' | '`' | '^');
        if url.len() > MAX_URL || !url.chars().all(plain) {
            return Err(format!(
                "{WHAT} is longer than {MAX_URL} characters or holds some that a URL does not have"
            ));
        }
        self.check_url(WHAT, url)?;
        let uri: http::Uri = url.parse().map_err(|_| format!("{WHAT} is not a URL"))?;
        let host = uri.host().unwrap_or_default().trim_end_matches('.');
        // A browser takes `127.1`, `0x7f000001` and `2130706433` for addresses.
        let last = host.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
        let numeric = last.starts_with("0x") || last.chars().all(|c| c.is_ascii_digit());
        let strange = numeric && host.parse::<std::net::Ipv4Addr>().is_err();
        let local = last == "localhost" && !self.config.allow_http;
        if strange || local {
            return Err(format!("{WHAT} does not lead to a public host"));
        }
        let target = self.push_target(url);
        let checked = self.courier.check_host(&target).await;
        // What the address is, is not for who may have made the vendor say it.
        checked.map_err(|_| format!("{WHAT} does not lead to a public host"))
    }

    async fn keep_outcome(&self, activation: &Activation, outcome: &Outcome) -> Result<Option<Activation>> {
        let now = self.now();
        let name = self.stored_manifest(&activation.manifest)?.display_name;
        let first = if outcome.taken {
            let what = format!("posted the activation code of {name} to its vendor");
            vec![audit::by_system(
                activation.org,
                now,
                "integration.code_posted",
                &name,
                what,
            )]
        } else {
            tracing::info!(app = %activation.app, status = outcome.status, error = outcome.error, "an activation code was not taken");
            Vec::new()
        };
        self.change_push(activation, first, |push, over| {
            push.attempts = push.attempts.saturating_add(1);
            push.last_attempt = Some(now);
            push.last_status = outcome.status;
            push.last_error.clone_from(&outcome.error);
            if outcome.redirect_url.is_some() {
                push.redirect_url.clone_from(&outcome.redirect_url);
            }
            if outcome.taken || over {
                push.settle();
            }
        })
        .await
    }

    async fn keep_expiry(&self, activation: &Activation) -> Result<Option<Activation>> {
        let name = self.stored_manifest(&activation.manifest)?.display_name;
        let what = format!("gave up posting the activation code of {name}: it has expired");
        let entry = audit::by_system(
            activation.org,
            self.now(),
            "integration.code_expired",
            &name,
            what,
        );
        self.change_push(activation, vec![entry], |push, _| {
            push.state = PushState::Failed;
            push.code = None;
        })
        .await
    }

    /// Changes the push of this very activation; `None` where it is gone or another one came. The closure is
    /// told whether the integration has used its code.
    async fn change_push(
        &self,
        activation: &Activation,
        first: Vec<Write>,
        change: impl Fn(&mut Push, bool) + Send + Sync,
    ) -> Result<Option<Activation>> {
        let changed = self
            .change_activation(activation.org, activation.app, first, |stored| {
                let over = stored.provisioning_state != ProvisioningState::InProgress;
                match &mut stored.push {
                    Some(push) if stored.id == activation.id => change(push, over),
                    _ => return Err(Error::NotFound { what: "integration" }),
                }
                Ok(Vec::new())
            })
            .await;
        match changed {
            Ok(activation) => Ok(Some(activation)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Posts the activation code again, now.
    ///
    /// # Errors
    /// The caller is no full administrator; there is no code that waits to be posted.
    pub async fn push_again(&self, caller: &Caller, app: AppId) -> Result<Pushed> {
        caller.require_full_admin()?;
        self.find_integration(caller, app).await?;
        let waiting = self.find_activation(caller.org, app).await?;
        let waiting = waiting.filter(Activation::awaits_push).ok_or_else(|| {
            Error::conflict(
                "No activation code waits to be posted: activate the integration again for a new one.",
            )
        })?;
        let now = self.push_once(waiting.id).await?;
        now.and_then(|activation| activation.push.as_ref().map(Push::shown))
            .ok_or(Error::NotFound { what: "integration" })
    }
}

impl Activation {
    /// Whether its code is to be posted still.
    pub(crate) fn awaits_push(&self) -> bool {
        self.ends.is_none()
            && self.provisioning_state == ProvisioningState::InProgress
            && self
                .push
                .as_ref()
                .is_some_and(|push| push.state == PushState::Pending && push.code.is_some())
    }
}
