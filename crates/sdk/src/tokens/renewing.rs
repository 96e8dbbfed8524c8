//! A refresh token, and the access tokens that it brings.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use hallway_wire::{Secret, Timestamp};
use tokio::time::Instant;

use super::TokenSource;
use super::account::{Account, OAuth, now};
use super::exchange::{Tokens, ask};
use super::store::TokenStore;
use super::stored::{Stored, Wrote};
use crate::client::Transport;
use crate::error::{Error, Result};
use crate::sync::lock;

/// From here on the renewal runs beside; the token at hand is still handed out. For a short life a fifth of it.
const AHEAD: Duration = Duration::from_secs(15 * 60);
/// From here on callers wait for the renewal. For a short life a tenth of it.
const LAST_MOMENT: Duration = Duration::from_secs(30);
/// Longer than any token is good: a clock cannot count much further.
const FOREVER: Duration = Duration::from_secs(100 * 366 * 24 * 3600);
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
    stored: Stored,
    transport: Arc<dyn Transport>,
    state: Mutex<State>,
}

struct State {
    oauth: OAuth,
    /// What is stored, or is just being stored.
    account: Account,
    /// What is handed out.
    current: Option<Current>,
    /// Nothing is stored any more.
    forgotten: bool,
    /// What is stored belongs to another one now.
    retired: bool,
    renewal: Option<Renewal>,
    /// A renewal ahead of time failed: not before then again.
    rest_until: Option<Instant>,
}

/// An access token that is handed out.
struct Current {
    token: Secret,
    /// When it ends, by the clock of this process.
    until: Instant,
    ahead: Duration,
    last_moment: Duration,
}

impl Current {
    fn new(token: Secret, left: Duration, life: Duration) -> Self {
        Self {
            token,
            until: Instant::now() + left.min(FOREVER),
            ahead: AHEAD.min(life / 5),
            last_moment: LAST_MOMENT.min(life / 10),
        }
    }
}

type Renewal = Shared<BoxFuture<'static, Result<Secret>>>;

impl fmt::Debug for Renewing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Renewing")
            .field("name", &self.0.stored.name)
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
        let (stored, kept) = Stored::look(store, name.into()).await?;
        let new = kept.is_none();
        let account = kept.or(first).ok_or_else(|| {
            Error::configuration(format!(
                "nothing is stored under `{}`, and no refresh token was given",
                stored.name
            ))
        })?;
        let renewing = Self::with(oauth, stored, account, transport);
        if new {
            renewing.0.save().await?;
        }
        Ok(renewing)
    }

    /// Takes up an account whose newest state is at hand. Nothing is stored yet.
    pub(crate) fn with(
        oauth: OAuth,
        stored: Stored,
        account: Account,
        transport: Arc<dyn Transport>,
    ) -> Self {
        let token = account.access_token.clone();
        // How long it lived is not known; machine accounts have eighteen hours.
        let current = token.map(|token| Current::new(token, account.remaining(), Duration::MAX));
        let state = State {
            oauth,
            account,
            current,
            forgotten: false,
            retired: false,
            renewal: None,
            rest_until: None,
        };
        Self(Arc::new(Inner {
            stored,
            transport,
            state: Mutex::new(state),
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
        let inner = Arc::clone(&self.0);
        // A task of its own: it keeps its turn to the end also if whoever waits for it goes away.
        let forgetting = tokio::spawn(async move {
            let _turn = inner.stored.turn().await;
            {
                let mut state = lock(&inner.state);
                if state.retired {
                    return Ok(());
                }
                // A renewal that ends later must not bring it back.
                state.forgotten = true;
            }
            inner.stored.remove().await
        });
        forgetting
            .await
            .unwrap_or_else(|_| Err(Error::protocol("forgetting the account was broken off")))
    }

    /// Leaves what is stored to another one: from now on nothing of this one is written, nor removed.
    pub(crate) async fn retire(&self) {
        let _turn = self.0.stored.turn().await;
        let mut state = lock(&self.0.state);
        state.forgotten = true;
        state.retired = true;
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

/// An exchange that succeeded.
struct Answered {
    /// What was the newest refresh token when it began.
    newest: Secret,
    /// The one that was good.
    used: Secret,
    tokens: Tokens,
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
        let Some(current) = &state.current else {
            return Plan::Renew;
        };
        let now = Instant::now();
        let left = current.until.saturating_duration_since(now);
        let resting = state.rest_until.is_some_and(|until| until > now);
        if left <= current.last_moment {
            Plan::Renew
        } else if left <= current.ahead && state.renewal.is_none() && !resting {
            Plan::UseAndRenew(current.token.clone())
        } else {
            Plan::Use(current.token.clone())
        }
    }

    /// Exchanges the refresh token. If it is refused: the one before, and those that another process has stored
    /// since.
    async fn exchange(&self) -> Result<Secret> {
        let result = match self.first_good().await {
            Ok(answered) => self.take(answered).await,
            Err(error) => Err(error),
        };
        if let Err(error) = &result {
            tracing::warn!(account = %self.stored.name, %error, "the token could not be renewed");
        }
        let mut state = lock(&self.state);
        state.renewal = None;
        state.rest_until = result.is_err().then(|| Instant::now() + REST);
        result
    }

    async fn first_good(&self) -> Result<Answered> {
        let (oauth, account) = {
            let state = lock(&self.state);
            (state.oauth.clone(), state.account.clone())
        };
        let mut tried: Vec<Secret> = Vec::new();
        let mut candidates = account.refresh_tokens();
        let mut looked = false;
        while let Some(token) = candidates.pop() {
            let refused = match ask(&*self.transport, &oauth, &token).await {
                Ok(tokens) => {
                    return Ok(Answered {
                        newest: account.refresh_token,
                        used: token,
                        tokens,
                    });
                }
                Err(error @ Error::Unauthorized(_)) => error,
                Err(error) => return Err(error),
            };
            tried.push(token);
            if candidates.is_empty() && !looked {
                looked = true;
                if let Ok(Some(stored)) = self.stored.again().await {
                    candidates = stored.refresh_tokens();
                    candidates.retain(|token| !tried.contains(token));
                }
            }
            if candidates.is_empty() {
                return Err(refused);
            }
            tracing::warn!(account = %self.stored.name, "a refresh token was refused: trying another one that is kept");
        }
        Err(Error::configuration("the account has no refresh token"))
    }

    /// Stores what came, before anybody uses it.
    async fn take(&self, answered: Answered) -> Result<Secret> {
        let answer = answered.tokens;
        let token = answer.access_token.clone();
        let life = Duration::from_secs(u64::try_from(answer.expires_in).unwrap_or_default());
        let current = Current::new(token.clone(), life, life);
        {
            let mut state = lock(&self.state);
            let account = &mut state.account;
            account.access_token = Some(answer.access_token);
            account.expires = Some(now().plus_millis(i64::try_from(life.as_millis()).unwrap_or(i64::MAX)));
            account.scope = answer.scope.or(account.scope.take());
            if account.refresh_token == answered.newest {
                // It has proved good: no other is needed any more, but for a new one until it has.
                account.refresh_token = answered.used;
                account.previous_refresh_token = None;
                if let Some(new) = answer.refresh_token {
                    account.rotate(new);
                }
            } else {
                // An action brought another one in the meantime: that one is the newest, this one the one before.
                account.previous_refresh_token = Some(answer.refresh_token.unwrap_or(answered.used));
            }
        }
        // Not kept is no reason not to go on: the tokens are good, and the next save tries again.
        if let Err(error) = self.save().await {
            tracing::error!(account = %self.stored.name, %error, "the tokens could not be stored");
        }
        lock(&self.state).current = Some(current);
        Ok(token)
    }

    /// Stores the newest state.
    async fn save(&self) -> Result<()> {
        /// A store that always has something else is broken.
        const TRIES: u32 = 8;
        let _turn = self.stored.turn().await;
        for _ in 0..TRIES {
            let account = {
                let state = lock(&self.state);
                if state.forgotten {
                    return Ok(());
                }
                state.account.clone()
            };
            let over = match self.stored.write(&account).await? {
                Wrote::Yes => return Ok(()),
                Wrote::Other(other) => !lock(&self.state).account.meet(&other),
                Wrote::Gone => true,
            };
            if over {
                tracing::warn!(account = %self.stored.name, "another process has removed or replaced the account");
                lock(&self.state).forgotten = true;
                return Ok(());
            }
        }
        Err(Error::Store(self.stored.unsteady()))
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
                .current
                .as_ref()
                .is_some_and(|current| current.token != *token)
            {
                // Somebody else has renewed it already.
                return Ok(true);
            }
            state.current = None;
        }
        self.renewal().await.map(|_| true)
    }
}
