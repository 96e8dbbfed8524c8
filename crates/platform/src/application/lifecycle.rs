//! The life of a service app in an organization: requested, authorized, deauthorized (service-apps 2).

use hallway_wire::Timestamp;
use hallway_wire::application::{
    ApplicationId, ApplicationKind, AuthorizationState, ServiceAppAuthorization,
};
use hallway_wire::id::{OrgId, PersonId};
use hallway_wire::webhook::{Event, Resource};
use serde_json::json;
use uuid::Uuid;

use super::registry::entry;
use super::view::standing;
use super::{AppAuthorization, Application, accounts};
use crate::audit;
use crate::caller::Caller;
use crate::error::{Doing as _, Error, Result};
use crate::oauth::Grant;
use crate::org::PersonKind;
use crate::platform::Platform;
use crate::ports::Write;
use crate::records::{Document as _, Kept, put_new};
use crate::webhook::Happening;

/// Most organizations that one app asks.
const MAX_ORGS: usize = 10_000;

fn unknown() -> Error {
    Error::NotFound {
        what: AppAuthorization::NOUN,
    }
}

impl AppAuthorization {
    fn new(app: &Application, org: OrgId, state: AuthorizationState, now: Timestamp) -> Self {
        Self {
            client_id: app.client_id.clone(),
            org,
            developer_org: app.org,
            state,
            created: now,
            scopes: Vec::new(),
            authorizer: None,
            authorized: None,
            machine: PersonId::random(),
            grant: None,
        }
    }
}

impl Platform {
    /// Asks an organization to authorize a service app: its administrators see it from now on. Asking again
    /// changes nothing where it is authorized.
    ///
    /// # Errors
    /// Not the developer; no such organization.
    pub async fn request_authorization(
        &self,
        caller: &Caller,
        id: &ApplicationId,
        org: OrgId,
    ) -> Result<ServiceAppAuthorization> {
        caller.require_personal()?;
        self.retrying(|| async {
            let app = self.own_application(caller, id).await?;
            if app.kind != ApplicationKind::ServiceApp {
                return Err(Error::conflict(
                    "Only service apps are authorized for an organization.",
                ));
            }
            let there = self
                .store
                .organization(org)
                .await
                .doing("reading an organization")?;
            there.ok_or(Error::NotFound { what: "organization" })?;
            let before = self.app_authorization(&app.client_id, org).await?;
            let now = self.now();
            let mut changed = match &before {
                Some(before) if before.state != AuthorizationState::Deauthorized => {
                    return Ok(standing(&app, org, Some(before)));
                }
                Some(before) => before.doc.clone(),
                None => AppAuthorization::new(&app, org, AuthorizationState::Requested, now),
            };
            changed.state = AuthorizationState::Requested;
            let mut writes = vec![match &before {
                Some(before) => before.put(&changed)?,
                None => put_new(&changed)?,
            }];
            writes.push(self.known_in(&app, org)?);
            let what = format!("asked for the authorization of {} ({})", app.name, app.client_id);
            writes.push(entry(caller, now, "serviceApp.requested", &app, what.clone()));
            if org != caller.org {
                let seen = format!("the developer {what}");
                writes.push(audit::by_system(
                    org,
                    now,
                    "serviceApp.requested",
                    &app.name,
                    seen,
                ));
            }
            self.commit(writes).await?;
            Ok(standing(&app, org, Some(&changed)))
        })
        .await
    }

    /// The write that notes in the app that an organization knows of it; it fails where the app was changed or
    /// deleted meanwhile.
    fn known_in(&self, app: &Kept<Application>, org: OrgId) -> Result<Write> {
        if app.orgs.contains(&org) {
            return Ok(app.demand());
        }
        if app.orgs.len() >= MAX_ORGS {
            return Err(Error::conflict(format!(
                "An application can be known in at most {MAX_ORGS} organizations."
            )));
        }
        let mut changed = app.doc.clone();
        changed.orgs.insert(org);
        app.put(&changed)
    }

    /// The service app that an administrator acts on, and where it stands in its organization.
    async fn administered(
        &self,
        caller: &Caller,
        id: &ApplicationId,
        org: OrgId,
    ) -> Result<(Kept<Application>, Option<Kept<AppAuthorization>>)> {
        caller.require_personal()?;
        caller.require_full_admin()?;
        caller.check_org(Some(org))?;
        let app = self.application_of_client(&id.0).await?.ok_or_else(unknown)?;
        let here = self.app_authorization(&app.client_id, caller.org).await?;
        if app.kind != ApplicationKind::ServiceApp || (app.org != caller.org && here.is_none()) {
            return Err(unknown());
        }
        Ok((app, here))
    }

    /// Authorizes a service app for the caller's organization, with the scopes that it asks for now. Where it
    /// is authorized already, that brings its scopes up to date, and its tokens stay.
    ///
    /// # Errors
    /// No full administrator; another organization; an app that did not ask.
    pub async fn authorize_application(
        &self,
        caller: &Caller,
        id: &ApplicationId,
        org: OrgId,
    ) -> Result<hallway_wire::application::Application> {
        self.retrying(|| async {
            let (app, before) = self.administered(caller, id, org).await?;
            let now = self.now();
            let mut changed = match &before {
                Some(before) => before.doc.clone(),
                None => AppAuthorization::new(&app, org, AuthorizationState::Authorized, now),
            };
            let grant = match (changed.state, changed.grant) {
                (AuthorizationState::Authorized, Some(grant)) => grant,
                _ => Uuid::new_v4(),
            };
            changed.state = AuthorizationState::Authorized;
            changed.scopes.clone_from(&app.scopes);
            changed.authorizer = Some(caller.person);
            changed.authorized = Some(now);
            changed.grant = Some(grant);
            let mut writes = vec![match &before {
                Some(before) => before.put(&changed)?,
                None => put_new(&changed)?,
            }];
            writes.push(self.known_in(&app, org)?);
            if self.person_of_id(org, changed.machine).await?.is_none() {
                let email = self
                    .account_email(org, changed.machine, &app.friendly_id, "serviceapp")
                    .await?;
                let kind = PersonKind::ServiceApp;
                let machine = accounts::account(changed.machine, org, kind, email, &app.name, now);
                writes.push(Write::PutPerson(machine));
            }
            writes.push(Write::PutGrant(Grant {
                id: grant,
                org,
                person: changed.machine,
                client_id: Some(app.client_id.clone()),
                activation: None,
                scopes: changed.scopes.clone(),
                created: now,
                standing: true,
                limited: false,
            }));
            let what = format!(
                "authorized the service app {} ({}) for {}",
                app.name,
                app.client_id,
                changed.scopes.join(" ")
            );
            writes.push(entry(caller, now, "serviceApp.authorized", &app, what));
            let told = self
                .told(&app, &changed, Event::Authorized, Some(caller.person), now)
                .await?;
            self.commit_with(writes, vec![told]).await?;
            self.sessions.forget(grant);
            Ok(app.view(Some(&changed)))
        })
        .await
    }

    /// Takes the authorization of the caller's organization back: the app's tokens there are dead when this
    /// returns.
    ///
    /// # Errors
    /// No full administrator; another organization; not authorized.
    pub async fn deauthorize_application(
        &self,
        caller: &Caller,
        id: &ApplicationId,
        org: OrgId,
    ) -> Result<hallway_wire::application::Application> {
        self.retrying(|| async {
            let (app, before) = self.administered(caller, id, org).await?;
            let before = before.filter(|it| it.state == AuthorizationState::Authorized);
            let before = before.ok_or_else(|| Error::conflict("The service app is not authorized."))?;
            self.end_authorization(caller, &app, &before).await?;
            let here = self.app_authorization(&app.client_id, org).await?;
            Ok(app.view(here.as_deref()))
        })
        .await
    }

    /// Ends an authorization of the caller's organization, for who decided that the caller may.
    pub(crate) async fn end_authorization(
        &self,
        caller: &Caller,
        app: &Kept<Application>,
        before: &Kept<AppAuthorization>,
    ) -> Result<()> {
        let now = self.now();
        let mut changed = before.doc.clone();
        changed.state = AuthorizationState::Deauthorized;
        changed.grant = None;
        let mut writes = vec![before.put(&changed)?];
        writes.extend(before.grant.map(Write::DeleteGrant));
        writes.extend(self.end_webhooks_of(before.org, before.machine).await?);
        let what = format!("took the authorization of {} ({}) back", app.name, app.client_id);
        writes.push(entry(caller, now, "serviceApp.deauthorized", app, what));
        let told = self.ended(app, before, Some(caller.person), now).await?;
        self.commit_with(writes, vec![told]).await?;
        self.forget_sessions_of(before.machine);
        Ok(())
    }

    /// What is told about the end of an authorization.
    pub(super) async fn ended(
        &self,
        app: &Application,
        there: &AppAuthorization,
        who: Option<PersonId>,
        now: Timestamp,
    ) -> Result<Happening> {
        self.told(app, there, Event::Deauthorized, who, now).await
    }

    /// What the developer is told. The date is that of the authorization, also at its end (service-apps 6).
    async fn told(
        &self,
        app: &Application,
        there: &AppAuthorization,
        event: Event,
        who: Option<PersonId>,
        now: Timestamp,
    ) -> Result<Happening> {
        let org = self.store.organization(there.org).await;
        let sites = org
            .doing("reading an organization")?
            .map(|org| org.sites)
            .unwrap_or_default();
        Ok(Happening {
            org: app.org,
            resource: Resource::ServiceApp,
            event,
            actor: who,
            at: now,
            data: json!({
                "id": app.id(),
                "friendlyId": app.friendly_id,
                "authorizerId": who,
                "authorizerOrgId": there.org,
                "authorizationDate": there.authorized.unwrap_or(now),
                "scopes": there.scopes,
                "trainSiteNames": sites,
                "adminTrainSiteNames": sites,
            }),
            full: None,
            audience: vec![app.created_by],
        })
    }
}
