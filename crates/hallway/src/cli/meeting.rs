//! `hallway meeting`: scheduling meetings, and saying what happens in them.

use hyper::Method;
use serde_json::{Value, json};

use super::args::MeetingCommand;
use super::device::text;
use super::failure::Result;
use super::http::{Body, Client, encoded, with_query};
use super::printer::Printer;
use super::table::{Labelled, Table};

pub(crate) async fn run(command: MeetingCommand, client: &Client, printer: &mut Printer) -> Result {
    use MeetingCommand as C;
    match command {
        C::List { host, kind, from, to } => {
            let given = [
                ("hostEmail", host),
                ("meetingType", kind),
                ("from", from),
                ("to", to),
            ];
            let mut query = vec![("max", "100")];
            let given = given
                .iter()
                .filter_map(|(name, value)| Some((*name, value.as_deref()?)));
            query.extend(given);
            let all = client.list(&with_query("/v1/meetings", &query)).await?;
            printer.show(&json!({ "items": all }), || table(&all))
        }
        C::Create {
            title,
            start,
            end,
            timezone,
            recurrence,
            host,
            invitees,
            record,
        } => {
            let invitees: Vec<Value> = invitees.iter().map(|email| json!({ "email": email })).collect();
            let body = json!({
                "title": title, "start": start, "end": end, "timezone": timezone, "recurrence": recurrence,
                "hostEmail": host, "invitees": invitees, "enabledAutoRecordMeeting": record,
            });
            let made = client.ask(Method::POST, "/v1/meetings", Body::Json(body)).await?;
            printer.show(&made, || members(&made))
        }
        C::Start {
            meeting,
            participants,
        } => {
            let all: Vec<Value> = participants
                .iter()
                .map(|email| json!({ "email": email }))
                .collect();
            let body = json!({ "participants": all });
            tell(client, &meeting, "start", body, printer).await
        }
        C::Join { meeting, email } => {
            tell(client, &meeting, "join", json!({ "email": email }), printer).await
        }
        C::Leave { meeting, email } => {
            tell(client, &meeting, "leave", json!({ "email": email }), printer).await
        }
        C::End { meeting, transcript } => {
            tell(
                client,
                &meeting,
                "end",
                json!({ "transcript": transcript }),
                printer,
            )
            .await
        }
    }
}

async fn tell(client: &Client, meeting: &str, verb: &str, body: Value, printer: &mut Printer) -> Result {
    let path = format!("/hallway/v1/meetings/{}/{verb}", encoded(meeting));
    let answer = client.ask(Method::POST, &path, Body::Json(body)).await?;
    printer.show(&answer, || members(&answer))
}

fn table(all: &[Value]) -> String {
    let mut table = Table::new(&["TITLE", "STATE", "START", "END", "HOST", "ID"]);
    for meeting in all {
        table.row(
            ["title", "state", "start", "end", "hostEmail", "id"].map(|it| text(meeting, it).to_owned()),
        );
    }
    table.or("There is no meeting.")
}

fn members(answer: &Value) -> String {
    let mut lines = Labelled::default();
    let known = [
        ("id", "id"),
        ("title", "title"),
        ("state", "state"),
        ("start", "start"),
        ("end", "end"),
        ("recurrence", "recurrence"),
        ("host", "hostEmail"),
        ("number", "meetingNumber"),
        ("password", "password"),
        ("link", "webLink"),
        ("participant", "email"),
        ("joined", "joinedTime"),
        ("left", "leftTime"),
    ];
    for (label, member) in known {
        lines.add_some(label, Some(text(answer, member)));
    }
    lines.render()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meetings_are_listed() {
        let all = [json!({
            "id": "d1", "title": "Planning", "state": "active", "start": "2026-03-05T09:00:00Z",
            "end": "2026-03-05T10:00:00Z", "hostEmail": "ada@example.com",
        })];
        insta::assert_snapshot!(table(&all), @r"
        TITLE     STATE   START                 END                   HOST             ID
        Planning  active  2026-03-05T09:00:00Z  2026-03-05T10:00:00Z  ada@example.com  d1
        ");
        assert_eq!(table(&[]), "There is no meeting.");
        assert!(members(&all[0]).contains("host:"));
    }
}
