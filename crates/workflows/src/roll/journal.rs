//! What has been done of a file, on the disk before it counts.
//!
//! A line for each row: a checksum, a blank, JSON. Lines are only added. Whatever is cut off at the end, what
//! remains says only what was done; a torn last line is dropped. Lines of several rows are written and brought to
//! the disk together, while others work on.

use std::collections::{HashMap, HashSet};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};

use super::run::RowReport;

/// Which file, for whom: a journal is good for nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Header {
    /// The version of the form.
    pub version: u32,
    /// The digest of the file.
    pub digest: String,
    /// The address of the service.
    pub service: String,
    /// The organization.
    pub organization: String,
}

impl Header {
    /// Of this file, for this organization of this service.
    pub fn new(
        digest: impl Into<String>,
        service: impl Into<String>,
        organization: impl Into<String>,
    ) -> Self {
        Self {
            version: 1,
            digest: digest.into(),
            service: service.into(),
            organization: organization.into(),
        }
    }
}

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The file cannot be read or written.
    #[error("the journal {path}: {source}")]
    Io {
        /// Where it is.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Another run has it.
    #[error("another run is writing to the journal {0}")]
    Busy(PathBuf),
    /// The file begins with something else.
    #[error("{0} is no journal of a workflow")]
    Foreign(PathBuf),
    /// It is of another organization or service.
    #[error("the journal {path} is of the organization {has} at {service}")]
    Elsewhere {
        /// Where it is.
        path: PathBuf,
        /// Which organization.
        has: String,
        /// Of which service.
        service: String,
    },
    /// It is of another state of the file.
    #[error("the file has changed since the run that wrote the journal {0}")]
    Changed(PathBuf),
}

/// What a journal holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Kept {
    /// The header, if the journal has got that far.
    pub header: Option<Header>,
    /// What came of rows, by their key; the last time counts.
    pub rows: HashMap<String, RowReport>,
    /// Rows that were begun, by their key.
    pub begun: HashSet<String>,
    /// How many bytes of it are good. What comes behind is torn.
    pub good: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Line {
    Header(Header),
    Begun(String),
    Row(Box<RowReport>),
}

impl Kept {
    /// Reads what there is, up to the first line that is not whole.
    pub fn read(bytes: &[u8]) -> Self {
        let mut kept = Self::default();
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let Some(line) = parse(&rest[..end]) else { break };
            match (line, &kept.header) {
                (Line::Header(header), _) => kept.header = Some(header),
                // Rows without a header belong to nobody.
                (Line::Row(_) | Line::Begun(_), None) => break,
                (Line::Begun(key), Some(_)) => {
                    kept.begun.insert(key);
                }
                (Line::Row(row), Some(_)) => {
                    kept.rows.insert(row.key.clone(), *row);
                }
            }
            kept.good += end as u64 + 1;
            rest = &rest[end + 1..];
        }
        kept
    }
}

fn parse(line: &[u8]) -> Option<Line> {
    let (sum, json) = line.split_at_checked(9)?;
    let sum = std::str::from_utf8(sum).ok()?.strip_suffix(' ')?;
    let sum = u32::from_str_radix(sum, 16).ok()?;
    (sum == crc32fast::hash(json)).then(|| serde_json::from_slice(json).ok())?
}

fn written(line: &Line) -> io::Result<Vec<u8>> {
    let json = serde_json::to_vec(line)?;
    let mut bytes = format!("{:08x} ", crc32fast::hash(&json)).into_bytes();
    bytes.extend_from_slice(&json);
    bytes.push(b'\n');
    Ok(bytes)
}

type Waiting = (Vec<u8>, Option<oneshot::Sender<Result<(), String>>>);

/// A journal that is being written.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    lines: mpsc::UnboundedSender<Waiting>,
    kept: Kept,
}

impl Journal {
    /// Opens the journal at a path, or begins it. It is locked until it is dropped or the process ends.
    ///
    /// `accept_changes`: also if the file has changed; rows that say the same as before are not done again.
    ///
    /// # Errors
    /// See [`JournalError`].
    pub async fn open(path: &Path, header: Header, accept_changes: bool) -> Result<Self, JournalError> {
        let at = path.to_owned();
        let failed = |source: io::Error| JournalError::Io {
            path: path.to_owned(),
            source,
        };
        let opened = tokio::task::spawn_blocking(move || open(&at, &header, accept_changes)).await;
        let (file, kept) = opened.map_err(|error| failed(io::Error::other(error)))??;
        let (lines, queue) = mpsc::unbounded_channel();
        std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || write_all(file, queue))
            .map_err(failed)?;
        Ok(Self {
            path: path.to_owned(),
            lines,
            kept,
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What came of rows before.
    pub fn rows(&self) -> &HashMap<String, RowReport> {
        &self.kept.rows
    }

    /// Whether no run has begun with any row.
    pub fn is_empty(&self) -> bool {
        self.kept.begun.is_empty() && self.kept.rows.is_empty()
    }

    /// Whether an earlier run began with a row, however that ended: what it wants may be so already.
    pub fn knows(&self, key: &str) -> bool {
        self.kept.begun.contains(key) || self.kept.rows.contains_key(key)
    }

    /// Notes that a row begins. It is written before anything that is kept later; nobody waits for the disk.
    pub(crate) fn begin(&self, key: &str) {
        if let Ok(bytes) = written(&Line::Begun(key.to_owned())) {
            // If the writer is gone, keeping what came of the row says so.
            let _ = self.lines.send((bytes, None));
        }
    }

    /// Keeps what came of a row. It is on the disk when this returns.
    ///
    /// # Errors
    /// It may not be.
    pub async fn keep(&self, row: &RowReport) -> Result<(), JournalError> {
        let failed = |source: io::Error| JournalError::Io {
            path: self.path.clone(),
            source,
        };
        let bytes = written(&Line::Row(Box::new(row.clone()))).map_err(failed)?;
        let (done, wait) = oneshot::channel();
        let gone = || failed(io::Error::other("it cannot be written any more"));
        self.lines.send((bytes, Some(done))).map_err(|_| gone())?;
        let said = wait.await.map_err(|_| gone())?;
        said.map_err(|text| failed(io::Error::other(text)))
    }
}

fn open(path: &Path, header: &Header, accept_changes: bool) -> Result<(File, Kept), JournalError> {
    let failed = |source: io::Error| JournalError::Io {
        path: path.to_owned(),
        source,
    };
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    // Names and addresses stand in it.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(JournalError::Busy(path.to_owned())),
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(failed)?;
    let kept = Kept::read(&bytes);
    // A header that is torn is the beginning of one.
    if kept.header.is_none() && bytes.contains(&b'\n') {
        return Err(JournalError::Foreign(path.to_owned()));
    }
    if let Some(has) = &kept.header {
        if has.version != header.version {
            return Err(JournalError::Foreign(path.to_owned()));
        }
        if (&has.organization, &has.service) != (&header.organization, &header.service) {
            return Err(JournalError::Elsewhere {
                path: path.to_owned(),
                has: has.organization.clone(),
                service: has.service.clone(),
            });
        }
        if has.digest != header.digest && !accept_changes {
            return Err(JournalError::Changed(path.to_owned()));
        }
    }
    file.set_len(kept.good).map_err(failed)?;
    file.seek(SeekFrom::Start(kept.good)).map_err(failed)?;
    if kept.header.as_ref() != Some(header) {
        let line = written(&Line::Header(header.clone())).map_err(failed)?;
        file.write_all(&line).map_err(failed)?;
    }
    file.sync_all().map_err(failed)?;
    sync_folder(path).map_err(failed)?;
    Ok((file, kept))
}

/// Brings the name of a new file to the disk, where the system can.
fn sync_folder(path: &Path) -> io::Result<()> {
    if !cfg!(unix) {
        return Ok(());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// Writes lines as they come: all that wait at one moment together.
fn write_all(mut file: File, mut queue: mpsc::UnboundedReceiver<Waiting>) {
    while let Some(first) = queue.blocking_recv() {
        let mut batch = vec![first];
        while let Ok(next) = queue.try_recv() {
            batch.push(next);
        }
        let bytes: Vec<u8> = batch.iter().flat_map(|(bytes, _)| bytes).copied().collect();
        let waits = batch.iter().any(|(_, waits)| waits.is_some());
        let done = file.write_all(&bytes);
        let done = if waits {
            done.and_then(|()| file.sync_data())
        } else {
            done
        };
        let broken = done.is_err();
        for waits in batch.into_iter().filter_map(|(_, waits)| waits) {
            let said = done.as_ref().copied().map_err(ToString::to_string);
            // Who does not wait any more does not want to know.
            let _ = waits.send(said);
        }
        if broken {
            // What stands behind a torn line would be lost when it is read.
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sheet::Action;
    use super::*;
    use crate::report::Outcome;
    use proptest::prelude::*;

    fn header() -> Header {
        Header::new("d", "http://x", "o")
    }

    fn row(number: usize, outcome: Outcome) -> RowReport {
        RowReport {
            row: number,
            key: format!("k{number}"),
            action: Action::Join,
            email: format!("p{number}@example.com"),
            outcome,
            done: vec!["create the user\n\u{1f}".to_owned()],
            error: None,
            next: None,
            tracking_id: None,
            earlier: false,
        }
    }

    fn bytes(rows: &[RowReport]) -> Vec<u8> {
        let mut bytes = written(&Line::Header(header())).unwrap();
        for row in rows {
            bytes.extend(written(&Line::Row(Box::new(row.clone()))).unwrap());
        }
        bytes
    }

    proptest! {
        /// Whatever is cut off, only rows that stand in front of the cut count, each with its own outcome.
        #[test]
        fn a_cut_never_counts_what_was_not_done(
            outcomes in prop::collection::vec(prop::bool::ANY, 1..20),
            cut in 0.0..=1.0_f64,
            junk in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            let rows: Vec<RowReport> = outcomes
                .iter()
                .enumerate()
                .map(|(at, good)| row(at % 7, if *good { Outcome::Created } else { Outcome::Failed }))
                .collect();
            let all = bytes(&rows);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss,
                     reason = "a place in a few kilobytes")]
            let cut = (all.len() as f64 * cut) as usize;
            let whole = bytes(&[]).len();
            let mut expected: HashMap<String, RowReport> = HashMap::new();
            let mut at = whole;
            for row in &rows {
                at += written(&Line::Row(Box::new(row.clone()))).unwrap().len();
                if at > cut {
                    break;
                }
                expected.insert(row.key.clone(), row.clone());
            }
            let kept = Kept::read(&all[..cut]);
            prop_assert_eq!(&kept.rows, &expected);
            prop_assert_eq!(kept.header.is_some(), cut >= whole);
            // What a disk puts behind the cut does not count either.
            let mut torn = all[..cut].to_vec();
            torn.extend(&junk);
            prop_assert_eq!(&Kept::read(&torn).rows, &expected);
        }

        #[test]
        fn a_flipped_bit_ends_what_is_read(at in 0_usize..2000, bit in 0_u8..8) {
            let rows = [row(1, Outcome::Created), row(2, Outcome::Failed), row(3, Outcome::Deleted)];
            let mut all = bytes(&rows);
            let at = at % all.len();
            all[at] ^= 1 << bit;
            for (key, has) in Kept::read(&all).rows {
                let was = rows.iter().find(|row| row.key == key).unwrap();
                prop_assert_eq!(was, &has);
            }
        }
    }

    #[tokio::test]
    async fn what_is_kept_is_there_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("people.csv.journal");
        let journal = Journal::open(&path, header(), false).await.unwrap();
        let (one, two) = (row(1, Outcome::Created), row(2, Outcome::Failed));
        let (first, second) = tokio::join!(journal.keep(&one), journal.keep(&two));
        first.unwrap();
        second.unwrap();
        let busy = Journal::open(&path, header(), false).await.unwrap_err();
        assert!(matches!(busy, JournalError::Busy(_)), "{busy}");
        drop(journal);
        // A crash in the middle of a line.
        let mut torn = std::fs::read(&path).unwrap();
        torn.extend(b"0123abcd {\"row\":{\"ro");
        std::fs::write(&path, &torn).unwrap();

        let journal = open_soon(&path, header(), false).await.unwrap();
        assert_eq!(journal.rows().len(), 2);
        assert_eq!(journal.rows()["k1"], one);
        journal.begin("k3");
        journal.keep(&row(2, Outcome::Changed)).await.unwrap();
        drop(journal);
        let kept = Kept::read(&std::fs::read(&path).unwrap());
        assert_eq!(kept.rows["k2"].outcome, Outcome::Changed);
        assert!(kept.begun.contains("k3") && !kept.rows.contains_key("k3"));

        let other = Header::new("other", "http://x", "o");
        let changed = open_soon(&path, other.clone(), false).await.unwrap_err();
        assert!(matches!(changed, JournalError::Changed(_)), "{changed}");
        let journal = open_soon(&path, other, true).await.unwrap();
        assert_eq!(journal.rows().len(), 2);
        drop(journal);
        let elsewhere = open_soon(&path, Header::new("other", "http://x", "p"), true)
            .await
            .unwrap_err();
        assert!(matches!(elsewhere, JournalError::Elsewhere { .. }), "{elsewhere}");
        std::fs::write(&path, "action,email\n").unwrap();
        let foreign = open_soon(&path, header(), true).await.unwrap_err();
        assert!(matches!(foreign, JournalError::Foreign(_)), "{foreign}");
    }

    /// The thread that wrote lets go of the lock a moment after its journal is dropped.
    async fn open_soon(path: &Path, header: Header, accept: bool) -> Result<Journal, JournalError> {
        loop {
            match Journal::open(path, header.clone(), accept).await {
                Err(JournalError::Busy(_)) => tokio::task::yield_now().await,
                other => return other,
            }
        }
    }
}
