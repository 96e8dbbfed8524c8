//! `GET /v1/authorize` and `GET /v1/device`: the pages on which a person says what an integration may do
//! (oauth 2 and 3).
//!
//! Who is not signed in is asked for a sign-in code or a token first. Every form carries a key that only the
//! browser's own cookie makes; nothing here runs a script.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use hallway_platform::oauth::{Asked, AuthorizeRequest, BadRequest, Credential, DeviceAsks, SignedIn};
use hallway_platform::{Error, Platform};
use hallway_wire::Secret;
use hallway_wire::error::ErrorBody;

use super::pages::{Browser, Html, escape, hidden, in_words, redirect, set_cookie};
use crate::body;
use crate::describe::{Api, Op};
use crate::error::ApiError;
use crate::query::{Query, id as read_id};

const AUTHORIZE: &str = "/v1/authorize";
const DEVICE: &str = "/v1/device";
/// Most bytes of a form.
const MAX_FORM: usize = 64 << 10;

pub(super) fn routes() -> Api {
    let page = |summary: &'static str| {
        Op::new(summary)
            .open()
            .answers_as(200, "text/html", None)
            .answers_as(400, "text/html", None)
            .answers::<ErrorBody>(400)
            .answers_as(429, "text/html", None)
            .answers::<ErrorBody>(429)
    };
    let form = |summary: &'static str| page(summary).takes_as("application/x-www-form-urlencoded", None);
    Api::new("Authorization")
        .get(
            "/authorize",
            authorize_page,
            page("Ask a person for an authorization")
                .about("A page; the browser is sent back to redirect_uri with a code, or with an error.")
                .required_query("response_type", "Always `code`.")
                .required_query("client_id", "The integration.")
                .required_query(
                    "redirect_uri",
                    "Letter by letter one that the integration registered.",
                )
                .query("scope", "Separated by blanks.")
                .query("state", "Comes back as it is.")
                .query("code_challenge", "A challenge of RFC 7636.")
                .query("code_challenge_method", "plain or S256."),
        )
        .post(
            "/authorize",
            authorize,
            form("Answer to an integration").empty(302),
        )
        .post("/authorize/signIn", sign_in, form("Sign in on a page").empty(303))
        .post(
            "/authorize/signOut",
            sign_out,
            form("Sign out of the pages").empty(303),
        )
        .get(
            "/device",
            device_page,
            page("Type the code of a device").query("user_code", "The code that the device shows."),
        )
        .post("/device", device, form("Answer to a device"))
}

/// Reads a form.
async fn read_form(request: Request) -> Result<Query, ApiError> {
    let bytes = body::read(request.into_body()).await?;
    if bytes.len() > MAX_FORM {
        return Err(ApiError::bad_request("The form is too long."));
    }
    Ok(Query::parse(&String::from_utf8_lossy(&bytes)))
}

fn refusal(text: &str) -> Html {
    Html::new("That did not work")
        .status(StatusCode::BAD_REQUEST)
        .alert(Some(text))
}

/// What to say to a form that did not come from a page of this browser.
fn stale_form() -> Response {
    refusal("This form is no longer good: go back to where you came from and start again. Cookies must be allowed.")
        .into_response()
}

/// An error as a page, where a person can do something about it.
fn failed(error: Error) -> Result<Response, ApiError> {
    match error {
        Error::RateLimited { retry_after_s } => Ok(Html::new("Too many attempts")
            .status(StatusCode::TOO_MANY_REQUESTS)
            .retry_after(retry_after_s)
            .alert(Some(&error.to_string()))
            .into_response()),
        error => Err(error.into()),
    }
}

/// Where the sign-in leads back to: a page of ours and nothing else.
fn is_way_back(path: &str) -> bool {
    let ours = [AUTHORIZE, DEVICE].iter().any(|page| {
        path.strip_prefix(page)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('?'))
    });
    ours && path.len() <= 8192 && path.bytes().all(|b| b.is_ascii_graphic())
}

/// The page that asks who somebody is.
async fn sign_in_page(
    platform: &Platform,
    browser: &Browser,
    back: &str,
    alert: Option<&str>,
) -> Result<Response, ApiError> {
    let key = hidden("key", &browser.form_key("sign-in", back));
    let common = format!(
        "<form method=post action=\"{AUTHORIZE}/signIn\">{key}{}",
        hidden("back", back)
    );
    let mut page = Html::new("Sign in")
        .alert(alert)
        .markup(&format!(
            "{common}<label for=code>Sign-in code</label>\
             <input type=text id=code name=code autocomplete=one-time-code autocapitalize=characters \
             spellcheck=false required autofocus aria-describedby=how>\
             <p class=quiet id=how>Your administrator makes one for you with \
             <code>hallway person sign-in EMAIL</code>. It is good once, for a short time.</p>\
             <button class=yes type=submit>Sign in</button></form>\
             <h2>Or with a token</h2>{common}<label for=token>Personal access token</label>\
             <input type=password id=token name=token autocomplete=off required>\
             <button type=submit>Sign in with the token</button></form>"
        ))
        .cookie(browser.cookie(platform));
    let people = platform.people_to_be().await?;
    if !people.is_empty() {
        let mut list = format!("<h2>This is a demonstration</h2><p>Be anybody you like:</p>{common}");
        for person in &people {
            let _ = write!(
                list,
                "<button type=submit name=person value=\"{}\">{}</button>",
                person.person,
                escape(&person.name)
            );
        }
        list.push_str("</form>");
        page = page.markup(&list);
    }
    if alert.is_some() {
        page = page.status(StatusCode::BAD_REQUEST);
    }
    Ok(page.into_response())
}

async fn sign_in(
    State(platform): State<Arc<Platform>>,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, ApiError> {
    let form = read_form(request).await?;
    let browser = Browser::of(&platform, &headers);
    let back = form.get("back").unwrap_or_default();
    if !is_way_back(back) || !browser.sent_form("sign-in", back, form.get("key")) {
        return Ok(stale_form());
    }
    let credential = if let Some(code) = form.get("code") {
        Credential::Code(Secret::new(code))
    } else if let Some(token) = form.get("token") {
        Credential::Token(Secret::new(token))
    } else if let Some(person) = form.get("person") {
        Credential::Anybody(read_id(person)?)
    } else {
        return sign_in_page(&platform, &browser, back, Some("Type a code or a token.")).await;
    };
    match platform.sign_in(&credential).await {
        Ok(Some(session)) => Ok(redirect(
            StatusCode::SEE_OTHER,
            back,
            set_cookie(&platform, &session),
        )),
        Ok(None) => {
            let text = "That is no good: it is wrong, has expired, or was used already.";
            sign_in_page(&platform, &browser, back, Some(text)).await
        }
        Err(error) => failed(error),
    }
}

async fn sign_out(
    State(platform): State<Arc<Platform>>,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, ApiError> {
    let form = read_form(request).await?;
    let browser = Browser::of(&platform, &headers);
    let back = form.get("back").unwrap_or_default();
    if !is_way_back(back) || !browser.sent_form("sign-out", back, form.get("key")) {
        return Ok(stale_form());
    }
    platform.sign_out(&browser.secret).await?;
    let fresh = Browser::new();
    Ok(redirect(StatusCode::SEE_OTHER, back, fresh.cookie(&platform)))
}

/// Who is signed in, and the way to be somebody else.
fn signed_in_as(browser: &Browser, who: &SignedIn, back: &str) -> String {
    format!(
        "<form method=post action=\"{AUTHORIZE}/signOut\">{}{}<p class=quiet>You are {} ({}). \
         <button type=submit>Sign in as somebody else</button></p></form>",
        hidden("key", &browser.form_key("sign-out", back)),
        hidden("back", back),
        escape(&who.name),
        escape(&who.email),
    )
}

fn scope_list(scopes: &[String]) -> String {
    let mut list = "<ul>".to_owned();
    for scope in scopes {
        let _ = write!(
            list,
            "<li>{} <span class=quiet>({})</span></li>",
            escape(&in_words(scope)),
            escape(scope)
        );
    }
    list.push_str("</ul>");
    if scopes.iter().any(|scope| scope.starts_with("spark-admin:")) {
        list.push_str(
            "<p class=quiet>What concerns the whole organization works only as far as you administer it.</p>",
        );
    }
    list
}

fn authorize_request(query: &Query) -> AuthorizeRequest {
    let get = |name: &str| query.get(name).map(ToOwned::to_owned);
    AuthorizeRequest {
        response_type: get("response_type"),
        client_id: get("client_id"),
        redirect_uri: get("redirect_uri"),
        scope: get("scope"),
        state: get("state"),
        code_challenge: get("code_challenge"),
        code_challenge_method: get("code_challenge_method"),
    }
}

/// The parameters that count, spelled in one way: forms carry this.
fn canonical(request: &AuthorizeRequest) -> String {
    let mut text = form_urlencoded::Serializer::new(String::new());
    for (name, value) in [
        ("response_type", &request.response_type),
        ("client_id", &request.client_id),
        ("redirect_uri", &request.redirect_uri),
        ("scope", &request.scope),
        ("state", &request.state),
        ("code_challenge", &request.code_challenge),
        ("code_challenge_method", &request.code_challenge_method),
    ] {
        if let Some(value) = value {
            text.append_pair(name, value);
        }
    }
    text.finish()
}

/// Sends the browser back to the client.
fn back_to_client(redirect_uri: &str, state: Option<&str>, members: &[(&str, &str)]) -> Response {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(members);
    if let Some(state) = state {
        query.append_pair("state", state);
    }
    let joint = match redirect_uri.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some(_) => "&",
    };
    redirect(
        StatusCode::FOUND,
        &format!("{redirect_uri}{joint}{}", query.finish()),
        None,
    )
}

fn bad_request(bad: BadRequest) -> Result<Response, ApiError> {
    match bad {
        BadRequest::Page(text) => Ok(refusal(&text).into_response()),
        BadRequest::Redirect {
            redirect_uri,
            state,
            error,
            description,
        } => Ok(back_to_client(
            &redirect_uri,
            state.as_deref(),
            &[("error", error), ("error_description", &description)],
        )),
        BadRequest::Failed(error) => Err(error.into()),
    }
}

async fn authorize_page(
    State(platform): State<Arc<Platform>>,
    headers: HeaderMap,
    query: Query,
) -> Result<Response, ApiError> {
    let request = authorize_request(&query);
    let asked = match platform.read_authorization(&request).await {
        Ok(asked) => asked,
        Err(bad) => return bad_request(bad),
    };
    let browser = Browser::of(&platform, &headers);
    let words = canonical(&request);
    let back = format!("{AUTHORIZE}?{words}");
    match platform.signed_in(&browser.secret).await? {
        None => sign_in_page(&platform, &browser, &back, None).await,
        Some(who) => consent_page(&platform, &browser, &who, &asked, &words, &back).await,
    }
}

async fn consent_page(
    platform: &Platform,
    browser: &Browser,
    who: &SignedIn,
    asked: &Asked,
    words: &str,
    back: &str,
) -> Result<Response, ApiError> {
    let developer = developer(platform, asked.developer_org).await?;
    let page = Html::new("Allow access?")
        .markup(&format!(
            "<p><strong>{}</strong>, an integration of {}, wants to:</p>{}",
            escape(&asked.app_name),
            escape(&developer),
            scope_list(&asked.scopes)
        ))
        .markup(&format!(
            "<form method=post action=\"{AUTHORIZE}\">{}{}\
             <button class=yes type=submit name=decision value=allow>Allow</button>\
             <button type=submit name=decision value=deny>Deny</button></form>\
             <p class=quiet>You are sent back to {} afterwards.</p>",
            hidden("key", &browser.form_key("consent", words)),
            hidden("request", words),
            escape(asked.redirect_uri.split('?').next().unwrap_or_default()),
        ))
        .markup(&signed_in_as(browser, who, back))
        .leading_to(&asked.redirect_uri);
    Ok(page.into_response())
}

/// The name of a developer's organization.
async fn developer(platform: &Platform, org: hallway_wire::id::OrgId) -> Result<String, ApiError> {
    let all = platform.all_organizations().await?;
    let found = all.into_iter().find(|one| one.id == org);
    Ok(found.map_or_else(|| "an unknown organization".to_owned(), |org| org.display_name))
}

async fn authorize(
    State(platform): State<Arc<Platform>>,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, ApiError> {
    let form = read_form(request).await?;
    let browser = Browser::of(&platform, &headers);
    let words = form.get("request").unwrap_or_default();
    if !browser.sent_form("consent", words, form.get("key")) {
        return Ok(stale_form());
    }
    let asked = match platform
        .read_authorization(&authorize_request(&Query::parse(words)))
        .await
    {
        Ok(asked) => asked,
        Err(bad) => return bad_request(bad),
    };
    let Some(who) = platform.signed_in(&browser.secret).await? else {
        return sign_in_page(&platform, &browser, &format!("{AUTHORIZE}?{words}"), None).await;
    };
    let state = asked.state.as_deref();
    match form.get("decision") {
        Some("allow") => {
            let code = platform.grant_code(&who, &asked).await?;
            Ok(back_to_client(
                &asked.redirect_uri,
                state,
                &[("code", code.expose())],
            ))
        }
        Some("deny") => Ok(back_to_client(
            &asked.redirect_uri,
            state,
            &[
                ("error", "access_denied"),
                ("error_description", "the person said no"),
            ],
        )),
        _ => Ok(stale_form()),
    }
}

async fn device_page(
    State(platform): State<Arc<Platform>>,
    headers: HeaderMap,
    query: Query,
) -> Result<Response, ApiError> {
    let browser = Browser::of(&platform, &headers);
    let code = query.get("user_code").map(|code| code.trim().to_owned());
    let back = match &code {
        None => DEVICE.to_owned(),
        Some(code) => {
            let mut text = form_urlencoded::Serializer::new(format!("{DEVICE}?"));
            text.append_pair("user_code", code);
            text.finish()
        }
    };
    let Some(who) = platform.signed_in(&browser.secret).await? else {
        return sign_in_page(&platform, &browser, &back, None).await;
    };
    let Some(code) = code else {
        return Ok(code_page(&browser, &who, None).into_response());
    };
    match platform.device_asks(&who, &code).await {
        Ok(Some(asks)) => {
            let developer = developer(&platform, asks.developer_org).await?;
            Ok(device_consent(&browser, &who, &asks, &developer, &back).into_response())
        }
        Ok(None) => Ok(code_page(&browser, &who, Some("No device waits for this code.")).into_response()),
        Err(error) => failed(error),
    }
}

fn code_page(browser: &Browser, who: &SignedIn, alert: Option<&str>) -> Html {
    let page = Html::new("Connect a device")
        .alert(alert)
        .markup(&format!(
            "<form method=get action=\"{DEVICE}\"><label for=user_code>The code that the device shows</label>\
             <input type=text id=user_code name=user_code autocomplete=off autocapitalize=characters \
             spellcheck=false required autofocus>\
             <button class=yes type=submit>Next</button></form>"
        ))
        .markup(&signed_in_as(browser, who, DEVICE));
    match alert {
        None => page,
        Some(_) => page.status(StatusCode::BAD_REQUEST),
    }
}

fn device_consent(browser: &Browser, who: &SignedIn, asks: &DeviceAsks, developer: &str, back: &str) -> Html {
    let code = &asks.user_code;
    Html::new("Connect a device?")
        .markup(&format!(
            "<p>A device that shows <strong>{}</strong> runs <strong>{}</strong>, an integration of {}. \
             It wants to:</p>{}",
            escape(code),
            escape(&asks.app_name),
            escape(developer),
            scope_list(&asks.scopes)
        ))
        .text("Allow this only if the device is in front of you and shows this very code.")
        .markup(&format!(
            "<form method=post action=\"{DEVICE}\">{}{}\
             <button class=yes type=submit name=decision value=allow>Allow</button>\
             <button type=submit name=decision value=deny>Deny</button></form>",
            hidden("key", &browser.form_key("device", code)),
            hidden("user_code", code),
        ))
        .markup(&signed_in_as(browser, who, back))
}

async fn device(
    State(platform): State<Arc<Platform>>,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, ApiError> {
    let form = read_form(request).await?;
    let browser = Browser::of(&platform, &headers);
    let code = form.get("user_code").unwrap_or_default();
    if !browser.sent_form("device", code, form.get("key")) {
        return Ok(stale_form());
    }
    let Some(who) = platform.signed_in(&browser.secret).await? else {
        return sign_in_page(&platform, &browser, DEVICE, None).await;
    };
    let yes = match form.get("decision") {
        Some("allow") => true,
        Some("deny") => false,
        _ => return Ok(stale_form()),
    };
    match platform.answer_device(&who, code, yes).await {
        Ok(true) if yes => Ok(Html::new("Connected")
            .text("The device goes on by itself. You can close this page.")
            .into_response()),
        Ok(true) => Ok(Html::new("Denied")
            .text("The device gets nothing. You can close this page.")
            .into_response()),
        Ok(false) => Ok(code_page(&browser, &who, Some("No device waits for this code.")).into_response()),
        Err(error) => failed(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sign_in_leads_to_our_pages_only() {
        for good in [
            "/v1/device",
            "/v1/device?user_code=A",
            "/v1/authorize?client_id=C1",
        ] {
            assert!(is_way_back(good), "{good}");
        }
        for bad in [
            "",
            "//evil.example",
            "/v1/devices",
            "https://evil.example/v1/device",
            "/v1/device\r\n",
        ] {
            assert!(!is_way_back(bad), "{bad}");
        }
    }

    #[test]
    fn what_comes_back_is_spelled_in_one_way() {
        let query = Query::parse("client_id=C1&scope=a%20b+c&state=%26x&response_type=code&foo=bar");
        assert_eq!(
            canonical(&authorize_request(&query)),
            "response_type=code&client_id=C1&scope=a+b+c&state=%26x"
        );
    }

    #[test]
    fn redirects_keep_the_query_that_is_there() {
        let location = |uri| {
            let response = back_to_client(uri, Some("a b"), &[("code", "x")]);
            response.headers()["location"].to_str().unwrap().to_owned()
        };
        assert_eq!(location("http://a/cb"), "http://a/cb?code=x&state=a+b");
        assert_eq!(location("http://a/cb?y=1"), "http://a/cb?y=1&code=x&state=a+b");
        assert_eq!(location("app:cb?"), "app:cb?code=x&state=a+b");
    }
}
