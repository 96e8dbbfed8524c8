//! E-mails that Hallway writes, and the jobs that write many.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::id::{JobId, OrgId, PersonId};
use crate::time::Timestamp;

/// Where an e-mail is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum MailState {
    /// Not sent yet. Where no mail server is set up, it stays so: the administrator passes it on.
    Waiting,
    Sent,
    /// Given up; `lastError` says why.
    Failed,
}

/// An e-mail in the outbox, as the management API shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Mail {
    pub id: String,
    pub to: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person_id: Option<PersonId>,
    pub subject: String,
    /// Only where one e-mail is asked for: it may hold a link that opens an account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    pub state: MailState,
    pub attempts: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    pub created: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<Timestamp>,
}

/// Answer of `GET /hallway/v1/outbox`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Outbox {
    /// Whether a mail server is set up.
    pub delivers: bool,
    /// The newest first.
    pub items: Vec<Mail>,
}

/// A run of the job that sends activation e-mails again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResendJob {
    /// `resendinviteemail`
    pub name: String,
    pub id: JobId,
    pub tracking_id: String,
    pub source_user_id: PersonId,
    pub source_customer_id: OrgId,
    pub target_customer_id: OrgId,
    pub instance_id: u64,
    pub job_execution_status: Vec<JobStep>,
    /// `STARTED`, `COMPLETED` or `FAILED`
    pub latest_execution_status: String,
    /// `UNKNOWN`, `COMPLETED`, `FAILED` or `COMPLETED_WITH_ERRORS`
    pub latest_execution_exit_code: String,
    pub counts: ResendCounts,
    pub allow_admin_invite_emails: bool,
}

/// One step of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobStep {
    pub id: u64,
    pub start_time: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_time: Option<Timestamp>,
    pub last_updated: Timestamp,
    pub status_message: String,
    pub exit_code: String,
    pub created_time: Timestamp,
    /// `PT12S`
    pub time_elapsed: String,
}

/// How far the job came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResendCounts {
    pub user_resend_invite_sent: u64,
    pub user_resend_invite_failed: u64,
    pub user_resend_invite_skipped: u64,
    pub total_users: u64,
}

/// Somebody whom a job could not serve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobError {
    /// Counted from 1.
    pub item_number: u64,
    pub error: JobErrorObject,
    pub tracking_id: String,
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobErrorObject {
    pub key: String,
    pub message: Vec<JobErrorMessage>,
}

/// In words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobErrorMessage {
    pub description: String,
    pub code: String,
    /// Always null here: the job knows no locations.
    pub location_id: Value,
}
