//! One lane: the notifications of one device, in the order of their appends.

use std::collections::VecDeque;

use bytes::Bytes;
use hallway_platform::ports::{NewNotification, Notification, NotificationKind, QueueLimits};
use hallway_wire::Timestamp;
use hallway_wire::id::DeviceId;

/// What an entry takes up on disk beside its body, about.
const OVERHEAD_BYTES: u64 = 48;

/// A notification that waits or is leased. Many are kept, so it is kept small.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) seq: u64,
    pub(crate) at: i64,
    pub(crate) body: Bytes,
    /// The segment of the log that holds its newest copy.
    pub(crate) segment: u32,
    pub(crate) attempts: u16,
    pub(crate) kind: NotificationKind,
    /// It was leased at least once, so an acknowledgement may come for it at any time.
    pub(crate) handed: bool,
}

/// An entry that is no longer there, as the log needs to know it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gone {
    pub(crate) seq: u64,
    pub(crate) segment: u32,
    pub(crate) size: u64,
}

/// What a body of that length takes up on disk, about.
pub(crate) fn size_on_disk(body: usize) -> u64 {
    body as u64 + OVERHEAD_BYTES
}

/// The last moment at which something of that kind and time is handed out.
pub(crate) fn last_moment(limits: &QueueLimits, kind: NotificationKind, at: i64) -> i64 {
    at.saturating_add(match kind {
        NotificationKind::Action => limits.max_action_age_ms,
        NotificationKind::Status | NotificationKind::FullSync | NotificationKind::Event => limits.max_age_ms,
    })
}

impl Entry {
    pub(crate) fn new(seq: u64, segment: u32, new: &NewNotification) -> Self {
        Self {
            seq,
            at: new.at.millis(),
            body: new.body.clone(),
            segment,
            attempts: 0,
            kind: new.kind,
            handed: false,
        }
    }

    pub(crate) fn gone(&self) -> Gone {
        Gone {
            seq: self.seq,
            segment: self.segment,
            size: size_on_disk(self.body.len()),
        }
    }

    pub(crate) fn last_moment(&self, limits: &QueueLimits) -> i64 {
        last_moment(limits, self.kind, self.at)
    }

    pub(crate) fn hand_out(&self, device: Option<DeviceId>) -> Notification {
        Notification {
            seq: self.seq,
            device,
            kind: self.kind,
            at: Timestamp(self.at),
            attempts: u32::from(self.attempts),
            body: self.body.clone(),
        }
    }
}

/// Where a lane stands among the lanes of its activation. The number is the first free entry's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Place {
    /// Nothing is free in it.
    #[default]
    Nowhere,
    /// Its first free entry may be leased.
    Ready(u64),
    /// It has free entries, but must wait for a lease to end or a pause to pass.
    Held(u64),
}

/// One device's notifications.
#[derive(Debug, Default)]
pub(crate) struct Lane {
    pub(crate) device: Option<DeviceId>,
    /// What waits, by seq.
    pub(crate) free: VecDeque<Entry>,
    /// What is leased, by seq. All of it was leased together, because a lane with leases is not ready.
    pub(crate) leased: VecDeque<Entry>,
    /// When the leases run out; some exactly while something is leased.
    pub(crate) until: Option<i64>,
    /// Released entries block the lane until then.
    pub(crate) pause: Option<i64>,
    pub(crate) place: Place,
    /// No free entry expires before this moment.
    pub(crate) expires: i64,
}

impl Lane {
    pub(crate) fn is_empty(&self) -> bool {
        self.free.is_empty() && self.leased.is_empty()
    }

    /// Puts an entry back to its place among the free ones. Such entries are older than most, so the place is
    /// near the front.
    pub(crate) fn put_back(&mut self, entry: Entry, limits: &QueueLimits) {
        self.expires = self.expires.min(entry.last_moment(limits));
        if self.free.front().is_none_or(|front| front.seq > entry.seq) {
            self.free.push_front(entry);
        } else {
            let place = self.free.partition_point(|other| other.seq < entry.seq);
            self.free.insert(place, entry);
        }
    }

    /// Ends all leases.
    pub(crate) fn put_all_back(&mut self, limits: &QueueLimits) {
        while let Some(entry) = self.leased.pop_back() {
            self.put_back(entry, limits);
        }
    }

    pub(crate) fn take_leased(&mut self, seq: u64) -> Option<Entry> {
        remove(&mut self.leased, seq)
    }

    pub(crate) fn take_free(&mut self, seq: u64) -> Option<Entry> {
        remove(&mut self.free, seq)
    }

    /// The entry of that number, leased or not.
    pub(crate) fn find(&mut self, seq: u64) -> Option<&mut Entry> {
        for queue in [&mut self.leased, &mut self.free] {
            if let Ok(at) = queue.binary_search_by_key(&seq, |entry| entry.seq) {
                return queue.get_mut(at);
            }
        }
        None
    }

    /// Takes away what is free and too old.
    pub(crate) fn expire(&mut self, now: i64, limits: &QueueLimits, mut gone: impl FnMut(&Entry)) {
        let mut expires = i64::MAX;
        self.free.retain(|entry| {
            let last = entry.last_moment(limits);
            if last < now {
                gone(entry);
                false
            } else {
                expires = expires.min(last);
                true
            }
        });
        self.expires = expires;
    }
}

fn remove(queue: &mut VecDeque<Entry>, seq: u64) -> Option<Entry> {
    if queue.front()?.seq == seq {
        return queue.pop_front();
    }
    let at = queue.binary_search_by_key(&seq, |entry| entry.seq).ok()?;
    queue.remove(at)
}
