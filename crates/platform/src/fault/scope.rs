//! Whom a fault strikes.

use hallway_wire::id::{AppId, DeviceId, PersonId, WebhookId};

use super::Route;
use crate::caller::Principal;

/// Conditions; all that are there must hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    pub(crate) person: Option<PersonId>,
    pub(crate) client: Option<String>,
    /// First bytes of the token's hash.
    pub(crate) token: Option<[u8; 8]>,
    pub(crate) route: Option<Route>,
    pub(crate) integration: Option<AppId>,
    pub(crate) webhook: Option<WebhookId>,
    pub(crate) device: Option<DeviceId>,
}

/// A request, as faults see it.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    pub principal: &'a Principal,
    pub method: &'a str,
    pub path: &'a str,
    /// The integration that polls its own queue with this request.
    pub polls: Option<AppId>,
    /// Devices that the request names.
    pub devices: &'a [DeviceId],
}

/// Where a notification goes.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    pub(super) to: To,
    pub(super) device: Option<DeviceId>,
    /// Whether another one follows in the same batch, so that the two can change places.
    pub(super) followed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum To {
    Integration(AppId),
    Webhook(WebhookId),
}

impl Target {
    /// The listener of an integration.
    pub fn integration(app: AppId) -> Self {
        Self::to(To::Integration(app))
    }

    /// A subscription of `/v1/webhooks`.
    pub fn webhook(id: WebhookId) -> Self {
        Self::to(To::Webhook(id))
    }

    fn to(to: To) -> Self {
        Self {
            to,
            device: None,
            followed: false,
        }
    }

    /// The device that the notification is about.
    #[must_use]
    pub fn about(self, device: Option<DeviceId>) -> Self {
        Self { device, ..self }
    }

    /// Whether another notification follows in the same batch. Without one, nothing is reordered.
    #[must_use]
    pub fn followed(self, followed: bool) -> Self {
        Self { followed, ..self }
    }
}

/// Faults are managed here: a fault must not lock its own administrator out.
const OWN_ROUTE: &str = "/hallway/v1/faults";

/// Hallway's own management API: struck only by faults whose route names it.
const MANAGEMENT: &str = "/hallway/";

impl Scope {
    /// Whether it is about notifications by name.
    pub(crate) fn names_listener(&self) -> bool {
        self.integration.is_some() || self.webhook.is_some()
    }

    /// Whether it is about requests by name.
    pub(crate) fn names_requests(&self) -> bool {
        self.person.is_some() || self.client.is_some() || self.token.is_some() || self.route.is_some()
    }

    /// Whether a request is struck.
    pub(crate) fn holds_request(&self, asked: &Asked<'_>) -> bool {
        let principal = asked.principal;
        let managed = asked.path.starts_with(MANAGEMENT);
        if asked.path.starts_with(OWN_ROUTE)
            || managed && !self.route.as_ref().is_some_and(Route::names_management)
        {
            return false;
        }
        self.webhook.is_none()
            && self.integration.is_none_or(|app| asked.polls == Some(app))
            && self.person.is_none_or(|person| person == principal.person)
            && self
                .client
                .as_ref()
                .is_none_or(|client| principal.client_id.as_ref() == Some(client))
            && self.token.is_none_or(|token| token == principal.token)
            && self.device.is_none_or(|device| asked.devices.contains(&device))
            && self
                .route
                .as_ref()
                .is_none_or(|route| route.matches(asked.method, asked.path))
    }

    /// Whether a notification is struck.
    pub(crate) fn holds_delivery(&self, target: &Target) -> bool {
        !self.names_requests()
            && self
                .integration
                .is_none_or(|app| target.to == To::Integration(app))
            && self.webhook.is_none_or(|id| target.to == To::Webhook(id))
            && self.device.is_none_or(|device| target.device == Some(device))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::place::permit::tests::caller;

    #[test]
    fn all_conditions_must_hold() {
        let caller = caller(&[], &[], false);
        let (device, other) = (DeviceId::random(), DeviceId::random());
        let asked = |path, devices| Asked {
            principal: &caller,
            method: "GET",
            path,
            polls: None,
            devices,
        };
        let here = [device];
        let request = asked("/v1/devices/x", &here);
        let scope = || Scope {
            person: Some(caller.person),
            token: Some(caller.token),
            route: Some("GET /v1/devices/{id}".parse().unwrap()),
            device: Some(device),
            ..Scope::default()
        };
        assert!(scope().holds_request(&request));
        let wrong: [fn(&mut Scope); 6] = [
            |scope| scope.person = Some(PersonId::random()),
            |scope| scope.token = Some([9; 8]),
            |scope| scope.route = Some("/v1/people".parse().unwrap()),
            |scope| scope.client = Some("another".to_owned()),
            |scope| scope.integration = Some(AppId(Uuid::from_u128(1))),
            |scope| scope.webhook = Some(WebhookId::random()),
        ];
        for change in wrong {
            let mut scope = scope();
            change(&mut scope);
            assert!(!scope.holds_request(&request), "{scope:?}");
        }
        let scope = Scope {
            device: Some(other),
            ..scope()
        };
        assert!(!scope.holds_request(&request));
    }

    #[test]
    fn the_management_api_is_struck_only_by_name() {
        let caller = caller(&[], &[], false);
        let asked = |path| Asked {
            principal: &caller,
            method: "GET",
            path,
            polls: None,
            devices: &[],
        };
        let everything = Scope::default();
        let wide = Scope {
            route: Some("/*".parse().unwrap()),
            ..Scope::default()
        };
        let named = Scope {
            route: Some("/hallway/v1/*".parse().unwrap()),
            ..Scope::default()
        };
        let audit = asked("/hallway/v1/audit");
        assert!(everything.holds_request(&asked("/v1/people")) && wide.holds_request(&asked("/v1/people")));
        assert!(!everything.holds_request(&audit) && !wide.holds_request(&audit));
        assert!(named.holds_request(&audit));
        // Whoever ordered a fault can always take it back.
        assert!(!named.holds_request(&asked("/hallway/v1/faults")));
        assert!(!named.holds_request(&asked("/hallway/v1/faults/1")));
    }

    #[test]
    fn notifications_by_listener_and_device() {
        let (app, hook, device) = (AppId(Uuid::from_u128(1)), WebhookId::random(), DeviceId::random());
        let of = |integration, webhook, device| Scope {
            integration,
            webhook,
            device,
            ..Scope::default()
        };
        let heard = Target::integration(app).about(Some(device));
        assert!(Scope::default().holds_delivery(&heard));
        assert!(of(Some(app), None, Some(device)).holds_delivery(&heard));
        assert!(!of(Some(AppId(hook.uuid())), None, None).holds_delivery(&heard));
        assert!(!of(None, Some(WebhookId::from_uuid(app.0)), None).holds_delivery(&heard));
        assert!(!of(None, None, Some(DeviceId::random())).holds_delivery(&heard));
        assert!(of(None, Some(hook), None).holds_delivery(&Target::webhook(hook)));
        assert!(!of(None, Some(hook), Some(device)).holds_delivery(&Target::webhook(hook)));
        let requests = Scope {
            client: Some("C".to_owned()),
            ..Scope::default()
        };
        assert!(!requests.holds_delivery(&heard));
    }
}
