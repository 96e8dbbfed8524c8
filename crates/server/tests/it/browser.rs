//! A browser that keeps its cookie, reads pages and fills in their forms.

use axum::body::{self, Body};
use axum::http::{HeaderMap, Request, header};
use serde_json::Value;

use crate::rig::{PUBLIC, Rig};

/// See the module documentation.
#[derive(Default)]
pub(crate) struct Browser {
    pub(crate) cookie: Option<String>,
}

/// What a browser got.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

/// A form of a page.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    pub(crate) action: String,
    pub(crate) fields: Vec<(String, String)>,
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}

fn between<'t>(text: &'t str, start: &str, end: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(start)?;
    rest.split(end).next()
}

impl Page {
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.text.contains(text), "{text} is not in {}", self.text);
        self
    }

    /// Where the page sends the browser.
    #[track_caller]
    pub(crate) fn location(&self) -> String {
        self.headers[header::LOCATION].to_str().unwrap().to_owned()
    }

    /// A parameter of where the page sends the browser.
    pub(crate) fn sent(&self, name: &str) -> Option<String> {
        let location = self.location();
        let (_, query) = location.split_once('?')?;
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    /// The first form with a button of this text.
    #[track_caller]
    pub(crate) fn form(&self, button: &str) -> Form {
        let form = self
            .text
            .split("<form ")
            .skip(1)
            .map(|form| form.split("</form>").next().unwrap())
            .find(|form| form.contains(&format!(">{button}</button>")))
            .unwrap_or_else(|| panic!("no button {button} in {}", self.text));
        let fields = form.split("<input type=hidden name=").skip(1).map(|field| {
            let name = field.split(' ').next().unwrap().to_owned();
            (name, unescape(between(field, "value=\"", "\"").unwrap()))
        });
        Form {
            action: between(form, "action=\"", "\"").unwrap().to_owned(),
            fields: fields.collect(),
        }
    }
}

impl Form {
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(key, _)| key != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn field(&self, name: &str) -> &str {
        let found = self.fields.iter().find(|(key, _)| key == name);
        &found.unwrap().1
    }
}

impl Browser {
    async fn send(&mut self, rig: &Rig, mut request: Request<Body>) -> Page {
        if let Some(cookie) = &self.cookie {
            let value = format!("other=1; __Host-hallway={cookie}");
            request
                .headers_mut()
                .insert(header::COOKIE, value.parse().unwrap());
        }
        let response = rig.send(request).await;
        let (parts, body) = response.into_parts();
        let bytes = body::to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        if let Some(cookie) = parts.headers.get(header::SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            for attribute in ["; HttpOnly", "; SameSite=Lax", "; Secure", "; Path=/"] {
                assert!(cookie.contains(attribute), "{cookie}");
            }
            self.cookie = Some(between(cookie, "__Host-hallway=", ";").unwrap().to_owned());
        }
        if parts
            .headers
            .get(header::CONTENT_TYPE)
            .is_some_and(|kind| kind == "text/html; charset=utf-8")
        {
            let policy = parts.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
            assert!(policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
            assert_eq!(parts.headers[header::REFERRER_POLICY], "no-referrer");
            assert_eq!(parts.headers[header::CACHE_CONTROL], "no-store");
            assert!(
                !text.contains("<script") && text.contains("<html lang=en>"),
                "{text}"
            );
        }
        Page {
            status: parts.status.as_u16(),
            headers: parts.headers,
            text,
        }
    }

    pub(crate) async fn get(&mut self, rig: &Rig, path: &str) -> Page {
        let path = path.strip_prefix(PUBLIC).unwrap_or(path);
        self.send(rig, Request::get(path).body(Body::empty()).unwrap())
            .await
    }

    pub(crate) async fn submit(&mut self, rig: &Rig, form: &Form) -> Page {
        let mut text = form_urlencoded::Serializer::new(String::new());
        text.extend_pairs(&form.fields);
        let request = Request::post(&form.action)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(text.finish()));
        self.send(rig, request.unwrap()).await
    }

    /// Signs in on a page that asks for it, and returns what comes then.
    pub(crate) async fn sign_in(&mut self, rig: &Rig, page: &Page, code: &str) -> Page {
        let form = page.form("Sign in").with("code", code);
        let sent = self.submit(rig, &form).await.expect(303);
        self.get(rig, &sent.location()).await
    }
}

/// A sign-in code for the holder of a token, or for whoever it is that an administrator names.
pub(crate) async fn sign_in_code(rig: &Rig, token: &str, person: &str) -> String {
    let request = format!("POST {PUBLIC}/hallway/v1/people/{person}/signInCode");
    let made = rig.ask_as(Some(token), &request, Value::Null).await.expect(200);
    made["code"].as_str().unwrap().to_owned()
}

/// Lets time pass.
pub(crate) fn pass_s(rig: &Rig, seconds: i64) {
    rig.clock.forward(seconds * 1000);
}
