//! A room in which something was said, for tests that need ids of everything.

use serde_json::{Value, json};

use super::Client;

/// Public ids.
pub(crate) struct Talk {
    pub(crate) room: String,
    pub(crate) membership: String,
    pub(crate) message: String,
    pub(crate) action: String,
    pub(crate) team: String,
    pub(crate) team_membership: String,
}

fn id(of: &Value) -> String {
    of["id"].as_str().unwrap().to_owned()
}

impl Talk {
    /// Makes one of each.
    pub(crate) async fn start(client: &Client) -> Self {
        let post = async |path: &str, body: Value| client.ask("POST", path, body).await.expect(200);
        let first = async |path: String| id(&client.get(&path).await.expect(200)["items"][0]);
        let room = id(&post("/v1/rooms", json!({ "title": "Talk" })).await);
        let card = json!({
            "roomId": room, "text": "a card",
            "attachments": [{
                "contentType": "application/vnd.microsoft.card.adaptive",
                "content": { "type": "AdaptiveCard", "version": "1.3", "body": [] },
            }],
        });
        let message = id(&post("/v1/messages", card).await);
        let entered = json!({ "type": "submit", "messageId": message, "inputs": { "a": "b" } });
        let action = id(&post("/v1/attachment/actions", entered).await);
        let team = id(&post("/v1/teams", json!({ "name": "Team" })).await);
        Self {
            membership: first(format!("/v1/memberships?roomId={room}")).await,
            team_membership: first(format!("/v1/team/memberships?teamId={team}")).await,
            room,
            message,
            action,
            team,
        }
    }
}
