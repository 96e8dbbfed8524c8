//! The thread that writes: it takes everything that is waiting, writes and syncs it once, and wakes those
//! whose appends were in it.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::format::{GroupHeader, SegmentHeader};
use super::segment::{self, SegmentFile};
use super::{Chunk, Shared};
use crate::lock;

/// Buffers above this size are not kept for reuse.
const KEEP_BYTES: usize = 4 << 20;

pub(crate) struct Writer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) dir: PathBuf,
    pub(crate) file: SegmentFile,
    pub(crate) next_group: u64,
    pub(crate) segment_bytes: u64,
}

impl Writer {
    /// Runs until the log is closed and everything is written, or until a write fails.
    pub(crate) fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        let _failure = FailOnPanic(&shared);
        while let Some((turn, mut chunks, mut batches)) = shared.next_turn() {
            for chunk in &mut chunks {
                if let Err(error) = self.write(chunk) {
                    let file = segment::path(&self.dir, chunk.segment.id);
                    tracing::error!(%error, file = %file.display(), "the queue's log cannot be written");
                    shared.fail(turn, format!("{}: {error}", file.display()));
                    return;
                }
            }
            if !batches.is_empty() {
                shared.unpublished.fetch_add(batches.len(), Ordering::AcqRel);
                lock(&shared.settled).append(&mut batches);
            }
            shared.finish(turn);
            shared.recycle(chunks.into_iter().map(|chunk| chunk.bytes), KEEP_BYTES);
        }
    }

    fn write(&mut self, chunk: &mut Chunk) -> io::Result<()> {
        if chunk.segment.id != self.file.id {
            let header = SegmentHeader {
                id: chunk.segment.id,
                base_seq: chunk.segment.base_seq,
            };
            self.file = SegmentFile::create(&self.dir, header, self.segment_bytes)?;
            self.shared.writing.store(header.id, Ordering::Release);
        }
        GroupHeader::seal(&mut chunk.bytes, chunk.segment.id, self.next_group);
        self.file.write(&chunk.bytes)?;
        self.next_group += 1;
        Ok(())
    }
}

/// Nobody may wait for a thread that is gone.
struct FailOnPanic<'a>(&'a Shared);

impl Drop for FailOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.fail_all("the writer stopped unexpectedly".to_owned());
        }
    }
}
