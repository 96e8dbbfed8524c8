//! Tokens in the keyring of the system.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use hallway_wire::Secret;
use uuid::Uuid;

use super::store::{StoreError, TokenStore};
use crate::sync::lock;

/// Keeps each text in the keyring of the system: the keychain of macOS, the credential manager of Windows, the
/// Secret Service (GNOME Keyring, KWallet) elsewhere. Needs the feature `keyring`.
///
/// A server without a desktop has no keyring: there every call fails, and a [`FileStore`](super::FileStore) is the
/// one to use.
///
/// Some keyrings take only short texts; Windows ends at 2560 bytes, and what an integration keeps is longer. A text
/// of more than 2000 bytes is therefore kept in several entries: the new ones are written first, then the entry
/// that names them, and then the old ones are removed, so that at each moment the old or the new text is there,
/// whole. Nothing guards against two processes that write at the same time.
///
/// No keyring can be asked what is in it, so the names are kept in an entry of their own.
///
/// ```no_run
/// # async fn example() -> hallway_sdk::Result<()> {
/// use hallway_sdk::Secret;
/// use hallway_sdk::tokens::{KeyringStore, TokenStore as _};
///
/// let store = KeyringStore::new("room-lights");
/// store.save("profile", &Secret::new("the refresh token")).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct KeyringStore(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    entries: Box<dyn Entries>,
    /// One change at a time.
    turn: Mutex<()>,
}

/// The longest text that is kept in one entry, in bytes.
const LONGEST: usize = 2000;
/// What the text of an entry begins with that names others; then a generation and a number follow.
const PARTS: &str = "hallway-parts:";
/// The entry that holds the names. No name has it: theirs begin otherwise.
const NAMES: &str = "names";

/// What a keyring can do.
trait Entries: std::fmt::Debug + Send + Sync + 'static {
    fn get(&self, user: &str) -> Result<Option<String>, keyring::Error>;
    fn set(&self, user: &str, text: &str) -> Result<(), keyring::Error>;
    fn delete(&self, user: &str) -> Result<(), keyring::Error>;
}

/// The entries of a service in the keyring of the system.
#[derive(Debug)]
struct System {
    service: String,
}

impl System {
    fn entry(&self, user: &str) -> Result<keyring::Entry, keyring::Error> {
        // Says why there is no keyring; without this it would say only that there is none.
        if let Err(error) = keyring::Entry::store_status() {
            let text = error.to_string();
            return Err(keyring::Error::NoStorageAccess(text.into()));
        }
        keyring::Entry::new(&self.service, user)
    }
}

impl Entries for System {
    fn get(&self, user: &str) -> Result<Option<String>, keyring::Error> {
        // As bytes: as text some keyrings need two bytes for each character.
        match self.entry(user)?.get_secret() {
            Ok(bytes) => String::from_utf8(bytes)
                .map(Some)
                .map_err(|error| keyring::Error::BadEncoding(error.into_bytes())),
            Err(keyring::Error::NoEntry) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn set(&self, user: &str, text: &str) -> Result<(), keyring::Error> {
        self.entry(user)?.set_secret(text.as_bytes())
    }

    fn delete(&self, user: &str) -> Result<(), keyring::Error> {
        match self.entry(user)?.delete_credential() {
            Ok(()) | Err(keyring::Error::NoEntry) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

impl KeyringStore {
    /// Keeps texts under this service: the name of the program, as people will see it in their keyring.
    pub fn new(service: impl Into<String>) -> Self {
        Self::over(Box::new(System {
            service: service.into(),
        }))
    }

    fn over(entries: Box<dyn Entries>) -> Self {
        Self(Arc::new(Inner {
            entries,
            turn: Mutex::default(),
        }))
    }

    /// Whether there is a keyring that answers: a program may take another store where there is none.
    pub async fn is_there(&self) -> bool {
        self.aside("asking", NAMES, |inner| inner.entries.get(NAMES))
            .await
            .is_ok()
    }

    /// Does something that may wait for the person to unlock the keyring.
    async fn aside<T: Send + 'static>(
        &self,
        doing: &'static str,
        name: &str,
        work: impl FnOnce(&Inner) -> Result<T, keyring::Error> + Send + 'static,
    ) -> Result<T, StoreError> {
        let inner = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || {
            let _turn = lock(&inner.turn);
            work(&inner)
        });
        let doing = || format!("{doing} `{name}` in the keyring");
        let done = done.await.map_err(|error| StoreError::new(doing(), error))?;
        // Some errors hold the bytes that could not be read; their text does not.
        done.map_err(|error| StoreError::new(doing(), error.to_string()))
    }
}

impl Inner {
    /// The text that begins in this entry.
    fn load(&self, head: &str) -> Result<Option<String>, keyring::Error> {
        let Some(text) = self.entries.get(head)? else {
            return Ok(None);
        };
        let Some(parts) = Parts::read(&text) else {
            return Ok(Some(text));
        };
        let mut whole = String::new();
        for part in parts.entries(head) {
            // Only another program can have removed it.
            whole.push_str(&self.entries.get(&part)?.ok_or(keyring::Error::NoEntry)?);
        }
        Ok(Some(whole))
    }

    fn save(&self, head: &str, text: &str) -> Result<(), keyring::Error> {
        let before = self.entries.get(head)?;
        if text.len() <= LONGEST && !text.starts_with(PARTS) {
            self.entries.set(head, text)?;
        } else {
            let pieces = pieces(text);
            let parts = Parts {
                generation: Uuid::new_v4().simple().to_string(),
                count: pieces.len(),
            };
            for (entry, piece) in parts.entries(head).zip(pieces) {
                self.entries.set(&entry, piece)?;
            }
            self.entries.set(head, &parts.text())?;
        }
        self.sweep(head, before.as_deref());
        Ok(())
    }

    fn remove(&self, head: &str) -> Result<(), keyring::Error> {
        let before = self.entries.get(head)?;
        self.entries.delete(head)?;
        self.sweep(head, before.as_deref());
        Ok(())
    }

    /// Removes parts that nothing names any more. What cannot be removed lies about; the text is good all the same.
    fn sweep(&self, head: &str, before: Option<&str>) {
        let parts = before.and_then(Parts::read);
        for entry in parts.iter().flat_map(|parts| parts.entries(head)) {
            if let Err(error) = self.entries.delete(&entry) {
                tracing::warn!(%error, "an old entry of the keyring could not be removed");
            }
        }
    }

    /// The names that something may be kept under.
    fn names(&self) -> Result<Vec<String>, keyring::Error> {
        let text = self.load(NAMES)?.unwrap_or_default();
        Ok(serde_json::from_str(&text).unwrap_or_default())
    }

    /// Changes the names, where there is something to change.
    fn change_names(&self, change: impl FnOnce(&mut Vec<String>)) -> Result<(), keyring::Error> {
        let before = self.names()?;
        let mut names = before.clone();
        change(&mut names);
        if names == before {
            return Ok(());
        }
        // A list of texts can always be written.
        self.save(NAMES, &serde_json::to_string(&names).unwrap_or_default())
    }
}

#[async_trait]
impl TokenStore for KeyringStore {
    async fn load(&self, name: &str) -> Result<Option<Secret>, StoreError> {
        let head = head(name);
        let text = self
            .aside("reading", name, move |inner| inner.load(&head))
            .await?;
        Ok(text.map(Secret::new))
    }

    async fn save(&self, name: &str, text: &Secret) -> Result<(), StoreError> {
        let (new, text) = (name.to_owned(), text.clone());
        self.aside("writing", name, move |inner| {
            // A name without a text does no harm; a text without a name would never be listed.
            inner.change_names(|names| {
                if !names.contains(&new) {
                    names.push(new.clone());
                }
            })?;
            inner.save(&head(&new), text.expose())
        })
        .await
    }

    async fn remove(&self, name: &str) -> Result<(), StoreError> {
        let old = name.to_owned();
        self.aside("removing", name, move |inner| {
            inner.remove(&head(&old))?;
            inner.change_names(|names| names.retain(|name| *name != old))
        })
        .await
    }

    async fn names(&self) -> Result<Vec<String>, StoreError> {
        self.aside("reading", NAMES, |inner| {
            let mut names = inner.names()?;
            let mut there = Vec::new();
            names.sort_unstable();
            for name in names {
                if inner.entries.get(&head(&name))?.is_some() {
                    there.push(name);
                }
            }
            Ok(there)
        })
        .await
    }
}

/// The entry of a name.
fn head(name: &str) -> String {
    format!("text:{name}")
}

/// Cuts a text between characters.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let mut at = rest.len().min(LONGEST);
        while !rest.is_char_boundary(at) {
            at -= 1;
        }
        let (piece, after) = rest.split_at(at);
        pieces.push(piece);
        rest = after;
    }
    pieces
}

/// Where a long text is.
struct Parts {
    generation: String,
    count: usize,
}

impl Parts {
    fn read(text: &str) -> Option<Self> {
        let (generation, count) = text.strip_prefix(PARTS)?.split_once(':')?;
        Some(Self {
            generation: generation.to_owned(),
            count: count.parse().ok()?,
        })
    }

    /// What the head says.
    fn text(&self) -> String {
        format!("{PARTS}{}:{}", self.generation, self.count)
    }

    /// Where the parts are.
    fn entries(&self, head: &str) -> impl Iterator<Item = String> {
        let begin = format!("part:{}:{head}", self.generation);
        (0..self.count).map(move |part| format!("{begin}:{part}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// A keyring that takes short texts only, and breaks when it is told to.
    #[derive(Clone, Debug, Default)]
    struct Short(Arc<Mutex<State>>);

    /// The entries, and how many more can be written.
    type State = (BTreeMap<String, String>, Option<usize>);

    impl Entries for Short {
        fn get(&self, user: &str) -> Result<Option<String>, keyring::Error> {
            Ok(lock(&self.0).0.get(user).cloned())
        }

        fn set(&self, user: &str, text: &str) -> Result<(), keyring::Error> {
            assert!(text.len() <= 2560, "as much as Windows takes");
            let (map, left) = &mut *lock(&self.0);
            if let Some(left) = left {
                if *left == 0 {
                    return Err(keyring::Error::NoStorageAccess("locked".into()));
                }
                *left -= 1;
            }
            map.insert(user.to_owned(), text.to_owned());
            Ok(())
        }

        fn delete(&self, user: &str) -> Result<(), keyring::Error> {
            lock(&self.0).0.remove(user);
            Ok(())
        }
    }

    fn rig() -> (Short, KeyringStore) {
        let short = Short::default();
        (short.clone(), KeyringStore::over(Box::new(short)))
    }

    #[tokio::test]
    async fn long_texts_come_back_whole_and_leave_nothing() {
        let (short, store) = rig();
        // Two bytes each, and an odd limit after the first.
        let long = format!("x{}", "é".repeat(4000));
        let parted = format!("{PARTS}what an author may write");
        for text in ["short", &long, &parted, "", "short again", &long] {
            store.save("a", &Secret::new(text)).await.unwrap();
            assert_eq!(store.load("a").await.unwrap(), Some(Secret::new(text)));
        }
        assert_eq!(lock(&short.0).0.len(), 1 + 1 + 5, "names, head, parts");
        store.save("b", &Secret::new("x")).await.unwrap();
        assert_eq!(store.names().await.unwrap(), ["a", "b"]);
        store.remove("a").await.unwrap();
        store.remove("a").await.unwrap();
        assert_eq!(store.load("a").await.unwrap(), None);
        assert_eq!(store.names().await.unwrap(), ["b"]);
        assert_eq!(lock(&short.0).0.len(), 2);
    }

    #[tokio::test]
    async fn a_write_that_breaks_off_keeps_the_old_text() {
        let (short, store) = rig();
        let (old, new) = ("o".repeat(5000), "n".repeat(5000));
        for writes in 0..=4 {
            lock(&short.0).1 = None;
            store.save("a", &Secret::new(&*old)).await.unwrap();
            lock(&short.0).1 = Some(writes);
            let saved = store.save("a", &Secret::new(&*new)).await;
            let kept = if saved.is_ok() { &new } else { &old };
            assert_eq!(saved.is_ok(), writes == 4);
            assert_eq!(store.load("a").await.unwrap(), Some(Secret::new(&**kept)));
        }
    }

    #[tokio::test]
    async fn an_error_names_what_it_was_about_and_no_secret() {
        let (short, store) = rig();
        lock(&short.0).1 = Some(0);
        let error = store.save("a", &Secret::new("hidden")).await.unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("writing `a` in the keyring") && !text.contains("hidden"),
            "{text}"
        );
    }
}
