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
        self.aside("reading", name, |_, path| read(path)).await
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

    async fn names(&self) -> Result<Vec<String>, StoreError> {
        self.aside("listing", "*", |folder, _| {
            let files = match fs::read_dir(folder) {
                Ok(files) => files,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
                Err(error) => return Err(error),
            };
            let mut names = Vec::new();
            for file in files {
                names.extend(name_of(&file?.file_name()));
            }
            names.sort_unstable();
            Ok(names)
        })
        .await
    }

    async fn replace(&self, name: &str, before: Option<&Secret>, text: &Secret) -> Result<bool, StoreError> {
        let (before, text) = (before.cloned(), text.clone());
        self.aside("writing", name, move |folder, path| {
            let _alone = keep_out(folder)?;
            let same = read(path)? == before;
            if same {
                replace(folder, path, text.expose())?;
            }
            Ok(same)
        })
        .await
    }
}

/// Keeps other processes out as long as it lives. Where the system has no locks, they are not kept out.
fn keep_out(folder: &Path) -> io::Result<Option<File>> {
    make_folder(folder)?;
    let file =
        private(OpenOptions::new().write(true).create(true).truncate(false)).open(folder.join(".lock"))?;
    match file.lock() {
        Ok(()) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(None),
        Err(error) => Err(error),
    }
}

/// Files that nobody else can read.
pub(crate) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

fn read(path: &Path) -> io::Result<Option<Secret>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(Secret::new(text))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The name of a file, where it is one of ours.
fn name_of(file: &std::ffi::OsStr) -> Option<String> {
    let escaped = file.to_str()?.strip_suffix(".json")?;
    let name = percent_encoding::percent_decode_str(escaped).decode_utf8().ok()?;
    Some(name.into_owned()).filter(|_| !escaped.starts_with('.'))
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
    let mut file = private(OpenOptions::new().write(true).create_new(true)).open(path)?;
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
    async fn what_another_process_wrote_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let store = FileStore::new(folder.path().join("tokens"));
        assert!(store.names().await.unwrap().is_empty());
        let secret = |text: &str| Secret::new(text);
        assert!(store.replace("t/a", None, &secret("1")).await.unwrap());
        assert!(!store.replace("t/a", None, &secret("2")).await.unwrap());
        assert!(
            store
                .replace("t/a", Some(&secret("1")), &secret("2"))
                .await
                .unwrap()
        );
        assert!(
            !store
                .replace("t/a", Some(&secret("1")), &secret("3"))
                .await
                .unwrap()
        );
        assert_eq!(store.load("t/a").await.unwrap(), Some(secret("2")));
        // Many at once: each sees what the one before has written.
        let writers = (0..20).map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                loop {
                    let now = store.load("count").await.unwrap();
                    let count: u32 = now.as_ref().map_or(0, |text| text.expose().parse().unwrap());
                    let next = Secret::new((count + 1).to_string());
                    if store.replace("count", now.as_ref(), &next).await.unwrap() {
                        return;
                    }
                }
            })
        });
        futures_util::future::join_all(writers).await;
        assert_eq!(store.load("count").await.unwrap(), Some(secret("20")));
        assert_eq!(store.names().await.unwrap(), ["count", "t/a"]);
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
