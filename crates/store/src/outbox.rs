//! The outbox of webhooks and their attempts in SQL.

use hallway_platform::ports::{NewAttempt, NewOutgoing, Outgoing, StoreError};
use hallway_wire::Timestamp;
use hallway_wire::id::WebhookId;

use crate::SqlStore;
use crate::driver::{Param, Row, Statement};

type Result<T> = std::result::Result<T, StoreError>;

fn number(number: u64) -> Param {
    Param::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

/// Adds a delivery behind all others.
pub(crate) fn put_outgoing(it: &NewOutgoing) -> Statement {
    Statement::new(
        "INSERT INTO webhook_outbox (webhook_id, delivery_id, at, body) VALUES (?1, ?2, ?3, ?4)",
        [
            Param::Id(it.webhook.uuid()),
            Param::Id(it.delivery),
            Param::Int(it.at.millis()),
            Param::Text(it.body.clone()),
        ],
    )
}

/// Deletes a webhook's deliveries up to one of them, or all.
pub(crate) fn delete_outgoing(webhook: WebhookId, up_to: Option<u64>) -> Statement {
    Statement::new(
        "DELETE FROM webhook_outbox WHERE webhook_id = ?1 AND seq <= ?2",
        [Param::Id(webhook.uuid()), number(up_to.unwrap_or(u64::MAX))],
    )
}

/// Deletes all of a webhook's deliveries but the newest ones.
pub(crate) fn trim_outgoing(webhook: WebhookId, keep: u64) -> Statement {
    Statement::new(
        "DELETE FROM webhook_outbox WHERE webhook_id = ?1 AND seq <= (SELECT seq FROM webhook_outbox \
         WHERE webhook_id = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2)",
        [Param::Id(webhook.uuid()), number(keep)],
    )
}

/// Puts an attempt into its slot.
pub(crate) fn put_attempt(it: &NewAttempt) -> Statement {
    Statement::new(
        "INSERT INTO webhook_attempt (webhook_id, slot, number, doc) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT (webhook_id, slot) DO UPDATE SET number = excluded.number, doc = excluded.doc",
        [
            Param::Id(it.webhook.uuid()),
            number(it.slot),
            number(it.number),
            Param::Text(it.doc.clone()),
        ],
    )
}

/// Deletes all attempts of a webhook.
pub(crate) fn delete_attempts(webhook: WebhookId) -> Statement {
    Statement::new(
        "DELETE FROM webhook_attempt WHERE webhook_id = ?1",
        [Param::Id(webhook.uuid())],
    )
}

fn whole<T: std::str::FromStr>(row: &dyn Row, column: usize) -> Result<T> {
    let text = row.text(column)?;
    text.parse()
        .map_err(|_| StoreError::Backend(format!("column {column} is no whole number: {text}")))
}

impl SqlStore {
    pub(crate) async fn ask_outgoing(
        &self,
        webhook: WebhookId,
        after: u64,
        max: usize,
    ) -> Result<Vec<Outgoing>> {
        let sql = "SELECT CAST(seq AS TEXT), delivery_id, CAST(at AS TEXT), body FROM webhook_outbox \
                   WHERE webhook_id = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3";
        let params = [
            Param::Id(webhook.uuid()),
            number(after),
            Param::Int(i64::try_from(max).unwrap_or(i64::MAX)),
        ];
        let mut found = Vec::new();
        self.driver
            .query(sql, &params, &mut |row| {
                found.push(Outgoing {
                    seq: whole(row, 0)?,
                    delivery: row.id(1)?,
                    at: Timestamp(whole(row, 2)?),
                    body: row.text(3)?.to_owned(),
                });
                Ok(())
            })
            .await?;
        Ok(found)
    }

    pub(crate) async fn ask_waiting(&self) -> Result<Vec<(WebhookId, u64)>> {
        let sql = "SELECT webhook_id, CAST(COUNT(*) AS TEXT) FROM webhook_outbox GROUP BY webhook_id";
        let mut found = Vec::new();
        self.driver
            .query(sql, &[], &mut |row| {
                found.push((WebhookId::from_uuid(row.id(0)?), whole(row, 1)?));
                Ok(())
            })
            .await?;
        Ok(found)
    }

    pub(crate) async fn ask_attempts(&self, webhook: WebhookId, max: usize) -> Result<Vec<(u64, String)>> {
        let sql = "SELECT CAST(number AS TEXT), doc FROM webhook_attempt WHERE webhook_id = ?1 \
                   ORDER BY number DESC LIMIT ?2";
        let max = Param::Int(i64::try_from(max).unwrap_or(i64::MAX));
        let mut found = Vec::new();
        self.driver
            .query(sql, &[Param::Id(webhook.uuid()), max], &mut |row| {
                found.push((whole(row, 0)?, row.text(1)?.to_owned()));
                Ok(())
            })
            .await?;
        Ok(found)
    }
}
