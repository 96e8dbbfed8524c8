//! `hallway room`: rooms of the token's owner.

use hyper::Method;
use serde_json::{Value, json};

use super::args::RoomCommand;
use super::device::text;
use super::failure::Result;
use super::http::{Body, Client, with_query};
use super::integration::moment;
use super::names;
use super::printer::Printer;
use super::table::{Labelled, Table};

pub(crate) async fn run(command: RoomCommand, client: &Client, printer: &mut Printer) -> Result {
    match command {
        RoomCommand::List => {
            let rooms = client.list(names::ROOMS).await?;
            printer.show(&json!({ "items": rooms }), || table(&rooms))
        }
        RoomCommand::Show { room } => {
            let room = names::room(client, &room).await?;
            show(client, &room.id, printer).await
        }
        RoomCommand::Create {
            title,
            locked,
            members,
        } => {
            let body = json!({ "title": title, "isLocked": locked });
            let room = client.ask(Method::POST, "/v1/rooms", Body::Json(body)).await?;
            for member in members {
                let body = json!({ "roomId": room["id"], "personEmail": member });
                client
                    .ask(Method::POST, "/v1/memberships", Body::Json(body))
                    .await?;
            }
            show(client, text(&room, "id"), printer).await
        }
    }
}

/// A time of an answer, shorter.
pub(crate) fn time(of: &Value, member: &str) -> String {
    let text = text(of, member);
    text.parse().map_or_else(|_| text.to_owned(), moment)
}

fn table(rooms: &[Value]) -> String {
    let mut table = Table::new(&["TITLE", "TYPE", "LAST ACTIVITY", "ID"]);
    for room in rooms {
        table.row([
            text(room, "title").to_owned(),
            text(room, "type").to_owned(),
            time(room, "lastActivity"),
            text(room, "id").to_owned(),
        ]);
    }
    table.or("You are in no room.")
}

async fn show(client: &Client, id: &str, printer: &mut Printer) -> Result {
    let segment = super::http::encoded(id);
    let room = client.get(&format!("/v1/rooms/{segment}")).await?;
    let members = client
        .list(&with_query("/v1/memberships", &[("roomId", id), ("max", "1000")]))
        .await?;
    let document = json!({ "room": room, "memberships": members });
    printer.show(&document, || details(&room, &members))
}

fn details(room: &Value, members: &[Value]) -> String {
    let mut traits: Vec<&str> = vec![text(room, "type")];
    for (member, word) in [
        ("isLocked", "locked"),
        ("isAnnouncementOnly", "announcements only"),
        ("isPublic", "public"),
        ("isReadOnly", "read-only"),
    ] {
        if room[member] == true {
            traits.push(word);
        }
    }
    let mut lines = Labelled::default();
    lines
        .add("title", text(room, "title"))
        .add("type", traits.join(", "))
        .add_some("description", room["description"].as_str())
        .add_some("team", room["teamId"].as_str())
        .add("created", time(room, "created"))
        .add("last activity", time(room, "lastActivity"))
        .add("id", text(room, "id"));
    let people = members.iter().map(|member| {
        let role = if member["isModerator"] == true {
            ", moderator"
        } else {
            ""
        };
        format!(
            "{} <{}>{role}",
            text(member, "personDisplayName"),
            text(member, "personEmail")
        )
    });
    lines.add_list("members", people);
    lines.render()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_are_shown() {
        let room = json!({
            "id": "r1", "title": "Unicorn", "type": "group", "isLocked": true, "isPublic": false,
            "created": "2026-03-04T05:06:07.089Z", "lastActivity": "2026-03-04T05:06:08.000Z",
        });
        insta::assert_snapshot!(table(std::slice::from_ref(&room)), @r"
        TITLE    TYPE   LAST ACTIVITY         ID
        Unicorn  group  2026-03-04 05:06:08Z  r1
        ");
        let members = [
            json!({ "personDisplayName": "Ada", "personEmail": "ada@example.com", "isModerator": true }),
            json!({ "personDisplayName": "Ben", "personEmail": "ben@example.com" }),
        ];
        insta::assert_snapshot!(details(&room, &members), @r"
        title:          Unicorn
        type:           group, locked
        created:        2026-03-04 05:06:07Z
        last activity:  2026-03-04 05:06:08Z
        id:             r1
        members:        Ada <ada@example.com>, moderator
                        Ben <ben@example.com>
        ");
        assert_eq!(table(&[]), "You are in no room.");
    }
}
