//! `hallway webhook`: the caller's webhooks, and what became of their deliveries.

use hallway_wire::webhook::{Attempt, OwnedBy, Status, Webhook};
use hyper::Method;
use serde_json::{Value, json};

use super::args::{WebhookCommand, WebhookWish};
use super::failure::{Failure, Result};
use super::http::{Body, Client, encoded, shape, with_query};
use super::integration::moment;
use super::names::{self, Named, quoted};
use super::printer::Printer;
use super::table::{Labelled, Table};

pub(crate) async fn run(command: WebhookCommand, client: &Client, printer: &mut Printer) -> Result {
    use WebhookCommand as C;
    match command {
        C::List { organization } => {
            let all = client
                .list(if organization {
                    names::ORG_WEBHOOKS
                } else {
                    names::WEBHOOKS
                })
                .await?;
            let text = list(&all)?;
            printer.show(&json!({ "items": all }), || text)
        }
        C::Show { webhook } => {
            let webhook = names::webhook(client, &webhook).await?;
            let answer = client.get(&path(&webhook)).await?;
            let text = details(&shape(&answer)?);
            printer.show(&answer, || text)
        }
        C::Create { target_url, wish } => {
            let body = wish.body(&target_url);
            let answer = client.ask(Method::POST, "/v1/webhooks", Body::Json(body)).await?;
            let made: Webhook = shape(&answer)?;
            printer.show(&answer, || {
                format!("Created the webhook {} ({}).", quoted(&made.name), made.id)
            })
        }
        C::Revive { webhook } => {
            let webhook = names::webhook(client, &webhook).await?;
            let shown: Webhook = shape(&client.get(&path(&webhook)).await?)?;
            let body = json!({ "name": shown.name, "targetUrl": shown.target_url, "status": "active" });
            let answer = client.ask(Method::PUT, &path(&webhook), Body::Json(body)).await?;
            printer.show(&answer, || format!("{} is active.", quoted(&shown.name)))
        }
        C::Delete { webhook } => {
            let webhook = names::webhook(client, &webhook).await?;
            client.tell(Method::DELETE, &path(&webhook), Body::None).await?;
            printer.show(&json!({ "deleted": webhook.id }), || {
                format!("Deleted the webhook {}.", quoted(&webhook.name))
            })
        }
        C::Deliveries { webhook, max } => {
            let webhook = names::webhook(client, &webhook).await?;
            let target = with_query(&history(&webhook), &[("max", &max.to_string())]);
            let answer = client.get(&target).await?;
            let text = attempts(&answer)?;
            printer.show(&answer, || text)
        }
        C::Redeliver { webhook, delivery } => {
            let webhook = names::webhook(client, &webhook).await?;
            let target = format!("{}/{}/redeliver", history(&webhook), encoded(&delivery));
            let answer = client.ask(Method::POST, &target, Body::None).await?;
            let attempt: Attempt = shape(&answer)?;
            printer.show(&answer, || format!("Delivered again: {}.", outcome(&attempt)))?;
            if attempt.delivered {
                return Ok(());
            }
            Err(Failure::refused("the receiver did not take it"))
        }
    }
}

fn path(webhook: &Named) -> String {
    format!("/v1/webhooks/{}", webhook.segment())
}

fn history(webhook: &Named) -> String {
    format!("/hallway/v1/webhooks/{}/deliveries", webhook.segment())
}

impl WebhookWish {
    /// The body that asks for it.
    pub(crate) fn body(&self, target_url: &str) -> Value {
        let mut body = json!({
            "name": self.name, "targetUrl": target_url, "resource": self.resource, "event": self.event,
        });
        if let Some(filter) = &self.filter {
            body["filter"] = filter.as_str().into();
        }
        if let Some(secret) = &self.secret {
            body["secret"] = secret.as_str().into();
        }
        if self.organization {
            body["ownedBy"] = "org".into();
        }
        body
    }
}

fn status(status: Status) -> &'static str {
    match status {
        Status::Active => "active",
        Status::Inactive => "inactive",
    }
}

fn list(items: &[Value]) -> Result<String> {
    let mut table = Table::new(&["NAME", "HEARS", "STATUS", "TARGET", "ID"]);
    for item in items {
        let webhook: Webhook = shape(item)?;
        table.row([
            webhook.name,
            format!("{} {}", webhook.resource.word(), webhook.event.word()),
            status(webhook.status).to_owned(),
            webhook.target_url,
            webhook.id.to_string(),
        ]);
    }
    Ok(table.or("There is no webhook."))
}

fn details(webhook: &Webhook) -> String {
    let mut lines = Labelled::default();
    lines
        .add("name", &webhook.name)
        .add("id", webhook.id.to_string())
        .add("target", &webhook.target_url)
        .add(
            "hears",
            format!("{} {}", webhook.resource.word(), webhook.event.word()),
        )
        .add_some("filter", webhook.filter.as_ref())
        .add(
            "of",
            match webhook.owned_by {
                OwnedBy::Creator => "what its creator can see",
                OwnedBy::Org => "the whole organization",
            },
        )
        .add("signed", if webhook.secret.is_some() { "yes" } else { "no" })
        .add("status", status(webhook.status))
        .add("created", moment(webhook.created));
    lines.render()
}

/// What came of an attempt, in a few words.
fn outcome(attempt: &Attempt) -> String {
    match (&attempt.error, attempt.status) {
        (None, Some(status)) => format!("{status} in {} ms", attempt.duration_ms),
        (Some(error), _) => format!("{error} ({} ms)", attempt.duration_ms),
        (None, None) => "delivered".to_owned(),
    }
}

/// Resource and event of a delivery's body.
pub(crate) fn told(body: &str) -> String {
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let word = |member: &str| body[member].as_str().unwrap_or("?").to_owned();
    format!("{} {}", word("resource"), word("event"))
}

fn attempts(answer: &Value) -> Result<String> {
    let mut table = Table::new(&["TIME", "WHAT", "TRY", "OUTCOME", "DELIVERY"]);
    for item in answer["items"].as_array().into_iter().flatten() {
        let attempt: Attempt = shape(item)?;
        table.row([
            moment(attempt.at),
            told(&attempt.request.body),
            attempt.attempt.to_string(),
            outcome(&attempt),
            attempt.delivery_id.to_string(),
        ]);
    }
    Ok(table.or("Nothing was delivered yet."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn webhooks_and_deliveries_are_listed() {
        let webhook = json!({ "id": "Y2lzY29zcGFyazovL3VzL1dFQkhPT0svMDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDAw",
            "name": "Mine", "targetUrl": "https://example.com/x", "resource": "messages", "event": "all",
            "ownedBy": "creator", "status": "inactive", "created": "2026-03-04T05:06:07.089Z",
            "orgId": "Y2lzY29zcGFyazovL3VzL09SR0FOSVpBVElPTi8wMDAwMDAwMC0wMDAwLTAwMDAtMDAwMC0wMDAwMDAwMDAwMDA",
            "createdBy": "Y2lzY29zcGFyazovL3VzL1BFT1BMRS8wMDAwMDAwMC0wMDAwLTAwMDAtMDAwMC0wMDAwMDAwMDAwMDA",
            "appId": "x" });
        let shown = list(std::slice::from_ref(&webhook)).unwrap();
        assert!(
            shown.contains("Mine  messages all  inactive  https://example.com/x"),
            "{shown}"
        );
        assert!(details(&shape(&webhook).unwrap()).contains("status:   inactive"));
        let attempt = |error: Value, status: Value| {
            json!({ "deliveryId": "00000000-0000-0000-0000-000000000000", "attempt": 2,
                "at": "2026-03-04T05:06:07.089Z", "durationMs": 7, "delivered": error.is_null(),
                "status": status, "error": error, "request": { "url": "x", "headers": {},
                "body": "{\"resource\":\"rooms\",\"event\":\"created\"}" } })
        };
        let answer =
            json!({ "items": [attempt(json!("no answer"), Value::Null), attempt(Value::Null, json!(204))] });
        insta::assert_snapshot!(attempts(&answer).unwrap(), @r"
        TIME                  WHAT           TRY  OUTCOME           DELIVERY
        2026-03-04 05:06:07Z  rooms created  2    no answer (7 ms)  00000000-0000-0000-0000-000000000000
        2026-03-04 05:06:07Z  rooms created  2    204 in 7 ms       00000000-0000-0000-0000-000000000000
        ");
    }
}
