//! Random work on a queue, beside a model that is too simple to be wrong.

use hallway_bus::LogQueue;
use hallway_platform::ports::{NewNotification, Notification, NotificationKind, Queue, QueueLimits, Take};
use hallway_wire::Timestamp;
use proptest::prelude::*;
use tempfile::tempdir;

use crate::support::*;

const LIMITS: QueueLimits = QueueLimits {
    max_len: 12,
    max_age_ms: 200,
    max_action_age_ms: 500,
};

#[derive(Clone, Debug)]
enum Step {
    Append(Vec<(u128, u128, bool)>),
    Lease {
        of: u128,
        lane: bool,
        max: usize,
        ms: i64,
    },
    Acknowledge {
        which: Vec<prop::sample::Index>,
    },
    Release {
        which: Vec<prop::sample::Index>,
        pause: i64,
    },
    Purge(u128),
    Sweep,
    Wait(i64),
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let entry = (0..2u128, 0..4u128, prop::bool::weighted(0.2));
    let some = || prop::collection::vec(any::<prop::sample::Index>(), 1..4);
    prop_oneof![
        6 => prop::collection::vec(entry, 1..5).prop_map(Step::Append),
        6 => (0..2u128, any::<bool>(), 1..4usize, 1..60i64)
            .prop_map(|(of, lane, max, ms)| Step::Lease { of, lane, max, ms }),
        4 => some().prop_map(|which| Step::Acknowledge { which }),
        4 => (some(), 0..80i64).prop_map(|(which, pause)| Step::Release { which, pause }),
        1 => (0..2u128).prop_map(Step::Purge),
        2 => Just(Step::Sweep),
        4 => (1..80i64).prop_map(Step::Wait),
        1 => Just(Step::Reopen),
    ]
}

#[derive(Clone, Debug)]
struct Entry {
    order: u64,
    of: u128,
    lane: Option<u128>,
    at: i64,
    leased_until: Option<i64>,
    attempts: u32,
    not_before: i64,
    seq: Option<u64>,
}

impl Entry {
    fn is_old(&self, now: i64) -> bool {
        let limit = if self.lane.is_none() {
            LIMITS.max_action_age_ms
        } else {
            LIMITS.max_age_ms
        };
        now - self.at > limit
    }
}

/// One list of everything, in the order of the appends.
#[derive(Default)]
struct Model {
    entries: Vec<Entry>,
    next: u64,
    dropped: [u64; 2],
    unreported: [u64; 2],
}

impl Model {
    fn append(&mut self, of: u128, lane: Option<u128>, at: i64) -> String {
        self.next += 1;
        self.entries.push(Entry {
            order: self.next,
            of,
            lane,
            at,
            leased_until: None,
            attempts: 0,
            not_before: 0,
            seq: None,
        });
        self.next.to_string()
    }

    fn drop_where(&mut self, what: impl Fn(&Entry) -> bool) {
        for entry in self.entries.extract_if(.., |entry| what(entry)) {
            self.dropped[entry.of as usize] += 1;
            self.unreported[entry.of as usize] += 1;
        }
    }

    fn bound(&mut self, of: u128) {
        while self.entries.iter().filter(|entry| entry.of == of).count() > LIMITS.max_len {
            let free = |entry: &&Entry| entry.of == of && entry.leased_until.is_none();
            let oldest = self.entries.iter().find(free).unwrap().order;
            self.drop_where(|entry| entry.order == oldest);
        }
    }

    fn wake(&mut self, of: u128, now: i64) {
        for entry in self.entries.iter_mut().filter(|entry| entry.of == of) {
            if entry.leased_until.is_some_and(|until| until <= now) {
                entry.leased_until = None;
            }
        }
    }

    fn is_blocked(&self, of: u128, lane: Option<u128>, now: i64) -> bool {
        self.entries.iter().any(|entry| {
            entry.of == of && entry.lane == lane && (entry.leased_until.is_some() || entry.not_before > now)
        })
    }

    fn lease(&mut self, of: u128, take: Take, max: usize, now: i64, until: i64) -> Vec<u64> {
        self.wake(of, now);
        let paused = |entry: &Entry| entry.of == of && entry.leased_until.is_none() && entry.not_before > now;
        if take == Take::Oldest && self.entries.iter().any(paused) {
            return Vec::new();
        }
        let mut out: Vec<u64> = Vec::new();
        let mut lane_taken: Option<Option<u128>> = None;
        let blocked: Vec<Option<u128>> = [None, Some(1), Some(2), Some(3)]
            .into_iter()
            .filter(|lane| self.is_blocked(of, *lane, now))
            .collect();
        for entry in &mut self.entries {
            if out.len() == max {
                break;
            }
            let elsewhere = take == Take::Lane && lane_taken.is_some_and(|lane| lane != entry.lane);
            if entry.of != of || elsewhere || blocked.contains(&entry.lane) {
                continue;
            }
            if entry.is_old(now) {
                continue;
            }
            lane_taken = Some(entry.lane);
            entry.leased_until = Some(until);
            out.push(entry.order);
        }
        out
    }
}

fn parse(one: &Notification) -> u64 {
    std::str::from_utf8(&one.body).unwrap().parse().unwrap()
}

async fn compare(steps: Vec<Step>, on_disk: bool) {
    let dir = tempdir().unwrap();
    let open = || {
        if on_disk {
            small(&dir, LIMITS)
        } else {
            LogQueue::in_memory(LIMITS)
        }
    };
    let mut queue = open();
    let mut model = Model::default();
    let mut now = NOW;
    for step in steps {
        match step {
            Step::Append(entries) => {
                let batch: Vec<NewNotification> = entries
                    .iter()
                    .map(|&(of, lane, is_action)| {
                        let lane = (!is_action && lane > 0).then_some(lane);
                        let body = model.append(of, lane, now);
                        NewNotification {
                            activation: activation(of),
                            device: lane.map(device),
                            kind: if lane.is_none() {
                                NotificationKind::Action
                            } else {
                                NotificationKind::Event
                            },
                            at: Timestamp(now),
                            body: body.into(),
                        }
                    })
                    .collect();
                queue.append(batch).await.unwrap();
                // One after the other, as the queue takes them.
                let appended = model.entries.split_off(model.entries.len() - entries.len());
                for entry in appended {
                    let of = entry.of;
                    model.entries.push(entry);
                    model.bound(of);
                }
            }
            Step::Lease { of, lane, max, ms } => {
                let take = if lane { Take::Lane } else { Take::Oldest };
                // Both sides forget what is old first, so that they agree on what is dropped when.
                sweep(&queue, &mut model, now).await;
                let out = queue
                    .lease(activation(of), take, max, Timestamp(now), Timestamp(now + ms))
                    .await
                    .unwrap();
                let expected = model.lease(of, take, max, now, now + ms);
                assert_eq!(out.iter().map(parse).collect::<Vec<_>>(), expected);
                for one in &out {
                    let order = parse(one);
                    let entry = model
                        .entries
                        .iter_mut()
                        .find(|entry| entry.order == order)
                        .unwrap();
                    assert_eq!(one.attempts, entry.attempts);
                    assert_eq!(one.device, entry.lane.map(device));
                    entry.seq = Some(one.seq);
                }
            }
            Step::Acknowledge { which } => {
                for (of, order, seq) in chosen(&model, &which) {
                    queue.acknowledge(activation(of), &[seq]).await.unwrap();
                    model.entries.retain(|entry| entry.order != order);
                }
            }
            Step::Release { which, pause } => {
                for (of, order, seq) in chosen(&model, &which) {
                    queue
                        .release(activation(of), &[seq], Timestamp(now + pause))
                        .await
                        .unwrap();
                    let entry = model
                        .entries
                        .iter_mut()
                        .find(|entry| entry.order == order)
                        .unwrap();
                    entry.leased_until = None;
                    entry.attempts += 1;
                    entry.not_before = now + pause;
                    // A pause is the lane's: the longest one counts for all that was released.
                    let (of, lane) = (entry.of, entry.lane);
                    let released = |entry: &Entry| {
                        entry.of == of
                            && entry.lane == lane
                            && entry.attempts > 0
                            && entry.leased_until.is_none()
                    };
                    let entries = || model.entries.iter().filter(|entry| released(entry));
                    let longest = entries().map(|entry| entry.not_before).max().unwrap_or(0);
                    for entry in model.entries.iter_mut().filter(|entry| released(entry)) {
                        entry.not_before = longest;
                    }
                }
            }
            Step::Purge(of) => {
                queue.purge(activation(of)).await.unwrap();
                model.entries.retain(|entry| entry.of != of);
                model.dropped[of as usize] = 0;
                model.unreported[of as usize] = 0;
            }
            Step::Sweep => sweep(&queue, &mut model, now).await,
            Step::Wait(ms) => now += ms,
            Step::Reopen if on_disk => {
                sweep(&queue, &mut model, now).await;
                drop(queue);
                queue = open();
                model.dropped = [0; 2];
                for entry in &mut model.entries {
                    (entry.leased_until, entry.attempts, entry.not_before) = (None, 0, 0);
                    entry.seq = None;
                }
            }
            Step::Reopen => {}
        }
        for of in 0..2 {
            let stats = queue.stats(activation(of)).await.unwrap();
            let mut waiting = model.entries.iter().filter(|entry| entry.of == of);
            assert_eq!(stats.waiting, waiting.clone().count());
            assert_eq!(
                stats.oldest.map(Timestamp::millis),
                waiting.next().map(|entry| entry.at)
            );
            assert_eq!(stats.dropped, model.dropped[of as usize]);
        }
    }
}

/// Leased entries, and those that were leased and came back.
fn chosen(model: &Model, which: &[prop::sample::Index]) -> Vec<(u128, u64, u64)> {
    let leased: Vec<_> = model
        .entries
        .iter()
        .filter(|entry| entry.leased_until.is_some())
        .filter_map(|entry| Some((entry.of, entry.order, entry.seq?)))
        .collect();
    if leased.is_empty() {
        return Vec::new();
    }
    let mut out: Vec<_> = which.iter().map(|index| *index.get(&leased)).collect();
    out.sort_unstable();
    out.dedup();
    out
}

async fn sweep(queue: &LogQueue, model: &mut Model, now: i64) {
    model.wake(0, now);
    model.wake(1, now);
    model.drop_where(|entry| entry.leased_until.is_none() && entry.is_old(now));
    let mut expected: Vec<_> = (0..2)
        .filter(|of| model.unreported[*of] > 0)
        .map(|of| (activation(of as u128), model.unreported[of]))
        .collect();
    expected.sort();
    model.unreported = [0; 2];
    let mut reported = queue.sweep(Timestamp(now)).await.unwrap();
    reported.sort();
    assert_eq!(reported, expected);
}

fn run(steps: Vec<Step>, on_disk: bool) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(compare(steps, on_disk));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]
    #[test]
    fn a_queue_in_memory_agrees_with_the_model(steps in prop::collection::vec(step(), 1..60)) {
        run(steps, false);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]
    #[test]
    fn a_queue_on_disk_agrees_with_the_model(steps in prop::collection::vec(step(), 1..80)) {
        run(steps, true);
    }
}
