//! What a device knows, and the one way to change it.
//!
//! Whoever changes a [`State`] goes through [`State::set`], [`State::remove`], [`State::emit`] or
//! [`State::configure`]. They write down what changed; the device hands that on as one report when the work
//! is done. A value that stays the same is no change.

use std::collections::BTreeMap;
use std::time::Duration;

use hallway_xapi::key::{Key, Segment};
use hallway_xapi::link::Change;
use hallway_xapi::tree;
use serde_json::{Map, Value};

use crate::agenda::{Agenda, Task};
use crate::behaviour::{bookings::Calendar, calls::Calls, extensions::Extensions, macros::Macros};
use crate::behaviour::{cameras::Presets, messages::Messages, signage::Signage, web_app::WebApps};
use crate::model::DeviceSpec;
use crate::query::Query;
use crate::schema::Schema;

/// How long things take on a simulated device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// From dialling until it rings at the other end.
    pub ring: Duration,
    /// From ringing until somebody answers.
    pub answer: Duration,
    /// From going down until the device is up again.
    pub boot: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            ring: Duration::from_millis(400),
            answer: Duration::from_millis(1200),
            boot: Duration::from_secs(6),
        }
    }
}

/// Whether the machine is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Power {
    On,
    /// It restarts, and comes back by itself.
    Booting,
    /// It was shut down. Only [`crate::SimulatedDevice::power_on`] brings it back.
    Off,
}

/// Everything that a device knows.
pub(crate) struct State {
    pub(crate) spec: DeviceSpec,
    pub(crate) schema: Schema,
    pub(crate) pace: Pace,
    /// The time at which the present work started.
    pub(crate) now_ms: i64,
    pub(crate) booted_ms: i64,
    pub(crate) power: Power,
    /// What the machine becomes when it goes down.
    pub(crate) going_to: Power,
    pub(crate) agenda: Agenda,
    pub(crate) calls: Calls,
    pub(crate) messages: Messages,
    pub(crate) extensions: Extensions,
    pub(crate) macros: Macros,
    pub(crate) calendar: Calendar,
    pub(crate) presets: Presets,
    pub(crate) signage: Signage,
    pub(crate) web_apps: WebApps,
    /// Where its local API answers, if it has a port of its own.
    pub(crate) local_url: Option<String>,
    statuses: BTreeMap<Key, Value>,
    configured: BTreeMap<Key, Value>,
    changes: Vec<Change>,
}

impl State {
    pub(crate) fn new(spec: DeviceSpec, schema: Schema, pace: Pace, now_ms: i64) -> Self {
        let mut state = Self {
            spec,
            schema,
            pace,
            now_ms,
            booted_ms: now_ms,
            power: Power::On,
            going_to: Power::Booting,
            agenda: Agenda::default(),
            calls: Calls::default(),
            messages: Messages::default(),
            extensions: Extensions::default(),
            macros: Macros::default(),
            calendar: Calendar::default(),
            presets: Presets::default(),
            signage: Signage::default(),
            web_apps: WebApps::default(),
            local_url: None,
            statuses: BTreeMap::new(),
            configured: BTreeMap::new(),
            changes: Vec::new(),
        };
        crate::behaviour::boot::fill_in(&mut state);
        state.changes.clear();
        state
    }

    /// Forgets what does not survive a restart: every status, calls, messages on the screen, plans.
    pub(crate) fn restart(&mut self) {
        self.statuses.clear();
        self.agenda.clear();
        self.calls.hang_up_all();
        self.messages = Messages::default();
        self.signage = Signage::default();
        self.web_apps.end_all();
        self.booted_ms = self.now_ms;
        crate::behaviour::boot::fill_in(self);
        self.changes.clear();
    }

    /// Takes what was changed since the last time.
    pub(crate) fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    // ---- Statuses

    /// The value of a status.
    pub(crate) fn get(&self, path: &str) -> Option<&Value> {
        self.statuses.get(&key(path))
    }

    /// The text of a status; empty where it has none.
    pub(crate) fn text(&self, path: &str) -> &str {
        self.get(path).and_then(Value::as_str).unwrap_or_default()
    }

    /// The number of a status; 0 where it has none.
    pub(crate) fn number(&self, path: &str) -> i64 {
        self.get(path).and_then(Value::as_i64).unwrap_or_default()
    }

    pub(crate) fn set(&mut self, path: &str, value: impl Into<Value>) {
        self.set_key(key(path), value.into());
    }

    pub(crate) fn set_key(&mut self, key: Key, value: Value) {
        if self.statuses.get(&key) == Some(&value) {
            return;
        }
        self.statuses.insert(key.clone(), value.clone());
        self.changes.push(Change::Status(key, value));
    }

    /// Sets a status that changes all the time and is only read, never reported: uptime, time of day.
    pub(crate) fn set_quietly(&mut self, path: &str, value: impl Into<Value>) {
        self.statuses.insert(key(path), value.into());
    }

    /// Removes a leaf, or a node with all that is below it. One change tells of the whole node.
    pub(crate) fn remove(&mut self, path: &str) -> bool {
        self.remove_key(&key(path))
    }

    pub(crate) fn remove_key(&mut self, node: &Key) -> bool {
        let below: Vec<Key> = self.below(node).map(|(key, _)| key.clone()).collect();
        for key in &below {
            self.statuses.remove(key);
        }
        if !below.is_empty() {
            self.changes.push(Change::StatusRemoved(node.clone()));
        }
        !below.is_empty()
    }

    /// The leaves at and below a node.
    pub(crate) fn below<'a>(&'a self, node: &'a Key) -> impl Iterator<Item = (&'a Key, &'a Value)> {
        self.statuses
            .range(node.clone()..)
            .take_while(move |(key, _)| key.starts_with(node))
    }

    /// The indexes that a list has: `indexes("Call")`.
    pub(crate) fn indexes(&self, list: &str) -> Vec<u32> {
        let list = key(list);
        let depth = list.segments().len() - 1;
        let name = list.segments()[depth].name.clone();
        let mut found: Vec<u32> = Vec::new();
        for (key, _) in self.statuses.range(list.clone()..) {
            let Some(segment) = key.segments().get(depth) else {
                break;
            };
            if key.segments()[..depth] != list.segments()[..depth]
                || !segment.name.eq_ignore_ascii_case(&name)
            {
                break;
            }
            if let Some(index) = segment.index
                && found.last() != Some(&index)
            {
                found.push(index);
            }
        }
        found
    }

    /// The statuses that a query means.
    pub(crate) fn statuses<'a>(&'a self, query: &'a Query) -> impl Iterator<Item = (&'a Key, &'a Value)> {
        // The names before the first wildcard or missing index bound the search.
        let mut start: Vec<Segment> = query.fixed_start();
        if let Some(last) = start.last_mut() {
            last.index = None;
        }
        let first = Key::from_segments(start.clone());
        let depth = start.len();
        let range = match &first {
            Some(first) => self.statuses.range(first.clone()..),
            None => self.statuses.range::<Key, _>(..),
        };
        range
            .take_while(move |(key, _)| {
                let segments = key.segments();
                segments.len() >= depth
                    && segments.iter().zip(&start).enumerate().all(|(i, (have, want))| {
                        if i + 1 == depth {
                            have.name.eq_ignore_ascii_case(&want.name)
                        } else {
                            have == want
                        }
                    })
            })
            .filter(|(key, _)| query.matches(key))
    }

    // ---- Events

    /// Tells that something happened.
    pub(crate) fn emit(&mut self, event: &str, value: Value) {
        self.emit_key(key(event), value);
    }

    pub(crate) fn emit_key(&mut self, event: Key, value: Value) {
        self.changes.push(Change::Event(event, value));
    }

    // ---- Configurations

    /// The value of a configuration that is in force.
    pub(crate) fn configuration(&self, path: &str) -> Option<Value> {
        let key = key(path);
        self.configured
            .get(&key)
            .cloned()
            .or_else(|| Some(self.schema.configuration(&key)?.default.clone()))
    }

    /// The text of a configuration that is in force; empty where the product has no such setting.
    pub(crate) fn configuration_text(&self, path: &str) -> String {
        match self.configuration(path) {
            Some(Value::String(text)) => text,
            _ => String::new(),
        }
    }

    /// What is configured on top of the default.
    pub(crate) fn configured(&self, key: &Key) -> Option<&Value> {
        self.configured.get(key)
    }

    /// Sets a configuration, or with `None` takes it back to its default.
    pub(crate) fn configure(&mut self, key: Key, value: Option<Value>) {
        let before = match &value {
            Some(value) => self.configured.insert(key.clone(), value.clone()),
            None => self.configured.remove(&key),
        };
        if before != value {
            self.changes.push(Change::Configuration(key, value));
        }
    }

    // ---- Diagnostics

    /// Says in a diagnostics message that something is wrong, or takes the message away.
    pub(crate) fn diagnose(&mut self, message: &str, problem: Option<&str>) {
        match problem {
            Some(text) => {
                self.set(&format!("{message}.Description"), text);
                self.set(&format!("{message}.Level"), "Warning");
            }
            None => {
                self.remove(message);
            }
        }
    }

    // ---- Plans

    /// Plans a task for after some time.
    pub(crate) fn plan(&mut self, task: Task, after: Duration) {
        let after = i64::try_from(after.as_millis()).unwrap_or(i64::MAX / 2);
        self.agenda.plan(task, self.now_ms.saturating_add(after));
    }

    /// Brings up to date what a reader expects to be current.
    pub(crate) fn refresh(&mut self) {
        let uptime = (self.now_ms - self.booted_ms).max(0) / 1000;
        self.set_quietly("SystemUnit.Uptime", uptime);
        let time = hallway_wire::Timestamp(self.now_ms).to_string();
        self.set_quietly("Time.SystemTime", time);
        crate::behaviour::calls::refresh_durations(self);
    }
}

/// A key that the source spells, or that is made from names and numbers.
pub(crate) fn key(path: &str) -> Key {
    path.parse().expect("paths in the source are well-formed keys")
}

/// A tree from leaves.
pub(crate) fn to_tree<'a>(leaves: impl Iterator<Item = (&'a Key, &'a Value)>) -> Map<String, Value> {
    let mut tree = Map::new();
    for (key, value) in leaves {
        tree::insert(&mut tree, key, value.clone());
    }
    tree
}
