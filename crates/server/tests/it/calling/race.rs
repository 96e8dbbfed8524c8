//! Many clients want the same: one gets it, the others are told so.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{number, site};
use crate::rig::Rig;

const CLIENTS: usize = 50;

/// People who call, each with an extension.
async fn callers(rig: &Rig, location: &str) -> Vec<String> {
    let licenses = rig.get("/licenses").await.items();
    let license = licenses
        .iter()
        .find(|it| it["name"] == "Webex Calling - Professional")
        .unwrap();
    let mut people = Vec::new();
    for n in 0..CLIENTS {
        let body = json!({
            "emails": [format!("caller{n}@example.com")], "displayName": format!("Caller {n}"),
            "licenses": [license["id"]], "locationId": location, "extension": format!("{}", 1000 + n),
        });
        let made = rig.ask("POST /people?callingData=true", body).await.expect(200);
        people.push(made["id"].as_str().unwrap().to_owned());
    }
    people
}

async fn outcomes(rig: Arc<Rig>, requests: Vec<(String, Value)>) -> Vec<u16> {
    let running: Vec<_> = requests
        .into_iter()
        .map(|(request, body)| {
            let rig = Arc::clone(&rig);
            tokio::spawn(async move { rig.ask(&request, body).await.status.as_u16() })
        })
        .collect();
    let mut statuses = Vec::new();
    for one in running {
        statuses.push(one.await.unwrap());
    }
    statuses.sort_unstable();
    statuses
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_free_number_goes_to_one() {
    let rig = Arc::new(Rig::start().await);
    let location = site(&rig, "Denver", 100, 2).await.to_string();
    let people = callers(&rig, &location).await;
    let wish = json!({ "phoneNumbers": [{ "action": "ADD", "directNumber": number(101) }] });
    let requests = people
        .iter()
        .map(|person| {
            (
                format!("PUT /telephony/config/people/{person}/numbers"),
                wish.clone(),
            )
        })
        .collect();
    let statuses = outcomes(Arc::clone(&rig), requests).await;
    assert_eq!(statuses[0], 204);
    assert_eq!(
        statuses[1..],
        [409; CLIENTS - 1],
        "one wins, the others are told of the conflict"
    );
    let owned = super::listed(&rig, "phoneNumberType=ALTERNATE").await;
    assert_eq!(owned.len(), 1);

    // The same when it would become the primary number.
    let location = site(&rig, "Boulder", 200, 2).await;
    rig.ask(
        &format!("DELETE /telephony/config/locations/{location}/numbers"),
        json!({ "phoneNumbers": [number(201)] }),
    )
    .await
    .expect(204);
    let here = location.to_string();
    let add = json!({ "phoneNumbers": [number(202)] });
    rig.ask(&format!("POST /telephony/config/locations/{here}/numbers"), add)
        .await
        .expect(201);
    let licenses = rig.get("/licenses").await.items();
    let license = licenses
        .iter()
        .find(|it| it["name"] == "Webex Calling - Professional")
        .unwrap();
    let mut requests = Vec::new();
    for n in 0..CLIENTS {
        let body = json!({ "emails": [format!("new{n}@example.com")], "displayName": format!("New {n}") });
        let made = rig.ask("POST /people", body).await.expect(200);
        let wish = json!({
            "personId": made["id"],
            "licenses": [{ "id": license["id"], "properties": { "phoneNumber": number(202) } }],
        });
        requests.push(("PATCH /licenses/users".to_owned(), wish));
    }
    let statuses = outcomes(Arc::clone(&rig), requests).await;
    assert_eq!((statuses[0], &statuses[1..]), (200, &[409; CLIENTS - 1][..]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_extension_goes_to_one() {
    let rig = Arc::new(Rig::start().await);
    let location = site(&rig, "Denver", 100, 1).await.to_string();
    let people = callers(&rig, &location).await;
    let requests = people
        .iter()
        .enumerate()
        .map(|(n, person)| {
            let wish = json!({ "displayName": format!("Caller {n}"), "extension": "4711" });
            (format!("PUT /people/{person}?callingData=true"), wish)
        })
        .collect();
    let statuses = outcomes(Arc::clone(&rig), requests).await;
    assert_eq!(
        (statuses[0], &statuses[1..]),
        (200, &[400; CLIENTS - 1][..]),
        "code 4202"
    );
    assert_eq!(super::listed(&rig, "extension=4711").await.len(), 1);
}
