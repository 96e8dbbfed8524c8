//! State of an integration that survives restarts: one value, in one file.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{Semaphore, watch};

use crate::error::{Error, Result};
use crate::sync::lock;
use crate::time::Clock;
use crate::tokens::{FileStore, TokenStore as _};
use hallway_wire::{Secret, Timestamp};

/// A value that is kept in a JSON file, which is written whole or not at all, with mode 0600.
///
/// It suits what fits into memory: rooms, open tickets, ratings of a year. What grows without end belongs into a
/// database.
///
/// ```
/// # async fn example() -> hallway_sdk::Result<()> {
/// use hallway_sdk::state::Kept;
///
/// let visits: Kept<Vec<String>> = Kept::open("state", "visits")?;
/// let total = visits.change(|all| { all.push("Board Room".to_owned()); all.len() }).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Kept<T>(Arc<Inner<T>>);

#[derive(Debug)]
struct Inner<T> {
    value: Mutex<T>,
    /// One change at a time; who looks does not wait for the disk.
    turn: Arc<Semaphore>,
    changed: watch::Sender<()>,
    name: String,
    file: FileStore,
}

impl<T: Serialize + DeserializeOwned + Default + Clone + Send + 'static> Kept<T> {
    /// Takes up what is kept in a folder under a name, or begins with nothing.
    ///
    /// # Errors
    /// [`Error::Store`]: the file cannot be read. [`Error::Configuration`]: it holds something else.
    pub fn open(folder: impl AsRef<Path>, name: impl Into<String>) -> Result<Self> {
        let (folder, name) = (folder.as_ref().to_owned(), name.into());
        let file = FileStore::new(&folder);
        let path: PathBuf = file.path(&name);
        let value = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| {
                Error::configuration(format!(
                    "{} does not hold what is expected: {error}",
                    path.display()
                ))
            })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => T::default(),
            Err(error) => {
                return Err(Error::configuration(format!(
                    "reading {}: {error}",
                    path.display()
                )));
            }
        };
        Ok(Self(Arc::new(Inner {
            value: Mutex::new(value),
            turn: Arc::new(Semaphore::new(1)),
            changed: watch::Sender::default(),
            name,
            file,
        })))
    }

    /// Changes the value. It is on the disk when this returns; if that fails, nothing has changed. Who stops waiting
    /// for it does not stop it.
    ///
    /// # Errors
    /// [`Error::Store`]: it could not be written.
    pub async fn change<R>(&self, change: impl FnOnce(&mut T) -> R) -> Result<R> {
        // The semaphore is never closed.
        let turn = Arc::clone(&self.0.turn).acquire_owned().await;
        let mut new = lock(&self.0.value).clone();
        let result = change(&mut new);
        let text = serde_json::to_string(&new).map_err(|error| {
            Error::configuration(format!("`{}` cannot be written as JSON: {error}", self.0.name))
        })?;
        let inner = Arc::clone(&self.0);
        let kept = tokio::spawn(async move {
            let _turn = turn;
            inner.file.save(&inner.name, &Secret::new(text)).await?;
            *lock(&inner.value) = new;
            inner.changed.send_replace(());
            Ok(())
        });
        match kept.await {
            Ok(kept) => kept.map(|()| result),
            Err(error) => Err(Error::configuration(format!(
                "`{}` was not written: {error}",
                self.0.name
            ))),
        }
    }

    /// Looks at the value, as it is on the disk.
    pub fn look<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        look(&lock(&self.0.value))
    }

    /// Waits until the moment has come that the value names, and follows it when it changes: a deadline that is
    /// part of the value survives a restart. Without a moment it waits for a change that names one.
    ///
    /// ```no_run
    /// # use std::collections::BTreeMap;
    /// # use hallway_sdk::{Integration, Timestamp, WorkspaceId, state::Kept};
    /// # async fn example(
    /// #     integration: Integration, reminders: Kept<BTreeMap<WorkspaceId, Timestamp>>,
    /// # ) -> hallway_sdk::Result<()> {
    /// loop {
    ///     let now = reminders.until(&**integration.clock(), |all| all.values().min().copied()).await;
    ///     reminders.change(|all| all.retain(|_, due| *due > now)).await?;
    /// }
    /// # }
    /// ```
    pub async fn until(&self, clock: &dyn Clock, next: impl Fn(&T) -> Option<Timestamp>) -> Timestamp {
        let mut changed = self.0.changed.subscribe();
        loop {
            changed.mark_unchanged();
            let due = self.look(&next);
            let wait = async {
                match due {
                    Some(due) => clock.sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                // The sender lives in `self`.
                _ = changed.changed() => {}
                () = wait => return clock.now(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_change_is_there_after_a_restart_and_a_failed_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        let kept: Kept<Vec<u8>> = Kept::open(&state, "list").unwrap();
        kept.change(|list| list.push(1)).await.unwrap();
        let again: Kept<Vec<u8>> = Kept::open(&state, "list").unwrap();
        assert_eq!(again.look(Clone::clone), [1]);
        fs::remove_dir_all(&state).unwrap();
        fs::write(&state, "in the way").unwrap();
        again.change(|list| list.push(2)).await.unwrap_err();
        assert_eq!(again.look(Clone::clone), [1]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_deadline_is_followed_when_it_changes() {
        #[derive(Debug)]
        struct Slow(tokio::time::Instant);
        #[async_trait::async_trait]
        impl Clock for Slow {
            fn now(&self) -> Timestamp {
                Timestamp(i64::try_from(self.0.elapsed().as_millis()).unwrap())
            }
            async fn sleep_until(&self, at: Timestamp) {
                let at = u64::try_from(at.millis()).unwrap();
                tokio::time::sleep_until(self.0 + std::time::Duration::from_millis(at)).await;
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let clock = Slow(tokio::time::Instant::now());
        let kept: Kept<Option<i64>> = Kept::open(folder.path(), "due").unwrap();
        let until = async || kept.until(&clock, |due| due.map(Timestamp)).await.millis();
        let later = async || {
            kept.change(|due| *due = Some(60_000)).await.unwrap();
            kept.change(|due| *due = Some(90_000)).await.unwrap();
        };
        let (at, ()) = tokio::join!(until(), later());
        assert!((90_000..91_000).contains(&at), "{at}");
        // What is over is due at once.
        assert!(until().await < 91_000);
    }

    #[test]
    fn what_holds_something_else_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let file = FileStore::new(folder.path()).path("list");
        fs::write(&file, "{}").unwrap();
        let error = Kept::<Vec<u8>>::open(folder.path(), "list").unwrap_err();
        assert!(error.to_string().contains("list.json"), "{error}");
    }
}
