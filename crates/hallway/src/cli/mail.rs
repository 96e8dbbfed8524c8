//! `hallway mail`: the e-mails that Hallway has written.

use clap::Subcommand;
use hallway_wire::mail::{Mail, MailState, Outbox};
use serde_json::Value;

use super::device::text;
use super::failure::{Failure, Result};
use super::http::{Client, encoded, shape, with_query};
use super::integration::moment;
use super::printer::Printer;
use super::table::{Labelled, Table};

/// E-mails.
#[derive(Subcommand, Debug)]
pub(crate) enum MailCommand {
    /// List the newest e-mails that were written, and whether they were sent
    List {
        /// How many
        #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
        max: u16,
    },
    /// Print an e-mail; the audit trail says that you read it
    Show {
        /// Id of the e-mail, or an e-mail address: the newest to it
        mail: String,
    },
}

const OUTBOX: &str = "/hallway/v1/outbox";

pub(crate) async fn run(command: MailCommand, client: &Client, printer: &mut Printer) -> Result {
    match command {
        MailCommand::List { max } => {
            let answer = client
                .get(&with_query(OUTBOX, &[("max", &max.to_string())]))
                .await?;
            let text = mail_table(&answer)?;
            printer.show(&answer, || text)
        }
        MailCommand::Show { mail } => {
            let id = mail_id(client, mail.trim()).await?;
            let answer = client.get(&format!("{OUTBOX}/{}", encoded(&id))).await?;
            let text = mail_text(&answer)?;
            printer.show(&answer, || text)
        }
    }
}

/// The id of the newest e-mail to an address; what is no address is an id.
async fn mail_id(client: &Client, wanted: &str) -> Result<String> {
    if !wanted.contains('@') {
        return Ok(wanted.to_owned());
    }
    let all = client.list(&with_query(OUTBOX, &[("max", "1000")])).await?;
    let newest = all
        .iter()
        .find(|mail| text(mail, "to").eq_ignore_ascii_case(wanted))
        .map(|mail| text(mail, "id").to_owned());
    newest.ok_or_else(|| {
        Failure::refused(format!("no e-mail was written to {wanted}"))
            .hint("`hallway mail list` shows those that there are")
    })
}

fn state(state: MailState) -> &'static str {
    match state {
        MailState::Waiting => "waiting",
        MailState::Sent => "sent",
        MailState::Failed => "failed",
    }
}

fn mail_table(answer: &Value) -> Result<String> {
    let outbox: Outbox = shape(answer)?;
    let mut table = Table::new(&["WRITTEN", "TO", "SUBJECT", "STATE", "LAST ERROR", "ID"]);
    for mail in outbox.items {
        table.row([
            moment(mail.created),
            mail.to,
            mail.subject,
            state(mail.state).to_owned(),
            mail.last_error.unwrap_or_default(),
            mail.id,
        ]);
    }
    let mut text = table.or("No e-mail was written yet.\n");
    if !outbox.delivers && !table.is_empty() {
        text.push_str("\nNo mail server is set up: they wait here for you to pass on.\n");
    }
    Ok(text)
}

fn mail_text(answer: &Value) -> Result<String> {
    let mail: Mail = shape(answer)?;
    let mut lines = Labelled::default();
    lines
        .add("to", &mail.to)
        .add("subject", &mail.subject)
        .add("written", moment(mail.created))
        .add("state", state(mail.state))
        .add_some("sent", mail.sent.map(moment));
    if mail.attempts > 0 {
        lines.add("attempts", mail.attempts.to_string());
    }
    lines.add_some("last error", mail.last_error.as_ref());
    Ok(format!("{}\n{}", lines.render(), mail.text.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cli::testing::Office;

    fn mails() -> [Value; 2] {
        [
            json!({ "id": "m2", "to": "ada@example.com", "subject": "Activate your account of Fjord",
                    "state": "waiting", "attempts": 1, "lastError": "451 greylisted",
                    "created": "2026-03-04T05:06:07.089Z" }),
            json!({ "id": "m1", "to": "ada@example.com", "subject": "Activate your account of Fjord",
                    "state": "sent", "attempts": 1, "created": "2026-03-04T05:00:07.089Z",
                    "sent": "2026-03-04T05:00:08.089Z" }),
        ]
    }

    #[tokio::test]
    async fn mails_are_listed_and_the_newest_to_an_address_is_shown() {
        let mut whole = mails()[0].clone();
        whole["text"] = "Hello Ada,\n\nopen this link:\n\n    http://x/activate?token=t\n".into();
        let office = Office::default()
            .on(
                "GET /hallway/v1/outbox",
                &json!({ "delivers": false, "items": mails() }),
            )
            .on("GET /hallway/v1/outbox/m2", &whole)
            .open()
            .await;
        let outcome = office.run(&["mail", "list"]).await;
        insta::assert_snapshot!(outcome.out, @r"
        WRITTEN               TO               SUBJECT                         STATE    LAST ERROR      ID
        2026-03-04 05:06:07Z  ada@example.com  Activate your account of Fjord  waiting  451 greylisted  m2
        2026-03-04 05:00:07Z  ada@example.com  Activate your account of Fjord  sent     -               m1

        No mail server is set up: they wait here for you to pass on.
        ");
        let outcome = office.run(&["mail", "show", "Ada@example.com"]).await;
        assert_eq!(outcome.code, 0, "{}", outcome.err);
        insta::assert_snapshot!(outcome.out, @r"
        to:          ada@example.com
        subject:     Activate your account of Fjord
        written:     2026-03-04 05:06:07Z
        state:       waiting
        attempts:    1
        last error:  451 greylisted

        Hello Ada,

        open this link:

            http://x/activate?token=t
        ");
        assert_eq!(office.run(&["mail", "show", "ben@example.com"]).await.code, 1);
    }
}
