//! Where the bytes of files are kept.
//!
//! The laws: what [`BlobWriter::finish`] returned `Ok` for survives `kill -9`; what was not finished is not
//! there; a blob never changes; deleting what is not there is a success.

use async_trait::async_trait;
use bytes::Bytes;
use uuid::Uuid;

/// Why the bytes are not kept or not read. A sentence for the log.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct BlobError(pub String);

/// A blob that is being written.
#[async_trait]
pub trait BlobWriter: Send {
    /// Adds bytes to its end.
    async fn write(&mut self, bytes: Bytes) -> Result<(), BlobError>;
    /// Makes it durable. A blob that is dropped instead is not there.
    async fn finish(self: Box<Self>) -> Result<(), BlobError>;
}

/// A blob that is being read.
#[async_trait]
pub trait BlobReader: Send {
    /// The next bytes, at most as many as fit comfortably in memory; `None` at the end.
    async fn read(&mut self) -> Result<Option<Bytes>, BlobError>;
}

/// See the laws in the module documentation.
#[async_trait]
pub trait Blobs: Send + Sync {
    /// Begins a blob; its id must be new.
    async fn begin(&self, id: Uuid) -> Result<Box<dyn BlobWriter>, BlobError>;
    /// Opens a blob, if it is there.
    async fn open(&self, id: Uuid) -> Result<Option<Box<dyn BlobReader>>, BlobError>;
    /// Deletes a blob.
    async fn delete(&self, id: Uuid) -> Result<(), BlobError>;
}
