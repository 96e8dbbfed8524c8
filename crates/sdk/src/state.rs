//! State of an integration that survives restarts: one value, in one file.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;

use crate::error::{Error, Result};
use crate::sync::lock;
use crate::tokens::{FileStore, TokenStore as _};
use hallway_wire::Secret;

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
pub struct Kept<T> {
    value: Mutex<T>,
    /// One change at a time; who looks does not wait for the disk.
    turn: Semaphore,
    name: String,
    file: FileStore,
}

impl<T: Serialize + DeserializeOwned + Default + Clone + Send> Kept<T> {
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
        Ok(Self {
            value: Mutex::new(value),
            turn: Semaphore::new(1),
            name,
            file,
        })
    }

    /// Changes the value. It is on the disk when this returns; if that fails, nothing has changed.
    ///
    /// # Errors
    /// [`Error::Store`]: it could not be written.
    pub async fn change<R>(&self, change: impl FnOnce(&mut T) -> R) -> Result<R> {
        // The semaphore is never closed.
        let _turn = self.turn.acquire().await;
        let mut new = lock(&self.value).clone();
        let result = change(&mut new);
        let text = serde_json::to_string(&new).map_err(|error| {
            Error::configuration(format!("`{}` cannot be written as JSON: {error}", self.name))
        })?;
        self.file.save(&self.name, &Secret::new(text)).await?;
        *lock(&self.value) = new;
        Ok(result)
    }

    /// Looks at the value, as it is on the disk.
    pub fn look<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        look(&lock(&self.value))
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

    #[test]
    fn what_holds_something_else_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let file = FileStore::new(folder.path()).path("list");
        fs::write(&file, "{}").unwrap();
        let error = Kept::<Vec<u8>>::open(folder.path(), "list").unwrap_err();
        assert!(error.to_string().contains("list.json"), "{error}");
    }
}
