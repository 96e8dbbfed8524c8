//! Hashes, sealed secrets, random texts, and the keys that sign what integrations receive.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hallway_wire::claims::Jwk;
use hallway_wire::{Secret, Timestamp};
use rand::RngCore as _;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, UnparsedPublicKey,
};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// SHA-256.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
    hash
}

/// Whether two hashes are equal, in a time that does not depend on where they differ.
pub fn same_hash(a: &[u8; 32], b: &[u8; 32]) -> bool {
    use subtle::ConstantTimeEq as _;
    a.ct_eq(b).into()
}

/// Random bytes.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}

/// A random text of letters and digits with about 190 bits.
pub fn random_text() -> String {
    const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut text = String::with_capacity(32);
    while text.len() < 32 {
        for byte in random::<32>() {
            // 248 = 4 * 62: bytes above would make some letters likelier than others.
            if byte < 248 && text.len() < 32 {
                text.push(char::from(ALPHABET[usize::from(byte % 62)]));
            }
        }
    }
    text
}

/// A `jti`: base64 of 16 random bytes, padded.
pub fn random_jti() -> String {
    STANDARD.encode(random::<16>())
}

/// A secret at rest: encrypted with the key of this Hallway.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(String);

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed(***)")
    }
}

/// The key that seals secrets at rest.
pub struct Vault(LessSafeKey);

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(***)")
    }
}

impl Vault {
    /// A vault with this key.
    pub fn new(key: &[u8; 32]) -> Self {
        let key = UnboundKey::new(&AES_256_GCM, key).expect("AES-256 takes 32 bytes");
        Self(LessSafeKey::new(key))
    }

    /// Seals a secret.
    pub fn seal(&self, secret: &str) -> Sealed {
        let nonce = random::<NONCE_LEN>();
        let mut bytes = secret.as_bytes().to_vec();
        self.0
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut bytes)
            .expect("a secret is far below the limit of the cipher");
        Sealed(STANDARD.encode([nonce.as_slice(), &bytes].concat()))
    }

    /// Opens a text that may be a sealed secret: one that this key did not seal is none.
    pub(crate) fn open_text(&self, text: &str) -> Option<Secret> {
        // Nonce and tag alone are so long.
        const SHORTEST: usize = 40;
        if text.len() < SHORTEST || !text.len().is_multiple_of(4) {
            return None;
        }
        self.open(&Sealed(text.to_owned())).ok()
    }

    /// Opens a sealed secret.
    ///
    /// # Errors
    /// It was sealed by another key, or damaged.
    pub fn open(&self, sealed: &Sealed) -> Result<Secret> {
        let broken =
            || Error::Internal("a stored secret cannot be opened: was secret.key replaced?".to_owned());
        let bytes = STANDARD.decode(&sealed.0).map_err(|_| broken())?;
        let (nonce, rest) = bytes.split_first_chunk::<NONCE_LEN>().ok_or_else(broken)?;
        let mut rest = rest.to_vec();
        let open = self
            .0
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::empty(), &mut rest)
            .map_err(|_| broken())?;
        Ok(Secret::new(std::str::from_utf8(open).map_err(|_| broken())?))
    }
}

/// A signing key at rest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigningKeyRecord {
    /// 24 characters.
    pub kid: String,
    /// PKCS#8, base64, sealed.
    pub pkcs8: Sealed,
    pub created: Timestamp,
    /// When it became the one that signs; `None`: published, but not used yet.
    pub used_since: Option<Timestamp>,
}

/// A key pair that signs ES256. The key is parsed once, not at each signature.
pub struct SigningKey {
    pub kid: String,
    pair: EcdsaKeyPair,
    random: SystemRandom,
    header: String,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.kid)
    }
}

impl SigningKey {
    /// A new key, and what to store of it.
    ///
    /// # Errors
    /// The system gave no randomness.
    pub fn generate(vault: &Vault, now: Timestamp) -> Result<SigningKeyRecord> {
        let fault = |_| Error::Internal("no key could be generated".to_owned());
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
            .map_err(fault)?;
        Ok(SigningKeyRecord {
            kid: URL_SAFE_NO_PAD.encode(random::<18>()),
            pkcs8: vault.seal(&STANDARD.encode(pkcs8.as_ref())),
            created: now,
            used_since: None,
        })
    }

    /// Opens a stored key.
    ///
    /// # Errors
    /// It cannot be opened or is no key.
    pub fn open(record: &SigningKeyRecord, vault: &Vault) -> Result<Self> {
        let broken = || Error::Internal(format!("the signing key {} is damaged", record.kid));
        let pkcs8 = STANDARD
            .decode(vault.open(&record.pkcs8)?.expose())
            .map_err(|_| broken())?;
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8, &random)
            .map_err(|_| broken())?;
        let header = format!(r#"{{"kid":"{}","typ":"JWT","alg":"ES256"}}"#, record.kid);
        Ok(Self {
            kid: record.kid.clone(),
            pair,
            random,
            header: URL_SAFE_NO_PAD.encode(header),
        })
    }

    /// A compact JWS over claims.
    ///
    /// # Errors
    /// The system gave no randomness.
    pub fn sign(&self, claims: &impl Serialize) -> Result<String> {
        let claims = serde_json::to_vec(claims).map_err(|error| Error::Internal(error.to_string()))?;
        let mut jws = String::with_capacity(self.header.len() + claims.len() * 4 / 3 + 96);
        jws.push_str(&self.header);
        jws.push('.');
        URL_SAFE_NO_PAD.encode_string(&claims, &mut jws);
        let signature = self
            .pair
            .sign(&self.random, jws.as_bytes())
            .map_err(|_| Error::Internal("signing failed".to_owned()))?;
        jws.push('.');
        URL_SAFE_NO_PAD.encode_string(signature.as_ref(), &mut jws);
        Ok(jws)
    }

    /// The public half.
    pub fn jwk(&self) -> Jwk {
        let point = self.pair.public_key().as_ref();
        // Uncompressed point: 0x04, x, y.
        let (x, y) = point[1..].split_at(32);
        Jwk {
            kty: "EC".to_owned(),
            usage: "sig".to_owned(),
            crv: "P-256".to_owned(),
            kid: self.kid.clone(),
            key_ops: vec!["verify".to_owned()],
            x: URL_SAFE_NO_PAD.encode(x),
            y: URL_SAFE_NO_PAD.encode(y),
            alg: "ES256".to_owned(),
        }
    }
}

/// Verifies a compact ES256 JWS against published keys, and returns its claims as JSON text.
///
/// # Errors
/// A sentence that says what is wrong with it.
pub fn verify_jws(jws: &str, keys: &[Jwk]) -> std::result::Result<Vec<u8>, String> {
    #[derive(Deserialize)]
    struct Header {
        alg: String,
        kid: Option<String>,
    }
    let mut parts = jws.trim().split('.');
    let (Some(header), Some(claims), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err("not a compact JWS: it needs three parts joined by dots".to_owned());
    };
    let decode = |part: &str, what: &str| {
        URL_SAFE_NO_PAD
            .decode(part)
            .map_err(|_| format!("the {what} is not base64url without padding"))
    };
    let parsed: Header = serde_json::from_slice(&decode(header, "header")?)
        .map_err(|error| format!("the header is not JSON: {error}"))?;
    if parsed.alg != "ES256" {
        return Err(format!("the algorithm is {}, only ES256 is accepted", parsed.alg));
    }
    let kid = parsed.kid.ok_or("the header names no key (kid)")?;
    let key = keys
        .iter()
        .find(|key| key.kid == kid)
        .ok_or_else(|| format!("no published key has the id {kid}"))?;
    let mut point = vec![4];
    point.extend(decode(&key.x, "key")?);
    point.extend(decode(&key.y, "key")?);
    let signed = &jws.trim()[..header.len() + 1 + claims.len()];
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &point)
        .verify(signed.as_bytes(), &decode(signature, "signature")?)
        .map_err(|_| format!("the signature was not made by the key {kid}"))?;
    decode(claims, "payload")
}

/// Lower-case hex of HMAC-SHA1, the signature of webhooks.
pub fn hmac_sha1_hex(key: &ring::hmac::Key, body: &[u8]) -> String {
    hmac_hex(key, body)
}

/// Lower-case hex of the HMAC of a key's algorithm.
pub fn hmac_hex(key: &ring::hmac::Key, body: &[u8]) -> String {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let tag = ring::hmac::sign(key, body);
    let mut text = String::with_capacity(tag.as_ref().len() * 2);
    for byte in tag.as_ref() {
        text.push(char::from(HEX[usize::from(byte >> 4)]));
        text.push(char::from(HEX[usize::from(byte & 15)]));
    }
    text
}

/// The key of a webhook's signature.
pub fn hmac_key(secret: &Secret) -> ring::hmac::Key {
    ring::hmac::Key::new(
        ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        secret.expose().as_bytes(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealed_secrets_open_only_with_their_key() {
        let vault = Vault::new(&[7; 32]);
        let sealed = vault.seal("a secret of twenty characters");
        assert_eq!(
            vault.open(&sealed).unwrap().expose(),
            "a secret of twenty characters"
        );
        assert!(Vault::new(&[8; 32]).open(&sealed).is_err());
        assert!(!serde_json::to_string(&sealed).unwrap().contains("secret"));
    }

    #[test]
    fn signatures_verify_against_the_published_key() {
        let vault = Vault::new(&[7; 32]);
        let record = SigningKey::generate(&vault, Timestamp(0)).unwrap();
        assert_eq!(record.kid.len(), 24);
        let key = SigningKey::open(&record, &vault).unwrap();
        let jws = key.sign(&serde_json::json!({"sub": "x"})).unwrap();
        assert_eq!(verify_jws(&jws, &[key.jwk()]).unwrap(), br#"{"sub":"x"}"#);
        let other = SigningKey::open(&SigningKey::generate(&vault, Timestamp(0)).unwrap(), &vault).unwrap();
        let mut forged = other.jwk();
        forged.kid = key.kid.clone();
        assert!(verify_jws(&jws, &[forged]).unwrap_err().contains("signature"));
        assert!(verify_jws(&jws, &[]).unwrap_err().contains("no published key"));
        assert!(verify_jws("a.b", &[]).is_err());
    }

    /// RFC 2202, case 2.
    #[test]
    fn hmac_sha1_matches_the_rfc() {
        let key = hmac_key(&Secret::new("Jefe"));
        assert_eq!(
            hmac_sha1_hex(&key, b"what do ya want for nothing?"),
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"
        );
    }
}
