//! Sending what waits in the outbox. The outbox is the truth: what a mail server has not taken when this process
//! ends is sent by the next one, perhaps twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hallway_wire::id::OrgId;
use hallway_wire::mail::MailState;
use tokio::sync::Notify;

use super::{Letter, Mail, MailError, Mailer};
use crate::error::{Error, Result};
use crate::platform::Platform;
use crate::ports::Find;
use crate::records::{Document as _, Kept};

/// How often the outbox is looked at when nobody says that there is something new.
const LOOK_EVERY: Duration = Duration::from_secs(15);
/// E-mails that are sent before waiting ones are looked up again.
const BATCH: usize = 50;
/// First pause after a failure; it doubles up to the longest.
const FIRST_PAUSE_MS: i64 = 60_000;
const LONGEST_PAUSE_MS: i64 = 6 * 3_600_000;
/// How often a letter is tried: for more than three days.
const MAX_ATTEMPTS: u32 = 20;
/// How long a mail server may take for the letter that it has in hand when the platform stops.
const LAST_PATIENCE: Duration = Duration::from_secs(3);
/// Longest error that is kept.
const MAX_ERROR: usize = 500;

/// What the outbox keeps in memory.
#[derive(Debug, Default)]
pub(crate) struct MailRoom {
    /// Whether a mail server is set up.
    pub(crate) delivers: AtomicBool,
    /// Something new may wait.
    pub(crate) news: Notify,
}

impl Platform {
    /// Says that there may be something new in the outbox.
    pub(crate) fn wake_mail(&self) {
        self.mail.news.notify_one();
    }

    /// Sends what is in the outbox, now and later, until the platform stops.
    pub fn start_mailing(self: &Arc<Self>, mailer: Arc<dyn Mailer>) {
        self.mail.delivers.store(true, Ordering::Relaxed);
        self.tasks.spawn(Arc::clone(self).mail_forever(mailer));
    }

    async fn mail_forever(self: Arc<Self>, mailer: Arc<dyn Mailer>) {
        while !self.stop.is_cancelled() {
            let more = match self.send_mail(&*mailer).await {
                Ok(sent) => sent == BATCH,
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "the outbox could not be sent"
                    );
                    false
                }
            };
            if more {
                continue;
            }
            tokio::select! {
                () = self.stop.cancelled() => {}
                () = self.mail.news.notified() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// Tries what is due now, once each, and returns how many letters that were.
    ///
    /// # Errors
    /// The store failed. That the mail server refuses a letter is kept with the letter.
    pub async fn send_mail(&self, mailer: &dyn Mailer) -> Result<usize> {
        let mut tried = 0;
        for org in self.all_organizations().await? {
            if !self.standings.is_active(org.id) {
                continue;
            }
            for kept in self.due_mail(org.id).await? {
                if self.stop.is_cancelled() {
                    return Ok(tried);
                }
                let text = self.vault.open(&kept.text)?;
                let letter = Letter {
                    id: kept.id.clone(),
                    written: kept.created,
                    to: kept.to.clone(),
                    subject: kept.subject.clone(),
                    text: text.expose().to_owned(),
                };
                let result = tokio::select! {
                    result = mailer.send(&letter) => result,
                    () = self.patience_ends() => return Ok(tried),
                };
                self.keep_attempt(&kept, result).await?;
                tried += 1;
            }
        }
        Ok(tried)
    }

    /// Returns when the platform stops and a mail server had time to finish what it is at.
    async fn patience_ends(&self) {
        self.stop.cancelled().await;
        tokio::time::sleep(LAST_PATIENCE).await;
    }

    async fn due_mail(&self, org: OrgId) -> Result<Vec<Kept<Mail>>> {
        let mut find = Find::new(Mail::KIND, org, Mail::WAITING, "", BATCH);
        find.until = Some(crate::ports::by_time(self.now().plus_millis(1)));
        Ok(self.list(find).await?.items)
    }

    async fn keep_attempt(&self, kept: &Kept<Mail>, result: Result<(), MailError>) -> Result<()> {
        let now = self.now();
        let mut mail = kept.doc.clone();
        mail.attempts = mail.attempts.saturating_add(1);
        match result {
            Ok(()) => {
                mail.state = MailState::Sent;
                mail.sent = Some(now);
                mail.last_error = None;
            }
            Err(error) => {
                tracing::warn!(to = mail.to, attempt = mail.attempts, %error, "an e-mail was not sent");
                mail.last_error = Some(error.what.chars().take(MAX_ERROR).collect());
                if error.forever || mail.attempts >= MAX_ATTEMPTS {
                    mail.state = MailState::Failed;
                } else {
                    let doubled = FIRST_PAUSE_MS.saturating_mul(1 << (mail.attempts - 1).min(16));
                    mail.due = now.plus_millis(doubled.min(LONGEST_PAUSE_MS));
                }
            }
        }
        match self.commit(vec![kept.put(&mail)?]).await {
            // Another process sent it too, or it is gone with its organization.
            Err(Error::Stale) => Ok(()),
            done => done,
        }
    }
}
