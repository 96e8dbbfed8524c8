//! Activation e-mails, the outbox, and the job that writes them again (people-calling 5.6).

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use hallway_platform::mail::{Letter, MailError, Mailer};
use hallway_platform::org::Role;
use hallway_wire::id::{JobId, OrgId};
use serde_json::{Value, json};

use crate::people_write::create;
use crate::rig::{PUBLIC, Rig};

/// Takes letters, or refuses them.
#[derive(Default)]
struct Post {
    taken: Mutex<Vec<Letter>>,
    refuses: Mutex<Option<MailError>>,
}

#[async_trait]
impl Mailer for Post {
    async fn send(&self, letter: &Letter) -> Result<(), MailError> {
        if let Some(error) = self.refuses.lock().unwrap().clone() {
            return Err(error);
        }
        self.taken.lock().unwrap().push(letter.clone());
        Ok(())
    }
}

fn outbox_path() -> String {
    format!("{PUBLIC}/hallway/v1/outbox")
}

async fn newest(rig: &Rig) -> Value {
    let outbox = rig.get(&outbox_path()).await.expect(200);
    let id = outbox["items"][0]["id"].as_str().unwrap();
    assert!(outbox["items"][0].get("text").is_none());
    rig.get(&format!("{}/{id}", outbox_path())).await.expect(200)
}

fn link(mail: &Value) -> String {
    let text = mail["text"].as_str().unwrap();
    let at = text.find(PUBLIC).unwrap();
    text[at..].split_whitespace().next().unwrap().to_owned()
}

#[tokio::test]
async fn a_link_activates_an_account_once() {
    let rig = Rig::start().await;
    let ann = create(&rig, "ann@example.com", json!({ "displayName": "Ann <b>" })).await;
    let path = format!("/people/{}", ann["id"].as_str().unwrap());
    let mail = newest(&rig).await;
    assert_eq!(
        (&mail["to"], &mail["state"]),
        (&json!("ann@example.com"), &json!("waiting"))
    );
    assert_eq!(mail["personId"], ann["id"]);
    let link = link(&mail);
    // Opening it changes nothing; names are text.
    let (status, page) = rig.page("GET", &link).await;
    assert_eq!(status, 200);
    assert!(
        page.contains("Ann &lt;b&gt;") && page.contains("<form method=\"post\">"),
        "{page}"
    );
    assert_eq!(rig.get(&path).await.expect(200)["status"], "pending");
    assert_eq!(rig.page("POST", &link).await.0, 200);
    let seen = rig.get(&path).await.expect(200);
    assert_eq!(
        (&seen["status"], &seen["invitePending"]),
        (&json!("active"), &json!(false))
    );
    for method in ["GET", "POST"] {
        let (status, page) = rig.page(method, &link).await;
        assert!(status == 404 && page.contains("does not work"), "{page}");
    }
    assert_eq!(
        rig.page("POST", &format!("{PUBLIC}/activate?token=x")).await.0,
        404
    );
    assert_eq!(rig.page("GET", &format!("{PUBLIC}/activate")).await.0, 404);
}

#[tokio::test]
async fn the_outbox_is_for_administrators_of_people() {
    let rig = Rig::start().await;
    create(&rig, "ann@example.com", json!({})).await;
    let mail = newest(&rig).await;
    let path = format!("GET {}/{}", outbox_path(), mail["id"].as_str().unwrap());
    let stranger = rig.stranger().await;
    rig.ask_as(Some(&stranger), &path, Value::Null).await.expect(404);
    let reader = rig.token(&[Role::ReadOnlyAdmin], &[]).await;
    rig.ask_as(Some(&reader), &path, Value::Null).await.expect(403);
    rig.ask_as(Some(&reader), &format!("GET {}", outbox_path()), Value::Null)
        .await
        .expect(403);
    rig.get(&format!("{}?after=x", outbox_path())).await.expect(400);
    rig.get(&format!("{}?max=0", outbox_path())).await.expect(400);
    for n in 0..4 {
        create(&rig, &format!("p{n}@example.com"), json!({})).await;
    }
    let mut first = rig.get(&format!("{}?max=3", outbox_path())).await;
    let second = rig.get(&first.next.take().unwrap()).await.expect(200);
    assert_eq!(first.expect(200)["items"].as_array().unwrap().len(), 3);
    assert_eq!(second["items"].as_array().unwrap().len(), 2);
    let audit = rig.get(&format!("{PUBLIC}/hallway/v1/audit")).await.items();
    assert!(audit.iter().any(|entry| entry["event"] == "mail.read"));
}

#[tokio::test]
async fn letters_go_out_and_failures_show() {
    let rig = Rig::start().await;
    let post = Post::default();
    create(&rig, "ann@example.com", json!({})).await;
    *post.refuses.lock().unwrap() = Some(MailError {
        what: "greylisted".to_owned(),
        forever: false,
    });
    assert_eq!(rig.platform.send_mail(&post).await.unwrap(), 1);
    let mail = newest(&rig).await;
    assert_eq!(
        (&mail["state"], &mail["attempts"]),
        (&json!("waiting"), &json!(1))
    );
    assert_eq!(mail["lastError"], "greylisted");
    // It waits a while now.
    assert_eq!(rig.platform.send_mail(&post).await.unwrap(), 0);
    create(&rig, "ben@example.com", json!({})).await;
    *post.refuses.lock().unwrap() = None;
    assert_eq!(rig.platform.send_mail(&post).await.unwrap(), 1);
    let taken = post.taken.lock().unwrap().clone();
    assert_eq!((taken.len(), taken[0].to.as_str()), (1, "ben@example.com"));
    assert!(taken[0].text.contains("/activate?token="));
    create(&rig, "cem@example.com", json!({})).await;
    *post.refuses.lock().unwrap() = Some(MailError {
        what: "no such mailbox".to_owned(),
        forever: true,
    });
    assert_eq!(rig.platform.send_mail(&post).await.unwrap(), 1);
    let outbox = rig.get(&outbox_path()).await.expect(200);
    let state = |to: &str| {
        let mails = outbox["items"].as_array().unwrap();
        mails.iter().find(|mail| mail["to"] == to).unwrap()["state"].clone()
    };
    assert_eq!(state("ann@example.com"), "waiting");
    assert_eq!(state("ben@example.com"), "sent");
    assert_eq!(state("cem@example.com"), "failed");
}

#[tokio::test]
async fn a_mailer_is_woken_by_a_new_person() {
    let rig = Rig::start().await;
    let post = Arc::new(Post::default());
    rig.platform.start_mailing(Arc::<Post>::clone(&post));
    create(&rig, "ann@example.com", json!({})).await;
    rig.until(async || newest(&rig).await["state"] == "sent").await;
    assert_eq!(post.taken.lock().unwrap().len(), 1);
    assert_eq!(rig.get(&outbox_path()).await.expect(200)["delivers"], true);
}

#[tokio::test]
async fn activation_emails_are_sent_again() {
    let rig = Rig::start().await;
    for n in 0..60 {
        create(&rig, &format!("p{n}@example.com"), json!({})).await;
    }
    let active = create(&rig, "active@example.com", json!({})).await;
    let first = link(&newest(&rig).await);
    rig.page("POST", &first).await;
    let off = create(&rig, "off@example.com", json!({})).await;
    let old = link(&newest(&rig).await);
    let off = format!("PUT /people/{}", off["id"].as_str().unwrap());
    rig.ask(&off, json!({ "loginEnabled": false })).await.expect(200);
    create(&rig, "last@example.com", json!({})).await;
    let jobs = format!(
        "{PUBLIC}/v1/identity/organizations/{}/jobs/sendActivationEmails",
        rig.org
    );
    let job = rig.ask(&format!("POST {jobs}"), Value::Null).await.expect(202);
    assert_eq!(
        (&job["latestExecutionStatus"], &job["name"]),
        (&json!("STARTED"), &json!("resendinviteemail"))
    );
    let path = format!("{jobs}/{}", job["id"].as_str().unwrap());
    rig.until(async || {
        let status = rig.get(&format!("{path}/status")).await.expect(200);
        status["latestExecutionStatus"] == "COMPLETED"
    })
    .await;
    let status = rig.get(&format!("{path}/status")).await.expect(200);
    assert_eq!(
        status["counts"],
        json!({ "userResendInviteSent": 61, "userResendInviteFailed": 0, "userResendInviteSkipped": 1, "totalUsers": 62 })
    );
    assert_eq!(status["latestExecutionExitCode"], "COMPLETED_WITH_ERRORS");
    let errors = rig.get(&format!("{path}/errors")).await.items();
    assert_eq!(errors.len(), 1);
    assert!(errors[0]["error"]["message"][0]["locationId"].is_null() && errors[0]["trackingId"].is_string());
    // A newer link makes older ones useless; whoever got no newer one keeps the old one.
    assert_eq!(rig.page("GET", &old).await.0, 200);
    let _ = active;
    // Once it has ended, it may run again.
    rig.ask(&format!("POST {jobs}"), Value::Null).await.expect(202);
}

#[tokio::test]
async fn who_may_send_again() {
    let rig = Rig::start().await;
    let jobs = format!(
        "{PUBLIC}/v1/identity/organizations/{}/jobs/sendActivationEmails",
        rig.org
    );
    let reader = rig
        .token(&[Role::ReadOnlyAdmin], &["spark-admin:people_write"])
        .await;
    rig.ask_as(Some(&reader), &format!("POST {jobs}"), Value::Null)
        .await
        .expect(403);
    let stranger = rig.stranger().await;
    rig.ask_as(Some(&stranger), &format!("POST {jobs}"), Value::Null)
        .await
        .expect(404);
    let elsewhere = jobs.replace(&rig.org.to_string(), &OrgId::random().to_string());
    rig.ask(&format!("POST {elsewhere}"), Value::Null)
        .await
        .expect(404);
    rig.get(&format!("{jobs}/{}/status", JobId::random()))
        .await
        .expect(404);
    rig.get(&format!("{jobs}/zzz/errors")).await.expect(400);
    // Two at once: one runs, or both one after the other.
    let ask = format!("POST {jobs}");
    let (one, other) = tokio::join!(rig.ask(&ask, Value::Null), rig.ask(&ask, Value::Null));
    let statuses = [one.status.as_u16(), other.status.as_u16()];
    assert!(
        statuses.contains(&202) && statuses.iter().all(|status| matches!(status, 202 | 409)),
        "{statuses:?}"
    );
}
