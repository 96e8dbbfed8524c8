//! Ordering faults and taking them back, and what follows for devices.

use std::sync::Arc;

use hallway_wire::fault::{Fault, FaultEffect, FaultRequest};
use hallway_wire::id::{DeviceId, OrgId, PersonId};

use super::registry::{MAX_LATENCY, Order};
use super::{Faults, Route, scope::Scope};
use crate::audit;
use crate::caller::Caller;
use crate::crypto::random;
use crate::device::{Device, LinkedDevice};
use crate::error::{Doing as _, Error, Result};
use crate::platform::Platform;

/// Longest time of a fault, in seconds: a week.
const MAX_SECONDS: u64 = 7 * 24 * 3600;

/// Longest `Retry-After`, in seconds.
const MAX_RETRY_AFTER: u64 = 24 * 3600;

/// Longest text of an error, in bytes.
const MAX_MESSAGE: usize = 500;

/// Longest id of a client, in bytes.
const MAX_CLIENT: usize = 200;

/// Everything that is wrong with a request by itself.
fn problems(request: &FaultRequest) -> Vec<String> {
    use FaultEffect as E;
    let mut wrong: Vec<String> = Vec::new();
    let mut check = |good: bool, text: &str| {
        if !good {
            wrong.push(text.to_owned());
        }
    };
    let asks = request.person.is_some()
        || request.client.is_some()
        || request.token.is_some()
        || request.this_token
        || request.route.is_some();
    let hears = request.integration.is_some() || request.webhook.is_some();
    check(
        !(asks && hears),
        "integration and webhook are about notifications; person, client, token, thisToken and route are about \
         requests: they do not go together",
    );
    check(
        !(request.integration.is_some() && request.webhook.is_some()),
        "a notification goes to an integration or to a webhook: name one of them",
    );
    check(
        !(request.token.is_some() && request.this_token),
        "token and thisToken name a token each: name one of them",
    );
    check(request.times != Some(0), "times: must be 1 or more");
    check(
        request.probability.is_none_or(|p| p > 0.0 && p <= 1.0),
        "probability: must be above 0 and at most 1",
    );
    check(
        request
            .for_seconds
            .is_none_or(|seconds| (1..=MAX_SECONDS).contains(&seconds)),
        "forSeconds: must be 1 to 604800",
    );
    check(
        request
            .client
            .as_ref()
            .is_none_or(|client| (1..=MAX_CLIENT).contains(&client.len())),
        "client: must be the id of an OAuth client",
    );
    match &request.effect {
        E::Status {
            status,
            retry_after,
            message,
        } => {
            check((400..=599).contains(status), "effect.status: must be 400 to 599");
            check(
                retry_after.is_none_or(|seconds| seconds <= MAX_RETRY_AFTER),
                "effect.retryAfter: must be at most 86400 seconds",
            );
            check(
                message
                    .as_ref()
                    .is_none_or(|message| message.len() <= MAX_MESSAGE),
                "effect.message: must be at most 500 bytes",
            );
        }
        E::Latency { min_ms, max_ms } => {
            let most = max_ms.unwrap_or(*min_ms);
            check(
                *min_ms <= most && (1..=MAX_LATENCY.as_millis()).contains(&u128::from(most)),
                "effect: minMs must be at most maxMs, and maxMs 1 to 60000",
            );
        }
        E::Close => {}
        E::ExpiredToken => check(
            request.webhook.is_none(),
            "effect: no access token is used to deliver to a webhook, so none can have expired",
        ),
        E::Duplicate | E::Reorder | E::Drop => check(
            !asks,
            "effect: duplicate, reorder and drop are about notifications: only integration, webhook and device go \
             with them",
        ),
        E::Offline => {
            check(
                request.device.is_some() && !asks && !hears,
                "effect: offline needs a device, and nothing else beside it",
            );
            check(
                request.times.is_none() && request.probability.is_none(),
                "effect: a device is off line for a time (forSeconds) or until the fault is removed: times and \
                 probability do not go with it",
            );
        }
    }
    wrong
}

/// The first bytes of a token's hash, as 16 hex digits.
fn short_hash(text: &str) -> Option<[u8; 8]> {
    let text = text.trim();
    if text.len() != 16 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    u64::from_str_radix(text, 16).ok().map(u64::to_be_bytes)
}

impl Platform {
    /// The faults that are ordered now.
    pub fn faults(&self) -> &Arc<Faults> {
        &self.faults
    }

    /// Checks that the caller may manage faults.
    ///
    /// # Errors
    /// It is no full administrator.
    pub fn may_order_faults(&self, caller: &Caller) -> Result<()> {
        caller.require_full_admin()
    }

    /// Orders a fault in the caller's organization.
    ///
    /// # Errors
    /// No full administrator; a request that makes no sense; an unknown person, integration or device; too many.
    pub async fn add_fault(&self, caller: &Caller, request: &FaultRequest) -> Result<Fault> {
        caller.require_full_admin()?;
        let mut wrong = problems(request);
        let route = match request.route.as_deref().map(str::parse::<Route>) {
            None => None,
            Some(Ok(route)) => Some(route),
            Some(Err(why)) => {
                wrong.push(format!("route: {why}"));
                None
            }
        };
        let token = match &request.token {
            Some(text) => {
                let token = short_hash(text);
                if token.is_none() {
                    wrong.push(
                        "token: must be the first 16 hex digits of the token's SHA-256, never the token itself"
                            .to_owned(),
                    );
                }
                token
            }
            None => request.this_token.then_some(caller.token),
        };
        if !wrong.is_empty() {
            return Err(Error::invalid_all("The fault makes no sense.", wrong));
        }
        let person = match &request.person {
            None => None,
            Some(text) => Some(self.person_to_strike(caller, text).await?),
        };
        if let Some(app) = request.integration {
            self.integration(caller, app).await?;
        }
        if let Some(device) = request.device {
            self.own_device(caller, device).await?;
        }
        let now = self.now();
        let millis = request
            .for_seconds
            .map(|seconds| i64::try_from(seconds.saturating_mul(1000)).unwrap_or(i64::MAX));
        let order = Order {
            id: Arc::from(format!("{:08x}", u32::from_be_bytes(random()))),
            effect: request.effect.clone(),
            scope: Scope {
                person,
                client: request.client.clone(),
                token,
                route,
                integration: request.integration,
                webhook: request.webhook,
                device: request.device,
            },
            times: request.times,
            probability: request.probability,
            // Short enough to be typed again.
            seed: request
                .seed
                .unwrap_or_else(|| u64::from(u16::from_be_bytes(random()))),
            created: now,
            ends: millis.map(|millis| now.plus_millis(millis)),
        };
        let id = Arc::clone(&order.id);
        let said = format!("ordered a fault: {}", request.effect.word());
        let fault = self.faults.add(caller.org, order)?;
        let entry = audit::by(caller, now, "fault.added", &id, said);
        if let Err(error) = self.store.commit(vec![entry]).await.doing("noting a fault") {
            // What is not in the trail does not happen.
            self.faults.remove(caller.org, Some(&id));
            return Err(error);
        }
        tracing::info!(fault = %id, org = ?caller.org, effect = ?request.effect, "a fault was ordered");
        Ok(fault)
    }

    /// A person of the caller's organization, by address or id.
    async fn person_to_strike(&self, caller: &Caller, text: &str) -> Result<PersonId> {
        let text = text.trim();
        if !text.contains('@') {
            let id: PersonId = text.parse().map_err(|_| {
                Error::invalid(format!(
                    "person: {text:?} is neither an address nor the id of a person"
                ))
            })?;
            return self.person(caller, id).await.map(|person| person.id);
        }
        let found = self.person_of_email(caller.org, text).await?;
        found.map(|person| person.id).ok_or_else(|| Error::Missing {
            message: format!("Nobody in the organization has the address {text}."),
        })
    }

    /// The faults of the caller's organization, also those that cannot strike any more.
    ///
    /// # Errors
    /// No full administrator.
    pub fn list_faults(&self, caller: &Caller) -> Result<Vec<Fault>> {
        caller.require_full_admin()?;
        Ok(self.faults.list(caller.org))
    }

    /// Takes a fault back.
    ///
    /// # Errors
    /// No full administrator; unknown.
    pub async fn remove_fault(&self, caller: &Caller, id: &str) -> Result<()> {
        caller.require_full_admin()?;
        if !self.faults.has(caller.org, id) {
            return Err(Error::NotFound { what: "fault" });
        }
        let said = "took a fault back".to_owned();
        let entry = audit::by(caller, self.now(), "fault.removed", id, said);
        self.store
            .commit(vec![entry])
            .await
            .doing("noting the end of a fault")?;
        let (_, back) = self.faults.remove(caller.org, Some(id));
        self.catch_up_after_faults(&back);
        Ok(())
    }

    /// Takes all faults of the organization back. Returns how many there were.
    ///
    /// # Errors
    /// No full administrator.
    pub async fn clear_faults(&self, caller: &Caller) -> Result<usize> {
        caller.require_full_admin()?;
        if self.faults.list(caller.org).is_empty() {
            return Ok(0);
        }
        let said = "took all faults back".to_owned();
        let entry = audit::by(caller, self.now(), "fault.cleared", "faults", said);
        self.store
            .commit(vec![entry])
            .await
            .doing("noting the end of faults")?;
        let (removed, back) = self.faults.remove(caller.org, None);
        self.catch_up_after_faults(&back);
        Ok(removed)
    }

    /// Whether a fault keeps a device away now.
    pub(crate) fn kept_away(&self, org: OrgId, device: DeviceId) -> bool {
        self.faults.any() && self.faults.offline(org, device).is_some()
    }

    /// The link of a device, unless a fault keeps it away.
    pub(crate) fn link_of(&self, device: &Device) -> Option<Arc<LinkedDevice>> {
        if self.kept_away(device.org, device.id) {
            return None;
        }
        self.links.get(device.id)
    }

    /// Whether a device can be reached now.
    pub(crate) fn is_reachable(&self, device: &Device) -> bool {
        self.links.is_linked(device.id) && !self.kept_away(device.org, device.id)
    }

    /// Sees to devices whose time off line is over.
    pub(crate) fn end_faults_that_are_due(&self) {
        if self.faults.any() {
            self.catch_up_after_faults(&self.faults.back_on_line());
        }
    }

    /// What a device does when it links up: configurations are sent to it, and everybody who hears it gets a
    /// full sync.
    fn catch_up_after_faults(&self, devices: &[DeviceId]) {
        for device in devices {
            if let Some(linked) = self.links.get(*device) {
                self.spawn_catch_up(&linked);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use hallway_wire::id::WebhookId;

    use super::*;

    #[test]
    fn tokens_are_read_as_their_hash() {
        assert_eq!(short_hash(" 00000000000000ff "), Some([0, 0, 0, 0, 0, 0, 0, 255]));
        for bad in [
            "",
            "ff",
            "+0000000000000ff",
            "00000000000000fg",
            "00000000000000ff0",
        ] {
            assert_eq!(short_hash(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_said_to() {
        use FaultEffect as E;
        let status = |status| E::Status {
            status,
            retry_after: None,
            message: None,
        };
        let sound = |effect: E, change: fn(&mut FaultRequest)| {
            let mut request = FaultRequest::new(effect);
            change(&mut request);
            problems(&request).is_empty()
        };
        assert!(sound(status(400), |_| {}) && sound(status(599), |_| {}));
        assert!(!sound(status(399), |_| {}) && !sound(status(600), |_| {}) && !sound(status(200), |_| {}));
        let latency = |min_ms, max_ms| E::Latency { min_ms, max_ms };
        assert!(sound(latency(1, None), |_| {}) && sound(latency(0, Some(60_000)), |_| {}));
        for (min, max) in [(0, None), (2, Some(1)), (1, Some(60_001)), (60_001, None)] {
            assert!(!sound(latency(min, max), |_| {}), "{min} {max:?}");
        }
        for p in [0.0, -1.0, 1.1, f64::NAN] {
            let mut request = FaultRequest::new(E::Close);
            request.probability = Some(p);
            assert_eq!(problems(&request).len(), 1, "{p}");
        }
        assert!(!sound(E::Close, |r| r.times = Some(0)));
        assert!(!sound(E::Close, |r| r.for_seconds = Some(0)));
        assert!(!sound(E::Duplicate, |r| r.route = Some("/v1/*".to_owned())));
        assert!(sound(E::Duplicate, |r| r.device = Some(DeviceId::random())));
        assert!(!sound(E::Offline, |_| {}));
        assert!(sound(E::Offline, |r| r.device = Some(DeviceId::random())));
        assert!(!sound(E::Offline, |r| {
            r.device = Some(DeviceId::random());
            r.times = Some(1);
        }));
        assert!(!sound(E::Close, |r| {
            r.webhook = Some(WebhookId::random());
            r.this_token = true;
        }));
        assert!(!sound(E::ExpiredToken, |r| r.webhook = Some(WebhookId::random())));
    }
}
