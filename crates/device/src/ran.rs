//! What was run on a simulated device, for those who test what they sent.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::{Map, Value};
use tokio::sync::watch;

/// How many commands are remembered.
const REMEMBERED: usize = 1000;

/// A command that a device carried out.
#[derive(Clone, Debug, PartialEq)]
pub struct Ran {
    /// How many were carried out before.
    pub number: u64,
    /// Its path, as `UserInterface.Message.Alert.Display`.
    pub command: String,
    /// Its arguments as they were sent; defaults are not among them.
    pub arguments: Map<String, Value>,
    /// The text that came beside the arguments of a command of several lines.
    pub body: Option<Value>,
}

/// The newest commands of a device, oldest first.
#[derive(Clone, Debug)]
pub struct RunLog(watch::Receiver<Arc<VecDeque<Ran>>>);

impl RunLog {
    /// What is remembered now.
    pub fn all(&self) -> Vec<Ran> {
        self.0.borrow().iter().cloned().collect()
    }

    /// Waits until something is found, now or as soon as it comes. `None`: the device is gone.
    pub async fn find<T>(&mut self, mut find: impl FnMut(&VecDeque<Ran>) -> Option<T>) -> Option<T> {
        loop {
            let found = find(&self.0.borrow_and_update());
            if found.is_some() {
                return found;
            }
            self.0.changed().await.ok()?;
        }
    }
}

/// Writes the log.
#[derive(Debug)]
pub(crate) struct Recorder(watch::Sender<Arc<VecDeque<Ran>>>);

impl Default for Recorder {
    fn default() -> Self {
        Self(watch::Sender::new(Arc::default()))
    }
}

impl Recorder {
    pub(crate) fn log(&self) -> RunLog {
        RunLog(self.0.subscribe())
    }

    pub(crate) fn add(&self, command: String, arguments: Map<String, Value>, body: Option<Value>) {
        self.0.send_modify(|all| {
            let all = Arc::make_mut(all);
            let number = all.back().map_or(0, |last| last.number + 1);
            if all.len() == REMEMBERED {
                all.pop_front();
            }
            all.push_back(Ran {
                number,
                command,
                arguments,
                body,
            });
        });
    }
}
