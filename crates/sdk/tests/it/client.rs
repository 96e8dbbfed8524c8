//! Requests: pages, repeats, limits, errors.

use std::time::{Duration, Instant};

use futures_util::TryStreamExt as _;
use hallway_sdk::client::{RateLimit, RetryPolicy};
use hallway_sdk::resources::{AddNumbers, PersonBody};
use hallway_sdk::{Client, DeviceId, Error, LocationId, Missing, PersonId};
use serde_json::json;

use crate::play::{Service, cut, ok, refused, status};

/// Patient, but quick about it.
pub fn quick() -> RetryPolicy {
    RetryPolicy {
        first: Duration::from_millis(5),
        most: Duration::from_millis(20),
        ..RetryPolicy::default()
    }
}

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
async fn lists_page_by_themselves() {
    let (service, client) = rig().await;
    let next = format!("<{}/v1/people?cursor=abc>; rel=\"next\"", service.url);
    service.rule(move |seen| {
        let page = |names: &[&str]| {
            let items: Vec<_> = names
                .iter()
                .map(|name| json!({ "id": name, "displayName": name }))
                .collect();
            ok(json!({ "items": items }))
        };
        match seen.path.as_str() {
            "/v1/people?displayName=Ha&max=2" => Some(page(&["a", "b"]).with("link", next.clone())),
            "/v1/people?cursor=abc" => Some(page(&["c"])),
            _ => None,
        }
    });
    let mut people = client.people().list().display_name("Ha").page_size(2).stream();
    let mut names = Vec::new();
    while let Some(person) = people.try_next().await.unwrap() {
        names.push(person.id.to_string());
        if names.len() == 1 {
            assert_eq!(
                service.seen("/v1/people").len(),
                1,
                "the next page is fetched when it is needed"
            );
        }
    }
    assert_eq!(names, ["a", "b", "c"]);
    let seen = service.seen("/v1/people");
    assert_eq!(seen[1].token(), "secret-token");
    assert_ne!(seen[0].headers["trackingid"], seen[1].headers["trackingid"]);
}

#[tokio::test]
async fn a_next_page_elsewhere_does_not_get_the_token() {
    let (service, client) = rig().await;
    let evil = Service::start().await;
    let next = format!("<{}/v1/people>; rel=\"next\"", evil.url);
    service.plays(
        "GET",
        "/v1/people",
        [ok(json!({ "items": [{ "id": "a" }] })).with("link", next)],
    );
    let error = client.people().list().all().await.unwrap_err();
    assert!(matches!(error, Error::Configuration(_)), "{error}");
    assert!(evil.seen("/v1/people").is_empty());
}

#[tokio::test]
async fn a_storm_of_429_is_sat_out_and_nothing_is_done_twice() {
    let (service, client) = rig().await;
    let busy = || refused(429, "Too many requests.").with("retry-after", "0");
    service.plays(
        "POST",
        "/v1/people",
        [busy(), busy(), busy(), ok(json!({ "id": "p" }))],
    );
    let body = PersonBody::new().display_name("Ada");
    assert_eq!(
        client.people().create(&body).await.unwrap().id,
        PersonId::from("p")
    );
    assert_eq!(service.seen("/v1/people").len(), 4);
    // One that is too long to wait for is told.
    service.plays(
        "GET",
        "/v1/people/x",
        [refused(429, "Too many requests.").with("retry-after", "3600")],
    );
    let error = client.people().get(&PersonId::from("x")).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3600)));
}

#[tokio::test]
async fn retry_after_is_kept_by_all_tasks() {
    let (service, client) = rig().await;
    let busy = refused(429, "Too many requests.").with("retry-after", "1");
    service.plays("GET", "/v1/people/me", [busy, ok(json!({ "id": "me" }))]);
    service.plays(
        "GET",
        "/v1/roles/r",
        [ok(json!({ "id": "r", "name": "Full Administrator" }))],
    );
    let start = Instant::now();
    let first = tokio::spawn({
        let client = client.clone();
        async move { client.people().me().await }
    });
    service.until("/v1/people/me", 1).await;
    // Until the answer has arrived the client does not know yet.
    while client.roles().get(&"r".into()).await.is_ok() && start.elapsed() < Duration::from_millis(900) {}
    first.await.unwrap().unwrap();
    assert!(start.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn what_may_have_been_done_is_not_repeated() {
    let (service, client) = rig().await;
    service.plays(
        "POST",
        "/v1/people",
        [
            status(502, json!({ "message": "Bad gateway" })),
            ok(json!({ "id": "p" })),
        ],
    );
    let error = client.people().create(&PersonBody::new()).await.unwrap_err();
    assert!(
        matches!(error, Error::Unavailable { .. }) && error.is_temporary(),
        "{error}"
    );
    assert_eq!(service.seen("/v1/people").len(), 1);
    // An answer that is cut off is as good as none.
    service.plays("POST", "/v1/xapi/command/Dial", [cut(), ok(json!({}))]);
    let device = client.device("d");
    let error = device.dial("1").await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::Transport {
                maybe_arrived: true,
                ..
            }
        ),
        "{error:?}"
    );
    assert_eq!(service.seen("/v1/xapi/command/Dial").len(), 1);
    // What may be repeated is.
    service.plays(
        "POST",
        "/v1/xapi/command/Audio.Volume.Set",
        [cut(), status(503, json!({})), ok(json!({}))],
    );
    device.set_volume(30).await.unwrap();
    service.plays("GET", "/v1/devices/d", [cut(), cut(), ok(json!({ "id": "d" }))]);
    assert_eq!(
        client.devices().get(&"d".into()).await.unwrap().id,
        DeviceId::from("d")
    );
}

#[tokio::test]
async fn without_a_connection_everything_is_repeated() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    drop(listener);
    let client = Client::builder(url)
        .personal_token("t")
        .retry(quick())
        .build()
        .unwrap();
    let error = client.people().create(&PersonBody::new()).await.unwrap_err();
    let Error::Transport {
        maybe_arrived,
        context,
        ..
    } = &error
    else {
        panic!("{error}")
    };
    assert!(!maybe_arrived);
    assert!(context.message.contains("refused"), "says why: {context}");
    assert!(
        context.tracking_id.as_deref().unwrap().ends_with("_5"),
        "five tries: {context}"
    );
}

#[tokio::test]
async fn errors_say_what_and_where_and_no_secret() {
    let (service, client) = rig().await;
    service.plays(
        "GET",
        "/v1/people/x",
        [refused(
            403,
            "The access token lacks the scope spark-admin:people_read.",
        )],
    );
    let error = client.people().get(&PersonId::from("x")).await.unwrap_err();
    let Error::Permission { missing, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(
        *missing,
        Missing::Scope(vec!["spark-admin:people_read".to_owned()])
    );
    let text = format!("{error} {error:?} {client:?}");
    assert!(
        text.contains("/v1/people/x") && text.contains("SERVICE_7") && !text.contains("secret-token"),
        "{text}"
    );
    service.plays(
        "GET",
        "/v1/people/y",
        [refused(401, "The request requires a valid access token.")],
    );
    let error = client.people().get(&PersonId::from("y")).await.unwrap_err();
    assert!(matches!(error, Error::Unauthorized(_)));
    assert_eq!(
        service.seen("/v1/people/y").len(),
        1,
        "a personal token cannot be renewed"
    );
    service.plays("GET", "/v1/people/z", [ok(json!([1]))]);
    let error = client.people().get(&PersonId::from("z")).await.unwrap_err();
    assert!(
        matches!(error, Error::Protocol(_)) && error.tracking_id() == Some("SERVICE_7"),
        "{error}"
    );
}

#[tokio::test]
async fn requests_have_the_shapes_of_the_protocol() {
    let (service, client) = rig().await;
    service.rule(|seen| match seen.method.as_str() {
        "POST" | "PUT" | "DELETE" => Some(status(204, json!(null))),
        _ => None,
    });
    let oslo = LocationId::from("L");
    let numbers = AddNumbers::new(["+4722000001", "+4722000002"]);
    client.calling().add_numbers(&oslo, &numbers).await.unwrap();
    let six = ["+1", "+2", "+3", "+4", "+5", "+6"];
    client.calling().remove_numbers(&oslo, &six).await.unwrap();
    let seen = service.seen("/v1/telephony/config/locations/L/numbers");
    assert_eq!(
        seen[0].json(),
        json!({ "phoneNumbers": ["+4722000001", "+4722000002"] })
    );
    assert_eq!(seen.len(), 3, "five numbers at a time");
    assert_eq!(seen[2].json(), json!({ "phoneNumbers": ["+6"] }));
}

#[tokio::test]
async fn the_xapi_of_a_device() {
    let (service, client) = rig().await;
    service.rule(|seen| {
        let name = seen.path.strip_prefix("/v1/xapi/status?")?;
        Some(if name.contains("Audio.Volume") {
            ok(json!({ "deviceId": "d", "result": { "Audio": { "Volume": 33 }, "Standby": { "State": "Off" } } }))
        } else {
            ok(json!({ "deviceId": "d", "result": {} }))
        })
    });
    service.plays(
        "POST",
        "/v1/xapi/command/UserInterface.Message.Prompt.Display",
        [ok(json!({ "deviceId": "d" }))],
    );
    service.plays(
        "PATCH",
        "/v1/deviceConfigurations",
        [status(201, json!({ "deviceId": "d", "items": {} }))],
    );
    service.plays("GET", "/v1/deviceConfigurations", [ok(json!({ "deviceId": "d", "items": {
        "Audio.DefaultVolume": {
            "value": 40, "source": "configured", "valueSpace": { "type": "integer" },
            "sources": { "default": { "value": 50 }, "configured": { "value": 40, "editability": { "isEditable": true } } },
        }
    } }))]);
    let device = client.device("d");
    assert_eq!(device.status("Audio Volume").get::<u8>().await.unwrap(), 33);
    assert_eq!(
        service.seen("/v1/xapi/status")[0].path,
        "/v1/xapi/status?deviceId=d&name=Audio.Volume"
    );
    assert_eq!(device.status("Audio.Gain").optional::<u8>().await.unwrap(), None);
    let many: Vec<String> = (0..11).map(|n| format!("Call[{n}].Status")).collect();
    device.statuses(many).read().await.unwrap();
    assert_eq!(service.seen("/v1/xapi/status").len(), 4, "ten paths a request");
    let prompt = device
        .prompt("Still here?")
        .options(["Yes", "No"])
        .feedback_id("q1")
        .duration(30);
    prompt.show().await.unwrap();
    let seen = service.seen("/v1/xapi/command/UserInterface.Message.Prompt.Display");
    assert_eq!(
        seen[0].json(),
        json!({ "deviceId": "d", "arguments": {
            "Text": "Still here?", "Option.1": "Yes", "Option.2": "No", "FeedbackId": "q1", "Duration": 30,
        } })
    );
    assert_eq!(
        device.configuration::<u8>("audio.defaultVolume").await.unwrap(),
        40
    );
    device
        .configure()
        .set("Audio.DefaultVolume", 41)
        .reset("Standby.Delay")
        .apply()
        .await
        .unwrap();
    let seen = service.seen("/v1/deviceConfigurations");
    let patch = seen.last().unwrap();
    assert_eq!(patch.headers["content-type"], "application/json-patch+json");
    assert_eq!(
        patch.json(),
        json!([
            { "op": "replace", "path": "Audio.DefaultVolume/sources/configured/value", "value": 41 },
            { "op": "remove", "path": "Standby.Delay/sources/configured/value" },
        ])
    );
    let error = device.command("no path!").run().await.unwrap_err();
    assert!(matches!(error, Error::Configuration(_)));
}
