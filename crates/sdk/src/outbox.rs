//! Passing things on to another system, for sure: what is handed over is on the disk until the other side has taken it.
//!
//! Letters are posted as JSON, signed as [Standard Webhooks](https://www.standardwebhooks.com) says. All tries of a
//! letter have the same key, so that the other side can take it once.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hallway_wire::{Secret, Timestamp};
use http::{Request, Uri};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::{Notify, Semaphore};

use crate::client::{Https, Transport};
use crate::error::{Error, Result};
use crate::state::Kept;
use crate::sync::lock;
use crate::time::Clock;

/// The first pause before another try, and the longest.
const PAUSES_MILLIS: (i64, i64) = (5_000, 900_000);
/// So long one try may take.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Letter {
    body: Value,
    tries: u32,
    /// In milliseconds since 1970.
    next_try: i64,
    /// What the other side said when it took the letter.
    answer: Option<Value>,
}

/// Letters for one address, in a file.
///
/// ```no_run
/// # async fn example(integration: hallway_sdk::Integration) -> hallway_sdk::Result<()> {
/// use hallway_sdk::Secret;
/// use hallway_sdk::outbox::Outbox;
///
/// let clock = std::sync::Arc::clone(integration.clock());
/// let secret = Secret::new("at least twenty characters");
/// let outbox = Outbox::open("state", "tickets", "https://tickets.example.com/new", secret, clock)?;
/// outbox.put("the key of this report", &serde_json::json!({ "text": "It crackles." })).await?;
/// // Beside everything else:
/// loop {
///     let key = outbox.due().await;
///     if let Some(answer) = outbox.send(&key).await {
///         println!("{key} was taken: {answer}");
///         outbox.done(&key).await?;
///     }
/// }
/// # }
/// ```
#[derive(Debug)]
pub struct Outbox {
    letters: Kept<BTreeMap<String, Letter>>,
    url: Uri,
    secret: Secret,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    news: Notify,
    /// One try at a time: none is sent twice at once.
    turn: Semaphore,
    /// Nothing is due before then: the box could not be written.
    rest_until: Mutex<i64>,
}

impl Outbox {
    /// Opens the box that is kept in a folder under a name, for an address that starts with `https://`, or is on
    /// this machine. A secret that starts with `whsec_` is Base64.
    ///
    /// # Errors
    /// [`Error::Configuration`]: the address would show letters to the network, the secret is shorter than twenty
    /// characters, or the file holds something else.
    pub fn open(
        folder: impl AsRef<Path>,
        name: &str,
        url: &str,
        secret: Secret,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let bad = |error| Error::configuration(format!("`{url}` is no address: {error}"));
        let url: Uri = url
            .parse()
            .map_err(|error: http::uri::InvalidUri| bad(error.to_string()))?;
        let host = url.host().unwrap_or_default();
        let here = host.trim_matches(['[', ']']).parse::<IpAddr>();
        let here = host == "localhost" || here.is_ok_and(|address| address.is_loopback());
        if url.scheme_str() != Some("https") && !(url.scheme_str() == Some("http") && here) {
            return Err(bad("it must start with https:// or be on this machine".to_owned()));
        }
        if secret.expose().chars().count() < 20 {
            return Err(Error::configuration(
                "the secret needs at least twenty characters",
            ));
        }
        Ok(Self {
            letters: Kept::open(folder, name)?,
            url,
            secret,
            transport: Arc::new(Https::new()?),
            clock,
            news: Notify::new(),
            turn: Semaphore::new(1),
            rest_until: Mutex::new(i64::MIN),
        })
    }

    /// Hands a letter over; it is on the disk when this returns. If a letter with this key is waiting, that one stays.
    ///
    /// # Errors
    /// It could not be kept.
    pub async fn put(&self, key: &str, body: &impl Serialize) -> Result<()> {
        let body = serde_json::to_value(body)
            .map_err(|error| Error::configuration(format!("the letter cannot be written: {error}")))?;
        // The first try is left to who handed it over, for a moment.
        let next_try = self.clock.now().plus_millis(PAUSES_MILLIS.0).millis();
        let letter = Letter {
            body,
            tries: 0,
            next_try,
            answer: None,
        };
        let kept = self.letters.change(|letters| {
            letters.entry(key.to_owned()).or_insert(letter);
        });
        kept.await?;
        self.news.notify_one();
        Ok(())
    }

    /// How many letters wait.
    pub fn waiting(&self) -> usize {
        self.letters.look(BTreeMap::len)
    }

    /// Waits until a letter should be sent, with pauses that double up to a quarter of an hour, and returns its key.
    pub async fn due(&self) -> String {
        loop {
            let next = self.letters.look(|letters| {
                let all = letters.iter().map(|(key, letter)| (letter.next_try, key.clone()));
                all.min()
            });
            let rest_until = *lock(&self.rest_until);
            let next = next.map(|(at, key)| (at.max(rest_until), key));
            let Some((at, key)) = next else {
                self.news.notified().await;
                continue;
            };
            tokio::select! {
                () = self.clock.sleep_until(Timestamp(at)) => return key,
                () = self.news.notified() => {}
            }
        }
    }

    /// Tries to send a letter now. What the other side answered is kept with it until it is [`done`](Self::done);
    /// `None`: it waits on, or there is no such letter. That it failed is logged.
    pub async fn send(&self, key: &str) -> Option<Value> {
        // The semaphore is never closed.
        let _turn = self.turn.acquire().await;
        let letter = self.letters.look(|letters| letters.get(key).cloned())?;
        if letter.answer.is_some() {
            return letter.answer;
        }
        let tried = tokio::time::timeout(PATIENCE, self.post(key, &letter.body)).await;
        let tried = tried.unwrap_or_else(|_| Err("no answer in time".to_owned()));
        let answer = tried
            .inspect_err(|problem| {
                tracing::warn!(tries = letter.tries + 1, problem, "a letter was not sent yet")
            })
            .ok();
        let now = self.clock.now();
        let kept = self.letters.change(|letters| {
            if let Some(letter) = letters.get_mut(key) {
                letter.answer.clone_from(&answer);
                letter.tries = letter.tries.saturating_add(1);
                letter.next_try = now.plus_millis(pause_millis(letter.tries)).millis();
            }
        });
        if let Err(error) = kept.await {
            tracing::error!(%error, "the outbox cannot be written; a letter may be sent again, with the same key");
            // Its next try cannot be noted: all of them rest a while.
            *lock(&self.rest_until) = now.plus_millis(PAUSES_MILLIS.0).millis();
        }
        answer
    }

    /// Forgets a letter: it was taken, and whatever should be kept of the answer is.
    ///
    /// # Errors
    /// It is still there.
    pub async fn done(&self, key: &str) -> Result<()> {
        let forgotten = self.letters.change(|letters| {
            letters.remove(key);
        });
        forgotten.await
    }

    async fn post(&self, key: &str, body: &Value) -> Result<Value, String> {
        let body = body.to_string();
        let at = self.clock.now().seconds();
        let request = Request::post(&self.url)
            .header("content-type", "application/json")
            .header("idempotency-key", key)
            .header("webhook-id", key)
            .header("webhook-timestamp", at)
            .header("webhook-signature", signature(&self.secret, key, at, &body))
            .body(Bytes::from(body))
            .map_err(|error| error.to_string())?;
        let answer = self
            .transport
            .send(request)
            .await
            .map_err(|error| error.to_string())?;
        if !answer.status().is_success() {
            return Err(format!("the other side answers {}", answer.status()));
        }
        // What is no JSON says nothing.
        Ok(serde_json::from_slice(answer.body()).unwrap_or_default())
    }
}

/// Doubles with every try; half of it is left to chance, so that not all come back at once.
fn pause_millis(tries: u32) -> i64 {
    let (first, most) = PAUSES_MILLIS;
    let longest = first.saturating_mul(1 << tries.min(20)).min(most);
    let chance = RandomState::new().build_hasher().finish() % 1000;
    longest / 2 + longest / 2000 * i64::try_from(chance).unwrap_or(0)
}

fn signature(secret: &Secret, key: &str, at: i64, body: &str) -> String {
    let secret = secret.expose();
    let bytes = secret
        .strip_prefix("whsec_")
        .and_then(|text| STANDARD.decode(text).ok());
    let bytes = bytes.as_deref().unwrap_or(secret.as_bytes());
    let hmac = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, bytes);
    let tag = ring::hmac::sign(&hmac, format!("{key}.{at}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(tag))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::SystemClock;

    #[test]
    fn letters_do_not_cross_the_network_in_the_clear() {
        let folder = tempfile::tempdir().unwrap();
        let open = |url: &str, secret: &str| {
            let (secret, clock) = (Secret::new(secret), Arc::new(SystemClock));
            Outbox::open(folder.path(), "box", url, secret, clock).map(|_| ())
        };
        let long = "a secret that is long enough";
        for url in [
            "https://example.com/new",
            "http://127.0.0.1:8080",
            "http://[::1]/",
            "http://localhost/x",
        ] {
            open(url, long).unwrap();
        }
        for url in [
            "http://example.com",
            "http://localhost.example.com",
            "ftp://127.0.0.1",
            "tickets",
            "",
        ] {
            open(url, long).unwrap_err();
        }
        open("https://example.com/new", "short").unwrap_err();
    }

    #[test]
    fn signatures_are_those_of_standard_webhooks() {
        // The example of the specification's libraries.
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let signed = signature(
            &secret,
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn pauses_grow_to_a_quarter_of_an_hour() {
        for (tries, longest) in [(1, 10_000), (3, 40_000), (30, 900_000)] {
            let pause = pause_millis(tries);
            assert!((longest / 2..=longest).contains(&pause), "{tries}: {pause}");
        }
    }
}
