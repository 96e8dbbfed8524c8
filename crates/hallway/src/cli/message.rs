//! `hallway message`: reading and writing messages as the token's owner.

use hyper::Method;
use serde_json::{Map, Value, json};

use super::args::MessageCommand;
use super::device::text;
use super::failure::Result;
use super::http::{Body, Client, with_query};
use super::names;
use super::printer::Printer;
use super::room::time;
use super::table::Table;

pub(crate) async fn run(command: MessageCommand, client: &Client, printer: &mut Printer) -> Result {
    match command {
        MessageCommand::Send {
            text: words,
            to,
            plain,
            reply_to,
        } => {
            let mut body = Map::new();
            if let Some(room) = &to.room {
                let room = names::room(client, room).await?;
                body.insert("roomId".to_owned(), room.id.into());
            }
            if let Some(person) = to.to {
                body.insert("toPersonEmail".to_owned(), person.into());
            }
            if let Some(parent) = reply_to {
                body.insert("parentId".to_owned(), parent.into());
            }
            let kind = if plain { "text" } else { "markdown" };
            body.insert(kind.to_owned(), words.into());
            let sent = client
                .ask(Method::POST, "/v1/messages", Body::Json(Value::Object(body)))
                .await?;
            printer.show(&sent, || format!("Sent as {}", text(&sent, "id")))
        }
        MessageCommand::List { room, max } => {
            let room = names::room(client, &room).await?;
            let max = max.to_string();
            let path = with_query("/v1/messages", &[("roomId", &room.id), ("max", &max)]);
            // One page: who wants more of a long room asks for more.
            let answer = client.get(&path).await?;
            let items = answer["items"].as_array().cloned().unwrap_or_default();
            printer.show(&json!({ "items": items }), || table(&items))
        }
    }
}

fn table(messages: &[Value]) -> String {
    let mut table = Table::new(&["TIME", "WHO", "TEXT", "ID"]);
    for message in messages.iter().rev() {
        let files = message["files"].as_array().map_or(0, Vec::len);
        let cards = message["attachments"].as_array().map_or(0, Vec::len);
        let mut words = text(message, "text").to_owned();
        if files > 0 {
            words.push_str(" [file]");
        }
        if cards > 0 {
            words.push_str(" [card]");
        }
        table.row([
            time(message, "created"),
            text(message, "personEmail").to_owned(),
            words.trim().to_owned(),
            text(message, "id").to_owned(),
        ]);
    }
    table.or("Nothing was said.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_stands_first() {
        let message = |id: &str, words: &str| {
            json!({ "id": id, "text": words, "personEmail": "ada@example.com",
                    "created": "2026-03-04T05:06:07.089Z" })
        };
        let mut file = message("m2", "see");
        file["files"] = json!(["https://x"]);
        insta::assert_snapshot!(table(&[file, message("m1", "two\nlines")]), @r"
        TIME                  WHO              TEXT        ID
        2026-03-04 05:06:07Z  ada@example.com  two lines   m1
        2026-03-04 05:06:07Z  ada@example.com  see [file]  m2
        ");
    }
}
