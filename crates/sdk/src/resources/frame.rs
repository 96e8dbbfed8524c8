//! What makes a resource a few lines.

use serde::{Serialize, Serializer};

/// A member of a request: what is kept is not sent at all.
///
/// ```
/// use hallway_sdk::resources::{Member, PersonBody};
///
/// let body = PersonBody::new().title("Gardener").department(Member::Clear);
/// assert_eq!(serde_json::to_string(&body).unwrap(), r#"{"department":null,"title":"Gardener"}"#);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Member<T> {
    /// As it is.
    #[default]
    Keep,
    /// None from now on.
    Clear,
    /// This from now on.
    Set(T),
}

impl<T> Member<T> {
    pub(crate) fn is_kept(&self) -> bool {
        matches!(self, Self::Keep)
    }
}

impl<T> From<T> for Member<T> {
    fn from(value: T) -> Self {
        Self::Set(value)
    }
}

impl From<&str> for Member<String> {
    fn from(value: &str) -> Self {
        Self::Set(value.to_owned())
    }
}

impl<T: Serialize> Serialize for Member<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Keep | Self::Clear => serializer.serialize_none(),
            Self::Set(value) => value.serialize(serializer),
        }
    }
}

/// A resource: a client that knows where it is.
macro_rules! resource {
    ($(#[$doc:meta])* $name:ident, $method:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name(pub(crate) crate::client::Client);

        impl crate::client::Client {
            $(#[$doc])*
            pub fn $method(&self) -> $name {
                $name(self.clone())
            }
        }
    };
}
pub(crate) use resource;

/// The body of a request, with a setter for each member.
macro_rules! body {
    ($(#[$doc:meta])* $name:ident { $($(#[$about:meta])* $member:ident: $type:ty $(= $wire:literal)?,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
        #[serde(rename_all = "camelCase")]
        pub struct $name {
            $(
                #[serde($(rename = $wire,)? skip_serializing_if = "crate::resources::Member::is_kept")]
                $(#[$about])*
                pub $member: crate::resources::Member<$type>,
            )*
        }

        impl $name {
            /// Nothing is said yet.
            #[must_use]
            pub fn new() -> Self {
                Self::default()
            }

            $(
                $(#[$about])*
                #[must_use]
                pub fn $member(mut self, $member: impl Into<crate::resources::Member<$type>>) -> Self {
                    self.$member = $member.into();
                    self
                }
            )*
        }
    };
}
pub(crate) use body;

/// A list with its filters.
macro_rules! query {
    ($(#[$doc:meta])* $name:ident -> $item:ty { $($(#[$about:meta])* $filter:ident($type:ty) => $wire:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        #[must_use = "a list fetches nothing until it is read"]
        pub struct $name(pub(super) crate::client::List<$item>);

        impl $name {
            $(
                $(#[$about])*
                pub fn $filter(self, $filter: $type) -> Self {
                    Self(self.0.filter($wire, $filter))
                }
            )*

            /// How many items a page has; the service has a limit of its own.
            pub fn page_size(self, max: u32) -> Self {
                Self(self.0.page_size(max))
            }

            /// A filter that has no method of its own.
            pub fn filter(self, name: &'static str, value: impl std::fmt::Display) -> Self {
                Self(self.0.filter(name, value))
            }

            /// The items, one after the other; pages are fetched as they are needed.
            pub fn stream(self) -> futures_util::stream::BoxStream<'static, crate::Result<$item>> {
                self.0.stream()
            }

            /// The items, a page at a time.
            pub fn pages(self) -> futures_util::stream::BoxStream<'static, crate::Result<Vec<$item>>> {
                self.0.pages()
            }

            /// All items.
            ///
            /// # Errors
            /// Any; see [`Error`](crate::Error).
            pub async fn all(self) -> crate::Result<Vec<$item>> {
                self.0.all().await
            }

            /// The first item, if there is one.
            ///
            /// # Errors
            /// Any; see [`Error`](crate::Error).
            pub async fn first(self) -> crate::Result<Option<$item>> {
                self.0.first().await
            }
        }
    };
}
pub(crate) use query;

/// `get`, `create`, `update` and `delete` of a resource whose items have an id.
macro_rules! crud {
    ($name:ident at [$path:literal], $id:ty $(, get $get:ty)? $(, create $create:ty => $created:ty)?
     $(, update $update:ty => $updated:ty)? $(, delete $delete:ident)?) => {
        impl $name {
            $(
                /// Reads one.
                ///
                /// # Errors
                /// [`Error::NotFound`](crate::Error::NotFound): there is none with this id. Others; see
                /// [`Error`](crate::Error).
                pub async fn get(&self, id: &$id) -> crate::Result<$get> {
                    self.0.at(http::Method::GET, &[$path, id.as_str()]).read().await
                }
            )?
            $(
                /// Makes one. It is not repeated when the answer got lost: look first whether it is there.
                ///
                /// # Errors
                /// Any; see [`Error`](crate::Error).
                pub async fn create(&self, body: &$create) -> crate::Result<$created> {
                    self.0.at(http::Method::POST, &[$path]).json(body).read().await
                }
            )?
            $(
                /// Changes one.
                ///
                /// # Errors
                /// Any; see [`Error`](crate::Error).
                pub async fn update(&self, id: &$id, body: &$update) -> crate::Result<$updated> {
                    self.0.at(http::Method::PUT, &[$path, id.as_str()]).json(body).read().await
                }
            )?
            $(
                /// Deletes one.
                ///
                /// # Errors
                /// [`Error::NotFound`](crate::Error::NotFound): there is none with this id, perhaps because an
                /// answer got lost and the request was repeated. Others; see [`Error`](crate::Error).
                pub async fn $delete(&self, id: &$id) -> crate::Result<()> {
                    self.0.at(http::Method::DELETE, &[$path, id.as_str()]).done().await
                }
            )?
        }
    };
}
pub(crate) use crud;
