//! Activation codes and the JWTs of actions: taken apart and verified (workspace-integrations 6).
//!
//! There are no `exp`, `iss` and `aud`: a code has an expiry time of its own, an action is good for five minutes,
//! and each `jti` is taken once.

mod claims;
mod keys;

pub(crate) use claims::readable;
pub use claims::{Claims, Said};
pub use keys::{KeySource, Keys};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;

/// Why an activation code, or the JWT of an action, was refused. Nothing in it was acted upon.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodeError {
    /// It is not three parts of base64url with JSON in them.
    #[error("it is no JWT")]
    Shape,
    /// It is signed in a way that the protocol does not have.
    #[error("it is signed with {0}, not with ES256")]
    Algorithm(String),
    /// It does not say with which key it is signed, or there is none of that name.
    #[error("its key `{0}` is not among those of its region")]
    UnknownKey(String),
    /// The signature does not belong to it.
    #[error("its signature is wrong")]
    Signature,
    /// A claim is missing or unreadable.
    #[error("its claims cannot be read: {0}")]
    Claims(String),
    /// It says something else than what it was used for.
    #[error("it is for the action `{found}`, not `{expected}`")]
    Action {
        /// What was needed.
        expected: &'static str,
        /// What it says.
        found: String,
    },
    /// It is too old, or was made in the future.
    #[error("it is not good any more, or not yet: check the clock, or ask for a new one")]
    Time,
    /// It was taken before.
    #[error("it was used before")]
    Replayed,
    /// It is meant for another integration or organization.
    #[error("it is meant for another {0}")]
    Foreign(&'static str),
}

/// The header of a JWS.
#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
}

/// A JWT in parts, its signature not checked yet.
pub(crate) struct Parts<'a> {
    signed: &'a str,
    signature: Vec<u8>,
    pub(crate) kid: String,
    claims: Value,
}

impl<'a> Parts<'a> {
    /// Takes a JWT apart. Blanks around it, as they come with copying by hand, do not matter.
    pub(crate) fn of(text: &'a str) -> Result<Self, CodeError> {
        let text = text.trim();
        if text.len() > 64 * 1024 {
            return Err(CodeError::Shape);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(CodeError::Shape)?;
        let (header, claims) = signed.split_once('.').ok_or(CodeError::Shape)?;
        let read = |part: &str| {
            URL_SAFE_NO_PAD
                .decode(part.trim_end_matches('='))
                .map_err(|_| CodeError::Shape)
        };
        let header: Header = serde_json::from_slice(&read(header)?).map_err(|_| CodeError::Shape)?;
        if header.alg != "ES256" {
            return Err(CodeError::Algorithm(header.alg.chars().take(16).collect()));
        }
        Ok(Self {
            signed,
            signature: read(signature)?,
            kid: header.kid.ok_or_else(|| CodeError::UnknownKey(String::new()))?,
            claims: serde_json::from_slice(&read(claims)?).map_err(|_| CodeError::Shape)?,
        })
    }

    /// The region that it says it comes from, which only decides where its key is looked for.
    pub(crate) fn region(&self) -> Option<&str> {
        self.claims.get("region")?.as_str()
    }

    /// Checks the signature with a public key: an uncompressed point of P-256.
    pub(crate) fn verify(self, point: &[u8]) -> Result<Claims, CodeError> {
        ring::signature::UnparsedPublicKey::new(&ring::signature::ECDSA_P256_SHA256_FIXED, point)
            .verify(self.signed.as_bytes(), &self.signature)
            .map_err(|_| CodeError::Signature)?;
        self.unverified()
    }

    /// The claims as they are.
    pub(crate) fn unverified(self) -> Result<Claims, CodeError> {
        serde_json::from_value(self.claims).map_err(|error| CodeError::Claims(error.to_string()))
    }
}

/// Signs JWTs in tests.
#[cfg(test)]
pub(crate) mod signing {
    use super::*;
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};

    pub(crate) struct Signer {
        pair: EcdsaKeyPair,
        pub(crate) kid: String,
    }

    impl Signer {
        pub(crate) fn new() -> Self {
            let random = SystemRandom::new();
            let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
            let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random);
            Self {
                pair: pair.unwrap(),
                kid: "k1".to_owned(),
            }
        }

        pub(crate) fn jwks(&self) -> Value {
            let point = self.pair.public_key().as_ref();
            let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
            serde_json::json!({ "keys": [{
                "kty": "EC", "use": "sig", "crv": "P-256", "kid": self.kid, "key_ops": ["verify"], "alg": "ES256",
                "x": part(&point[1..33]), "y": part(&point[33..65]),
            }] })
        }

        pub(crate) fn sign(&self, claims: &Value) -> String {
            let header = serde_json::json!({ "kid": self.kid, "typ": "JWT", "alg": "ES256" }).to_string();
            let signed = format!(
                "{}.{}",
                URL_SAFE_NO_PAD.encode(header),
                URL_SAFE_NO_PAD.encode(claims.to_string())
            );
            let signature = self.pair.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
            format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
        }
    }
}
