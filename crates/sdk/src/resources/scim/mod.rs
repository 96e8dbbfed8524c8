//! SCIM 2.0: users and groups as directories see them (RFC 7643, RFC 7644).

mod shapes;

use http::Method;
use serde::Deserialize;
use serde_json::json;

pub use shapes::{
    ScimGroup, ScimMember, ScimName, ScimOperation, ScimOutcome, ScimPatch, ScimUser, ScimValue,
};

use super::groups::quoted;
use crate::client::{Call, Client, List};
use crate::error::Result;
use crate::id::OrgId;

/// Users and groups of an organization, as directories see them. Ids are bare UUIDs here.
///
/// ```no_run
/// # async fn example(client: hallway_sdk::Client, org: hallway_sdk::OrgId) -> hallway_sdk::Result<()> {
/// use hallway_sdk::resources::{ScimPatch, ScimUser};
///
/// let users = client.scim(&org).users();
/// let ada = users.create(&ScimUser::new("ada@example.com").named("Ada", "Lovelace")).await?;
/// users.patch(&ada.id, &[ScimPatch::replace("title", "Gardener".into())]).await?;
/// let all = users.list().matching(r#"userName sw "a""#).all().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Scim {
    client: Client,
    org: String,
}

impl Client {
    /// Users and groups of an organization, as directories see them.
    pub fn scim(&self, org: &OrgId) -> Scim {
        Scim {
            client: self.clone(),
            org: org
                .uuid()
                .map_or_else(|| org.to_string(), |uuid| uuid.to_string()),
        }
    }
}

impl Scim {
    /// The users.
    pub fn users(&self) -> ScimUsers {
        ScimUsers(self.clone())
    }

    /// The groups.
    pub fn groups(&self) -> ScimGroups {
        ScimGroups(self.clone())
    }

    /// SCIM is beside the rest of the API, not below it.
    fn root(&self) -> String {
        let base = self.client.base_url();
        let root = base.strip_suffix("/v1").unwrap_or(&base);
        format!("{root}/identity/scim")
    }

    fn path(&self, segments: &[&str]) -> String {
        let below = [&[self.org.as_str(), "v2"], segments].concat();
        format!("{}/{}", self.root(), crate::client::path(&below))
    }

    fn at(&self, method: Method, segments: &[&str]) -> Call {
        self.client.request(method, self.path(segments))
    }

    fn list<T>(&self, segments: &[&str], key: &'static str) -> ScimQuery<T> {
        ScimQuery(List::new(self.client.clone(), self.path(segments), key).by_index())
    }

    /// Does several things in one request.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error). That a single operation failed is told in its outcome.
    pub async fn bulk(&self, operations: &[ScimOperation]) -> Result<Vec<ScimOutcome>> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(rename = "Operations", default)]
            operations: Vec<ScimOutcome>,
        }
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
            "failOnErrors": operations.len().max(1),
            "operations": operations,
        });
        let answer: Answer = self.at(Method::POST, &["Bulk"]).json(&body).read().await?;
        Ok(answer.operations)
    }
}

/// A list of users or groups.
#[derive(Clone, Debug)]
#[must_use = "a list fetches nothing until it is read"]
pub struct ScimQuery<T>(List<T>);

impl<T: serde::de::DeserializeOwned + Send + 'static> ScimQuery<T> {
    /// Those for which a filter of SCIM holds: `userName eq "ada@example.com"`.
    pub fn matching(self, filter: &str) -> Self {
        Self(self.0.filter("filter", filter))
    }

    /// Whether it is said who is in groups.
    pub fn with_members(self, with: bool) -> Self {
        Self(self.0.filter("includeMembers", with))
    }

    /// How many items a page has; the service has a limit of its own.
    pub fn page_size(self, count: u32) -> Self {
        Self(self.0.page_size(count))
    }

    /// The items, one after the other; pages are fetched as they are needed.
    pub fn stream(self) -> futures_util::stream::BoxStream<'static, Result<T>> {
        self.0.stream()
    }

    /// All items.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn all(self) -> Result<Vec<T>> {
        self.0.all().await
    }

    /// The first item, if there is one.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn first(self) -> Result<Option<T>> {
        self.0.first().await
    }
}

/// The users of an organization.
#[derive(Clone, Debug)]
pub struct ScimUsers(Scim);

/// The groups of an organization.
#[derive(Clone, Debug)]
pub struct ScimGroups(Scim);

macro_rules! scim {
    ($name:ident, $item:ident, $segment:literal) => {
        impl $name {
            /// All of them, or those that match.
            pub fn list(&self) -> ScimQuery<$item> {
                self.0.list(&[$segment], "Resources")
            }

            /// Reads one.
            ///
            /// # Errors
            /// Any; see [`Error`](crate::Error).
            pub async fn get(&self, id: &str) -> Result<$item> {
                self.0.at(Method::GET, &[$segment, id]).read().await
            }

            /// Makes one. It is not repeated when the answer got lost: look first whether it is there.
            ///
            /// # Errors
            /// [`Error::Conflict`](crate::Error::Conflict): there is one already. Others; see
            /// [`Error`](crate::Error).
            pub async fn create(&self, new: &$item) -> Result<$item> {
                self.0.at(Method::POST, &[$segment]).json(new).read().await
            }

            /// Puts this in the place of what is there.
            ///
            /// # Errors
            /// Any; see [`Error`](crate::Error).
            pub async fn replace(&self, id: &str, with: &$item) -> Result<$item> {
                self.0.at(Method::PUT, &[$segment, id]).json(with).read().await
            }

            /// Changes parts of it.
            ///
            /// # Errors
            /// Any; see [`Error`](crate::Error).
            pub async fn patch(&self, id: &str, changes: &[ScimPatch]) -> Result<$item> {
                let body = json!({
                    "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                    "Operations": changes,
                });
                self.0.at(Method::PATCH, &[$segment, id]).json(&body).read().await
            }

            /// Deletes one.
            ///
            /// # Errors
            /// Any; see [`Error`](crate::Error).
            pub async fn delete(&self, id: &str) -> Result<()> {
                self.0.at(Method::DELETE, &[$segment, id]).done().await
            }
        }
    };
}

scim!(ScimUsers, ScimUser, "Users");
scim!(ScimGroups, ScimGroup, "Groups");

impl ScimUsers {
    /// The user with this name, if there is one.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn by_user_name(&self, user_name: &str) -> Result<Option<ScimUser>> {
        self.list()
            .matching(&format!("userName eq {}", quoted(user_name)))
            .first()
            .await
    }

    /// The user that the token belongs to.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn me(&self) -> Result<ScimUser> {
        let target = format!("{}/v2/Users/me", self.0.root());
        self.0.client.request(Method::GET, target).read().await
    }
}

impl ScimGroups {
    /// Who is in a group.
    pub fn members(&self, id: &str) -> ScimQuery<ScimMember> {
        self.0.list(&["Groups", id, "Members"], "members")
    }
}
