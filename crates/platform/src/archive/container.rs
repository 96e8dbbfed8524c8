//! From lines to the bytes of an archive, and back. Both take what comes and give what is ready, so that neither
//! holds more than a line.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::{GzDecoder, GzEncoder};
use ring::digest::{Context, SHA256};

use super::cipher::{Key, Opening, Sealing};
use super::line::Ending;
use super::{Header, MAGIC, MAX_HEADER, MAX_LINE};
use crate::error::{Error, Result};

/// Compressed bytes that are taken at once: what they become is bounded by the ratio of gzip, about 1000.
const SIP: usize = 4 * 1024;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn broken(error: &std::io::Error) -> Error {
    Error::Internal(format!("an archive could not be written: {error}"))
}

/// Writes an archive.
pub(super) struct Writer {
    gzip: GzEncoder<Vec<u8>>,
    sealing: Option<Sealing>,
    hash: Context,
    out: Vec<u8>,
}

impl Writer {
    /// Begins with the header.
    pub(super) fn new(header: &str, key: Option<Key>) -> Self {
        let mut hash = Context::new(&SHA256);
        hash.update(header.as_bytes());
        Self {
            gzip: GzEncoder::new(Vec::new(), Compression::fast()),
            sealing: key.map(Sealing::new),
            hash,
            out: format!("{header}\n").into_bytes(),
        }
    }

    /// Adds a line, which has no end of a line in it.
    pub(super) fn line(&mut self, line: &str) -> Result<()> {
        for part in [line.as_bytes(), b"\n"] {
            self.hash.update(part);
            self.gzip.write_all(part).map_err(|error| broken(&error))?;
        }
        let ready = std::mem::take(self.gzip.get_mut());
        self.pass(&ready)
    }

    fn pass(&mut self, ready: &[u8]) -> Result<()> {
        match &mut self.sealing {
            Some(sealing) => sealing.push(ready, &mut self.out),
            None => {
                self.out.extend_from_slice(ready);
                Ok(())
            }
        }
    }

    /// What is ready, if that is at least so much.
    pub(super) fn ready(&mut self, at_least: usize) -> Option<Vec<u8>> {
        (self.out.len() >= at_least.max(1)).then(|| std::mem::take(&mut self.out))
    }

    /// Adds the last line and returns what is left.
    pub(super) fn finish(mut self, mut ending: Ending) -> Result<Vec<u8>> {
        ending.sha256 = hex(self.hash.clone().finish().as_ref());
        let line = serde_json::json!({ "end": ending }).to_string();
        self.line(&line)?;
        let rest = self.gzip.finish().map_err(|error| broken(&error))?;
        match self.sealing.take() {
            Some(mut sealing) => {
                sealing.push(&rest, &mut self.out)?;
                sealing.finish(&mut self.out)?;
            }
            None => self.out.extend_from_slice(&rest),
        }
        Ok(self.out)
    }
}

/// Takes the header off the beginning of an archive.
#[derive(Default)]
pub(super) struct HeaderReader(Vec<u8>);

impl HeaderReader {
    /// Takes bytes. `Some`: the text of the header, and what came behind it.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<Option<(String, Vec<u8>)>> {
        let known = self.0.len();
        self.0.extend_from_slice(bytes);
        let begins = self.0.len().min(MAGIC.len());
        if self.0[..begins] != MAGIC.as_bytes()[..begins] {
            return Err(no_archive());
        }
        let Some(at) = self.0[known..].iter().position(|byte| *byte == b'\n') else {
            return match self.0.len() > MAX_HEADER {
                true => Err(no_archive()),
                false => Ok(None),
            };
        };
        let rest = self.0.split_off(known + at + 1);
        self.0.pop();
        let header = String::from_utf8(std::mem::take(&mut self.0)).map_err(|_| no_archive())?;
        Ok(Some((header, rest)))
    }
}

/// Reads a header's text.
pub(super) fn header(text: &str) -> Result<Header> {
    serde_json::from_str(text)
        .map_err(|error| Error::invalid(format!("The header of the archive is not in order: {error}.")))
}

pub(super) fn no_archive() -> Error {
    Error::invalid("This is no archive of an organization: it does not begin like one.")
}

pub(super) fn cut_off() -> Error {
    Error::invalid("The archive was cut off: its end is missing.")
}

/// Reads what is behind the header.
pub(super) struct Reader {
    opening: Option<Opening>,
    gunzip: GzDecoder<Vec<u8>>,
    hash: Context,
    line: Vec<u8>,
    ended: bool,
}

fn damaged() -> Error {
    Error::invalid("The archive is damaged: what is in it cannot be unpacked.")
}

impl Reader {
    pub(super) fn new(header: &str, key: Option<Key>) -> Self {
        let mut hash = Context::new(&SHA256);
        hash.update(header.as_bytes());
        Self {
            opening: key.map(Opening::new),
            gunzip: GzDecoder::new(Vec::new()),
            hash,
            line: Vec::new(),
            ended: false,
        }
    }

    /// Takes bytes, and calls `each` with every line that is whole. The hash of what came before is what the last
    /// line is compared with.
    pub(super) fn push(&mut self, bytes: &[u8], lines: &mut Vec<String>) -> Result<()> {
        let mut opened = Vec::new();
        match &mut self.opening {
            Some(opening) => opening.push(bytes, &mut opened)?,
            None => opened.extend_from_slice(bytes),
        }
        self.unpack(&opened, lines)
    }

    fn unpack(&mut self, packed: &[u8], lines: &mut Vec<String>) -> Result<()> {
        for sip in packed.chunks(SIP) {
            self.gunzip.write_all(sip).map_err(|_| damaged())?;
            self.gunzip.flush().map_err(|_| damaged())?;
            let text = std::mem::take(self.gunzip.get_mut());
            self.split(&text, lines)?;
        }
        Ok(())
    }

    fn split(&mut self, mut text: &[u8], lines: &mut Vec<String>) -> Result<()> {
        while let Some(at) = text.iter().position(|byte| *byte == b'\n') {
            let (now, rest) = text.split_at(at);
            self.line.extend_from_slice(now);
            text = rest.get(1..).unwrap_or_default();
            let line = std::mem::take(&mut self.line);
            let line = String::from_utf8(line).map_err(|_| damaged())?;
            self.take(line, lines)?;
        }
        self.line.extend_from_slice(text);
        if self.line.len() > MAX_LINE {
            return Err(Error::invalid("The archive is not in order: a line is too long."));
        }
        Ok(())
    }

    fn take(&mut self, line: String, lines: &mut Vec<String>) -> Result<()> {
        if self.ended {
            return Err(Error::invalid(
                "The archive is not in order: something follows its end.",
            ));
        }
        if line.starts_with(r#"{"end":"#) {
            self.ended = true;
            let ending: super::line::EndingLine = serde_json::from_str(&line).map_err(|_| damaged())?;
            let hash = hex(self.hash.clone().finish().as_ref());
            if ending.end.sha256 != hash {
                return Err(Error::invalid(
                    "The archive is damaged: what is in it is not what was written.",
                ));
            }
        } else {
            self.hash.update(line.as_bytes());
            self.hash.update(b"\n");
        }
        lines.push(line);
        Ok(())
    }

    /// Says that nothing comes any more.
    pub(super) fn finish(&mut self, lines: &mut Vec<String>) -> Result<()> {
        if let Some(mut opening) = self.opening.take() {
            let mut opened = Vec::new();
            opening.finish(&mut opened)?;
            self.unpack(&opened, lines)?;
        }
        if !self.ended {
            return Err(cut_off());
        }
        self.gunzip.try_finish().map_err(|_| cut_off())
    }
}
