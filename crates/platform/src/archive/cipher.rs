//! What is behind the header of an archive with secrets: parts of equal length, each sealed with AES-256-GCM
//! under a key that Argon2id made of the passphrase. A part's nonce holds its number and whether it is the last
//! one, so that none can be left out, repeated or cut off; all of them are bound to the header.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hallway_wire::Secret;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde::{Deserialize, Serialize};

use crate::crypto::{random, sha256};
use crate::error::{Error, Result};

/// Bytes of a part before it is sealed.
const PART: usize = 64 * 1024;
const TAG: usize = 16;
/// Bounds of what a header may ask of this machine.
const MOST_MEMORY_KIB: u32 = 256 * 1024;
const MOST_PASSES: u32 = 10;

/// How the key was made; stands in the header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Parameters {
    kdf: String,
    memory_kib: u32,
    passes: u32,
    salt: String,
    cipher: String,
    prefix: String,
}

impl Parameters {
    /// New ones, as OWASP recommends them.
    pub(super) fn fresh() -> Self {
        Self {
            kdf: "argon2id".to_owned(),
            memory_kib: 47_104,
            passes: 1,
            salt: STANDARD.encode(random::<16>()),
            cipher: "aes-256-gcm".to_owned(),
            prefix: STANDARD.encode(random::<7>()),
        }
    }

    /// The key of a passphrase. It takes a while and a lot of memory, so not on a thread that others wait for.
    pub(super) async fn key(&self, passphrase: &Secret, header: &[u8]) -> Result<Key> {
        let broken =
            |what: &str| Error::invalid(format!("The header of the archive is not in order: {what}."));
        if self.kdf != "argon2id" || self.cipher != "aes-256-gcm" {
            return Err(broken("this encryption is not known here"));
        }
        if self.memory_kib > MOST_MEMORY_KIB || self.passes > MOST_PASSES {
            return Err(broken("its key would take too much memory or time"));
        }
        let decode = |text: &str| STANDARD.decode(text).map_err(|_| broken("bad base64"));
        let salt = decode(&self.salt)?;
        let prefix: [u8; 7] = decode(&self.prefix)?
            .try_into()
            .map_err(|_| broken("the prefix has 7 bytes"))?;
        let params = Params::new(self.memory_kib, self.passes, 1, Some(32))
            .map_err(|error| broken(&error.to_string()))?;
        let passphrase = passphrase.clone();
        let made = tokio::task::spawn_blocking(move || {
            let mut key = [0; 32];
            let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
            argon
                .hash_password_into(passphrase.expose().as_bytes(), &salt, &mut key)
                .map(|()| key)
        });
        let key = made
            .await
            .map_err(|error| Error::Internal(format!("a key could not be made: {error}")))?
            .map_err(|error| broken(&error.to_string()))?;
        let key = UnboundKey::new(&AES_256_GCM, &key).expect("AES-256 takes 32 bytes");
        Ok(Key {
            key: LessSafeKey::new(key),
            prefix,
            header: sha256(header),
        })
    }
}

/// The key of an archive.
#[derive(Clone)]
pub(super) struct Key {
    key: LessSafeKey,
    prefix: [u8; 7],
    header: [u8; 32],
}

impl Key {
    fn nonce(&self, number: u32, last: bool) -> Nonce {
        let mut nonce = [0; NONCE_LEN];
        nonce[..7].copy_from_slice(&self.prefix);
        nonce[7..11].copy_from_slice(&number.to_be_bytes());
        nonce[11] = u8::from(last);
        Nonce::assume_unique_for_key(nonce)
    }
}

/// Seals what comes, part by part.
pub(super) struct Sealing {
    key: Key,
    number: u32,
    waiting: Vec<u8>,
}

impl Sealing {
    pub(super) fn new(key: Key) -> Self {
        Self {
            key,
            number: 0,
            waiting: Vec::new(),
        }
    }

    /// Takes bytes, and appends the parts that are full and not the last.
    pub(super) fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<()> {
        self.waiting.extend_from_slice(bytes);
        while self.waiting.len() > PART {
            let rest = self.waiting.split_off(PART);
            let part = std::mem::replace(&mut self.waiting, rest);
            self.seal(part, false, out)?;
        }
        Ok(())
    }

    /// Appends the last part.
    pub(super) fn finish(mut self, out: &mut Vec<u8>) -> Result<()> {
        let part = std::mem::take(&mut self.waiting);
        self.seal(part, true, out)
    }

    fn seal(&mut self, mut part: Vec<u8>, last: bool, out: &mut Vec<u8>) -> Result<()> {
        let nonce = self.key.nonce(self.number, last);
        self.number = self
            .number
            .checked_add(1)
            .ok_or_else(|| Error::Internal("an archive became too long to be encrypted".to_owned()))?;
        self.key
            .key
            .seal_in_place_append_tag(nonce, Aad::from(self.key.header), &mut part)
            .map_err(|_| Error::Internal("an archive could not be encrypted".to_owned()))?;
        out.extend_from_slice(&part);
        Ok(())
    }
}

/// Opens what comes, part by part.
pub(super) struct Opening {
    key: Key,
    number: u32,
    waiting: Vec<u8>,
}

impl Opening {
    pub(super) fn new(key: Key) -> Self {
        Self {
            key,
            number: 0,
            waiting: Vec::new(),
        }
    }

    /// Takes bytes, and appends what is in the parts that are whole and not the last.
    pub(super) fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<()> {
        self.waiting.extend_from_slice(bytes);
        while self.waiting.len() > PART + TAG {
            let rest = self.waiting.split_off(PART + TAG);
            let part = std::mem::replace(&mut self.waiting, rest);
            self.open(part, false, out)?;
        }
        Ok(())
    }

    /// Appends what is in the last part.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) -> Result<()> {
        let part = std::mem::take(&mut self.waiting);
        self.open(part, true, out)
    }

    fn open(&mut self, mut part: Vec<u8>, last: bool, out: &mut Vec<u8>) -> Result<()> {
        let nonce = self.key.nonce(self.number, last);
        let opened = self
            .key
            .key
            .open_in_place(nonce, Aad::from(self.key.header), &mut part);
        let opened = opened.map_err(|_| {
            Error::invalid(match self.number {
                0 => "The passphrase is wrong, or the archive is damaged at its beginning.",
                _ => "The archive is damaged or was cut off.",
            })
        })?;
        out.extend_from_slice(opened);
        self.number = self.number.saturating_add(1);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn key(passphrase: &str, parameters: &Parameters) -> Key {
        let passphrase = Secret::new(passphrase);
        parameters.key(&passphrase, b"header").await.unwrap()
    }

    #[tokio::test]
    async fn parts_are_whole_in_order_and_complete() {
        let parameters = Parameters {
            memory_kib: 64,
            ..Parameters::fresh()
        };
        let text: Vec<u8> = (0..PART * 2 + 77)
            .map(|at| u8::try_from(at % 251).unwrap())
            .collect();
        let mut sealed = Vec::new();
        let mut sealing = Sealing::new(key("right", &parameters).await);
        for piece in text.chunks(1000) {
            sealing.push(piece, &mut sealed).unwrap();
        }
        sealing.finish(&mut sealed).unwrap();
        assert_eq!(sealed.len(), text.len() + 3 * TAG);
        let open = async |passphrase: &str, bytes: &[u8]| {
            let mut opening = Opening::new(key(passphrase, &parameters).await);
            let mut out = Vec::new();
            for piece in bytes.chunks(777) {
                opening.push(piece, &mut out)?;
            }
            opening.finish(&mut out).map(|()| out)
        };
        assert_eq!(open("right", &sealed).await.unwrap(), text);
        assert!(open("wrong", &sealed).await.is_err());
        let one = PART + TAG;
        assert!(
            open("right", &sealed[..2 * one]).await.is_err(),
            "cut off behind a part"
        );
        assert!(open("right", &sealed[..one]).await.is_err());
        assert!(open("right", &sealed[one..]).await.is_err(), "without the first");
        let swapped = [&sealed[one..2 * one], &sealed[..one], &sealed[2 * one..]].concat();
        assert!(open("right", &swapped).await.is_err());
        let mut flipped = sealed.clone();
        flipped[one + 5] ^= 1;
        assert!(open("right", &flipped).await.is_err());
    }

    #[tokio::test]
    async fn a_header_cannot_ask_for_everything() {
        let greedy = Parameters {
            memory_kib: u32::MAX,
            ..Parameters::fresh()
        };
        assert!(greedy.key(&Secret::new("x"), b"").await.is_err());
    }
}
