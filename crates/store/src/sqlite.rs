//! SQLite.
//!
//! Cast: one thread that writes, with a connection of its own, and as many connections for questions as
//! threads ask at once. Questions run where they are asked: they take microseconds, and in WAL mode nobody
//! waits for the writer. The writer takes every commit that waits into one transaction, so that many share
//! one flush to the disk; each is a savepoint in it, so that one that conflicts takes back only itself.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use hallway_platform::ports::{Cell, StoreError};
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, ErrorCode, OpenFlags, ffi};
use tempfile::TempDir;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use crate::driver::{Dialect, Driver, EachOf, EachRow, Param, Row, Statement, Unchanged};
use crate::migrations::{Move, VERSION_TABLE, pending};

type Result<T> = std::result::Result<T, StoreError>;

const DIALECT: Dialect = Dialect {
    bytes: "BLOB",
    seq: "INTEGER NOT NULL PRIMARY KEY",
    serial: "INTEGER PRIMARY KEY AUTOINCREMENT",
    clustered: "WITHOUT ROWID",
    member: "json_extract",
};

/// How many commits share a flush at most: the first of them waits for all.
const GROUP_MAX: usize = 256;
/// How many commits wait before a further one waits outside.
const WAITING_MAX: usize = 1024;
/// How many connections for questions are kept while nobody asks.
const IDLE_MAX: usize = 16;
const STATEMENTS_KEPT: usize = 128;
/// Another process (a backup) may hold the file for a moment.
const BUSY: Duration = Duration::from_secs(10);

/// Whether a commit waits for the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Durability {
    Disk,
    Process,
}

/// A SQLite database.
pub(crate) struct Sqlite {
    path: PathBuf,
    /// Connections for questions that nobody uses now. One is taken out for a question and put back.
    idle: Mutex<Vec<Connection>>,
    /// `None` only while it is dropped.
    commits: Option<mpsc::Sender<Commit>>,
    writer: Option<JoinHandle<()>>,
    /// Dropped last: the files are closed by then.
    _folder: Option<TempDir>,
}

/// A commit that waits, and who waits for it.
struct Commit {
    batch: Vec<Statement>,
    reply: oneshot::Sender<Result<()>>,
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sqlite")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Sqlite {
    /// Opens a file and brings it to the newest version.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        Self::start(path.to_owned(), Durability::Disk, None)
    }

    /// A new database in a folder of its own that goes with it.
    pub(crate) fn ephemeral() -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("hallway-")
            .tempdir()
            .map_err(|error| StoreError::Backend(format!("no temporary folder for the database: {error}")))?;
        Self::start(
            folder.path().join("hallway.db"),
            Durability::Process,
            Some(folder),
        )
    }

    fn start(path: PathBuf, durability: Durability, folder: Option<TempDir>) -> Result<Self> {
        let opened = |error: &dyn fmt::Display| {
            StoreError::Backend(format!("cannot open the database {}: {error}", path.display()))
        };
        let mut connection = connect(&path, durability).map_err(|error| opened(&error))?;
        migrate(&mut connection, &path).map_err(|error| opened(&error))?;
        let (commits, waiting) = mpsc::channel(WAITING_MAX);
        let writer = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || write_all(&connection, waiting))
            .map_err(|error| opened(&error))?;
        Ok(Self {
            path,
            idle: Mutex::default(),
            commits: Some(commits),
            writer: Some(writer),
            _folder: folder,
        })
    }

    /// A connection for one question.
    fn take(&self) -> Result<Connection> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match idle {
            Some(connection) => Ok(connection),
            None => connect_to_read(&self.path).map_err(backend),
        }
    }

    fn give_back(&self, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_MAX {
            idle.push(connection);
        }
    }
}

impl Drop for Sqlite {
    /// Lets the writer finish what it has.
    fn drop(&mut self) {
        self.idle
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
        self.commits = None;
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!(path = %self.path.display(), "the writer of the database had panicked");
        }
    }
}

#[async_trait]
impl Driver for Sqlite {
    async fn query(&self, sql: &str, params: &[Param], each: &mut EachRow<'_>) -> Result<()> {
        let connection = self.take()?;
        let answered = ask(&connection, sql, params, each);
        self.give_back(connection);
        answered
    }

    async fn snapshot(&self, asks: Vec<(&'static str, Vec<Param>)>, mut each: EachOf) -> Result<()> {
        let path = self.path.clone();
        let asked = tokio::task::spawn_blocking(move || {
            let connection = connect_to_read(&path).map_err(backend)?;
            run(&connection, "BEGIN")?;
            for (number, (sql, params)) in asks.iter().enumerate() {
                ask(&connection, sql, params, &mut |row| each(number, row))?;
            }
            run(&connection, "COMMIT")
        });
        asked
            .await
            .map_err(|error| StoreError::Backend(format!("a long question was broken off: {error}")))?
    }

    async fn write(&self, batch: Vec<Statement>) -> Result<()> {
        let stopped = || StoreError::Backend("the writer of the database has stopped".to_owned());
        let (reply, replied) = oneshot::channel();
        let commits = self.commits.as_ref().ok_or_else(stopped)?;
        commits
            .send(Commit { batch, reply })
            .await
            .map_err(|_| stopped())?;
        replied.await.map_err(|_| stopped())?
    }
}

/// The file system layer that takes the file for this process alone, and keeps the index of the write-ahead
/// log in memory: reads then take no locks of the operating system, which cost a sixth of a read. Another
/// process cannot even look; a copy for a backup is made by this one, or while Hallway is down.
const VFS: &str = "unix-excl";

fn open_file(path: &Path) -> rusqlite::Result<Connection> {
    Connection::open_with_flags_and_vfs(path, OpenFlags::default(), VFS)
}

/// A connection that writes. The pragmas that are kept in the file are set here.
fn connect(path: &Path, durability: Durability) -> rusqlite::Result<Connection> {
    let connection = open_file(path)?;
    connection.busy_timeout(BUSY)?;
    use_wal(&connection)?;
    let synchronous = match durability {
        Durability::Disk => "FULL",
        Durability::Process => "OFF",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    settle(&connection)?;
    Ok(connection)
}

/// Switches the file to WAL, once for all time. SQLite does not wait for others that do the same at this
/// moment, whatever the busy timeout, so this waits for them.
fn use_wal(connection: &Connection) -> rusqlite::Result<()> {
    let started = Instant::now();
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && started.elapsed() < BUSY =>
            {
                std::thread::sleep(Duration::from_millis(5));
            }
            switched => return switched,
        }
    }
}

/// A connection that only asks.
fn connect_to_read(path: &Path) -> rusqlite::Result<Connection> {
    let connection = open_file(path)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "query_only", true)?;
    settle(&connection)?;
    Ok(connection)
}

/// What both kinds of connection share.
fn settle(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    Ok(())
}

/// Runs one question.
fn ask(connection: &Connection, sql: &str, params: &[Param], each: &mut EachRow<'_>) -> Result<()> {
    let mut statement = prepare(connection, sql, params).map_err(backend)?;
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next().map_err(backend)? {
        each(&SqliteRow(row))?;
    }
    Ok(())
}

fn prepare<'c>(
    connection: &'c Connection,
    sql: &str,
    params: &[Param],
) -> rusqlite::Result<CachedStatement<'c>> {
    let mut statement = connection.prepare_cached(sql)?;
    for (at, param) in params.iter().enumerate() {
        statement.raw_bind_parameter(at + 1, param)?;
    }
    Ok(statement)
}

/// The life of the writer: it ends when the store is dropped.
fn write_all(connection: &Connection, mut waiting: mpsc::Receiver<Commit>) {
    let mut group = VecDeque::new();
    while let Some(first) = waiting.blocking_recv() {
        group.push_back(first);
        let mut done = Vec::new();
        let committed = write_group(connection, &mut group, &mut waiting, &mut done);
        if let Err(error) = &committed {
            tracing::error!(%error, commits = done.len() + group.len(), "commits failed");
            if !connection.is_autocommit()
                && let Err(error) = connection.execute_batch("ROLLBACK")
            {
                tracing::error!(%error, "a failed transaction could not be rolled back");
            }
        }
        // A caller that went away is not told.
        for (reply, result) in done {
            let _ = reply.send(committed.clone().and(result));
        }
        for Commit { reply, .. } in group.drain(..) {
            let _ = reply.send(committed.clone());
        }
    }
}

/// Runs the commits that wait in one transaction. Results that are in `done` count once it has returned
/// `Ok`; what it leaves in `group` was not run.
fn write_group(
    connection: &Connection,
    group: &mut VecDeque<Commit>,
    waiting: &mut mpsc::Receiver<Commit>,
    done: &mut Vec<(oneshot::Sender<Result<()>>, Result<()>)>,
) -> Result<()> {
    run(connection, "BEGIN IMMEDIATE")?;
    while let Some(Commit { batch, reply }) = group.pop_front() {
        run(connection, "SAVEPOINT one")?;
        let result = write_batch(connection, &batch);
        let aborted = connection.is_autocommit();
        if let Err(error) = &result
            && aborted
        {
            // The disk is full, or worse: SQLite took back the whole transaction by itself.
            let error = error.clone();
            done.push((reply, result));
            return Err(error);
        }
        let conflicted = result.is_err();
        done.push((reply, result));
        if conflicted {
            run(connection, "ROLLBACK TO one")?;
        }
        run(connection, "RELEASE one")?;
        if done.len() < GROUP_MAX
            && let Ok(next) = waiting.try_recv()
        {
            group.push_back(next);
        }
    }
    run(connection, "COMMIT")
}

fn write_batch(connection: &Connection, batch: &[Statement]) -> Result<()> {
    for statement in batch {
        let changed = prepare(connection, statement.sql, &statement.params)
            .and_then(|mut prepared| prepared.raw_execute())
            .map_err(|error| refused(error, statement))?;
        if changed == 0
            && let Some(what) = statement.unchanged
        {
            return Err(match what {
                Unchanged::Conflict(what) => StoreError::Conflict {
                    what: what.to_owned(),
                },
                Unchanged::Stale => StoreError::Stale,
            });
        }
    }
    Ok(())
}

/// Runs a statement that has no parameters and gives nothing.
fn run(connection: &Connection, sql: &str) -> Result<()> {
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.raw_execute())
        .map(drop)
        .map_err(backend)
}

/// Brings the schema to the newest version. Several processes may do so at once: each step looks again.
fn migrate(connection: &mut Connection, path: &Path) -> Result<()> {
    connection.execute_batch(VERSION_TABLE).map_err(backend)?;
    let found = version(connection)?;
    let mut steps = pending(found)?.peekable();
    if found > 0 && steps.peek().is_some() {
        back_up(connection, path, found)?;
    }
    for step in steps {
        let transaction = connection
            .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
            .map_err(backend)?;
        if version(&transaction)? >= step.version {
            continue;
        }
        let failed = |error: rusqlite::Error| {
            StoreError::Backend(format!(
                "migration {} ({}) failed: {error}",
                step.version, step.what
            ))
        };
        transaction
            .execute_batch(&DIALECT.spell(step.sql))
            .map_err(failed)?;
        if let Some(moves) = &step.moves {
            move_documents(&transaction, moves)?;
        }
        transaction
            .execute(
                "INSERT INTO schema_version (version, what) VALUES (?1, ?2)",
                (step.version, step.what),
            )
            .map_err(failed)?;
        transaction.commit().map_err(failed)?;
        tracing::info!(version = step.version, what = step.what, "migrated the database");
    }
    Ok(())
}

/// Makes keyed records of the documents of a table.
fn move_documents(connection: &Connection, moves: &Move) -> Result<()> {
    let mut documents = Vec::new();
    ask(connection, moves.ask, &[], &mut |row| {
        documents.push(row.text(0)?.to_owned());
        Ok(())
    })?;
    let mut seen = HashSet::new();
    for document in documents {
        write_batch(connection, &(moves.into)(&document, &mut seen)?)?;
    }
    connection.execute_batch(moves.then).map_err(backend)
}

fn version(connection: &Connection) -> Result<i64> {
    connection
        .query_row(
            "SELECT COALESCE(MAX(version), 0) FROM schema_version",
            (),
            |row| row.get(0),
        )
        .map_err(backend)
}

/// Copies the database next to itself before an upgrade, as `<file>.v<version>.bak`. A copy that a failed
/// upgrade left is replaced: nothing was written since that the new one does not hold.
fn back_up(connection: &Connection, path: &Path, version: i64) -> Result<()> {
    let mut copy = path.as_os_str().to_owned();
    copy.push(format!(".v{version}.bak"));
    match copy_to(connection, path, Path::new(&copy), version) {
        Ok(true) => tracing::info!(copy = ?copy, "copied the database before its upgrade"),
        Ok(false) => tracing::info!(copy = ?copy, "another process upgrades the database; its copy stays"),
        Err(error) => {
            let what = format!(
                "no copy could be made before the upgrade ({}): {error}",
                copy.display()
            );
            return Err(StoreError::Backend(what));
        }
    }
    Ok(())
}

/// Writes the copy under another name first, so that what has the name of a copy is whole, on the disk, and
/// readable for nobody who may not read the database. `false`: the database is no longer of this version.
fn copy_to(
    connection: &Connection,
    path: &Path,
    copy: &Path,
    version_before: i64,
) -> std::result::Result<bool, Box<dyn std::error::Error>> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let unfinished = tempfile::Builder::new()
        .prefix("hallway-")
        .suffix(".part")
        .tempfile_in(folder)?;
    let target = unfinished.path().to_str().ok_or("the path is not UTF-8")?;
    connection.execute("VACUUM INTO ?1", [target])?;
    if version(&Connection::open(unfinished.path())?)? != version_before {
        return Ok(false);
    }
    unfinished
        .as_file()
        .set_permissions(std::fs::metadata(path)?.permissions())?;
    unfinished.as_file().sync_all()?;
    unfinished.persist(copy)?;
    Ok(true)
}

struct SqliteRow<'a>(&'a rusqlite::Row<'a>);

impl Row for SqliteRow<'_> {
    fn text(&self, column: usize) -> Result<&str> {
        let value = self.0.get_ref(column).map_err(backend)?;
        value
            .as_str()
            .map_err(|error| StoreError::Backend(format!("column {column} is no text: {error}")))
    }

    fn id(&self, column: usize) -> Result<Uuid> {
        let bad =
            |error: &dyn fmt::Display| StoreError::Backend(format!("column {column} is no id: {error}"));
        let value = self.0.get_ref(column).map_err(backend)?;
        let bytes = value.as_blob().map_err(|error| bad(&error))?;
        Uuid::from_slice(bytes).map_err(|error| bad(&error))
    }

    fn cell(&self, column: usize) -> Result<Cell> {
        let bad = |what: &str| StoreError::Backend(format!("column {column} holds {what}"));
        Ok(match self.0.get_ref(column).map_err(backend)? {
            ValueRef::Null => Cell::Null,
            ValueRef::Integer(number) => Cell::Int(number),
            ValueRef::Real(_) => return Err(bad("a fraction")),
            ValueRef::Text(text) => Cell::Text(
                std::str::from_utf8(text)
                    .map_err(|_| bad("bytes that are no text"))?
                    .to_owned(),
            ),
            ValueRef::Blob(bytes) => match (Uuid::from_slice(bytes), <[u8; 32]>::try_from(bytes)) {
                (Ok(id), _) => Cell::Id(id),
                (_, Ok(hash)) => Cell::Hash(hash),
                _ => return Err(bad("bytes that are neither an id nor a hash")),
            },
        })
    }
}

impl ToSql for Param {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Id(id) => ValueRef::Blob(id.as_bytes()),
            Self::Hash(hash) => ValueRef::Blob(hash),
        }))
    }
}

fn backend(error: rusqlite::Error) -> StoreError {
    StoreError::Backend(error.to_string())
}

/// What a refused statement means.
fn refused(error: rusqlite::Error, statement: &Statement) -> StoreError {
    let what = match error.sqlite_error() {
        Some(code) if code.code == ErrorCode::ConstraintViolation => match code.extended_code {
            ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY => statement.taken,
            ffi::SQLITE_CONSTRAINT_FOREIGNKEY => statement.orphan,
            _ => return backend(error),
        },
        _ => return backend(error),
    };
    StoreError::Conflict {
        what: what.to_owned(),
    }
}

#[cfg(test)]
mod tests;
