//! The audit trail, by the contract's own list and by the management API's.

use hallway_platform::org::Role;
use serde_json::{Value, json};

use crate::meetings::control;
use crate::rig::Rig;

const SPAN: &str = "from=2026-03-01T00:00:00.000Z&to=2026-03-05T00:00:00Z";

#[tokio::test]
async fn filtered_and_paged() {
    let rig = Rig::start().await;
    for number in 0..5 {
        let body = json!({ "displayName": format!("Room {number}") });
        rig.ask("POST /workspaces", body).await.expect(201);
    }
    let list = format!("/adminAudit/events?orgId={}&{SPAN}", rig.org);
    let all = rig.get(&list).await.items();
    assert_eq!(all.len(), 6, "the organization was founded, too");
    let newest = &all[0];
    assert_eq!(newest["created"], "2026-03-04T05:06:07.089Z");
    let me = rig.get("/people/me").await.expect(200);
    assert_eq!(newest["actorId"], me["id"]);
    assert_eq!(newest["actorOrgId"], json!(rig.org));
    let data = &newest["data"];
    assert_eq!(data["eventCategory"], "WORKSPACES");
    assert_eq!(data["adminRoles"], json!(["id_full_admin"]));
    assert_eq!(data["actorEmail"], me["emails"][0]);
    assert_eq!(data["targetType"], "WORKSPACE");
    for member in [
        "actorOrgName",
        "actionText",
        "eventDescription",
        "trackingId",
        "targetName",
        "targetOrgId",
    ] {
        assert!(!data[member].as_str().unwrap().is_empty(), "{member}: {data}");
    }

    let count = async |filter: &str| rig.get(&format!("{list}&{filter}")).await.items().len();
    assert_eq!(count("eventCategories=WORKSPACES").await, 5);
    assert_eq!(count("eventCategories=workspaces,ORG_SETTINGS").await, 6);
    assert_eq!(count("eventCategories=DEVICES").await, 0);
    assert_eq!(count(&format!("actorId={}", me["id"].as_str().unwrap())).await, 5);
    assert_eq!(count("offset=4").await, 2);
    assert_eq!(count("eventCategories=WORKSPACES,ORG_SETTINGS&offset=5").await, 1);
    for filter in ["", "eventCategories=WORKSPACES,ORG_SETTINGS&"] {
        let mut next = Some(format!("{list}&{filter}max=4"));
        let (mut ids, mut pages) = (std::collections::BTreeSet::new(), Vec::new());
        while let Some(path) = next {
            let mut answer = rig.get(&path).await;
            next = answer.next.take();
            let items = answer.items();
            pages.push(items.len());
            ids.extend(items.iter().map(|it| it["id"].to_string()));
        }
        assert_eq!((pages, ids.len()), (vec![4, 2], 6), "{filter}");
    }
    let early = format!(
        "/adminAudit/events?orgId={}&from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z",
        rig.org
    );
    assert!(rig.get(&early).await.items().is_empty());

    let categories = rig.get("/adminAudit/eventCategories").await.expect(200);
    assert!(
        categories["eventCategories"]
            .as_array()
            .unwrap()
            .contains(&json!("WORKSPACES"))
    );
    let ours = rig
        .ask(&control("GET", "/audit?category=WORKSPACES&max=2"), Value::Null)
        .await
        .items();
    assert_eq!(ours.len(), 2);
    assert_eq!(ours[0]["category"], "WORKSPACES");
    let security = format!(
        "/admin/securityAudit/events?orgId={}&startTime=2026-03-01T00:00:00Z&endTime=2026-03-05T00:00:00Z",
        rig.org
    );
    rig.get(&security).await.expect(200);
}

#[tokio::test]
async fn what_must_be_there() {
    let rig = Rig::start().await;
    let org = rig.org;
    for bad in [
        format!("/adminAudit/events?{SPAN}"),
        format!("/adminAudit/events?orgId={org}&to=2026-03-05T00:00:00Z"),
        format!("/adminAudit/events?orgId={org}&from=2026-03-05T00:00:00Z"),
        format!("/adminAudit/events?orgId={org}&from=yesterday&to=2026-03-05T00:00:00Z"),
        format!("/adminAudit/events?orgId={org}&from=2026-03-05T00:00:00Z&to=2026-03-01T00:00:00Z"),
        format!("/adminAudit/events?orgId={org}&{SPAN}&max=0"),
        format!("/adminAudit/events?orgId={org}&{SPAN}&actorId=x"),
        format!("/adminAudit/events?orgId={org}&{SPAN}&offset=-1"),
        format!("/adminAudit/events?orgId={org}&{SPAN}&cursor=x"),
        format!("/admin/securityAudit/events?orgId={org}"),
    ] {
        rig.get(&bad).await.expect(400);
    }
    let good = format!("/adminAudit/events?orgId={org}&{SPAN}");
    rig.ask_as(Some(&rig.stranger().await), &format!("GET {good}"), Value::Null)
        .await
        .expect(404);
    let scopeless = rig.token(&[Role::FullAdmin], &["spark:all"]).await;
    rig.ask_as(Some(&scopeless), &format!("GET {good}"), Value::Null)
        .await
        .expect(403);
    let nobody = rig.token(&[], &["audit:events_read"]).await;
    rig.ask_as(Some(&nobody), &format!("GET {good}"), Value::Null)
        .await
        .expect(403);
}
