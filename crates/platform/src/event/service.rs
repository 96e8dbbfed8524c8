//! Reading the log, and letting go of what is too old.

use hallway_wire::Timestamp;
use hallway_wire::event::Event as Shown;
use hallway_wire::id::{EventId, PersonId};

use super::{LOGGED, LoggedEvent};
use crate::caller::Caller;
use crate::error::{Doing as _, Error, Result};
use crate::platform::Platform;
use crate::ports::{After, Find};
use crate::records::{Document as _, Kept};

/// Old events that are deleted in one commit.
const SWEPT: usize = 500;

/// Which events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventQuery {
    /// The word of the resource, which may be one that Hallway never has.
    pub resource: Option<String>,
    pub kind: Option<String>,
    pub actor: Option<PersonId>,
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
}

impl Caller {
    /// Demands a compliance officer with the scope of the log.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn may_read_events(&self) -> Result<()> {
        self.require_scope(&["spark-compliance:events_read"])?;
        if self.is_compliance_officer() {
            return Ok(());
        }
        Err(Error::forbidden("Only a compliance officer may read events."))
    }
}

impl EventQuery {
    /// The index and the values whose lists are the answer together.
    fn lists(&self) -> (&'static str, Vec<String>) {
        let whole = self.resource.is_none() && self.kind.is_none();
        let kinds = || {
            LOGGED
                .iter()
                .filter(|(resource, event)| {
                    self.resource
                        .as_deref()
                        .is_none_or(|word| word == resource.word())
                        && self.kind.as_deref().is_none_or(|word| word == event.word())
                })
                .map(|(resource, event)| format!("{}/{}", resource.word(), event.word()))
        };
        match (self.actor, whole) {
            (None, true) => ("all", vec![String::new()]),
            (None, false) => ("kind", kinds().collect()),
            (Some(actor), true) => ("actor", vec![actor.uuid().to_string()]),
            (Some(actor), false) => {
                let actor = actor.uuid();
                (
                    "actorKind",
                    kinds().map(|kind| format!("{actor}/{kind}")).collect(),
                )
            }
        }
    }
}

impl Platform {
    /// A page of the log, newest first.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; [`Error::Invalid`] for a time that has not come yet.
    pub async fn events(
        &self,
        caller: &Caller,
        query: &EventQuery,
        after: Option<After>,
        max: usize,
    ) -> Result<(Vec<Shown>, Option<After>)> {
        caller.may_read_events()?;
        if query.to.is_some_and(|to| to > self.now()) {
            return Err(Error::invalid("to: must not be in the future"));
        }
        if let (Some(from), Some(to)) = (query.from, query.to)
            && from >= to
        {
            return Err(Error::invalid("from: must be before to"));
        }
        let (index, values) = query.lists();
        let mut found: Vec<Kept<LoggedEvent>> = Vec::new();
        for value in values {
            let find = Find::new(LoggedEvent::KIND, caller.org, index, value, max.saturating_add(1))
                .newest_first()
                .between(query.from, query.to)
                .after(after.clone());
            found.extend(self.list::<LoggedEvent>(find).await?.items);
        }
        found.sort_by(|a, b| {
            let place = |kept: &Kept<LoggedEvent>| (kept.place().order.clone(), kept.place().id.clone());
            place(b).cmp(&place(a))
        });
        let more = found.len() > max;
        found.truncate(max);
        let next = found.last().filter(|_| more).map(|last| last.place().clone());
        Ok((found.into_iter().map(|kept| kept.doc.shown()).collect(), next))
    }

    /// One event.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; [`Error::NotFound`].
    pub async fn event(&self, caller: &Caller, id: EventId) -> Result<Shown> {
        caller.may_read_events()?;
        let kept = self
            .demand::<LoggedEvent>(caller.org, &id.uuid().to_string())
            .await?;
        Ok(kept.doc.shown())
    }

    /// Deletes the events that are older than they are kept.
    ///
    /// # Errors
    /// The store failed.
    pub async fn sweep_events(&self) -> Result<()> {
        let life = i64::try_from(self.config.event_retention.as_millis()).unwrap_or(i64::MAX);
        let before = self.now().plus_millis(life.saturating_neg());
        let organizations = self.store.organizations().await;
        for organization in organizations.doing("reading organizations")? {
            loop {
                let find = Find::new(LoggedEvent::KIND, organization.id, "all", "", SWEPT);
                let old = self.list::<LoggedEvent>(find.between(None, Some(before))).await?;
                if old.items.is_empty() {
                    break;
                }
                match self.commit(old.items.iter().map(Kept::delete).collect()).await {
                    // Events never change: somebody else sweeps too, and was faster.
                    Ok(()) | Err(Error::Stale) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_the_union_of_few_lists() {
        let lists = |resource: Option<&str>, kind: Option<&str>, actor| {
            let query = EventQuery {
                resource: resource.map(ToOwned::to_owned),
                kind: kind.map(ToOwned::to_owned),
                actor,
                ..EventQuery::default()
            };
            query.lists()
        };
        assert_eq!(lists(None, None, None), ("all", vec![String::new()]));
        assert_eq!(
            lists(Some("rooms"), None, None),
            (
                "kind",
                vec![
                    "rooms/created".to_owned(),
                    "rooms/updated".to_owned(),
                    "rooms/deleted".to_owned()
                ]
            )
        );
        assert_eq!(lists(None, Some("ended"), None).1, ["meetings/ended"]);
        assert_eq!(
            lists(Some("meetings"), Some("created"), None).1,
            Vec::<String>::new()
        );
        let actor = PersonId::random();
        assert_eq!(
            lists(Some("messages"), Some("created"), Some(actor)),
            ("actorKind", vec![format!("{}/messages/created", actor.uuid())])
        );
        assert_eq!(
            lists(None, None, Some(actor)),
            ("actor", vec![actor.uuid().to_string()])
        );
    }
}
