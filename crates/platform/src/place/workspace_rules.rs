//! What a workspace must look like, and what may change about it (xapi 11). Nothing here reads or writes: what
//! must be looked up is told by the caller.

use hallway_wire::Timestamp;
use hallway_wire::id::{OrgId, WorkspaceId};
use hallway_wire::place::{CalendarRequest, CallingRequest, DeviceHostedMeetings, WorkspaceRequest};
use serde_json::{Value, json};

use super::Workspace;
use super::rules::{Faults, MAX_NAME, MAX_NOTES};
use crate::error::{Error, Result};

pub(super) const KINDS: [&str; 7] = [
    "notSet",
    "focus",
    "huddle",
    "meetingRoom",
    "open",
    "desk",
    "other",
];
pub(super) const CALLING: [&str; 6] = [
    "freeCalling",
    "hybridCalling",
    "webexCalling",
    "webexEdgeForDevices",
    "thirdPartySipCalling",
    "none",
];
pub(super) const CALENDARS: [&str; 3] = ["none", "google", "microsoft"];
pub(super) const SUPPORTED_DEVICES: [&str; 2] = ["collaborationDevices", "phones"];

/// Most bytes of custom attributes.
const MAX_ATTRIBUTES: usize = 16 << 10;

/// The `type` of a calling or calendar value.
pub(crate) fn kind_of(value: &Value) -> &str {
    value.get("type").and_then(Value::as_str).unwrap_or("none")
}

/// The workspace of a `POST /workspaces`, before its location and floor are looked up.
///
/// # Errors
/// A member is missing or bad; all of them are named.
pub(super) fn new_workspace(org: OrgId, now: Timestamp, request: &WorkspaceRequest) -> Result<Workspace> {
    let mut faults = Faults::default();
    let display_name = faults.text("displayName", request.display_name.as_ref());
    let mut workspace = Workspace {
        id: WorkspaceId::random(),
        org,
        display_name,
        location: None,
        floor: None,
        capacity: None,
        kind: None,
        sip_address: None,
        calling: json!({ "type": "freeCalling" }),
        calendar: json!({ "type": "none" }),
        notes: None,
        hotdesking_status: "off".to_owned(),
        supported_devices: "collaborationDevices".to_owned(),
        device_hosted_meetings: None,
        device_platform: None,
        indoor_navigation: None,
        planned_maintenance: None,
        custom_attributes: None,
        created: now,
    };
    set_place(&mut faults, &mut workspace, request);
    if request.floor_id.is_some() && workspace.location.is_none() {
        faults.add("locationId is required with floorId");
    }
    set_replaced(&mut faults, &mut workspace, request);
    set_kept(&mut faults, &mut workspace, request);
    if let Some(devices) = &request.supported_devices {
        workspace.supported_devices = faults.one_of("supportedDevices", devices, &SUPPORTED_DEVICES);
    }
    if let Some(calling) = &request.calling {
        let kind = calling_kind(&mut faults, calling);
        if kind == "hybridCalling" {
            faults.add("calling.type: hybridCalling cannot be set by this API");
        }
        workspace.calling = calling_of(&mut faults, &workspace, &kind, calling, None);
    }
    set_sip_address(&mut faults, &mut workspace, request);
    faults.end("workspace")?;
    Ok(workspace)
}

/// A `PUT /workspaces/{id}`: capacity, type and notes are replaced, absent ones cleared; the rest stays where it
/// is absent. A location and the kind of devices, once set, stay for good.
///
/// # Errors
/// A member is bad, or a change is not allowed; all of them are named. The workspace is to be thrown away then.
pub(super) fn change_workspace(
    workspace: &mut Workspace,
    request: &WorkspaceRequest,
    has_devices: bool,
) -> Result<()> {
    let mut faults = Faults::default();
    if request.display_name.is_some() {
        workspace.display_name = faults.text("displayName", request.display_name.as_ref());
    }
    let location_before = workspace.location;
    set_place(&mut faults, workspace, request);
    if location_before.is_some() && workspace.location != location_before {
        faults.add("locationId cannot be changed once it is set");
    }
    if request.floor_id.is_some() && workspace.location.is_none() {
        faults.add("locationId is required with floorId");
    }
    set_replaced(&mut faults, workspace, request);
    set_kept(&mut faults, workspace, request);
    if let Some(devices) = &request.supported_devices {
        let devices = faults.one_of("supportedDevices", devices, &SUPPORTED_DEVICES);
        if devices != workspace.supported_devices && !devices.is_empty() {
            faults.add("supportedDevices cannot be changed once it is set");
        }
    }
    if let Some(calling) = &request.calling {
        change_calling(&mut faults, workspace, calling, has_devices);
    }
    set_sip_address(&mut faults, workspace, request);
    faults.end("workspace")
}

fn set_place(faults: &mut Faults, workspace: &mut Workspace, request: &WorkspaceRequest) {
    match (request.location_id, request.workspace_location_id) {
        (Some(one), Some(other)) if one != other => {
            faults.add("locationId and workspaceLocationId must name the same location");
        }
        (None, None) => {}
        (given, older) => workspace.location = given.or(older),
    }
    if let Some(floor) = request.floor_id {
        workspace.floor = Some(floor);
    }
}

/// What a PUT replaces even where it is absent.
fn set_replaced(faults: &mut Faults, workspace: &mut Workspace, request: &WorkspaceRequest) {
    workspace.capacity = request.capacity.and_then(|capacity| {
        if capacity.fract() == 0.0 && (0.0..=1_000_000.0).contains(&capacity) {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "whole and in range"
            )]
            return Some(capacity as u32);
        }
        faults.add("capacity must be a whole number, 0 or higher");
        None
    });
    workspace.kind = request
        .kind
        .as_ref()
        .map(|kind| faults.one_of("type", kind, &KINDS));
    workspace.notes = faults.optional_text("notes", request.notes.as_ref(), MAX_NOTES);
}

/// What stays where it is absent.
fn set_kept(faults: &mut Faults, workspace: &mut Workspace, request: &WorkspaceRequest) {
    if let Some(calendar) = &request.calendar {
        workspace.calendar = calendar_of(faults, calendar);
    }
    if let Some(status) = &request.hotdesking_status {
        workspace.hotdesking_status = faults.one_of("hotdeskingStatus", status, &["on", "off"]);
    }
    if let Some(meetings) = &request.device_hosted_meetings {
        workspace.device_hosted_meetings = Some(meetings_of(faults, meetings));
    }
    if let Some(navigation) = &request.indoor_navigation {
        let url = navigation.as_ref().and_then(|navigation| navigation.url.as_ref());
        let url = faults.optional_text("indoorNavigation.url", url, 2048);
        if url
            .as_ref()
            .is_some_and(|url| !url.starts_with("https://") && !url.starts_with("http://"))
        {
            faults.add("indoorNavigation.url must start with https:// or http://");
        }
        workspace.indoor_navigation = url.map(|url| json!({ "url": url }));
    }
    if let Some(attributes) = &request.custom_attributes {
        let kept = attributes.as_ref().filter(|attributes| !attributes.is_empty());
        if kept.is_some_and(|attributes| {
            serde_json::to_string(attributes).map_or(true, |text| text.len() > MAX_ATTRIBUTES)
        }) {
            faults.add(format!("customAttributes are longer than {MAX_ATTRIBUTES} bytes"));
        }
        workspace.custom_attributes = kept.cloned();
    }
}

fn calendar_of(faults: &mut Faults, calendar: &CalendarRequest) -> Value {
    let kind = match &calendar.kind {
        Some(kind) => faults.one_of("calendar.type", kind, &CALENDARS),
        None => {
            faults.add("calendar.type is required");
            return Value::Null;
        }
    };
    if kind == "none" {
        return json!({ "type": "none" });
    }
    let email = faults.optional_text("calendar.emailAddress", calendar.email_address.as_ref(), MAX_NAME);
    match email.filter(|email| email.contains('@')) {
        Some(email) => json!({ "type": kind, "emailAddress": email }),
        None => {
            faults.add("calendar.emailAddress must be an e-mail address, unless calendar.type is none");
            Value::Null
        }
    }
}

fn meetings_of(faults: &mut Faults, meetings: &DeviceHostedMeetings) -> Value {
    let site = faults.optional_text(
        "deviceHostedMeetings.siteUrl",
        meetings.site_url.as_ref(),
        MAX_NAME,
    );
    match (meetings.enabled, site) {
        (false, None) => json!({ "enabled": false }),
        (true, None) => {
            faults.add("deviceHostedMeetings.siteUrl is required where deviceHostedMeetings.enabled is true");
            Value::Null
        }
        (enabled, Some(site)) => json!({ "enabled": enabled, "siteUrl": site }),
    }
}

fn calling_kind(faults: &mut Faults, calling: &CallingRequest) -> String {
    match &calling.kind {
        Some(kind) => faults.one_of("calling.type", kind, &CALLING),
        None => {
            faults.add("calling.type is required");
            String::new()
        }
    }
}

/// Builds the calling of a request. Numbers of a `before` of the same type stay where they are absent.
fn calling_of(
    faults: &mut Faults,
    workspace: &Workspace,
    kind: &str,
    calling: &CallingRequest,
    before: Option<&Value>,
) -> Value {
    if kind != "webexCalling" {
        return json!({ "type": kind });
    }
    let given = calling.webex_calling.clone().unwrap_or_default();
    let known = |member: &str| {
        before
            .and_then(|before| before["webexCalling"][member].as_str())
            .map(ToOwned::to_owned)
    };
    let number = faults
        .optional_text(
            "calling.webexCalling.phoneNumber",
            given.phone_number.as_ref(),
            32,
        )
        .or_else(|| known("phoneNumber"));
    let extension = faults
        .optional_text("calling.webexCalling.extension", given.extension.as_ref(), 10)
        .or_else(|| known("extension"));
    let location = given
        .location_id
        .map(|id| id.to_string())
        .or_else(|| known("locationId"));
    // A hot desk alone needs no line of its own.
    if workspace.hotdesking_status != "on" {
        if number.is_none() && extension.is_none() {
            faults.add("calling.webexCalling needs a phoneNumber or an extension");
        }
        if location.is_none() {
            faults.add("calling.webexCalling.locationId is required");
        }
    }
    if extension
        .as_ref()
        .is_some_and(|extension| extension.len() < 2 || !extension.bytes().all(|b| b.is_ascii_digit()))
    {
        faults.add("calling.webexCalling.extension must be 2 to 10 digits");
    }
    // The example of the contract joins license ids with commas inside one text.
    let licenses: Option<Vec<String>> = given.licenses.map(|licenses| {
        let each = licenses.iter().flat_map(|text| text.split(','));
        each.map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty())
            .take(1)
            .collect()
    });
    let mut webex = serde_json::Map::new();
    for (member, value) in [
        ("phoneNumber", number),
        ("extension", extension),
        ("locationId", location),
    ] {
        if let Some(value) = value {
            webex.insert(member.to_owned(), value.into());
        }
    }
    let kept = before
        .map(|before| before["webexCalling"]["licenses"].clone())
        .filter(Value::is_array);
    webex.insert(
        "licenses".to_owned(),
        licenses.map_or(kept.unwrap_or_else(|| json!([])), Value::from),
    );
    json!({ "type": kind, "webexCalling": webex })
}

fn change_calling(
    faults: &mut Faults,
    workspace: &mut Workspace,
    calling: &CallingRequest,
    has_devices: bool,
) {
    let kind = calling_kind(faults, calling);
    let before = workspace.calling.clone();
    let was = kind_of(&before).to_owned();
    if kind == was {
        // Clients send back what they read: the same type keeps what it has.
        if kind == "webexCalling" {
            workspace.calling = calling_of(faults, workspace, &kind, calling, Some(&before));
        }
        return;
    }
    if matches!(was.as_str(), "hybridCalling" | "webexEdgeForDevices") {
        faults.add(format!("calling.type cannot be changed from {was}"));
    }
    if matches!(kind.as_str(), "hybridCalling" | "webexEdgeForDevices") {
        faults.add(format!("calling.type cannot be changed to {kind}"));
    }
    if has_devices && matches!(kind.as_str(), "none" | "thirdPartySipCalling" | "webexCalling") {
        faults.add(format!(
            "calling.type cannot be changed to {kind} while the workspace has devices"
        ));
    }
    if was == "thirdPartySipCalling" {
        workspace.sip_address = None;
    }
    workspace.calling = calling_of(faults, workspace, &kind, calling, None);
}

fn set_sip_address(faults: &mut Faults, workspace: &mut Workspace, request: &WorkspaceRequest) {
    let Some(address) = faults.optional_text("sipAddress", request.sip_address.as_ref(), MAX_NAME) else {
        return;
    };
    // Clients send back what they read.
    if workspace.sip_address.as_ref() == Some(&address) {
        return;
    }
    if kind_of(&workspace.calling) != "thirdPartySipCalling" {
        faults.add("sipAddress can only be given where calling.type is thirdPartySipCalling");
    }
    workspace.sip_address = Some(address);
}

/// Whether a request asks for Webex Calling, for which a second scope is needed.
pub(super) fn assigns_webex_calling(request: &WorkspaceRequest) -> bool {
    let kind = request
        .calling
        .as_ref()
        .and_then(|calling| calling.kind.as_deref());
    kind.is_some_and(|kind| kind.eq_ignore_ascii_case("webexCalling"))
}

/// A word of a filter, in the contract's spelling.
///
/// # Errors
/// It is none of the contract's.
pub(crate) fn filter_word(name: &str, word: &str, words: &[&str]) -> Result<String> {
    words
        .iter()
        .find(|known| known.eq_ignore_ascii_case(word.trim()))
        .map(|known| (*known).to_owned())
        .ok_or_else(|| {
            Error::invalid(format!(
                "{name} must be one of {}, not {word:?}",
                words.join(", ")
            ))
        })
}

#[cfg(test)]
pub(super) mod tests {
    use hallway_wire::id::{FloorId, LocationId};

    use super::*;

    fn request(body: Value) -> WorkspaceRequest {
        serde_json::from_value(body).unwrap()
    }

    pub(in crate::place) fn room() -> Workspace {
        let org = OrgId::from_uuid(uuid::Uuid::nil());
        new_workspace(org, Timestamp(0), &request(json!({ "displayName": " Fjord " }))).unwrap()
    }

    fn post(body: Value) -> Result<Workspace> {
        new_workspace(room().org, Timestamp(0), &request(body))
    }

    fn fault(outcome: Result<impl std::fmt::Debug>) -> String {
        match outcome {
            Err(Error::Invalid { message, .. }) => message,
            other => panic!("expected a fault, got {other:?}"),
        }
    }

    #[test]
    fn defaults_of_a_new_workspace() {
        let room = room();
        assert_eq!(room.display_name, "Fjord");
        assert_eq!(kind_of(&room.calling), "freeCalling");
        assert_eq!(kind_of(&room.calendar), "none");
        assert_eq!(room.supported_devices, "collaborationDevices");
        assert_eq!((room.capacity, room.kind, room.location), (None, None, None));
        let desk =
            post(json!({ "displayName": "d", "capacity": 5.0, "type": "DESK", "hotdeskingStatus": "on" }))
                .unwrap();
        assert_eq!(
            (
                desk.capacity,
                desk.kind.as_deref(),
                desk.hotdesking_status.as_str()
            ),
            (Some(5), Some("desk"), "on")
        );
    }

    #[test]
    fn a_new_workspace_is_checked_as_a_whole() {
        assert_eq!(fault(post(json!({}))), "displayName is required");
        let all = fault(post(json!({
            "displayName": "x", "capacity": -1, "type": "cave", "floorId": FloorId::random(),
            "sipAddress": "a@b", "calendar": {"type": "google"}, "deviceHostedMeetings": {"enabled": true},
            "supportedDevices": "toasters", "hotdeskingStatus": "maybe", "indoorNavigation": {"url": "javascript:x"},
            "calling": {"type": "hybridCalling"},
        })));
        for part in [
            "capacity",
            "type must be one of notSet",
            "locationId is required with floorId",
            "sipAddress",
            "calendar.emailAddress",
            "siteUrl",
            "supportedDevices",
            "hotdeskingStatus",
            "indoorNavigation.url",
            "hybridCalling cannot be set",
        ] {
            assert!(all.contains(part), "{part} in {all}");
        }
        let sip = post(json!({
            "displayName": "x", "sipAddress": "a@b", "calling": {"type": "thirdPartySipCalling"}
        }));
        assert_eq!(sip.unwrap().sip_address.as_deref(), Some("a@b"));
    }

    #[test]
    fn webex_calling_needs_a_line() {
        let location = LocationId::random();
        let calling = |webex: Value| {
            post(json!({ "displayName": "x", "calling": {"type": "webexCalling", "webexCalling": webex} }))
        };
        let message = fault(calling(json!({})));
        assert!(
            message.contains("phoneNumber") && message.contains("locationId"),
            "{message}"
        );
        assert!(fault(calling(json!({"locationId": location, "extension": "x1"}))).contains("digits"));
        let good = calling(json!({"locationId": location, "extension": "123", "licenses": ["a,b"]})).unwrap();
        assert_eq!(good.calling["webexCalling"]["licenses"], json!(["a"]));
        let desk =
            json!({ "displayName": "x", "hotdeskingStatus": "on", "calling": {"type": "webexCalling"} });
        assert!(post(desk).is_ok());
    }

    #[test]
    fn put_clears_three_members_and_keeps_the_rest() {
        let mut room = room();
        room.location = Some(LocationId::random());
        room.floor = Some(FloorId::random());
        room.capacity = Some(5);
        room.kind = Some("huddle".to_owned());
        room.notes = Some("n".to_owned());
        room.calendar = json!({ "type": "google", "emailAddress": "a@b" });
        room.indoor_navigation = Some(json!({ "url": "https://map" }));
        let before = room.clone();
        change_workspace(&mut room, &request(json!({})), true).unwrap();
        let cleared = Workspace {
            capacity: None,
            kind: None,
            notes: None,
            ..before.clone()
        };
        assert_eq!(room, cleared);
        let same = json!({
            "displayName": "Fjord", "locationId": before.location, "capacity": 5, "type": "huddle", "notes": "n",
            "supportedDevices": "collaborationDevices", "calling": {"type": "freeCalling"},
        });
        change_workspace(&mut room, &request(same), true).unwrap();
        assert_eq!(room, before);
        for nothing in [
            json!({ "indoorNavigation": null }),
            json!({ "indoorNavigation": {} }),
        ] {
            let mut room = before.clone();
            change_workspace(&mut room, &request(nothing), true).unwrap();
            assert_eq!(room.indoor_navigation, None);
        }
    }

    #[test]
    fn some_things_stay_for_good() {
        let change = |room: &Workspace, body: Value, has_devices| {
            let mut room = room.clone();
            change_workspace(&mut room, &request(body), has_devices).map(|()| room)
        };
        let mut room = room();
        let (here, there) = (LocationId::random(), LocationId::random());
        assert_eq!(
            change(&room, json!({ "locationId": here }), true)
                .unwrap()
                .location,
            Some(here)
        );
        let both = json!({ "locationId": here, "workspaceLocationId": there });
        assert!(fault(change(&room, both, true)).contains("same location"));
        room.location = Some(here);
        assert!(fault(change(&room, json!({ "locationId": there }), true)).contains("once it is set"));
        assert!(
            fault(change(&room, json!({ "supportedDevices": "phones" }), true)).contains("once it is set")
        );

        let none = json!({ "calling": {"type": "none"} });
        assert!(fault(change(&room, none.clone(), true)).contains("while the workspace has devices"));
        assert_eq!(kind_of(&change(&room, none, false).unwrap().calling), "none");
        let edge = json!({ "calling": {"type": "webexEdgeForDevices"} });
        assert!(fault(change(&room, edge, false)).contains("cannot be changed to"));
        room.calling = json!({ "type": "hybridCalling", "hybridCalling": {"emailAddress": "a@b"} });
        let free = json!({ "calling": {"type": "freeCalling"} });
        assert!(fault(change(&room, free, false)).contains("cannot be changed from"));
        let again = change(&room, json!({ "calling": {"type": "hybridCalling"} }), false).unwrap();
        assert_eq!(again.calling, room.calling, "sent back as it was read");
    }
}
