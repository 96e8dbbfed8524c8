//! Files on disk: one per blob, in folders of the first two digits of their ids.
//!
//! A blob is written beside its place and moved there when it is durable, so that what is there is whole.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use bytes::Bytes;
use hallway_platform::ports::{BlobError, BlobReader, BlobWriter, Blobs};
use tempfile::TempDir;
use tokio::fs::{self, File};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use uuid::Uuid;

/// How much is read in one go.
const CHUNK: usize = 256 * 1024;

/// Blobs in a folder.
#[derive(Debug)]
pub struct FileBlobs {
    dir: PathBuf,
    /// Dropped with this value.
    _folder: Option<TempDir>,
}

fn failed(doing: &str, path: &Path, error: &std::io::Error) -> BlobError {
    BlobError(format!("{doing} {}: {error}", path.display()))
}

impl FileBlobs {
    /// Opens the folder, and makes it where it is not there yet. What was being written when the last process
    /// ended goes.
    ///
    /// # Errors
    /// It cannot be made or read.
    pub fn open(dir: impl Into<PathBuf>) -> Result<Self, BlobError> {
        let dir = dir.into();
        make_private(&dir)?;
        let unfinished = dir.join("incoming");
        match std::fs::remove_dir_all(&unfinished) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed("clearing", &unfinished, &error)),
        }
        make_private(&unfinished)?;
        Ok(Self { dir, _folder: None })
    }

    /// An empty folder that ends with this value.
    ///
    /// # Errors
    /// No temporary folder can be made.
    pub fn ephemeral() -> Result<Self, BlobError> {
        let folder = tempfile::Builder::new()
            .prefix("hallway-files-")
            .tempdir()
            .map_err(|error| BlobError(format!("no temporary folder for files: {error}")))?;
        let mut blobs = Self::open(folder.path())?;
        blobs._folder = Some(folder);
        Ok(blobs)
    }

    fn place(&self, id: Uuid) -> PathBuf {
        let name = id.simple().to_string();
        self.dir.join(&name[..2]).join(name)
    }
}

#[cfg(unix)]
fn make_private(dir: &Path) -> Result<(), BlobError> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(|error| failed("creating", dir, &error))
}

#[cfg(not(unix))]
fn make_private(dir: &Path) -> Result<(), BlobError> {
    std::fs::create_dir_all(dir).map_err(|error| failed("creating", dir, &error))
}

struct Writing {
    file: File,
    beside: PathBuf,
    place: PathBuf,
    done: bool,
}

impl Drop for Writing {
    fn drop(&mut self) {
        if !self.done {
            // What stays goes at the next start.
            let _ = std::fs::remove_file(&self.beside);
        }
    }
}

#[async_trait]
impl BlobWriter for Writing {
    async fn write(&mut self, bytes: Bytes) -> Result<(), BlobError> {
        self.file
            .write_all(&bytes)
            .await
            .map_err(|error| failed("writing", &self.beside, &error))
    }

    async fn finish(mut self: Box<Self>) -> Result<(), BlobError> {
        let flushed = async {
            self.file.flush().await?;
            self.file.sync_all().await
        };
        flushed
            .await
            .map_err(|error| failed("writing", &self.beside, &error))?;
        let folder = self.place.parent().unwrap_or(&self.place).to_owned();
        make_private(&folder)?;
        let moved = async {
            fs::rename(&self.beside, &self.place).await?;
            // The name is durable only when its folder is, and that folder's name in the one above.
            File::open(&folder).await?.sync_all().await?;
            if let Some(above) = folder.parent() {
                File::open(above).await?.sync_all().await?;
            }
            Ok(())
        };
        moved
            .await
            .map_err(|error| failed("keeping", &self.place, &error))?;
        self.done = true;
        Ok(())
    }
}

struct Reading {
    file: File,
    path: PathBuf,
}

#[async_trait]
impl BlobReader for Reading {
    async fn read(&mut self) -> Result<Option<Bytes>, BlobError> {
        let mut chunk = Vec::with_capacity(CHUNK);
        let read = (&mut self.file).take(CHUNK as u64).read_to_end(&mut chunk).await;
        read.map_err(|error| failed("reading", &self.path, &error))?;
        Ok(Some(Bytes::from(chunk)).filter(|chunk| !chunk.is_empty()))
    }
}

#[async_trait]
impl Blobs for FileBlobs {
    async fn begin(&self, id: Uuid) -> Result<Box<dyn BlobWriter>, BlobError> {
        let beside = self.dir.join("incoming").join(id.simple().to_string());
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        options.mode(0o600);
        let file = options
            .open(&beside)
            .await
            .map_err(|error| failed("creating", &beside, &error))?;
        Ok(Box::new(Writing {
            file,
            beside,
            place: self.place(id),
            done: false,
        }))
    }

    async fn open(&self, id: Uuid) -> Result<Option<Box<dyn BlobReader>>, BlobError> {
        let path = self.place(id);
        match File::open(&path).await {
            Ok(file) => Ok(Some(Box::new(Reading { file, path }))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("opening", &path, &error)),
        }
    }

    async fn delete(&self, id: Uuid) -> Result<(), BlobError> {
        let path = self.place(id);
        match fs::remove_file(&path).await {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(failed("deleting", &path, &error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(blobs: &FileBlobs, id: Uuid) -> Option<Vec<u8>> {
        let mut open = blobs.open(id).await.unwrap()?;
        let mut all = Vec::new();
        while let Some(bytes) = open.read().await.unwrap() {
            all.extend(bytes);
        }
        Some(all)
    }

    #[tokio::test]
    async fn whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = FileBlobs::open(folder.path()).unwrap();
        let (id, other) = (Uuid::new_v4(), Uuid::new_v4());
        let mut writing = blobs.begin(id).await.unwrap();
        let long = Bytes::from(vec![7; CHUNK + 3]);
        writing.write(long.clone()).await.unwrap();
        assert_eq!(read(&blobs, id).await, None, "not finished");
        writing.finish().await.unwrap();
        assert_eq!(read(&blobs, id).await.as_deref(), Some(&long[..]));
        let mut dropped = blobs.begin(other).await.unwrap();
        dropped.write(Bytes::from_static(b"x")).await.unwrap();
        drop(dropped);
        let incoming = folder.path().join("incoming");
        assert_eq!(std::fs::read_dir(&incoming).unwrap().count(), 0);
        std::fs::write(incoming.join("left"), b"x").unwrap();
        let blobs = FileBlobs::open(folder.path()).unwrap();
        assert_eq!(
            std::fs::read_dir(&incoming).unwrap().count(),
            0,
            "cleared at the start"
        );
        assert!(read(&blobs, id).await.is_some());
        blobs.delete(id).await.unwrap();
        blobs.delete(id).await.unwrap();
        assert_eq!(read(&blobs, id).await, None);
    }
}
