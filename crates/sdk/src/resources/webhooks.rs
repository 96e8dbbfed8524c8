//! `/webhooks` (webhooks 1).

use hallway_wire::{Secret, Timestamp};
use http::Method;
use serde::Deserialize;
use serde_json::json;

use super::frame::{body, crud, query, resource};
use crate::error::Result;
use crate::id::WebhookId;

resource! {
    /// Webhooks of the ordinary resources: messages, rooms, memberships, meetings and others.
    Webhooks, webhooks
}

/// A webhook.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Webhook {
    /// The id.
    pub id: WebhookId,
    /// What it is called.
    pub name: String,
    /// Where it posts.
    pub target_url: String,
    /// What it tells of: `messages`.
    pub resource: String,
    /// What of it: `created`, `all`.
    pub event: String,
    /// Which of them: `roomId=…`.
    pub filter: Option<String>,
    /// The key of its signatures.
    pub secret: Option<Secret>,
    /// `creator` or `org`.
    pub owned_by: Option<String>,
    /// `active`, or after too many failures `inactive`.
    pub status: Option<String>,
    /// When it was made.
    pub created: Option<Timestamp>,
}

body! {
    /// What a request says about a webhook. Only name, address and secret can be changed later.
    WebhookBody {
        /// What it is called; needed.
        name: String,
        /// Where it posts; needed.
        target_url: String,
        /// What it tells of: `messages`.
        resource: String,
        /// What of it: `created`, `all`.
        event: String,
        /// Which of them: `roomId=…`.
        filter: String,
        /// The key of its signatures.
        secret: Secret,
        /// `creator` or `org`.
        owned_by: String,
        /// `active` revives one that failed too often.
        status: String,
    }
}

query! {
    /// Webhooks that match.
    WebhookQuery -> Webhook {
        /// `org`: those of the organization.
        owned_by(&str) => "ownedBy",
    }
}

crud!(
    Webhooks at ["webhooks"], WebhookId, get Webhook,
    create WebhookBody => Webhook, update WebhookBody => Webhook, delete delete
);

impl Webhooks {
    /// The caller's webhooks.
    pub fn list(&self) -> WebhookQuery {
        WebhookQuery(self.0.list(&["webhooks"], "items"))
    }

    /// Revives a webhook that failed too often.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn revive(&self, webhook: &Webhook) -> Result<Webhook> {
        let body = json!({ "name": webhook.name, "targetUrl": webhook.target_url, "status": "active" });
        self.0
            .at(Method::PUT, &["webhooks", webhook.id.as_str()])
            .json(&body)
            .read()
            .await
    }
}
