//! The interceptor of a House: its authority on disk, and its listener.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use axum::http::Uri;
use hallway_platform::ports::Clock;
use hallway_server::courier::Reach;
use hallway_server::intercept::{self, Authority, Interception, Passing, known, make_key};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::house::{Data, write_private};

/// The authority's certificate in the data directory. Anybody may have it.
pub const CERTIFICATE_FILE: &str = "intercept-ca.pem";

/// The authority's key beside it. Nobody else may have it.
pub const KEY_FILE: &str = "intercept-ca.key";

/// Settings of the interceptor.
#[derive(Clone, Debug)]
pub struct Intercept {
    pub listen: SocketAddr,
    /// Hosts that are passed on untouched.
    pub passing: Vec<Passing>,
}

/// What the interceptor takes from its House.
pub(crate) struct Surroundings {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) reach: Reach,
    pub(crate) public_url: Arc<str>,
    pub(crate) places: Arc<Semaphore>,
}

/// An interceptor that listens and does not answer yet.
pub(crate) struct Interceptor {
    pub(crate) listener: TcpListener,
    pub(crate) interception: Interception,
    /// `http://host:port`, as clients name a proxy.
    pub(crate) url: String,
}

impl Interceptor {
    /// Listens, and reads the authority or makes one.
    pub(crate) async fn open(settings: &Intercept, data: &Data, around: Surroundings) -> Result<Self> {
        let listener = TcpListener::bind(settings.listen)
            .await
            .with_context(|| format!("listening on {} (--intercept)", settings.listen))?;
        let address = listener.local_addr().context("asking for the address")?;
        let authority = match data {
            Data::Ephemeral => Authority::make(&make_key()?, around.clock.now())?,
            Data::Dir(dir) => open_authority(dir, around.clock.as_ref())?,
        };
        let interception = Interception {
            authority: Arc::new(authority),
            passing: settings.passing.clone().into(),
            reach: around.reach,
            clock: around.clock,
            public_url: around.public_url,
            places: around.places,
        };
        let host = if address.ip().is_unspecified() {
            SocketAddr::from(([127, 0, 0, 1], address.port()))
        } else {
            address
        };
        Ok(Self {
            listener,
            interception,
            url: format!("http://{host}"),
        })
    }
}

/// Whether a URL names a host that the interceptor answers for: then it leads to this Hallway only through it.
pub(crate) fn is_intercepted(url: &str) -> bool {
    let uri: Option<Uri> = url.parse().ok();
    uri.is_some_and(|uri| uri.host().is_some_and(|host| known(host).is_some()))
}

/// The authority of a data directory; made at the first use.
fn open_authority(dir: &Path, clock: &dyn Clock) -> Result<Authority> {
    let (certificate_file, key_file) = (dir.join(CERTIFICATE_FILE), dir.join(KEY_FILE));
    let key = match read(&key_file)? {
        Some(key) => key,
        None => {
            let key = make_key()?;
            write_private(&key_file, key.as_bytes())?;
            // What another key had signed for is of no use any more.
            let authority = Authority::make(&key, clock.now())?;
            write_private(&certificate_file, authority.pem().as_bytes())?;
            return Ok(authority);
        }
    };
    let Some(certificate) = read(&certificate_file)? else {
        // A start that was cut short between the two files.
        let authority = Authority::make(&key, clock.now())?;
        write_private(&certificate_file, authority.pem().as_bytes())?;
        return Ok(authority);
    };
    Authority::read(&certificate, &key, clock.now()).with_context(|| {
        format!(
            "using the certificate authority in {} and {KEY_FILE} beside it (remove both for a new one, which \
             clients must then be told to trust)",
            certificate_file.display()
        )
    })
}

fn read(path: &Path) -> Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
    }
}

/// Answers until `stop`.
pub(crate) use intercept::serve;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use hallway_wire::Timestamp;

    use super::*;

    struct At(i64);

    impl Clock for At {
        fn now(&self) -> Timestamp {
            Timestamp(self.0)
        }
    }

    const NOW: At = At(1_772_600_767_089);

    #[test]
    fn the_authority_is_made_once_and_its_key_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let made = open_authority(dir.path(), &NOW).unwrap().pem().to_owned();
        assert_eq!(open_authority(dir.path(), &NOW).unwrap().pem(), made);
        let key = std::fs::metadata(dir.path().join(KEY_FILE)).unwrap();
        assert_eq!(key.permissions().mode() & 0o777, 0o600);
        let certificate = std::fs::read_to_string(dir.path().join(CERTIFICATE_FILE)).unwrap();
        assert_eq!(certificate, made);
        assert!(!certificate.contains("PRIVATE KEY"));
    }

    #[test]
    fn a_start_that_was_cut_short_is_made_good() {
        let dir = tempfile::tempdir().unwrap();
        let first = open_authority(dir.path(), &NOW).unwrap().pem().to_owned();
        std::fs::remove_file(dir.path().join(CERTIFICATE_FILE)).unwrap();
        open_authority(dir.path(), &NOW).unwrap();
        // Without the key a new authority begins.
        std::fs::remove_file(dir.path().join(KEY_FILE)).unwrap();
        let new = open_authority(dir.path(), &NOW).unwrap().pem().to_owned();
        assert_ne!(new, first);
        assert_eq!(open_authority(dir.path(), &NOW).unwrap().pem(), new);
    }

    #[test]
    fn an_authority_that_is_too_old_is_not_used() {
        let dir = tempfile::tempdir().unwrap();
        open_authority(dir.path(), &NOW).unwrap();
        let late = At(NOW.0 + 6 * 365 * 24 * 3600 * 1000);
        let error = open_authority(dir.path(), &late).err().unwrap();
        let said = format!("{error:#}");
        assert!(
            said.contains(CERTIFICATE_FILE) && said.contains("has ended"),
            "{said}"
        );
    }

    #[test]
    fn urls_of_intercepted_hosts_are_told_from_others() {
        assert!(is_intercepted("https://webexapis.com"));
        assert!(is_intercepted("https://WEBEXAPIS.com:443/v1"));
        assert!(!is_intercepted("http://127.0.0.1:8080"));
        assert!(!is_intercepted("https://hallway.example"));
        assert!(!is_intercepted("nonsense"));
    }
}
