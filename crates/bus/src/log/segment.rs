//! The files of the log.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::format::{SEGMENT_HEADER, SegmentHeader};

/// Zeros are written this far ahead of the end, so that most syncs find the file's size and blocks settled
/// and write data only. That more than halves what a sync costs on a journalling file system.
const AHEAD_BYTES: u64 = 1 << 20;

static ZEROS: [u8; 64 << 10] = [0; 64 << 10];

/// The segment that is being written.
#[derive(Debug)]
pub(crate) struct SegmentFile {
    pub(crate) id: u32,
    file: File,
    /// Where the next group goes.
    end: u64,
    /// Up to here the file exists.
    settled: u64,
    /// Up to here it may be written ahead.
    limit: u64,
}

impl SegmentFile {
    /// Makes a segment, durable together with its name.
    pub(crate) fn create(dir: &Path, header: SegmentHeader, limit: u64) -> io::Result<Self> {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(path(dir, header.id))?;
        file.write_all(&header.encode())?;
        file.sync_all()?;
        sync_dir(dir)?;
        Ok(Self {
            id: header.id,
            file,
            end: SEGMENT_HEADER as u64,
            settled: SEGMENT_HEADER as u64,
            limit,
        })
    }

    /// Goes on writing a segment whose groups end at `end`. What stands behind that is cut off.
    pub(crate) fn reopen(dir: &Path, id: u32, end: u64, limit: u64) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).open(path(dir, id))?;
        if file.metadata()?.len() != end {
            file.set_len(end)?;
            file.sync_all()?;
        }
        Ok(Self {
            id,
            file,
            end,
            settled: end,
            limit,
        })
    }

    /// Writes a group and makes it durable.
    pub(crate) fn write(&mut self, group: &[u8]) -> io::Result<()> {
        let end = self.end + group.len() as u64;
        if end > self.settled {
            self.settle(end)?;
        }
        self.file.seek(SeekFrom::Start(self.end))?;
        self.file.write_all(group)?;
        self.file.sync_data()?;
        self.end = end;
        Ok(())
    }

    /// Writes zeros behind `end`, where the group will end.
    fn settle(&mut self, end: u64) -> io::Result<()> {
        let settled = (end + AHEAD_BYTES).min(self.limit).max(end);
        self.file.seek(SeekFrom::Start(end))?;
        let mut left = settled - end;
        while left > 0 {
            let part = left.min(ZEROS.len() as u64);
            self.file.write_all(&ZEROS[..part as usize])?;
            left -= part;
        }
        self.settled = settled;
        Ok(())
    }
}

/// The path of a segment.
pub(crate) fn path(dir: &Path, id: u32) -> PathBuf {
    dir.join(format!("{id:010}.log"))
}

/// The ids of all segments there are, in order.
pub(crate) fn list(dir: &Path) -> io::Result<Vec<u32>> {
    let mut ids = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let name = entry?.file_name();
        let id: Option<u32> = name
            .to_str()
            .and_then(|name| name.strip_suffix(".log"))
            .filter(|digits| digits.len() == 10)
            .and_then(|digits| digits.parse().ok());
        ids.extend(id);
    }
    ids.sort_unstable();
    Ok(ids)
}

/// Takes a segment away, for good. It may be gone already.
pub(crate) fn remove(dir: &Path, id: u32) -> io::Result<()> {
    match std::fs::remove_file(path(dir, id)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    sync_dir(dir)
}

/// Makes the names in a folder durable.
pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(dir)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = dir;
    Ok(())
}
