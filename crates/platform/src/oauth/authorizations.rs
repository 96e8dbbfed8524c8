//! What was granted, listed and taken back (oauth 4).

use std::collections::BTreeSet;

use hallway_wire::application::{ApplicationId, AuthorizationState};
use hallway_wire::authorization::{Authorization, TokenExpiry};
use hallway_wire::id::{AuthorizationId, OrgId, PersonId};

use super::clients::Client;
use super::{Grant, TokenKind};
use crate::audit;
use crate::caller::Caller;
use crate::error::{Doing as _, Error, Result};
use crate::org::{Person, Role};
use crate::platform::Platform;
use crate::ports::Write;

/// What stands for the client of personal access tokens, which have none.
const PERSONAL_CLIENT: &str = "C0000000000000000000000000000000000000000000000000000000000000000";

/// Whose authorizations are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    Id(PersonId),
    Email(String),
}

impl Caller {
    /// Whether the roles allow to look after what others granted. Reading administrators may not.
    fn looks_after_tokens(&self) -> bool {
        let roles = [Role::FullAdmin, Role::DeviceAdmin, Role::UserAdmin];
        roles.iter().any(|role| self.roles.contains(role))
    }

    fn may_with_tokens(&self, scopes: &[&str]) -> Result<()> {
        self.require_scope(scopes)?;
        if self.looks_after_tokens() {
            Ok(())
        } else {
            Err(Error::forbidden(
                "Only a full, device or user administrator may look after what others granted.",
            ))
        }
    }

    /// Demands somebody who may list what others granted.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn may_read_authorizations(&self) -> Result<()> {
        self.may_with_tokens(&["identity:tokens_read", "identity:tokens_write"])
    }

    /// Demands somebody who may take back what others granted.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn may_write_authorizations(&self) -> Result<()> {
        self.may_with_tokens(&["identity:tokens_write"])
    }
}

fn unknown() -> Error {
    Error::NotFound {
        what: "authorization",
    }
}

/// Tokens of an activated integration end with its activation.
fn of_an_activation() -> Error {
    Error::conflict("This belongs to an activated workspace integration: deactivate the integration instead.")
}

impl Platform {
    /// When the calling token ends.
    ///
    /// # Errors
    /// Missing scope.
    pub fn token_expiry(&self, caller: &Caller) -> Result<TokenExpiry> {
        caller.require_scope(&["identity:tokens_read", "identity:tokens_write"])?;
        Ok(TokenExpiry {
            exp: caller.expires_ms,
        })
    }

    /// What a person or machine account of the caller's organization granted. Everybody may see its own.
    ///
    /// # Errors
    /// Missing scope or role; unknown.
    pub async fn authorizations(&self, caller: &Caller, owner: &Owner) -> Result<Vec<Authorization>> {
        let own = match owner {
            Owner::Id(id) => *id == caller.person,
            Owner::Email(email) => caller.profile.email.eq_ignore_ascii_case(email.trim()),
        };
        if !own {
            caller.may_read_authorizations()?;
        }
        let person = match owner {
            Owner::Id(id) => self.person_of_id(caller.org, *id).await?,
            Owner::Email(email) => self.person_of_email(caller.org, email).await?,
        };
        let person = person.ok_or(Error::NotFound { what: "person" })?;
        let mut items = Vec::new();
        let grants = self.store.grants_of(caller.org, person.id).await;
        for grant in grants.doing("listing grants")? {
            items.extend(self.grant_view(&grant).await?);
        }
        items.sort_by_key(|item: &Authorization| (item.created, item.id));
        Ok(items)
    }

    /// A grant as it is shown, if one of its tokens lives or could be made.
    async fn grant_view(&self, grant: &Grant) -> Result<Option<Authorization>> {
        let now = self.now();
        let mut tokens = self.store.tokens_of(grant.id).await.doing("listing tokens")?;
        tokens.retain(|token| token.expires > now);
        if tokens.is_empty() && !grant.standing {
            return Ok(None);
        }
        let refresh = tokens.iter().any(|token| token.kind == TokenKind::Refresh);
        let client_id = grant.client_id.as_deref().unwrap_or(PERSONAL_CLIENT);
        Ok(Some(Authorization {
            id: AuthorizationId::from_uuid(grant.id),
            application_id: ApplicationId(client_id.to_owned()),
            application_name: self.client_name(grant.client_id.as_deref()).await?,
            person_id: grant.person,
            client_id: client_id.to_owned(),
            created: grant.created,
            kind: if refresh { "refresh" } else { "access" }.to_owned(),
        }))
    }

    async fn client_name(&self, client_id: Option<&str>) -> Result<String> {
        let Some(client_id) = client_id else {
            return Ok("Personal access token".to_owned());
        };
        Ok(match self.client(client_id).await? {
            Some(Client::Application(app)) => app.name.clone(),
            Some(Client::Workspace(integration)) => {
                serde_json::from_str::<serde_json::Value>(&integration.manifest)
                    .ok()
                    .and_then(|manifest| manifest.get("displayName")?.as_str().map(ToOwned::to_owned))
                    .unwrap_or_else(|| client_id.to_owned())
            }
            None => client_id.to_owned(),
        })
    }

    /// Takes back what was granted: its tokens are dead when this returns. Everybody may take back its own.
    ///
    /// # Errors
    /// Missing scope or role; unknown; what belongs to an activation.
    pub async fn delete_authorization(&self, caller: &Caller, id: AuthorizationId) -> Result<()> {
        self.retrying(|| async {
            let found = self.store.grant(id.uuid()).await.doing("looking up a grant")?;
            let found = found.filter(|grant| grant.org == caller.org);
            if found.as_ref().is_none_or(|grant| grant.person != caller.person) {
                caller.may_write_authorizations()?;
            }
            let grant = found.ok_or_else(unknown)?;
            if grant.activation.is_some() {
                return Err(of_an_activation());
            }
            if let Some(client) = &grant.client_id
                && self.end_service_app(caller, client).await?
            {
                return Ok(());
            }
            let name = self.client_name(grant.client_id.as_deref()).await?;
            let owner = self.person_of_id(caller.org, grant.person).await?;
            let entry = self.revoked(caller, &name, owner.as_ref());
            let mut writes = vec![Write::DeleteGrant(grant.id), entry];
            writes.extend(self.end_webhooks_without(&grant).await?);
            self.commit(writes).await?;
            self.forget_grant(&grant);
            Ok(())
        })
        .await
    }

    fn forget_grant(&self, grant: &Grant) {
        self.sessions.forget(grant.id);
    }

    fn revoked(&self, caller: &Caller, name: &str, owner: Option<&Person>) -> Write {
        let whose = owner.map_or("somebody", |owner| owner.display_name.as_str());
        audit::by(
            caller,
            self.now(),
            "authorization.revoked",
            name,
            format!("revoked what {whose} granted to {name}"),
        )
    }

    /// Takes back everything that was granted to a client in the caller's organization. For a service app that
    /// is its deauthorization.
    ///
    /// # Errors
    /// Missing scope or role; another organization; an unknown client; a workspace integration.
    pub async fn delete_authorizations_of_client(
        &self,
        caller: &Caller,
        client_id: &str,
        org: OrgId,
    ) -> Result<()> {
        caller.may_write_authorizations()?;
        caller.check_org(Some(org))?;
        self.retrying(|| async {
            if self.end_service_app(caller, client_id).await? {
                return Ok(());
            }
            let app = match self.client(client_id).await? {
                Some(Client::Application(app)) => app,
                Some(Client::Workspace(integration)) if integration.org == caller.org => {
                    return Err(of_an_activation());
                }
                _ => {
                    return Err(Error::Missing {
                        message: "Could not find an authorization of this clientId.".to_owned(),
                    });
                }
            };
            let entry = audit::by(
                caller,
                self.now(),
                "authorization.revoked",
                &app.name,
                format!("revoked everything that was granted to {}", app.name),
            );
            let all = Write::DeleteGrantsOfClientIn(caller.org, client_id.to_owned());
            let mut writes = vec![all, entry];
            for (org, person) in self.granters(client_id, Some(caller.org)).await? {
                writes.extend(self.end_webhooks_of_client(org, person, Some(client_id)).await?);
            }
            self.commit(writes).await?;
            self.sessions.forget_client(client_id);
            Ok(())
        })
        .await
    }

    /// Who granted something to a client, in one organization or in all.
    pub(crate) async fn granters(
        &self,
        client_id: &str,
        org: Option<OrgId>,
    ) -> Result<BTreeSet<(OrgId, PersonId)>> {
        let grants = self.store.grants_of_client(client_id).await;
        Ok(grants
            .doing("listing grants")?
            .into_iter()
            .filter(|grant| org.is_none_or(|org| org == grant.org))
            .map(|grant| (grant.org, grant.person))
            .collect())
    }

    /// Writes that end the webhooks which a client made for a person, if this grant was its last one. Those that
    /// were made with a personal access token outlive it.
    async fn end_webhooks_without(&self, grant: &Grant) -> Result<Vec<Write>> {
        let Some(client) = &grant.client_id else {
            return Ok(Vec::new());
        };
        let all = self.store.grants_of(grant.org, grant.person).await;
        let others = all.doing("listing grants")?;
        if others
            .iter()
            .any(|one| one.id != grant.id && one.client_id == grant.client_id)
        {
            return Ok(Vec::new());
        }
        self.end_webhooks_of_client(grant.org, grant.person, Some(client))
            .await
    }

    /// Deauthorizes a service app in the caller's organization. Returns whether it was one that is authorized.
    async fn end_service_app(&self, caller: &Caller, client_id: &str) -> Result<bool> {
        let here = self.app_authorization(client_id, caller.org).await?;
        let Some(here) = here.filter(|here| here.state == AuthorizationState::Authorized) else {
            return Ok(false);
        };
        let Some(app) = self.application_of_client(client_id).await? else {
            return Ok(false);
        };
        self.end_authorization(caller, &app, &here).await?;
        Ok(true)
    }
}
