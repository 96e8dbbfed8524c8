//! Holding meetings. Nobody can dial in here, so an administrator says, by the management API, when a meeting
//! starts, who comes and goes, and when it ends.

use hallway_wire::Timestamp;
use hallway_wire::id::OrgId;
use hallway_wire::meeting::{Attendee, EndMeeting, Meeting, Participant, StartMeeting};
use hallway_wire::webhook::Event;
use rand::Rng as _;
use uuid::Uuid;

use super::check::is_email;
use super::service::Found;
use super::view::Look;
use super::{Attended, Base, Instance, MOST_PEOPLE, Occurrence, Series};
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::platform::Platform;
use crate::records::{Kept, put_new};

/// 18 digits, as instances are named.
pub(super) fn instance_id(series: &str) -> String {
    let number: u64 = rand::rng().random_range(100_000_000_000_000_000..1_000_000_000_000_000_000);
    format!("{series}_I_{number}")
}

fn in_progress_already() -> Error {
    Error::conflict("The meeting is in progress already.")
}

fn not_in_progress() -> Error {
    Error::conflict("The meeting is not in progress.")
}

impl Platform {
    /// Starts a meeting: of a series the occurrence that counts now.
    ///
    /// # Errors
    /// No full administrator; unknown; in progress already; a bad participant.
    pub async fn start_meeting(&self, caller: &Caller, id: &str, start: StartMeeting) -> Result<Meeting> {
        caller.require_full_admin()?;
        if start.participants.len() >= MOST_PEOPLE {
            return Err(Error::invalid(format!(
                "participants: at most {}",
                MOST_PEOPLE - 1
            )));
        }
        let now = self.now();
        self.retrying(|| async {
            let (series, occurrence) = self.startable_meeting(caller.org, id, now).await?;
            let mut base: Base = series.base.clone();
            base.settings = series.settings_of(occurrence.original).clone();
            let mut instance = Instance {
                id: instance_id(&series.id),
                org: caller.org,
                series: series.id.clone(),
                original: occurrence.original,
                started: now,
                planned_end: occurrence.end.max(now),
                ended: None,
                participants: Vec::new(),
                recorded: false,
                transcript: false,
                base,
            };
            let host = Attendee {
                email: instance.base.host_email.clone(),
                display_name: Some(instance.base.host_name.clone()),
            };
            let all = std::iter::once(&host).chain(&start.participants);
            for (at, who) in all.enumerate() {
                let at = at.checked_sub(1).map(|at| format!("participants[{at}]."));
                self.let_into_meeting(&mut instance, who, &at.unwrap_or_default())
                    .await?;
            }
            let mut changed = series.doc.clone();
            changed
                .held
                .insert(occurrence.original.millis(), instance.id.clone());
            changed.running = Some(instance.id.clone());
            let shown = self.show_instance(&instance, Look::PLAIN);
            let actor = Some(instance.base.host);
            let audience = instance.audience();
            let mut told = vec![self.meeting_happening(caller.org, Event::Started, actor, &shown, audience)];
            let came = instance.participants.iter();
            told.extend(came.map(|who| self.participant_happening(&instance, who)));
            self.commit_with(vec![series.put(&changed)?, put_new(&instance)?], told)
                .await?;
            Ok(shown)
        })
        .await
    }

    async fn startable_meeting(
        &self,
        org: OrgId,
        id: &str,
        now: Timestamp,
    ) -> Result<(Kept<Series>, Occurrence)> {
        let (series, occurrence) = match self.find_meeting(org, id).await? {
            Found::Series(series) => {
                let current = series.current(now).ok_or_else(not_in_progress)?;
                (series, current)
            }
            Found::Scheduled(series, occurrence) => (series, occurrence),
            Found::Instance(_) => {
                return Err(Error::conflict(
                    "An instance was started already: start its series or its scheduled meeting.",
                ));
            }
        };
        if series.running.is_some() {
            return Err(in_progress_already());
        }
        Ok((series, occurrence))
    }

    /// Adds somebody to an instance.
    async fn let_into_meeting(&self, instance: &mut Instance, who: &Attendee, at: &str) -> Result<Attended> {
        let email = who.email.trim();
        if !is_email(email) {
            return Err(Error::invalid(format!("{at}email: it is no e-mail address")));
        }
        let here = instance
            .participants
            .iter()
            .any(|other| other.left.is_none() && other.email.eq_ignore_ascii_case(email));
        if here {
            return Err(Error::conflict(format!("{email} is in the meeting already.")));
        }
        if instance.participants.len() >= MOST_PEOPLE {
            return Err(Error::conflict(format!(
                "A meeting takes at most {MOST_PEOPLE} participants."
            )));
        }
        let person = self.person_of_email(instance.org, email).await?;
        let invited = instance.base.invitees.iter();
        let invited = invited
            .into_iter()
            .find(|it| it.email.eq_ignore_ascii_case(email));
        let name = who.display_name.clone().filter(|name| !name.trim().is_empty());
        let known = person.as_ref().map(|person| person.display_name.clone());
        let attended = Attended {
            id: format!("{}_{}", instance.id, Uuid::new_v4().simple()),
            email: email.to_owned(),
            name: name.or(known).unwrap_or_else(|| email.to_owned()),
            host: email.eq_ignore_ascii_case(&instance.base.host_email),
            co_host: invited.is_some_and(|it| it.co_host),
            person: person.map(|person| person.id),
            joined: self.now(),
            left: None,
        };
        instance.participants.push(attended.clone());
        Ok(attended)
    }

    /// The instance of a meeting that goes on, with its series if that is still there.
    async fn running_meeting(&self, org: OrgId, id: &str) -> Result<(Kept<Instance>, Option<Kept<Series>>)> {
        let instance = match self.find_meeting(org, id).await? {
            Found::Instance(instance) => instance,
            Found::Series(series) => {
                let running = series.running.clone().ok_or_else(not_in_progress)?;
                self.demand(org, &running).await?
            }
            Found::Scheduled(series, it) => {
                let held = series.held.get(&it.original.millis()).cloned();
                self.demand(org, &held.ok_or_else(not_in_progress)?).await?
            }
        };
        if instance.ended.is_some() {
            return Err(not_in_progress());
        }
        let series = self.get(org, &instance.series).await?;
        Ok((instance, series))
    }

    /// Somebody joins a meeting that goes on.
    ///
    /// # Errors
    /// No full administrator; unknown; not in progress; no address; in it already.
    pub async fn join_meeting(&self, caller: &Caller, id: &str, who: &Attendee) -> Result<Participant> {
        caller.require_full_admin()?;
        self.retrying(|| async {
            let (kept, _) = self.running_meeting(caller.org, id).await?;
            let mut instance = kept.doc.clone();
            let attended = self.let_into_meeting(&mut instance, who, "").await?;
            let told = self.participant_happening(&instance, &attended);
            self.commit_with(vec![kept.put(&instance)?], vec![told]).await?;
            Ok(self.show_participant(&instance, &attended))
        })
        .await
    }

    /// Somebody leaves a meeting that goes on.
    ///
    /// # Errors
    /// As [`Platform::join_meeting`]; not in it.
    pub async fn leave_meeting(&self, caller: &Caller, id: &str, email: &str) -> Result<Participant> {
        caller.require_full_admin()?;
        let now = self.now();
        self.retrying(|| async {
            let (kept, _) = self.running_meeting(caller.org, id).await?;
            let mut instance = kept.doc.clone();
            let mut all = instance.participants.iter_mut();
            let found = all.find(|it| it.left.is_none() && it.email.eq_ignore_ascii_case(email.trim()));
            let found = found.ok_or_else(|| Error::Missing {
                message: "The participant is not in the meeting.".to_owned(),
            })?;
            found.left = Some(now);
            let left = found.clone();
            let told = self.participant_happening(&instance, &left);
            self.commit_with(vec![kept.put(&instance)?], vec![told]).await?;
            Ok(self.show_participant(&instance, &left))
        })
        .await
    }

    /// Who is or was in a meeting that is or was held.
    ///
    /// # Errors
    /// No administrator; unknown.
    pub async fn meeting_participants(&self, caller: &Caller, id: &str) -> Result<Vec<Participant>> {
        caller.require_reading_admin()?;
        let instance = match self.find_meeting(caller.org, id).await? {
            Found::Instance(instance) => instance,
            Found::Series(series) => match &series.running {
                Some(id) => self.demand(caller.org, id).await?,
                None => return Ok(Vec::new()),
            },
            Found::Scheduled(series, it) => match series.held.get(&it.original.millis()) {
                Some(id) => self.demand(caller.org, id).await?,
                None => return Ok(Vec::new()),
            },
        };
        let all = instance.participants.iter();
        Ok(all.map(|who| self.show_participant(&instance, who)).collect())
    }

    /// Ends a meeting: everybody leaves; what was recorded becomes a recording.
    ///
    /// # Errors
    /// No full administrator; unknown; not in progress.
    pub async fn end_meeting(&self, caller: &Caller, id: &str, end: &EndMeeting) -> Result<Meeting> {
        caller.require_full_admin()?;
        let now = self.now();
        self.retrying(|| async {
            let (kept, series) = self.running_meeting(caller.org, id).await?;
            let mut instance = kept.doc.clone();
            let automatic = instance.base.settings.enabled_auto_record_meeting == Some(true);
            instance.ended = Some(now);
            instance.recorded = end.recorded.unwrap_or(automatic);
            instance.transcript = end.transcript;
            let mut told = Vec::new();
            for at in 0..instance.participants.len() {
                let who = &mut instance.participants[at];
                if who.left.is_none() {
                    who.left = Some(now);
                    let who = who.clone();
                    told.push(self.participant_happening(&instance, &who));
                }
            }
            let shown = self.show_instance(&instance, Look::PLAIN);
            let actor = Some(instance.base.host);
            told.push(self.meeting_happening(caller.org, Event::Ended, actor, &shown, instance.audience()));
            let mut writes = vec![kept.put(&instance)?];
            if let Some(series) = series {
                let mut changed = series.doc.clone();
                if changed.running.as_ref() == Some(&instance.id) {
                    changed.running = None;
                }
                writes.push(series.put(&changed)?);
            }
            if instance.recorded {
                let recording = self.recording_of(&instance);
                told.push(self.recording_happening(&recording, Event::Created));
                writes.push(put_new(&recording)?);
            }
            if instance.transcript {
                told.push(self.transcript_happening(&instance));
            }
            self.commit_with(writes, told).await?;
            Ok(shown)
        })
        .await
    }
}
