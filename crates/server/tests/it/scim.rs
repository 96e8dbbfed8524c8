//! `/identity/scim`: users and groups as identity systems see them.

use serde_json::{Value, json};

use crate::rig::Rig;

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn base(rig: &Rig) -> String {
    format!("/identity/scim/{}/v2", rig.org.uuid())
}

async fn user(rig: &Rig, name: &str) -> Value {
    let body = json!({
        "schemas": [USER, ENTERPRISE], "userName": format!("{name}@example.com"), "userType": "user",
        "name": { "givenName": name, "familyName": "Berg", "middleName": "M" }, "externalId": format!("x-{name}"),
        "title": "Engineer", "locale": "nb_NO", ENTERPRISE: { "department": "Engines", "costCenter": "7" },
    });
    rig.ask(&format!("POST {}/Users", base(rig)), body)
        .await
        .expect(201)
}

#[tokio::test]
async fn a_user_comes_changes_and_goes() {
    let rig = Rig::start().await;
    let made = user(&rig, "ada").await;
    let id = made["id"].as_str().unwrap().to_owned();
    assert_eq!(made["displayName"], "ada Berg");
    let one = format!("{}/Users/{id}", base(&rig));
    let read = rig.get(&one).await.expect(200);
    assert_eq!(read, made);
    // What Hallway has no place for comes back as it was.
    assert_eq!(
        (&read["externalId"], &read["locale"], &read["name"]["middleName"]),
        (&json!("x-ada"), &json!("nb_NO"), &json!("M"))
    );
    assert_eq!(
        read[ENTERPRISE],
        json!({ "costCenter": "7", "department": "Engines" })
    );
    assert_eq!(
        read["urn:scim:schemas:extension:cisco:webexidentity:2.0:User"]["accountStatus"],
        "pending"
    );
    // The same person is in /people.
    let person = rig.get(&format!("/people/{id}")).await.expect(200);
    assert_eq!(
        (&person["title"], &person["emails"][0]),
        (&json!("Engineer"), &json!("ada@example.com"))
    );

    let patch = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [
        { "op": "replace", "path": "title", "value": "Countess" },
        { "op": "remove", "path": "externalId" },
        { "op": "add", "path": "phoneNumbers", "value": [{ "type": "mobile", "value": "+4790000001" }] },
        { "op": "replace", "path": "active", "value": false },
    ] });
    let patched = rig.ask(&format!("PATCH {one}"), patch).await.expect(200);
    assert_eq!(
        (&patched["title"], patched.get("externalId")),
        (&json!("Countess"), None)
    );
    assert_eq!(patched["phoneNumbers"][0]["value"], "+4790000001");
    assert_eq!(patched["active"], false);
    let mut replaced = patched.clone();
    replaced["displayName"] = json!("Ada B");
    replaced.as_object_mut().unwrap().remove("title");
    replaced["active"] = json!(true);
    let put = rig.ask(&format!("PUT {one}"), replaced).await.expect(200);
    assert_eq!(
        (put.get("title"), &put["displayName"], &put["active"]),
        (None, &json!("Ada B"), &json!(true))
    );

    rig.ask(&format!("DELETE {one}"), Value::Null).await.expect(204);
    rig.get(&one).await.expect(404);
    rig.get(&format!("/people/{id}")).await.expect(404);
}

#[tokio::test]
async fn users_are_searched() {
    let rig = Rig::start().await;
    for name in ["ada", "bob", "cleo"] {
        user(&rig, name).await;
    }
    let names = |query: &str| {
        let path = format!("{}/Users?{query}", base(&rig));
        let rig = &rig;
        async move {
            let list = rig.get(&path).await.expect(200);
            let names = list["Resources"].as_array().unwrap().iter();
            let names: Vec<String> = names
                .map(|it| it["userName"].as_str().unwrap().to_owned())
                .collect();
            (list["totalResults"].as_u64().unwrap(), names)
        }
    };
    let (total, all) = names("").await;
    assert_eq!((total, all.len()), (4, 4), "with the administrator");
    assert_eq!(
        names("filter=userName%20eq%20%22BOB@example.com%22").await,
        (1, vec!["bob@example.com".to_owned()])
    );
    let filter = "filter=externalId%20sw%20%22x-%22%20and%20not%20(name.givenName%20eq%20%22ada%22)";
    assert_eq!(names(filter).await.0, 2);
    assert_eq!(names("count=2&startIndex=3").await.1, all[2..]);
    let reversed = names("sortBy=userName&sortOrder=descending&filter=title%20pr")
        .await
        .1;
    assert_eq!(
        reversed,
        ["cleo@example.com", "bob@example.com", "ada@example.com"]
    );
    let path = format!("{}/Users?attributes=title&filter=title%20pr", base(&rig));
    let lean = rig.get(&path).await.expect(200);
    assert_eq!(lean["Resources"][0].get("locale"), None);
    assert_eq!(lean["Resources"][0]["title"], "Engineer");
    for bad in ["filter=x", "sortOrder=up", "count=x", "filter=((("] {
        rig.get(&format!("{}/Users?{bad}", base(&rig))).await.expect(400);
    }
    let me = rig.get("/identity/scim/v2/Users/me").await.expect(200);
    assert_eq!(me["active"], true);
}

#[tokio::test]
async fn bad_users_are_refused() {
    let rig = Rig::start().await;
    user(&rig, "ada").await;
    let users = format!("POST {}/Users", base(&rig));
    let good = |change: &dyn Fn(&mut Value)| {
        let mut body = json!({ "schemas": [USER], "userName": "x@example.com", "userType": "user" });
        change(&mut body);
        body
    };
    for bad in [
        json!([]),
        json!({}),
        good(&|it| it["schemas"] = json!(["x"])),
        good(&|it| it["userName"] = json!("nobody")),
        good(&|it| it["userName"] = json!(7)),
        good(&|it| it["userType"] = json!("ghost")),
        good(&|it| it["active"] = json!("perhaps")),
        good(&|it| it["roles"] = json!([{ "value": "emperor" }])),
        good(&|it| it["notes"] = json!("x".repeat(40_000))),
    ] {
        rig.ask(&users, bad.clone()).await.expect(400);
    }
    let again = good(&|it| it["userName"] = json!("ADA@example.com"));
    rig.ask(&users, again).await.expect(409);
    let reader = rig
        .token(
            &[hallway_platform::org::Role::ReadOnlyAdmin],
            &["identity:people_read"],
        )
        .await;
    rig.ask_as(Some(&reader), &users, good(&|_| ())).await.expect(403);
    let stranger = rig.stranger().await;
    rig.ask_as(Some(&stranger), &format!("GET {}/Users", base(&rig)), Value::Null)
        .await
        .expect(404);
    rig.ask_as(Some(&stranger), &users, good(&|_| ()))
        .await
        .expect(404);
}

#[tokio::test]
async fn groups_have_members() {
    let rig = Rig::start().await;
    let (ada, bob) = (user(&rig, "ada").await, user(&rig, "bob").await);
    let groups = format!("{}/Groups", base(&rig));
    let body = json!({
        "schemas": [GROUP], "displayName": "Engineers", "externalId": "e1",
        "members": [{ "type": "user", "value": ada["id"] }],
    });
    let made = rig.ask(&format!("POST {groups}"), body.clone()).await.expect(201);
    assert_eq!(made["members"][0]["value"], ada["id"]);
    rig.ask(&format!("POST {groups}"), body).await.expect(409);
    let one = format!("{groups}/{}", made["id"].as_str().unwrap());
    let patch = json!({ "schemas": [], "Operations": [
        { "op": "add", "path": "members", "value": [{ "type": "user", "value": bob["id"] }] },
        { "op": "replace", "path": "displayName", "value": "Makers" },
        { "op": "remove", "path": format!("members[value eq \"{}\"]", ada["id"].as_str().unwrap()) },
    ] });
    let patched = rig.ask(&format!("PATCH {one}"), patch).await.expect(200);
    assert_eq!(
        (
            &patched["displayName"],
            patched["members"].as_array().unwrap().len()
        ),
        (&json!("Makers"), 1)
    );
    assert_eq!(
        (&patched["members"][0]["value"], &patched["externalId"]),
        (&bob["id"], &json!("e1"))
    );
    let members = rig.get(&format!("{one}/Members?count=1")).await.expect(200);
    assert_eq!(
        (&members["totalResults"], &members["members"][0]["value"]),
        (&json!(1), &bob["id"])
    );
    let found = rig
        .get(&format!("{groups}?filter=displayName%20sw%20%22mak%22"))
        .await
        .expect(200);
    assert_eq!(
        (&found["totalResults"], found["Resources"][0].get("members")),
        (&json!(1), None)
    );
    let with_groups = format!(
        "{}/Users?returnGroups=true&filter=userName%20eq%20%22bob@example.com%22",
        base(&rig)
    );
    let with_groups = rig.get(&with_groups).await.expect(200);
    assert_eq!(with_groups["Resources"][0]["groups"][0]["display"], "Makers");
    let nobody =
        json!({ "schemas": [GROUP], "displayName": "Makers", "members": [{ "value": rig.org.uuid() }] });
    rig.ask(&format!("PUT {one}"), nobody).await.expect(400);
    rig.ask(&format!("DELETE {one}"), Value::Null).await.expect(204);
    rig.get(&one).await.expect(404);
}

#[tokio::test]
async fn many_at_once() {
    let rig = Rig::start().await;
    let ada = user(&rig, "ada").await;
    let new = |name: &str| json!({ "schemas": [USER], "userName": format!("{name}@example.com"), "userType": "user" });
    let request = json!({ "schemas": [], "failOnErrors": 2, "operations": [
        { "method": "POST", "path": "/Users", "bulkId": "1", "data": new("bob") },
        { "method": "POST", "path": "/Users", "bulkId": "2", "data": new("ada") },
        { "method": "DELETE", "path": format!("/Users/{}", ada["id"].as_str().unwrap()), "bulkId": "3" },
        { "method": "PUT", "path": "/Users", "bulkId": "4" },
        { "method": "POST", "path": "/Users", "bulkId": "5", "data": new("cleo") },
    ] });
    let done = rig
        .ask(&format!("POST {}/Bulk", base(&rig)), request)
        .await
        .expect(200);
    let outcomes: Vec<(&str, &str)> = done["Operations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["bulkId"].as_str().unwrap(), it["status"].as_str().unwrap()))
        .collect();
    assert_eq!(outcomes, [("1", "201"), ("2", "409"), ("3", "204"), ("4", "400")]);
    assert!(done["Operations"][1]["response"]["detail"].is_string());
}
