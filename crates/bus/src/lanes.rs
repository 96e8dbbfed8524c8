//! All lanes of one activation, in memory.
//!
//! A lane with free entries stands in one of two indexes by the number of its first free entry: `ready` if
//! that may be leased, `held` if not. So the oldest lane that is ready, the oldest entries over all lanes and
//! the oldest entry to drop are each found without looking at all lanes.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use hallway_platform::ports::{Notification, QueueLimits, QueueStats, Take};
use hallway_wire::Timestamp;
use hallway_wire::id::DeviceId;
use hashbrown::HashMap;

use crate::lane::{Entry, Gone, Lane, Place};

/// One activation's queue.
#[derive(Debug)]
pub(crate) struct Lanes {
    limits: QueueLimits,
    by_device: HashMap<Option<DeviceId>, u32>,
    slots: Vec<Lane>,
    vacant: Vec<u32>,
    ready: BTreeMap<u64, u32>,
    held: BTreeMap<u64, u32>,
    /// Lanes with leases, by when those run out.
    leases: BTreeSet<(i64, u32)>,
    /// Lanes that released entries block, by until when.
    pauses: BTreeSet<(i64, u32)>,
    /// The lane of every entry that is or was leased, for acknowledgements and releases.
    handed: HashMap<u64, u32>,
    len: usize,
    /// No free entry expires before this moment.
    expires: i64,
    dropped: u64,
    unreported: u64,
    /// Entries with smaller numbers that are still on their way from the log were purged.
    pub(crate) purged_below: u64,
    /// It was purged, so it may be forgotten when nothing came after that.
    pub(crate) purged: bool,
    /// It is no longer in the map of activations: look again.
    pub(crate) forgotten: bool,
}

impl Lanes {
    pub(crate) fn new(limits: QueueLimits) -> Self {
        Self {
            limits,
            by_device: HashMap::new(),
            slots: Vec::new(),
            vacant: Vec::new(),
            ready: BTreeMap::new(),
            held: BTreeMap::new(),
            leases: BTreeSet::new(),
            pauses: BTreeSet::new(),
            handed: HashMap::new(),
            len: 0,
            expires: i64::MAX,
            dropped: 0,
            unreported: 0,
            purged_below: 0,
            purged: false,
            forgotten: false,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Adds the newest entry of a lane, and drops the oldest that is not leased where that is one too many.
    pub(crate) fn insert(&mut self, device: Option<DeviceId>, entry: Entry, gone: &mut Vec<Gone>) {
        let index = match self.by_device.get(&device) {
            Some(&index) => index,
            None => self.open_lane(device),
        };
        let lane = &mut self.slots[index as usize];
        let last = entry.last_moment(&self.limits);
        lane.expires = lane.expires.min(last);
        self.expires = self.expires.min(last);
        let first = lane.free.is_empty();
        lane.free.push_back(entry);
        self.len += 1;
        if first {
            self.settle(index);
        }
        while self.len > self.limits.max_len {
            if !self.drop_oldest(gone) {
                break;
            }
        }
    }

    fn open_lane(&mut self, device: Option<DeviceId>) -> u32 {
        let lane = Lane {
            device,
            expires: i64::MAX,
            ..Lane::default()
        };
        let index = match self.vacant.pop() {
            Some(index) => {
                self.slots[index as usize] = lane;
                index
            }
            None => {
                self.slots.push(lane);
                (self.slots.len() - 1) as u32
            }
        };
        self.by_device.insert(device, index);
        index
    }

    fn drop_oldest(&mut self, gone: &mut Vec<Gone>) -> bool {
        let ready = self.ready.first_key_value();
        let held = self.held.first_key_value();
        let oldest = match (ready, held) {
            (Some(ready), Some(held)) => Some(ready.min(held)),
            (ready, held) => ready.or(held),
        };
        let Some((_, &index)) = oldest else { return false };
        let Some(entry) = self.slots[index as usize].free.pop_front() else {
            return false;
        };
        self.count_dropped(&entry, gone);
        self.settle(index);
        true
    }

    fn count_dropped(&mut self, entry: &Entry, gone: &mut Vec<Gone>) {
        self.dropped += 1;
        self.unreported += 1;
        self.forget(entry, gone);
    }

    fn forget(&mut self, entry: &Entry, gone: &mut Vec<Gone>) {
        if entry.handed {
            self.handed.remove(&entry.seq);
        }
        self.len -= 1;
        gone.push(entry.gone());
    }

    /// Brings a lane's place in the indexes up to date. Called after each change of its front or its state.
    fn settle(&mut self, index: u32) {
        let lane = &mut self.slots[index as usize];
        if lane.leased.is_empty()
            && let Some(until) = lane.until.take()
        {
            self.leases.remove(&(until, index));
        }
        // Without a released entry nothing blocks any more. They stand near the front, if there are any.
        if lane.pause.is_some()
            && lane.free.iter().all(|entry| entry.attempts == 0)
            && let Some(pause) = lane.pause.take()
        {
            self.pauses.remove(&(pause, index));
        }
        let place = match lane.free.front() {
            None => Place::Nowhere,
            Some(front) if lane.leased.is_empty() && lane.pause.is_none() => Place::Ready(front.seq),
            Some(front) => Place::Held(front.seq),
        };
        if place != lane.place {
            match lane.place {
                Place::Nowhere => {}
                Place::Ready(seq) => drop(self.ready.remove(&seq)),
                Place::Held(seq) => drop(self.held.remove(&seq)),
            }
            match place {
                Place::Nowhere => {}
                Place::Ready(seq) => drop(self.ready.insert(seq, index)),
                Place::Held(seq) => drop(self.held.insert(seq, index)),
            }
            lane.place = place;
        }
        if lane.is_empty() {
            self.by_device.remove(&lane.device);
            *lane = Lane::default();
            self.vacant.push(index);
        }
    }

    /// Ends the leases that ran out and the pauses that passed.
    fn wake(&mut self, now: i64) {
        while let Some(&(until, index)) = self.leases.first()
            && until <= now
        {
            self.leases.pop_first();
            let lane = &mut self.slots[index as usize];
            lane.until = None;
            lane.put_all_back(&self.limits);
            self.expires = self.expires.min(lane.expires);
            self.settle(index);
        }
        while let Some(&(pause, index)) = self.pauses.first()
            && pause <= now
        {
            self.pauses.pop_first();
            self.slots[index as usize].pause = None;
            self.settle(index);
        }
    }

    /// Leases up to `max` entries. What turns out to be too old is dropped instead.
    pub(crate) fn lease(
        &mut self,
        take: Take,
        max: usize,
        now: i64,
        until: i64,
        gone: &mut Vec<Gone>,
    ) -> Vec<Notification> {
        self.wake(now);
        let mut out = Vec::new();
        if max == 0 {
            return out;
        }
        match take {
            Take::Lane => {
                while out.is_empty()
                    && let Some((_, &index)) = self.ready.first_key_value()
                {
                    out.reserve(max.min(self.slots[index as usize].free.len()));
                    while out.len() < max
                        && let Some(entry) = self.slots[index as usize].free.pop_front()
                    {
                        self.hand_out(index, entry, now, until, &mut out, gone);
                    }
                    self.settle(index);
                }
            }
            Take::Oldest if !self.pauses.is_empty() => {}
            Take::Oldest => self.lease_oldest(max, now, until, &mut out, gone),
        }
        out
    }

    /// Merges the ready lanes by number. Only lanes that something is taken from are touched.
    fn lease_oldest(
        &mut self,
        max: usize,
        now: i64,
        until: i64,
        out: &mut Vec<Notification>,
        gone: &mut Vec<Gone>,
    ) {
        out.reserve(max.min(self.len));
        let mut touched = Vec::new();
        let mut fronts: BinaryHeap<Reverse<(u64, u32)>> = BinaryHeap::new();
        while out.len() < max {
            let fresh = self.ready.first_key_value().map(|(&seq, &index)| (seq, index));
            let index = match (fresh, fronts.peek().copied()) {
                (None, None) => break,
                (Some((seq, index)), other) if other.is_none_or(|Reverse((least, _))| seq < least) => {
                    self.ready.remove(&seq);
                    self.slots[index as usize].place = Place::Nowhere;
                    touched.push(index);
                    index
                }
                (_, Some(Reverse((_, index)))) => {
                    fronts.pop();
                    index
                }
                (Some(_), None) => break,
            };
            if let Some(entry) = self.slots[index as usize].free.pop_front() {
                self.hand_out(index, entry, now, until, out, gone);
            }
            if let Some(next) = self.slots[index as usize].free.front() {
                fronts.push(Reverse((next.seq, index)));
            }
        }
        for index in touched {
            self.settle(index);
        }
    }

    fn hand_out(
        &mut self,
        index: u32,
        mut entry: Entry,
        now: i64,
        until: i64,
        out: &mut Vec<Notification>,
        gone: &mut Vec<Gone>,
    ) {
        if entry.last_moment(&self.limits) < now {
            self.count_dropped(&entry, gone);
            return;
        }
        if !entry.handed {
            entry.handed = true;
            self.handed.insert(entry.seq, index);
        }
        let lane = &mut self.slots[index as usize];
        out.push(entry.hand_out(lane.device));
        lane.leased.push_back(entry);
        if lane.until.is_none() {
            lane.until = Some(until);
            self.leases.insert((until, index));
        }
    }

    /// Takes away what is done; also what came back in the meantime, because its lease ran out.
    pub(crate) fn acknowledge(&mut self, seqs: &[u64], gone: &mut Vec<Gone>) {
        let mut current = None;
        for seq in seqs {
            let Some(index) = self.handed.remove(seq) else {
                continue;
            };
            let lane = &mut self.slots[index as usize];
            let Some(entry) = lane.take_leased(*seq).or_else(|| lane.take_free(*seq)) else {
                continue;
            };
            self.len -= 1;
            gone.push(entry.gone());
            // Settled when the next lane's turn comes. An empty lane is settled at once: its slot is given
            // away then.
            let empty = self.slots[index as usize].is_empty();
            if let Some(last) = current.replace(index)
                && last != index
            {
                self.settle(last);
            }
            if empty {
                self.settle(index);
                current = None;
            }
        }
        if let Some(index) = current {
            self.settle(index);
        }
    }

    /// Puts leased entries back. What is not leased any more stays where it is.
    pub(crate) fn release(&mut self, seqs: &[u64], not_before: i64) {
        for seq in seqs {
            let Some(&index) = self.handed.get(seq) else {
                continue;
            };
            let lane = &mut self.slots[index as usize];
            let Some(mut entry) = lane.take_leased(*seq) else {
                continue;
            };
            entry.attempts = entry.attempts.saturating_add(1);
            lane.put_back(entry, &self.limits);
            self.expires = self.expires.min(lane.expires);
            if lane.pause.is_none_or(|pause| pause < not_before) {
                if let Some(pause) = lane.pause.replace(not_before) {
                    self.pauses.remove(&(pause, index));
                }
                self.pauses.insert((not_before, index));
            }
            self.settle(index);
        }
    }

    /// Ends leases that ran out and drops what is too old. Returns how many were dropped since the last call.
    pub(crate) fn sweep(&mut self, now: i64, gone: &mut Vec<Gone>) -> u64 {
        self.wake(now);
        if self.expires < now {
            self.expires = i64::MAX;
            for index in 0..self.slots.len() as u32 {
                let lane = &mut self.slots[index as usize];
                if lane.free.is_empty() {
                    continue;
                }
                if lane.expires < now {
                    let (handed, len) = (&mut self.handed, &mut self.len);
                    let before = *len;
                    lane.expire(now, &self.limits, |entry| {
                        if entry.handed {
                            handed.remove(&entry.seq);
                        }
                        *len -= 1;
                        gone.push(entry.gone());
                    });
                    let dropped = (before - *len) as u64;
                    self.dropped += dropped;
                    self.unreported += dropped;
                }
                self.expires = self.expires.min(lane.expires);
                self.settle(index);
            }
        }
        std::mem::take(&mut self.unreported)
    }

    /// Takes everything away.
    pub(crate) fn clear(&mut self, gone: &mut Vec<Gone>) {
        for lane in &self.slots {
            gone.extend(lane.leased.iter().chain(&lane.free).map(Entry::gone));
        }
        let purged_below = self.purged_below;
        *self = Self::new(self.limits);
        self.purged_below = purged_below;
        self.purged = true;
    }

    /// The entry of that number, for the log to move it.
    pub(crate) fn find(&mut self, device: Option<DeviceId>, seq: u64) -> Option<&mut Entry> {
        let index = *self.by_device.get(&device)?;
        self.slots[index as usize].find(seq)
    }

    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.pauses.first().map(|&(pause, _)| Timestamp(pause))
    }

    pub(crate) fn stats(&self) -> QueueStats {
        let free = [&self.ready, &self.held]
            .into_iter()
            .filter_map(|index| index.first_key_value())
            .filter_map(|(_, &index)| self.slots[index as usize].free.front());
        let leased = self
            .leases
            .iter()
            .filter_map(|&(_, index)| self.slots[index as usize].leased.front());
        QueueStats {
            waiting: self.len,
            dropped: self.dropped,
            oldest: free
                .chain(leased)
                .min_by_key(|entry| entry.seq)
                .map(|entry| Timestamp(entry.at)),
        }
    }
}
