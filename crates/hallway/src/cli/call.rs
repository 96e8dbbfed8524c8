//! `hallway call`: calls that webhooks tell of.

use hyper::Method;
use serde_json::{Value, json};

use super::args::CallCommand;
use super::device::text;
use super::failure::Result;
use super::http::{Body, Client, encoded};
use super::printer::Printer;
use super::table::Table;

const CALLS: &str = "/hallway/v1/calls";

pub(crate) async fn run(command: CallCommand, client: &Client, printer: &mut Printer) -> Result {
    use CallCommand as C;
    match command {
        C::List => {
            let all = client.list(CALLS).await?;
            printer.show(&json!({ "items": all }), || table(&all))
        }
        C::Dial { from, to } => {
            let body = Body::Json(json!({ "from": from, "to": to }));
            let made = client.ask(Method::POST, CALLS, body).await?;
            printer.show(&made, || table(std::slice::from_ref(&made)))
        }
        C::Answer { call } => step(client, &call, "answer", None, printer).await,
        C::Hold { call, by } => step(client, &call, "hold", by, printer).await,
        C::Resume { call, by } => step(client, &call, "resume", by, printer).await,
        C::Disconnect { call, by } => step(client, &call, "disconnect", by, printer).await,
    }
}

async fn step(
    client: &Client,
    call: &str,
    action: &str,
    by: Option<String>,
    printer: &mut Printer,
) -> Result {
    let path = format!("{CALLS}/{}/{action}", encoded(call));
    let answer = client
        .ask(Method::POST, &path, Body::Json(json!({ "by": by })))
        .await?;
    printer.show(&answer, || table(std::slice::from_ref(&answer)))
}

fn table(all: &[Value]) -> String {
    let mut table = Table::new(&["FROM", "TO", "STATE", "ID"]);
    for call in all {
        let leg = |at: usize| {
            call.get("legs")
                .and_then(|legs| legs.get(at))
                .unwrap_or(&Value::Null)
        };
        table.row([
            text(leg(0), "name").to_owned(),
            text(leg(1), "name").to_owned(),
            text(call, "state").to_owned(),
            text(call, "id").to_owned(),
        ]);
    }
    table.or("Nobody calls.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_listed() {
        let all =
            [json!({ "id": "c1", "state": "alerting", "legs": [{ "name": "Ann" }, { "name": "+1555" }] })];
        insta::assert_snapshot!(table(&all), @r"
        FROM  TO     STATE     ID
        Ann   +1555  alerting  c1
        ");
    }
}
