//! What the integration does itself, at `appUrl` (workspace-integrations 8).

use hallway_wire::Secret;
use hallway_wire::id::AppId;
use hallway_wire::integration::{
    Integration as Shown, IntegrationUpdate, MASK, OperationalState, ProvisioningState, QueueState, Webhook,
    WebhookType,
};
use uuid::Uuid;

use super::{Activation, Listener, WebhookTarget};
use crate::audit;
use crate::caller::Caller;
use crate::crypto::{Sealed, Vault};
use crate::error::{Error, Result};
use crate::platform::Platform;

/// Shortest HMAC secret, in characters.
const MIN_SECRET: usize = 20;

/// Most extra headers of a webhook, and longest header value.
const MAX_HEADERS: usize = 32;
const MAX_HEADER_VALUE: usize = 4096;

/// Headers that deliveries set themselves.
const OWN_HEADERS: [&str; 6] = [
    "host",
    "content-length",
    "content-type",
    "x-spark-signature",
    "transfer-encoding",
    "connection",
];

impl Platform {
    /// The caller's own activation.
    pub(crate) async fn own_activation(&self, caller: &Caller, org: Uuid, app: Uuid) -> Result<Activation> {
        let Some((id, own_app)) = caller.machine else {
            return Err(Error::forbidden("Only the integration itself may use this URL."));
        };
        if caller.org.uuid() != org || own_app != AppId(app) {
            return Err(Error::forbidden(
                "The access token belongs to another integration or organization.",
            ));
        }
        let found = self
            .find_activation(caller.org, own_app)
            .await?
            .filter(|activation| activation.id == id);
        found.ok_or(Error::NotFound { what: "integration" })
    }

    /// `GET appUrl`
    ///
    /// # Errors
    /// The token is of another integration or of a person; the integration was deactivated.
    pub async fn app(&self, caller: &Caller, org: Uuid, app: Uuid) -> Result<Shown> {
        let activation = self.own_activation(caller, org, app).await?;
        self.shown(&activation)
    }

    /// `GET manifestUrl`: the approved version, as uploaded.
    ///
    /// # Errors
    /// As [`Platform::app`].
    pub async fn app_manifest(&self, caller: &Caller, org: Uuid, app: Uuid) -> Result<String> {
        Ok(self.own_activation(caller, org, app).await?.manifest)
    }

    /// `PATCH appUrl`: the same update twice changes nothing the second time.
    ///
    /// # Errors
    /// As [`Platform::app`]; a member breaks a rule; the integration is being deactivated.
    pub async fn update_app(
        &self,
        caller: &Caller,
        org: Uuid,
        app: Uuid,
        update: IntegrationUpdate,
    ) -> Result<Shown> {
        let activation = self.own_activation(caller, org, app).await?;
        if activation.ends.is_some() {
            return Err(Error::conflict("The integration is being deactivated."));
        }
        let now = self.now();
        if activation.expires.is_some_and(|expires| expires <= now) {
            return Err(Error::conflict(
                "The activation code has expired: ask the administrator for a new one.",
            ));
        }
        let mut problems = Vec::new();
        if let Some(url) = &update.actions_url
            && !url.is_empty()
        {
            problems.extend(self.check_url("actionsUrl", url).err());
        }
        if let Some(webhook) = &update.webhook {
            problems.extend(check_webhook(webhook));
            if let (Some(url), true) = (&webhook.target_url, webhook.kind != WebhookType::None) {
                problems.extend(self.check_url("webhook.targetUrl", url).err());
            }
        }
        let wants_webhook = update
            .webhook
            .as_ref()
            .is_some_and(|w| w.kind != WebhookType::None);
        let wants_queue = update
            .queue
            .as_ref()
            .is_some_and(|q| q.state == QueueState::Enabled);
        if wants_webhook && wants_queue {
            problems.push("webhook and queue exclude each other: set one of them".to_owned());
        }
        if !problems.is_empty() {
            return Err(Error::invalid_all("The update is not valid.", problems));
        }
        let first = if activation.provisioning_state == ProvisioningState::InProgress
            && update.provisioning_state == Some(ProvisioningState::Completed)
        {
            vec![audit::by(
                caller,
                now,
                "integration.completed",
                &self.stored_manifest(&activation.manifest)?.display_name,
                "the integration used its activation code".to_owned(),
            )]
        } else {
            Vec::new()
        };
        let changed = self
            .change_activation(activation.org, activation.app, first, |stored| {
                let listener = stored.listener.clone();
                apply(stored, &update, &self.vault)?;
                // What did not reach the old listener says nothing about the new one.
                if stored.listener != listener && std::mem::take(&mut stored.deliveries_impaired) {
                    stored.operational_state =
                        update.operational_state.unwrap_or(OperationalState::Operational);
                }
                if stored.provisioning_state != ProvisioningState::InProgress {
                    stored.expires = None;
                    if let Some(push) = &mut stored.push {
                        push.settle();
                    }
                }
                stored.updated = now;
                Ok(Vec::new())
            })
            .await?;
        if changed.listener != activation.listener
            || changed.provisioning_state != activation.provisioning_state
            || changed.actions_url != activation.actions_url
        {
            self.listener_changed(&activation, &changed).await?;
        }
        if wants_queue {
            self.hand_out_again(changed.id).await?;
        }
        self.shown(&changed)
    }

    /// Follows up a change of where notifications go.
    async fn listener_changed(&self, before: &Activation, after: &Activation) -> Result<()> {
        let same_kind = std::mem::discriminant(&before.listener) == std::mem::discriminant(&after.listener);
        if !same_kind || after.listener == Listener::None {
            // What waited for the old listener is not for the new one.
            self.queue.purge(after.id).await?;
        }
        self.deliveries.stop(after.id);
        if before.actions_url != after.actions_url {
            self.deliveries.stop(after.actions_queue);
        }
        self.rebuild_audiences().await?;
        self.start_deliveries(after).await?;
        // A poll that is held looks again: its queue may be gone.
        self.wake(after.id);
        if after.hears() {
            self.spawn_full_sync(after);
        }
        Ok(())
    }

    /// `DELETE appUrl`: the integration deactivates itself.
    ///
    /// # Errors
    /// As [`Platform::app`].
    pub async fn delete_app(&self, caller: &Caller, org: Uuid, app: Uuid) -> Result<()> {
        let activation = self.own_activation(caller, org, app).await?;
        self.finish_deactivation(&activation).await
    }

    /// Checks a URL that somebody wants to be called at.
    pub(crate) fn check_url(&self, what: &str, url: &str) -> Result<(), String> {
        if url.len() > 2048 {
            return Err(format!("{what} is longer than 2048 characters"));
        }
        let parsed: http::Uri = url.parse().map_err(|_| format!("{what} is not a URL: {url}"))?;
        let host = parsed.host().unwrap_or_default();
        match parsed.scheme_str() {
            Some("https") if !host.is_empty() => {}
            Some("http") if !host.is_empty() && self.config.allow_http => {}
            Some("http") if !host.is_empty() => {
                return Err(format!(
                    "{what} must be an https URL (start Hallway with --allow-http for development)"
                ));
            }
            _ => return Err(format!("{what} is not an absolute https URL: {url}")),
        }
        if parsed
            .authority()
            .is_some_and(|authority| authority.as_str().contains('@'))
        {
            return Err(format!("{what} must not carry user name and password"));
        }
        Ok(())
    }
}

fn is_set(text: Option<&str>) -> bool {
    text.is_some_and(|text| !text.is_empty())
}

/// The rules of section 8.3.
fn check_webhook(webhook: &Webhook) -> Vec<String> {
    let mut problems = Vec::new();
    let url = is_set(webhook.target_url.as_deref());
    let secret = webhook
        .secret
        .as_ref()
        .map(Secret::expose)
        .filter(|secret| !secret.is_empty());
    let password = is_set(webhook.password.as_ref().map(Secret::expose));
    let username = is_set(webhook.username.as_deref());
    if webhook.kind == WebhookType::None {
        if url || secret.is_some() || username || password {
            problems.push("webhook of type none takes no targetUrl, secret, username or password".to_owned());
        }
        return problems;
    }
    if !url {
        problems.push("webhook.targetUrl is missing".to_owned());
    }
    match webhook.kind {
        WebhookType::HmacSignature => match secret {
            None => problems.push("webhook.secret is missing: hmac_signature needs one".to_owned()),
            Some(secret) if secret.chars().count() < MIN_SECRET => {
                problems.push(format!("webhook.secret is shorter than {MIN_SECRET} characters"));
            }
            Some(_) => {}
        },
        WebhookType::AuthorizationHeader => match secret {
            None => problems.push("webhook.secret is missing: it is the Authorization header".to_owned()),
            Some(secret) if http::HeaderValue::from_str(secret).is_err() => {
                problems.push("webhook.secret cannot be sent as a header".to_owned());
            }
            Some(_) => {}
        },
        WebhookType::BasicAuthentication => {
            if !username {
                problems.push("webhook.username is missing".to_owned());
            }
            if !password {
                problems.push("webhook.password is missing".to_owned());
            }
        }
        WebhookType::None => {}
    }
    if let Some(tls) = &webhook.mutual_tls
        && (tls.certificate.is_empty() || tls.private_key.expose().is_empty())
    {
        problems.push("webhook.mutualTLS needs both certificate and privateKey".to_owned());
    }
    let headers = webhook.headers.iter().flatten();
    if webhook
        .headers
        .as_ref()
        .is_some_and(|headers| headers.len() > MAX_HEADERS)
    {
        problems.push(format!("webhook.headers has more than {MAX_HEADERS} entries"));
    }
    for (name, value) in headers {
        if OWN_HEADERS.iter().any(|own| name.eq_ignore_ascii_case(own)) {
            problems.push(format!("webhook.headers must not set {name}"));
        }
        let text = value.as_str();
        let sendable = name.parse::<http::HeaderName>().is_ok()
            && text.is_some_and(|text| {
                text.len() <= MAX_HEADER_VALUE && http::HeaderValue::from_str(text).is_ok()
            });
        if !sendable {
            problems.push(format!("webhook.headers.{name} cannot be sent as a header"));
        }
    }
    problems
}

/// Applies a checked update. A mask stands for the secret that is stored already.
fn apply(activation: &mut Activation, update: &IntegrationUpdate, vault: &Vault) -> Result<()> {
    if let Some(state) = update.provisioning_state {
        // Once completed, an integration does not go back to waiting.
        if state != ProvisioningState::InProgress
            || activation.provisioning_state == ProvisioningState::InProgress
        {
            activation.provisioning_state = state;
        }
        if state == ProvisioningState::Completed && activation.operational_state == OperationalState::Unknown
        {
            activation.operational_state = OperationalState::Operational;
        }
    }
    if let Some(state) = update.operational_state {
        activation.operational_state = state;
    }
    if let Some(url) = &update.actions_url {
        activation.actions_url = (!url.is_empty()).then(|| url.clone());
    }
    if let Some(customer) = &update.customer {
        activation.customer = Some(customer.clone());
    }
    if let Some(webhook) = &update.webhook {
        if webhook.kind == WebhookType::None {
            if matches!(activation.listener, Listener::Webhook(_)) {
                activation.listener = Listener::None;
            }
        } else {
            let before = match &activation.listener {
                Listener::Webhook(before) => Some(before.clone()),
                _ => None,
            };
            activation.listener =
                Listener::Webhook(Box::new(webhook_target(webhook, before.as_deref(), vault)?));
        }
    }
    match update.queue.as_ref().map(|queue| queue.state) {
        None => {}
        Some(QueueState::Remove) => {
            if matches!(activation.listener, Listener::Queue(_)) {
                activation.listener = Listener::None;
            }
        }
        Some(QueueState::Disabled) => {
            if matches!(activation.listener, Listener::Queue(_) | Listener::None) {
                activation.listener = Listener::Queue(QueueState::Disabled);
            }
        }
        Some(QueueState::Enabled) => activation.listener = Listener::Queue(QueueState::Enabled),
    }
    Ok(())
}

fn webhook_target(webhook: &Webhook, before: Option<&WebhookTarget>, vault: &Vault) -> Result<WebhookTarget> {
    // Sealing twice gives two texts: what did not change keeps its seal, so that the same PATCH again is
    // seen to change nothing.
    let seal = |new: Option<&Secret>, old: Option<&Sealed>| -> Result<Option<Sealed>> {
        let Some(new) = new.filter(|new| !new.expose().is_empty()) else {
            return Ok(None);
        };
        match old {
            Some(old) if new.expose() == MASK || vault.open(old)? == *new => Ok(Some(old.clone())),
            _ => Ok(Some(vault.seal(new.expose()))),
        }
    };
    let tls = match &webhook.mutual_tls {
        None => None,
        Some(tls) => {
            let old = before
                .and_then(|before| before.mutual_tls.as_ref())
                .map(|(_, key)| key);
            seal(Some(&tls.private_key), old)?.map(|key| (tls.certificate.clone(), key))
        }
    };
    Ok(WebhookTarget {
        url: webhook.target_url.clone().unwrap_or_default(),
        kind: webhook.kind,
        secret: seal(webhook.secret.as_ref(), before.and_then(|b| b.secret.as_ref()))?,
        username: webhook.username.clone(),
        password: seal(
            webhook.password.as_ref(),
            before.and_then(|b| b.password.as_ref()),
        )?,
        mutual_tls: tls,
        headers: webhook.headers.clone().unwrap_or_default(),
        disabled: webhook.disabled,
    })
}
