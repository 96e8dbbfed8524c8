//! SCIM 2.0: the same people and groups, as identity systems see them (rest-basics 1, RFC 7643 and 7644).
//!
//! A resource is put together as JSON: what Hallway knows of a person or group, and beside it every attribute
//! that a client sent and that means nothing here ([`Attributes`]), so that it comes back as it was.

use hallway_wire::id::OrgId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::platform::Platform;
use crate::ports::{Key, Write};
use crate::records::{Document, Kept, put_new};

mod bulk;
mod filter;
mod groups;
mod patch;
mod user;
mod users;

/// Most bytes of attributes that mean nothing here.
const MAX_ATTRIBUTES: usize = 32 << 10;
/// Most resources on a page.
pub(super) const MAX_PAGE: usize = 500;

/// What a client said about a person or group beyond what Hallway knows of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Attributes {
    pub(super) org: OrgId,
    /// The UUID of the person or group.
    pub(super) of: String,
    pub(super) attributes: Map<String, Value>,
}

impl Document for Attributes {
    const KIND: &'static str = "scim_attributes";
    const NOUN: &'static str = "resource";

    fn org(&self) -> OrgId {
        self.org
    }

    fn id(&self) -> String {
        self.of.clone()
    }

    fn keys(&self) -> Vec<Key> {
        Vec::new()
    }
}

/// Which resources, in which order, and which part of them.
#[derive(Clone, Debug, Default)]
pub struct ScimQuery {
    pub filter: Option<String>,
    /// Only these, beside those that are always there.
    pub attributes: Vec<String>,
    pub excluded: Vec<String>,
    pub sort_by: Option<String>,
    pub descending: bool,
    /// Counted from 1.
    pub start_index: usize,
    pub count: usize,
    /// Groups only.
    pub include_members: bool,
    /// Users only: with the groups that they are in.
    pub return_groups: bool,
}

impl ScimQuery {
    /// Leaves out what was not asked for.
    fn choose(&self, resource: &mut Value) {
        let Some(object) = resource.as_object_mut() else {
            return;
        };
        let named = |list: &[String], key: &str| list.iter().any(|name| name.eq_ignore_ascii_case(key));
        if !self.attributes.is_empty() {
            object.retain(|key, _| {
                matches!(
                    key.as_str(),
                    "schemas" | "id" | "meta" | "userName" | "userType" | "displayName"
                ) || self.attributes.iter().any(|name| {
                    let outer = name.split('.').next().unwrap_or(name);
                    outer.eq_ignore_ascii_case(key) || name.to_lowercase().starts_with(&key.to_lowercase())
                })
            });
        }
        object.retain(|key, _| {
            matches!(key.as_str(), "schemas" | "id" | "meta") || !named(&self.excluded, key)
        });
    }
}

/// Resources that were found.
#[derive(Clone, Debug)]
pub struct ScimFound {
    pub resources: Vec<Value>,
    pub total: u64,
}

impl Caller {
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn may_read_scim(&self) -> Result<()> {
        self.require_scope(&["identity:people_read", "identity:people_rw"])?;
        if self.machine.is_some()
            || self
                .roles
                .iter()
                .any(|role| role.name() != "id_compliance_officer")
        {
            Ok(())
        } else {
            Err(Error::forbidden(
                "Only an administrator of the organization may do this.",
            ))
        }
    }

    /// # Errors
    /// [`Error::Forbidden`].
    pub fn may_write_scim(&self) -> Result<()> {
        self.require_scope(&["identity:people_rw"])?;
        if self.is_user_admin() {
            Ok(())
        } else {
            Err(Error::forbidden(
                "Only a full or user administrator of the organization may do this.",
            ))
        }
    }

    /// # Errors
    /// [`Error::Forbidden`].
    pub fn may_write_scim_groups(&self) -> Result<()> {
        self.require_scope(&["identity:people_rw"])?;
        if self.is_user_admin() || self.roles.contains(&super::Role::GroupAdmin) {
            Ok(())
        } else {
            Err(Error::forbidden(
                "Only a full, user or group administrator of the organization may do this.",
            ))
        }
    }
}

/// The object of a request.
fn object(body: &Value) -> Result<&Map<String, Value>> {
    body.as_object()
        .ok_or_else(|| Error::invalid("The body does not have the expected shape: an object is expected."))
}

/// Checks that a request says which schema it follows.
fn check_schema(body: &Map<String, Value>, wanted: &str) -> Result<()> {
    let schemas = body.get("schemas").and_then(Value::as_array);
    let named = schemas.is_some_and(|schemas| {
        schemas
            .iter()
            .any(|it| it.as_str().is_some_and(|it| it.eq_ignore_ascii_case(wanted)))
    });
    if named {
        Ok(())
    } else {
        Err(Error::invalid(format!("schemas: must name {wanted}")))
    }
}

/// A text that may be there.
fn text(object: &Map<String, Value>, name: &str) -> Result<Option<String>> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
        Some(_) => Err(Error::invalid(format!("{name}: must be a text"))),
    }
}

impl Platform {
    async fn attributes_of(&self, org: OrgId, of: &str) -> Result<Option<Kept<Attributes>>> {
        self.get(org, of).await
    }

    /// The write that keeps attributes; none where nothing changes.
    fn plan_attributes(
        before: Option<&Kept<Attributes>>,
        org: OrgId,
        of: String,
        attributes: Map<String, Value>,
    ) -> Result<Vec<Write>> {
        let length = serde_json::to_string(&attributes).map_or(usize::MAX, |text| text.len());
        if length > MAX_ATTRIBUTES {
            return Err(Error::invalid(format!(
                "The attributes that are kept as they are have {length} bytes; at most {MAX_ATTRIBUTES} are kept."
            )));
        }
        let new = Attributes { org, of, attributes };
        match before {
            Some(before) if before.doc == new => Ok(Vec::new()),
            Some(before) if new.attributes.is_empty() => Ok(vec![before.delete()]),
            Some(before) => Ok(vec![before.put(&new)?]),
            None if new.attributes.is_empty() => Ok(Vec::new()),
            None => Ok(vec![put_new(&new)?]),
        }
    }

    /// The writes that forget what was kept beside a person or group that goes.
    pub(super) async fn plan_no_attributes(&self, org: OrgId, of: &str) -> Result<Vec<Write>> {
        Ok(self
            .attributes_of(org, of)
            .await?
            .map(|kept| kept.delete())
            .into_iter()
            .collect())
    }

    fn scim_location(&self, org: OrgId, kind: &str, id: &str) -> String {
        format!(
            "{}/identity/scim/{}/v2/{kind}/{id}",
            self.config.public_url,
            org.uuid()
        )
    }
}
