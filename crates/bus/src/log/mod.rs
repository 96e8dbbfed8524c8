//! The append-only log: what must survive the process, in segments on disk.
//!
//! Whoever appends encodes into a shared buffer and waits for the *turn* that it fell into; a thread of its
//! own writes turn after turn ([`writer`]). While one turn is written the next one fills up, so there are at
//! most two that anyone waits for, and two wait lists are enough.
//!
//! Segments are deleted from the oldest end only. So what a segment says about entries (that they are gone,
//! or purged) always outlives the entries themselves.

pub(crate) mod format;
pub(crate) mod replay;
pub(crate) mod segment;
mod writer;

use std::collections::VecDeque;
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use hallway_platform::ports::{NewNotification, QueueError};
use hallway_wire::id::ActivationId;
use tokio::sync::Notify;

use crate::lane::{Gone, size_on_disk};
use crate::lock;
use format::{EntryOut, GROUP_HEADER, SEGMENT_HEADER, SegmentHeader};
use replay::Replay;
use segment::SegmentFile;

/// Whoever would append more than this ahead of the disk waits first.
const MAX_WAITING_BYTES: usize = 64 << 20;
/// The most that one append may take up: lengths in the log have 32 bits.
const MAX_BATCH_BYTES: u64 = 1 << 30;
/// Acknowledgements wait for the next append, but not more of them than this.
const LAZY_BYTES: usize = 256 << 10;

/// How the log is laid out.
#[derive(Clone, Copy, Debug)]
pub struct LogOptions {
    /// A segment that would grow beyond this is followed by a new one.
    pub segment_bytes: u64,
}

impl Default for LogOptions {
    fn default() -> Self {
        Self {
            segment_bytes: 16 << 20,
        }
    }
}

/// Why a queue could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("{doing} {} failed", path.display())]
    Io {
        doing: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{} is in use by another process", .0.display())]
    Locked(PathBuf),
    #[error("{} is damaged at offset {offset}: {what}", file.display())]
    Corrupt {
        file: PathBuf,
        offset: u64,
        what: &'static str,
    },
    #[error("{} has format version {version}, which this program does not know", file.display())]
    Version { file: PathBuf, version: u32 },
}

impl OpenError {
    pub(crate) fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io {
            doing,
            path: path.to_owned(),
            source,
        }
    }
}

/// A batch on its way from the log to the lanes.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) first_seq: u64,
    pub(crate) segment: u32,
    pub(crate) items: Vec<NewNotification>,
}

/// A segment that may still be needed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment {
    pub(crate) id: u32,
    pub(crate) base_seq: u64,
    pub(crate) bytes: u64,
    /// Entries whose newest copy is in it.
    pub(crate) live: u64,
    pub(crate) live_bytes: u64,
}

/// What one turn writes to one segment; begins with room for the group's header.
#[derive(Debug)]
pub(crate) struct Chunk {
    segment: Segment,
    bytes: Vec<u8>,
}

/// Where appends meet.
#[derive(Debug)]
struct Tail {
    /// The turn that is filling up.
    turn: u64,
    chunks: Vec<Chunk>,
    batches: VecDeque<Batch>,
    waiting_bytes: usize,
    next_seq: u64,
    /// Oldest first, ids without gaps; the last is the one that is written to.
    segments: VecDeque<Segment>,
    spare: Vec<Vec<u8>>,
    /// Somebody waits for this turn.
    kick: bool,
    writer_waits: bool,
    closed: bool,
}

/// What appenders and the writer share.
#[derive(Debug)]
pub(crate) struct Shared {
    tail: Mutex<Tail>,
    more: Condvar,
    /// Turns before this one are durable.
    durable: AtomicU64,
    done: [Notify; 2],
    failed: OnceLock<String>,
    /// Durable batches that are not yet in the lanes.
    settled: Mutex<VecDeque<Batch>>,
    /// How many there are of them, counting those that are just being moved.
    unpublished: AtomicUsize,
    /// The segment that the writer writes to; earlier ones do not change any more.
    writing: AtomicU32,
}

/// The log of one folder.
#[derive(Debug)]
pub(crate) struct Log {
    shared: Arc<Shared>,
    dir: Arc<Path>,
    segment_bytes: u64,
    writer: Mutex<Option<JoinHandle<()>>>,
    lock_file: Mutex<Option<File>>,
}

/// How long a lock that somebody has may still be about to be given up: by a process that is ending, or by a
/// child that this process just started and that shares its files for the moment until it runs its program.
const LOCK_PATIENCE: Duration = Duration::from_millis(500);
const LOCK_PAUSE: Duration = Duration::from_millis(10);

fn take_lock(file: &File, dir: &Path, path: &Path) -> Result<(), OpenError> {
    let started = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if started.elapsed() < LOCK_PATIENCE => {
                std::thread::sleep(LOCK_PAUSE);
            }
            Err(TryLockError::WouldBlock) => return Err(OpenError::Locked(dir.to_owned())),
            Err(TryLockError::Error(source)) => return Err(OpenError::io("locking", path, source)),
        }
    }
}

impl Log {
    /// Opens or makes the log of a folder.
    pub(crate) fn open(dir: &Path, options: LogOptions) -> Result<(Self, Replay), OpenError> {
        std::fs::create_dir_all(dir).map_err(|source| OpenError::io("making", dir, source))?;
        let lock_path = dir.join("lock");
        let lock_file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path)
            .map_err(|source| OpenError::io("opening", &lock_path, source))?;
        take_lock(&lock_file, dir, &lock_path)?;
        let replay = replay::replay(dir)?;
        let mut segments: VecDeque<Segment> = replay
            .segments
            .iter()
            .map(|found| Segment {
                id: found.id,
                base_seq: 0,
                bytes: found.end,
                live: 0,
                live_bytes: 0,
            })
            .collect();
        let oldest = segments.front().map_or(0, |segment| segment.id);
        for kept in replay.kept.values().flat_map(|entries| entries.values()) {
            let segment = &mut segments[(kept.segment - oldest) as usize];
            segment.live += 1;
            segment.live_bytes += size_on_disk(kept.body.len());
        }
        let opened = match segments.back() {
            Some(last) => SegmentFile::reopen(dir, last.id, last.bytes, options.segment_bytes),
            None => {
                let first = Segment {
                    id: 1,
                    base_seq: replay.next_seq,
                    bytes: SEGMENT_HEADER as u64,
                    live: 0,
                    live_bytes: 0,
                };
                segments.push_back(first);
                let header = SegmentHeader {
                    id: first.id,
                    base_seq: first.base_seq,
                };
                SegmentFile::create(dir, header, options.segment_bytes)
            }
        };
        let file = opened.map_err(|source| OpenError::io("opening a segment in", dir, source))?;
        let shared = Arc::new(Shared {
            tail: Mutex::new(Tail {
                turn: 0,
                chunks: Vec::new(),
                batches: VecDeque::new(),
                waiting_bytes: 0,
                next_seq: replay.next_seq,
                segments,
                spare: Vec::new(),
                kick: false,
                writer_waits: false,
                closed: false,
            }),
            more: Condvar::new(),
            durable: AtomicU64::new(0),
            done: [Notify::new(), Notify::new()],
            failed: OnceLock::new(),
            settled: Mutex::new(VecDeque::new()),
            unpublished: AtomicUsize::new(0),
            writing: AtomicU32::new(file.id),
        });
        let writer = writer::Writer {
            shared: Arc::clone(&shared),
            dir: dir.to_owned(),
            file,
            next_group: replay.next_group,
            segment_bytes: options.segment_bytes,
        };
        let thread = std::thread::Builder::new()
            .name("queue-log".to_owned())
            .spawn(move || writer.run())
            .map_err(|source| OpenError::io("starting the writer of", dir, source))?;
        let log = Self {
            shared,
            dir: dir.into(),
            segment_bytes: options.segment_bytes,
            writer: Mutex::new(Some(thread)),
            lock_file: Mutex::new(Some(lock_file)),
        };
        Ok((log, replay))
    }

    pub(crate) fn dir(&self) -> Arc<Path> {
        Arc::clone(&self.dir)
    }

    /// Appends a batch as one record, and returns when it is durable. If the caller goes away before that, the
    /// batch is written all the same.
    pub(crate) async fn append(&self, items: Vec<NewNotification>) -> Result<(), QueueError> {
        let size: u64 = items.iter().map(|item| size_on_disk(item.body.len())).sum();
        if size > MAX_BATCH_BYTES {
            return Err(QueueError::Io(format!("a batch of {size} bytes is too big")));
        }
        let mut items = Some(items);
        loop {
            let (turn, done) = {
                let mut tail = lock(&self.shared.tail);
                self.shared.check(&tail)?;
                if tail.waiting_bytes > MAX_WAITING_BYTES {
                    (tail.turn, false)
                } else if let Some(items) = items.take() {
                    self.push_batch(&mut tail, items, size);
                    self.shared.kick(tail)
                } else {
                    (tail.turn, true)
                }
            };
            self.wait(turn).await?;
            if done {
                return Ok(());
            }
        }
    }

    fn push_batch(&self, tail: &mut Tail, items: Vec<NewNotification>, size: u64) {
        tail.make_room(size, self.segment_bytes);
        let first_seq = tail.next_seq;
        tail.next_seq += items.len() as u64;
        let entries = (first_seq..)
            .zip(&items)
            .map(|(seq, item)| EntryOut::new(seq, item));
        tail.write(|out| format::write_entries(out, Counted(entries, items.len())));
        let segment = tail.current();
        segment.live += items.len() as u64;
        segment.live_bytes += size;
        let segment = segment.id;
        tail.batches.push_back(Batch {
            first_seq,
            segment,
            items,
        });
    }

    /// Notes that entries are gone. It is written with the next append, at the latest when the log is closed.
    pub(crate) fn forget(&self, activation: ActivationId, gone: &[Gone]) {
        if gone.is_empty() {
            return;
        }
        let mut tail = lock(&self.shared.tail);
        tail.subtract(gone);
        if self.shared.check(&tail).is_err() {
            return;
        }
        tail.write(|out| format::write_gone(out, activation, gone.iter().map(|gone| gone.seq)));
        if tail.waiting_bytes > LAZY_BYTES && !tail.kick {
            self.shared.kick(tail);
        }
    }

    /// Notes that an activation's entries are gone. Returns the number below which that is so, and the turn
    /// that makes it durable.
    pub(crate) fn purge(&self, activation: ActivationId, gone: &[Gone]) -> Result<(u64, u64), QueueError> {
        let mut tail = lock(&self.shared.tail);
        self.shared.check(&tail)?;
        tail.subtract(gone);
        tail.write(|out| format::write_purge(out, activation));
        let below = tail.next_seq;
        Ok((below, self.shared.kick(tail).0))
    }

    /// Writes entries of an old segment again. Returns the segment they are in now.
    pub(crate) fn copy(&self, gone: &[Gone], entries: &[EntryOut<'_>]) -> Result<u32, QueueError> {
        let size = gone.iter().map(|gone| gone.size).sum();
        let mut tail = lock(&self.shared.tail);
        self.shared.check(&tail)?;
        tail.subtract(gone);
        tail.make_room(size, self.segment_bytes);
        tail.write(|out| format::write_entries(out, entries.iter().copied()));
        let segment = tail.current();
        segment.live += gone.len() as u64;
        segment.live_bytes += size;
        Ok(segment.id)
    }

    /// Writes what is waiting, and returns when it is durable.
    pub(crate) async fn flush(&self) -> Result<(), QueueError> {
        let turn = {
            let tail = lock(&self.shared.tail);
            if !tail.chunks.is_empty() {
                self.shared.kick(tail).0
            } else if tail.turn > 0 {
                tail.turn - 1
            } else {
                return Ok(());
            }
        };
        self.wait(turn).await
    }

    /// Returns when a turn is durable.
    pub(crate) async fn wait(&self, turn: u64) -> Result<(), QueueError> {
        loop {
            let done = self.shared.done[(turn & 1) as usize].notified();
            if self.shared.durable.load(Ordering::Acquire) > turn {
                return Ok(());
            }
            if let Some(reason) = self.shared.failed.get() {
                return Err(QueueError::Io(reason.clone()));
            }
            done.await;
        }
    }

    /// Whether durable batches wait for their way into the lanes.
    pub(crate) fn has_settled(&self) -> bool {
        self.shared.unpublished.load(Ordering::Acquire) > 0
    }

    /// Takes the durable batches that are not yet in the lanes. To be confirmed with [`Self::published`].
    pub(crate) fn take_settled(&self) -> VecDeque<Batch> {
        std::mem::take(&mut *lock(&self.shared.settled))
    }

    /// So many batches that were taken are in the lanes now.
    pub(crate) fn published(&self, batches: usize) {
        self.shared.unpublished.fetch_sub(batches, Ordering::AcqRel);
    }

    /// The oldest segment, if it is no longer written to; with it the bytes of all segments, and those of the
    /// entries that are still there.
    pub(crate) fn oldest(&self) -> Option<(Segment, u64, u64)> {
        let tail = lock(&self.shared.tail);
        let oldest = *tail.segments.front()?;
        if oldest.id >= self.shared.writing.load(Ordering::Acquire) {
            return None;
        }
        let bytes = tail.segments.iter().map(|segment| segment.bytes).sum();
        let live = tail
            .segments
            .iter()
            .map(|segment| segment.live_bytes.min(segment.bytes))
            .sum();
        Some((oldest, bytes, live))
    }

    /// Forgets the oldest segment, whose file the caller removed.
    pub(crate) fn removed(&self, id: u32) {
        let mut tail = lock(&self.shared.tail);
        if tail.segments.front().is_some_and(|segment| segment.id == id) {
            tail.segments.pop_front();
        }
    }

    /// Refuses everything from now on, and lets the writer end when it has written what is waiting.
    pub(crate) fn shut(&self) {
        let mut tail = lock(&self.shared.tail);
        tail.closed = true;
        drop(tail);
        self.shared.more.notify_one();
    }

    /// Waits for the writer's end, and lets others open the folder.
    pub(crate) fn join(&self) {
        let writer = lock(&self.writer).take();
        if let Some(writer) = writer {
            // A panic was already reported to everybody who waited.
            let _ = writer.join();
        }
        drop(lock(&self.lock_file).take());
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.shut();
        self.join();
    }
}

impl Shared {
    fn check(&self, tail: &Tail) -> Result<(), QueueError> {
        if let Some(reason) = self.failed.get() {
            return Err(QueueError::Io(reason.clone()));
        }
        if tail.closed {
            Err(QueueError::Closed)
        } else {
            Ok(())
        }
    }

    /// Has the turn that is filling up written as soon as possible.
    fn kick(&self, mut tail: std::sync::MutexGuard<'_, Tail>) -> (u64, bool) {
        tail.kick = true;
        let turn = tail.turn;
        let waits = tail.writer_waits;
        drop(tail);
        if waits {
            self.more.notify_one();
        }
        (turn, true)
    }

    /// Waits for something to write. `None`: closed, and nothing is left.
    fn next_turn(&self) -> Option<(u64, Vec<Chunk>, VecDeque<Batch>)> {
        let mut tail = lock(&self.tail);
        loop {
            if !tail.chunks.is_empty() && (tail.kick || tail.closed) {
                break;
            }
            if tail.closed {
                return None;
            }
            tail.writer_waits = true;
            tail = self.more.wait(tail).unwrap_or_else(PoisonError::into_inner);
            tail.writer_waits = false;
        }
        let turn = tail.turn;
        tail.turn += 1;
        tail.kick = false;
        tail.waiting_bytes = 0;
        Some((
            turn,
            std::mem::take(&mut tail.chunks),
            std::mem::take(&mut tail.batches),
        ))
    }

    fn finish(&self, turn: u64) {
        self.durable.store(turn + 1, Ordering::Release);
        self.done[(turn & 1) as usize].notify_waiters();
    }

    fn fail(&self, turn: u64, reason: String) {
        tracing::debug!(turn, "turns from here on are lost");
        self.fail_all(reason);
    }

    fn fail_all(&self, reason: String) {
        // Under the lock, so that nobody appends to a log that has no writer.
        let mut tail = lock(&self.tail);
        let _ = self.failed.set(reason);
        tail.chunks.clear();
        tail.batches.clear();
        drop(tail);
        for done in &self.done {
            done.notify_waiters();
        }
    }

    fn recycle(&self, buffers: impl Iterator<Item = Vec<u8>>, keep: usize) {
        let mut tail = lock(&self.tail);
        for mut buffer in buffers {
            if buffer.capacity() <= keep && tail.spare.len() < 2 {
                buffer.clear();
                tail.spare.push(buffer);
            }
        }
    }
}

impl Tail {
    fn current(&mut self) -> &mut Segment {
        self.segments
            .back_mut()
            .expect("a log has a segment that is written to")
    }

    /// Begins a new segment if the current one has no room for so much more.
    fn make_room(&mut self, size: u64, segment_bytes: u64) {
        let base_seq = self.next_seq;
        let current = self.current();
        if current.bytes + size > segment_bytes && current.bytes > SEGMENT_HEADER as u64 {
            let id = current.id + 1;
            self.segments.push_back(Segment {
                id,
                base_seq,
                bytes: SEGMENT_HEADER as u64,
                live: 0,
                live_bytes: 0,
            });
        }
    }

    /// Writes a record to the current segment.
    fn write(&mut self, record: impl FnOnce(&mut Vec<u8>)) {
        let segment = *self.current();
        if self
            .chunks
            .last()
            .is_none_or(|chunk| chunk.segment.id != segment.id)
        {
            let mut bytes = self.spare.pop().unwrap_or_default();
            bytes.resize(GROUP_HEADER, 0);
            self.current().bytes += GROUP_HEADER as u64;
            self.chunks.push(Chunk { segment, bytes });
        }
        let Some(chunk) = self.chunks.last_mut() else {
            return;
        };
        let before = chunk.bytes.len();
        record(&mut chunk.bytes);
        let written = chunk.bytes.len() - before;
        self.waiting_bytes += written;
        self.current().bytes += written as u64;
    }

    fn subtract(&mut self, gone: &[Gone]) {
        let Some(oldest) = self.segments.front().map(|segment| segment.id) else {
            return;
        };
        for gone in gone {
            let index = gone.segment.wrapping_sub(oldest) as usize;
            if let Some(segment) = self.segments.get_mut(index) {
                segment.live = segment.live.saturating_sub(1);
                segment.live_bytes = segment.live_bytes.saturating_sub(gone.size);
            }
        }
    }
}

/// An iterator whose length is known from elsewhere.
struct Counted<I>(I, usize);

impl<I: Iterator> Iterator for Counted<I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        let item = self.0.next()?;
        self.1 -= 1;
        Some(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.1, Some(self.1))
    }
}

impl<I: Iterator> ExactSizeIterator for Counted<I> {}
