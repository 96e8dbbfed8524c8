//! Tokens in a database.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use hallway_wire::Secret;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::store::{StoreError, TokenStore};
use crate::sync::lock;

/// Keeps texts in the table `hallway_sdk_texts` of an SQLite file, which is made with mode 0600. Needs the feature
/// `sqlite`.
///
/// Several processes may share the file: what one has stored, another does not overwrite unseen. For another
/// database see [`TokenStore`], whose example is the statements that are needed.
///
/// ```no_run
/// # async fn example() -> hallway_sdk::Result<()> {
/// use hallway_sdk::tokens::DatabaseStore;
///
/// let store = DatabaseStore::open("tokens.db").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct DatabaseStore {
    connection: Arc<Mutex<Connection>>,
    path: PathBuf,
}

impl DatabaseStore {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// It cannot be opened, or is no database.
    pub async fn open(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let path = path.into();
        let shown = path.display().to_string();
        let opening = tokio::task::spawn_blocking(move || {
            let connection = connect(&path)?;
            Ok::<_, BoxError>(Self {
                connection: Arc::new(Mutex::new(connection)),
                path,
            })
        });
        let opened = opening.await.unwrap_or_else(|error| Err(error.into()));
        opened.map_err(|error| StoreError::new(format!("opening {shown}"), error))
    }

    async fn aside<T: Send + 'static>(
        &self,
        doing: &'static str,
        name: &str,
        work: impl FnOnce(&Connection, &str) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (connection, name) = (Arc::clone(&self.connection), name.to_owned());
        let done = tokio::task::spawn_blocking(move || {
            let done = work(&lock(&connection), &name);
            (name, done)
        });
        let about = |name: &str| format!("{doing} `{name}` in {}", self.path.display());
        let (name, done) = done
            .await
            .map_err(|error| StoreError::new(about("a text"), error))?;
        done.map_err(|error| StoreError::new(about(&name), error))
    }
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

fn connect(path: &Path) -> Result<Connection, BoxError> {
    make_private(path)?;
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    // The old token is overwritten, not only unlinked; what is written is on the disk when it is done.
    connection.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA secure_delete = ON;
         CREATE TABLE IF NOT EXISTS hallway_sdk_texts (name TEXT NOT NULL PRIMARY KEY, text TEXT NOT NULL)
         STRICT, WITHOUT ROWID;",
    )?;
    Ok(connection)
}

/// Makes the file so that nobody else can read it; SQLite gives its other files the same mode.
fn make_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    // Opening it again would, once closed, take the locks of this process's other connections away.
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

#[async_trait]
impl TokenStore for DatabaseStore {
    async fn load(&self, name: &str) -> Result<Option<Secret>, StoreError> {
        self.aside("reading", name, |database, name| {
            let found = database.query_row(
                "SELECT text FROM hallway_sdk_texts WHERE name = ?1",
                [name],
                |row| row.get::<_, String>(0),
            );
            Ok(found.optional()?.map(Secret::new))
        })
        .await
    }

    async fn save(&self, name: &str, text: &Secret) -> Result<(), StoreError> {
        let text = text.clone();
        self.aside("writing", name, move |database, name| {
            let statement = "INSERT INTO hallway_sdk_texts (name, text) VALUES (?1, ?2)
                             ON CONFLICT (name) DO UPDATE SET text = ?2";
            database.execute(statement, [name, text.expose()]).map(|_| ())
        })
        .await
    }

    async fn remove(&self, name: &str) -> Result<(), StoreError> {
        self.aside("removing", name, |database, name| {
            let statement = "DELETE FROM hallway_sdk_texts WHERE name = ?1";
            database.execute(statement, [name]).map(|_| ())
        })
        .await
    }

    async fn names(&self) -> Result<Vec<String>, StoreError> {
        self.aside("listing", "*", |database, _| {
            let mut found = database.prepare("SELECT name FROM hallway_sdk_texts ORDER BY name")?;
            let names = found.query_map([], |row| row.get(0))?;
            names.collect()
        })
        .await
    }

    async fn replace(&self, name: &str, before: Option<&Secret>, text: &Secret) -> Result<bool, StoreError> {
        let (before, text) = (before.cloned(), text.clone());
        self.aside("writing", name, move |database, name| {
            let changed = match &before {
                Some(before) => database.execute(
                    "UPDATE hallway_sdk_texts SET text = ?3 WHERE name = ?1 AND text = ?2",
                    params![name, before.expose(), text.expose()],
                ),
                None => database.execute(
                    "INSERT INTO hallway_sdk_texts (name, text) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING",
                    params![name, text.expose()],
                ),
            };
            changed.map(|rows| rows == 1)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn two_processes_share_it_and_nobody_else_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.db");
        let one = DatabaseStore::open(&path).await.unwrap();
        let two = DatabaseStore::open(&path).await.unwrap();
        let secret = |text: &str| Secret::new(text);
        assert!(one.replace("a", None, &secret("1")).await.unwrap());
        assert!(!two.replace("a", None, &secret("2")).await.unwrap());
        assert!(two.replace("a", Some(&secret("1")), &secret("2")).await.unwrap());
        assert!(!one.replace("a", Some(&secret("1")), &secret("3")).await.unwrap());
        assert_eq!(one.load("a").await.unwrap(), Some(secret("2")));
        one.save("b", &secret("x")).await.unwrap();
        one.save("b", &secret("y")).await.unwrap();
        assert_eq!(two.names().await.unwrap(), ["a", "b"]);
        two.remove("a").await.unwrap();
        two.remove("a").await.unwrap();
        assert_eq!(one.load("a").await.unwrap(), None);
        assert!(!one.replace("a", Some(&secret("2")), &secret("3")).await.unwrap());
        #[cfg(unix)]
        for file in std::fs::read_dir(folder.path()).unwrap() {
            use std::os::unix::fs::PermissionsExt as _;
            let file = file.unwrap();
            let mode = file.metadata().unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{file:?}");
        }
    }

    #[tokio::test]
    async fn a_failure_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.db");
        std::fs::write(&path, "this is no database, and long enough to be looked at").unwrap();
        let error = DatabaseStore::open(&path).await.unwrap_err();
        assert!(error.to_string().contains("tokens.db"), "{error}");
    }
}
