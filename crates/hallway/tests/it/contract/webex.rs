//! The operations around devices: people, licenses, calling, messaging, meetings, webhooks, applications, SCIM,
//! audit. Each is called once with a good request; what is made is used by the calls behind it.

use serde_json::{Value, json};

use crate::support::{Client, Office, eventually};

/// An operation as the contract names it, the status, and the body.
pub(super) type Answered = (&'static str, u16, Value);

/// Calls operations, and keeps what they answer.
pub(super) struct Walk<'o> {
    pub(super) office: &'o Office,
    admin: Client,
    pub(super) answered: Vec<Answered>,
}

impl<'o> Walk<'o> {
    pub(super) fn new(office: &'o Office) -> Self {
        Self {
            office,
            admin: office.admin.clone(),
            answered: Vec::new(),
        }
    }

    /// Calls an operation, at a path below `/v1` or an absolute one of `/identity`.
    async fn go(&mut self, operation: &'static str, path: &str, body: Value) -> Value {
        let (method, _) = operation.split_once(' ').unwrap();
        let target = if path.starts_with("/identity/scim") || path.starts_with("/hallway") {
            path.to_owned()
        } else {
            format!("/v1{path}")
        };
        let answer = self.admin.ask(method, &target, body).await;
        let body = if answer.body.is_empty() {
            Value::Null
        } else {
            answer.json()
        };
        self.answered.push((operation, answer.status, body.clone()));
        body
    }

    async fn get(&mut self, operation: &'static str, path: &str) -> Value {
        self.go(operation, path, Value::Null).await
    }

    /// Something that is no operation of the contract, but must work.
    async fn prepare(&self, request: &str, body: Value) -> Value {
        let (method, target) = request.split_once(' ').unwrap();
        let answer = self.admin.ask(method, target, body).await;
        assert!(
            answer.status < 300,
            "{request}: {} {}",
            answer.status,
            answer.text()
        );
        if answer.body.is_empty() {
            Value::Null
        } else {
            answer.json()
        }
    }
}

fn id(value: &Value) -> String {
    value["id"].as_str().unwrap_or("missing").to_owned()
}

const HOUR_MS: i64 = 3_600_000;

/// Everything, in an order in which one thing leads to the next.
pub(super) async fn walk(office: &Office) -> Vec<Answered> {
    let mut walk = Walk::new(office);
    become_compliance_officer(&mut walk).await;
    let person = people(&mut walk).await;
    calling(&mut walk).await;
    groups(&mut walk, &person).await;
    scim(&mut walk).await;
    webhooks(&mut walk).await;
    messaging(&mut walk, &person).await;
    meetings(&mut walk).await;
    applications(&mut walk).await;
    watching(&mut walk).await;
    let gone = format!("/people/{person}");
    walk.go("DELETE /people/{personId}", &gone, Value::Null).await;
    walk.answered
}

/// Reading everybody's messages is a role of its own, which the administrator of the office does not have.
async fn become_compliance_officer(walk: &mut Walk<'_>) {
    let me = walk.prepare("GET /v1/people/me", Value::Null).await;
    let roles = walk.prepare("GET /v1/roles", Value::Null).await;
    let role = |name: &str| {
        let all = roles["items"].as_array().unwrap();
        all.iter().find(|role| role["name"] == name).unwrap()["id"].clone()
    };
    let both = json!({
        "displayName": me["displayName"],
        "roles": [role("Full Administrator"), role("Compliance Officer")],
    });
    walk.prepare(&format!("PUT /v1/people/{}", id(&me)), both).await;
}

async fn people(walk: &mut Walk<'_>) -> String {
    let made = json!({ "emails": ["contract@example.com"], "firstName": "Con", "lastName": "Tract" });
    let person = id(&walk.go("POST /people", "/people", made).await);
    let one = format!("/people/{person}");
    walk.get("GET /people/{personId}", &format!("{one}?callingData=true"))
        .await;
    let change = json!({ "displayName": "Con Tract", "title": "Lawyer" });
    walk.go("PUT /people/{personId}", &one, change).await;
    let licenses = walk.get("GET /licenses", "/licenses").await;
    let all = licenses["items"].as_array().cloned().unwrap_or_default();
    let plain = all
        .iter()
        .find(|it| !it["name"].as_str().unwrap_or_default().contains("Calling"));
    let license = plain.map_or_else(String::new, id);
    walk.get(
        "GET /licenses/{licenseId}",
        &format!("/licenses/{license}?includeAssignedTo=user"),
    )
    .await;
    let assign = json!({ "personId": person, "licenses": [{ "id": license }] });
    walk.go("PATCH /licenses/users", "/licenses/users", assign).await;
    let org = walk.office.org();
    let jobs = format!("/identity/organizations/{org}/jobs/sendActivationEmails");
    let job = walk
        .go(
            "POST /identity/organizations/{orgId}/jobs/sendActivationEmails",
            &jobs,
            json!({}),
        )
        .await;
    let job = format!("{jobs}/{}", id(&job));
    walk.get(
        "GET /identity/organizations/{orgId}/jobs/sendActivationEmails/{jobId}/status",
        &format!("{job}/status"),
    )
    .await;
    walk.get(
        "GET /identity/organizations/{orgId}/jobs/sendActivationEmails/{jobId}/errors",
        &format!("{job}/errors"),
    )
    .await;
    person
}

async fn calling(walk: &mut Walk<'_>) {
    let address = json!({
        "address1": "1 Main Street", "city": "Dallas", "state": "TX", "postalCode": "75001", "country": "US",
    });
    let mut place = json!({
        "name": "Contract Hill", "timeZone": "America/Chicago", "preferredLanguage": "en_us",
        "announcementLanguage": "en_us", "address": address,
    });
    let location = id(&walk.prepare("POST /v1/locations", place.clone()).await);
    place["id"] = json!(location);
    walk.go(
        "POST /telephony/config/locations",
        "/telephony/config/locations",
        place,
    )
    .await;
    let here = format!("/telephony/config/locations/{location}");
    walk.get("GET /telephony/config/locations", "/telephony/config/locations")
        .await;
    let pstn = format!("/telephony/pstn/locations/{location}/connection");
    walk.get(
        "GET /telephony/pstn/locations/{locationId}/connectionOptions",
        &format!("{pstn}Options"),
    )
    .await;
    let gateway = json!({ "premiseRouteType": "TRUNK", "premiseRouteId": "trunk-1" });
    walk.go(
        "PUT /telephony/pstn/locations/{locationId}/connection",
        &pstn,
        gateway,
    )
    .await;
    walk.get("GET /telephony/pstn/locations/{locationId}/connection", &pstn)
        .await;
    let numbers = ["+19725550101", "+19725550102", "+19725550103", "+19725550104"];
    let add = json!({ "phoneNumbers": numbers, "state": "INACTIVE" });
    let path = format!("{here}/numbers");
    walk.go(
        "POST /telephony/config/locations/{locationId}/numbers",
        &path,
        add,
    )
    .await;
    let activate = json!({ "phoneNumbers": numbers });
    walk.go(
        "PUT /telephony/config/locations/{locationId}/numbers",
        &path,
        activate,
    )
    .await;
    let main = json!({ "callingLineId": { "phoneNumber": numbers[0] }, "routingPrefix": "81" });
    walk.go("PUT /telephony/config/locations/{locationId}", &here, main)
        .await;
    walk.get("GET /telephony/config/locations/{locationId}", &here)
        .await;
    walk.get(
        "GET /telephony/config/locations/{locationId}/availableNumbers",
        &format!("{here}/availableNumbers"),
    )
    .await;
    let list = json!({ "phoneNumbers": [numbers[0], "+19725550199", "+1800"] });
    walk.go(
        "POST /telephony/config/actions/validateNumbers/invoke",
        "/telephony/config/actions/validateNumbers/invoke",
        list,
    )
    .await;
    let list = json!({ "extensions": ["4711", "4711", "1"] });
    walk.go(
        "POST /telephony/config/actions/validateExtensions/invoke",
        "/telephony/config/actions/validateExtensions/invoke",
        list.clone(),
    )
    .await;
    walk.go(
        "POST /telephony/config/locations/{locationId}/actions/validateExtensions/invoke",
        &format!("{here}/actions/validateExtensions/invoke"),
        list,
    )
    .await;
    let licenses = walk.prepare("GET /v1/licenses", Value::Null).await;
    let professional = licenses["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["name"] == "Webex Calling - Professional")
        .unwrap();
    let caller = json!({
        "emails": ["caller@example.com"], "displayName": "Cal Ler", "licenses": [professional["id"]],
        "locationId": location, "extension": "4711", "phoneNumbers": [{ "type": "work", "value": numbers[1] }],
    });
    let person = id(&walk.prepare("POST /v1/people?callingData=true", caller).await);
    let change = json!({ "phoneNumbers": [{ "action": "ADD", "directNumber": numbers[2] }] });
    walk.go(
        "PUT /telephony/config/people/{personId}/numbers",
        &format!("/telephony/config/people/{person}/numbers"),
        change,
    )
    .await;
    walk.get(
        "GET /people/{personId}/features/numbers",
        &format!("/people/{person}/features/numbers"),
    )
    .await;
    walk.get(
        "GET /telephony/config/numbers",
        "/telephony/config/numbers?details=true",
    )
    .await;
    walk.get(
        "GET /telephony/config/people/primary/availableNumbers",
        &format!("/telephony/config/people/primary/availableNumbers?locationId={location}"),
    )
    .await;
    walk.get(
        "GET /telephony/config/people/{personId}/secondary/availableNumbers",
        &format!("/telephony/config/people/{person}/secondary/availableNumbers"),
    )
    .await;
    walk.get(
        "GET /telephony/config/people/{personId}/services",
        &format!("/telephony/config/people/{person}/services"),
    )
    .await;
    let gone = json!({ "phoneNumbers": [numbers[3]] });
    walk.go(
        "DELETE /telephony/config/locations/{locationId}/numbers",
        &path,
        gone,
    )
    .await;
}

async fn groups(walk: &mut Walk<'_>, person: &str) {
    let made = json!({ "displayName": "Contract group", "members": [{ "id": person }] });
    let group = id(&walk.go("POST /groups", "/groups", made).await);
    let one = format!("/groups/{group}");
    walk.get("GET /groups", "/groups?includeMembers=true").await;
    walk.get("GET /groups/{groupId}", &format!("{one}?includeMembers=true"))
        .await;
    walk.get("GET /groups/{groupId}/members", &format!("{one}/members"))
        .await;
    walk.go(
        "PATCH /groups/{groupId}",
        &one,
        json!({ "description": "All who sign" }),
    )
    .await;
    walk.go("DELETE /groups/{groupId}", &one, Value::Null).await;
}

async fn scim(walk: &mut Walk<'_>) {
    let org = walk.office.plan.organization.id.uuid();
    let base = format!("/identity/scim/{org}/v2");
    walk.get("GET /identity/scim/v2/Users/me", "/identity/scim/v2/Users/me")
        .await;
    let schema = "urn:ietf:params:scim:schemas:core:2.0:User";
    let user = json!({ "schemas": [schema], "userName": "scim@example.com", "userType": "user" });
    let made = walk
        .go(
            "POST /identity/scim/{orgId}/v2/Users",
            &format!("{base}/Users"),
            user.clone(),
        )
        .await;
    let one = format!("{base}/Users/{}", id(&made));
    walk.get(
        "GET /identity/scim/{orgId}/v2/Users",
        &format!("{base}/Users?returnGroups=true"),
    )
    .await;
    walk.get("GET /identity/scim/{orgId}/v2/Users/{userId}", &one)
        .await;
    let mut put = user;
    put["title"] = json!("Clerk");
    walk.go("PUT /identity/scim/{orgId}/v2/Users/{userId}", &one, put)
        .await;
    let patch =
        json!({ "schemas": [], "Operations": [{ "op": "replace", "path": "title", "value": "Judge" }] });
    walk.go("PATCH /identity/scim/{orgId}/v2/Users/{userId}", &one, patch)
        .await;
    let group = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "SCIM group",
        "members": [{ "type": "user", "value": made["id"] }],
    });
    let groups = format!("{base}/Groups");
    let of = id(&walk
        .go("POST /identity/scim/{orgId}/v2/Groups", &groups, group.clone())
        .await);
    let of = format!("{groups}/{of}");
    walk.get(
        "GET /identity/scim/{orgId}/v2/Groups",
        &format!("{groups}?includeMembers=true"),
    )
    .await;
    walk.get("GET /identity/scim/{orgId}/v2/Groups/{groupId}", &of)
        .await;
    walk.get(
        "GET /identity/scim/{orgId}/v2/Groups/{groupId}/Members",
        &format!("{of}/Members"),
    )
    .await;
    walk.go("PUT /identity/scim/{orgId}/v2/Groups/{groupId}", &of, group)
        .await;
    let patch = json!({ "schemas": [], "Operations": [{ "op": "remove", "path": "members" }] });
    walk.go("PATCH /identity/scim/{orgId}/v2/Groups/{groupId}", &of, patch)
        .await;
    walk.go(
        "DELETE /identity/scim/{orgId}/v2/Groups/{groupId}",
        &of,
        Value::Null,
    )
    .await;
    let bulk = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "failOnErrors": 1,
        "operations": [{ "method": "POST", "path": "/Users", "bulkId": "b1", "data":
            { "schemas": [schema], "userName": "bulk@example.com", "userType": "user" } }],
    });
    walk.go(
        "POST /identity/scim/{orgId}/v2/Bulk",
        &format!("{base}/Bulk"),
        bulk,
    )
    .await;
    walk.go(
        "DELETE /identity/scim/{orgId}/v2/Users/{userId}",
        &one,
        Value::Null,
    )
    .await;
}

async fn webhooks(walk: &mut Walk<'_>) {
    let hook = json!({
        "name": "Contract hook", "targetUrl": "https://example.com/hook", "resource": "rooms",
        "event": "created", "secret": "s3cret",
    });
    let one = id(&walk.go("POST /webhooks", "/webhooks", hook).await);
    let one = format!("/webhooks/{one}");
    walk.get("GET /webhooks", "/webhooks").await;
    walk.get("GET /webhooks/{webhookId}", &one).await;
    let change = json!({ "name": "Contract hook 2", "targetUrl": "https://example.com/hook" });
    walk.go("PUT /webhooks/{webhookId}", &one, change).await;
    walk.go("DELETE /webhooks/{webhookId}", &one, Value::Null).await;
}

async fn messaging(walk: &mut Walk<'_>, person: &str) {
    let team = id(&walk
        .go("POST /teams", "/teams", json!({ "name": "Contract team" }))
        .await);
    let of_team = format!("/teams/{team}");
    walk.get("GET /teams", "/teams").await;
    walk.get("GET /teams/{teamId}", &of_team).await;
    walk.go(
        "PUT /teams/{teamId}",
        &of_team,
        json!({ "name": "Contract team 2" }),
    )
    .await;
    let member = json!({ "teamId": team, "personId": person });
    let member = id(&walk
        .go("POST /team/memberships", "/team/memberships", member)
        .await);
    let member = format!("/team/memberships/{member}");
    walk.get(
        "GET /team/memberships",
        &format!("/team/memberships?teamId={team}"),
    )
    .await;
    walk.get("GET /team/memberships/{membershipId}", &member).await;
    let moderator = json!({ "isModerator": true });
    walk.go("PUT /team/memberships/{membershipId}", &member, moderator.clone())
        .await;
    walk.go("DELETE /team/memberships/{membershipId}", &member, Value::Null)
        .await;

    let room = id(&walk
        .go("POST /rooms", "/rooms", json!({ "title": "Contract room" }))
        .await);
    let one = format!("/rooms/{room}");
    walk.get("GET /rooms", "/rooms").await;
    walk.get("GET /rooms/{roomId}", &one).await;
    walk.get("GET /rooms/{roomId}/meetingInfo", &format!("{one}/meetingInfo"))
        .await;
    walk.go("PUT /rooms/{roomId}", &one, json!({ "title": "Contract room 2" }))
        .await;
    let member = json!({ "roomId": room, "personId": person });
    let member = id(&walk.go("POST /memberships", "/memberships", member).await);
    let member = format!("/memberships/{member}");
    walk.get("GET /memberships", &format!("/memberships?roomId={room}"))
        .await;
    walk.get("GET /memberships/{membershipId}", &member).await;
    walk.go("PUT /memberships/{membershipId}", &member, moderator)
        .await;
    let card = json!({
        "roomId": room, "text": "a card", "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "content": { "type": "AdaptiveCard", "version": "1.2", "body": [] },
        }],
    });
    let card = id(&walk.go("POST /messages", "/messages", card).await);
    let plain = json!({ "roomId": room, "markdown": "**bold** <@all>" });
    let message = format!(
        "/messages/{}",
        id(&walk.prepare("POST /v1/messages", plain).await)
    );
    walk.get("GET /messages", &format!("/messages?roomId={room}"))
        .await;
    walk.get("GET /messages/{messageId}", &message).await;
    let edit = json!({ "roomId": room, "text": "plain" });
    walk.go("PUT /messages/{messageId}", &message, edit).await;
    let action = json!({ "type": "submit", "messageId": card, "inputs": { "a": "1" } });
    let action = id(&walk
        .go("POST /attachment/actions", "/attachment/actions", action)
        .await);
    walk.get(
        "GET /attachment/actions/{id}",
        &format!("/attachment/actions/{action}"),
    )
    .await;
    walk.prepare(
        "POST /v1/messages",
        json!({ "toPersonId": person, "text": "hello" }),
    )
    .await;
    walk.get(
        "GET /messages/direct",
        &format!("/messages/direct?personId={person}"),
    )
    .await;
    walk.go("DELETE /messages/{messageId}", &message, Value::Null)
        .await;
    walk.go("DELETE /memberships/{membershipId}", &member, Value::Null)
        .await;
    walk.go("DELETE /rooms/{roomId}", &one, Value::Null).await;
    walk.go("DELETE /teams/{teamId}", &of_team, Value::Null).await;
    let events = walk.get("GET /events", "/events?max=10").await;
    let event = events["items"]
        .as_array()
        .and_then(|items| items.first())
        .map(id)
        .unwrap_or_default();
    walk.get("GET /events/{eventId}", &format!("/events/{event}"))
        .await;
}

async fn meetings(walk: &mut Walk<'_>) {
    let now = walk.office.house().platform.now();
    let (start, end) = (
        now.plus_millis(HOUR_MS).to_string(),
        now.plus_millis(2 * HOUR_MS).to_string(),
    );
    let meeting = json!({
        "title": "Contract meeting", "start": start, "end": end, "enabledAutoRecordMeeting": true,
        "invitees": [{ "email": "guest@example.com" }],
    });
    let one = id(&walk.go("POST /meetings", "/meetings", meeting).await);
    let path = format!("/meetings/{one}");
    walk.get("GET /meetings", "/meetings").await;
    walk.get("GET /meetings/{meetingId}", &path).await;
    let all = json!({ "title": "Contract meeting 2", "password": "Pa55word", "start": start, "end": end });
    walk.go("PUT /meetings/{meetingId}", &path, all).await;
    walk.go(
        "PATCH /meetings/{meetingId}",
        &path,
        json!({ "title": "Contract meeting 3" }),
    )
    .await;
    walk.go("DELETE /meetings/{meetingId}", &path, Value::Null).await;
    let recorded = json!({ "topic": "Contract recording", "durationSeconds": 60, "sizeBytes": 1000 });
    walk.prepare("POST /hallway/v1/recordings", recorded).await;
    let listed = walk.get("GET /recordings", "/recordings").await;
    let recording = listed["items"]
        .as_array()
        .and_then(|items| items.first())
        .map(id)
        .unwrap_or_default();
    let path = format!("/recordings/{recording}");
    walk.get("GET /recordings/{recordingId}", &path).await;
    walk.go("DELETE /recordings/{recordingId}", &path, Value::Null)
        .await;
}

async fn applications(walk: &mut Walk<'_>) {
    let org = walk.office.org();
    let app = json!({
        "type": "authorizedAppIssuer", "name": "Contract app", "contactEmail": "dev@example.com",
        "scopes": ["spark-admin:people_read"],
    });
    let app = walk.prepare("POST /v1/applications", app).await;
    let one = format!("/applications/{}", id(&app));
    walk.prepare(&format!("POST /v1{one}/authorize"), json!({ "orgId": org }))
        .await;
    let request =
        json!({ "clientId": app["clientId"], "clientSecret": app["clientSecret"], "targetOrgId": org });
    walk.go(
        "POST /applications/{applicationId}/token",
        &format!("{one}/token"),
        request,
    )
    .await;
    let of_app = Client::new(&walk.office.admin.base);
    let token = walk
        .answered
        .last()
        .map(|(_, _, body)| body["access_token"].clone())
        .unwrap_or_default();
    let machine = of_app.with_token(token.as_str().unwrap_or_default());
    let who = machine.get("/v1/people/me").await.expect(200);
    let path = format!("/authorizations?personId={}", id(&who));
    let listed = walk.get("GET /authorizations", &path).await;
    walk.get("GET /authorizations/tokenExpiry", "/authorizations/tokenExpiry")
        .await;
    let first = listed["items"]
        .as_array()
        .and_then(|items| items.first())
        .map(id)
        .unwrap_or_default();
    walk.go(
        "DELETE /authorizations/{authorizationId}",
        &format!("/authorizations/{first}"),
        Value::Null,
    )
    .await;
    let client = app["clientId"].as_str().unwrap_or_default();
    let path = format!("/authorizations?clientId={client}&orgId={org}");
    walk.go("DELETE /authorizations", &path, Value::Null).await;
}

async fn watching(walk: &mut Walk<'_>) {
    let now = walk.office.house().platform.now();
    let org = walk.office.org();
    let (from, to) = (now.plus_millis(-24 * HOUR_MS), now.plus_millis(HOUR_MS));
    walk.get(
        "GET /adminAudit/events",
        &format!("/adminAudit/events?orgId={org}&from={from}&to={to}"),
    )
    .await;
    walk.get("GET /adminAudit/eventCategories", "/adminAudit/eventCategories")
        .await;
    walk.get(
        "GET /admin/securityAudit/events",
        &format!("/admin/securityAudit/events?orgId={org}&startTime={from}&endTime={to}"),
    )
    .await;
    let workspace = walk.office.workspace("Board Room");
    walk.get(
        "GET /workspaceMetrics",
        &format!("/workspaceMetrics?workspaceId={workspace}&metricName=peopleCount"),
    )
    .await;
    walk.get(
        "GET /workspaceDurationMetrics",
        &format!("/workspaceDurationMetrics?workspaceId={workspace}"),
    )
    .await;
    let desks = walk.prepare("GET /v1/workspaces?max=1000", Value::Null).await;
    let desk = desks["items"]
        .as_array()
        .and_then(|items| items.iter().find(|it| it["hotdeskingStatus"] == "on"))
        .map(id)
        .unwrap_or_default();
    let person = walk.office.plan.people[1].id.to_string();
    walk.prepare(
        "POST /hallway/v1/hotdesk/sessions",
        json!({ "workspaceId": desk, "personId": person }),
    )
    .await;
    let listed = walk.get("GET /hotdesk/sessions", "/hotdesk/sessions").await;
    let session = listed["items"]
        .as_array()
        .and_then(|items| items.first())
        .and_then(|it| it["sessionId"].as_str())
        .unwrap_or_default()
        .to_owned();
    walk.go(
        "DELETE /hotdesk/sessions/{sessionId}",
        &format!("/hotdesk/sessions/{session}"),
        Value::Null,
    )
    .await;
    let email = walk.office.plan.people[2].email.clone();
    let path = format!("/workspaces/{desk}/personalize");
    walk.go(
        "POST /workspaces/{workspaceId}/personalize",
        &path,
        json!({ "email": email }),
    )
    .await;
    // 202 while it is still going on.
    let task = format!("/workspaces/{desk}/personalizationTask");
    let admin = walk.office.admin.clone();
    eventually("the task is done", async || {
        (admin.get(&format!("/v1{task}")).await.status == 200).then_some(())
    })
    .await;
    walk.get("GET /workspaces/{workspaceId}/personalizationTask", &task)
        .await;
}
