//! The public keys that sign, by region (workspace-integrations 6.1).

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{Method, Request, Uri};
use serde::Deserialize;
use tokio::time::Instant;

use super::{Claims, CodeError, Parts};
use crate::client::Transport;
use crate::error::{Context, Error, Result, chain, refusal};
use crate::sync::lock;

/// Where the public keys are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum KeySource {
    /// Where Webex has them for the region that the code names.
    #[default]
    Webex,
    /// At this address: that of a Hallway ends in `/jwks`.
    Url(String),
}

/// Regions of Webex and where their keys are. The second one stands in for regions that are not named.
const REGIONS: [(&str, &str); 5] = [
    ("us-west-2_r", "https://xapi-r.wbx2.com/jwks"),
    ("us-east-2_a", "https://xapi-a.wbx2.com/jwks"),
    ("eu-central-1_k", "https://xapi-k.wbx2.com/jwks"),
    ("us-east-1_int13", "https://xapi-intb.wbx2.com/jwks"),
    ("us-gov-west-1_a1", "https://xapi.gov.ciscospark.com/jwks"),
];

impl KeySource {
    /// The address of the keys for a region.
    pub fn url(&self, region: Option<&str>) -> &str {
        match self {
            Self::Url(url) => url,
            Self::Webex => {
                let known = REGIONS.iter().find(|(name, _)| Some(*name) == region);
                known.unwrap_or(&REGIONS[1]).1
            }
        }
    }
}

/// Public keys, fetched when they are needed and kept.
#[derive(Clone, Debug)]
pub struct Keys(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    source: KeySource,
    transport: Arc<dyn Transport>,
    sets: Mutex<HashMap<String, Set>>,
}

#[derive(Clone, Debug)]
struct Set {
    points: HashMap<String, Vec<u8>>,
    fetched: Instant,
}

/// A set is fetched again for a key that it does not have, but not more often than this: otherwise anybody who
/// posts JWTs with invented keys makes us ask.
const AT_MOST_EVERY: Duration = Duration::from_secs(30);

impl Keys {
    /// Keys from this source.
    pub fn new(source: KeySource, transport: Arc<dyn Transport>) -> Self {
        Self(Arc::new(Inner {
            source,
            transport,
            sets: Mutex::default(),
        }))
    }

    /// Verifies a JWT and reads its claims. Whether it is the right one, and good now, is not checked here.
    ///
    /// # Errors
    /// [`Error::Code`]: it is no JWT of the service. Others: the keys cannot be had.
    pub async fn verify(&self, jwt: &str) -> Result<Claims> {
        let parts = Parts::of(jwt)?;
        let url = self.0.source.url(parts.region()).to_owned();
        if let Some(point) = self.known(&url, &parts.kid) {
            return Ok(parts.verify(&point)?);
        }
        let fresh = lock(&self.0.sets)
            .get(&url)
            .is_some_and(|set| set.fetched.elapsed() < AT_MOST_EVERY);
        if !fresh {
            let points = self.fetch(&url).await?;
            let fetched = Instant::now();
            lock(&self.0.sets).insert(url.clone(), Set { points, fetched });
        }
        let point = self.known(&url, &parts.kid);
        let point = point.ok_or_else(|| CodeError::UnknownKey(parts.kid.chars().take(64).collect()))?;
        Ok(parts.verify(&point)?)
    }

    fn known(&self, url: &str, kid: &str) -> Option<Vec<u8>> {
        lock(&self.0.sets).get(url)?.points.get(kid).cloned()
    }

    async fn fetch(&self, url: &str) -> Result<HashMap<String, Vec<u8>>> {
        let uri: Uri = url
            .parse()
            .map_err(|_| Error::configuration("the address of the public keys is no URL"))?;
        let context = Context::new(&Method::GET, uri.path(), None);
        let mut request = Request::new(Bytes::new());
        *request.uri_mut() = uri;
        let sent = tokio::time::timeout(Duration::from_secs(15), self.0.transport.send(request)).await;
        let answer = match sent {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => {
                return Err(Error::Transport {
                    maybe_arrived: error.maybe_arrived,
                    context: context.say(chain(&*error.source)),
                    source: error.source,
                });
            }
            Err(late) => {
                return Err(Error::Transport {
                    maybe_arrived: true,
                    context: context.say("no public keys within 15 s"),
                    source: Arc::new(late),
                });
            }
        };
        let (head, body) = answer.into_parts();
        if !head.status.is_success() {
            return Err(refusal(context, head.status, &head.headers, &body));
        }
        let set: JwkSet = serde_json::from_slice(&body).map_err(|error| {
            Error::Protocol(context.say(format!("the public keys cannot be read: {error}")))
        })?;
        Ok(set.keys.into_iter().filter_map(Jwk::point).collect())
    }
}

#[derive(Deserialize)]
struct JwkSet {
    keys: Vec<Jwk>,
}

#[derive(Deserialize)]
struct Jwk {
    #[serde(default)]
    kty: String,
    #[serde(default)]
    crv: String,
    #[serde(default)]
    kid: String,
    #[serde(default)]
    x: String,
    #[serde(default)]
    y: String,
}

impl Jwk {
    /// Name and uncompressed point; `None` for keys of other kinds.
    fn point(self) -> Option<(String, Vec<u8>)> {
        if self.kty != "EC" || self.crv != "P-256" || self.kid.is_empty() {
            return None;
        }
        let mut point = vec![4];
        for part in [&self.x, &self.y] {
            let bytes = URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok()?;
            // Leading zeroes may be missing.
            let missing = 32usize.checked_sub(bytes.len())?;
            point.resize(point.len() + missing, 0);
            point.extend(bytes);
        }
        Some((self.kid, point))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Said, signing::Signer};
    use super::*;
    use crate::client::TransportError;
    use http::Response;
    use serde_json::json;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Answers every request with the same body.
    #[derive(Debug)]
    struct Plays(Bytes, AtomicUsize);

    #[async_trait::async_trait]
    impl Transport for Plays {
        async fn send(&self, _: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
            self.1.fetch_add(1, Ordering::Relaxed);
            Ok(Response::new(self.0.clone()))
        }
    }

    fn claims() -> serde_json::Value {
        json!({ "sub": "org", "iat": 1, "jti": "j", "appId": uuid::Uuid::nil(), "action": "deprovision" })
    }

    #[tokio::test(start_paused = true)]
    async fn good_ones_pass_and_bad_ones_do_not() {
        let (signer, stranger) = (Signer::new(), Signer::new());
        let plays = Arc::new(Plays(signer.jwks().to_string().into(), AtomicUsize::new(0)));
        let keys = Keys::new(
            KeySource::Url("http://x/jwks".to_owned()),
            Arc::clone(&plays) as _,
        );
        let good = signer.sign(&claims());
        let read = keys.verify(&format!(" {good}\n")).await.unwrap();
        assert!(matches!(read.said, Said::Deprovision {}));
        let bad = |error: Error| match error {
            Error::Code(error) => error,
            other => panic!("{other}"),
        };
        let forged = stranger.sign(&claims());
        assert_eq!(bad(keys.verify(&forged).await.unwrap_err()), CodeError::Signature);
        let (head, tail) = good.rsplit_once('.').unwrap();
        let other = format!("{}A.{tail}", &head[..head.len() - 1]);
        assert!(keys.verify(&other).await.is_err());
        for text in ["", "a.b.c", "é.é.é", &good[..good.len() - 3]] {
            assert!(keys.verify(text).await.is_err(), "{text}");
        }
        let none = format!(
            "{}.{}.",
            URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#),
            URL_SAFE_NO_PAD.encode("{}")
        );
        assert_eq!(
            bad(keys.verify(&none).await.unwrap_err()),
            CodeError::Algorithm("none".to_owned())
        );
        assert_eq!(plays.1.load(Ordering::Relaxed), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn invented_keys_do_not_make_us_ask() {
        let (signer, mut stranger) = (Signer::new(), Signer::new());
        stranger.kid = "other".to_owned();
        let plays = Arc::new(Plays(signer.jwks().to_string().into(), AtomicUsize::new(0)));
        let keys = Keys::new(
            KeySource::Url("http://x/jwks".to_owned()),
            Arc::clone(&plays) as _,
        );
        for _ in 0..20 {
            assert!(keys.verify(&stranger.sign(&claims())).await.is_err());
        }
        assert_eq!(plays.1.load(Ordering::Relaxed), 1);
        tokio::time::advance(AT_MOST_EVERY).await;
        assert!(keys.verify(&stranger.sign(&claims())).await.is_err());
        assert_eq!(plays.1.load(Ordering::Relaxed), 2, "a new key may be there now");
    }

    #[test]
    fn regions_have_their_keys() {
        let url = |region| KeySource::Webex.url(region).to_owned();
        assert_eq!(url(Some("eu-central-1_k")), "https://xapi-k.wbx2.com/jwks");
        assert_eq!(url(None), "https://xapi-a.wbx2.com/jwks");
        assert_eq!(url(Some("mars")), "https://xapi-a.wbx2.com/jwks");
    }
}
