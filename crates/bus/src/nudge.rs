//! Nudges inside one process.

use std::sync::{PoisonError, RwLock};

use async_trait::async_trait;
use hallway_platform::ports::{Bus, Nudges, Topic};
use hashbrown::HashMap;
use tokio::sync::watch;

/// The bus of a house that is one process: a topic is a `watch` channel that exists while someone listens.
#[derive(Debug, Default)]
pub struct LocalBus {
    topics: RwLock<Topics>,
}

#[derive(Debug, Default)]
struct Topics {
    senders: HashMap<Topic, watch::Sender<()>>,
    /// At this many topics the ones without listeners are looked for; it doubles with what is in use.
    clean_at: usize,
}

const CLEAN_AT_LEAST: usize = 64;

impl LocalBus {
    /// A bus without listeners.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many topics are kept, with or without listeners.
    pub fn topics(&self) -> usize {
        self.topics
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .senders
            .len()
    }
}

#[async_trait]
impl Bus for LocalBus {
    fn nudge(&self, topic: Topic) {
        let deserted = {
            let topics = self.topics.read().unwrap_or_else(PoisonError::into_inner);
            match topics.senders.get(&topic) {
                Some(sender) => sender.send(()).is_err(),
                None => false,
            }
        };
        if deserted {
            let mut topics = self.topics.write().unwrap_or_else(PoisonError::into_inner);
            // Somebody may have subscribed in between.
            if topics
                .senders
                .get(&topic)
                .is_some_and(|sender| sender.receiver_count() == 0)
            {
                topics.senders.remove(&topic);
            }
        }
    }

    fn subscribe(&self, topic: Topic) -> Nudges {
        let mut topics = self.topics.write().unwrap_or_else(PoisonError::into_inner);
        if topics.senders.len() >= topics.clean_at.max(CLEAN_AT_LEAST) {
            topics.senders.retain(|_, sender| sender.receiver_count() > 0);
            topics.clean_at = topics.senders.len() * 2;
        }
        let sender = topics
            .senders
            .entry(topic)
            .or_insert_with(|| watch::Sender::new(()));
        Nudges(sender.subscribe())
    }
}
