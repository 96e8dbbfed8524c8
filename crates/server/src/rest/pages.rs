//! Pages for people: HTML without a script, and the headers that keep others from using them.

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use hallway_platform::Platform;
use hallway_platform::crypto::{random_text, same_hash, sha256};
use hallway_wire::Secret;

/// The only style there is; the policy of the pages names its hash.
const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f3f4f6;color:#16181d}\
main{max-width:32rem;margin:3rem auto;padding:2rem;background:#fff;border-radius:12px}\
h1{font-size:1.4rem;margin-top:0}h2{font-size:1.05rem}label{display:block;font-weight:600;margin:1rem 0 .25rem}\
input[type=text],input[type=password]{width:100%;box-sizing:border-box;padding:.6rem;font:inherit;\
border:1px solid #6b7280;border-radius:6px}button{font:inherit;padding:.6rem 1.2rem;margin:.75rem .5rem 0 0;\
border-radius:6px;border:1px solid #0b57a4;background:#fff;color:#0b57a4;cursor:pointer}\
button.yes{background:#0b57a4;color:#fff}button:focus-visible,input:focus-visible{outline:3px solid #f0a500;\
outline-offset:2px}.alert{background:#fdecea;color:#7a1a12;padding:.75rem;border-radius:6px}\
.quiet{color:#4b5563;font-size:.9rem}ul{padding-left:1.2rem}code{font-size:.95em}\
@media(prefers-color-scheme:dark){body{background:#101216;color:#eceef2}main{background:#1b1e24}\
.quiet{color:#a7adb8}button{background:#1b1e24;color:#8fc1f5;border-color:#8fc1f5}\
button.yes{background:#8fc1f5;color:#101216}input[type=text],input[type=password]{background:#101216;\
color:inherit}.alert{background:#4a1c17;color:#ffd9d4}}";

static STYLE_HASH: LazyLock<String> = LazyLock::new(|| {
    let hash = sha256(STYLE.as_bytes());
    base64::engine::general_purpose::STANDARD.encode(hash)
});

/// Text as HTML shows it, in elements and in quoted attributes.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Marks that turn the direction of a text around could make it say something else.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// A page on its way out.
pub(super) struct Html {
    status: StatusCode,
    title: &'static str,
    body: String,
    /// Where its forms may lead besides here, as the policy spells it.
    leads_to: Option<String>,
    cookie: Option<HeaderValue>,
    retry_after_s: Option<u64>,
}

impl Html {
    pub(super) fn new(title: &'static str) -> Self {
        Self {
            status: StatusCode::OK,
            title,
            body: String::new(),
            leads_to: None,
            cookie: None,
            retry_after_s: None,
        }
    }

    pub(super) fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    pub(super) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// Something that went wrong, said first.
    pub(super) fn alert(mut self, text: Option<&str>) -> Self {
        if let Some(text) = text {
            let _ = write!(self.body, "<p class=alert role=alert>{}</p>", escape(text));
        }
        self
    }

    /// A paragraph of text.
    pub(super) fn text(mut self, text: &str) -> Self {
        let _ = write!(self.body, "<p>{}</p>", escape(text));
        self
    }

    /// Markup; whatever comes from elsewhere in it must be escaped already.
    pub(super) fn markup(mut self, html: &str) -> Self {
        self.body.push_str(html);
        self
    }

    /// Lets forms lead to the origin or scheme of a URL: browsers stop a redirect after a form otherwise.
    pub(super) fn leading_to(mut self, url: &str) -> Self {
        let (scheme, rest) = url.split_once(':').unwrap_or((url, ""));
        self.leads_to = Some(match rest.strip_prefix("//") {
            Some(rest) if matches!(scheme, "http" | "https") => {
                let authority = rest.split(['/', '?', ';', ',']).next().unwrap_or_default();
                format!("{scheme}://{authority}")
            }
            _ => format!("{scheme}:"),
        });
        self
    }

    pub(super) fn cookie(mut self, cookie: Option<HeaderValue>) -> Self {
        self.cookie = cookie;
        self
    }
}

impl IntoResponse for Html {
    fn into_response(self) -> Response {
        let title = escape(self.title);
        let page = format!(
            "<!DOCTYPE html><html lang=en><head><meta charset=utf-8>\
             <meta name=viewport content=\"width=device-width,initial-scale=1\">\
             <meta name=robots content=noindex><title>{title} - Hallway</title><style>{STYLE}</style></head>\
             <body><main><h1>{title}</h1>{}</main></body></html>",
            self.body
        );
        let mut response = (self.status, page).into_response();
        let headers = response.headers_mut();
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{}'; form-action 'self'{}; frame-ancestors 'none'; base-uri 'none'",
            *STYLE_HASH,
            self.leads_to.map(|to| format!(" {to}")).unwrap_or_default(),
        );
        if let Ok(policy) = HeaderValue::from_str(&policy) {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        let fixed = [
            (header::CONTENT_TYPE, "text/html; charset=utf-8"),
            (header::CACHE_CONTROL, "no-store"),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::X_FRAME_OPTIONS, "DENY"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        for (name, value) in fixed {
            headers.insert(name, HeaderValue::from_static(value));
        }
        if let Some(cookie) = self.cookie {
            headers.append(header::SET_COOKIE, cookie);
        }
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// A redirect that tells the next site nothing and is not kept.
pub(super) fn redirect(status: StatusCode, url: &str, cookie: Option<HeaderValue>) -> Response {
    let mut response = status.into_response();
    let headers = response.headers_mut();
    if let Ok(url) = HeaderValue::from_str(url) {
        headers.insert(header::LOCATION, url);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if let Some(cookie) = cookie {
        headers.append(header::SET_COOKIE, cookie);
    }
    response
}

/// What a browser is known by: a random text that only it has. Forms carry a key made from it, so that no other
/// site can send them; once somebody signs in, it is replaced by the text of the session.
#[derive(Debug)]
pub(super) struct Browser {
    pub(super) secret: Secret,
    /// Whether the browser sent it, and need not be told.
    pub(super) known: bool,
}

/// The cookie's name. Over TLS it is bound to this very host.
fn cookie_name(platform: &Platform) -> &'static str {
    if platform.config().public_url.starts_with("https://") {
        "__Host-hallway"
    } else {
        "hallway"
    }
}

impl Browser {
    /// The browser that sent these headers, or a new one.
    pub(super) fn of(platform: &Platform, headers: &HeaderMap) -> Self {
        let name = cookie_name(platform);
        let sent = headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(key, value)| {
                *key == name
                    && (16..=128).contains(&value.len())
                    && value.bytes().all(|b| b.is_ascii_alphanumeric())
            });
        match sent {
            Some((_, value)) => Self {
                secret: Secret::new(value),
                known: true,
            },
            None => Self::new(),
        }
    }

    pub(super) fn new() -> Self {
        Self {
            secret: Secret::new(random_text()),
            known: false,
        }
    }

    /// The header that gives the browser its text, where it does not have it.
    pub(super) fn cookie(&self, platform: &Platform) -> Option<HeaderValue> {
        if self.known {
            return None;
        }
        set_cookie(platform, &self.secret)
    }

    /// The key of a form: it fits only this browser, this purpose and these words.
    pub(super) fn form_key(&self, purpose: &str, words: &str) -> String {
        let text = format!("hallway form\0{purpose}\0{}\0{words}", self.secret.expose());
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(sha256(text.as_bytes()))
    }

    /// Whether a form came from a page that this browser was shown.
    pub(super) fn sent_form(&self, purpose: &str, words: &str, key: Option<&str>) -> bool {
        let expected = sha256(self.form_key(purpose, words).as_bytes());
        self.known && key.is_some_and(|key| same_hash(&expected, &sha256(key.as_bytes())))
    }
}

/// The header that gives a browser a text to keep until it is closed.
pub(super) fn set_cookie(platform: &Platform, secret: &Secret) -> Option<HeaderValue> {
    let secure = if platform.config().public_url.starts_with("https://") {
        "; Secure"
    } else {
        ""
    };
    let text = format!(
        "{}={}; Path=/; HttpOnly; SameSite=Lax{secure}",
        cookie_name(platform),
        secret.expose()
    );
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// A hidden field of a form.
pub(super) fn hidden(name: &str, value: &str) -> String {
    format!("<input type=hidden name={name} value=\"{}\">", escape(value))
}

/// A scope in words.
pub(super) fn in_words(scope: &str) -> String {
    match scope {
        "spark:all" => return "Do everything in messaging and meetings that you can do yourself".to_owned(),
        "spark:kms" => return "Encrypt and decrypt your messages".to_owned(),
        "spark:applications_token" => return "Make tokens of your service apps".to_owned(),
        "spark:xapi_statuses" => return "Read the state of room devices".to_owned(),
        "spark:xapi_commands" => return "Control room devices".to_owned(),
        _ => {}
    }
    let (family, name) = scope.split_once(':').unwrap_or(("", scope));
    let (what, verb) = ["_read", "_write", "_rw", "_create", "-write"]
        .iter()
        .find_map(|end| name.strip_suffix(end).map(|what| (what, *end)))
        .unwrap_or((name, ""));
    let what = what.replace(['_', '-'], " ").replace("config", "settings");
    let verb = match verb {
        "_read" => "See",
        "_write" | "-write" => "Change",
        "_rw" => "See and change",
        "_create" => "Create",
        _ => "Use",
    };
    match family {
        "spark-admin" => format!("{verb} {what} of the whole organization"),
        "spark-compliance" => format!("{verb} {what} of everybody in the organization"),
        "meeting" if what.starts_with("admin ") => {
            format!("{verb} meeting {} of the whole organization", &what[6..])
        }
        "meeting" => format!("{verb} your meeting {what}"),
        "identity" | "Identity" => format!("{verb} {what} in the organization's directory"),
        "audit" => format!("{verb} the organization's audit {what}"),
        "spark" => format!("{verb} your {what}"),
        _ => format!("{verb} {what}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_names_is_text() {
        assert_eq!(
            escape("<b onclick='x'>\"&\u{202e}\n"),
            "&lt;b onclick=&#39;x&#39;&gt;&quot;&amp; "
        );
    }

    #[test]
    fn every_scope_has_words() {
        for scope in hallway_wire::manifest::scopes::KNOWN {
            let words = in_words(scope);
            assert!(
                !words.contains([':', '_']) && words.contains(' '),
                "{scope}: {words}"
            );
        }
        assert_eq!(
            in_words("spark-admin:people_read"),
            "See people of the whole organization"
        );
        assert_eq!(in_words("spark:rooms_write"), "Change your rooms");
    }

    #[test]
    fn a_key_fits_one_form() {
        let mut browser = Browser::new();
        let key = browser.form_key("consent", "a=b");
        assert!(
            !browser.sent_form("consent", "a=b", Some(&key)),
            "it sent no cookie"
        );
        browser.known = true;
        assert!(browser.sent_form("consent", "a=b", Some(&key)));
        assert!(!browser.sent_form("sign-in", "a=b", Some(&key)));
        assert!(!browser.sent_form("consent", "a=c", Some(&key)));
        assert!(!browser.sent_form("consent", "a=b", None));
        assert!(!Browser::new().sent_form("consent", "a=b", Some(&key)));
    }
}
