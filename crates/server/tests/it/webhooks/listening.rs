//! Listening without a receiver.

use serde_json::{Value, json};

use super::{MESSAGES, id_of, message, quick, somebody, tell};
use crate::rig::Rig;

#[tokio::test]
async fn heard_reported_ended() {
    let rig = Rig::that_calls(quick()).await;
    let (person, token) = somebody(&rig, &[MESSAGES]).await;
    let asked = json!({ "name": "local", "targetUrl": "http://127.0.0.1:1/x", "resource": "messages",
        "event": "all", "secret": "key" });
    let listener = rig.control_with(&token, "POST /listen", asked).await.expect(200);
    assert!(
        rig.ask_as(Some(&token), "GET /webhooks", Value::Null)
            .await
            .items()
            .is_empty(),
        "a bot that tidies up does not end it"
    );
    let path = format!("/listen/{}", id_of(&listener));
    let hear = async || rig.control(&token, &format!("GET {path}")).await.items();
    let (heard, ()) = tokio::join!(hear(), async {
        for number in 0..3 {
            tell(&rig, message(rig.org, number, &[person])).await;
        }
    });
    // It ended with the first; asked again, all are there, until they are reported.
    assert!(!heard.is_empty());
    let all = hear().await;
    assert_eq!(all.len(), 3);
    let body: Value = serde_json::from_str(all[0]["body"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&body["targetUrl"], &body["name"]),
        (&json!("http://127.0.0.1:1/x"), &json!("local"))
    );
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, b"key");
    let tag = ring::hmac::sign(&key, all[0]["body"].as_str().unwrap().as_bytes());
    let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(all[0]["headers"]["x-spark-signature"], hex);

    let report = json!({ "reports": [
        { "seq": all[0]["seq"], "status": 200, "durationMs": 3 },
        { "seq": all[1]["seq"], "error": "connection refused" },
    ] });
    let reports = format!("POST {path}/reports");
    rig.control_with(&token, &reports, report).await.expect(204);
    let left = hear().await;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0]["seq"], all[2]["seq"]);
    let history = format!("GET /webhooks/{}/deliveries", id_of(&listener));
    let attempts = rig.control(&token, &history).await.items();
    assert_eq!(attempts.len(), 2);
    assert_eq!(
        (&attempts[0]["error"], &attempts[1]["status"]),
        (&json!("connection refused"), &json!(200))
    );

    // Of nobody else.
    for other in [rig.admin.clone(), rig.stranger().await] {
        rig.control(&other, &format!("GET {path}")).await.expect(404);
        rig.control(&other, &format!("DELETE {path}")).await.expect(404);
        rig.control_with(&other, &reports, json!({ "reports": [] }))
            .await
            .expect(404);
    }
    rig.control(&token, &format!("DELETE {path}")).await.expect(204);
    rig.control(&token, &format!("GET {path}")).await.expect(404);
    rig.close().await;
}

#[tokio::test]
async fn a_listener_that_vanished_is_ended() {
    let rig = Rig::that_calls(hallway_platform::Config {
        // The clock of this test stands still: whoever was not there in the future is late.
        listener_patience: std::time::Duration::ZERO,
        ..quick()
    })
    .await;
    let (_, token) = somebody(&rig, &[MESSAGES]).await;
    let asked = json!({ "name": "x", "targetUrl": "http://x", "resource": "messages", "event": "all" });
    let listener = rig
        .control_with(&token, "POST /listen", asked.clone())
        .await
        .expect(200);
    rig.clock.forward(1);
    let path = format!("GET /webhooks/{}/deliveries", id_of(&listener));
    super::eventually("it is gone", async || {
        rig.control(&token, &path).await.status == 404
    })
    .await;
    rig.control_with(&token, "POST /listen", json!({ "name": "x" }))
        .await
        .expect(400);
    rig.close().await;
}
