//! Making, listing, changing, deleting.

use hallway_platform::Config;
use hallway_platform::org::{PersonKind, Role};
use hallway_wire::id::{PersonId, WebhookId};
use serde_json::{Value, json};

use super::{MESSAGES, id_of, made, message, messages, number, quick, some_room, somebody, tell};
use crate::receiver::Receiver;
use crate::rig::Rig;

#[tokio::test]
async fn made_shown_changed_deleted() {
    let rig = Rig::that_calls(quick()).await;
    let receiver = Receiver::start().await;
    let person = PersonId::random();
    let token = rig
        .token_by(person, PersonKind::Person, Some("C12"), &[], &[MESSAGES])
        .await;
    let room = some_room();
    let mut body = messages(&receiver);
    body["filter"] = json!(format!("roomId={}", room.uuid()));
    body["secret"] = json!("very secret");
    body["ownedBy"] = Value::Null;
    body["somethingElse"] = json!(1);
    let webhook = made(&rig, &token, body).await;
    let members: Vec<&String> = webhook.as_object().unwrap().keys().collect();
    assert_eq!(
        members,
        [
            "id",
            "name",
            "targetUrl",
            "resource",
            "event",
            "filter",
            "secret",
            "ownedBy",
            "status",
            "created",
            "orgId",
            "createdBy",
            "appId"
        ],
        "a client refuses every other member"
    );
    assert_eq!(webhook["secret"], "very secret");
    assert_eq!(
        webhook["filter"],
        format!("roomId={}", room.uuid()),
        "as it was given"
    );
    assert_eq!(webhook["created"], "2026-03-04T05:06:07.089Z");
    assert_eq!(
        webhook["appId"],
        hallway_wire::id::encode("us", "APPLICATION", "C12")
    );
    assert_eq!(
        (&webhook["ownedBy"], &webhook["status"]),
        (&json!("creator"), &json!("active"))
    );
    let stored = rig.stored_webhook(id_of(&webhook)).await;
    assert!(!stored.contains("very secret"), "sealed at rest: {stored}");

    let path = format!("/webhooks/{}", id_of(&webhook));
    let get = async || {
        rig.ask_as(Some(&token), &format!("GET {path}"), Value::Null)
            .await
    };
    let put = async |body: Value| rig.ask_as(Some(&token), &format!("PUT {path}"), body).await;
    assert_eq!(get().await.expect(200), webhook);
    // Everything but name, URL, secret and status is passed over; null leaves the secret.
    let update = json!({ "name": "Yours", "targetUrl": receiver.url, "secret": null, "resource": "rooms",
        "filter": "x", "ownedBy": "org", "status": "inactive" });
    let changed = put(update).await.expect(200);
    assert_eq!(changed["name"], "Yours");
    for member in ["resource", "filter", "ownedBy", "status", "secret", "created"] {
        assert_eq!(changed[member], webhook[member], "{member}");
    }
    let emptied = put(json!({ "name": "Yours", "targetUrl": receiver.url, "secret": "" })).await;
    assert!(emptied.expect(200).get("secret").is_none());
    let put_form = format!("PUT {path}");
    let form = "name=By+form&target_url=http%3A%2F%2F127.0.0.1%3A9%2Fx&status=active";
    let by_form = rig.ask_text(&token, &put_form, form).await.expect(200);
    assert_eq!(
        (&by_form["name"], &by_form["targetUrl"]),
        (&json!("By form"), &json!("http://127.0.0.1:9/x"))
    );
    rig.ask_text(&token, &put_form, "nonsense").await.expect(400);
    let refused = put(json!({ "status": "active" })).await.expect(400);
    assert_eq!(refused["message"], "name cannot be empty");
    assert_eq!(refused["errors"][1]["description"], "targetUrl cannot be null");
    put(json!({ "name": "x", "targetUrl": "http://x", "status": "asleep" }))
        .await
        .expect(400);

    let stranger = rig.stranger().await;
    let (_, colleague) = somebody(&rig, &[MESSAGES]).await;
    for other in [&stranger, &colleague, &rig.admin] {
        for method in ["GET", "PUT", "DELETE"] {
            let body = if method == "PUT" {
                json!({ "name": "x", "targetUrl": "http://x" })
            } else {
                Value::Null
            };
            rig.ask_as(Some(other), &format!("{method} {path}"), body)
                .await
                .expect(404);
        }
    }
    rig.ask_as(Some(&token), "GET /webhooks/nonsense", Value::Null)
        .await
        .expect(400);
    rig.ask_as(Some(&token), &format!("DELETE {path}"), Value::Null)
        .await
        .expect(204);
    get().await.expect(404);
    rig.ask_as(Some(&token), &format!("DELETE {path}"), Value::Null)
        .await
        .expect(404);
    let unknown = format!("GET /webhooks/{}", WebhookId::random());
    rig.ask_as(Some(&token), &unknown, Value::Null).await.expect(404);
}

#[tokio::test]
async fn what_is_wrong_is_said() {
    let rig = Rig::that_calls(quick()).await;
    let create = async |body: Value| rig.ask("POST /webhooks", body).await;
    let nothing = create(json!({ "name": "", "resource": null })).await.expect(400);
    let said: Vec<&str> = nothing["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["description"].as_str().unwrap())
        .collect();
    assert_eq!(
        said,
        [
            "name cannot be empty",
            "targetUrl cannot be null",
            "resource cannot be null",
            "event cannot be null"
        ]
    );
    let good = json!({ "name": "x", "targetUrl": "http://example.com/x", "resource": "messages", "event": "created" });
    for (member, value, status) in [
        ("targetUrl", json!("example.com/x"), 400),
        ("targetUrl", json!("ftp://example.com/x"), 400),
        ("targetUrl", json!("http://169.254.169.254/latest"), 400),
        ("targetUrl", json!("http://[fe80::1]/"), 400),
        ("resource", json!("people"), 400),
        ("event", json!("joined"), 400),
        ("event", json!("exploded"), 400),
        ("resource", json!("all"), 400),
        ("filter", json!("roomId=x"), 400),
        ("filter", json!("colour=red"), 400),
        ("ownedBy", json!("everybody"), 400),
        ("name", json!("x".repeat(2000)), 400),
        ("name", json!(7), 400),
        ("event", json!("all"), 200),
        ("ownedBy", json!("org"), 200),
    ] {
        let mut body = good.clone();
        body[member] = value;
        create(body).await.expect(status);
    }
    let bad_filter = json!({ "name": "x", "targetUrl": "http://x", "resource": "messages", "event": "created",
        "filter": "roomId=x" });
    assert_eq!(
        create(bad_filter).await.expect(400)["message"],
        "invalid value for filter: roomId"
    );
    let host = json!({ "name": "x", "targetUrl": "http://x", "resource": "recordings", "event": "created",
        "filter": "hostEmail=a@b.example" });
    create(host.clone()).await.expect(400);
    let mut host = host;
    host["ownedBy"] = json!("org");
    create(host).await.expect(200);
}

#[tokio::test]
async fn who_may() {
    let rig = Rig::that_calls(quick()).await;
    let body = |resource: &str, owned_by: &str| json!({ "name": "x", "targetUrl": "http://x", "resource": resource, "event": "all", "ownedBy": owned_by });
    let create = async |token: &str, resource: &str, owned_by: &str| {
        rig.ask_as(Some(token), "POST /webhooks", body(resource, owned_by))
            .await
            .status
            .as_u16()
    };
    let (_, reader) = somebody(&rig, &[MESSAGES]).await;
    assert_eq!(create(&reader, "messages", "creator").await, 200);
    assert_eq!(create(&reader, "attachmentActions", "creator").await, 200);
    assert_eq!(create(&reader, "rooms", "creator").await, 403);
    assert_eq!(create(&reader, "all", "creator").await, 403);
    assert_eq!(
        create(&reader, "serviceApp", "creator").await,
        200,
        "its owner needs no scope"
    );
    assert_eq!(create(&reader, "messages", "org").await, 403);
    let (_, all) = somebody(&rig, &["spark:all"]).await;
    assert_eq!(create(&all, "all", "creator").await, 200);
    assert_eq!(create(&all, "meetings", "creator").await, 403);
    let (_, any) = somebody(&rig, &["application:webhooks_write"]).await;
    assert_eq!(create(&any, "meetings", "creator").await, 200);
    let officer = rig
        .token(&[Role::ComplianceOfficer], &["spark-compliance:messages_read"])
        .await;
    assert_eq!(create(&officer, "messages", "org").await, 200);
    assert_eq!(create(&officer, "rooms", "org").await, 403);

    // Lists: one's own, or the organization's.
    let list = async |token: &str, query: &str| {
        rig.ask_as(Some(token), &format!("GET /webhooks{query}"), Value::Null)
            .await
    };
    assert_eq!(list(&reader, "").await.items().len(), 3);
    list(&reader, "?ownedBy=org").await.expect(403);
    list(&reader, "?ownedBy=me").await.expect(400);
    let of_organization = list(&rig.admin, "?ownedBy=org").await.items();
    assert_eq!(of_organization.len(), 1);
    let shared = format!("/webhooks/{}", id_of(&of_organization[0]));
    rig.get(&shared).await.expect(200);
    rig.ask_as(Some(&reader), &format!("GET {shared}"), Value::Null)
        .await
        .expect(404);
    assert!(
        list(&rig.stranger().await, "?ownedBy=org")
            .await
            .items()
            .is_empty()
    );
    rig.ask(&format!("DELETE {shared}"), Value::Null)
        .await
        .expect(204);
}

#[tokio::test]
async fn lists_are_newest_first_and_bounded() {
    let rig = Rig::that_calls(Config {
        webhooks_max: 25,
        ..quick()
    })
    .await;
    let receiver = Receiver::start().await;
    let (person, token) = somebody(&rig, &[MESSAGES]).await;
    for number in 0..25 {
        let mut body = messages(&receiver);
        body["name"] = json!(format!("Hook {number}"));
        made(&rig, &token, body).await;
    }
    let full = rig
        .ask_as(Some(&token), "POST /webhooks", messages(&receiver))
        .await
        .expect(409);
    assert!(
        full["message"].as_str().unwrap().contains("25 webhooks"),
        "{full}"
    );
    // Another application of the same person has a limit of its own.
    let other = rig
        .token_by(person, PersonKind::Person, Some("C34"), &[], &[MESSAGES])
        .await;
    made(&rig, &other, messages(&receiver)).await;
    let mut next = Some("/webhooks?max=10&".to_owned());
    let mut seen = Vec::new();
    let mut pages = Vec::new();
    while let Some(url) = next {
        let answer = rig.ask_as(Some(&token), &format!("GET {url}"), Value::Null).await;
        next = answer.next.clone();
        let items = answer.items();
        pages.push(items.len());
        seen.extend(items.iter().map(|item| id_of(item).to_owned()));
    }
    assert_eq!(pages, [10, 10, 6]);
    let count = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), count, "nothing twice");
}

#[tokio::test]
async fn the_limit_holds_for_many_at_once() {
    let rig = std::sync::Arc::new(
        Rig::that_calls(Config {
            webhooks_max: 5,
            ..quick()
        })
        .await,
    );
    let (_, token) = somebody(&rig, &[MESSAGES]).await;
    let body = json!({ "name": "x", "targetUrl": "http://x", "resource": "messages", "event": "created" });
    let mut tries = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (rig, token, body) = (std::sync::Arc::clone(&rig), token.clone(), body.clone());
        tries.spawn(async move {
            rig.ask_as(Some(&token), "POST /webhooks", body)
                .await
                .status
                .as_u16()
        });
    }
    let statuses = tries.join_all().await;
    assert!(
        statuses.iter().all(|status| [200, 409].contains(status)),
        "{statuses:?}"
    );
    let there = rig
        .ask_as(Some(&token), "GET /webhooks", Value::Null)
        .await
        .items();
    assert!(there.len() <= 5, "{}", there.len());
}

#[tokio::test]
async fn webhooks_go_with_their_person() {
    let rig = Rig::that_calls(quick()).await;
    let (mut hers, mut his) = (Receiver::start().await, Receiver::start().await);
    let (ann, ann_token) = somebody(&rig, &[MESSAGES]).await;
    let (ben, ben_token) = somebody(&rig, &[MESSAGES]).await;
    made(&rig, &ann_token, messages(&hers)).await;
    made(&rig, &ben_token, messages(&his)).await;
    tell(&rig, message(rig.org, 1, &[ann, ben])).await;
    assert_eq!((number(&hers.next().await), number(&his.next().await)), (1, 1));
    rig.ask(&format!("DELETE /people/{ann}"), Value::Null)
        .await
        .expect(204);
    for n in 2..6 {
        tell(&rig, message(rig.org, n, &[ann, ben])).await;
        assert_eq!(number(&his.next().await), n);
    }
    assert!(hers.is_quiet());
}
