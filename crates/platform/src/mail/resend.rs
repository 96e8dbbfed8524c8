//! The job that sends activation e-mails again to all who have not activated their accounts (people-calling 5.6).
//! It goes on where it was when a process ends: its place is kept with the e-mails that it wrote.

use std::sync::Arc;

use hallway_wire::Timestamp;
use hallway_wire::id::{JobId, OrgId, PersonId};
use hallway_wire::mail as wire;
use hallway_wire::webhook::{Event, Resource};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::audit;
use crate::caller::Caller;
use crate::error::Result;
use crate::org::Person;
use crate::platform::Platform;
use crate::ports::records::{Claim, Key, by_time};
use crate::ports::{After, Find, Page};
use crate::records::{Document, Kept, Listed, put_new};
use crate::webhook::Happening;

/// People that are served in one commit.
const BATCH: usize = 50;
/// Errors that are kept of one run.
const MAX_ERRORS: usize = 1000;

/// A run of the job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResendJob {
    pub id: JobId,
    pub org: OrgId,
    pub started_by: PersonId,
    pub tracking_id: String,
    pub instance: u64,
    /// `STARTED`, `COMPLETED` or `FAILED`
    pub status: String,
    pub counts: wire::ResendCounts,
    pub errors: Vec<JobFault>,
    /// Behind whom it goes on: order and id of the index of people.
    pub place: Option<(String, String)>,
    pub created: Timestamp,
    pub updated: Timestamp,
}

/// Somebody who got no e-mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobFault {
    /// As a status code.
    pub key: String,
    pub description: String,
}

impl ResendJob {
    const RUNNING: &'static str = "running";
    const ALL: &'static str = "all";

    fn is_running(&self) -> bool {
        self.status == "STARTED"
    }

    fn exit_code(&self) -> &'static str {
        match self.status.as_str() {
            "COMPLETED" if self.errors.is_empty() => "COMPLETED",
            "COMPLETED" => "COMPLETED_WITH_ERRORS",
            "FAILED" => "FAILED",
            _ => "UNKNOWN",
        }
    }

    fn view(&self) -> wire::ResendJob {
        let elapsed = (self.updated.millis() - self.created.millis()) / 1000;
        wire::ResendJob {
            name: "resendinviteemail".to_owned(),
            id: self.id,
            tracking_id: self.tracking_id.clone(),
            source_user_id: self.started_by,
            source_customer_id: self.org,
            target_customer_id: self.org,
            instance_id: self.instance,
            job_execution_status: vec![wire::JobStep {
                id: self.instance,
                start_time: self.created,
                end_time: (!self.is_running()).then_some(self.updated),
                last_updated: self.updated,
                status_message: self.status.clone(),
                exit_code: self.exit_code().to_owned(),
                created_time: self.created,
                time_elapsed: format!("PT{elapsed}S"),
            }],
            latest_execution_status: self.status.clone(),
            latest_execution_exit_code: self.exit_code().to_owned(),
            counts: self.counts,
            allow_admin_invite_emails: true,
        }
    }

    fn happening(&self) -> Happening {
        Happening {
            org: self.org,
            resource: Resource::AdminBatchJobs,
            event: Event::StatusChanged,
            actor: Some(self.started_by),
            at: self.updated,
            data: json!({
                "id": self.id,
                "jobType": "resendinviteemail",
                "latestExecutionStatus": self.status,
                "latestExecutionExitCode": self.exit_code(),
                "counts": self.counts,
            }),
            full: None,
            audience: vec![self.started_by],
        }
    }
}

impl Document for ResendJob {
    const KIND: &'static str = "resend_job";
    const NOUN: &'static str = "job";

    fn org(&self) -> OrgId {
        self.org
    }

    fn id(&self) -> String {
        self.id.uuid().to_string()
    }

    fn keys(&self) -> Vec<Key> {
        let key = |index| Key {
            index,
            value: String::new(),
            order: by_time(self.created),
        };
        let mut keys = vec![key(Self::ALL)];
        if self.is_running() {
            keys.push(key(Self::RUNNING));
        }
        keys
    }

    fn claims(&self) -> Vec<Claim> {
        if !self.is_running() {
            return Vec::new();
        }
        vec![Claim {
            name: Self::RUNNING,
            value: String::new(),
            taken: "Activation e-mails are being sent already: wait until that job has ended.",
        }]
    }
}

impl Platform {
    /// Starts the job.
    ///
    /// # Errors
    /// Missing scope or role; another organization; it runs already.
    pub async fn resend_activations(&self, caller: &Caller, org: OrgId) -> Result<wire::ResendJob> {
        caller.may_write_people()?;
        caller.check_org(Some(org))?;
        let now = self.now();
        let job = ResendJob {
            id: JobId::random(),
            org,
            started_by: caller.person,
            tracking_id: caller.tracking_id.to_string(),
            instance: self.count::<ResendJob>(org, ResendJob::ALL, "").await? + 1,
            status: "STARTED".to_owned(),
            counts: wire::ResendCounts::default(),
            errors: Vec::new(),
            place: None,
            created: now,
            updated: now,
        };
        let description = "sends activation e-mails again".to_owned();
        let entry = audit::by(caller, now, "job.started", "activation e-mails", description);
        self.commit_with(vec![put_new(&job)?, entry], vec![job.happening()])
            .await?;
        self.run_resend(job.org, job.id);
        Ok(job.view())
    }

    /// Takes up the jobs that ran when the last process ended.
    pub(crate) async fn resume_jobs(&self) -> Result<()> {
        for org in self.all_organizations().await? {
            for kept in self.list_all::<ResendJob>(org.id, ResendJob::RUNNING, "").await? {
                self.run_resend(kept.org, kept.id);
            }
        }
        Ok(())
    }

    fn run_resend(&self, org: OrgId, id: JobId) {
        let Some(platform) = self.me.upgrade() else {
            return;
        };
        self.tasks.spawn(async move {
            if let Err(error) = platform.resend_all(org, id).await {
                tracing::error!(error = &error as &dyn std::error::Error, "a job failed");
                if let Err(error) = platform.fail_job(org, id).await {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "a failed job cannot be kept"
                    );
                }
            }
            platform.wake_mail();
        });
    }

    async fn resend_all(self: &Arc<Self>, org: OrgId, id: JobId) -> Result<()> {
        while !self.stop.is_cancelled() {
            if self.retrying(|| self.resend_some(org, id)).await? {
                return Ok(());
            }
            self.wake_mail();
        }
        Ok(())
    }

    /// Serves the next people; returns whether that was the last of them.
    async fn resend_some(&self, org: OrgId, id: JobId) -> Result<bool> {
        let kept: Kept<ResendJob> = self.demand(org, &id.uuid().to_string()).await?;
        if !kept.is_running() {
            return Ok(true);
        }
        let mut job = kept.doc.clone();
        let after = job.place.take().map(|(order, id)| After { order, id });
        let find = Find::new(Person::KIND, org, Person::PENDING, "", BATCH).after(after);
        let Listed { items, next } = self.list::<Person>(find).await?;
        let mut writes = Vec::new();
        for person in &items {
            job.counts.total_users += 1;
            if !person.login_enabled {
                job.counts.user_resend_invite_skipped += 1;
                job.fault(person, "304", "may not sign in");
                continue;
            }
            writes.extend(self.plan_activation_mail(person).await?);
            // Who activates the account or goes at this moment gets none.
            writes.push(person.demand());
            job.counts.user_resend_invite_sent += 1;
        }
        job.updated = self.now();
        job.place = next.map(|next| (next.order, next.id));
        let ended = job.place.is_none();
        if ended {
            "COMPLETED".clone_into(&mut job.status);
        }
        writes.push(kept.put(&job)?);
        let happenings = if ended { vec![job.happening()] } else { Vec::new() };
        self.commit_with(writes, happenings).await?;
        Ok(ended)
    }

    async fn fail_job(&self, org: OrgId, id: JobId) -> Result<()> {
        let kept: Kept<ResendJob> = self.demand(org, &id.uuid().to_string()).await?;
        let mut job = kept.doc.clone();
        "FAILED".clone_into(&mut job.status);
        job.updated = self.now();
        self.commit_with(vec![kept.put(&job)?], vec![job.happening()])
            .await
    }

    async fn job_of(&self, caller: &Caller, org: OrgId, id: JobId) -> Result<ResendJob> {
        caller.may_write_people()?;
        caller.check_org(Some(org))?;
        Ok(self.demand::<ResendJob>(org, &id.uuid().to_string()).await?.doc)
    }

    /// How a run is going.
    ///
    /// # Errors
    /// Missing scope or role; another organization; unknown.
    pub async fn resend_status(&self, caller: &Caller, org: OrgId, id: JobId) -> Result<wire::ResendJob> {
        Ok(self.job_of(caller, org, id).await?.view())
    }

    /// A part of the errors of a run, and whether there are more.
    ///
    /// # Errors
    /// Missing scope or role; another organization; unknown.
    pub async fn resend_errors(
        &self,
        caller: &Caller,
        org: OrgId,
        id: JobId,
        page: Page,
    ) -> Result<(Vec<wire::JobError>, bool)> {
        let job = self.job_of(caller, org, id).await?;
        let view = |(at, fault): (usize, &JobFault)| wire::JobError {
            item_number: u64::try_from(at + 1).unwrap_or(u64::MAX),
            error: wire::JobErrorObject {
                key: fault.key.clone(),
                message: vec![wire::JobErrorMessage {
                    description: fault.description.clone(),
                    code: format!("HALLWAY-{}", fault.key),
                    location_id: Value::Null,
                }],
            },
            tracking_id: format!("{}_{}", job.tracking_id, at + 1),
        };
        let all = job.errors.iter().enumerate();
        let items: Vec<_> = all.skip(page.start).take(page.max).map(view).collect();
        let more = page.start.saturating_add(page.max) < job.errors.len();
        Ok((items, more))
    }
}

impl ResendJob {
    fn fault(&mut self, person: &Person, key: &str, why: &str) {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(JobFault {
                key: key.to_owned(),
                description: format!("{} ({}) {why}", person.display_name, person.email),
            });
        }
    }
}
