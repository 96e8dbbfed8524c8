//! SCIM users: found, made, changed, deleted.

use hallway_wire::id::{OrgId, PersonId};
use hallway_wire::scim::{PatchOperation, USER};
use serde_json::{Map, Value, json};

use super::filter::{Filter, member};
use super::{MAX_PAGE, ScimFound, ScimQuery, patch, user};
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::org::{Person, PersonKind};
use crate::platform::Platform;
use crate::ports::Find;
use crate::records::{Document as _, Kept};

/// Read at once while a filter looks at everybody.
const BATCH: usize = 500;

impl Platform {
    async fn user_of(&self, person: &Person) -> Result<Value> {
        let id = person.id.uuid().to_string();
        let kept = self.attributes_of(person.org, &id).await?;
        let empty = Map::new();
        let attributes = kept.as_ref().map_or(&empty, |kept| &kept.attributes);
        Ok(user::view(
            person,
            attributes,
            &self.scim_location(person.org, "Users", &id),
        ))
    }

    async fn kept_user(&self, org: OrgId, id: PersonId) -> Result<Kept<Person>> {
        let kept = self.kept_person(org, id).await;
        let kept = kept.map_err(|error| match error {
            Error::NotFound { .. } => Error::NotFound { what: "user" },
            other => other,
        })?;
        if kept.kind == PersonKind::Person {
            Ok(kept)
        } else {
            Err(Error::NotFound { what: "user" })
        }
    }

    /// The caller as a user.
    ///
    /// # Errors
    /// Missing scope.
    pub async fn scim_me(&self, caller: &Caller) -> Result<Value> {
        caller.require_scope(&["identity:people_read", "identity:people_rw"])?;
        let person = self.kept_person(caller.org, caller.person).await?;
        self.user_of(&person).await
    }

    /// One user.
    ///
    /// # Errors
    /// Missing scope or role; unknown.
    pub async fn scim_user(&self, caller: &Caller, org: OrgId, id: PersonId) -> Result<Value> {
        caller.may_read_scim()?;
        caller.check_org(Some(org))?;
        let person = self.kept_user(org, id).await?;
        self.user_of(&person).await
    }

    /// Users that match.
    ///
    /// # Errors
    /// Missing scope or role; a filter that cannot be understood.
    pub async fn scim_users(&self, caller: &Caller, org: OrgId, query: &ScimQuery) -> Result<ScimFound> {
        caller.may_read_scim()?;
        caller.check_org(Some(org))?;
        let filter = query.filter.as_deref().map(Filter::parse).transpose()?;
        let count = query.count.min(MAX_PAGE);
        let skip = query.start_index.saturating_sub(1);
        let exact = filter.as_ref().and_then(|filter| {
            filter
                .exactly("userName")
                .or_else(|| filter.exactly("emails.value"))
        });
        let mut found = if let Some(email) = exact {
            let person = self.person_of_email(org, email).await?;
            let person = person.filter(|person| person.kind == PersonKind::Person);
            let mut resources = Vec::new();
            if let Some(person) = person {
                resources.push(self.user_of(&person).await?);
            }
            let total = resources.len() as u64;
            ScimFound {
                resources: resources.into_iter().skip(skip).take(count).collect(),
                total,
            }
        } else if filter.is_none() && by_name(query) {
            self.users_by_name(org, query, skip, count).await?
        } else {
            self.users_of_everybody(org, filter.as_ref(), query, skip, count)
                .await?
        };
        for resource in &mut found.resources {
            if query.return_groups {
                self.add_groups(org, resource).await?;
            }
            query.choose(resource);
        }
        Ok(found)
    }

    /// A page of everybody, in the order of the index of names.
    async fn users_by_name(
        &self,
        org: OrgId,
        query: &ScimQuery,
        skip: usize,
        count: usize,
    ) -> Result<ScimFound> {
        let total = self.count::<Person>(org, Person::BY_NAME, "").await?;
        let find = Find::new(Person::KIND, org, Person::BY_NAME, "", skip.saturating_add(count));
        let find = if query.descending {
            find.newest_first()
        } else {
            find
        };
        let listed = self.list::<Person>(find).await?;
        let mut resources = Vec::new();
        for person in listed.items.iter().skip(skip) {
            resources.push(self.user_of(person).await?);
        }
        Ok(ScimFound { resources, total })
    }

    /// Looks at everybody: for filters and orders that have no index.
    async fn users_of_everybody(
        &self,
        org: OrgId,
        filter: Option<&Filter>,
        query: &ScimQuery,
        skip: usize,
        count: usize,
    ) -> Result<ScimFound> {
        let sorted = !by_name(query);
        let mut after = None;
        let mut total = 0_u64;
        let mut resources = Vec::new();
        loop {
            let find = Find::new(Person::KIND, org, Person::BY_NAME, "", BATCH).after(after);
            let listed = self.list::<Person>(find).await?;
            for person in &listed.items {
                let user = self.user_of(person).await?;
                if filter.is_none_or(|filter| filter.fits(&user)) {
                    total += 1;
                    let at = usize::try_from(total).unwrap_or(usize::MAX);
                    // What is sorted afterwards is kept as a whole, otherwise only the page is.
                    if sorted || query.descending || (at > skip && resources.len() < count) {
                        resources.push(user);
                    }
                }
            }
            match listed.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        if sorted || query.descending {
            if let Some(by) = query.sort_by.as_deref().filter(|_| sorted) {
                let path = super::filter::path(by);
                let order = |user: &Value| {
                    let mut value = user;
                    for name in &path {
                        value = member(value, name)?;
                    }
                    value.as_str().map(str::to_lowercase)
                };
                resources.sort_by_cached_key(order);
            }
            if query.descending {
                resources.reverse();
            }
            resources = resources.into_iter().skip(skip).take(count).collect();
        }
        Ok(ScimFound { resources, total })
    }

    async fn add_groups(&self, org: OrgId, user: &mut Value) -> Result<()> {
        let id: Option<PersonId> = user
            .get("id")
            .and_then(Value::as_str)
            .and_then(|id| id.parse().ok());
        let (Some(id), Some(object)) = (id, user.as_object_mut()) else {
            return Ok(());
        };
        let groups = self.groups_of(org, id).await?;
        let groups: Vec<Value> = groups
            .iter()
            .map(|group| {
                let value = group.id.uuid().to_string();
                let location = self.scim_location(org, "Groups", &value);
                json!({ "value": value, "display": group.display_name, "$ref": location })
            })
            .collect();
        object.insert("groups".to_owned(), groups.into());
        Ok(())
    }

    /// Makes a user; an activation e-mail is written as for every new person.
    ///
    /// # Errors
    /// Missing scope or role; an attribute is missing or bad; the user name is taken.
    pub async fn scim_create_user(&self, caller: &Caller, org: OrgId, body: &Value) -> Result<Value> {
        caller.may_write_scim()?;
        caller.check_org(Some(org))?;
        let said = user::read(body)?;
        let also = |person: &Person| {
            let of = person.id.uuid().to_string();
            Self::plan_attributes(None, org, of, said.attributes.clone())
        };
        let person = self
            .retrying(|| self.try_create(caller, &said.request, &also))
            .await?;
        self.wake_mail();
        self.user_of(&person).await
    }

    /// Replaces a user. Roles that are not mentioned stay as they are.
    ///
    /// # Errors
    /// Missing scope or role; unknown; an attribute is missing or bad; the user name is taken.
    pub async fn scim_replace_user(
        &self,
        caller: &Caller,
        org: OrgId,
        id: PersonId,
        body: &Value,
    ) -> Result<Value> {
        caller.may_write_scim()?;
        caller.check_org(Some(org))?;
        self.retrying(|| self.try_replace_user(caller, org, id, body))
            .await
    }

    async fn try_replace_user(
        &self,
        caller: &Caller,
        org: OrgId,
        id: PersonId,
        body: &Value,
    ) -> Result<Value> {
        self.kept_user(org, id).await?;
        let said = user::read(body)?;
        let of = id.uuid().to_string();
        let before = self.attributes_of(org, &of).await?;
        let also =
            |_: &Person| Self::plan_attributes(before.as_ref(), org, of.clone(), said.attributes.clone());
        let person = self.try_update(caller, id, &said.request, &also).await?;
        self.forget_sessions_of(id);
        self.user_of(&person).await
    }

    /// Changes a user step by step; all steps or none.
    ///
    /// # Errors
    /// Missing scope or role; unknown; a step cannot be understood, or what comes out of them is no good user.
    pub async fn scim_patch_user(
        &self,
        caller: &Caller,
        org: OrgId,
        id: PersonId,
        steps: &[PatchOperation],
    ) -> Result<Value> {
        caller.may_write_scim()?;
        caller.check_org(Some(org))?;
        self.retrying(async || {
            let person = self.kept_user(org, id).await?;
            let mut user = self.user_of(&person).await?;
            patch::apply(&mut user, steps)?;
            if let Some(object) = user.as_object_mut() {
                object.insert("schemas".to_owned(), json!([USER]));
                // A role list that was taken away as a whole is empty.
                object.entry("roles").or_insert_with(|| json!([]));
            }
            self.try_replace_user(caller, org, id, &user).await
        })
        .await
    }

    /// Deletes a user with everything that is its own.
    ///
    /// # Errors
    /// Missing scope or role; unknown; nobody would administer the organization.
    pub async fn scim_delete_user(&self, caller: &Caller, org: OrgId, id: PersonId) -> Result<()> {
        caller.may_write_scim()?;
        caller.check_org(Some(org))?;
        self.kept_user(org, id).await?;
        self.remove_person(caller, id).await
    }
}

/// Whether the order of the index is good enough.
fn by_name(query: &ScimQuery) -> bool {
    query
        .sort_by
        .as_deref()
        .is_none_or(|by| by.eq_ignore_ascii_case("displayName"))
}
