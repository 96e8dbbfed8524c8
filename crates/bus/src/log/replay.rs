//! Reading the log when the process starts.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use hallway_platform::ports::NotificationKind;
use hallway_wire::id::{ActivationId, DeviceId};
use hashbrown::HashMap;

use super::OpenError;
use super::format::{
    GROUP_HEADER, GroupHeader, HeaderFault, SEGMENT_HEADER, SegmentHeader, Told, read_records,
};
use super::segment;

/// An entry that is still there.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) device: Option<DeviceId>,
    pub(crate) kind: NotificationKind,
    pub(crate) at: i64,
    pub(crate) body: Bytes,
    pub(crate) segment: u32,
}

/// A segment as it was found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    pub(crate) id: u32,
    /// Where its groups end.
    pub(crate) end: u64,
}

/// What the log says.
#[derive(Debug, Default)]
pub(crate) struct Replay {
    pub(crate) segments: Vec<Found>,
    pub(crate) next_seq: u64,
    pub(crate) next_group: u64,
    pub(crate) kept: HashMap<ActivationId, BTreeMap<u64, Kept>>,
}

/// Reads all segments of a folder. Only what a crash tore at the end of the last one is passed over.
pub(crate) fn replay(dir: &Path) -> Result<Replay, OpenError> {
    let ids = segment::list(dir).map_err(|source| OpenError::io("listing", dir, source))?;
    let mut replay = Replay {
        next_seq: 1,
        ..Replay::default()
    };
    for (at, &id) in ids.iter().enumerate() {
        let last = at + 1 == ids.len();
        let path = segment::path(dir, id);
        if let Some(before) = replay.segments.last()
            && before.id + 1 != id
        {
            return Err(corrupt(
                segment::path(dir, before.id + 1),
                0,
                "the segment is missing",
            ));
        }
        let bytes = fs::read(&path).map_err(|source| OpenError::io("reading", &path, source))?;
        match read_segment(&path, id, &bytes, last, &mut replay)? {
            Some(end) => replay.segments.push(Found { id, end }),
            None => {
                tracing::warn!(file = %path.display(), "removing a segment that a crash left without a header");
                segment::remove(dir, id).map_err(|source| OpenError::io("removing", &path, source))?;
            }
        }
    }
    Ok(replay)
}

/// Reads one segment; returns where its groups end, or nothing where not even its header was written.
fn read_segment(
    path: &Path,
    id: u32,
    bytes: &[u8],
    last: bool,
    replay: &mut Replay,
) -> Result<Option<u64>, OpenError> {
    match SegmentHeader::decode(bytes) {
        Ok(header) if header.id == id => replay.next_seq = replay.next_seq.max(header.base_seq),
        Ok(_) => {
            return Err(corrupt(
                path.into(),
                0,
                "the segment's header has another segment's number",
            ));
        }
        Err(HeaderFault::Version(version)) => {
            return Err(OpenError::Version {
                file: path.into(),
                version,
            });
        }
        Err(HeaderFault::Damaged) if last && bytes.len() <= SEGMENT_HEADER => return Ok(None),
        Err(HeaderFault::Damaged) => return Err(corrupt(path.into(), 0, "the segment's header is damaged")),
    }
    let mut end = SEGMENT_HEADER;
    let first = replay.segments.is_empty();
    while let Some((header, payload)) = group_at(bytes, end, id) {
        let next = replay.next_group;
        if header.number != next && !(first && end == SEGMENT_HEADER) {
            return Err(corrupt(path.into(), end, "a group is missing before this one"));
        }
        let records = read_records(payload, |told| take_in(told, id, replay));
        if records.is_none() {
            return Err(corrupt(path.into(), end, "a group's records make no sense"));
        }
        replay.next_group = header.number + 1;
        end += GROUP_HEADER + payload.len();
    }
    let rest = bytes.get(end..).unwrap_or_default();
    if rest.iter().any(|byte| *byte != 0) {
        if !last || group_after(bytes, end, id) {
            return Err(corrupt(path.into(), end, "a group is damaged"));
        }
        tracing::warn!(
            file = %path.display(),
            offset = end,
            "cutting off the end of the log, which a crash tore"
        );
    }
    Ok(Some(end as u64))
}

/// The group that begins there, if it is whole.
fn group_at(bytes: &[u8], at: usize, segment: u32) -> Option<(GroupHeader, &[u8])> {
    let rest = bytes.get(at..)?;
    let header = GroupHeader::decode(rest, segment)?;
    let payload = rest.get(GROUP_HEADER..)?.get(..header.len as usize)?;
    (crc32fast::hash(payload) == header.crc).then_some((header, payload))
}

/// Whether a whole group begins anywhere behind that place.
fn group_after(bytes: &[u8], at: usize, segment: u32) -> bool {
    let mut from = at + 1;
    while let Some(at) = GroupHeader::find(bytes, from) {
        if group_at(bytes, at, segment).is_some() {
            return true;
        }
        from = at + 1;
    }
    false
}

fn take_in(told: Told<'_>, segment: u32, replay: &mut Replay) {
    match told {
        Told::Entry(entry) => {
            replay.next_seq = replay.next_seq.max(entry.seq.saturating_add(1));
            let of_activation = replay.kept.entry(entry.activation).or_default();
            // A copy of an entry that is still there only moves it.
            of_activation
                .entry(entry.seq)
                .and_modify(|kept| kept.segment = segment)
                .or_insert_with(|| Kept {
                    device: entry.device,
                    kind: entry.kind,
                    at: entry.at,
                    body: Bytes::copy_from_slice(entry.body),
                    segment,
                });
        }
        Told::Gone { activation, seq } => {
            if let Some(of_activation) = replay.kept.get_mut(&activation) {
                of_activation.remove(&seq);
            }
        }
        Told::Purge(activation) => {
            replay.kept.remove(&activation);
        }
    }
}

/// Where entries of a closed segment belong: for the sweep, which moves those that are still there.
pub(crate) type Addresses = HashMap<ActivationId, Vec<(Option<DeviceId>, u64)>>;

/// Lists what was once written to a closed segment.
pub(crate) fn addresses(dir: &Path, id: u32) -> Result<Addresses, OpenError> {
    let path = segment::path(dir, id);
    let bytes = fs::read(&path).map_err(|source| OpenError::io("reading", &path, source))?;
    let mut out = Addresses::new();
    let mut at = SEGMENT_HEADER;
    while let Some((header, payload)) = group_at(&bytes, at, id) {
        let records = read_records(payload, |told| {
            if let Told::Entry(entry) = told {
                let of_activation = out.entry(entry.activation).or_default();
                of_activation.push((entry.device, entry.seq));
            }
        });
        if records.is_none() {
            return Err(corrupt(path, at, "a group's records make no sense"));
        }
        at += GROUP_HEADER + header.len as usize;
    }
    Ok(out)
}

fn corrupt(file: PathBuf, offset: usize, what: &'static str) -> OpenError {
    OpenError::Corrupt {
        file,
        offset: offset as u64,
        what,
    }
}
