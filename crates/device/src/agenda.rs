//! What a device has planned.

use std::collections::BTreeMap;

use crate::behaviour::messages::Kind;

/// Something that a device does by itself, later. Each is planned at most once: planning it again moves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Task {
    /// The machine goes down, after a restart was ordered.
    PowerDown,
    /// The machine is up again.
    PowerUp,
    /// The next stage of a call.
    Call(u32),
    /// A message has been on the screen for long enough.
    ClearMessage(Kind),
    /// The next start or end of a booking.
    Bookings,
    /// Nobody has used the device for a short while.
    Halfwake,
    /// Nobody has used the device for a while.
    Standby,
    /// The digital signage page is loaded again.
    Signage,
    /// Calls are let through again.
    DoNotDisturb,
    /// A peripheral has not been heard of for too long.
    Peripheral(u32),
}

/// Tasks and when they are due. Bounded: a device has few calls, messages and peripherals.
#[derive(Debug, Default)]
pub(crate) struct Agenda(BTreeMap<Task, i64>);

impl Agenda {
    pub(crate) fn plan(&mut self, task: Task, at_ms: i64) {
        self.0.insert(task, at_ms);
    }

    pub(crate) fn cancel(&mut self, task: Task) {
        self.0.remove(&task);
    }

    pub(crate) fn is_planned(&self, task: Task) -> bool {
        self.0.contains_key(&task)
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// When the next task is due.
    pub(crate) fn next_ms(&self) -> Option<i64> {
        self.0.values().copied().min()
    }

    /// The next task.
    pub(crate) fn next(&self) -> Option<Task> {
        self.0.iter().min_by_key(|(_, at)| **at).map(|(task, _)| *task)
    }

    /// Takes the earliest task that is due.
    pub(crate) fn take_due(&mut self, now_ms: i64) -> Option<Task> {
        let (task, _) = self
            .0
            .iter()
            .filter(|(_, at)| **at <= now_ms)
            .min_by_key(|(_, at)| **at)?;
        let task = *task;
        self.0.remove(&task);
        Some(task)
    }
}
