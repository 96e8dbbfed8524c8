//! The reports: on the disk before anybody is thanked, and sent until the ticket system has taken them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hallway_sdk::outbox::Outbox;
use hallway_sdk::state::Kept;
use hallway_sdk::time::Clock;
use hallway_sdk::{DeviceId, Result, Secret, Timestamp, WorkspaceId};
use serde::{Deserialize, Serialize};

/// So many open reports are kept; then the reporter is told that there is no room for more.
const MOST_OPEN: usize = 2000;
/// So many closed ones are remembered.
const MOST_CLOSED: usize = 500;
/// So long the reporter waits for the number of the ticket.
const PATIENCE: Duration = Duration::from_secs(8);

/// What somebody reported. This is also what the ticket system is sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Names it: the same report never has two keys.
    pub key: String,
    /// Its number here, `R-1`.
    pub reference: String,
    /// Where.
    pub room: String,
    /// The id of the workspace.
    pub workspace_id: Option<WorkspaceId>,
    /// On which device it was reported.
    pub device_id: DeviceId,
    /// What kind of trouble.
    pub subject: String,
    /// In the words of the reporter; may be empty.
    pub text: String,
    /// When.
    pub reported_at: Timestamp,
    /// Its number in the ticket system, once that has taken it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// Whether it is done, as far as this list is concerned.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub closed: bool,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Book {
    last: u64,
    reports: Vec<Report>,
}

/// Takes reports, and sends them on where there is a ticket system.
#[derive(Debug)]
pub struct Desk {
    book: Kept<Book>,
    outbox: Option<Outbox>,
}

impl Desk {
    /// Opens the desk whose reports are kept in a folder; with a ticket system, where that is and the key of the
    /// signatures.
    ///
    /// # Errors
    /// What is kept cannot be read, or the address of the ticket system would show reports to the network.
    pub fn open(folder: &Path, tickets: Option<(&str, Secret)>, clock: Arc<dyn Clock>) -> Result<Self> {
        let outbox = tickets.map(|(url, secret)| Outbox::open(folder, "outbox", url, secret, clock));
        Ok(Self { book: Kept::open(folder, "reports")?, outbox: outbox.transpose()? })
    }

    /// Whether reports go to a ticket system.
    pub fn sends(&self) -> bool {
        self.outbox.is_some()
    }

    /// All reports, newest first.
    pub fn reports(&self) -> Vec<Report> {
        self.book.look(|book| book.reports.iter().rev().cloned().collect())
    }

    /// Takes a report, or finds the one that was taken with the same key, and sends it if it should be sent and the
    /// ticket system answers soon. `None`: there is no room for more.
    pub(crate) async fn file(&self, mut report: Report) -> Result<Option<Report>> {
        let filed = self.book.change(|book| {
            if let Some(known) = book.reports.iter().find(|known| known.key == report.key) {
                return Some(known.clone());
            }
            if book.reports.iter().filter(|it| !it.closed).count() >= MOST_OPEN {
                return None;
            }
            book.last += 1;
            report.reference = format!("R-{}", book.last);
            report.ticket = self.outbox.is_none().then(|| report.reference.clone());
            book.reports.push(report.clone());
            Some(report)
        });
        let Some(mut filed) = filed.await? else { return Ok(None) };
        if let Some(outbox) = self.outbox.as_ref().filter(|_| filed.ticket.is_none()) {
            outbox.put(&filed.key, &filed).await?;
            if let Ok(Some(answer)) = tokio::time::timeout(PATIENCE, outbox.send(&filed.key)).await {
                filed.ticket = self.took(outbox, &filed.key, &answer).await?;
            }
        }
        Ok(Some(filed))
    }

    /// Closes a report; `false`: there is none that is open.
    pub(crate) async fn close(&self, reference: &str) -> Result<bool> {
        let close = |book: &mut Book| {
            let open = book.reports.iter_mut().find(|it| it.reference == reference && !it.closed);
            let found = open.map(|it| it.closed = true).is_some();
            forget_old(book);
            found
        };
        self.book.change(close).await
    }

    /// Sends what could not be sent, until it was taken.
    ///
    /// # Errors
    /// What was taken could not be written down.
    pub(crate) async fn run(&self) -> Result<()> {
        let Some(outbox) = &self.outbox else { return std::future::pending().await };
        // What was written down and could not be put into the box.
        for report in self.reports().into_iter().filter(|it| !it.closed && it.ticket.is_none()) {
            outbox.put(&report.key, &report).await?;
        }
        loop {
            let key = outbox.due().await;
            if let Some(answer) = outbox.send(&key).await {
                self.took(outbox, &key, &answer).await?;
            }
        }
    }

    /// The ticket system has taken a report. Whatever number it said is kept, before the letter is forgotten.
    async fn took(&self, outbox: &Outbox, key: &str, answer: &serde_json::Value) -> Result<Option<String>> {
        let said = ["number", "ticket", "id"].iter().find_map(|name| match &answer[*name] {
            serde_json::Value::String(text) => Some(text.chars().take(64).collect::<String>()),
            serde_json::Value::Number(number) => Some(number.to_string()),
            _ => None,
        });
        let note = |book: &mut Book| {
            let report = book.reports.iter_mut().find(|it| it.key == key)?;
            report.closed = true;
            let ticket = report.ticket.insert(said.unwrap_or_else(|| report.reference.clone())).clone();
            forget_old(book);
            Some(ticket)
        };
        let ticket = self.book.change(note).await?;
        outbox.done(key).await?;
        Ok(ticket)
    }
}

fn forget_old(book: &mut Book) {
    let mut more = book.reports.iter().filter(|it| it.closed).count().saturating_sub(MOST_CLOSED);
    book.reports.retain(|it| {
        let goes = it.closed && more > 0;
        more -= usize::from(goes);
        !goes
    });
}
