//! Users, groups and changes of them, as SCIM writes them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

/// A user of a directory. It is read, changed and sent back as it is: what this crate has no name for is kept in
/// [`other`](Self::other).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct ScimUser {
    /// Which schemas it has.
    pub schemas: Vec<String>,
    /// The id; empty for a new one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// The address to sign in with.
    pub user_name: String,
    /// `user`, `room`, `external_calling` or `calling_service`.
    pub user_type: String,
    /// Whether the user may sign in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// What the user is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// The name in its parts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<ScimName>,
    /// The title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The id in the directory that it comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// Addresses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub emails: Vec<ScimValue>,
    /// Numbers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub phone_numbers: Vec<ScimValue>,
    /// Everything else, the extensions by their names included.
    #[serde(flatten)]
    pub other: serde_json::Map<String, Value>,
}

impl ScimUser {
    /// A new user.
    pub fn new(user_name: impl Into<String>) -> Self {
        let user_name = user_name.into();
        Self {
            schemas: vec![USER.to_owned()],
            emails: vec![ScimValue {
                value: user_name.clone(),
                kind: Some("work".to_owned()),
                primary: true,
            }],
            user_name,
            user_type: "user".to_owned(),
            active: Some(true),
            ..Self::default()
        }
    }

    /// Says what the user is called.
    #[must_use]
    pub fn named(mut self, given: &str, family: &str) -> Self {
        self.display_name = Some(format!("{given} {family}"));
        self.name = Some(ScimName {
            given_name: Some(given.to_owned()),
            family_name: Some(family.to_owned()),
        });
        self
    }
}

/// A name in its parts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ScimName {
    /// The given name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_name: Option<String>,
    /// The family name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_name: Option<String>,
}

/// One of several values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ScimValue {
    /// The value.
    pub value: String,
    /// `work`, `mobile` and others.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Whether it is the first of them.
    pub primary: bool,
}

/// A group of a directory.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct ScimGroup {
    /// Which schemas it has.
    pub schemas: Vec<String>,
    /// The id; empty for a new one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// What it is called.
    pub display_name: String,
    /// The id in the directory that it comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// Who is in it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<ScimMember>,
    /// Everything else.
    #[serde(flatten)]
    pub other: serde_json::Map<String, Value>,
}

impl ScimGroup {
    /// A new group.
    pub fn new(display_name: impl Into<String>) -> Self {
        Self {
            schemas: vec![GROUP.to_owned()],
            display_name: display_name.into(),
            ..Self::default()
        }
    }
}

/// Somebody in a group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ScimMember {
    /// The id of the user.
    pub value: String,
    /// `user`
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// What the user is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
}

/// A change of something in a user or a group.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScimPatch {
    /// `add`, `replace` or `remove`.
    pub op: &'static str,
    /// What: `title`, or `members[value eq "…"]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// To what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
}

impl ScimPatch {
    /// Adds a value.
    pub fn add(path: &str, value: Value) -> Self {
        Self {
            op: "add",
            path: Some(path.to_owned()),
            value: Some(value),
        }
    }

    /// Puts a value in the place of another.
    pub fn replace(path: &str, value: Value) -> Self {
        Self {
            op: "replace",
            ..Self::add(path, value)
        }
    }

    /// Takes something away.
    pub fn remove(path: &str) -> Self {
        Self {
            op: "remove",
            path: Some(path.to_owned()),
            value: None,
        }
    }
}

/// One of several operations.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ScimOperation {
    /// `POST`, `PATCH` or `DELETE`.
    pub method: &'static str,
    /// `/Users`, or `/Users/{id}`.
    pub path: String,
    /// A name of yours, which comes back with the outcome.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bulk_id: Option<String>,
    /// The user, the group, or the patch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
}

/// What became of an operation.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ScimOutcome {
    /// The method.
    pub method: String,
    /// `201`
    pub status: String,
    /// The name that the operation was given.
    pub bulk_id: Option<String>,
    /// Where it is now.
    pub location: Option<String>,
    /// What went wrong, if something did.
    pub response: Option<Value>,
}
