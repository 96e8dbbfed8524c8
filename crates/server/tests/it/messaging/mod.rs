//! Rooms, memberships, messages, cards, files and teams.

mod cards;
mod files;
mod lists;
mod memberships;
mod messages;
mod rooms;
mod teams;
mod told;
mod trigger;

use hallway_platform::org::{Person, PersonKind, Role};
use hallway_wire::id::PersonId;
use serde_json::{Value, json};

use crate::rig::{Answer, NOW, Rig};

/// Scopes of somebody who talks.
pub(crate) const SCOPES: [&str; 10] = [
    "spark:rooms_read",
    "spark:rooms_write",
    "spark:memberships_read",
    "spark:memberships_write",
    "spark:messages_read",
    "spark:messages_write",
    "spark:teams_read",
    "spark:teams_write",
    "spark:team_memberships_read",
    "spark:team_memberships_write",
];

/// Scopes of who oversees.
const OVERSEEING: [&str; 9] = [
    "spark-compliance:rooms_read",
    "spark-compliance:rooms_write",
    "spark-compliance:memberships_read",
    "spark-compliance:memberships_write",
    "spark-compliance:messages_read",
    "spark-compliance:messages_write",
    "spark-compliance:teams_read",
    "spark-compliance:team_memberships_read",
    "spark-compliance:team_memberships_write",
];

/// Somebody who asks.
#[derive(Clone, Debug)]
pub(crate) struct Actor {
    pub(crate) id: PersonId,
    pub(crate) email: String,
    pub(crate) token: String,
}

/// People in an organization.
pub(crate) struct Cast {
    pub(crate) rig: Rig,
    pub(crate) ada: Actor,
    pub(crate) ben: Actor,
    pub(crate) cleo: Actor,
    pub(crate) bot: Actor,
    pub(crate) officer: Actor,
    pub(crate) stranger: String,
}

async fn actor(rig: &Rig, name: &str, kind: PersonKind, roles: &[Role], scopes: &[&str]) -> Actor {
    let id = PersonId::random();
    let token = rig.token_of(id, roles, scopes).await;
    let email = format!("{}@example.com", name.to_lowercase());
    let person = Person {
        roles: roles.to_vec(),
        ..Person::new(id, rig.org, kind, email.clone(), name, NOW)
    };
    rig.platform.put_people(vec![person]).await.unwrap();
    Actor { id, email, token }
}

impl Cast {
    pub(crate) async fn start() -> Self {
        Self::on(Rig::start().await).await
    }

    pub(crate) async fn on(rig: Rig) -> Self {
        let person = PersonKind::Person;
        Self {
            ada: actor(&rig, "Ada", person, &[], &SCOPES).await,
            ben: actor(&rig, "Ben", person, &[], &SCOPES).await,
            cleo: actor(&rig, "Cleo", person, &[], &SCOPES).await,
            bot: actor(&rig, "Bot", PersonKind::Bot, &[], &SCOPES).await,
            officer: actor(&rig, "Olga", person, &[Role::ComplianceOfficer], &OVERSEEING).await,
            stranger: rig.stranger().await,
            rig,
        }
    }

    /// One request of somebody.
    pub(crate) async fn ask(&self, who: &Actor, request: &str, body: Value) -> Answer {
        self.rig.ask_as(Some(&who.token), request, body).await
    }

    pub(crate) async fn get(&self, who: &Actor, path: &str) -> Answer {
        self.ask(who, &format!("GET {path}"), Value::Null).await
    }

    /// A room of Ada's, and who else is in it.
    pub(crate) async fn room(&self, fields: Value, others: &[&Actor]) -> String {
        let room = self.ask(&self.ada, "POST /rooms", fields).await.expect(200);
        let room = text(&room["id"]);
        for other in others {
            self.join(&room, other).await;
        }
        room
    }

    /// Ada takes somebody into a room. Returns the membership.
    pub(crate) async fn join(&self, room: &str, who: &Actor) -> Value {
        let body = json!({ "roomId": room, "personId": who.id });
        self.ask(&self.ada, "POST /memberships", body).await.expect(200)
    }

    pub(crate) async fn say(&self, who: &Actor, room: &str, markdown: &str) -> Value {
        let body = json!({ "roomId": room, "markdown": markdown });
        self.ask(who, "POST /messages", body).await.expect(200)
    }
}

pub(crate) fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("no text: {value}"))
        .to_owned()
}

/// The message of an error.
#[track_caller]
pub(crate) fn refused(answer: Answer, status: u16) -> String {
    text(&answer.expect(status)["message"])
}

#[tokio::test]
async fn every_operation_asks_for_its_scope() {
    let cast = Cast::start().await;
    let nobody = cast.rig.token(&[], &["spark:people_read"]).await;
    let id = hallway_wire::id::RoomId::random();
    let pair = hallway_wire::messaging::MembershipId::new(cast.ben.id, id);
    let team = hallway_wire::messaging::TeamMembershipId::new(
        cast.ben.id,
        hallway_wire::id::TeamId::from_uuid(id.uuid()),
    );
    let uuid = id.uuid();
    let requests = [
        "GET /rooms".to_owned(),
        "POST /rooms".to_owned(),
        format!("GET /rooms/{uuid}"),
        format!("PUT /rooms/{uuid}"),
        format!("DELETE /rooms/{uuid}"),
        format!("GET /rooms/{uuid}/meetingInfo"),
        "GET /memberships".to_owned(),
        "POST /memberships".to_owned(),
        format!("GET /memberships/{pair}"),
        format!("PUT /memberships/{pair}"),
        format!("DELETE /memberships/{pair}"),
        format!("GET /messages?roomId={uuid}"),
        "POST /messages".to_owned(),
        format!("GET /messages/direct?personId={uuid}"),
        format!("GET /messages/{uuid}"),
        format!("PUT /messages/{uuid}"),
        format!("DELETE /messages/{uuid}"),
        format!("GET /contents/{uuid}"),
        "POST /attachment/actions".to_owned(),
        format!("GET /attachment/actions/{uuid}"),
        "GET /teams".to_owned(),
        "POST /teams".to_owned(),
        format!("GET /teams/{uuid}"),
        format!("PUT /teams/{uuid}"),
        format!("DELETE /teams/{uuid}"),
        format!("GET /team/memberships?teamId={uuid}"),
        "POST /team/memberships".to_owned(),
        format!("GET /team/memberships/{team}"),
        format!("PUT /team/memberships/{team}"),
        format!("DELETE /team/memberships/{team}"),
    ];
    for request in &requests {
        let answer = cast.rig.ask_as(Some(&nobody), request, Value::Null).await;
        assert_eq!(answer.status, 403, "{request}: {}", answer.body);
        assert_eq!(
            cast.rig.ask_as(None, request, Value::Null).await.status,
            401,
            "{request}"
        );
        // Nothing that is named is there.
        let named = request.contains('-') && (request.starts_with("GET") || request.starts_with("DELETE"));
        if named {
            let answer = cast.ask(&cast.ada, request, Value::Null).await;
            assert_eq!(answer.status, 404, "{request}: {}", answer.body);
        }
    }
    for path in [
        "/rooms/x",
        "/memberships/x",
        "/messages/x",
        "/contents/x",
        "/teams/x",
        "/team/memberships/x",
    ] {
        let message = refused(cast.get(&cast.ada, path).await, 400);
        assert_eq!(message, "Expect base64 ID or UUID.", "{path}");
    }
    let elsewhere = format!("/rooms?orgId={}", hallway_wire::id::OrgId::random());
    cast.get(&cast.ada, &elsewhere).await.expect(404);
}
