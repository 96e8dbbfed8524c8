//! How the log looks on disk. All numbers are little-endian.
//!
//! A *segment* is a file: a header of 32 bytes, then groups, then zeros that were written ahead. A *group* is
//! what one write and one sync carried: a header of 28 bytes with the length and CRC32 of its payload, then
//! *records*. A group is written only after the one before it is durable, so a group that cannot be read
//! and has no readable one behind it was torn by a crash, and nothing in it was acknowledged to anybody; one
//! with a readable one behind it is damage. Groups are numbered without gaps through all segments.
//!
//! | record | content |
//! |---|---|
//! | entries | count, and per entry: flags, [number], [activation], [device], kind, time, [length, body] |
//! | gone | activation, count, numbers |
//! | purge | activation |
//!
//! An entry leaves out what it shares with the one before it in its record. Entries that are copied out of an
//! old segment keep their numbers.

use bytes::Bytes;
use hallway_platform::ports::{NewNotification, NotificationKind};
use hallway_wire::id::{ActivationId, DeviceId};
use uuid::Uuid;

pub(crate) const SEGMENT_HEADER: usize = 32;
pub(crate) const GROUP_HEADER: usize = 28;

const SEGMENT_MAGIC: &[u8; 8] = b"hallwayQ";
const VERSION: u32 = 1;
const GROUP_MAGIC: &[u8; 4] = b"\x9fGrp";

const ENTRIES: u8 = 1;
const GONE: u8 = 2;
const PURGE: u8 = 3;

const NUMBERED: u8 = 1;
const SAME_ACTIVATION: u8 = 2;
const HAS_DEVICE: u8 = 4;
const SAME_DEVICE: u8 = 8;
const SAME_BODY: u8 = 16;

/// What the header of a segment says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    pub(crate) id: u32,
    /// The number of the next entry when the segment was begun.
    pub(crate) base_seq: u64,
}

/// What the header of a group says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GroupHeader {
    pub(crate) number: u64,
    pub(crate) len: u32,
    pub(crate) crc: u32,
}

/// Why a segment's header cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeaderFault {
    Damaged,
    Version(u32),
}

impl SegmentHeader {
    pub(crate) fn encode(self) -> [u8; SEGMENT_HEADER] {
        let mut out = [0; SEGMENT_HEADER];
        out[..8].copy_from_slice(SEGMENT_MAGIC);
        out[8..12].copy_from_slice(&VERSION.to_le_bytes());
        out[12..16].copy_from_slice(&self.id.to_le_bytes());
        out[16..24].copy_from_slice(&self.base_seq.to_le_bytes());
        let crc = crc32fast::hash(&out[..28]);
        out[28..].copy_from_slice(&crc.to_le_bytes());
        out
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, HeaderFault> {
        let mut cursor = Cursor(bytes);
        let read = (|| {
            let magic = cursor.take(8)? == SEGMENT_MAGIC;
            let version = cursor.u32()?;
            let header = Self {
                id: cursor.u32()?,
                base_seq: cursor.u64()?,
            };
            cursor.take(4)?;
            let whole = magic && cursor.u32()? == crc32fast::hash(bytes.get(..28)?);
            whole.then_some((version, header))
        })();
        match read {
            Some((VERSION, header)) => Ok(header),
            Some((version, _)) => Err(HeaderFault::Version(version)),
            None => Err(HeaderFault::Damaged),
        }
    }
}

impl GroupHeader {
    /// Completes a buffer that begins with room for this header: the rest of it is the payload.
    pub(crate) fn seal(buffer: &mut [u8], segment: u32, number: u64) {
        let Some((header, payload)) = buffer.split_at_mut_checked(GROUP_HEADER) else {
            return;
        };
        header[..4].copy_from_slice(GROUP_MAGIC);
        header[4..8].copy_from_slice(&segment.to_le_bytes());
        header[8..16].copy_from_slice(&number.to_le_bytes());
        header[16..20].copy_from_slice(&(payload.len() as u32).to_le_bytes());
        header[20..24].copy_from_slice(&crc32fast::hash(payload).to_le_bytes());
        let crc = crc32fast::hash(&header[..24]);
        header[24..].copy_from_slice(&crc.to_le_bytes());
    }

    /// Reads a header that belongs to this segment.
    pub(crate) fn decode(bytes: &[u8], segment: u32) -> Option<Self> {
        let mut cursor = Cursor(bytes);
        if cursor.take(4)? != GROUP_MAGIC || cursor.u32()? != segment {
            return None;
        }
        let header = Self {
            number: cursor.u64()?,
            len: cursor.u32()?,
            crc: cursor.u32()?,
        };
        (cursor.u32()? == crc32fast::hash(bytes.get(..24)?)).then_some(header)
    }

    /// Where the next group header may begin at or after `from`.
    pub(crate) fn find(bytes: &[u8], from: usize) -> Option<usize> {
        let rest = bytes.get(from..)?;
        rest.windows(GROUP_MAGIC.len())
            .position(|window| window == GROUP_MAGIC)
            .map(|at| from + at)
    }
}

/// An entry on its way to the disk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EntryOut<'a> {
    pub(crate) seq: u64,
    pub(crate) activation: ActivationId,
    pub(crate) device: Option<DeviceId>,
    pub(crate) kind: NotificationKind,
    pub(crate) at: i64,
    pub(crate) body: &'a Bytes,
}

impl<'a> EntryOut<'a> {
    pub(crate) fn new(seq: u64, new: &'a NewNotification) -> Self {
        Self {
            seq,
            activation: new.activation,
            device: new.device,
            kind: new.kind,
            at: new.at.millis(),
            body: &new.body,
        }
    }
}

/// An entry as it was read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EntryIn<'a> {
    pub(crate) seq: u64,
    pub(crate) activation: ActivationId,
    pub(crate) device: Option<DeviceId>,
    pub(crate) kind: NotificationKind,
    pub(crate) at: i64,
    pub(crate) body: &'a [u8],
}

/// One thing that a group tells a reader.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Told<'a> {
    Entry(EntryIn<'a>),
    Gone { activation: ActivationId, seq: u64 },
    Purge(ActivationId),
}

/// Writes a record of entries.
pub(crate) fn write_entries<'a>(out: &mut Vec<u8>, entries: impl ExactSizeIterator<Item = EntryOut<'a>>) {
    out.push(ENTRIES);
    out.extend_from_slice(&(entries.len() as u32).to_le_bytes());
    let mut last: Option<EntryOut<'a>> = None;
    for entry in entries {
        let flags_at = out.len();
        let mut flags = 0;
        out.push(0);
        if last.is_none_or(|last| last.seq + 1 != entry.seq) {
            flags |= NUMBERED;
            out.extend_from_slice(&entry.seq.to_le_bytes());
        }
        if last.is_some_and(|last| last.activation == entry.activation) {
            flags |= SAME_ACTIVATION;
        } else {
            out.extend_from_slice(entry.activation.uuid().as_bytes());
        }
        if last.is_some_and(|last| last.device == entry.device) {
            flags |= SAME_DEVICE;
        } else if let Some(device) = entry.device {
            flags |= HAS_DEVICE;
            out.extend_from_slice(device.uuid().as_bytes());
        }
        out.push(kind_to_byte(entry.kind));
        out.extend_from_slice(&entry.at.to_le_bytes());
        if last.is_some_and(|last| same_bytes(last.body, entry.body)) {
            flags |= SAME_BODY;
        } else {
            out.extend_from_slice(&(entry.body.len() as u32).to_le_bytes());
            out.extend_from_slice(entry.body);
        }
        out[flags_at] = flags;
        last = Some(entry);
    }
}

/// Writes that entries are no longer there.
pub(crate) fn write_gone(
    out: &mut Vec<u8>,
    activation: ActivationId,
    seqs: impl ExactSizeIterator<Item = u64>,
) {
    out.push(GONE);
    out.extend_from_slice(activation.uuid().as_bytes());
    out.extend_from_slice(&(seqs.len() as u32).to_le_bytes());
    for seq in seqs {
        out.extend_from_slice(&seq.to_le_bytes());
    }
}

/// Writes that everything of an activation up to here is no longer there.
pub(crate) fn write_purge(out: &mut Vec<u8>, activation: ActivationId) {
    out.push(PURGE);
    out.extend_from_slice(activation.uuid().as_bytes());
}

/// Reads the records of a group. `None`: they make no sense, although their checksum is right.
pub(crate) fn read_records<'a>(payload: &'a [u8], mut tell: impl FnMut(Told<'a>)) -> Option<()> {
    let mut cursor = Cursor(payload);
    while !cursor.0.is_empty() {
        match cursor.u8()? {
            ENTRIES => {
                let mut last: Option<EntryIn<'a>> = None;
                for _ in 0..cursor.u32()? {
                    let entry = read_entry(&mut cursor, last.as_ref())?;
                    tell(Told::Entry(entry));
                    last = Some(entry);
                }
            }
            GONE => {
                let activation = ActivationId::from_uuid(cursor.uuid()?);
                for _ in 0..cursor.u32()? {
                    let seq = cursor.u64()?;
                    tell(Told::Gone { activation, seq });
                }
            }
            PURGE => tell(Told::Purge(ActivationId::from_uuid(cursor.uuid()?))),
            _ => return None,
        }
    }
    Some(())
}

fn read_entry<'a>(cursor: &mut Cursor<'a>, last: Option<&EntryIn<'a>>) -> Option<EntryIn<'a>> {
    let flags = cursor.u8()?;
    let has = |flag: u8| flags & flag != 0;
    let seq = if has(NUMBERED) {
        cursor.u64()?
    } else {
        last?.seq.checked_add(1)?
    };
    let activation = if has(SAME_ACTIVATION) {
        last?.activation
    } else {
        ActivationId::from_uuid(cursor.uuid()?)
    };
    let device = if has(SAME_DEVICE) {
        last?.device
    } else if has(HAS_DEVICE) {
        Some(DeviceId::from_uuid(cursor.uuid()?))
    } else {
        None
    };
    let kind = kind_from_byte(cursor.u8()?)?;
    let at = i64::from_le_bytes(cursor.take(8)?.try_into().ok()?);
    let body = if has(SAME_BODY) {
        last?.body
    } else {
        let len = cursor.u32()?;
        cursor.take(len as usize)?
    };
    Some(EntryIn {
        seq,
        activation,
        device,
        kind,
        at,
        body,
    })
}

/// The very same memory, not merely equal: comparing bodies would cost more than it saves.
fn same_bytes(a: &Bytes, b: &Bytes) -> bool {
    a.as_ptr() == b.as_ptr() && a.len() == b.len()
}

fn kind_to_byte(kind: NotificationKind) -> u8 {
    match kind {
        NotificationKind::Status => 0,
        NotificationKind::FullSync => 1,
        NotificationKind::Event => 2,
        NotificationKind::Action => 3,
    }
}

fn kind_from_byte(byte: u8) -> Option<NotificationKind> {
    Some(match byte {
        0 => NotificationKind::Status,
        1 => NotificationKind::FullSync,
        2 => NotificationKind::Event,
        3 => NotificationKind::Action,
        _ => return None,
    })
}

struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    fn u64(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }

    fn uuid(&mut self) -> Option<Uuid> {
        Uuid::from_slice(self.take(16)?).ok()
    }
}
