//! The outbox as an administrator sees it.

use std::sync::atomic::Ordering;

use hallway_wire::mail as wire;

use super::Mail;
use crate::caller::Caller;
use crate::error::Result;
use crate::platform::Platform;
use crate::ports::{After, Find};
use crate::records::{Document as _, Listed};

fn view(mail: &Mail, text: Option<String>) -> wire::Mail {
    wire::Mail {
        id: mail.id.clone(),
        to: mail.to.clone(),
        person_id: mail.person,
        subject: mail.subject.clone(),
        text,
        state: mail.state,
        attempts: mail.attempts,
        last_error: mail.last_error.clone(),
        created: mail.created,
        sent: mail.sent,
    }
}

impl Platform {
    /// The newest e-mails without their texts, and where the next page begins.
    ///
    /// # Errors
    /// No full or user administrator.
    pub async fn outbox(
        &self,
        caller: &Caller,
        max: usize,
        after: Option<After>,
    ) -> Result<(wire::Outbox, Option<After>)> {
        caller.require_user_admin()?;
        let find = Find::new(Mail::KIND, caller.org, Mail::ALL, "", max);
        let Listed { items, next } = self.list::<Mail>(find.newest_first().after(after)).await?;
        let outbox = wire::Outbox {
            delivers: self.mail.delivers.load(Ordering::Relaxed),
            items: items.iter().map(|kept| view(&kept.doc, None)).collect(),
        };
        Ok((outbox, next))
    }

    /// One e-mail with its text. Whoever reads an activation e-mail can activate the account: this is for
    /// administrators of people, and leaves an entry in the audit trail.
    ///
    /// # Errors
    /// No full or user administrator; unknown.
    pub async fn outbox_mail(&self, caller: &Caller, id: &str) -> Result<wire::Mail> {
        caller.require_user_admin()?;
        let kept = self.demand::<Mail>(caller.org, id).await?;
        let text = self.vault.open(&kept.text)?;
        let description = format!("read the e-mail to {}", kept.to);
        let entry = crate::audit::by(caller, self.now(), "mail.read", &kept.to, description);
        self.commit(vec![entry]).await?;
        Ok(view(&kept.doc, Some(text.expose().to_owned())))
    }
}
