//! Recordings: put in, found, deleted twice.

use serde_json::{Value, json};

use crate::meetings::control;
use crate::rig::Rig;

#[tokio::test]
async fn put_in_found_and_deleted_twice() {
    let rig = Rig::start().await;
    let new = json!({
        "topic": "All hands", "durationSeconds": 60, "timeRecorded": "2026-03-01T10:00:00Z",
        "downloadUrl": "https://files.example/1.mp4", "integrationTags": ["t"],
    });
    let made = rig.ask(&control("POST", "/recordings"), new).await.expect(201);
    let id = made["id"].as_str().unwrap();
    assert_eq!(id.len(), 32);
    assert_eq!(made["timeRecorded"], "2026-03-01T10:00:00Z");
    assert_eq!(made["createTime"], "2026-03-04T05:06:07Z");
    assert_eq!(made["shareToMe"], false);
    assert_eq!(
        made["temporaryDirectDownloadLinks"]["recordingDownloadLink"],
        "https://files.example/1.mp4"
    );
    let path = format!("/recordings/{id}");
    assert_eq!(rig.get(&path).await.expect(200), made);
    let listed = rig
        .get("/recordings?topic=HANDS&integrationTag=t&format=mp4&max=1")
        .await
        .items();
    assert_eq!(listed.len(), 1);
    assert!(listed[0].get("temporaryDirectDownloadLinks").is_none());
    assert!(rig.get("/recordings?status=deleted").await.items().is_empty());
    let change = json!({ "topic": "Everybody" });
    let changed = rig.ask(&control("PATCH", &path), change).await.expect(200);
    assert_eq!(changed["topic"], "Everybody");

    let delete = format!("DELETE {path}");
    rig.ask(&delete, Value::Null).await.expect(204);
    assert!(rig.get("/recordings").await.items().is_empty());
    assert_eq!(rig.get("/recordings?status=deleted").await.items().len(), 1);
    let why = json!({ "reason": "audit", "comment": "done" });
    rig.ask(&delete, why).await.expect(204);
    assert_eq!(rig.get(&path).await.expect(200)["status"], "purged");
    rig.ask(&delete, Value::Null).await.expect(404);
}

#[tokio::test]
async fn pages_spans_and_refusals() {
    let rig = Rig::start().await;
    for number in 0..5 {
        let new = json!({ "topic": format!("No {number}") });
        rig.ask(&control("POST", "/recordings"), new).await.expect(201);
    }
    let mut next = Some("/recordings?max=2".to_owned());
    let mut pages = Vec::new();
    while let Some(path) = next {
        let mut answer = rig.get(&path).await;
        next = answer.next.take();
        pages.push(answer.items().len());
    }
    assert_eq!(pages, [2, 2, 1]);
    for bad in [
        "/recordings?from=2026-01-01&to=2026-03-04",
        "/recordings?from=2026-03-04&to=2026-03-01",
        "/recordings?format=AVI",
        "/recordings?status=lost",
        "/recordings?from=x",
        "/recordings/x",
    ] {
        rig.get(bad).await.expect(400);
    }
    rig.get(&format!("/recordings/{}", "0".repeat(32)))
        .await
        .expect(404);
    let bad = json!({ "topic": "", "downloadUrl": "ftp://x", "timeRecorded": "x" });
    let refused = rig.ask(&control("POST", "/recordings"), bad).await.expect(400);
    assert_eq!(refused["errors"].as_array().unwrap().len(), 3, "{refused}");

    let person = rig
        .token(&[], &["meeting:recordings_read", "meeting:recordings_write"])
        .await;
    assert!(
        rig.ask_as(Some(&person), "GET /recordings", Value::Null)
            .await
            .items()
            .is_empty()
    );
    let id = rig.get("/recordings").await.items()[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/recordings/{id}");
    rig.ask_as(Some(&person), &format!("GET {path}"), Value::Null)
        .await
        .expect(404);
    rig.ask_as(Some(&person), &format!("DELETE {path}"), Value::Null)
        .await
        .expect(404);
    rig.ask_as(Some(&person), &control("POST", "/recordings"), json!({}))
        .await
        .expect(403);
    rig.ask_as(Some(&rig.stranger().await), &format!("GET {path}"), Value::Null)
        .await
        .expect(404);
}
