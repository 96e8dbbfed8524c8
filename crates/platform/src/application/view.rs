//! Applications as their developers and administrators see them.

use hallway_wire::application::{
    Application as View, ApplicationId, ApplicationKind, AuthorizationState, ServiceAppAuthorization,
    SubmissionStatus,
};
use hallway_wire::id::PersonId;

use super::{AppAuthorization, Application};
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::platform::Platform;
use crate::ports::{After, Find};
use crate::records::{Document as _, Kept, Listed};

/// Which applications; every condition must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApplicationQuery {
    pub kind: Option<ApplicationKind>,
    pub created_by: Option<PersonId>,
    pub submission_status: Option<SubmissionStatus>,
    pub org_submission_status: Option<SubmissionStatus>,
    pub category: Option<String>,
    pub tag: Option<String>,
    pub bot_email: Option<String>,
    pub is_featured: Option<bool>,
    pub is_native: Option<bool>,
}

impl ApplicationQuery {
    fn fits(&self, it: &Application) -> bool {
        let has = |wanted: &Option<String>, list: &Option<Vec<String>>| {
            wanted
                .as_ref()
                .is_none_or(|wanted| list.iter().flatten().any(|one| one == wanted))
        };
        let email = it.bot.as_ref().map(|(_, email)| email);
        self.kind.is_none_or(|kind| kind == it.kind)
            && self.created_by.is_none_or(|person| person == it.created_by)
            && self
                .submission_status
                .is_none_or(|status| status == it.submission_status)
            && has(&self.category, &it.about.categories)
            && has(&self.tag, &it.about.tags)
            && self
                .bot_email
                .as_ref()
                .is_none_or(|wanted| email.is_some_and(|email| email.eq_ignore_ascii_case(wanted)))
            // Nothing comes with the house, and nothing is advertised.
            && self.is_featured != Some(true)
            && self.is_native != Some(true)
    }

    fn fits_view(&self, it: &View) -> bool {
        self.org_submission_status
            .is_none_or(|status| status == it.org_submission_status.unwrap_or_default())
    }
}

/// How a state in an organization is spelled as a submission.
fn submission(state: AuthorizationState) -> SubmissionStatus {
    match state {
        AuthorizationState::Requested => SubmissionStatus::PendingApproval,
        AuthorizationState::Authorized => SubmissionStatus::Approved,
        AuthorizationState::Deauthorized => SubmissionStatus::None,
    }
}

impl Application {
    /// As it is shown, in an organization where it stands like this.
    pub(super) fn view(&self, here: Option<&AppAuthorization>) -> View {
        View {
            id: self.id(),
            name: self.name.clone(),
            friendly_id: self.friendly_id.clone(),
            kind: self.kind,
            org_id: self.org,
            created_by: self.created_by,
            created: self.created,
            modified: self.modified,
            is_native: false,
            is_featured: false,
            submission_status: self.submission_status,
            org_submission_status: here.map(|here| submission(here.state)),
            submission_date: self.submission_date,
            client_id: self.client_id.clone(),
            client_secret: None,
            scopes: self.scopes.clone(),
            redirect_urls: (self.kind == ApplicationKind::Integration).then(|| self.redirect_urls.clone()),
            bot_email: self.bot.as_ref().map(|(_, email)| email.clone()),
            bot_person_id: self.bot.as_ref().map(|(id, _)| *id),
            about: self.about.clone(),
        }
    }
}

/// A service app in an organization.
pub(super) fn standing(
    app: &Application,
    org: hallway_wire::id::OrgId,
    here: Option<&AppAuthorization>,
) -> ServiceAppAuthorization {
    let authorized = here.filter(|here| here.state == AuthorizationState::Authorized);
    ServiceAppAuthorization {
        application_id: app.id(),
        name: app.name.clone(),
        friendly_id: app.friendly_id.clone(),
        client_id: app.client_id.clone(),
        developer_org_id: app.org,
        org_id: org,
        state: here.map(|here| here.state),
        scopes: app.scopes.clone(),
        granted_scopes: authorized.map(|here| here.scopes.clone()),
        authorizer_id: here.and_then(|here| here.authorizer),
        authorization_date: here.and_then(|here| here.authorized),
        machine_account_id: authorized.map(|here| here.machine),
    }
}

impl Caller {
    /// Demands somebody who may look at applications: a developer with a personal access token, or an
    /// integration that makes tokens of service apps.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn may_read_applications(&self) -> Result<()> {
        if self.require_personal().is_ok() {
            return Ok(());
        }
        self.require_scope(&["spark:applications_token"])
    }

    /// Whether an application is the caller's to look after.
    pub(super) fn develops(&self, app: &Application) -> bool {
        app.org == self.org && (app.created_by == self.person || self.is_full_admin())
    }
}

/// In which of the two lists a page of applications begins.
const OWN: &str = "own|";
const ELSEWHERE: &str = "elsewhere|";

impl Platform {
    /// The application with this id, of any organization.
    pub(crate) async fn application_of_client(&self, client_id: &str) -> Result<Option<Kept<Application>>> {
        self.get_anywhere(client_id).await
    }

    /// An application that the caller looks after.
    pub(super) async fn own_application(
        &self,
        caller: &Caller,
        id: &ApplicationId,
    ) -> Result<Kept<Application>> {
        let found = self.application_of_client(&id.0).await?;
        found.filter(|app| caller.develops(app)).ok_or(Error::NotFound {
            what: Application::NOUN,
        })
    }

    /// Where a client stands in an organization.
    pub(crate) async fn app_authorization(
        &self,
        client_id: &str,
        org: hallway_wire::id::OrgId,
    ) -> Result<Option<Kept<AppAuthorization>>> {
        self.get(org, &AppAuthorization::key(client_id, org)).await
    }

    /// An application that the caller may see: its own, one of its organization if it administers that, and
    /// service apps that ask for its organization's authorization.
    ///
    /// # Errors
    /// Not allowed to look; unknown.
    pub async fn application(&self, caller: &Caller, id: &ApplicationId) -> Result<View> {
        caller.may_read_applications()?;
        let here = self.app_authorization(&id.0, caller.org).await?;
        let found = self.application_of_client(&id.0).await?;
        let seen = found.filter(|app| caller.develops(app) || (here.is_some() && caller.is_reading_admin()));
        let app = seen.ok_or(Error::NotFound {
            what: Application::NOUN,
        })?;
        Ok(app.view(here.as_deref()))
    }

    /// Applications that the caller may see, its organization's first, the oldest first.
    ///
    /// # Errors
    /// Not allowed to look.
    pub async fn applications(
        &self,
        caller: &Caller,
        query: &ApplicationQuery,
        after: Option<After>,
        max: usize,
    ) -> Result<(Vec<View>, Option<After>)> {
        caller.may_read_applications()?;
        let place = |list: &str, after: After| After {
            order: format!("{list}{}", after.order),
            id: after.id,
        };
        let after_in = |list: &str| {
            let after = after.as_ref()?;
            let order = after.order.strip_prefix(list)?.to_owned();
            Some(After {
                order,
                id: after.id.clone(),
            })
        };
        let mut items = Vec::new();
        let sees_all = caller.is_reading_admin();
        if after.as_ref().is_none_or(|after| after.order.starts_with(OWN)) {
            let (index, value) = match query.created_by {
                Some(person) if sees_all || person == caller.person => {
                    ("developer", person.uuid().to_string())
                }
                _ if sees_all => ("all", String::new()),
                _ => ("developer", caller.person.uuid().to_string()),
            };
            let find = Find::new(Application::KIND, caller.org, index, value, max).after(after_in(OWN));
            // What its own organization says of it is read for each that fits otherwise.
            let Listed { items: found, next } = self
                .list_where::<Application>(find, |app| query.fits(app))
                .await?;
            for app in found {
                let here = self.app_authorization(&app.client_id, caller.org).await?;
                let view = app.view(here.as_deref());
                if query.fits_view(&view) {
                    items.push(view);
                }
            }
            if let Some(next) = next {
                return Ok((items, Some(place(OWN, next))));
            }
        }
        if !sees_all {
            return Ok((items, None));
        }
        let mut passed = after_in(ELSEWHERE);
        loop {
            let find = Find::new(AppAuthorization::KIND, caller.org, "all", "", 100).after(passed.clone());
            let Listed { items: found, next } = self.list::<AppAuthorization>(find).await?;
            for here in found {
                let app = match here.developer_org == caller.org {
                    true => None,
                    false => self.application_of_client(&here.client_id).await?,
                };
                let view = app
                    .filter(|app| query.fits(app))
                    .map(|app| app.view(Some(&here)))
                    .filter(|view| query.fits_view(view));
                if let Some(view) = view {
                    if items.len() >= max {
                        let from = passed.unwrap_or(After {
                            order: String::new(),
                            // A cursor holds no empty text; every order is behind this.
                            id: "-".to_owned(),
                        });
                        return Ok((items, Some(place(ELSEWHERE, from))));
                    }
                    items.push(view);
                }
                passed = Some(here.place().clone());
            }
            if next.is_none() {
                return Ok((items, None));
            }
        }
    }

    /// The service apps that an administrator can authorize or has authorized.
    ///
    /// # Errors
    /// Not an administrator's personal access token.
    pub async fn service_apps(
        &self,
        caller: &Caller,
        after: Option<After>,
        max: usize,
    ) -> Result<(Vec<ServiceAppAuthorization>, Option<After>)> {
        caller.require_personal()?;
        caller.require_reading_admin()?;
        let query = ApplicationQuery {
            kind: Some(ApplicationKind::ServiceApp),
            ..ApplicationQuery::default()
        };
        let (found, next) = self.applications(caller, &query, after, max).await?;
        let mut items = Vec::with_capacity(found.len());
        for view in found {
            let here = self.app_authorization(&view.client_id, caller.org).await?;
            if let Some(app) = self.application_of_client(&view.client_id).await? {
                items.push(standing(&app, caller.org, here.as_deref()));
            }
        }
        Ok((items, next))
    }

    /// Where a service app stands: in every organization for its developer, in its own for an administrator.
    ///
    /// # Errors
    /// Not a personal access token; unknown.
    pub async fn service_app_authorizations(
        &self,
        caller: &Caller,
        id: &ApplicationId,
    ) -> Result<Vec<ServiceAppAuthorization>> {
        caller.require_personal()?;
        let not_found = || Error::NotFound {
            what: AppAuthorization::NOUN,
        };
        let found = self.application_of_client(&id.0).await?;
        let app = found
            .filter(|app| app.kind == ApplicationKind::ServiceApp)
            .ok_or_else(not_found)?;
        let mut items = Vec::new();
        if caller.develops(&app) {
            for &org in &app.orgs {
                let there = self.app_authorization(&app.client_id, org).await?;
                items.push(standing(&app, org, there.as_deref()));
            }
            return Ok(items);
        }
        let here = self.app_authorization(&app.client_id, caller.org).await?;
        let here = here.filter(|_| caller.is_reading_admin()).ok_or_else(not_found)?;
        items.push(standing(&app, caller.org, Some(&here)));
        Ok(items)
    }
}
