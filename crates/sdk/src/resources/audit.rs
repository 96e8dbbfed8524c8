//! Who did what: `/events` for compliance officers, and the audit of administrators and of security.

use hallway_wire::Timestamp;
use http::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::frame::{crud, query, resource};
use crate::error::{Error, Result};
use crate::id::{EventId, OrgId, PersonId};

resource! {
    /// What happened to messages, rooms, memberships, meetings and others: for compliance officers.
    ///
    /// ```no_run
    /// # async fn example(client: hallway_sdk::Client) -> hallway_sdk::Result<()> {
    /// use hallway_sdk::resources::Message;
    ///
    /// for event in client.events().list().resource("messages").kind("deleted").all().await? {
    ///     let message: Message = event.read()?;
    ///     println!("{:?} of {:?}", message.id, event.created);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    Events, events
}

resource! {
    /// What administrators did.
    AdminAudit, admin_audit
}

resource! {
    /// Who signed in and out.
    SecurityAudit, security_audit
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ComplianceEvent {
    /// The id.
    pub id: EventId,
    /// `messages`
    pub resource: String,
    /// `created`, `updated`, `deleted` or `ended`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The application that did it.
    pub app_id: Option<String>,
    /// Who did it.
    pub actor_id: Option<PersonId>,
    /// In which organization.
    pub org_id: Option<OrgId>,
    /// When.
    pub created: Option<Timestamp>,
    /// To what: as the resource's own API shows it.
    #[serde(default)]
    pub data: Value,
}

impl ComplianceEvent {
    /// Reads what it happened to: a [`Message`](super::Message), a [`Meeting`](super::Meeting).
    ///
    /// # Errors
    /// [`Error::Protocol`]: it is something else.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_value(self.data.clone()).map_err(|error| {
            Error::protocol(format!(
                "what an event of {} tells cannot be read: {error}",
                self.resource
            ))
        })
    }
}

query! {
    /// Events that match, newest first.
    EventQuery -> ComplianceEvent {
        /// Of this resource: `messages`.
        resource(&str) => "resource",
        /// `created`, `updated`, `deleted` or `ended`.
        kind(&str) => "type",
        /// Only what this person did.
        actor(&PersonId) => "actorId",
        /// From this moment on.
        from(Timestamp) => "from",
        /// Before this moment, which is not in the future.
        to(Timestamp) => "to",
    }
}

crud!(Events at ["events"], EventId, get ComplianceEvent);

impl Events {
    /// What happened.
    pub fn list(&self) -> EventQuery {
        EventQuery(self.0.list(&["events"], "items"))
    }
}

/// Something that an administrator did, or somebody who signed in.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AuditEvent {
    /// The id.
    pub id: Option<String>,
    /// When.
    pub created: Option<Timestamp>,
    /// Who.
    pub actor_id: Option<PersonId>,
    /// Whose organization that is.
    pub actor_org_id: Option<OrgId>,
    /// What, and to what.
    #[serde(default)]
    pub data: AuditData,
}

/// What was done, and to what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct AuditData {
    /// `USERS`
    pub event_category: Option<String>,
    /// What was done, in a few words.
    pub event_description: Option<String>,
    /// What was done, as a sentence.
    pub action_text: Option<String>,
    /// What whoever did it is called.
    pub actor_name: Option<String>,
    /// The address of whoever did it.
    pub actor_email: Option<String>,
    /// The organization of whoever did it.
    pub actor_org_name: Option<String>,
    /// From where it was done.
    pub actor_ip: Option<String>,
    /// With what it was done.
    pub actor_user_agent: Option<String>,
    /// What it was done to: `USER`.
    pub target_type: Option<String>,
    /// Its id.
    pub target_id: Option<String>,
    /// What it is called.
    pub target_name: Option<String>,
    /// Names the request.
    pub tracking_id: Option<String>,
    /// Why it failed, if it did.
    pub error_message: Option<String>,
}

query! {
    /// What was done in a span of time.
    AuditQuery -> AuditEvent {
        /// Only what this person did.
        actor(&PersonId) => "actorId",
        /// Only these categories, separated by commas.
        categories(&str) => "eventCategories",
    }
}

impl AdminAudit {
    /// What administrators of an organization did from one moment to another.
    pub fn list(&self, organization: &OrgId, from: Timestamp, to: Timestamp) -> AuditQuery {
        let list = self.0.list(&["adminAudit", "events"], "items");
        AuditQuery(
            list.filter("orgId", organization)
                .filter("from", from)
                .filter("to", to),
        )
    }

    /// The categories that there are.
    ///
    /// # Errors
    /// Any; see [`Error`].
    pub async fn categories(&self) -> Result<Vec<String>> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Found {
            #[serde(default)]
            event_categories: Vec<String>,
        }
        let call = self.0.at(Method::GET, &["adminAudit", "eventCategories"]);
        Ok(call.read::<Found>().await?.event_categories)
    }
}

impl SecurityAudit {
    /// Who signed in and out in an organization from one moment to another.
    pub fn list(&self, organization: &OrgId, from: Timestamp, to: Timestamp) -> AuditQuery {
        let list = self.0.list(&["admin", "securityAudit", "events"], "items");
        AuditQuery(
            list.filter("orgId", organization)
                .filter("startTime", from)
                .filter("endTime", to),
        )
    }
}
