//! Import: the archive is kept as a file until it is done, read once to see that it is whole and fits, and a second
//! time to write it down. It is there when its last commit says so; what a failure or a crash leaves before that
//! goes.

use std::collections::VecDeque;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hallway_wire::Secret;
use hallway_wire::control::ImportedOrganization;
use hallway_wire::id::OrgId;
use uuid::Uuid;

use super::cipher::Key;
use super::container::{HeaderReader, Reader, cut_off, header, no_archive};
use super::export::file_of;
use super::line::{self, Ending, FileLine, Line};
use super::rules::incoming;
use super::{FORMAT, Header, MAGIC};
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::org::{Organization, Person, Standing};
use crate::platform::Platform;
use crate::ports::{BlobError, BlobReader, BlobWriter, Cell, ORG_TABLES, OrgRow, Write};

/// Bytes of the archive that are read at once.
const SIP: usize = 4 * 1024;
/// Rows and bytes of one commit.
const ROWS: usize = 200;
const BYTES: usize = 1 << 20;

/// An archive that arrives.
#[expect(missing_debug_implementations, reason = "the blob is a trait object")]
pub struct ArchiveUpload {
    id: Uuid,
    begin: Vec<u8>,
    blob: Box<dyn BlobWriter>,
}

fn blob_failed(error: BlobError) -> Error {
    Error::Internal(format!("an archive cannot be kept or read: {error}"))
}

fn wrong(what: impl std::fmt::Display) -> Error {
    Error::invalid(format!("The archive is not in order: {what}."))
}

impl ArchiveUpload {
    /// Adds bytes to its end. What is no archive is refused at its first bytes.
    ///
    /// # Errors
    /// It is none; it cannot be written.
    pub async fn write(&mut self, bytes: Bytes) -> Result<()> {
        if self.begin.len() < MAGIC.len() {
            let missing = MAGIC.len() - self.begin.len();
            self.begin.extend_from_slice(&bytes[..missing.min(bytes.len())]);
            if !MAGIC.as_bytes().starts_with(&self.begin) {
                return Err(no_archive());
            }
        }
        self.blob.write(bytes).await.map_err(blob_failed)
    }
}

/// The lines of an archive that is kept here.
struct Lines {
    blob: Box<dyn BlobReader>,
    chunk: Bytes,
    reader: Reader,
    ready: VecDeque<String>,
    ended: bool,
}

impl Lines {
    async fn next_text(&mut self) -> Result<Option<String>> {
        loop {
            if let Some(line) = self.ready.pop_front() {
                return Ok(Some(line));
            }
            if self.ended {
                return Ok(None);
            }
            let mut lines = Vec::new();
            if self.chunk.is_empty() {
                match self.blob.read().await.map_err(blob_failed)? {
                    Some(chunk) => self.chunk = chunk,
                    None => {
                        self.reader.finish(&mut lines)?;
                        self.ended = true;
                    }
                }
            }
            if !self.chunk.is_empty() {
                let sip = self.chunk.split_to(SIP.min(self.chunk.len()));
                self.reader.push(&sip, &mut lines)?;
            }
            self.ready.extend(lines);
            // Unpacking is work: others get their turn.
            tokio::task::yield_now().await;
        }
    }

    async fn next(&mut self) -> Result<Option<Line>> {
        match self.next_text().await? {
            Some(text) => line::read(&text).map(Some),
            None => Ok(None),
        }
    }

    /// The first line: the organization itself.
    async fn organization(&mut self, header: &Header) -> Result<Organization> {
        let text = self.next_text().await?.ok_or_else(cut_off)?;
        let org: Organization = serde_json::from_str(&text).map_err(wrong)?;
        if org.id.uuid() != header.org {
            return Err(wrong("its header names another organization"));
        }
        Ok(org)
    }
}

/// What was found out about an archive.
struct Opened {
    header: Header,
    text: String,
    key: Option<Key>,
    /// Length of the header with the end of its line.
    skip: usize,
}

impl Platform {
    /// Begins an import: the archive is kept until it is read.
    ///
    /// # Errors
    /// Not the operator; nothing can be written.
    pub async fn begin_import(&self, caller: &Caller) -> Result<ArchiveUpload> {
        caller.require_operator()?;
        let id = Uuid::new_v4();
        self.commit(vec![self.orphan(caller.org, id)?]).await?;
        Ok(ArchiveUpload {
            id,
            begin: Vec::new(),
            blob: self.blobs.begin(id).await.map_err(blob_failed)?,
        })
    }

    /// Gives up an archive that did not arrive.
    pub async fn discard_archive(&self, upload: ArchiveUpload) {
        let id = upload.id;
        drop(upload.blob);
        self.forget_blobs(&[id]).await;
    }

    /// Imports an archive that has arrived, completely or not at all.
    ///
    /// # Errors
    /// Not the operator; the archive is not whole, not of this version, or encrypted with another passphrase; the
    /// organization or something of it is here already.
    pub async fn import_organization(
        &self,
        caller: &Caller,
        upload: ArchiveUpload,
        passphrase: Option<Secret>,
    ) -> Result<ImportedOrganization> {
        caller.require_operator()?;
        let ArchiveUpload { id, blob, .. } = upload;
        let Some(platform) = self.me.upgrade() else {
            return Err(Error::Internal("Hallway stops".to_owned()));
        };
        let caller = caller.clone();
        // Who asked may go away; what has begun is finished, or taken back.
        let work = self.tasks.spawn(async move {
            let stop = platform.stop.clone();
            let work = async {
                blob.finish().await.map_err(blob_failed)?;
                platform.import(&caller, id, passphrase).await
            };
            tokio::select! {
                // What is there goes at the next start.
                () = stop.cancelled() => Err(Error::Internal("Hallway stops".to_owned())),
                done = work => {
                    platform.forget_blobs(&[id]).await;
                    done
                }
            }
        });
        work.await
            .map_err(|error| Error::Internal(format!("an import broke off: {error}")))?
    }

    async fn import(
        &self,
        caller: &Caller,
        id: Uuid,
        passphrase: Option<Secret>,
    ) -> Result<ImportedOrganization> {
        let opened = self.open_archive(id, passphrase.as_ref()).await?;
        let (org, ending) = self.check_archive(id, &opened).await?;
        let now = self.now();
        let arriving = Organization {
            revision: 0,
            standing: Standing::Importing { since: now },
            ..org.clone()
        };
        self.commit(vec![Write::NewOrganization(arriving.clone())])
            .await?;
        self.load_standings().await?;
        let written = self.write_organization(id, &opened, org.id).await;
        if let Err(error) = written {
            if let Err(error) = self.purge_organization(org.id, false).await {
                tracing::error!(%error, "what an import left could not be removed at once");
                self.spawn_purge(org.id, false);
            }
            return Err(match error {
                Error::Conflict { message } => Error::conflict(format!("{message} Nothing was imported.")),
                error => error,
            });
        }
        let standing = match org.standing {
            Standing::Suspended { reason, since } => Standing::Suspended { reason, since },
            _ => Standing::Active,
        };
        let here = arriving.standing_as(standing);
        let what = format!("imported the organization {}", here.display_name);
        let writes = self.told_twice(caller, &here, "organization.imported", &what);
        self.commit(writes).await?;
        self.load_standings().await?;
        self.load_webhooks().await?;
        self.announce_moved_urls().await?;
        self.stir(here.id).await?;
        Ok(ImportedOrganization {
            organization: here.managed(),
            rows: ending.rows,
            files: ending.files,
            anew: ending.anew,
        })
    }

    /// Reads the header and finds the key.
    async fn open_archive(&self, id: Uuid, passphrase: Option<&Secret>) -> Result<Opened> {
        let mut blob = self.kept_archive(id).await?;
        let mut reader = HeaderReader::default();
        let text = loop {
            let bytes = blob.read().await.map_err(blob_failed)?.ok_or_else(cut_off)?;
            if let Some((text, _)) = reader.push(&bytes)? {
                break text;
            }
        };
        let header = header(&text)?;
        let version = |what: &str, which: &str| {
            Error::invalid(format!(
                "The archive was written by Hallway {}, whose {what} is {which} than that of this one: use the \
                 same version of Hallway on both sides.",
                header.product
            ))
        };
        if header.format != FORMAT {
            return Err(version("format", "newer"));
        }
        match header.schema.cmp(&self.store.schema_version()) {
            std::cmp::Ordering::Equal => {}
            std::cmp::Ordering::Greater => return Err(version("schema", "newer")),
            std::cmp::Ordering::Less => return Err(version("schema", "older")),
        }
        let org = OrgId::from_uuid(header.org);
        let there = self.any_organization(org).await;
        if there.is_ok() {
            return Err(Error::conflict(format!(
                "The organization {} is here already.",
                header.name
            )));
        }
        let key = match (&header.cipher, passphrase) {
            (None, _) => None,
            (Some(cipher), Some(passphrase)) => Some(cipher.key(passphrase, text.as_bytes()).await?),
            (Some(_), None) => {
                return Err(Error::invalid(
                    "The archive is encrypted: the passphrase that it was exported with is needed.",
                ));
            }
        };
        Ok(Opened {
            skip: text.len() + 1,
            header,
            text,
            key,
        })
    }

    async fn kept_archive(&self, id: Uuid) -> Result<Box<dyn BlobReader>> {
        let open = self.blobs.open(id).await.map_err(blob_failed)?;
        open.ok_or_else(|| Error::Internal("an archive is gone before it was read".to_owned()))
    }

    async fn lines(&self, id: Uuid, opened: &Opened) -> Result<Lines> {
        let mut blob = self.kept_archive(id).await?;
        let mut skip = opened.skip;
        let mut chunk = Bytes::new();
        while skip > 0 {
            chunk = blob.read().await.map_err(blob_failed)?.ok_or_else(cut_off)?;
            let less = skip.min(chunk.len());
            drop(chunk.split_to(less));
            skip -= less;
        }
        Ok(Lines {
            blob,
            chunk,
            reader: Reader::new(&opened.text, opened.key.clone()),
            ready: VecDeque::new(),
            ended: false,
        })
    }

    /// Reads all of it without writing anything.
    async fn check_archive(&self, id: Uuid, opened: &Opened) -> Result<(Organization, Ending)> {
        let mut lines = self.lines(id, opened).await?;
        let org = lines.organization(&opened.header).await?;
        let mut counted = Ending::default();
        let (mut place, mut file) = (0, None);
        while let Some(line) = lines.next().await? {
            if file.is_some() && !matches!(line, Line::File(_)) {
                return Err(wrong("a file has no end"));
            }
            match line {
                Line::Row(line) => {
                    let table = line.row.table;
                    let at = ORG_TABLES.iter().position(|known| known.name == table);
                    if at.is_none_or(|at| at < place) {
                        return Err(wrong("its tables are not in their order"));
                    }
                    place = at.unwrap_or(place);
                    *counted.rows.entry(table.to_owned()).or_default() += 1;
                    file = file_of(&line.row);
                    if let Some(row) = incoming(line, org.id, &self.vault)? {
                        self.check_address_of(&row).await?;
                    }
                }
                Line::File(FileLine { f, d, last, .. }) => {
                    if file != Some(f) || STANDARD.decode(d).is_err() {
                        return Err(wrong("a part of a file does not follow its record"));
                    }
                    if last {
                        file = None;
                        counted.files += 1;
                    }
                }
                Line::End(ending) => {
                    if ending.rows != counted.rows || ending.files != counted.files {
                        return Err(wrong("it does not have as many rows as its end says"));
                    }
                    counted.anew = ending.anew;
                }
            }
        }
        Ok((org, counted))
    }

    /// An address is somebody's in one organization only.
    async fn check_address_of(&self, row: &OrgRow) -> Result<()> {
        let [Cell::Text(kind), _, _, Cell::Text(doc)] = row.cells.as_slice() else {
            return Ok(());
        };
        if row.table != "record" || kind != "person" {
            return Ok(());
        }
        let person: Person = serde_json::from_str(doc).map_err(wrong)?;
        if person.kind != crate::org::PersonKind::Person {
            return Ok(());
        }
        for org in self.all_organizations().await? {
            let found = self.person_of_email(org.id, &person.email).await?;
            if found.is_some_and(|found| found.kind == crate::org::PersonKind::Person) {
                return Err(Error::conflict(format!(
                    "Somebody of the organization {} has the address {}, which is in the archive too. Nothing was \
                     imported.",
                    org.display_name, person.email
                )));
            }
        }
        Ok(())
    }

    /// Writes all of it.
    async fn write_organization(&self, id: Uuid, opened: &Opened, org: OrgId) -> Result<()> {
        let mut lines = self.lines(id, opened).await?;
        lines.organization(&opened.header).await?;
        let (mut batch, mut bytes) = (Vec::new(), 0);
        let mut file: Option<Box<dyn BlobWriter>> = None;
        while let Some(line) = lines.next().await? {
            match line {
                Line::Row(line) => {
                    if let Some(row) = incoming(line, org, &self.vault)? {
                        bytes += row.cells.iter().map(size).sum::<usize>();
                        batch.push(Write::ImportRow(org, row));
                    }
                    if batch.len() >= ROWS || bytes >= BYTES {
                        self.commit(std::mem::take(&mut batch)).await?;
                        bytes = 0;
                    }
                }
                Line::File(FileLine { f, d, last, missing }) => {
                    // The record of a file is there before its bytes: they are found again, and its id is ours.
                    self.commit(std::mem::take(&mut batch)).await?;
                    bytes = 0;
                    if missing {
                        continue;
                    }
                    let mut open = match file.take() {
                        Some(open) => open,
                        None => self.blobs.begin(f).await.map_err(blob_failed)?,
                    };
                    let part = STANDARD.decode(d).map_err(wrong)?;
                    open.write(Bytes::from(part)).await.map_err(blob_failed)?;
                    match last {
                        true => open.finish().await.map_err(blob_failed)?,
                        false => file = Some(open),
                    }
                }
                Line::End(_) => {}
            }
        }
        self.commit(batch).await
    }
}

fn size(cell: &Cell) -> usize {
    match cell {
        Cell::Text(text) => text.len() + 16,
        _ => 32,
    }
}
