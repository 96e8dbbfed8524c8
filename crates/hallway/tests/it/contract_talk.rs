//! The operations of messaging, for the contract: their answers are checked while something is said.

use serde_json::{Value, json};

use crate::support::Office;

/// Calls every operation of rooms, memberships, messages and teams. `POST /attachment/actions` is left out: it
/// answers 200 where the contract says 202, as one of the official clients needs it.
pub(crate) async fn talking(office: &Office, check: &mut impl FnMut(&'static str, u16, &Value)) {
    let admin = &office.admin;
    let person = office.plan.people[1].email.clone();
    let mut ask = async |operation: &'static str, target: String, body: Value| {
        let (method, _) = operation.split_once(' ').unwrap();
        let answer = admin.ask(method, &target, body).await;
        check(operation, answer.status, &answer.json());
        answer.json()
    };
    let id = |of: &Value| of["id"].as_str().unwrap().to_owned();
    let team = id(&ask(
        "POST /teams",
        "/v1/teams".into(),
        json!({ "name": "Build", "description": "A" }),
    )
    .await);
    let room =
        json!({ "title": "Talk", "teamId": team, "isLocked": true, "isPublic": true, "description": "d" });
    let room = id(&ask("POST /rooms", "/v1/rooms".into(), room).await);
    let joined = json!({ "roomId": room, "personEmail": person });
    let member = id(&ask("POST /memberships", "/v1/memberships".into(), joined).await);
    let joined = json!({ "teamId": team, "personEmail": person });
    let teammate = id(&ask("POST /team/memberships", "/v1/team/memberships".into(), joined).await);
    let card = json!({
        "roomId": room, "markdown": format!("**a** <@personEmail:{person}> <@all>"),
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "content": { "type": "AdaptiveCard", "version": "1.3", "body": [] },
        }],
    });
    let message = id(&ask("POST /messages", "/v1/messages".into(), card).await);
    let reply = json!({ "roomId": room, "text": "b", "parentId": message });
    let reply = id(&ask("POST /messages", "/v1/messages".into(), reply).await);
    let direct = json!({ "toPersonEmail": person, "markdown": "*c*" });
    ask("POST /messages", "/v1/messages".into(), direct).await;
    let entered = json!({ "type": "submit", "messageId": message, "inputs": { "a": 1 } });
    let entered = admin.post("/v1/attachment/actions", entered).await.expect(200);
    let none = || Value::Null;
    let action = format!("/v1/attachment/actions/{}", id(&entered));
    ask("GET /attachment/actions/{id}", action, none()).await;
    ask("GET /rooms", "/v1/rooms".into(), none()).await;
    ask("GET /rooms/{roomId}", format!("/v1/rooms/{room}"), none()).await;
    ask(
        "GET /rooms/{roomId}/meetingInfo",
        format!("/v1/rooms/{room}/meetingInfo"),
        none(),
    )
    .await;
    ask(
        "PUT /rooms/{roomId}",
        format!("/v1/rooms/{room}"),
        json!({ "title": "Talked" }),
    )
    .await;
    ask(
        "GET /memberships",
        format!("/v1/memberships?roomId={room}"),
        none(),
    )
    .await;
    ask(
        "GET /memberships/{membershipId}",
        format!("/v1/memberships/{member}"),
        none(),
    )
    .await;
    let moderator = json!({ "isModerator": true });
    let target = format!("/v1/memberships/{member}");
    ask(
        "PUT /memberships/{membershipId}",
        target.clone(),
        moderator.clone(),
    )
    .await;
    ask("GET /messages", format!("/v1/messages?roomId={room}"), none()).await;
    ask(
        "GET /messages/direct",
        format!("/v1/messages/direct?personEmail={person}"),
        none(),
    )
    .await;
    ask(
        "GET /messages/{messageId}",
        format!("/v1/messages/{message}"),
        none(),
    )
    .await;
    let edit = json!({ "roomId": room, "markdown": "*d*" });
    ask("PUT /messages/{messageId}", format!("/v1/messages/{reply}"), edit).await;
    ask("GET /teams", "/v1/teams".into(), none()).await;
    ask("GET /teams/{teamId}", format!("/v1/teams/{team}"), none()).await;
    ask(
        "PUT /teams/{teamId}",
        format!("/v1/teams/{team}"),
        json!({ "name": "Built" }),
    )
    .await;
    ask(
        "GET /team/memberships",
        format!("/v1/team/memberships?teamId={team}"),
        none(),
    )
    .await;
    let there = format!("/v1/team/memberships/{teammate}");
    ask("GET /team/memberships/{membershipId}", there.clone(), none()).await;
    ask("PUT /team/memberships/{membershipId}", there.clone(), moderator).await;
    ask(
        "DELETE /messages/{messageId}",
        format!("/v1/messages/{message}"),
        none(),
    )
    .await;
    ask("DELETE /memberships/{membershipId}", target, none()).await;
    ask("DELETE /team/memberships/{membershipId}", there, none()).await;
    ask("DELETE /rooms/{roomId}", format!("/v1/rooms/{room}"), none()).await;
    ask("DELETE /teams/{teamId}", format!("/v1/teams/{team}"), none()).await;
}
