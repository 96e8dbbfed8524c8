//! Triggers: something really happens, for a test of whoever listens.
//!
//! A trigger goes through the methods that everybody uses, as the caller: what it makes is there afterwards, and
//! webhooks hear of it like of anything else. What is needed and not named (a room, a second person) is made
//! or found. Another kind of thing adds its own table to [`TABLES`].

mod calls;
mod meetings;
mod messaging;

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use hallway_wire::trigger::{TriggerAbout, TriggerSetting};
use serde::Serialize;
use serde_json::{Value, json};

use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::platform::Platform;

/// Something that can be made to happen.
pub(crate) struct Trigger {
    /// As webhooks spell it, where they know it.
    pub(crate) resource: &'static str,
    pub(crate) event: &'static str,
    /// What happens: a sentence.
    pub(crate) about: &'static str,
    /// What can be set, and what it is for.
    pub(crate) settings: &'static [(&'static str, &'static str)],
    /// Makes it happen, and returns what was made.
    pub(crate) run: for<'a> fn(&'a Platform, &'a Caller, &'a Settings) -> BoxFuture<'a, Result<Value>>,
}

/// Every trigger, a table for each kind of thing.
const TABLES: &[&[Trigger]] = &[messaging::TRIGGERS, meetings::TRIGGERS, calls::TRIGGERS];

/// What was set for a trigger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settings(BTreeMap<String, String>);

impl Settings {
    /// A text, if it was set.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned().filter(|text| !text.trim().is_empty())
    }

    /// Something that is read from its text: an id, a number, a flag.
    ///
    /// # Errors
    /// The text is none of it.
    pub(crate) fn read<T: FromStr>(&self, name: &str) -> Result<Option<T>>
    where
        T::Err: std::fmt::Display,
    {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        let read = text.trim().parse();
        read.map(Some)
            .map_err(|error| Error::invalid(format!("set.{name}: {error}")))
    }
}

fn triggers() -> impl Iterator<Item = &'static Trigger> {
    TABLES.iter().flat_map(|table| table.iter())
}

/// What was made, under its name.
fn shown<'a, T: Serialize>(
    name: &'static str,
    made: impl Future<Output = Result<T>> + Send + 'a,
) -> BoxFuture<'a, Result<Value>> {
    async move { Ok(json!({ name: made.await? })) }.boxed()
}

impl Platform {
    /// Everything that can be made to happen.
    pub fn list_triggers(&self) -> Vec<TriggerAbout> {
        triggers()
            .map(|trigger| TriggerAbout {
                resource: trigger.resource.to_owned(),
                event: trigger.event.to_owned(),
                about: trigger.about.to_owned(),
                settings: trigger
                    .settings
                    .iter()
                    .map(|(name, about)| TriggerSetting {
                        name: (*name).to_owned(),
                        about: (*about).to_owned(),
                    })
                    .collect(),
            })
            .collect()
    }

    /// Makes something happen, as the caller, who needs the rights that it takes. Returns what was made.
    ///
    /// # Errors
    /// There is no such trigger or setting; whatever can go wrong with what it does.
    pub async fn trigger(
        &self,
        caller: &Caller,
        resource: &str,
        event: &str,
        set: BTreeMap<String, String>,
    ) -> Result<Value> {
        let same = |one: &str, other: &str| one.eq_ignore_ascii_case(other.trim());
        let found = triggers().find(|it| same(it.resource, resource) && same(it.event, event));
        let Some(found) = found else {
            let resources: BTreeSet<&str> = triggers().map(|it| it.resource).collect();
            let events: Vec<&str> = triggers()
                .filter(|it| same(it.resource, resource))
                .map(|it| it.event)
                .collect();
            return Err(Error::invalid(if events.is_empty() {
                let resources: Vec<&str> = resources.into_iter().collect();
                format!(
                    "resource: {resource:?} cannot be triggered; what can be: {}.",
                    resources.join(", ")
                )
            } else {
                format!(
                    "event: {event:?} cannot be triggered for {resource}; what can be: {}.",
                    events.join(", ")
                )
            }));
        };
        if let Some(unknown) = set
            .keys()
            .find(|name| found.settings.iter().all(|(known, _)| known != &name.as_str()))
        {
            let known: Vec<&str> = found.settings.iter().map(|(name, _)| *name).collect();
            return Err(Error::invalid(format!(
                "set.{unknown}: there is no such setting; what can be set: {}.",
                known.join(", ")
            )));
        }
        (found.run)(self, caller, &Settings(set)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_there_once_and_says_what_it_does() {
        let mut seen = BTreeSet::new();
        for trigger in triggers() {
            assert!(
                seen.insert((trigger.resource, trigger.event)),
                "{} twice",
                trigger.resource
            );
            assert!(trigger.about.ends_with('.'), "{}", trigger.about);
        }
    }
}
