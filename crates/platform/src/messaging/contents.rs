//! Files of messages: uploaded or fetched, kept as blobs, read by who sees the message.
//!
//! The record of a file is written with its message; its bytes are there before. Until then, and again from
//! the moment in which the record goes, an [`Orphan`] names the bytes, so that none are kept for nobody after
//! a crash.

use std::time::Duration;

use hallway_wire::Timestamp;
use hallway_wire::id::{ContentId, MessageId, OrgId, RoomId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use bytes::Bytes;

use super::message::{Message, unable};
use crate::caller::Caller;
use crate::error::{Doing as _, Error, Result};
use crate::platform::Platform;
use crate::ports::{BlobError, BlobReader, BlobWriter, Key, Target, Write};
use crate::records::{Document, Kept, put_new};

/// Most bytes of a file.
pub const MAX_FILE: u64 = 100 * 1024 * 1024;
/// Longest name of a file, in characters.
const MAX_NAME: usize = 200;
/// How long a file may take until its message is there; then its bytes go.
const ORPHAN_LIFE_MS: i64 = 6 * 3_600_000;
/// For each step of fetching a file.
const FETCH_TIME: Duration = Duration::from_secs(30);
/// For all of it.
const FETCH_TIME_ALL: Duration = Duration::from_secs(300);
/// How often a URL may point elsewhere.
const MAX_HOPS: usize = 5;

/// A file of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// Also the id of the blob.
    pub id: ContentId,
    pub org: OrgId,
    pub room: RoomId,
    pub message: MessageId,
    pub name: String,
    pub media_type: String,
    pub size: u64,
}

impl Document for Content {
    const KIND: &'static str = "content";
    const NOUN: &'static str = "file";

    fn org(&self) -> OrgId {
        self.org
    }

    fn id(&self) -> String {
        self.id.uuid().to_string()
    }

    fn keys(&self) -> Vec<Key> {
        vec![Key {
            index: "room",
            value: self.room.uuid().to_string(),
            order: String::new(),
        }]
    }
}

impl Content {
    pub(crate) fn new(file: &Uploaded, message: &Message) -> Self {
        Self {
            id: ContentId::from_uuid(file.id),
            org: message.org,
            room: message.room,
            message: message.id,
            name: file.name.clone(),
            media_type: file.media_type.clone(),
            size: file.size,
        }
    }
}

/// Bytes that belong to no message, or not yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Orphan {
    id: Uuid,
    org: OrgId,
    since: Timestamp,
}

impl Document for Orphan {
    const KIND: &'static str = "orphan";
    const NOUN: &'static str = "upload";

    fn org(&self) -> OrgId {
        self.org
    }

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn keys(&self) -> Vec<Key> {
        Vec::new()
    }
}

/// A file that arrives.
#[expect(missing_debug_implementations, reason = "the blob is a trait object")]
pub struct Upload {
    id: Uuid,
    name: String,
    media_type: String,
    size: u64,
    blob: Box<dyn BlobWriter>,
}

/// A file that is here, and waits for its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uploaded {
    id: Uuid,
    name: String,
    media_type: String,
    size: u64,
}

/// A file that is being read.
#[expect(missing_debug_implementations, reason = "the blob is a trait object")]
pub struct OpenContent {
    pub content: Content,
    pub bytes: Box<dyn BlobReader>,
}

impl Uploaded {
    pub(crate) fn id(&self) -> Uuid {
        self.id
    }
}

fn blob_failed(error: BlobError) -> Error {
    Error::Internal(format!("the files cannot be written or read: {error}"))
}

impl Upload {
    /// What [`Platform::discard_upload`] takes.
    pub fn handle(&self) -> Uploaded {
        Uploaded {
            id: self.id,
            name: String::new(),
            media_type: String::new(),
            size: 0,
        }
    }

    /// Adds bytes to its end.
    ///
    /// # Errors
    /// It becomes longer than [`MAX_FILE`]; it cannot be written.
    pub async fn write(&mut self, bytes: Bytes) -> Result<()> {
        self.size = self.size.saturating_add(bytes.len() as u64);
        if self.size > MAX_FILE {
            return Err(Error::TooLarge {
                message: format!("files: a file can have {MAX_FILE} bytes, and this one has more."),
            });
        }
        self.blob.write(bytes).await.map_err(blob_failed)
    }

    /// Makes it durable.
    ///
    /// # Errors
    /// It cannot be written.
    pub async fn finish(self) -> Result<Uploaded> {
        let Self {
            id,
            name,
            media_type,
            size,
            blob,
        } = self;
        blob.finish().await.map_err(blob_failed)?;
        Ok(Uploaded {
            id,
            name,
            media_type,
            size,
        })
    }
}

/// A name without folders and control characters.
fn clean_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last.chars().filter(|c| !c.is_control()).take(MAX_NAME).collect();
    match clean.trim() {
        "" | "." | ".." => "file".to_owned(),
        name => name.to_owned(),
    }
}

/// A media type that can stand in a header.
fn clean_type(media_type: &str) -> String {
    let word = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
    };
    let plain = media_type.split(';').next().unwrap_or_default().trim();
    match plain.split_once('/') {
        Some((kind, sub)) if word(kind) && word(sub) && plain.len() <= 127 => plain.to_ascii_lowercase(),
        _ => "application/octet-stream".to_owned(),
    }
}

impl Platform {
    /// Begins a file. Who calls may write messages; where to is checked with the message.
    ///
    /// # Errors
    /// Missing scope; nothing can be written.
    pub async fn begin_upload(&self, caller: &Caller, name: &str, media_type: &str) -> Result<Upload> {
        caller.may_write_messages()?;
        let id = Uuid::new_v4();
        self.commit(vec![self.orphan(caller.org, id)?]).await?;
        Ok(Upload {
            id,
            name: clean_name(name),
            media_type: clean_type(media_type),
            size: 0,
            blob: self.blobs.begin(id).await.map_err(blob_failed)?,
        })
    }

    /// Gives up a file that no message will carry.
    pub async fn discard_upload(&self, file: &Uploaded) {
        self.forget_blobs(&[file.id]).await;
    }

    /// The write that says that bytes belong to nobody.
    pub(crate) fn orphan(&self, org: OrgId, id: Uuid) -> Result<Write> {
        put_new(&Orphan {
            id,
            org,
            since: self.now(),
        })
    }

    /// The orphan that a message takes its file from.
    pub(crate) async fn kept_orphan(&self, id: Uuid) -> Result<Kept<Orphan>> {
        let found = self.get_anywhere::<Orphan>(&id.to_string()).await?;
        found.ok_or_else(|| Error::invalid("files: the upload took too long and is gone; send it again."))
    }

    /// Deletes bytes that belong to nobody. What fails is tried again by the sweep.
    pub(crate) async fn forget_blobs(&self, ids: &[Uuid]) {
        for &id in ids {
            if let Err(error) = self.forget_blob(id).await {
                tracing::warn!(%error, %id, "a file could not be deleted and will be later");
            }
        }
    }

    async fn forget_blob(&self, id: Uuid) -> Result<()> {
        let Some(orphan) = self.get_anywhere::<Orphan>(&id.to_string()).await? else {
            return Ok(());
        };
        self.blobs.delete(id).await.map_err(blob_failed)?;
        match self.commit(vec![orphan.delete()]).await {
            Ok(()) | Err(Error::Stale) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Deletes bytes that have belonged to nobody for long: of uploads that were cut off, and of what was
    /// deleted just before a crash.
    pub(crate) async fn sweep_orphans(&self) -> Result<()> {
        const BATCH: usize = 100;
        let end = self.now().plus_millis(-ORPHAN_LIFE_MS);
        let mut after = None;
        loop {
            let found = self
                .store
                .all_records(Orphan::KIND, after, BATCH)
                .await
                .doing("listing files without messages")?;
            let Some(last) = found.last() else { return Ok(()) };
            after = Some(last.id.clone());
            let orphans = found
                .iter()
                .filter_map(|stored| serde_json::from_str::<Orphan>(&stored.doc).ok());
            let old: Vec<Uuid> = orphans
                .filter(|orphan| orphan.since <= end)
                .map(|orphan| orphan.id)
                .collect();
            self.forget_blobs(&old).await;
        }
    }

    /// Opens a file of a message that the caller sees.
    ///
    /// # Errors
    /// Missing scope; unknown, or not to be seen.
    pub async fn open_content(&self, caller: &Caller, id: ContentId) -> Result<OpenContent> {
        let view = caller.may_read_messages()?;
        let content = self
            .demand::<Content>(caller.org, &id.uuid().to_string())
            .await?
            .doc;
        let seen = self.seen_message(caller, view, content.message).await;
        unable(seen, "Could not find a file with provided ID.")?;
        let bytes = self.blobs.open(id.uuid()).await.map_err(blob_failed)?;
        let bytes = bytes.ok_or(Error::NotFound { what: "file" })?;
        Ok(OpenContent { content, bytes })
    }

    /// Fetches a file from a URL that everybody can read.
    ///
    /// # Errors
    /// There is nothing to be fetched, or it is too long.
    pub(crate) async fn fetch_file(&self, caller: &Caller, url: &str) -> Result<Uploaded> {
        let fetching = self.fetch_hops(caller, url);
        match tokio::time::timeout(FETCH_TIME_ALL, fetching).await {
            Ok(done) => done,
            Err(_) => Err(unfetched("it takes too long")),
        }
    }

    async fn fetch_hops(&self, caller: &Caller, url: &str) -> Result<Uploaded> {
        let mut url = url.trim().to_owned();
        for _ in 0..MAX_HOPS {
            let target = Target {
                url: url.clone(),
                mutual_tls: None,
                timeout: FETCH_TIME,
                max_answer: crate::ports::MAX_ANSWER,
            };
            let mut found = self.courier.fetch(&target).await.map_err(unfetched)?;
            let header = |name: http::HeaderName| {
                let value = found.headers.get(name).and_then(|value| value.to_str().ok());
                value.map(ToOwned::to_owned)
            };
            match (found.status, header(http::header::LOCATION)) {
                (301 | 302 | 303 | 307 | 308, Some(to)) => {
                    url = pointed(&url, &to).ok_or_else(|| unfetched("it points to no URL"))?;
                    continue;
                }
                (200, _) => {}
                (status, _) => return Err(unfetched(format!("it is answered with status {status}"))),
            }
            let length = header(http::header::CONTENT_LENGTH).and_then(|text| text.parse::<u64>().ok());
            if length.is_some_and(|length| length > MAX_FILE) {
                return Err(unfetched(format!("the file has more than {MAX_FILE} bytes")));
            }
            let media_type = header(http::header::CONTENT_TYPE).unwrap_or_default();
            let mut upload = self.begin_upload(caller, &name_in(&url), &media_type).await?;
            let id = upload.id;
            let written = async {
                while let Some(bytes) = found.body.chunk().await.map_err(unfetched)? {
                    upload.write(bytes).await?;
                }
                upload.finish().await
            };
            let written = written.await;
            if written.is_err() {
                self.forget_blobs(&[id]).await;
            }
            return written;
        }
        Err(unfetched("it points elsewhere too often"))
    }
}

fn unfetched(why: impl std::fmt::Display) -> Error {
    Error::invalid(format!("files: the file cannot be fetched: {why}."))
}

/// Where a URL points to, which may be without a host.
fn pointed(url: &str, to: &str) -> Option<String> {
    if to.starts_with("http://") || to.starts_with("https://") {
        return Some(to.to_owned());
    }
    let (scheme, rest) = url.split_once("://")?;
    if let Some(rest) = to.strip_prefix("//") {
        return Some(format!("{scheme}://{rest}"));
    }
    let host = rest.split(['/', '?', '#']).next()?;
    to.starts_with('/').then(|| format!("{scheme}://{host}{to}"))
}

/// The name of the file that a URL ends in.
fn name_in(url: &str) -> String {
    let path = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let name = path.split_once('/').map_or("", |(_, path)| path);
    clean_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_types_are_harmless() {
        assert_eq!(clean_name("../../etc/passwd"), "passwd");
        assert_eq!(clean_name("C:\\x\\plan.pdf"), "plan.pdf");
        assert_eq!(clean_name("a\r\nSet-Cookie: x"), "aSet-Cookie: x");
        assert_eq!(clean_name(".."), "file");
        assert_eq!(clean_name(&"x".repeat(500)).len(), MAX_NAME);
        assert_eq!(clean_type("Image/PNG; charset=x"), "image/png");
        for bad in ["", "text", "text/", "a/b\r\nx: y", "text/<x>"] {
            assert_eq!(clean_type(bad), "application/octet-stream", "{bad}");
        }
        assert_eq!(name_in("https://x.example/a/b.png?c=/d"), "b.png");
        assert_eq!(name_in("https://x.example"), "file");
    }

    #[test]
    fn urls_point_elsewhere() {
        let from = "https://x.example/a?b";
        assert_eq!(pointed(from, "/c").as_deref(), Some("https://x.example/c"));
        assert_eq!(
            pointed(from, "//y.example/c").as_deref(),
            Some("https://y.example/c")
        );
        assert_eq!(
            pointed(from, "http://z.example").as_deref(),
            Some("http://z.example")
        );
        assert_eq!(pointed(from, "c"), None);
    }
}
