//! Making calls and leading them through their states.

use hallway_wire::Timestamp;
use hallway_wire::call::{self as wire, NewCall};
use hallway_wire::id::{CallId, OrgId, PersonId, WorkspaceId};

use super::{Call, Leg, Party, Recording, Side, State};
use crate::caller::Caller;
use crate::error::{Doing as _, Error, Result};
use crate::org::Person;
use crate::platform::Platform;
use crate::ports::records::{After, Find};
use crate::records::{Document as _, Kept, put_new};
use crate::webhook::Happening;

/// What can be done with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Answer,
    Hold,
    Resume,
    StartRecording,
    StopRecording,
    Disconnect,
}

impl Step {
    const WORDS: [(&'static str, Self); 6] = [
        ("answer", Self::Answer),
        ("hold", Self::Hold),
        ("resume", Self::Resume),
        ("startRecording", Self::StartRecording),
        ("stopRecording", Self::StopRecording),
        ("disconnect", Self::Disconnect),
    ];

    fn read(word: &str) -> Result<Self> {
        let found = Self::WORDS.iter().find(|(name, _)| *name == word);
        found.map(|(_, step)| *step).ok_or_else(|| Error::Missing {
            message: format!(
                "There is no action {word:?}: it must be one of {}.",
                Self::WORDS.map(|(name, _)| name).join(", ")
            ),
        })
    }
}

impl Call {
    /// A call that begins now.
    pub(super) fn begin(org: OrgId, from: Party, to: Party, now: Timestamp) -> Self {
        let leg = |party, state| Leg {
            id: CallId::random(),
            state,
            party,
        };
        Self {
            id: uuid::Uuid::new_v4(),
            org,
            originator: leg(from, State::Connecting),
            terminator: leg(to, State::Alerting),
            created: now,
            answered: None,
            disconnected: None,
            recording: None,
            device: None,
        }
    }

    /// What is told when it begins.
    pub(super) fn told_at_begin(&self) -> Vec<Happening> {
        let told = [(Side::Originator, "originated"), (Side::Terminator, "received")];
        told.into_iter()
            .filter_map(|(side, event)| self.told(side, event, self.created))
            .collect()
    }

    /// One step, done by a side. Says what each side is told.
    ///
    /// # Errors
    /// The call is not so far, or is further already.
    pub(super) fn step(&mut self, step: Step, by: Side, now: Timestamp) -> Result<Vec<Happening>> {
        let refused = |what: &str| Err(Error::conflict(format!("The call is {what}.")));
        let (mine, theirs) = match step {
            Step::Answer => {
                if self.answered.is_some() {
                    return refused("answered already");
                }
                self.answered = Some(now);
                self.originator.state = State::Connected;
                self.terminator.state = State::Connected;
                ("answered", Some("answered"))
            }
            _ if self.answered.is_none() && step != Step::Disconnect => return refused("not answered yet"),
            Step::Hold => {
                if self.leg(by).state == State::Held {
                    return refused("held by this side already");
                }
                self.leg_mut(by).state = State::Held;
                let other = self.leg_mut(by.other());
                if other.state == State::Connected {
                    other.state = State::RemoteHeld;
                }
                ("held", Some("remoteHeld"))
            }
            Step::Resume => {
                if self.leg(by).state != State::Held {
                    return refused("not held by this side");
                }
                let other_holds = self.leg(by.other()).state == State::Held;
                self.leg_mut(by).state = if other_holds {
                    State::RemoteHeld
                } else {
                    State::Connected
                };
                if !other_holds {
                    self.leg_mut(by.other()).state = State::Connected;
                }
                ("resumed", Some("remoteResumed"))
            }
            Step::StartRecording => {
                if self.recording == Some(Recording::Started) {
                    return refused("recorded already");
                }
                self.recording = Some(Recording::Started);
                ("recordingStarted", None)
            }
            Step::StopRecording => {
                if self.recording != Some(Recording::Started) {
                    return refused("not recorded");
                }
                self.recording = Some(Recording::Stopped);
                ("recordingStopped", None)
            }
            Step::Disconnect => {
                self.disconnected = Some(now);
                self.originator.state = State::Disconnected;
                self.terminator.state = State::Disconnected;
                ("disconnected", Some("disconnected"))
            }
        };
        let mine = self.told(by, mine, now);
        let theirs = theirs.and_then(|event| self.told(by.other(), event, now));
        Ok(mine.into_iter().chain(theirs).collect())
    }
}

impl Platform {
    pub(super) fn party_of(person: &Person) -> Party {
        let line = person.line.as_ref();
        let number = line.and_then(|line| line.number.clone().or_else(|| line.extension.clone()));
        Party {
            person: Some(person.id),
            workspace: None,
            name: person.display_name.clone(),
            number: number.unwrap_or_else(|| person.email.clone()),
            location: person.location,
        }
    }

    /// Who a text names: somebody of the organization by address or id, a workspace, or a number outside.
    pub(super) async fn call_party(&self, org: OrgId, text: &str, name: Option<&str>) -> Result<Party> {
        let text = text.trim();
        let address = ["sip:", "sips:", "spark:", "tel:"]
            .into_iter()
            .find_map(|scheme| text.strip_prefix(scheme))
            .unwrap_or(text);
        if let Ok(id) = address.parse::<PersonId>()
            && let Some(person) = self.person_of_id(org, id).await?
        {
            return Ok(Self::party_of(&person));
        }
        if let Ok(id) = address.parse::<WorkspaceId>() {
            let workspace = self.store.workspace(id).await.doing("reading a workspace")?;
            if let Some(workspace) = workspace.filter(|workspace| workspace.org == org) {
                return Ok(Party {
                    person: None,
                    workspace: Some(id),
                    name: workspace.display_name.clone(),
                    number: workspace.sip_address.unwrap_or(workspace.display_name),
                    location: workspace.location,
                });
            }
        }
        if address.contains('@')
            && let Some(person) = self.person_of_email(org, address).await?
        {
            return Ok(Self::party_of(&person));
        }
        let name = name.map(str::trim).filter(|name| !name.is_empty());
        Ok(Party {
            name: name.unwrap_or(address).to_owned(),
            number: address.to_owned(),
            ..Party::default()
        })
    }

    /// Makes a call, by the management API.
    ///
    /// # Errors
    /// No full administrator; a party is missing or too long; nobody of the organization is in it.
    pub async fn make_call(&self, caller: &Caller, new: &NewCall) -> Result<wire::Call> {
        caller.require_full_admin()?;
        for (member, text) in [("from", &new.from), ("to", &new.to)] {
            if text.trim().is_empty() || text.len() > 256 {
                return Err(Error::invalid(format!("{member}: 1 to 256 bytes are needed")));
            }
        }
        if [&new.from_name, &new.to_name]
            .into_iter()
            .flatten()
            .any(|name| name.len() > 256)
        {
            return Err(Error::invalid("fromName and toName: at most 256 bytes each"));
        }
        let from = self
            .call_party(caller.org, &new.from, new.from_name.as_deref())
            .await?;
        let to = self
            .call_party(caller.org, &new.to, new.to_name.as_deref())
            .await?;
        if !from.is_ours() && !to.is_ours() {
            return Err(Error::invalid(
                "from, to: one of them must be a person or a workspace of the organization",
            ));
        }
        if from.is_ours() && (from.person, from.workspace) == (to.person, to.workspace) {
            return Err(Error::invalid("to: nobody calls himself"));
        }
        let call = Call::begin(caller.org, from, to, self.now());
        self.commit_with(vec![put_new(&call)?], call.told_at_begin())
            .await?;
        Ok(call.show())
    }

    /// The call of this id: its own, its session's or a leg's.
    async fn find_call(&self, org: OrgId, id: CallId) -> Result<Kept<Call>> {
        let id = id.uuid().to_string();
        if let Some(call) = self.get::<Call>(org, &id).await? {
            return Ok(call);
        }
        let find = Find::new(Call::KIND, org, Call::BY_LEG, id, 1);
        let found = self.list::<Call>(find).await?.items.into_iter().next();
        found.ok_or(Error::NotFound { what: "call" })
    }

    /// Calls that go on, the oldest first.
    ///
    /// # Errors
    /// No administrator.
    pub async fn list_calls(
        &self,
        caller: &Caller,
        max: usize,
        after: Option<After>,
    ) -> Result<(Vec<wire::Call>, Option<After>)> {
        caller.require_reading_admin()?;
        let find = Find::new(Call::KIND, caller.org, Call::ALL, "", max).after(after);
        let listed = self.list::<Call>(find).await?;
        Ok((listed.items.iter().map(|it| it.show()).collect(), listed.next))
    }

    /// One call that goes on.
    ///
    /// # Errors
    /// No administrator; unknown or over.
    pub async fn call_details(&self, caller: &Caller, id: CallId) -> Result<wire::Call> {
        caller.require_reading_admin()?;
        Ok(self.find_call(caller.org, id).await?.show())
    }

    /// Does something with a call.
    ///
    /// # Errors
    /// No full administrator; unknown or over; an unknown action or side; not possible now.
    pub async fn step_call(
        &self,
        caller: &Caller,
        id: CallId,
        action: &str,
        by: Option<&str>,
    ) -> Result<wire::Call> {
        caller.require_full_admin()?;
        let step = Step::read(action)?;
        let by = match by {
            None if step == Step::Answer => Side::Terminator,
            None => Side::Originator,
            Some(word) => Side::BOTH
                .into_iter()
                .find(|side| side.word().eq_ignore_ascii_case(word))
                .ok_or_else(|| Error::invalid("by: it must be originator or terminator"))?,
        };
        if step == Step::Answer && by == Side::Originator {
            return Err(Error::invalid("by: only the terminator answers"));
        }
        self.retrying(|| async {
            let kept = self.find_call(caller.org, id).await?;
            self.take_step(&kept, step, by).await
        })
        .await
    }

    /// Commits a step of a call.
    pub(super) async fn take_step(&self, kept: &Kept<Call>, step: Step, by: Side) -> Result<wire::Call> {
        let mut call = kept.doc.clone();
        let told = call.step(step, by, self.now())?;
        let write = match call.disconnected {
            Some(_) => kept.delete(),
            None => kept.put(&call)?,
        };
        self.commit_with(vec![write], told).await?;
        Ok(call.show())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hallway_wire::webhook::Event;

    fn party(name: &str) -> Party {
        Party {
            person: Some(PersonId::random()),
            name: name.to_owned(),
            number: format!("{name}@example.com"),
            ..Party::default()
        }
    }

    fn words(told: &[Happening]) -> Vec<(Event, &str, &str, &str)> {
        told.iter()
            .map(|it| {
                let get = |name: &str| it.data[name].as_str().unwrap_or_default();
                (it.event, get("eventType"), get("personality"), get("state"))
            })
            .collect()
    }

    #[test]
    fn both_sides_hear_each_step() {
        let mut call = Call::begin(OrgId::random(), party("ann"), party("bo"), Timestamp(0));
        let told = call.told_at_begin();
        assert_eq!(
            words(&told),
            [
                (Event::Created, "originated", "originator", "connecting"),
                (Event::Created, "received", "terminator", "alerting")
            ]
        );
        for member in [
            "eventTimestamp",
            "callId",
            "callSessionId",
            "remoteParty",
            "created",
        ] {
            assert!(!told[0].data[member].is_null(), "{member}");
        }
        assert_eq!(told[0].data["remoteParty"]["callType"], "organization");
        assert_eq!(told[0].data["callSessionId"], told[1].data["callSessionId"]);
        assert_ne!(told[0].data["callId"], told[1].data["callId"]);
        assert!(call.step(Step::Hold, Side::Originator, Timestamp(1)).is_err());
        let told = call.step(Step::Answer, Side::Terminator, Timestamp(1)).unwrap();
        assert_eq!(
            words(&told),
            [
                (Event::Updated, "answered", "terminator", "connected"),
                (Event::Updated, "answered", "originator", "connected")
            ]
        );
        assert!(call.step(Step::Answer, Side::Terminator, Timestamp(1)).is_err());
        let told = call.step(Step::Hold, Side::Originator, Timestamp(2)).unwrap();
        assert_eq!(
            words(&told),
            [
                (Event::Updated, "held", "originator", "held"),
                (Event::Updated, "remoteHeld", "terminator", "remoteHeld")
            ]
        );
        let told = call.step(Step::Resume, Side::Originator, Timestamp(3)).unwrap();
        assert_eq!(
            words(&told)[1],
            (Event::Updated, "remoteResumed", "terminator", "connected")
        );
        let told = call
            .step(Step::StartRecording, Side::Originator, Timestamp(4))
            .unwrap();
        assert_eq!(
            (told.len(), &told[0].data["recordingState"]),
            (1, &"started".into())
        );
        let told = call
            .step(Step::Disconnect, Side::Terminator, Timestamp(5))
            .unwrap();
        assert_eq!(
            words(&told)[0],
            (Event::Deleted, "disconnected", "terminator", "disconnected")
        );
    }

    #[test]
    fn outside_hears_nothing() {
        let outside = Party {
            name: "911".to_owned(),
            number: "911".to_owned(),
            ..Party::default()
        };
        let call = Call::begin(OrgId::random(), party("ann"), outside, Timestamp(0));
        let told = call.told_at_begin();
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].data["remoteParty"]["callType"], "emergency");
    }
}
