//! A refresh token, and the access tokens that it brings.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use hallway_wire::{Secret, Timestamp};
use http::{HeaderValue, Method, Request, Uri, header};
use serde::Deserialize;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::TokenSource;
use super::account::{Account, OAuth, now};
use super::store::{StoreError, TokenStore};
use crate::client::{RetryPolicy, Transport};
use crate::error::{Context, Error, Result, refusal};
use crate::sync::lock;

/// From here on the renewal runs beside; the token at hand is still handed out.
const AHEAD: Duration = Duration::from_secs(15 * 60);
/// From here on callers wait for the renewal.
const LAST_MOMENT: Duration = Duration::from_secs(30);
/// How long a failed renewal ahead of time is not tried again.
const REST: Duration = Duration::from_secs(30);

/// An account with a refresh token: a Service App, or the machine account of an integration.
///
/// However many tasks ask at the same moment, one exchange runs; it goes on when those who asked have gone, so
/// that no answer with a rotated token is thrown away. A rotated refresh token is stored before anybody gets the
/// access token that came with it, and the one before is kept until the new one has proved good: whenever the
/// process dies, the store holds a token that works.
///
/// ```no_run
/// # async fn example() -> hallway_sdk::Result<()> {
/// use std::sync::Arc;
/// use hallway_sdk::client::{Https, WEBEX};
/// use hallway_sdk::tokens::{Account, FileStore, OAuth, Renewing};
/// use hallway_sdk::Client;
///
/// let oauth = OAuth::of(WEBEX, "C0ffee…", "the client secret");
/// let store = Arc::new(FileStore::new("tokens"));
/// // The refresh token is only needed the first time: afterwards the store knows a newer one.
/// let first = Account::new("the refresh token");
/// let tokens = Renewing::open(oauth, store, "service-app", Some(first), Arc::new(Https::new()?)).await?;
/// let client = Client::builder(WEBEX).tokens(Arc::new(tokens)).build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Renewing(Arc<Inner>);

struct Inner {
    name: String,
    store: Arc<dyn TokenStore>,
    transport: Arc<dyn Transport>,
    state: Mutex<State>,
    /// One save at a time, each of the newest state.
    saving: Semaphore,
}

struct State {
    oauth: OAuth,
    account: Account,
    /// When the access token ends, by the clock of this process.
    expires: Option<Instant>,
    renewal: Option<Renewal>,
    /// A renewal ahead of time failed: not before then again.
    rest_until: Option<Instant>,
}

type Renewal = Shared<BoxFuture<'static, Result<Secret>>>;

impl fmt::Debug for Renewing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Renewing")
            .field("name", &self.0.name)
            .finish_non_exhaustive()
    }
}

impl Renewing {
    /// Takes up an account: what the store has under the name, or `first` if it has nothing.
    ///
    /// # Errors
    /// [`Error::Store`]: the store fails, or holds something else. [`Error::Configuration`]: it holds nothing, and
    /// `first` is missing.
    pub async fn open(
        oauth: OAuth,
        store: Arc<dyn TokenStore>,
        name: impl Into<String>,
        first: Option<Account>,
        transport: Arc<dyn Transport>,
    ) -> Result<Self> {
        let name = name.into();
        let kept = load(&*store, &name).await?;
        let new = kept.is_none();
        let account = kept.or(first).ok_or_else(|| {
            Error::configuration(format!(
                "nothing is stored under `{name}`, and no refresh token was given"
            ))
        })?;
        let renewing = Self::with(oauth, store, name, account, transport);
        if new {
            renewing.0.save().await?;
        }
        Ok(renewing)
    }

    /// Takes up an account whose newest state is at hand. Nothing is stored yet.
    pub(crate) fn with(
        oauth: OAuth,
        store: Arc<dyn TokenStore>,
        name: String,
        account: Account,
        transport: Arc<dyn Transport>,
    ) -> Self {
        let expires = account
            .access_token
            .as_ref()
            .map(|_| Instant::now() + account.remaining());
        let state = State {
            oauth,
            account,
            expires,
            renewal: None,
            rest_until: None,
        };
        Self(Arc::new(Inner {
            name,
            store,
            transport,
            state: Mutex::new(state),
            saving: Semaphore::new(1),
        }))
    }

    /// Gets a new access token now.
    ///
    /// # Errors
    /// [`Error::Unauthorized`]: the refresh token is not valid any more, nor the one before. Others: the exchange
    /// did not succeed.
    pub async fn renew(&self) -> Result<Secret> {
        self.renewal().await
    }

    /// What is known of the account.
    pub fn account(&self) -> Account {
        lock(&self.0.state).account.clone()
    }

    /// Until when the access token is good.
    pub fn expires(&self) -> Option<Timestamp> {
        lock(&self.0.state).account.expires
    }

    /// Changes what is known, and returns when that is stored.
    ///
    /// # Errors
    /// [`Error::Store`]: it is known from now on, but not stored.
    pub(crate) async fn change(&self, change: impl FnOnce(&mut Account, &mut OAuth)) -> Result<()> {
        {
            let State { account, oauth, .. } = &mut *lock(&self.0.state);
            change(account, oauth);
        }
        self.0.save().await
    }

    /// Forgets the account.
    pub(crate) async fn forget(&self) -> Result<()> {
        Ok(self.0.store.remove(&self.0.name).await?)
    }

    /// The exchange that is going on, or a new one.
    fn renewal(&self) -> Renewal {
        let mut state = lock(&self.0.state);
        if let Some(renewal) = &state.renewal
            && renewal.peek().is_none()
        {
            return renewal.clone();
        }
        let inner = Arc::clone(&self.0);
        // A task of its own: it ends well also if everybody who waits for it goes away.
        let task = tokio::spawn(async move { inner.exchange().await });
        let waiting = async move {
            match task.await {
                Ok(result) => result,
                Err(_) => Err(Error::protocol("the renewal of the token was broken off")),
            }
        };
        let renewal = waiting.boxed().shared();
        state.renewal = Some(renewal.clone());
        renewal
    }
}

/// What to do for whoever asks.
enum Plan {
    Use(Secret),
    UseAndRenew(Secret),
    Renew,
}

impl Inner {
    fn plan(&self) -> Plan {
        let state = lock(&self.state);
        let (Some(token), Some(expires)) = (&state.account.access_token, state.expires) else {
            return Plan::Renew;
        };
        let now = Instant::now();
        let left = expires.saturating_duration_since(now);
        if left <= LAST_MOMENT {
            Plan::Renew
        } else if left <= AHEAD
            && state.renewal.is_none()
            && state.rest_until.is_none_or(|until| until <= now)
        {
            Plan::UseAndRenew(token.clone())
        } else {
            Plan::Use(token.clone())
        }
    }

    /// Exchanges the refresh token, and if it is refused the one before.
    async fn exchange(&self) -> Result<Secret> {
        let (oauth, account) = {
            let state = lock(&self.state);
            (state.oauth.clone(), state.account.clone())
        };
        let mut result = self.ask(&oauth, &account.refresh_token).await;
        let mut used = account.refresh_token;
        if let (Err(Error::Unauthorized(_)), Some(previous)) = (&result, account.previous_refresh_token) {
            tracing::warn!(account = %self.name, "the newest refresh token was refused: trying the one before");
            result = self.ask(&oauth, &previous).await;
            used = previous;
        }
        let result = match result {
            Ok(answer) => self.take(used, answer).await,
            Err(error) => Err(error),
        };
        let mut state = lock(&self.state);
        state.renewal = None;
        state.rest_until = result.is_err().then(|| Instant::now() + REST);
        result
    }

    /// Stores what came, before anybody uses it.
    async fn take(&self, used: Secret, answer: Tokens) -> Result<Secret> {
        let token = answer.access_token.clone();
        {
            let mut state = lock(&self.state);
            let life = Duration::from_secs(u64::try_from(answer.expires_in).unwrap_or_default());
            state.expires = Some(Instant::now() + life);
            let account = &mut state.account;
            account.access_token = Some(answer.access_token);
            account.expires = Some(now().plus_millis(i64::try_from(life.as_millis()).unwrap_or(i64::MAX)));
            account.scope = answer.scope.or(account.scope.take());
            let rotated = answer.refresh_token.filter(|new| *new != used);
            if used == account.refresh_token {
                match rotated {
                    Some(new) => account.rotate(new),
                    // It has proved good: the one before is not needed any more.
                    None => account.previous_refresh_token = None,
                }
            } else if account.previous_refresh_token.as_ref() == Some(&used) {
                // The one before was the good one.
                account.refresh_token = used;
                account.previous_refresh_token = None;
                if let Some(new) = rotated {
                    account.rotate(new);
                }
            }
        }
        // Not kept is no reason not to go on: the tokens are good, and the next save tries again.
        if let Err(error) = self.save().await {
            tracing::error!(account = %self.name, %error, "the tokens could not be stored");
        }
        Ok(token)
    }

    async fn save(&self) -> Result<()> {
        let _turn = self.saving.acquire().await;
        let account = lock(&self.state).account.clone();
        let text =
            serde_json::to_string(&account).map_err(|error| StoreError::new("writing the account", error))?;
        Ok(self.store.save(&self.name, &Secret::new(text)).await?)
    }

    async fn ask(&self, oauth: &OAuth, refresh_token: &Secret) -> Result<Tokens> {
        let policy = RetryPolicy::default();
        let mut tried = 0;
        loop {
            tried += 1;
            let error = match self.ask_once(oauth, refresh_token).await {
                Ok(tokens) => return Ok(tokens),
                Err(error) => error,
            };
            // An exchange may be repeated after a lost answer: the token that was sent stays good at least until
            // the new one is used.
            let asked = error.retry_after().unwrap_or_default();
            if !error.is_temporary() || tried >= policy.attempts || asked > policy.longest_wait {
                return Err(error);
            }
            tokio::time::sleep(asked + policy.pause(tried)).await;
        }
    }

    async fn ask_once(&self, oauth: &OAuth, refresh_token: &Secret) -> Result<Tokens> {
        let uri: Uri = oauth
            .url
            .parse()
            .map_err(|_| Error::configuration("the address of the token endpoint is no URL"))?;
        let context = Context::new(&Method::POST, uri.path(), None);
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "refresh_token")
            .append_pair("client_id", &oauth.client_id)
            .append_pair("client_secret", oauth.client_secret.expose())
            .append_pair("refresh_token", refresh_token.expose())
            .finish();
        let mut request = Request::new(Bytes::from(form));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = uri;
        let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers_mut().insert(header::CONTENT_TYPE, form_type);
        request
            .headers_mut()
            .insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        let sent = tokio::time::timeout(Duration::from_secs(30), self.transport.send(request)).await;
        let answer = match sent {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => {
                return Err(Error::Transport {
                    maybe_arrived: error.maybe_arrived,
                    context: context.say(error.source.to_string()),
                    source: error.source,
                });
            }
            Err(late) => {
                return Err(Error::Transport {
                    maybe_arrived: true,
                    context: context.say("no answer from the token endpoint within 30 s"),
                    source: Arc::new(late),
                });
            }
        };
        let (head, body) = answer.into_parts();
        if !head.status.is_success() {
            let grant = serde_json::from_slice::<Word>(&body).is_ok_and(|word| word.error == "invalid_grant");
            return Err(match refusal(context, head.status, &head.headers, &body) {
                // A refresh token that is not valid is told as 400 (oauth 3).
                Error::BadRequest(context) if grant => Error::Unauthorized(context),
                error => error,
            });
        }
        serde_json::from_slice(&body)
            .map_err(|_| Error::Protocol(context.say("the answer of the token endpoint cannot be read")))
    }
}

#[async_trait]
impl TokenSource for Renewing {
    async fn token(&self) -> Result<Secret> {
        match self.0.plan() {
            Plan::Use(token) => Ok(token),
            Plan::UseAndRenew(token) => {
                // Its task runs by itself; nobody waits here.
                drop(self.renewal());
                Ok(token)
            }
            Plan::Renew => self.renewal().await,
        }
    }

    async fn refused(&self, token: &Secret) -> Result<bool> {
        {
            let mut state = lock(&self.0.state);
            if state
                .account
                .access_token
                .as_ref()
                .is_some_and(|now| now != token)
            {
                // Somebody else has renewed it already.
                return Ok(true);
            }
            state.account.access_token = None;
            state.expires = None;
        }
        self.renewal().await.map(|_| true)
    }
}

/// What the store has under a name.
pub(crate) async fn load(store: &dyn TokenStore, name: &str) -> Result<Option<Account>> {
    let Some(text) = store.load(name).await? else {
        return Ok(None);
    };
    serde_json::from_str(text.expose()).map(Some).map_err(|error| {
        // Where in the text, never what stands there.
        let at = format!(
            "what is stored is no account (line {}, column {})",
            error.line(),
            error.column()
        );
        StoreError::new(format!("reading `{name}`"), at).into()
    })
}

/// The answer of the token endpoint.
#[derive(Deserialize)]
struct Tokens {
    access_token: Secret,
    expires_in: i64,
    #[serde(default)]
    refresh_token: Option<Secret>,
    #[serde(default)]
    scope: Option<String>,
}

#[derive(Deserialize)]
struct Word {
    error: String,
}
