//! The local certificate authority: it can vouch for the hosts of the list and for nothing else.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hallway_wire::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, date_time_ymd,
};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::{RootCertStore, ServerConfig};

use super::hosts::HOSTS;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// How long the authority is good. Clients are told to trust its file, so it is not short.
const AUTHORITY_LIFE: Duration = Duration::from_secs(5 * 365 * 24 * 3600);

/// How long a certificate of a host is good. It lives in memory only, and is made anew at half of it.
const LEAF_LIFE: Duration = Duration::from_secs(7 * 24 * 3600);

/// Why there is no authority.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    #[error("the certificate authority's key cannot be read")]
    Key,
    #[error("the certificate authority's certificate is not PEM")]
    Certificate,
    #[error("the certificate authority's certificate has ended")]
    Ended,
    /// Another key, or other hosts.
    #[error("the certificate authority does not vouch for {host}: {why}")]
    DoesNotVouch { host: &'static str, why: String },
    #[error("a certificate could not be made")]
    Make(#[from] rcgen::Error),
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
}

/// A certificate authority with its key, and the certificates that it has made in this process.
#[expect(missing_debug_implementations, reason = "it holds a key")]
pub struct Authority {
    certificate: CertificateDer<'static>,
    pem: String,
    issuer: Issuer<'static, KeyPair>,
    /// At most one for each host of the list.
    leaves: Mutex<HashMap<&'static str, Leaf>>,
}

#[derive(Clone)]
struct Leaf {
    config: Arc<ServerConfig>,
    renew: Timestamp,
}

/// Makes a key for an authority, as PEM. It must be kept where only its owner can read it.
///
/// # Errors
/// The machine has no randomness.
pub fn make_key() -> Result<String, AuthorityError> {
    Ok(pem("PRIVATE KEY", &KeyPair::generate()?.serialize_der()))
}

impl Authority {
    /// A new authority for a key that [`make_key`] made.
    ///
    /// # Errors
    /// The key cannot be read.
    pub fn make(key_pem: &str, now: Timestamp) -> Result<Self, AuthorityError> {
        let key = read_key(key_pem)?;
        let params = authority_params(&key, now);
        let certificate = params.self_signed(&key)?;
        Ok(Self {
            certificate: certificate.der().clone(),
            pem: pem("CERTIFICATE", certificate.der()),
            issuer: Issuer::new(params, key),
            leaves: Mutex::default(),
        })
    }

    /// An authority that was made before.
    ///
    /// # Errors
    /// It cannot be read, or clients would not believe what it signs now.
    pub fn read(certificate_pem: &str, key_pem: &str, now: Timestamp) -> Result<Self, AuthorityError> {
        let certificate = CertificateDer::from_pem_slice(certificate_pem.as_bytes())
            .map_err(|_| AuthorityError::Certificate)?;
        let key = read_key(key_pem)?;
        let authority = Self {
            certificate,
            pem: certificate_pem.to_owned(),
            issuer: Issuer::new(authority_params(&key, now), key),
            leaves: Mutex::default(),
        };
        authority.check(now)?;
        Ok(authority)
    }

    /// The certificate, which is no secret.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// Checks as a client does that what is signed for each host is believed.
    fn check(&self, now: Timestamp) -> Result<(), AuthorityError> {
        // Some clients do not look at how long a root is good, the verifier below among them; others do.
        let end = not_after(&self.certificate).ok_or(AuthorityError::Certificate)?;
        if since_epoch(now) > end {
            return Err(AuthorityError::Ended);
        }
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone())?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .map_err(|error| rustls::Error::General(error.to_string()))?;
        let at = UnixTime::since_unix_epoch(since_epoch(now));
        for host in HOSTS {
            let (leaf, _) = self.sign(host, now)?;
            let name = ServerName::try_from(*host).map_err(|_| AuthorityError::Certificate)?;
            let verified = verifier.verify_server_cert(&leaf, &[], &name, &[], at);
            verified.map_err(|error| AuthorityError::DoesNotVouch {
                host,
                why: error.to_string(),
            })?;
        }
        Ok(())
    }

    /// How to speak TLS as a host.
    ///
    /// # Errors
    /// A certificate could not be made.
    pub(super) fn speak_as(
        &self,
        host: &'static str,
        now: Timestamp,
    ) -> Result<Arc<ServerConfig>, AuthorityError> {
        let mut leaves = self.leaves.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(leaf) = leaves.get(host).filter(|leaf| now < leaf.renew) {
            return Ok(Arc::clone(&leaf.config));
        }
        let (certificate, key) = self.sign(host, now)?;
        let config = Arc::new(server_config(certificate, key)?);
        let half = i64::try_from((LEAF_LIFE / 2).as_millis()).unwrap_or_default();
        let leaf = Leaf {
            config: Arc::clone(&config),
            renew: Timestamp(now.0.saturating_add(half)),
        };
        leaves.insert(host, leaf);
        Ok(config)
    }

    /// Signs a certificate with a key of its own for a host.
    fn sign(
        &self,
        host: &str,
        now: Timestamp,
    ) -> Result<(CertificateDer<'static>, PrivateKeyDer<'static>), AuthorityError> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new([host.to_owned()])?;
        params.distinguished_name = named(host);
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        set_life(&mut params, now, LEAF_LIFE);
        let certificate = params.signed_by(&key, &self.issuer)?;
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        Ok((certificate.der().clone(), key))
    }
}

fn read_key(key_pem: &str) -> Result<KeyPair, AuthorityError> {
    let key = PrivatePkcs8KeyDer::from_pem_slice(key_pem.as_bytes()).map_err(|_| AuthorityError::Key)?;
    KeyPair::try_from(&key).map_err(|_| AuthorityError::Key)
}

/// Bytes in the text form of certificates and keys (RFC 7468).
fn pem(label: &str, der: &[u8]) -> String {
    let encoded = STANDARD.encode(der);
    let mut text = format!("-----BEGIN {label}-----\n");
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

/// What an authority with this key looks like. Its name follows from the key, so that two authorities are
/// never taken for each other, and so that it can be signed for without reading its certificate.
fn authority_params(key: &KeyPair, now: Timestamp) -> CertificateParams {
    use std::fmt::Write as _;
    let digest = ring::digest::digest(&ring::digest::SHA256, key.public_key_raw());
    let mut name = "Hallway local authority ".to_owned();
    for byte in digest.as_ref().iter().take(4) {
        // Writing to a string does not fail.
        let _ = write!(name, "{byte:02x}");
    }
    let mut params = CertificateParams::default();
    params.distinguished_name = named(&name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: HOSTS
            .iter()
            .map(|host| GeneralSubtree::DnsName((*host).to_owned()))
            .collect(),
        // A kind of name that no list mentions would be free: so no address at all.
        excluded_subtrees: vec![
            GeneralSubtree::IpAddress(CidrSubnet::V4([0; 4], [0; 4])),
            GeneralSubtree::IpAddress(CidrSubnet::V6([0; 16], [0; 16])),
        ],
    });
    set_life(&mut params, now, AUTHORITY_LIFE);
    params
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

/// Good from a day ago, since clocks differ.
fn set_life(params: &mut CertificateParams, now: Timestamp, life: Duration) {
    let now = date_time_ymd(1970, 1, 1) + since_epoch(now);
    params.not_before = now - DAY;
    params.not_after = now + life;
}

fn since_epoch(now: Timestamp) -> Duration {
    Duration::from_millis(u64::try_from(now.0).unwrap_or_default())
}

/// When a certificate ends, to the day, as time since 1970 (RFC 5280, 4.1: validity is what follows version,
/// serial number, signature and issuer). `None` where it is no certificate of ours.
fn not_after(certificate: &[u8]) -> Option<Duration> {
    let (certificate, _) = element(certificate)?;
    let (mut signed, _) = element(certificate)?;
    for _ in 0..4 {
        (_, signed) = element(signed)?;
    }
    let (validity, _) = element(signed)?;
    let (_, end) = element(validity)?;
    let (end, _) = element(end)?;
    // `YYMMDDHHMMSSZ`, of this century, which is how times before 2050 are written.
    let two = |at: usize| -> Option<u8> { std::str::from_utf8(end.get(at..at + 2)?).ok()?.parse().ok() };
    let (year, month, day) = (two(0)?, two(2)?, two(4)?);
    if end.len() != 13 || !(1..=12).contains(&month) || day == 0 {
        return None;
    }
    let end = date_time_ymd(2000 + i32::from(year), month, day.min(28));
    u64::try_from(end.unix_timestamp()).ok().map(Duration::from_secs)
}

/// What an element of DER holds, and what follows it.
fn element(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&first, rest) = der.get(1..)?.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81 => (usize::from(*rest.first()?), rest.get(1..)?),
        0x82 => (
            usize::from(u16::from_be_bytes([*rest.first()?, *rest.get(1)?])),
            rest.get(2..)?,
        ),
        _ => return None,
    };
    rest.split_at_checked(length)
}

fn server_config(
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
) -> Result<ServerConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_772_600_767_089);

    fn later(days: i64) -> Timestamp {
        Timestamp(NOW.0 + days * 24 * 3600 * 1000)
    }

    /// Whether a client that trusts the authority believes a certificate that it signed for a name.
    fn believed(authority: &Authority, signed_for: &str, asked_for: &str, at: Timestamp) -> bool {
        let mut roots = RootCertStore::empty();
        roots.add(authority.certificate.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .unwrap();
        let (leaf, _) = authority.sign(signed_for, at).unwrap();
        let name = ServerName::try_from(asked_for).unwrap();
        let at = UnixTime::since_unix_epoch(since_epoch(at));
        verifier.verify_server_cert(&leaf, &[], &name, &[], at).is_ok()
    }

    #[test]
    fn it_vouches_for_the_hosts_of_the_list_and_nothing_else() {
        let authority = Authority::make(&make_key().unwrap(), NOW).unwrap();
        for host in HOSTS {
            assert!(believed(&authority, host, host, NOW), "{host}");
        }
        assert!(!believed(&authority, "webexapis.com", "api.ciscospark.com", NOW));
        for other in [
            "example.com",
            "www.webex.com",
            "wbx2.com",
            "xwebexapis.com",
            "127.0.0.1",
            "::1",
        ] {
            assert!(!believed(&authority, other, other, NOW), "{other}");
        }
    }

    #[test]
    fn what_was_kept_is_the_same_authority() {
        let key = make_key().unwrap();
        let made = Authority::make(&key, NOW).unwrap();
        let read = Authority::read(made.pem(), &key, later(365)).unwrap();
        assert_eq!(read.pem(), made.pem());
        assert_eq!(read.certificate, made.certificate);
        assert!(!made.pem().contains("PRIVATE"));
    }

    #[test]
    fn what_nobody_would_believe_is_refused() {
        let (key, other) = (make_key().unwrap(), make_key().unwrap());
        let made = Authority::make(&key, NOW).unwrap().pem().to_owned();
        let why = |made: &str, key: &str, at| Authority::read(made, key, at).err().unwrap().to_string();
        let ended = AuthorityError::Ended.to_string();
        assert_eq!(why(&made, &key, later(5 * 365 + 1)), ended);
        assert!(why(&made, &other, NOW).contains("does not vouch"), "another key");
        assert!(why("", &key, NOW).contains("not PEM"));
        assert!(why(&made, "", NOW).contains("key cannot be read"));
        let mut few = authority_params(&read_key(&key).unwrap(), NOW);
        few.name_constraints.as_mut().unwrap().permitted_subtrees.pop();
        let few = few.self_signed(&read_key(&key).unwrap()).unwrap();
        let last = HOSTS.last().unwrap();
        let few = pem("CERTIFICATE", few.der());
        assert!(why(&few, &key, NOW).contains(last), "made for fewer hosts");
    }

    #[test]
    fn the_end_of_a_certificate_is_read() {
        let authority = Authority::make(&make_key().unwrap(), NOW).unwrap();
        let end = not_after(&authority.certificate).unwrap();
        let expected = since_epoch(NOW) + AUTHORITY_LIFE;
        assert!(
            end <= expected && expected - end <= 4 * DAY,
            "{end:?} {expected:?}"
        );
        for cut in 0..authority.certificate.len() {
            assert_eq!(not_after(&authority.certificate[..cut]), None);
        }
    }

    #[test]
    fn certificates_are_kept_for_half_their_life() {
        let authority = Authority::make(&make_key().unwrap(), NOW).unwrap();
        let first = authority.speak_as("webexapis.com", NOW).unwrap();
        assert!(Arc::ptr_eq(
            &first,
            &authority.speak_as("webexapis.com", later(3)).unwrap()
        ));
        assert!(!Arc::ptr_eq(
            &first,
            &authority.speak_as("xapi-a.wbx2.com", NOW).unwrap()
        ));
        assert!(!Arc::ptr_eq(
            &first,
            &authority.speak_as("webexapis.com", later(4)).unwrap()
        ));
        assert_eq!(authority.leaves.lock().unwrap().len(), 2);
    }
}
