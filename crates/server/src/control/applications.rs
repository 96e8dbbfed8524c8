//! What Webex has only a developer portal and an admin portal for: secrets, requests, tokens of bots and people.

use std::sync::Arc;

use axum::extract::{FromRequest as _, Path, Request, State};
use hallway_platform::Platform;
use hallway_wire::application::{InOrganization, NewClientSecret, ServiceAppAuthorization};
use hallway_wire::authorization::{BotToken, NewPersonalToken, PersonalToken, SignInCode, Sites};
use hallway_wire::control::Items;

use crate::auth::Authenticated;
use crate::body::Json;
use crate::describe::{Api, Op};
use crate::error::ApiError;
use crate::query::id;

pub(super) fn routes() -> Api {
    Api::new("Hallway: applications")
        .get(
            "/serviceApps",
            service_apps,
            Op::new("List service apps")
                .about("Those that the organization authorized or can authorize. Only an administrator may.")
                .answers::<Items<ServiceAppAuthorization>>(200),
        )
        .get(
            "/applications/{id}/authorizations",
            authorizations,
            Op::new("List where a service app stands")
                .about("In every organization for its developer, in the caller's for an administrator.")
                .answers::<Items<ServiceAppAuthorization>>(200),
        )
        .post(
            "/applications/{id}/requestAuthorization",
            request_authorization,
            Op::new("Ask an organization to authorize a service app")
                .takes::<InOrganization>()
                .answers::<ServiceAppAuthorization>(200),
        )
        .post(
            "/applications/{id}/rotateSecret",
            rotate_secret,
            Op::new("Make a new client secret")
                .about("The old one is no good from now on; tokens stay.")
                .answers::<NewClientSecret>(200),
        )
        .post(
            "/applications/{id}/botToken",
            bot_token,
            Op::new("Make the token of a bot")
                .about("The one before ends.")
                .answers::<BotToken>(200),
        )
        .post(
            "/people/{id}/token",
            personal_token,
            Op::new("Make a personal access token")
                .about("For oneself, or as a full administrator for anybody.")
                .takes::<NewPersonalToken>()
                .answers::<PersonalToken>(200),
        )
        .post(
            "/people/{id}/signInCode",
            sign_in_code,
            Op::new("Make a code with which a person signs in on a page")
                .about("For oneself, or as a full administrator for anybody.")
                .answers::<SignInCode>(200),
        )
        .get(
            "/organization/sites",
            sites,
            Op::new("Get the sites of the organization").answers::<Sites>(200),
        )
        .put(
            "/organization/sites",
            set_sites,
            Op::new("Set the sites of the organization")
                .about("Webhooks about service apps tell them. Only a full administrator may.")
                .takes::<Sites>()
                .answers::<Sites>(200),
        )
}

async fn service_apps(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
) -> Result<Json<Items<ServiceAppAuthorization>>, ApiError> {
    let (mut items, mut from) = (Vec::new(), None);
    loop {
        let (page, next) = platform.service_apps(&caller, from.take(), 500).await?;
        items.extend(page);
        match next {
            Some(next) => from = Some(next),
            None => return Ok(Json(Items { items })),
        }
    }
}

async fn authorizations(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path(app): Path<String>,
) -> Result<Json<Items<ServiceAppAuthorization>>, ApiError> {
    caller.require_personal()?;
    let items = platform.service_app_authorizations(&caller, &id(&app)?).await?;
    Ok(Json(Items { items }))
}

async fn request_authorization(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path(app): Path<String>,
    request: Request,
) -> Result<Json<ServiceAppAuthorization>, ApiError> {
    caller.require_personal()?;
    let app = id(&app)?;
    let Json(InOrganization { org_id }) = Json::from_request(request, &()).await?;
    Ok(Json(platform.request_authorization(&caller, &app, org_id).await?))
}

async fn rotate_secret(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path(app): Path<String>,
) -> Result<Json<NewClientSecret>, ApiError> {
    caller.require_personal()?;
    Ok(Json(platform.rotate_client_secret(&caller, &id(&app)?).await?))
}

async fn bot_token(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path(app): Path<String>,
) -> Result<Json<BotToken>, ApiError> {
    caller.require_personal()?;
    Ok(Json(platform.bot_token(&caller, &id(&app)?).await?))
}

async fn personal_token(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path(person): Path<String>,
    request: Request,
) -> Result<Json<PersonalToken>, ApiError> {
    caller.require_personal()?;
    let person = id(&person)?;
    // A token for everything needs no body.
    let wish = match request.headers().get(axum::http::header::CONTENT_TYPE) {
        None => NewPersonalToken::default(),
        Some(_) => Json::<NewPersonalToken>::from_request(request, &()).await?.0,
    };
    Ok(Json(platform.make_personal_token(&caller, person, &wish).await?))
}

async fn sign_in_code(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    Path(person): Path<String>,
) -> Result<Json<SignInCode>, ApiError> {
    caller.require_personal()?;
    Ok(Json(platform.make_sign_in_code(&caller, id(&person)?).await?))
}

async fn sites(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
) -> Result<Json<Sites>, ApiError> {
    Ok(Json(platform.sites(&caller).await?))
}

async fn set_sites(
    State(platform): State<Arc<Platform>>,
    Authenticated(caller): Authenticated,
    request: Request,
) -> Result<Json<Sites>, ApiError> {
    caller.require_full_admin()?;
    let Json(wish) = Json::from_request(request, &()).await?;
    Ok(Json(platform.set_sites(&caller, wish).await?))
}
