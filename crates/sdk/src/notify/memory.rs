//! What was handled, so that it is not handled twice.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use crate::error::Result;
use crate::sync::lock;
use crate::tokens::{StoreError, private};

/// Names a notification: the SHA-256 of its text.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Of a text.
    pub fn of(text: &[u8]) -> Self {
        let mut print = [0; 32];
        print.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, text).as_ref());
        Self(print)
    }

    fn hex(self) -> String {
        use fmt::Write as _;
        let mut text = String::with_capacity(64);
        for byte in self.0 {
            // Writing into a text cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }

    fn from_hex(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() != 64 {
            return None;
        }
        let mut print = [0; 32];
        for (byte, pair) in print.iter_mut().zip(bytes.chunks_exact(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(print))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hex()[..16])
    }
}

/// Remembers what was handled.
#[async_trait]
pub trait Memory: fmt::Debug + Send + Sync + 'static {
    /// Whether it was handled.
    ///
    /// # Errors
    /// That is not known.
    async fn knows(&self, print: Fingerprint) -> Result<bool>;

    /// It was handled. The notification is acknowledged after this has returned.
    ///
    /// # Errors
    /// It may be forgotten.
    async fn keep(&self, print: Fingerprint) -> Result<()>;

    /// These were fetched and are not handled yet. The service drops a batch when the next poll comes, whoever sends
    /// it: what a process that dies had not handled is only here. An empty batch: all of it is handled.
    ///
    /// # Errors
    /// It may be lost if the process dies.
    async fn fetched(&self, batch: &[String]) -> Result<()> {
        let _ = batch;
        Ok(())
    }

    /// What was fetched last and may not be handled yet.
    ///
    /// # Errors
    /// That is not known.
    async fn left(&self) -> Result<Vec<String>> {
        Ok(Vec::new())
    }
}

/// Remembers the last ones, as long as the process runs.
#[derive(Debug)]
pub struct Recent {
    ring: Mutex<Ring>,
    batch: Mutex<Vec<String>>,
}

#[derive(Debug)]
struct Ring {
    order: VecDeque<Fingerprint>,
    set: HashSet<Fingerprint>,
    most: usize,
}

impl Ring {
    fn new(most: usize) -> Self {
        Self {
            order: VecDeque::new(),
            set: HashSet::new(),
            most: most.max(1),
        }
    }

    /// `false`: it was there.
    fn add(&mut self, print: Fingerprint) -> bool {
        if !self.set.insert(print) {
            return false;
        }
        self.order.push_back(print);
        if self.order.len() > self.most
            && let Some(oldest) = self.order.pop_front()
        {
            self.set.remove(&oldest);
        }
        true
    }
}

impl Recent {
    /// Remembers this many. The service sends a batch again at most, of a hundred; webhooks some more.
    pub fn new(most: usize) -> Self {
        Self {
            ring: Mutex::new(Ring::new(most)),
            batch: Mutex::default(),
        }
    }
}

impl Default for Recent {
    fn default() -> Self {
        Self::new(10_000)
    }
}

#[async_trait]
impl Memory for Recent {
    async fn knows(&self, print: Fingerprint) -> Result<bool> {
        Ok(lock(&self.ring).set.contains(&print))
    }

    async fn keep(&self, print: Fingerprint) -> Result<()> {
        lock(&self.ring).add(print);
        Ok(())
    }

    async fn fetched(&self, batch: &[String]) -> Result<()> {
        batch.clone_into(&mut lock(&self.batch));
        Ok(())
    }

    async fn left(&self) -> Result<Vec<String>> {
        Ok(lock(&self.batch).clone())
    }
}

/// Remembers the last ones in a file, so that what was handled before a crash is not handled again after it.
///
/// Each is a line of its own and on the disk before the notification is acknowledged. When the file has grown to
/// twice what is remembered, it is written anew beside and put in the place of the old one. The batch that is being
/// handled is in a file of its own beside it, which ends in `.batch`.
#[derive(Clone, Debug)]
pub struct RecentFile(Arc<Mutex<Journal>>);

#[derive(Debug)]
struct Journal {
    path: PathBuf,
    file: File,
    lines: usize,
    ring: Ring,
}

impl RecentFile {
    /// Opens the file, or makes it; reads what it holds. A line that a crash cut off is passed over.
    ///
    /// # Errors
    /// [`Error::Store`](crate::Error::Store): the file cannot be read or written.
    pub fn open(path: impl Into<PathBuf>, most: usize) -> Result<Self> {
        let path = path.into();
        let failed = |error| StoreError::new(format!("opening {}", path.display()), error);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(failed(error).into()),
        };
        let mut ring = Ring::new(most);
        for print in text.lines().filter_map(Fingerprint::from_hex) {
            ring.add(print);
        }
        let (file, lines) = write_anew(&path, &ring).map_err(failed)?;
        Ok(Self(Arc::new(Mutex::new(Journal {
            path,
            file,
            lines,
            ring,
        }))))
    }
}

impl RecentFile {
    fn batch_path(&self) -> PathBuf {
        lock(&self.0).path.with_extension("batch")
    }
}

/// Writes what is remembered beside the file and puts it in its place.
fn write_anew(path: &Path, ring: &Ring) -> io::Result<(File, usize)> {
    let beside = path.with_extension("part");
    let text: String = ring
        .order
        .iter()
        .map(|print| format!("{}\n", print.hex()))
        .collect();
    let mut file = create_private(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    let file = OpenOptions::new().append(true).open(path)?;
    Ok((file, ring.order.len()))
}

impl Journal {
    fn keep(&mut self, print: Fingerprint) -> io::Result<()> {
        if !self.ring.add(print) {
            return Ok(());
        }
        if self.lines >= self.ring.most.saturating_mul(2) {
            (self.file, self.lines) = write_anew(&self.path, &self.ring)?;
            return Ok(());
        }
        self.file.write_all(format!("{}\n", print.hex()).as_bytes())?;
        self.file.sync_data()?;
        self.lines += 1;
        Ok(())
    }
}

#[async_trait]
impl Memory for RecentFile {
    async fn knows(&self, print: Fingerprint) -> Result<bool> {
        Ok(lock(&self.0).ring.set.contains(&print))
    }

    async fn keep(&self, print: Fingerprint) -> Result<()> {
        let journal = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || lock(&journal).keep(print)).await;
        let failed = |error| StoreError::new("remembering a notification", error);
        done.map_err(|error| failed(io::Error::other(error)))?
            .map_err(failed)?;
        Ok(())
    }

    async fn fetched(&self, batch: &[String]) -> Result<()> {
        let path = self.batch_path();
        let text = batch_text(batch);
        let done = tokio::task::spawn_blocking(move || replace_batch(&path, &text)).await;
        let failed = |error| StoreError::new("keeping what was fetched", error);
        done.map_err(|error| failed(io::Error::other(error)))?
            .map_err(failed)?;
        Ok(())
    }

    async fn left(&self) -> Result<Vec<String>> {
        let path = self.batch_path();
        let read = tokio::task::spawn_blocking(move || match fs::read_to_string(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
            read => read,
        });
        let failed = |error| StoreError::new("reading what was fetched", error);
        let text = read
            .await
            .map_err(|error| failed(io::Error::other(error)))?
            .map_err(failed)?;
        let lines = text.lines().map(serde_json::from_str);
        lines
            .collect::<Result<_, _>>()
            .map_err(|error| failed(io::Error::other(error)).into())
    }
}

/// A line for each, as a JSON text: no message can break a line.
fn batch_text(batch: &[String]) -> String {
    batch
        .iter()
        .map(|message| format!("{}\n", serde_json::Value::from(message.as_str())))
        .collect()
}

/// On the disk whole or not at all; an empty one is only cleared away, because all of it is remembered as handled.
fn replace_batch(path: &Path, text: &str) -> io::Result<()> {
    if text.is_empty() {
        return match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
    }
    let beside = path.with_extension("batch-part");
    let mut file = create_private(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_data()?;
    fs::rename(&beside, path)?;
    match path
        .parent()
        .filter(|folder| cfg!(unix) && !folder.as_os_str().is_empty())
    {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// A new file that nobody else can read: notifications may hold tokens, and what people typed.
fn create_private(path: &Path) -> io::Result<File> {
    // The mode counts only for a file that is made.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    private(OpenOptions::new().write(true).create_new(true)).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_oldest_is_forgotten_first() {
        let recent = Recent::new(2);
        let print = |n: u8| Fingerprint::of(&[n]);
        for n in [1, 2, 2, 3] {
            recent.keep(print(n)).await.unwrap();
        }
        assert!(!recent.knows(print(1)).await.unwrap());
        assert!(recent.knows(print(2)).await.unwrap() && recent.knows(print(3)).await.unwrap());
    }

    #[tokio::test]
    async fn a_file_remembers_across_restarts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("handled");
        let print = |n: u8| Fingerprint::of(&[n]);
        {
            let memory = RecentFile::open(&path, 3).unwrap();
            for n in 0..10 {
                memory.keep(print(n)).await.unwrap();
            }
        }
        // A crash in the middle of a line.
        OpenOptions::new()
            .append(true)
            .open(&path)
            .unwrap()
            .write_all(b"00ff")
            .unwrap();
        let memory = RecentFile::open(&path, 3).unwrap();
        let mut known = Vec::new();
        for n in 0..10 {
            known.push(memory.knows(print(n)).await.unwrap());
        }
        assert_eq!(known.iter().filter(|known| **known).count(), 3);
        assert!(known[7] && known[8] && known[9]);
        memory.keep(print(11)).await.unwrap();
        assert!(memory.left().await.unwrap().is_empty());
        let batch = ["{\"a\": \"line\\nbreak\"}".to_owned(), "{}".to_owned()];
        memory.fetched(&batch).await.unwrap();
        drop(memory);
        let memory = RecentFile::open(&path, 3).unwrap();
        assert_eq!(memory.left().await.unwrap(), batch);
        memory.fetched(&[]).await.unwrap();
        assert!(memory.left().await.unwrap().is_empty());
        assert!(fs::read_to_string(&path).unwrap().lines().count() <= 7);
    }
}
