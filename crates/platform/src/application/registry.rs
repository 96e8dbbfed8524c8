//! Registering applications, changing them, and taking them away.

use std::collections::BTreeSet;

use hallway_wire::Secret;
use hallway_wire::application::{
    Application as View, ApplicationId, ApplicationKind, ApplicationWish, AuthorizationState,
    NewClientSecret, SubmissionStatus,
};
use hallway_wire::id::PersonId;

use super::rules::{self, BOT_SCOPES, slug};
use super::{AppAuthorization, Application, accounts};
use crate::audit;
use crate::caller::Caller;
use crate::crypto::{random, sha256};
use crate::error::{Error, Result};
use crate::org::{Person, PersonKind};
use crate::platform::Platform;
use crate::ports::Write;
use crate::records::{Kept, put_new};
use crate::webhook::Happening;

/// Most applications of one developer, so that nobody fills the house.
const MAX_PER_DEVELOPER: u64 = 1000;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A client secret: 256 bits.
fn new_secret() -> Secret {
    Secret::new(hex(&random::<32>()))
}

pub(super) fn entry(
    caller: &Caller,
    now: hallway_wire::Timestamp,
    event: &str,
    app: &Application,
    what: String,
) -> Write {
    audit::by(caller, now, event, &app.name, what)
}

impl Platform {
    /// Registers an application. The client secret is in the answer, this once.
    ///
    /// # Errors
    /// Not a personal access token; the wish is not in order; the friendly id is taken.
    pub async fn create_application(&self, caller: &Caller, wish: &ApplicationWish) -> Result<View> {
        caller.require_personal()?;
        let kind = wish
            .kind
            .ok_or_else(|| Error::invalid("type: must be one of integration, bot, authorizedAppIssuer"))?;
        let name = wish.name.as_deref().unwrap_or_default().trim().to_owned();
        let needed = ApplicationWish {
            name: Some(name.clone()),
            scopes: match kind {
                ApplicationKind::Bot => wish.scopes.clone(),
                _ => Some(wish.scopes.clone().unwrap_or_default()),
            },
            redirect_urls: match kind {
                ApplicationKind::Integration => Some(wish.redirect_urls.clone().unwrap_or_default()),
                _ => wish.redirect_urls.clone(),
            },
            ..wish.clone()
        };
        rules::check(kind, &needed)?;
        let developer = caller.person.uuid().to_string();
        let kind_of = <Application as crate::records::Document>::KIND;
        let count = self
            .store
            .count_records(kind_of, caller.org, "developer", &developer)
            .await;
        if crate::error::Doing::doing(count, "counting applications")? >= MAX_PER_DEVELOPER {
            return Err(Error::conflict(format!(
                "At most {MAX_PER_DEVELOPER} applications can be registered by one person."
            )));
        }
        let now = self.now();
        let friendly_id = match &wish.friendly_id {
            Some(given) => given.clone(),
            None => self.friendly_id(caller, &name).await?,
        };
        let secret = (kind != ApplicationKind::Bot).then(new_secret);
        let mut app = Application {
            client_id: format!("C{}", hex(&random::<32>())),
            org: caller.org,
            kind,
            name,
            friendly_id,
            secret_hash: secret.as_ref().map(|secret| sha256(secret.expose().as_bytes())),
            scopes: unique(match kind {
                ApplicationKind::Bot => BOT_SCOPES.iter().map(|&scope| scope.to_owned()).collect(),
                _ => needed.scopes.unwrap_or_default(),
            }),
            redirect_urls: needed.redirect_urls.unwrap_or_default(),
            created_by: caller.person,
            created: now,
            modified: now,
            submission_status: SubmissionStatus::None,
            submission_date: None,
            about: wish.about.clone(),
            bot: None,
            bot_grant: None,
            orgs: BTreeSet::new(),
        };
        let mut writes = Vec::new();
        if kind == ApplicationKind::Bot {
            let id = PersonId::random();
            let email = self
                .account_email(caller.org, id, &slug(&app.name), "bots")
                .await?;
            let bot = accounts::account(id, caller.org, PersonKind::Bot, email.clone(), &app.name, now);
            writes.push(Write::PutPerson(bot));
            app.bot = Some((id, email));
        }
        writes.push(put_new(&app)?);
        let what = format!("registered the {} {} ({})", noun(kind), app.name, app.client_id);
        writes.push(entry(caller, now, "application.created", &app, what));
        self.commit(writes).await?;
        Ok(View {
            client_secret: secret,
            ..app.view(None)
        })
    }

    /// A friendly id out of a name and the developer's organization, with a number where it is taken.
    async fn friendly_id(&self, caller: &Caller, name: &str) -> Result<String> {
        let org = self.organization(caller, caller.org).await?;
        let both = slug(&format!("{name} {}", org.display_name));
        let stem = if both.is_empty() { "app".to_owned() } else { both };
        for n in 1..50u32 {
            let id = if n == 1 {
                stem.clone()
            } else {
                format!("{stem}-{n}")
            };
            let holder: Option<Kept<Application>> = self.claimant(caller.org, "friendly_id", &id).await?;
            if holder.is_none() {
                return Ok(id);
            }
        }
        Ok(format!("{stem}-{}", hex(&random::<6>())))
    }

    /// Changes an application. Authorizations that service apps have keep their scopes until an administrator
    /// authorizes anew; a redirect URL that is gone is gone at once.
    ///
    /// # Errors
    /// Not a personal access token; unknown; the wish is not in order.
    pub async fn change_application(
        &self,
        caller: &Caller,
        id: &ApplicationId,
        wish: &ApplicationWish,
    ) -> Result<View> {
        caller.require_personal()?;
        self.retrying(|| async {
            let app = self.own_application(caller, id).await?;
            rules::check(app.kind, wish)?;
            if wish.kind.is_some_and(|kind| kind != app.kind) {
                return Err(Error::invalid("type: the kind of an application does not change"));
            }
            let now = self.now();
            let mut changed = app.doc.clone();
            if let Some(name) = &wish.name {
                changed.name = name.trim().to_owned();
            }
            if let Some(friendly_id) = &wish.friendly_id {
                changed.friendly_id.clone_from(friendly_id);
            }
            if let Some(scopes) = &wish.scopes
                && app.kind != ApplicationKind::Bot
            {
                changed.scopes = unique(scopes.clone());
            }
            if let Some(urls) = &wish.redirect_urls {
                changed.redirect_urls.clone_from(urls);
            }
            changed.about.merge(&wish.about);
            changed.modified = now;
            let mut writes = vec![app.put(&changed)?];
            let mut renamed = Vec::new();
            if changed.name != app.name {
                renamed = self.renamed_accounts(&changed, now, &mut writes).await?;
            }
            let what = format!("changed the {} {}", noun(app.kind), app.name);
            writes.push(entry(caller, now, "application.changed", &changed, what));
            self.commit(writes).await?;
            renamed
                .into_iter()
                .for_each(|person| self.forget_sessions_of(person));
            let here = self.app_authorization(&app.client_id, caller.org).await?;
            Ok(changed.view(here.as_deref()))
        })
        .await
    }

    /// Writes that give the accounts of an application its new name.
    async fn renamed_accounts(
        &self,
        app: &Application,
        now: hallway_wire::Timestamp,
        writes: &mut Vec<Write>,
    ) -> Result<Vec<PersonId>> {
        let mut accounts: Vec<_> = app.bot.iter().map(|(id, _)| (app.org, *id)).collect();
        for &org in &app.orgs {
            if let Some(there) = self.app_authorization(&app.client_id, org).await? {
                accounts.push((org, there.machine));
            }
        }
        let mut renamed = Vec::new();
        for (org, id) in accounts {
            if let Some(person) = self.get::<Person>(org, &id.uuid().to_string()).await? {
                let mut changed = person.doc.clone();
                changed.display_name.clone_from(&app.name);
                changed.last_modified = now;
                renamed.push(id);
                writes.push(person.put(&changed)?);
            }
        }
        Ok(renamed)
    }

    /// Gives an application a new client secret. The old one is no good from now on; tokens stay.
    ///
    /// # Errors
    /// Not a personal access token; unknown; a bot, which has none.
    pub async fn rotate_client_secret(&self, caller: &Caller, id: &ApplicationId) -> Result<NewClientSecret> {
        caller.require_personal()?;
        self.retrying(|| async {
            let app = self.own_application(caller, id).await?;
            if app.kind == ApplicationKind::Bot {
                return Err(Error::conflict(
                    "A bot has no client secret: it has a token, which can be made anew.",
                ));
            }
            let now = self.now();
            let secret = new_secret();
            let mut changed = app.doc.clone();
            changed.secret_hash = Some(sha256(secret.expose().as_bytes()));
            changed.modified = now;
            let what = format!("gave {} a new client secret", app.name);
            let writes = vec![
                app.put(&changed)?,
                entry(caller, now, "application.secretRotated", &app, what),
            ];
            self.commit(writes).await?;
            Ok(NewClientSecret {
                client_id: app.client_id.clone(),
                client_secret: secret,
            })
        })
        .await
    }

    /// Deletes an application: every token that was made for it ends, in every organization.
    ///
    /// # Errors
    /// Not a personal access token; unknown.
    pub async fn delete_application(&self, caller: &Caller, id: &ApplicationId) -> Result<()> {
        caller.require_personal()?;
        self.retrying(|| async {
            let app = self.own_application(caller, id).await?;
            let now = self.now();
            let mut writes = vec![app.delete(), Write::DeleteGrantsOfClient(app.client_id.clone())];
            let mut happenings: Vec<Happening> = Vec::new();
            let mut gone = Vec::new();
            for (org, person) in self.granters(&app.client_id, None).await? {
                let client = Some(app.client_id.as_str());
                writes.extend(self.end_webhooks_of_client(org, person, client).await?);
            }
            if let Some((bot, _)) = app.bot {
                writes.push(Write::DeleteGrantsOf(bot));
                writes.push(Write::DeletePerson(bot));
                gone.push(bot);
            }
            for &org in &app.orgs {
                let there: Option<Kept<AppAuthorization>> =
                    self.app_authorization(&app.client_id, org).await?;
                let Some(there) = there else { continue };
                writes.push(there.delete());
                if there.authorized.is_some() {
                    writes.push(Write::DeletePerson(there.machine));
                    gone.push(there.machine);
                }
                if there.state == AuthorizationState::Authorized {
                    happenings.push(self.ended(&app, &there, there.authorizer, now).await?);
                    if org != app.org {
                        writes.push(audit::by_system(
                            org,
                            now,
                            "serviceApp.deauthorized",
                            &app.name,
                            format!(
                                "ended the authorization of {}: its developer deleted it",
                                app.name
                            ),
                        ));
                    }
                }
            }
            let what = format!("deleted the {} {} ({})", noun(app.kind), app.name, app.client_id);
            writes.push(entry(caller, now, "application.deleted", &app, what));
            self.commit_with(writes, happenings).await?;
            self.sessions.forget_client(&app.client_id);
            gone.into_iter()
                .for_each(|person| self.forget_sessions_of(person));
            Ok(())
        })
        .await
    }
}

/// What people call the kind.
pub(super) fn noun(kind: ApplicationKind) -> &'static str {
    match kind {
        ApplicationKind::Integration => "integration",
        ApplicationKind::Bot => "bot",
        ApplicationKind::ServiceApp => "service app",
    }
}

/// Each scope once, in the order in which they were given.
fn unique(scopes: Vec<String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    scopes
        .into_iter()
        .filter(|scope| seen.insert(scope.clone()))
        .collect()
}
