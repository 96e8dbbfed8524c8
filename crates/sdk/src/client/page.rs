//! Lists that page by themselves.

use std::fmt::{self, Display};
use std::marker::PhantomData;

use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt as _, TryStreamExt as _};
use http::{HeaderMap, Method, header};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Client;
use crate::error::{Error, Result};

/// A list of the service. Pages are fetched one by one, as the stream is read.
///
/// ```no_run
/// # async fn example(client: hallway_sdk::Client) -> hallway_sdk::Result<()> {
/// use futures_util::TryStreamExt as _;
///
/// let mut devices = client.devices().list().connected().stream();
/// while let Some(device) = devices.try_next().await? {
///     println!("{} in {:?}", device.display_name, device.workspace_id);
/// }
/// let all = client.workspaces().list().all().await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "a list fetches nothing until it is read"]
pub struct List<T> {
    client: Client,
    path: String,
    key: &'static str,
    query: Vec<(&'static str, String)>,
    by_index: bool,
    item: PhantomData<fn() -> T>,
}

impl<T> fmt::Debug for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GET {}", self.path)
    }
}

impl<T> Clone for List<T> {
    fn clone(&self) -> Self {
        Self {
            client: self.client.clone(),
            path: self.path.clone(),
            key: self.key,
            query: self.query.clone(),
            by_index: self.by_index,
            item: PhantomData,
        }
    }
}

impl<T> List<T> {
    pub(crate) fn new(client: Client, path: String, key: &'static str) -> Self {
        Self {
            client,
            path,
            key,
            query: Vec::new(),
            by_index: false,
            item: PhantomData,
        }
    }

    /// Pages follow by `startIndex` and `count` where no link says which one is next.
    pub(crate) fn by_index(mut self) -> Self {
        self.by_index = true;
        self
    }

    /// How many items a page has; the service has a limit of its own.
    pub fn page_size(self, items: u32) -> Self {
        let name = if self.by_index { "count" } else { "max" };
        self.filter(name, items)
    }

    /// Adds a filter that has no method of its own.
    pub fn filter(mut self, name: &'static str, value: impl Display) -> Self {
        self.query.push((name, value.to_string()));
        self
    }
}

impl<T: DeserializeOwned + Send + 'static> List<T> {
    /// The items, one after the other. After an error the stream is over.
    pub fn stream(self) -> BoxStream<'static, Result<T>> {
        self.pages()
            .map_ok(|page| stream::iter(page.into_iter().map(Ok)))
            .try_flatten()
            .boxed()
    }

    /// The items, a page at a time.
    pub fn pages(self) -> BoxStream<'static, Result<Vec<T>>> {
        let first = Some(Next {
            target: self.path.clone(),
            query: self.query.clone(),
        });
        stream::try_unfold((self, first), |(list, next)| async move {
            let Some(next) = next else { return Ok(None) };
            let (items, after) = list.page(&next).await?;
            // A page without items ends the list, whatever it says.
            let after = after.filter(|_| !items.is_empty());
            if let Some(after) = &after
                && after.target == next.target
                && next.query.is_empty()
            {
                return Err(Error::protocol("the next page of the list is the page itself"));
            }
            if items.is_empty() {
                return Ok(None);
            }
            Ok(Some((items, (list, after))))
        })
        .boxed()
    }

    /// All items.
    ///
    /// # Errors
    /// Any; see [`Error`].
    pub async fn all(self) -> Result<Vec<T>> {
        self.stream().try_collect().await
    }

    /// The first item, if there is one.
    ///
    /// # Errors
    /// Any; see [`Error`].
    pub async fn first(self) -> Result<Option<T>> {
        self.stream().try_next().await
    }

    async fn page(&self, next: &Next) -> Result<(Vec<T>, Option<Next>)> {
        let mut call = self.client.request(Method::GET, next.target.clone());
        for (name, value) in &next.query {
            call = call.query(*name, value);
        }
        let answer = call.send().await?;
        let mut body: Value = answer.json()?;
        let items = match body.get_mut(self.key).map(Value::take) {
            Some(items @ Value::Array(_)) => items,
            // Some answers leave an empty list out.
            None | Some(Value::Null) if body.is_object() => Value::Array(Vec::new()),
            _ => return Err(Error::protocol(format!("the answer has no list `{}`", self.key))),
        };
        let count = items.as_array().map_or(0, Vec::len);
        let items = serde_json::from_value(items)
            .map_err(|error| Error::protocol(format!("the list `{}` cannot be read: {error}", self.key)))?;
        let linked = next_url(&answer.headers).map(|target| Next {
            target,
            query: Vec::new(),
        });
        let after = linked.or_else(|| next.indexed(&body, count).filter(|_| self.by_index));
        Ok((items, after))
    }
}

struct Next {
    target: String,
    query: Vec<(&'static str, String)>,
}

impl Next {
    /// The page after this one, which had so many items, if not all were there.
    fn indexed(&self, body: &Value, count: usize) -> Option<Self> {
        let number = |name: &str| body.get(name).and_then(Value::as_u64);
        let after = number("startIndex").unwrap_or(1).max(1) + u64::try_from(count).ok()?;
        (after <= number("totalResults")?).then(|| {
            let others = self
                .query
                .iter()
                .filter(|(name, _)| *name != "startIndex")
                .cloned();
            Self {
                target: self.target.clone(),
                query: others.chain([("startIndex", after.to_string())]).collect(),
            }
        })
    }
}

/// The URL with `rel="next"` of the header `Link`.
fn next_url(headers: &HeaderMap) -> Option<String> {
    let texts = headers
        .get_all(header::LINK)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    texts
        .flat_map(links)
        .find_map(|(url, rel)| (rel == "next").then(|| url.to_owned()))
}

/// Takes `<a>; rel="next", <b>; rel=first` apart.
fn links(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split('<').skip(1).filter_map(|part| {
        let (url, parameters) = part.split_once('>')?;
        let rel = parameters
            .split([';', ','])
            .find_map(|parameter| parameter.trim().strip_prefix("rel="))?;
        Some((url, rel.trim_matches('"')))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_next_page() {
        let mut headers = HeaderMap::new();
        let text = r#"<https://x/v1/a?first>; rel="first", <https://x/v1/a?before&after=ID,2>; title="y"; rel="next""#;
        headers.insert(header::LINK, text.parse().unwrap());
        assert_eq!(
            next_url(&headers).as_deref(),
            Some("https://x/v1/a?before&after=ID,2")
        );
        headers.insert(header::LINK, "<https://x>; rel=prev".parse().unwrap());
        assert_eq!(next_url(&headers), None);
    }
}
