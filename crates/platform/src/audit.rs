//! The audit trail: what was decided, by whom.

use hallway_wire::Timestamp;
use hallway_wire::control::AuditEvent;
use hallway_wire::id::OrgId;
use uuid::Uuid;

use crate::caller::Caller;
use crate::ports::Write;

/// An entry about something the caller did. It is written with the change itself.
pub(crate) fn by(caller: &Caller, now: Timestamp, event: &str, target: &str, description: String) -> Write {
    Write::Audit(AuditEvent {
        id: Uuid::now_v7().to_string(),
        created: now,
        org_id: caller.org,
        actor_id: Some(caller.person),
        actor_name: caller.name.clone(),
        event: event.to_owned(),
        target: target.to_owned(),
        description,
        tracking_id: caller.tracking_id.to_string(),
    })
}

/// An entry about something that followed by itself.
pub(crate) fn by_system(org: OrgId, now: Timestamp, event: &str, target: &str, description: String) -> Write {
    Write::Audit(AuditEvent {
        id: Uuid::now_v7().to_string(),
        created: now,
        org_id: org,
        actor_id: None,
        actor_name: "Hallway".to_owned(),
        event: event.to_owned(),
        target: target.to_owned(),
        description,
        tracking_id: String::new(),
    })
}
