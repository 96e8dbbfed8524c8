//! Real answers of every implemented operation against the official contract: the status that it documents, and
//! the shape of its schema. Skipped, with a message, where the contract is not at hand.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::{Map, Value, json};

use crate::support::integration::manifest;
use crate::support::{Integration, Office};

mod webex;

const SUBMIT: &str = "POST /attachment/actions";

/// Where the dossier says otherwise than the contract, or the contract contradicts itself: place of the fault
/// (operation, then the path in the answer) and why it is right as it is.
const EXCEPTIONS: [(&str, &str); 6] = [
    // The contract's merge put the schema of workspace locations here; the dossier has the right one.
    (
        "GET /locations",
        "people-calling 4: the merged contract shows another schema",
    ),
    (
        "GET /locations/{locationId}",
        "people-calling 4: the merged contract shows another schema",
    ),
    // A list of one map in the contract, a map in the example and in clients.
    ("$.items[*].capabilities", "xapi 11: emit the map"),
    // Some clients take nothing but 200 for a POST.
    (SUBMIT, "messaging-meetings 4: 200, not 202"),
    (
        "$.items[*].appId is null",
        "messaging-meetings 6: null where no application acted",
    ),
    (
        "$.appId is null",
        "messaging-meetings 6: null where no application acted",
    ),
];

fn contract() -> Option<Value> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/specs");
    let dir = std::env::var_os("HALLWAY_SPECS").map_or(root, PathBuf::from);
    let text = std::fs::read_to_string(dir.join("webex-in-scope.json")).ok()?;
    Some(serde_json::from_str(&text).unwrap())
}

/// Checks values against schemas of OpenAPI 3.0.
struct Checker<'a> {
    contract: &'a Value,
    faults: Vec<String>,
}

impl Checker<'_> {
    fn check(&mut self, schema: &Value, value: &Value, at: &str) {
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            let pointer = reference.trim_start_matches('#');
            let target = self
                .contract
                .pointer(pointer)
                .unwrap_or_else(|| panic!("no {reference}"))
                .clone();
            return self.check(&target, value, at);
        }
        if value.is_null() {
            if schema.get("nullable") != Some(&Value::Bool(true)) && schema.get("type").is_some() {
                self.faults.push(format!("{at} is null"));
            }
            return;
        }
        for part in schema
            .get("allOf")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            self.check(part, value, at);
        }
        for word in ["oneOf", "anyOf"] {
            if let Some(parts) = schema.get(word).and_then(Value::as_array) {
                let fits = parts.iter().any(|part| {
                    let mut trial = Checker {
                        contract: self.contract,
                        faults: Vec::new(),
                    };
                    trial.check(part, value, at);
                    trial.faults.is_empty()
                });
                if !fits {
                    self.faults.push(format!("{at} fits none of {word}: {value}"));
                }
            }
        }
        if let Some(values) = schema.get("enum").and_then(Value::as_array)
            && !values.contains(value)
        {
            self.faults.push(format!(
                "{at} is {value}, not one of {}",
                Value::Array(values.clone())
            ));
        }
        let fits = match schema.get("type").and_then(Value::as_str) {
            Some("object") => value.is_object(),
            Some("array") => value.is_array(),
            Some("string") => value.is_string(),
            Some("integer") => value.is_i64() || value.is_u64(),
            Some("number") => value.is_number(),
            Some("boolean") => value.is_boolean(),
            _ => true,
        };
        if !fits {
            self.faults
                .push(format!("{at} is {value}, but must be of type {}", schema["type"]));
            return;
        }
        if let Value::Object(object) = value {
            self.check_object(schema, object, at);
        }
        if let (Value::Array(items), Some(schema)) = (value, schema.get("items")) {
            for item in items {
                self.check(schema, item, &format!("{at}[*]"));
            }
        }
    }

    fn check_object(&mut self, schema: &Value, object: &Map<String, Value>, at: &str) {
        for name in schema
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let name = name.as_str().unwrap();
            if !object.contains_key(name) {
                self.faults.push(format!("{at}.{name} is missing"));
            }
        }
        let known = schema.get("properties").and_then(Value::as_object);
        for (name, value) in object {
            match (
                known.and_then(|known| known.get(name)),
                schema.get("additionalProperties"),
            ) {
                (Some(schema), _) | (None, Some(schema @ Value::Object(_))) => {
                    self.check(schema, value, &format!("{at}.{name}"));
                }
                _ => {}
            }
        }
    }
}

/// One call of an operation.
struct Call {
    /// As the contract names it.
    operation: &'static str,
    target: String,
    body: Value,
}

fn call(operation: &'static str, target: impl Into<String>, body: Value) -> Call {
    Call {
        operation,
        target: target.into(),
        body,
    }
}

/// Makes the calls that need nothing but the demo office.
fn readings(office: &Office) -> Vec<Call> {
    let device = office.device("Board Room");
    let (workspace, location) = (office.workspace("Board Room"), office.location("Oslo"));
    let floor = office.plan.locations[0].floors[0].id.to_string();
    let person = office.plan.people[0].id.to_string();
    let none = || Value::Null;
    vec![
        call("GET /organizations", "/v1/organizations", none()),
        call(
            "GET /organizations/{orgId}",
            format!("/v1/organizations/{}", office.org()),
            none(),
        ),
        call("GET /locations", "/v1/locations", none()),
        call(
            "GET /locations/{locationId}",
            format!("/v1/locations/{location}"),
            none(),
        ),
        call(
            "GET /locations/{locationId}/floors",
            format!("/v1/locations/{location}/floors"),
            none(),
        ),
        call(
            "GET /locations/{locationId}/floors/{floorId}",
            format!("/v1/locations/{location}/floors/{floor}"),
            none(),
        ),
        call("GET /workspaceLocations", "/v1/workspaceLocations", none()),
        call(
            "GET /workspaceLocations/{locationId}",
            format!("/v1/workspaceLocations/{location}"),
            none(),
        ),
        call(
            "GET /workspaceLocations/{locationId}/floors",
            format!("/v1/workspaceLocations/{location}/floors"),
            none(),
        ),
        call(
            "GET /workspaceLocations/{locationId}/floors/{floorId}",
            format!("/v1/workspaceLocations/{location}/floors/{floor}"),
            none(),
        ),
        call(
            "GET /workspaces",
            "/v1/workspaces?includeDevices=true&includeCapabilities=true",
            none(),
        ),
        call(
            "GET /workspaces/{workspaceId}",
            format!("/v1/workspaces/{workspace}"),
            none(),
        ),
        call(
            "GET /workspaces/{workspaceId}/capabilities",
            format!("/v1/workspaces/{workspace}/capabilities"),
            none(),
        ),
        call("GET /devices", "/v1/devices", none()),
        call("GET /devices/{deviceId}", format!("/v1/devices/{device}"), none()),
        call("GET /people", "/v1/people?max=1000", none()),
        call("GET /people/me", "/v1/people/me", none()),
        call("GET /people/{personId}", format!("/v1/people/{person}"), none()),
        call("GET /roles", "/v1/roles", none()),
        call(
            "GET /xapi/status",
            format!("/v1/xapi/status?deviceId={device}&name=RoomAnalytics.*&name=Audio.Volume"),
            none(),
        ),
        call(
            "GET /xapi/schema",
            format!("/v1/xapi/schema?deviceId={device}"),
            none(),
        ),
        call(
            "POST /xapi/command/{commandName}",
            "/v1/xapi/command/Audio.Volume.Set",
            json!({ "deviceId": device, "arguments": { "Level": 33 } }),
        ),
        call(
            "GET /deviceConfigurations",
            format!("/v1/deviceConfigurations?deviceId={device}"),
            none(),
        ),
        call(
            "PATCH /deviceConfigurations",
            format!("/v1/deviceConfigurations?deviceId={device}"),
            json!([{ "op": "replace", "path": "Audio.DefaultVolume/sources/configured/value", "value": 40 }]),
        ),
        call(
            "PATCH /devices/{deviceId}",
            format!("/v1/devices/{device}"),
            json!([{ "op": "add", "path": "tags", "value": ["checked"] }]),
        ),
        call(
            "POST /devices/activationCode",
            "/v1/devices/activationCode",
            json!({ "workspaceId": workspace }),
        ),
        call(
            "POST /devices",
            "/v1/devices",
            json!({ "mac": "AABBCCDDEEFF", "model": "DMS Cisco 8841", "workspaceId": workspace }),
        ),
    ]
}

/// Operations whose answers are checked while things are made, changed and deleted again.
async fn making(office: &Office, check: &mut impl FnMut(&'static str, u16, &Value)) {
    let admin = &office.admin;
    let address = json!({ "address1": "Quay 1", "city": "Bergen", "state": "Vestland", "postalCode": "5003", "country": "NO" });
    let answer = admin.post("/v1/locations", json!({ "name": "Bergen", "timeZone": "Europe/Oslo", "preferredLanguage": "en_us", "announcementLanguage": "en_us", "address": address })).await;
    check("POST /locations", answer.status, &answer.json());
    let location = answer.json()["id"].as_str().unwrap().to_owned();
    let answer = admin
        .put(
            &format!("/v1/locations/{location}"),
            json!({ "name": "Bergen quay" }),
        )
        .await;
    check("PUT /locations/{locationId}", answer.status, &answer.json());
    for base in ["locations", "workspaceLocations"] {
        let (post, put, delete) = match base {
            "locations" => (
                "POST /locations/{locationId}/floors",
                "PUT /locations/{locationId}/floors/{floorId}",
                "DELETE /locations/{locationId}/floors/{floorId}",
            ),
            _ => (
                "POST /workspaceLocations/{locationId}/floors",
                "PUT /workspaceLocations/{locationId}/floors/{floorId}",
                "DELETE /workspaceLocations/{locationId}/floors/{floorId}",
            ),
        };
        let floors = format!("/v1/{base}/{location}/floors");
        let answer = admin
            .post(&floors, json!({ "floorNumber": 2, "displayName": "Second" }))
            .await;
        check(post, answer.status, &answer.json());
        let floor = format!("{floors}/{}", answer.json()["id"].as_str().unwrap());
        let answer = admin
            .put(&floor, json!({ "floorNumber": 3, "displayName": "Third" }))
            .await;
        check(put, answer.status, &answer.json());
        let answer = admin.delete(&floor).await;
        check(delete, answer.status, &answer.json());
    }
    let answer = admin.delete(&format!("/v1/locations/{location}")).await;
    check("DELETE /locations/{locationId}", answer.status, &answer.json());

    let place = json!({ "displayName": "Stavanger", "address": "Pier 2", "countryCode": "NO", "cityName": "Stavanger", "latitude": 58.97, "longitude": 5.73 });
    let answer = admin.post("/v1/workspaceLocations", place.clone()).await;
    check("POST /workspaceLocations", answer.status, &answer.json());
    let target = format!("/v1/workspaceLocations/{}", answer.json()["id"].as_str().unwrap());
    let answer = admin.put(&target, place).await;
    check(
        "PUT /workspaceLocations/{locationId}",
        answer.status,
        &answer.json(),
    );
    let answer = admin.delete(&target).await;
    check(
        "DELETE /workspaceLocations/{locationId}",
        answer.status,
        &answer.json(),
    );

    let answer = admin
        .post(
            "/v1/workspaces",
            json!({ "displayName": "Checked", "type": "huddle", "capacity": 4 }),
        )
        .await;
    check("POST /workspaces", answer.status, &answer.json());
    let target = format!("/v1/workspaces/{}", answer.json()["id"].as_str().unwrap());
    let answer = admin
        .put(&target, json!({ "displayName": "Checked twice", "notes": "x" }))
        .await;
    check("PUT /workspaces/{workspaceId}", answer.status, &answer.json());
    let answer = admin.delete(&target).await;
    check("DELETE /workspaces/{workspaceId}", answer.status, &answer.json());
    let answer = admin
        .delete(&format!("/v1/devices/{}", office.device("Quay Board")))
        .await;
    check("DELETE /devices/{deviceId}", answer.status, &answer.json());

    let wish = json!({ "displayName": "Leaving", "adminEmail": "last@leaving.example", "adminName": "Last" });
    let made = admin
        .post("/hallway/v1/operator/organizations", wish)
        .await
        .json();
    let id = made["organization"]["id"].as_str().unwrap();
    let suspend = format!("/hallway/v1/operator/organizations/{id}/suspend");
    admin.post(&suspend, json!({})).await;
    let answer = admin.delete(&format!("/v1/organizations/{id}")).await;
    check("DELETE /organizations/{orgId}", answer.status, &answer.json());

    let role = admin.get("/v1/roles").await.json()["items"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let answer = admin.get(&format!("/v1/roles/{role}")).await;
    check("GET /roles/{roleId}", answer.status, &answer.json());
}

/// Operations that are not there, and why.
const LEFT_OUT: [(&str, &str); 0] = [];

/// The part of the documentation that says which operations there are.
fn chapter(paths: &Map<String, Value>, checked: &BTreeSet<&'static str>) -> String {
    let mut all = Vec::new();
    for (path, item) in paths {
        for (method, spec) in item.as_object().unwrap() {
            if !matches!(method.as_str(), "servers" | "parameters") {
                let summary = spec["summary"].as_str().unwrap_or_default();
                all.push((format!("{} {path}", method.to_uppercase()), summary.to_owned()));
            }
        }
    }
    all.sort();
    let there = all
        .iter()
        .filter(|(operation, _)| checked.contains(operation.as_str()))
        .count();
    let mut text = format!(
        "{there} of {} operations answer as the contract says.\n",
        all.len()
    );
    if there < all.len() {
        text.push_str("\n| Not there | Why |\n|---|---|\n");
    }
    for (operation, summary) in all.iter().filter(|(it, _)| !checked.contains(it.as_str())) {
        let reason = LEFT_OUT.iter().find(|(left, _)| left == operation);
        let why = reason.map_or("NOT SAID", |(_, why)| why);
        text.push_str(&format!("| `{operation}` ({summary}) | {why} |\n"));
    }
    text.push_str("\n| Differs on purpose | Why |\n|---|---|\n");
    for (place, why) in EXCEPTIONS {
        text.push_str(&format!("| `{place}` | {why} |\n"));
    }
    text
}

/// Compares the documentation with the truth, or writes it.
fn check_chapter(chapter: &str) {
    const BEGIN: &str = "<!-- operations: begin -->\n";
    const END: &str = "<!-- operations: end -->";
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/compatibility.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (written, after) = rest.split_once(END).unwrap();
    if std::env::var_os("HALLWAY_WRITE").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{chapter}{END}{after}")).unwrap();
        return;
    }
    assert_eq!(
        written, chapter,
        "docs/compatibility.md is not true any more: HALLWAY_WRITE=1 writes it"
    );
}

#[tokio::test]
async fn answers_are_as_the_contract_says() {
    let Some(contract) = contract() else {
        println!("contract: skipped, the official contract is not at hand (HALLWAY_SPECS names its folder)");
        return;
    };
    let office = Office::start().await;
    let mut faults: Vec<String> = Vec::new();
    let mut checked: BTreeSet<&'static str> = BTreeSet::new();
    let mut check = |operation: &'static str, status: u16, body: &Value| {
        let (method, path) = operation.split_once(' ').unwrap();
        let spec = &contract["paths"][path][method.to_ascii_lowercase()];
        assert!(spec.is_object(), "the contract has no {operation}");
        checked.insert(operation);
        let documented = if operation == SUBMIT && status == 200 {
            202
        } else {
            status
        };
        let response = &spec["responses"][documented.to_string()];
        if status >= 300 || !response.is_object() {
            faults.push(format!(
                "{operation}: {status} is not the documented success: {body}"
            ));
            return;
        }
        let content = &response["content"];
        let schema = ["application/json", "application/json;charset=UTF-8"]
            .into_iter()
            .map(|kind| &content[kind]["schema"])
            .find(|schema| !schema.is_null())
            .unwrap_or(&Value::Null);
        if schema.is_null() {
            if !body.is_null() {
                faults.push(format!(
                    "{operation}: {status} has no body in the contract, got {body}"
                ));
            }
            return;
        }
        let mut checker = Checker {
            contract: &contract,
            faults: Vec::new(),
        };
        checker.check(schema, body, "$");
        let excepted = |fault: &str| {
            EXCEPTIONS
                .iter()
                .any(|(place, _)| operation == *place || fault.starts_with(place))
        };
        let real = checker.faults.into_iter().filter(|fault| !excepted(fault));
        faults.extend(real.map(|fault| format!("{operation}: {fault}")));
    };
    for Call {
        operation,
        target,
        body,
    } in readings(&office)
    {
        let (method, _) = operation.split_once(' ').unwrap();
        let answer = office.admin.ask(method, &target, body).await;
        check(operation, answer.status, &answer.json());
    }
    making(&office, &mut check).await;
    crate::contract_talk::talking(&office, &mut check).await;
    for (operation, status, body) in webex::walk(&office).await {
        check(operation, status, &body);
    }
    // As a machine account the same operations give the same shapes.
    let integration = Integration::activate(&office.admin, &manifest(&["RoomAnalytics.*"], &[])).await;
    let device = office.device("Board Room");
    let target = format!("/v1/xapi/status?deviceId={device}&name=RoomAnalytics.*");
    let answer = integration.client.get(&target).await;
    check("GET /xapi/status", answer.status, &answer.json());
    let paths = contract["paths"].as_object().unwrap();
    let all: usize = paths
        .values()
        .map(|path| {
            path.as_object()
                .unwrap()
                .keys()
                .filter(|k| *k != "servers" && *k != "parameters")
                .count()
        })
        .sum();
    println!("conformance: {} of {all} operations", checked.len());
    let chapter = chapter(paths, &checked);
    println!("{chapter}");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    check_chapter(&chapter);
    assert!(
        checked.len() >= 154,
        "only {} operations were checked",
        checked.len()
    );
    office.close().await;
}
