//! The inventory of numbers.

use serde_json::{Value, json};

use super::{codes, listed, number, numbers_of, site};
use crate::rig::Rig;

#[tokio::test]
async fn numbers_are_added_and_removed() {
    let rig = Rig::start().await;
    let location = site(&rig, "Denver", 100, 1).await;
    let path = format!("/telephony/config/locations/{location}/numbers");
    let (add, remove) = (format!("POST {path}"), format!("DELETE {path}"));
    let forms = json!({ "phoneNumbers": ["4085550101", "+1 408 555 0102"], "state": "INACTIVE" });
    rig.ask(&add, forms).await.expect(201);
    let free = listed(&rig, "available=true&order=dn-asc").await;
    assert_eq!(
        numbers_of(&free),
        [number(101), number(102)],
        "the main number is not free"
    );
    assert_eq!(
        (&free[0]["state"], free[0].get("owner")),
        (&json!("INACTIVE"), None)
    );
    // Free ones that are there are passed over; the main number is in use.
    rig.ask(&add, json!({ "phoneNumbers": [number(101), number(103)] }))
        .await
        .expect(201);
    let refused = rig
        .ask(&add, json!({ "phoneNumbers": [number(104), number(100)] }))
        .await;
    let refused = refused.expect(409);
    assert_eq!(
        (refused["errorCode"].as_i64(), codes(&refused)),
        (Some(25223), vec![8363])
    );
    assert_eq!(
        listed(&rig, &format!("phoneNumber={}", number(104).replace('+', "%2B"))).await,
        [] as [Value; 0]
    );
    let bad = json!({ "phoneNumbers": ["+1800", number(105), number(105)] });
    assert_eq!(codes(&rig.ask(&add, bad).await.expect(400)), [8362, 8360]);
    assert_eq!(codes(&rig.ask(&add, json!({})).await.expect(400)), [25008]);

    let main = rig.ask(&remove, json!({ "phoneNumbers": [number(100)] })).await;
    assert_eq!(codes(&main.expect(400)), [10_030_005]);
    let unknown = rig
        .ask(&remove, json!({ "phoneNumbers": [number(101), number(999)] }))
        .await;
    assert_eq!(codes(&unknown.expect(400)), [25089]);
    rig.ask(&remove, json!({ "phoneNumbers": [number(101), number(102)] }))
        .await
        .expect(204);
    assert_eq!(
        numbers_of(&listed(&rig, "order=dn-asc").await),
        [number(100), number(103)]
    );
}

#[tokio::test]
async fn numbers_are_activated() {
    let rig = Rig::start().await;
    let location = site(&rig, "Denver", 100, 2).await;
    let put = format!("PUT /telephony/config/locations/{location}/numbers");
    let free = json!({ "phoneNumbers": [number(101)], "action": "DEACTIVATE" });
    rig.ask(&put, free).await.expect(204);
    assert_eq!(numbers_of(&listed(&rig, "state=INACTIVE").await), [number(101)]);
    rig.ask(&put, json!({ "phoneNumbers": [number(101)] }))
        .await
        .expect(204);
    assert_eq!(listed(&rig, "state=INACTIVE").await, [] as [Value; 0]);
    let main = json!({ "phoneNumbers": [number(100)], "action": "DEACTIVATE" });
    rig.ask(&put, main).await.expect(400);
    rig.ask(
        &put,
        json!({ "phoneNumbers": [number(100)], "action": "EXPLODE" }),
    )
    .await
    .expect(400);
}

#[tokio::test]
async fn numbers_are_filtered_and_paged() {
    let rig = Rig::start().await;
    let denver = site(&rig, "Denver", 100, 5).await;
    site(&rig, "Boulder", 200, 2).await;
    let add = format!("POST /telephony/config/locations/{denver}/numbers");
    let free = json!({ "phoneNumbers": ["+18005550199"] });
    rig.ask(&add, free).await.expect(201);
    assert_eq!(listed(&rig, "").await.len(), 8);
    assert_eq!(listed(&rig, &format!("locationId={denver}")).await.len(), 6);
    assert_eq!(
        numbers_of(&listed(&rig, "tollFreeNumbers=True").await),
        ["+18005550199"]
    );
    assert_eq!(
        numbers_of(&listed(&rig, "phoneNumber=50102").await),
        [number(102)]
    );
    assert_eq!(
        numbers_of(&listed(&rig, "order=dn-desc&max=2").await),
        ["+18005550199".to_owned(), number(201)]
    );
    let counted = rig
        .get("/telephony/config/numbers?details=true&max=1")
        .await
        .expect(200);
    assert_eq!(counted["count"]["total"], 8);
    assert_eq!(
        (
            &counted["count"]["tollFreeNumbers"],
            &counted["count"]["unAssigned"]
        ),
        (&json!(1), &json!(8))
    );

    let mut next = Some("/v1/telephony/config/numbers?max=3&order=dn-asc".to_owned());
    let (mut pages, mut all) = (Vec::new(), Vec::new());
    while let Some(url) = next {
        let path = url.split_once("/v1").unwrap().1.to_owned();
        let answer = rig.get(&path).await;
        next = answer.next.clone();
        let items = answer.expect(200)["phoneNumbers"].as_array().unwrap().clone();
        pages.push(items.len());
        all.extend(
            items
                .iter()
                .map(|it| it["phoneNumber"].as_str().unwrap().to_owned()),
        );
    }
    assert_eq!(pages, [3, 3, 2], "each page is full but the last");
    let mut sorted = all.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!((all.len(), &sorted), (8, &all), "in order, none twice");
    let from_start = listed(&rig, "order=dn-asc&start=6").await;
    assert_eq!(numbers_of(&from_start), all[6..]);

    for bad in [
        "numberType=EXTENSION&available=true",
        "available=true&ownerType=PEOPLE",
        "reservedNumber=true&available=true",
        "state=SLEEPING",
        "order=colour",
        "max=0",
        "locationId=x",
        "ownerId=%25",
    ] {
        rig.get(&format!("/telephony/config/numbers?{bad}"))
            .await
            .expect(400);
    }
}

#[tokio::test]
async fn numbers_are_validated() {
    let rig = Rig::start().await;
    site(&rig, "Denver", 100, 1).await;
    let ask = |texts: Value| {
        let rig = &rig;
        async move {
            let path = "POST /telephony/config/actions/validateNumbers/invoke";
            rig.ask(path, json!({ "phoneNumbers": texts })).await.expect(200)
        }
    };
    assert_eq!(ask(json!([number(999)])).await["status"], "OK");
    let said = ask(json!([number(100), number(998), number(998), "+1800"])).await;
    assert_eq!(said["status"], "ERRORS");
    assert_eq!(said["numbers"], said["phoneNumbers"]);
    let states: Vec<&str> = said["numbers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["Duplicate", "Available", "Duplicate In List", "Invalid"]);
    assert_eq!(
        said["numbers"][3]["detail"],
        json!(["[Error 8362] DN is invalid : +1800"])
    );
    assert_eq!(said["numbers"][1]["phoneNumber"], number(998));
}

#[tokio::test]
async fn a_number_is_in_one_organization() {
    let rig = Rig::start().await;
    let location = site(&rig, "Denver", 100, 2).await;
    let stranger = rig.stranger().await;
    let path = "POST /telephony/config/actions/validateNumbers/invoke";
    let said = rig
        .ask_as(Some(&stranger), path, json!({ "phoneNumbers": [number(100)] }))
        .await;
    assert_eq!(said.expect(200)["numbers"][0]["state"], "Unavailable");
    let add = format!("POST /telephony/config/locations/{location}/numbers");
    let foreign = rig
        .ask_as(Some(&stranger), &add, json!({ "phoneNumbers": [number(300)] }))
        .await;
    assert_eq!(codes(&foreign.expect(404)), [4008]);
    let empty = rig
        .ask_as(Some(&stranger), "GET /telephony/config/numbers", Value::Null)
        .await;
    assert_eq!(empty.expect(200)["phoneNumbers"], json!([]));
}
