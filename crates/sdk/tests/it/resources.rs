//! Requests of resources that are more than a path.

use hallway_sdk::client::RateLimit;
use hallway_sdk::resources::{GroupBody, Meeting, Message};
use hallway_sdk::{Client, GroupId, OrgId, PersonId, Timestamp};
use serde_json::json;

use crate::client::quick;
use crate::play::{Service, ok, status};

async fn rig() -> (Service, Client) {
    let service = Service::start().await;
    let client = Client::builder(service.api())
        .personal_token("secret-token")
        .retry(quick())
        .rate_limit(RateLimit::none())
        .build()
        .unwrap();
    (service, client)
}

#[tokio::test]
async fn directories_page_by_index_and_live_beside_the_rest() {
    let (service, client) = rig().await;
    service.rule(|seen| {
        let page = |start: u64, names: &[&str]| {
            let found: Vec<_> = names
                .iter()
                .map(|name| json!({ "id": name, "userName": name, "userType": "user", "urn:x:y": { "kept": name } }))
                .collect();
            ok(json!({ "totalResults": 5, "itemsPerPage": 2, "startIndex": start, "Resources": found }))
        };
        let path = "/identity/scim/00000000-0000-0000-0000-000000000009/v2/Users?filter=userName+sw+%22a%22&count=2";
        let rest = seen.path.strip_prefix(path)?;
        match rest {
            "" => Some(page(1, &["a1", "a2"])),
            "&startIndex=3" => Some(page(3, &["a3", "a4"])),
            "&startIndex=5" => Some(page(5, &["a5"])),
            _ => None,
        }
    });
    let org =
        OrgId::new("Y2lzY29zcGFyazovL3VzL09SR0FOSVpBVElPTi8wMDAwMDAwMC0wMDAwLTAwMDAtMDAwMC0wMDAwMDAwMDAwMDk");
    let users = client.scim(&org).users();
    let found = users
        .list()
        .matching("userName sw \"a\"")
        .page_size(2)
        .all()
        .await
        .unwrap();
    let names: Vec<&str> = found.iter().map(|user| user.user_name.as_str()).collect();
    assert_eq!(names, ["a1", "a2", "a3", "a4", "a5"]);
    assert_eq!(
        serde_json::to_value(&found[0]).unwrap()["urn:x:y"]["kept"],
        "a1",
        "what has no name here is sent back as it came"
    );
}

#[tokio::test]
async fn groups_are_found_by_name_and_changed_by_member() {
    let (service, client) = rig().await;
    let group = json!({ "id": "g", "displayName": "C \"k\"", "memberSize": 1 });
    service.plays(
        "GET",
        "/v1/groups",
        [ok(
            json!({ "totalResults": 1, "startIndex": 1, "itemsPerPage": 1, "groups": [group] }),
        )],
    );
    service.plays("PATCH", "/v1/groups/g", [status(502, json!({})), ok(group)]);
    let found = client.groups().list().named("C \"k\"").all().await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(
        service.seen("/v1/groups")[0].path,
        "/v1/groups?filter=displayName+eq+%22C+%5C%22k%5C%22%22"
    );
    client
        .groups()
        .remove(&GroupId::from("g"), &[PersonId::from("p")])
        .await
        .unwrap();
    let patches = service.seen("/v1/groups/g");
    assert_eq!(patches.len(), 2, "twice is as good as once, so it is repeated");
    assert_eq!(
        patches[1].json(),
        json!({ "members": [{ "id": "p", "operation": "delete" }] })
    );
    let body = GroupBody::new().display_name("x");
    assert_eq!(
        serde_json::to_value(&body).unwrap(),
        json!({ "displayName": "x" })
    );
}

#[tokio::test]
async fn the_log_is_read_as_what_it_tells_of() {
    let (service, client) = rig().await;
    let event = json!({
        "id": "e", "resource": "messages", "type": "created", "appId": null, "actorId": "p", "orgId": "o",
        "created": "2026-03-04T05:06:07.089Z", "data": { "id": "m", "roomId": "r", "text": "hello" },
    });
    service.plays("GET", "/v1/events", [ok(json!({ "items": [event] }))]);
    let from = Timestamp(1_772_600_000_000);
    let found = client
        .events()
        .list()
        .resource("messages")
        .from(from)
        .all()
        .await
        .unwrap();
    let message: Message = found[0].read().unwrap();
    assert_eq!(message.text.as_deref(), Some("hello"));
    assert!(found[0].read::<Vec<Meeting>>().is_err());
    service.plays(
        "GET",
        "/v1/adminAudit/events",
        [ok(json!({ "items": [{ "id": "a", "data": {} }] }))],
    );
    let done = client
        .admin_audit()
        .list(&OrgId::new("o"), from, from)
        .all()
        .await
        .unwrap();
    assert_eq!(done.len(), 1);
    let asked = &service.seen("/v1/adminAudit/events")[0].path;
    assert!(
        asked.contains("orgId=o&from=2026-") && asked.contains("&to=2026-"),
        "{asked}"
    );
}

#[tokio::test]
async fn a_file_comes_with_its_name() {
    let (service, client) = rig().await;
    let plan = status(200, json!("plan")).with(
        "content-disposition",
        "attachment; filename=\"pl_n.txt\"; filename*=UTF-8''pl%C3%A5n.txt",
    );
    service.plays("GET", "/v1/contents/c", [plan]);
    let url = format!("{}/contents/c", service.api());
    let file = client.messages().file(&url).await.unwrap();
    assert_eq!(
        (file.name.as_deref(), &file.bytes[..]),
        (Some("plån.txt"), &b"\"plan\""[..])
    );
    let error = client
        .messages()
        .file("https://elsewhere.example/c")
        .await
        .unwrap_err();
    assert!(error.to_string().contains("the token does not go to"), "{error}");
}
