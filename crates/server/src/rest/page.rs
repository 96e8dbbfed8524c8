//! Pages of a list: `max`, `start`, and the `Link` to the next one (rest-basics 4).

use axum::http::HeaderValue;
use axum::http::header::LINK;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hallway_platform::Platform;
use hallway_platform::ports::{After, Page};
use hallway_wire::control::Items;
use serde::Serialize;

use crate::body::Json;
use crate::error::ApiError;
use crate::query::Query;

/// Longest cursor that is read.
const MAX_CURSOR: usize = 8192;

/// The page that a request asks for. More than `limit` is clamped; nothing is refused for asking too much.
pub(crate) fn page(query: &Query, default: usize, limit: usize) -> Result<Page, ApiError> {
    let max = match number(query, "max")? {
        Some(0) => return Err(ApiError::bad_request("max: must be 1 or higher")),
        given => given.unwrap_or(default).min(limit),
    };
    Ok(Page {
        start: number(query, "start")?.unwrap_or(0),
        max,
    })
}

/// A whole number in decimal digits; one that is too long for this machine is as good as its highest.
pub(crate) fn number(query: &Query, name: &str) -> Result<Option<usize>, ApiError> {
    let Some(text) = query.get(name).map(str::trim) else {
        return Ok(None);
    };
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(ApiError::bad_request(format!(
            "{name}: must be a whole number, not {text:?}"
        )));
    }
    Ok(Some(text.parse().unwrap_or(usize::MAX)))
}

/// The parameters of the next page: everything that was asked for, and where to go on.
fn next_query(query: &Query, page: Page) -> String {
    let mut next = form_urlencoded::Serializer::new(String::new());
    for (name, value) in &query.0 {
        if !matches!(name.as_str(), "start" | "max" | "cursor") && !value.is_empty() {
            next.append_pair(name, value);
        }
    }
    next.append_pair("max", &page.max.to_string());
    next.append_pair("start", &page.start.saturating_add(page.max).to_string());
    next.finish()
}

/// The header value that points to an absolute URL.
fn link(url: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(&format!("<{url}>; rel=\"next\"")).ok()
}

/// Adds the link to an answer, where there is something to point to.
pub(super) fn with_link(response: impl IntoResponse, url: Option<String>) -> Response {
    let mut response = response.into_response();
    if let Some(value) = url.as_deref().and_then(link) {
        response.headers_mut().insert(LINK, value);
    }
    response
}

/// An answer with a page of items, and with the link to the next page where `more` follows.
pub(crate) fn answer<T: Serialize>(
    platform: &Platform,
    path: &str,
    query: &Query,
    page: Page,
    items: Vec<T>,
    more: bool,
) -> Response {
    answer_with_start(platform, path, query, page, Items { items }, more)
}

/// As [`answer`], for a list whose items have another key than `items`.
pub(super) fn answer_with_start(
    platform: &Platform,
    path: &str,
    query: &Query,
    page: Page,
    body: impl Serialize,
    more: bool,
) -> Response {
    let next = more.then(|| {
        format!(
            "{}/v1{path}?{}",
            platform.config().public_url,
            next_query(query, page)
        )
    });
    with_link(Json(body), next)
}

/// The parameters that count: those in the cursor, if there is one.
pub(crate) fn under_cursor(query: Query) -> Result<Query, ApiError> {
    let Some(cursor) = query.get("cursor") else {
        return Ok(query);
    };
    let bad = || ApiError::bad_request("cursor: not a cursor of this list");
    if cursor.len() > MAX_CURSOR {
        return Err(bad());
    }
    let bytes = URL_SAFE_NO_PAD
        .decode(cursor.trim_end_matches('='))
        .map_err(|_| bad())?;
    let inner = Query::parse(std::str::from_utf8(&bytes).map_err(|_| bad())?);
    if inner.get("start").is_none() {
        Err(bad())
    } else {
        Ok(inner)
    }
}

/// Where a page of an index begins, out of a cursor of [`answer_behind`].
pub(crate) fn behind(query: &Query) -> Result<Option<After>, ApiError> {
    match (query.get("afterOrder"), query.get("afterId")) {
        (None, None) => Ok(None),
        (order, Some(id)) => Ok(Some(After {
            order: order.unwrap_or_default().to_owned(),
            id: id.to_owned(),
        })),
        _ => Err(ApiError::bad_request("cursor: not a cursor of this list")),
    }
}

/// How many items a page has. More than `limit` is clamped.
pub(crate) fn max(query: &Query, default: usize, limit: usize) -> Result<usize, ApiError> {
    page(query, default, limit).map(|page| page.max)
}

/// An answer with a page of an index; the cursor to the next page holds everything that was asked for. Read
/// it with [`under_cursor`], then [`behind`].
pub(crate) fn answer_behind(
    platform: &Platform,
    path: &str,
    query: &Query,
    max: usize,
    body: impl Serialize,
    next: Option<&After>,
) -> Response {
    answer_behind_at(platform, &format!("/v1{path}"), query, max, body, next)
}

/// As [`answer_behind`], for a list at any path of this server.
pub(crate) fn answer_behind_at(
    platform: &Platform,
    path: &str,
    query: &Query,
    max: usize,
    body: impl Serialize,
    next: Option<&After>,
) -> Response {
    let next = next.map(|after| {
        let mut inner = form_urlencoded::Serializer::new(String::new());
        for (name, value) in &query.0 {
            let ours = matches!(
                name.as_str(),
                "start" | "max" | "cursor" | "afterOrder" | "afterId"
            );
            if !ours && !value.is_empty() {
                inner.append_pair(name, value);
            }
        }
        inner.append_pair("max", &max.to_string());
        // `start` marks a cursor of ours.
        inner.append_pair("start", "0");
        inner.append_pair("afterOrder", &after.order);
        inner.append_pair("afterId", &after.id);
        let cursor = URL_SAFE_NO_PAD.encode(inner.finish());
        format!("{}{path}?cursor={cursor}", platform.config().public_url)
    });
    with_link(Json(body), next)
}

/// The absolute URL of the next page of a list that counts from 1 by `startIndex` and `count`.
pub(super) fn next_index(
    platform: &Platform,
    path: &str,
    query: &Query,
    start: usize,
    count: usize,
) -> String {
    let mut next = form_urlencoded::Serializer::new(String::new());
    for (name, value) in &query.0 {
        if !matches!(name.as_str(), "startIndex" | "count") && !value.is_empty() {
            next.append_pair(name, value);
        }
    }
    next.append_pair(
        "startIndex",
        &start.saturating_add(count).saturating_add(1).to_string(),
    );
    next.append_pair("count", &count.to_string());
    format!("{}/v1{path}?{}", platform.config().public_url, next.finish())
}

/// `startIndex`, counted from 1, as how many to pass over, and `count`.
pub(super) fn indexes(query: &Query, default: usize, limit: usize) -> Result<(usize, usize), ApiError> {
    let start = match number(query, "startIndex")? {
        Some(0) => return Err(ApiError::bad_request("startIndex: must be 1 or higher")),
        given => given.unwrap_or(1) - 1,
    };
    let count = match number(query, "count")? {
        Some(0) => return Err(ApiError::bad_request("count: must be 1 or higher")),
        given => given.unwrap_or(default).min(limit),
    };
    Ok((start, count))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(usize, usize), ApiError> {
        page(&Query::parse(text), 100, 1000).map(|page| (page.start, page.max))
    }

    #[test]
    fn reads_pages() {
        assert_eq!(read("").unwrap(), (0, 100));
        assert_eq!(
            read("max=999&start=1998&").unwrap(),
            (1998, 999),
            "the Node SDK ends in an ampersand"
        );
        assert_eq!(read("max=5000").unwrap(), (0, 1000));
        assert_eq!(read("max=99999999999999999999999").unwrap(), (0, 1000));
        assert_eq!(read("max=&start=").unwrap(), (0, 100));
        for bad in ["max=0", "max=-1", "max=ten", "max=1.5", "start=-1", "start=x"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_next_page_asks_for_the_same() {
        let query =
            Query::parse("displayName=Board%20Room&tag=a%26b&tag=c&before&max=5000&start=7&unknown=ø");
        let next = next_query(&query, Page { start: 7, max: 1000 });
        assert_eq!(
            next,
            "displayName=Board+Room&tag=a%26b&tag=c&unknown=%C3%B8&max=1000&start=1007"
        );
        let again = Query::parse(&next);
        assert_eq!(again.all("tag").collect::<Vec<_>>(), ["a&b", "c"]);
        assert_eq!(page(&again, 100, 1000).unwrap().start, 1007);
        let value = link("https://h.example/v1/devices?start=2").unwrap();
        assert_eq!(
            value.to_str().unwrap(),
            "<https://h.example/v1/devices?start=2>; rel=\"next\""
        );
    }

    #[test]
    fn a_cursor_wins() {
        let query = Query::parse("email=a%2Bb@c&max=2");
        let cursor = URL_SAFE_NO_PAD.encode(next_query(&query, Page { start: 0, max: 2 }));
        assert!(
            cursor
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        );
        let inner = under_cursor(Query::parse(&format!("cursor={cursor}&max=9&email=a b@c"))).unwrap();
        assert_eq!(inner.get("email"), Some("a+b@c"));
        let page = page(&inner, 100, 1000).unwrap();
        assert_eq!((page.start, page.max), (2, 2));
        assert!(under_cursor(Query::parse("cursor=%25")).is_err());
        assert!(under_cursor(Query::parse("cursor=abcd")).is_err());
        assert_eq!(under_cursor(Query::parse("max=2")).unwrap().get("max"), Some("2"));
    }
}
