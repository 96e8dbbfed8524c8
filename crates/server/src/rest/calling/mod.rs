//! `/v1/telephony`, and the numbers of people: Webex Calling (people-calling 4 and 5).

use axum::response::Response;
use hallway_platform::Platform;
use hallway_platform::ports::After;
use serde::Serialize;

use super::page;
use crate::describe::Api;
use crate::error::ApiError;
use crate::query::Query;

mod locations;
mod numbers;
mod people;

pub(super) fn routes() -> Api {
    Api::new("Calling")
        .merge(locations::routes())
        .merge(numbers::routes())
        .merge(people::routes())
}

/// Default and highest number of numbers on a page.
const MAX: usize = 2000;

/// Which page of a list of numbers is asked for: behind a cursor, or from `start` on.
struct Wanted {
    query: Query,
    after: Option<After>,
    start: usize,
    max: usize,
}

fn wanted(query: Query) -> Result<Wanted, ApiError> {
    let query = page::under_cursor(query)?;
    let after = page::behind(&query)?;
    let page = page::page(&query, MAX, MAX)?;
    Ok(Wanted {
        start: if after.is_some() { 0 } else { page.start },
        max: page.max,
        query,
        after,
    })
}

impl Wanted {
    fn answer(
        &self,
        platform: &Platform,
        path: &str,
        body: impl Serialize,
        next: Option<&After>,
    ) -> Response {
        page::answer_behind(platform, path, &self.query, self.max, body, next)
    }
}

/// A word of a list, in any case.
fn word<T>(
    query: &Query,
    name: &str,
    words: &[&str],
    read: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, ApiError> {
    let Some(text) = query.get(name).map(str::trim) else {
        return Ok(None);
    };
    read(text).map(Some).ok_or_else(|| {
        ApiError::bad_request(format!(
            "{name}: must be one of {}, not {text:?}",
            words.join(", ")
        ))
    })
}
