//! Jobs that the service does beside: sending activation e-mails again (people-calling 2).

use http::Method;
use serde::Deserialize;

use super::people::People;
use crate::client::List;
use crate::error::Result;
use crate::id::OrgId;
use crate::words::words;

words! {
    /// How a job goes.
    pub enum JobState {
        /// It begins.
        Starting = "STARTING",
        /// It is going on.
        Started = "STARTED",
        /// It is about to end.
        Stopping = "STOPPING",
        /// It is done.
        Completed = "COMPLETED",
        /// It failed.
        Failed = "FAILED",
        /// It was given up.
        Abandoned = "ABANDONED",
    }
}

/// A job that sends activation e-mails.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct EmailJob {
    /// The id.
    pub id: String,
    /// How it goes.
    pub latest_execution_status: Option<JobState>,
    /// How many were served.
    #[serde(default)]
    pub counts: EmailCounts,
}

/// How many people a job served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct EmailCounts {
    /// They got a mail.
    pub user_resend_invite_sent: u64,
    /// They should have.
    pub user_resend_invite_failed: u64,
    /// They needed none.
    pub user_resend_invite_skipped: u64,
    /// All of them.
    pub total_users: u64,
}

/// Somebody whom a job could not serve.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct JobError {
    /// Which one of all.
    pub item_number: Option<u64>,
    /// Names the try.
    pub tracking_id: Option<String>,
    /// What went wrong.
    #[serde(default)]
    pub error: serde_json::Value,
}

impl People {
    /// Sends activation e-mails again to all who have not activated their account. One such job runs at a time.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn send_activation_emails(&self, org: &OrgId) -> Result<EmailJob> {
        self.0.at(Method::POST, &path(org, &[])).read().await
    }

    /// How that job goes.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn activation_emails(&self, org: &OrgId, job: &str) -> Result<EmailJob> {
        self.0.at(Method::GET, &path(org, &[job, "status"])).read().await
    }

    /// Whom that job could not serve.
    pub fn activation_email_errors(&self, org: &OrgId, job: &str) -> List<JobError> {
        self.0.list(&path(org, &[job, "errors"]), "items")
    }
}

fn path<'a>(org: &'a OrgId, below: &[&'a str]) -> Vec<&'a str> {
    let jobs = [
        "identity",
        "organizations",
        org.as_str(),
        "jobs",
        "sendActivationEmails",
    ];
    [&jobs[..], below].concat()
}
