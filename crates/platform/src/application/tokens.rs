//! Tokens that are made without a browser: those of service apps and bots.

use std::time::Duration;

use hallway_wire::application::{ApplicationId, ApplicationKind, AuthorizationState, ServiceAppTokenRequest};
use hallway_wire::authorization::BotToken;
use hallway_wire::token::TokenResponse;
use uuid::Uuid;

use super::Application;
use super::registry::entry;
use crate::caller::Caller;
use crate::crypto::{same_hash, sha256};
use crate::error::{Doing as _, Error, Result};
use crate::oauth::{Grant, TokenKind, token_row, token_text};
use crate::org::PersonKind;
use crate::platform::Platform;
use crate::ports::Write;
use crate::records::Document as _;

/// A bot's token lives for about a hundred years.
const BOT_TOKEN_LIFE: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

impl Caller {
    /// Demands somebody who may make tokens of service apps.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn may_make_service_app_tokens(&self) -> Result<()> {
        self.require_scope(&["spark:applications_token"])
    }
}

impl Platform {
    /// Makes a token pair of a service app in an organization that authorized it. Pairs that were made before
    /// stay good.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the scope or the authorization; [`Error::NotFound`] for an app that is not
    /// of the caller's organization; [`Error::InvalidClient`].
    pub async fn service_app_token(
        &self,
        caller: &Caller,
        id: &ApplicationId,
        request: &ServiceAppTokenRequest,
    ) -> Result<TokenResponse> {
        caller.may_make_service_app_tokens()?;
        let found = self.application_of_client(&id.0).await?;
        let developer = |app: &Application| {
            caller.develops(app) || (app.org == caller.org && caller.profile.kind == PersonKind::ServiceApp)
        };
        let app = found
            .filter(|app| app.kind == ApplicationKind::ServiceApp && developer(app))
            .ok_or(Error::NotFound {
                what: Application::NOUN,
            })?;
        let given = sha256(request.client_secret.expose().as_bytes());
        let same = same_hash(&app.secret_hash.unwrap_or_default(), &given);
        if !same || app.secret_hash.is_none() || request.client_id != app.client_id {
            return Err(Error::InvalidClient);
        }
        let not_authorized = || {
            Error::forbidden(
                "The service app is not authorized by a full administrator of the target organization.",
            )
        };
        self.retrying(|| async {
            let there = self
                .app_authorization(&app.client_id, request.target_org_id)
                .await?;
            let there = there
                .filter(|there| there.state == AuthorizationState::Authorized)
                .ok_or_else(not_authorized)?;
            self.standings.check(there.org)?;
            let grant = there.grant.ok_or_else(not_authorized)?;
            let grant = self.store.grant(grant).await.doing("looking up a grant")?;
            let grant = grant.ok_or_else(not_authorized)?;
            let (answer, mut writes) = self.token_pair(&grant, self.now());
            // Nothing is issued for an authorization that was taken back meanwhile.
            writes.push(there.demand());
            self.commit(writes).await?;
            Ok(answer)
        })
        .await
    }

    /// Makes the token of a bot. The one before ends.
    ///
    /// # Errors
    /// Not the developer's personal access token; unknown; not a bot.
    pub async fn bot_token(&self, caller: &Caller, id: &ApplicationId) -> Result<BotToken> {
        caller.require_personal()?;
        self.retrying(|| async {
            let app = self.own_application(caller, id).await?;
            let Some((bot, email)) = app.bot.clone() else {
                return Err(Error::conflict("Only bots have a token of their own."));
            };
            let now = self.now();
            let grant = Grant {
                id: Uuid::new_v4(),
                org: app.org,
                person: bot,
                client_id: Some(app.client_id.clone()),
                activation: None,
                scopes: app.scopes.clone(),
                created: now,
                standing: false,
                limited: false,
            };
            let mut changed = app.doc.clone();
            changed.bot_grant = Some(grant.id);
            let text = token_text("hw", app.org);
            let row = token_row(&text, TokenKind::Access, &grant, now, BOT_TOKEN_LIFE);
            let expiry_time = row.expires;
            let mut writes = vec![app.put(&changed)?];
            writes.extend(app.bot_grant.map(Write::DeleteGrant));
            writes.push(Write::PutGrant(grant));
            writes.push(Write::PutToken(row));
            let what = format!("made a token of the bot {}", app.name);
            writes.push(entry(caller, now, "bot.tokenMade", &app, what));
            self.commit(writes).await?;
            self.forget_sessions_of(bot);
            Ok(BotToken {
                bot_person_id: bot,
                bot_email: email,
                access_token: text,
                expiry_time,
            })
        })
        .await
    }
}
