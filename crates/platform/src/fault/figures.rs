//! How often faults struck, since the process started.

use std::sync::atomic::{AtomicU64, Ordering};

use hallway_wire::fault::FaultEffect;

/// Counts strikes by effect; of no organization in particular.
#[derive(Debug, Default)]
pub struct Struck([AtomicU64; FaultEffect::WORDS.len()]);

impl Struck {
    pub(super) fn count(&self, effect: &FaultEffect) {
        self.0[effect.index()].fetch_add(1, Ordering::Relaxed);
    }

    /// The effects' words and how often each struck.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counts = self.0.iter().map(|count| count.load(Ordering::Relaxed));
        FaultEffect::WORDS.into_iter().zip(counts)
    }
}
