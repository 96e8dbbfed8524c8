//! Signatures of webhooks: HMAC-SHA1 of the exact bytes, in lower-case hex (webhooks 5.2).

use hallway_wire::Secret;
use http::HeaderMap;
use ring::hmac;

/// The header that carries the signature.
pub(crate) const HEADER: &str = "x-spark-signature";

/// Checks a signature, in a time that does not tell where it is wrong.
pub(crate) fn is_good(secret: &Secret, headers: &HeaderMap, body: &[u8]) -> bool {
    let Some(given) = headers.get(HEADER).and_then(|value| unhex(value.as_bytes())) else {
        return false;
    };
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.expose().as_bytes());
    hmac::verify(&key, body, &given).is_ok()
}

fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    if text.len() != 40 {
        return None;
    }
    let pairs = text
        .chunks_exact(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    pairs.collect()
}

/// What the service would sign with.
#[cfg(test)]
pub(crate) fn sign(secret: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes());
    let tag = hmac::sign(&key, body);
    tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 2202, case 2.
    #[test]
    fn as_everybody_computes_it() {
        let body = b"what do ya want for nothing?";
        assert_eq!(sign("Jefe", body), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, sign("Jefe", body).parse().unwrap());
        assert!(is_good(&Secret::new("Jefe"), &headers, body));
        assert!(!is_good(&Secret::new("Jeff"), &headers, body));
        assert!(!is_good(
            &Secret::new("Jefe"),
            &headers,
            b"what do ya want for nothing!"
        ));
        for bad in ["", "zz", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c7"] {
            headers.insert(HEADER, bad.parse().unwrap());
            assert!(!is_good(&Secret::new("Jefe"), &headers, body), "{bad}");
        }
        assert!(!is_good(&Secret::new("Jefe"), &HeaderMap::new(), body));
    }
}
