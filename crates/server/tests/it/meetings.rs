//! Meetings: scheduling, recurrence, changing, holding.

use hallway_platform::Config;
use hallway_platform::org::Role;
use hallway_wire::id::PersonId;
use serde_json::{Value, json};

use crate::receiver::Receiver;
use crate::rig::{PUBLIC, Rig};

pub(crate) fn control(method: &str, path: &str) -> String {
    format!("{method} {PUBLIC}/hallway/v1{path}")
}

const OWN: &[&str] = &[
    "meeting:schedules_read",
    "meeting:schedules_write",
    "spark:people_read",
];

fn planning() -> Value {
    json!({
        "title": "Planning", "agenda": "What next", "start": "2026-03-05T20:30:00-08:00",
        "end": "2026-03-05T21:30:00-08:00", "timezone": "America/Los_Angeles",
        "enabledJoinBeforeHost": true, "joinBeforeHostMinutes": 15, "integrationTags": ["jira-1"],
        "meetingOptions": {"enabledChat": true, "noteType": "allowAll", "enabledUCFRichMedia": false},
        "sendEmail": false, "hostEmail": null, "unknown": 1,
    })
}

fn weekly() -> Value {
    json!({
        "title": "Weekly", "start": "2026-03-05T09:00:00", "end": "2026-03-05T09:30:00",
        "timezone": "Europe/Oslo", "recurrence": "FREQ=WEEKLY;COUNT=6",
    })
}

#[tokio::test]
async fn made_read_changed_deleted() {
    let rig = Rig::start().await;
    let made = rig.ask("POST /meetings", planning()).await.expect(200);
    let id = made["id"].as_str().unwrap().to_owned();
    assert_eq!(id.len(), 32);
    assert_eq!(made["meetingType"], "meetingSeries");
    assert_eq!(made["state"], "active");
    assert_eq!(made["start"], "2026-03-05T20:30:00-08:00");
    assert_eq!(made["timezone"], "America/Los_Angeles");
    assert_eq!(made["meetingOptions"], planning()["meetingOptions"]);
    assert_eq!(made["enabledBreakoutSessions"], false);
    for member in [
        "password",
        "hostKey",
        "hostUserId",
        "hostEmail",
        "siteUrl",
        "webLink",
        "meetingNumber",
    ] {
        assert!(!made[member].as_str().unwrap().is_empty(), "{member}");
    }
    assert!(made["telephony"]["accessCode"].is_string() && made["telephony"]["links"].is_array());
    assert!(made.get("unknown").is_none());

    assert_eq!(rig.get(&format!("/meetings/{id}")).await.expect(200), made);
    let now = rig.get(&format!("/meetings/{id}?current=true")).await.expect(200);
    assert_eq!(now["id"], format!("{id}_20260306T043000Z"));
    assert_eq!(now["meetingType"], "scheduledMeeting");
    assert_eq!(now["state"], "scheduled");
    assert_eq!(
        rig.get(&format!("/meetings/{id}_20260306T043000Z"))
            .await
            .expect(200),
        now
    );
    rig.get(&format!("/meetings/{id}_20260306T043001Z"))
        .await
        .expect(404);

    let patched = rig
        .ask(
            &format!("PATCH /meetings/{id}"),
            json!({ "agenda": "Other", "title": null }),
        )
        .await
        .expect(200);
    assert_eq!(
        (
            &patched["title"],
            &patched["agenda"],
            &patched["joinBeforeHostMinutes"]
        ),
        (&json!("Planning"), &json!("Other"), &json!(15))
    );
    let put = rig
        .ask(
            &format!("PUT /meetings/{id}"),
            json!({ "start": "2026-03-06T01:00:00Z" }),
        )
        .await
        .expect(200);
    assert_eq!(
        (&put["title"], &put["joinBeforeHostMinutes"]),
        (&json!("Planning"), &json!(0))
    );
    assert_eq!(
        (&put["start"], &put["end"]),
        (
            &json!("2026-03-05T17:00:00-08:00"),
            &json!("2026-03-05T18:00:00-08:00")
        ),
        "it keeps its length"
    );
    assert_eq!(put["password"], made["password"]);
    assert!(
        put.get("agenda").is_none() && put.get("integrationTags").is_none(),
        "{put}"
    );

    let delete = format!("DELETE /meetings/{id}?sendEmail=False");
    assert_eq!(rig.ask(&delete, Value::Null).await.expect(204), Value::Null);
    rig.get(&format!("/meetings/{id}")).await.expect(404);
    rig.ask(&delete, Value::Null).await.expect(404);
}

#[tokio::test]
async fn what_is_wrong_is_said() {
    let rig = Rig::start().await;
    let refused = async |change: Value| {
        let mut body = planning();
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        rig.ask("POST /meetings", body).await.expect(400)
    };
    for (change, word) in [
        (json!({ "title": null }), "title"),
        (json!({ "title": "x".repeat(129) }), "title"),
        (json!({ "start": null }), "start"),
        (json!({ "end": null }), "end"),
        (json!({ "end": "2026-03-05T20:35:00-08:00" }), "10 minutes"),
        (json!({ "end": "2026-03-07T20:35:00-08:00" }), "24 hours"),
        (json!({ "end": "2026-03-05T20:00:00-08:00" }), "after start"),
        (
            json!({ "start": "2026-01-05T20:30:00Z", "end": "2026-01-05T21:30:00Z" }),
            "past",
        ),
        (json!({ "start": "soon" }), "start"),
        (json!({ "timezone": "Mars/Olympus" }), "timezone"),
        (json!({ "recurrence": "FREQ=HOURLY" }), "recurrence"),
        (
            json!({ "recurrence": "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30" }),
            "no date",
        ),
        (json!({ "agenda": "x".repeat(1301) }), "agenda"),
        (json!({ "joinBeforeHostMinutes": 7 }), "joinBeforeHostMinutes"),
        (
            json!({ "meetingOptions": { "enabledChat": "yes" } }),
            "meetingOptions.enabledChat",
        ),
        (json!({ "scheduledType": "party" }), "scheduledType"),
        (json!({ "scheduledType": "webinar" }), "sessionTypeId"),
        (json!({ "invitees": [{ "email": "x" }] }), "invitees[0].email"),
        (json!({ "invitees": [{}] }), "invitees[0]"),
        (
            json!({ "integrationTags": ["a", "b", "c", "d"] }),
            "integrationTags",
        ),
        (json!({ "adhoc": true }), "roomId"),
        (json!({ "roomId": "x" }), "roomId"),
        (json!({ "password": "a b c d" }), "password"),
    ] {
        let body = refused(change.clone()).await;
        assert!(
            body["message"].as_str().unwrap().contains(word),
            "{change}: {body}"
        );
    }
    let both = refused(json!({ "title": null, "timezone": "x" })).await;
    assert_eq!(both["errors"].as_array().unwrap().len(), 2, "{both}");
    rig.ask("POST /meetings", json!([])).await.expect(400);
    let room = hallway_wire::id::RoomId::random();
    let mut with_room = planning();
    with_room["roomId"] = json!(room);
    rig.ask("POST /meetings", with_room).await.expect(404);
    for bad in [
        "/meetings?meetingType=x",
        "/meetings?from=2026-03-06&to=2026-03-05",
        "/meetings?max=0",
        "/meetings?meetingNumber=1&roomId=1",
        "/meetings?meetingNumber=1&webLink=1",
        "/meetings?cursor=x",
        "/meetings/x",
        "/meetings/%ff",
    ] {
        rig.get(bad).await.expect(400);
    }
}

#[tokio::test]
async fn a_series_has_scheduled_meetings() {
    let rig = Rig::start().await;
    let made = rig.ask("POST /meetings", weekly()).await.expect(200);
    let id = made["id"].as_str().unwrap().to_owned();
    assert_eq!(made["recurrence"], "FREQ=WEEKLY;COUNT=6");
    let span = "meetingType=scheduledMeeting&from=2026-03-05&to=2026-06-01";
    let all = rig.get(&format!("/meetings?{span}")).await.items();
    let starts: Vec<&str> = all.iter().map(|it| it["start"].as_str().unwrap()).collect();
    assert_eq!(starts.len(), 6);
    assert_eq!(starts[0], "2026-03-05T09:00:00+01:00");
    assert_eq!(starts[4], "2026-04-02T09:00:00+02:00", "the hour stays in summer");
    assert_eq!(all[4]["id"], format!("{id}_20260402T070000Z"));
    assert!(
        all.iter()
            .all(|it| it["meetingSeriesId"] == id.as_str() && it["isModified"] == false)
    );

    let mut next = Some(format!("/meetings?{span}&max=4&meetingSeriesId={id}"));
    let mut pages = Vec::new();
    while let Some(path) = next {
        let mut answer = rig.get(&path).await;
        next = answer.next.take();
        pages.push(answer.items().len());
    }
    assert_eq!(pages, [4, 2]);

    // One of them changes, one goes.
    let second = all[1]["id"].as_str().unwrap();
    let change = json!({ "title": "Late", "start": "2026-03-12T15:00:00", "timezone": "Europe/Oslo" });
    let changed = rig
        .ask(&format!("PATCH /meetings/{second}"), change)
        .await
        .expect(200);
    assert_eq!(
        (&changed["id"], &changed["start"], &changed["end"]),
        (
            &json!(second),
            &json!("2026-03-12T15:00:00+01:00"),
            &json!("2026-03-12T15:30:00+01:00")
        )
    );
    let third = all[2]["id"].as_str().unwrap();
    rig.ask(&format!("DELETE /meetings/{third}"), Value::Null)
        .await
        .expect(204);
    rig.get(&format!("/meetings/{third}")).await.expect(404);
    let left = rig.get(&format!("/meetings?{span}")).await.items();
    assert_eq!(left.len(), 5);
    let modified = rig
        .get(&format!("/meetings?{span}&isModified=true"))
        .await
        .items();
    assert_eq!(modified.len(), 1);
    assert_eq!(modified[0]["title"], "Late");
    assert_eq!(
        rig.get(&format!("/meetings/{id}")).await.expect(200)["title"],
        "Weekly"
    );
    let rule = json!({ "recurrence": "FREQ=DAILY" });
    rig.ask(&format!("PATCH /meetings/{second}"), rule)
        .await
        .expect(400);

    // The list of series, by number and by link.
    let series = rig.get("/meetings").await.items();
    assert_eq!(series.len(), 1);
    assert_eq!(series[0]["id"], id.as_str());
    assert!(rig.get("/meetings?from=2027-01-01").await.items().is_empty());
    let number = made["meetingNumber"].as_str().unwrap();
    let found = rig
        .get(&format!("/meetings?meetingNumber={number}&current=false"))
        .await
        .items();
    assert_eq!(found[0]["id"], id.as_str());
    let link: String =
        form_urlencoded::byte_serialize(made["webLink"].as_str().unwrap().as_bytes()).collect();
    let found = rig.get(&format!("/meetings?webLink={link}")).await.items();
    assert_eq!(found[0]["meetingType"], "scheduledMeeting");
    assert!(rig.get("/meetings?meetingNumber=1").await.items().is_empty());
}

#[tokio::test]
async fn who_sees_what() {
    let rig = Rig::start().await;
    let (host, guest) = (PersonId::random(), PersonId::random());
    let host_token = rig.token_of(host, &[], OWN).await;
    let guest_token = rig.token_of(guest, &[], OWN).await;
    let other = rig.token(&[], OWN).await;
    let guest_email = format!("p{}@example.com", guest.uuid().simple());
    let mut body = planning();
    body["invitees"] = json!([
        { "email": guest_email.to_uppercase(), "coHost": true }, { "email": guest_email }, { "email": "else@where.org" },
    ]);
    let made = rig
        .ask_as(Some(&host_token), "POST /meetings", body)
        .await
        .expect(200);
    let path = format!("/meetings/{}", made["id"].as_str().unwrap());
    assert_eq!(made["hostUserId"], json!(host));
    let seen = rig
        .ask_as(Some(&guest_token), &format!("GET {path}"), Value::Null)
        .await
        .expect(200);
    assert_eq!(
        (&seen["hostKey"], &seen["password"]),
        (&json!(""), &made["password"])
    );
    let listed = rig
        .ask_as(Some(&guest_token), "GET /meetings", Value::Null)
        .await
        .items();
    assert_eq!(listed.len(), 1);
    rig.ask_as(Some(&other), &format!("GET {path}"), Value::Null)
        .await
        .expect(404);
    let change = json!({ "title": "Mine" });
    rig.ask_as(Some(&guest_token), &format!("PATCH {path}"), change.clone())
        .await
        .expect(403);
    rig.ask_as(Some(&guest_token), &format!("DELETE {path}"), Value::Null)
        .await
        .expect(403);
    rig.ask_as(Some(&rig.stranger().await), &format!("GET {path}"), Value::Null)
        .await
        .expect(404);

    // An administrator acts for the host.
    let host_email = format!("p{}@example.com", host.uuid().simple());
    let asked = rig
        .get(&format!("/meetings?hostEmail={host_email}"))
        .await
        .items();
    assert_eq!(asked[0]["hostKey"], made["hostKey"]);
    assert!(
        rig.get("/meetings").await.items().is_empty(),
        "the administrator hosts none"
    );
    rig.ask(&format!("PATCH {path}"), change).await.expect(200);
    let mut for_host = planning();
    for_host["hostEmail"] = json!(host_email);
    let made = rig.ask("POST /meetings", for_host.clone()).await.expect(200);
    assert_eq!(made["hostUserId"], json!(host));
    rig.ask_as(Some(&other), "POST /meetings", for_host)
        .await
        .expect(403);
    rig.get("/meetings?hostEmail=nobody@example.com")
        .await
        .expect(404);
    let reader = rig
        .token(&[Role::ReadOnlyAdmin], &["meeting:admin_schedule_read"])
        .await;
    rig.ask_as(Some(&reader), &format!("GET {path}"), Value::Null)
        .await
        .expect(200);
    rig.ask_as(Some(&reader), "POST /meetings", planning())
        .await
        .expect(403);
}

#[tokio::test]
async fn held_from_start_to_end() {
    let rig = Rig::start().await;
    let mut body = weekly();
    body["enabledAutoRecordMeeting"] = json!(true);
    let made = rig.ask("POST /meetings", body).await.expect(200);
    let id = made["id"].as_str().unwrap().to_owned();
    let to = |verb: &str| control("POST", &format!("/meetings/{id}/{verb}"));
    rig.ask(&to("end"), Value::Null).await.expect(409);
    rig.ask(&to("join"), json!({ "email": "a@b.org" }))
        .await
        .expect(409);
    let bad = json!({ "participants": [{ "email": "x" }] });
    rig.ask(&to("start"), bad).await.expect(400);
    let guests = json!({ "participants": [{ "email": "a@b.org", "displayName": "A" }] });
    let running = rig.ask(&to("start"), guests).await.expect(200);
    let instance = running["id"].as_str().unwrap().to_owned();
    let (series, number) = instance.split_once("_I_").unwrap();
    assert_eq!((series, number.len()), (id.as_str(), 18));
    assert_eq!(running["state"], "inProgress");
    assert_eq!(running["scheduledMeetingId"], format!("{id}_20260305T080000Z"));
    rig.ask(&to("start"), Value::Null).await.expect(409);
    rig.ask(&to("join"), json!({ "email": "A@b.org" }))
        .await
        .expect(409);
    rig.ask(&to("join"), json!({ "email": "c@b.org" }))
        .await
        .expect(200);
    let left = rig
        .ask(&to("leave"), json!({ "email": "a@b.org" }))
        .await
        .expect(200);
    assert_eq!(
        (&left["state"], &left["displayName"]),
        (&json!("end"), &json!("A"))
    );
    rig.ask(&to("leave"), json!({ "email": "a@b.org" }))
        .await
        .expect(404);
    let scheduled = rig
        .get(&format!("/meetings/{id}_20260305T080000Z"))
        .await
        .expect(200);
    assert_eq!(scheduled["state"], "inProgress");
    rig.ask(&format!("DELETE /meetings/{id}"), Value::Null)
        .await
        .expect(400);
    rig.ask(&format!("PATCH /meetings/{instance}"), json!({ "title": "x" }))
        .await
        .expect(400);

    let ended = rig
        .ask(&to("end"), json!({ "transcript": true }))
        .await
        .expect(200);
    assert_eq!(
        (&ended["state"], &ended["id"]),
        (&json!("ended"), &json!(instance))
    );
    rig.ask(&to("end"), Value::Null).await.expect(409);
    let held = rig
        .get(&format!("/meetings?meetingType=meeting&meetingSeriesId={id}"))
        .await
        .items();
    assert_eq!((held.len(), &held[0]["hasRecording"]), (1, &json!(true)));
    let people = rig
        .ask(
            &control("GET", &format!("/meetings/{instance}/participants")),
            Value::Null,
        )
        .await
        .items();
    assert_eq!(people.len(), 3);
    assert!(
        people
            .iter()
            .all(|it| it["state"] == "end" && it["leftTime"].is_string())
    );
    let recordings = rig.get("/recordings").await.items();
    assert_eq!(recordings.len(), 1);
    assert_eq!(recordings[0]["meetingId"], instance.as_str());

    let officer = rig
        .token(&[Role::ComplianceOfficer], &["spark-compliance:events_read"])
        .await;
    let logged = rig
        .ask_as(Some(&officer), "GET /events?resource=meetings", Value::Null)
        .await
        .items();
    assert_eq!((logged.len(), &logged[0]["type"]), (1, &json!("ended")));
    assert_eq!(logged[0]["data"]["id"], instance.as_str());

    // History stays when the series goes.
    rig.ask(&format!("DELETE /meetings/{id}"), Value::Null)
        .await
        .expect(204);
    assert_eq!(
        rig.get(&format!("/meetings/{instance}")).await.expect(200)["state"],
        "ended"
    );
    let nobody = rig.token(&[], OWN).await;
    rig.ask_as(Some(&nobody), &to("start"), Value::Null)
        .await
        .expect(403);
}

#[tokio::test]
async fn webhooks_hear_of_meetings() {
    let rig = Rig::that_calls(Config::default()).await;
    let mut receiver = Receiver::start().await;
    let host = PersonId::random();
    let scopes = [
        "meeting:schedules_read",
        "meeting:schedules_write",
        "meeting:participants_read",
    ];
    let token = rig.token_of(host, &[], &scopes).await;
    for resource in ["meetings", "meetingParticipants"] {
        let hook = json!({ "name": "Mine", "targetUrl": receiver.url, "resource": resource, "event": "all" });
        rig.ask_as(Some(&token), "POST /webhooks", hook).await.expect(200);
    }
    let made = rig
        .ask_as(Some(&token), "POST /meetings", planning())
        .await
        .expect(200);
    let path = format!("/meetings/{}", made["id"].as_str().unwrap());
    for verb in ["start", "end"] {
        rig.ask(&control("POST", &format!("{path}/{verb}")), Value::Null)
            .await
            .expect(200);
    }
    rig.ask_as(Some(&token), &format!("DELETE {path}"), Value::Null)
        .await
        .expect(204);
    let mut heard = std::collections::BTreeSet::new();
    for _ in 0..6 {
        let sent = receiver.next().await.json();
        assert!(
            sent["data"]["id"].is_string() && sent["data"].get("password").is_none(),
            "{sent}"
        );
        assert!(sent["data"].get("hostKey").is_none(), "{sent}");
        heard.insert(format!(
            "{} {}",
            sent["resource"].as_str().unwrap(),
            sent["event"].as_str().unwrap()
        ));
    }
    let expected = [
        "meetingParticipants joined",
        "meetingParticipants left",
        "meetings created",
        "meetings deleted",
        "meetings ended",
        "meetings started",
    ];
    assert_eq!(heard.iter().map(String::as_str).collect::<Vec<_>>(), expected);
    rig.close().await;
}
