//! Tokens in files that nobody else can read.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use hallway_wire::Secret;
use uuid::Uuid;

use super::store::{StoreError, TokenStore};

/// Keeps each text in a file of its own, readable by its owner only (0600, in a folder with 0700).
///
/// A text is written beside the old one, brought to the disk, and then put in its place: at each moment the old
/// or the new one is there, whole.
///
/// ```no_run
/// use hallway_sdk::tokens::FileStore;
///
/// let store = FileStore::new("/var/lib/room-lights/tokens");
/// ```
#[derive(Clone, Debug)]
pub struct FileStore(PathBuf);

impl FileStore {
    /// Keeps texts in this folder, which is made when it is needed.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }

    /// The file of a name. Names are escaped, so each name has a file of its own inside the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        let safe = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
        self.0.join(format!("{safe}.json"))
    }

    async fn aside<T: Send + 'static>(
        &self,
        doing: &'static str,
        name: &str,
        work: impl FnOnce(&Path, &Path) -> io::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (folder, path) = (self.0.clone(), self.path(name));
        let shown = path.display().to_string();
        let done = tokio::task::spawn_blocking(move || work(&folder, &path)).await;
        let failed = |error: io::Error| StoreError::new(format!("{doing} {shown}"), error);
        done.map_err(|error| failed(io::Error::other(error)))?
            .map_err(failed)
    }
}

#[async_trait]
impl TokenStore for FileStore {
    async fn load(&self, name: &str) -> Result<Option<Secret>, StoreError> {
        self.aside("reading", name, |_, path| match fs::read_to_string(path) {
            Ok(text) => Ok(Some(Secret::new(text))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        })
        .await
    }

    async fn save(&self, name: &str, text: &Secret) -> Result<(), StoreError> {
        let text = text.clone();
        self.aside("writing", name, move |folder, path| {
            replace(folder, path, text.expose())
        })
        .await
    }

    async fn remove(&self, name: &str) -> Result<(), StoreError> {
        self.aside("removing", name, |folder, path| match fs::remove_file(path) {
            Ok(()) => sync_folder(folder),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        })
        .await
    }
}

fn replace(folder: &Path, path: &Path, text: &str) -> io::Result<()> {
    make_folder(folder)?;
    let beside = folder.join(format!(".{}.part", Uuid::new_v4()));
    let written = write_new(&beside, text).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // What remains of it would only lie about; that it cannot be removed changes nothing.
        let _ = fs::remove_file(&beside);
    }
    written?;
    sync_folder(folder)
}

fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Brings the renaming to the disk, where the system can.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn keeps_replaces_and_forgets() {
        let folder = tempfile::tempdir().unwrap();
        let store = FileStore::new(folder.path().join("deep/tokens"));
        assert_eq!(store.load("a").await.unwrap(), None);
        store.save("a", &Secret::new("one")).await.unwrap();
        store.save("a", &Secret::new("two")).await.unwrap();
        store.save("../a", &Secret::new("other")).await.unwrap();
        assert_eq!(store.load("a").await.unwrap(), Some(Secret::new("two")));
        assert_eq!(store.load("../a").await.unwrap(), Some(Secret::new("other")));
        let files: Vec<_> = fs::read_dir(folder.path().join("deep/tokens")).unwrap().collect();
        assert_eq!(files.len(), 2, "nothing else lies about: {files:?}");
        #[cfg(unix)]
        for file in files {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(
                file.unwrap().metadata().unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
        store.remove("a").await.unwrap();
        store.remove("a").await.unwrap();
        assert_eq!(store.load("a").await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_failure_names_the_file_and_keeps_the_old_text() {
        let folder = tempfile::tempdir().unwrap();
        let blocked = folder.path().join("file");
        fs::write(&blocked, "x").unwrap();
        let store = FileStore::new(&blocked);
        let error = store.save("a", &Secret::new("hidden")).await.unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("writing") && text.contains("a.json") && !text.contains("hidden"),
            "{text}"
        );
    }
}
