//! Records to store. They are read from JSON, so that a new optional field does not touch the tests.

use hallway_platform::crypto::{SigningKeyRecord, Vault};
use hallway_platform::device::{Configured, Device, DeviceCode};
use hallway_platform::integration::{Activation, Integration};
use hallway_platform::oauth::{Grant, Token, TokenKind};
use hallway_platform::org::{Organization, Person};
use hallway_platform::place::{Floor, Location, Workspace};
use hallway_wire::Timestamp;
use hallway_wire::control::AuditEvent;
use hallway_wire::id::{ActivationId, AppId, DeviceId, FloorId, LocationId, OrgId, PersonId, WorkspaceId};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) const NOW: Timestamp = Timestamp(1_772_600_767_089);

fn read<T: DeserializeOwned>(json: Value) -> T {
    serde_json::from_str(&json.to_string()).unwrap()
}

pub(crate) fn organization(name: &str) -> Organization {
    Organization {
        id: OrgId::random(),
        display_name: name.to_owned(),
        created: NOW,
        sites: Vec::new(),
        country: None,
        standing: hallway_platform::org::Standing::Active,
        revision: 0,
    }
}

/// Each one is created a moment after the one before.
pub(crate) fn person(org: OrgId, name: &str) -> Person {
    static MADE: std::sync::atomic::AtomicI64 = std::sync::atomic::AtomicI64::new(0);
    let created = NOW.plus_millis(MADE.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
    read(json!({
        "id": PersonId::random(), "org": org, "kind": "person", "email": format!("{name}@example.com"),
        "display_name": name, "roles": ["id_device_admin"], "created": created, "last_modified": NOW,
    }))
}

pub(crate) fn location(org: OrgId, name: &str) -> Location {
    read(json!({
        "id": LocationId::random(), "org": org, "name": name, "time_zone": "Europe/Oslo",
        "address": {"address1": "Street 1", "city": "Oslo", "postal_code": "0150", "country": "NO"},
        "latitude": "59.9", "created": NOW,
    }))
}

pub(crate) fn floor(location: &Location, number: f64) -> Floor {
    read(json!({
        "id": FloorId::random(), "org": location.org, "location": location.id, "floor_number": number,
    }))
}

pub(crate) fn workspace(org: OrgId, name: &str, floor: Option<&Floor>) -> Workspace {
    read(json!({
        "id": WorkspaceId::random(), "org": org, "display_name": name,
        "location": floor.map(|floor| floor.location), "floor": floor.map(|floor| floor.id),
        "calling": {"type": "freeCalling"}, "calendar": {"type": "none"}, "hotdesking_status": "off",
        "supported_devices": "collaborationDevices", "created": NOW,
    }))
}

pub(crate) fn device(
    org: OrgId,
    name: &str,
    workspace: Option<WorkspaceId>,
    person: Option<PersonId>,
) -> Device {
    read(json!({
        "id": DeviceId::random(), "org": org, "display_name": name, "workspace": workspace, "person": person,
        "product": "Cisco Board Pro 55", "kind": "roomdesk", "xapi": true, "tags": ["a", "b"],
        "serial": "FOC1234ABCD", "mac": "AA:BB:CC:DD:EE:FF", "software": "RoomOS 11.20", "ip": "10.0.0.7",
        "managed_by": "CISCO", "device_platform": "cisco", "link_token": vec![7; 32], "created": NOW,
    }))
}

pub(crate) fn configured(device: DeviceId, key: &str, value: Value) -> Configured {
    Configured {
        device,
        key: key.to_owned(),
        value,
    }
}

pub(crate) fn device_code(org: OrgId, hash: u8) -> DeviceCode {
    DeviceCode {
        hash: [hash; 32],
        org,
        workspace: None,
        person: None,
        model: None,
        expires: NOW,
    }
}

pub(crate) fn integration(org: OrgId, client_id: &str) -> Integration {
    read(json!({
        "org": org, "app": AppId(Uuid::new_v4()), "client_id": client_id, "client_secret_hash": vec![9; 32],
        "manifest": "{ \"id\" : 1 }", "manifest_version": 3, "created": NOW, "updated": NOW,
    }))
}

pub(crate) fn activation(org: OrgId, app: AppId, revision: u64) -> Activation {
    read(json!({
        "id": ActivationId::random(), "actions_queue": ActivationId::random(), "org": org, "app": app,
        "revision": revision, "manifest": "{}", "manifest_version": 3, "scopes": ["spark:xapi_statuses"],
        "roles": ["id_readonly_admin"], "access": {"statuses": ["RoomAnalytics.*"]}, "locations": [],
        "machine": PersonId::random(), "grant": Uuid::new_v4(), "activated_by": PersonId::random(),
        "provisioning_state": "in_progress", "operational_state": "unknown", "created": NOW, "updated": NOW,
    }))
}

pub(crate) fn grant(org: OrgId) -> Grant {
    read(json!({
        "id": Uuid::new_v4(), "org": org, "person": PersonId::random(), "scopes": ["a", "b"], "created": NOW,
    }))
}

pub(crate) fn token(grant: &Grant, hash: u8, kind: TokenKind, expires: Timestamp) -> Token {
    Token {
        hash: [hash; 32],
        kind,
        grant: grant.id,
        scopes: grant.scopes.clone(),
        issued: NOW,
        expires,
    }
}

pub(crate) fn signing_key(kid: &str) -> SigningKeyRecord {
    let pkcs8 = Vault::new(&[1; 32]).seal("a key");
    SigningKeyRecord {
        kid: kid.to_owned(),
        pkcs8,
        created: NOW,
        used_since: None,
    }
}

pub(crate) fn audit(org: OrgId, target: &str) -> AuditEvent {
    read(json!({
        "id": Uuid::new_v4().to_string(), "created": NOW, "orgId": org, "actorName": "system",
        "event": "device.added", "target": target, "description": "added a device", "trackingId": "T_1",
    }))
}
