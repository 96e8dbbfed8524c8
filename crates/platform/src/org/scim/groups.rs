//! SCIM groups: the groups of `/groups`, as identity systems see them.

use std::collections::BTreeSet;

use hallway_wire::group::{GroupRequest, MemberChange};
use hallway_wire::id::{GroupId, OrgId, PersonId};
use hallway_wire::scim::{GROUP, PatchOperation, WEBEX_GROUP};
use serde_json::{Map, Value, json};

use super::super::group::Group;
use super::filter::Filter;
use super::{MAX_PAGE, ScimFound, ScimQuery, check_schema, object, patch, text};
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::platform::Platform;

/// What a group has a place for at its top.
const KNOWN: [&str; 6] = ["schemas", "id", "meta", "displayName", "members", "description"];

impl Platform {
    async fn group_resource(&self, group: &Group, members: bool) -> Result<Value> {
        let id = group.id.uuid().to_string();
        let kept = self.attributes_of(group.org, &id).await?;
        let mut resource = kept.map_or_else(Map::new, |kept| kept.doc.attributes);
        let mut webex = resource
            .get(WEBEX_GROUP)
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default();
        webex.entry("usage").or_insert_with(|| "group".into());
        webex.entry("provisionSource").or_insert_with(|| "API".into());
        webex.insert("meta".to_owned(), json!({ "organizationID": group.org.uuid() }));
        resource.insert("schemas".to_owned(), json!([GROUP, WEBEX_GROUP]));
        resource.insert("id".to_owned(), id.clone().into());
        resource.insert("displayName".to_owned(), group.display_name.clone().into());
        resource.insert(WEBEX_GROUP.to_owned(), webex.into());
        if members {
            let members = self.member_values(group, 0, usize::MAX - 1).await?;
            resource.insert("members".to_owned(), members.into());
        }
        resource.insert(
            "meta".to_owned(),
            json!({
                "resourceType": "Group",
                "organizationID": group.org.uuid(),
                "created": group.created,
                "lastModified": group.last_modified,
                "version": format!("W/\"{}\"", group.last_modified.millis()),
                "location": self.scim_location(group.org, "Groups", &id),
            }),
        );
        Ok(resource.into())
    }

    async fn member_values(&self, group: &Group, start: usize, max: usize) -> Result<Vec<Value>> {
        let (members, _) = self.members_of(group, start, max).await?;
        Ok(members
            .iter()
            .map(|member| {
                let id = member.id.uuid().to_string();
                json!({
                    "type": "user", "value": id, "display": member.display_name,
                    "$ref": self.scim_location(group.org, "Users", &id),
                })
            })
            .collect())
    }

    /// One group.
    ///
    /// # Errors
    /// Missing scope or role; unknown.
    pub async fn scim_group(
        &self,
        caller: &Caller,
        org: OrgId,
        id: GroupId,
        excluded: &[String],
    ) -> Result<Value> {
        caller.may_read_scim()?;
        caller.check_org(Some(org))?;
        let group = self.kept_group(org, id).await?;
        let query = ScimQuery {
            excluded: excluded.to_vec(),
            ..ScimQuery::default()
        };
        let members = !excluded.iter().any(|name| name.eq_ignore_ascii_case("members"));
        let mut resource = self.group_resource(&group, members).await?;
        query.choose(&mut resource);
        Ok(resource)
    }

    /// Groups that match, in the order of their names.
    ///
    /// # Errors
    /// Missing scope or role; a filter that cannot be understood.
    pub async fn scim_groups(&self, caller: &Caller, org: OrgId, query: &ScimQuery) -> Result<ScimFound> {
        caller.may_read_scim()?;
        caller.check_org(Some(org))?;
        let filter = query.filter.as_deref().map(Filter::parse).transpose()?;
        let groups = self.all_groups(org, query.descending).await?;
        let skip = query.start_index.saturating_sub(1);
        let count = query.count.min(MAX_PAGE);
        let (mut resources, mut total) = (Vec::new(), 0_u64);
        for group in groups {
            if let Some(filter) = &filter {
                let resource = self.group_resource(&group, true).await?;
                if !filter.fits(&resource) {
                    continue;
                }
            }
            total += 1;
            let at = usize::try_from(total).unwrap_or(usize::MAX);
            if at > skip && resources.len() < count {
                let mut resource = self.group_resource(&group, query.include_members).await?;
                query.choose(&mut resource);
                resources.push(resource);
            }
        }
        Ok(ScimFound { resources, total })
    }

    /// The members of a group: its id, its name, how many there are, and a page of them.
    ///
    /// # Errors
    /// Missing scope or role; unknown.
    pub async fn scim_members(
        &self,
        caller: &Caller,
        org: OrgId,
        id: GroupId,
        query: &ScimQuery,
    ) -> Result<(String, u64, Vec<Value>)> {
        caller.may_read_scim()?;
        caller.check_org(Some(org))?;
        let group = self.kept_group(org, id).await?;
        let skip = query.start_index.saturating_sub(1);
        let members = self
            .member_values(&group, skip, query.count.min(MAX_PAGE))
            .await?;
        Ok((group.display_name.clone(), group.members, members))
    }

    /// Makes a group.
    ///
    /// # Errors
    /// Missing scope or role; no name; the name is taken; a member is nobody.
    pub async fn scim_create_group(&self, caller: &Caller, org: OrgId, body: &Value) -> Result<Value> {
        caller.may_write_scim_groups()?;
        caller.check_org(Some(org))?;
        let said = read(body)?;
        let request = GroupRequest {
            display_name: Some(said.name),
            members: Some(said.members.unwrap_or_default().into_iter().map(added).collect()),
            ..GroupRequest::default()
        };
        let also = |group: &Group| {
            let of = group.id.uuid().to_string();
            Self::plan_attributes(None, org, of, said.attributes.clone())
        };
        let id = self.make_group(caller, &request, &also).await?;
        let group = self.kept_group(org, id).await?;
        self.group_resource(&group, true).await
    }

    /// Replaces a group.
    ///
    /// # Errors
    /// Missing scope or role; unknown; no name; the name is taken; a member is nobody.
    pub async fn scim_replace_group(
        &self,
        caller: &Caller,
        org: OrgId,
        id: GroupId,
        body: &Value,
    ) -> Result<Value> {
        caller.may_write_scim_groups()?;
        caller.check_org(Some(org))?;
        self.retrying(|| self.try_replace_group(caller, org, id, body))
            .await
    }

    async fn try_replace_group(
        &self,
        caller: &Caller,
        org: OrgId,
        id: GroupId,
        body: &Value,
    ) -> Result<Value> {
        let group = self.kept_group(org, id).await?;
        let said = read(body)?;
        let wanted: BTreeSet<PersonId> = said.members.unwrap_or_default().into_iter().collect();
        let (there, _) = self.members_of(&group, 0, usize::MAX - 1).await?;
        let there: BTreeSet<PersonId> = there.iter().map(|member| member.id).collect();
        let gone = there.difference(&wanted).map(|&id| MemberChange {
            id,
            operation: Some("delete".to_owned()),
        });
        let new = wanted.difference(&there).map(|&id| added(id));
        let request = GroupRequest {
            display_name: Some(said.name),
            members: Some(gone.chain(new).collect()),
            ..GroupRequest::default()
        };
        let of = id.uuid().to_string();
        let before = self.attributes_of(org, &of).await?;
        let also =
            |_: &Group| Self::plan_attributes(before.as_ref(), org, of.clone(), said.attributes.clone());
        self.change_group(caller, id, &request, &also).await?;
        let group = self.kept_group(org, id).await?;
        self.group_resource(&group, true).await
    }

    /// Changes a group step by step; all steps or none.
    ///
    /// # Errors
    /// Missing scope or role; unknown; a step cannot be understood; a member is nobody.
    pub async fn scim_patch_group(
        &self,
        caller: &Caller,
        org: OrgId,
        id: GroupId,
        steps: &[PatchOperation],
    ) -> Result<Value> {
        caller.may_write_scim_groups()?;
        caller.check_org(Some(org))?;
        self.retrying(async || {
            let group = self.kept_group(org, id).await?;
            let mut resource = self.group_resource(&group, true).await?;
            patch::apply(&mut resource, steps)?;
            self.try_replace_group(caller, org, id, &resource).await
        })
        .await
    }

    /// Deletes a group; its members stay.
    ///
    /// # Errors
    /// Missing scope or role; unknown.
    pub async fn scim_delete_group(&self, caller: &Caller, org: OrgId, id: GroupId) -> Result<()> {
        caller.may_write_scim_groups()?;
        caller.check_org(Some(org))?;
        self.remove_group(caller, id).await
    }
}

fn added(id: PersonId) -> MemberChange {
    MemberChange { id, operation: None }
}

struct Said {
    name: String,
    members: Option<Vec<PersonId>>,
    attributes: Map<String, Value>,
}

fn read(body: &Value) -> Result<Said> {
    let group = object(body)?;
    check_schema(group, GROUP)?;
    let name = text(group, "displayName")?.ok_or_else(|| Error::invalid("displayName: is missing"))?;
    let members = match group.get("members").filter(|it| !it.is_null()) {
        None => None,
        Some(Value::Array(members)) => {
            let read = members.iter().enumerate().map(|(at, member)| {
                let id = member.get("value").and_then(Value::as_str).unwrap_or_default();
                id.parse::<PersonId>()
                    .map_err(|error| Error::invalid(format!("members[{at}].value: {error}")))
            });
            Some(read.collect::<Result<Vec<_>>>()?)
        }
        Some(_) => return Err(Error::invalid("members: must be a list")),
    };
    let mut attributes = group.clone();
    attributes.retain(|key, value| !value.is_null() && !KNOWN.contains(&key.as_str()));
    if let Some(webex) = attributes.get_mut(WEBEX_GROUP).and_then(Value::as_object_mut) {
        webex.remove("meta");
    }
    Ok(Said {
        name,
        members,
        attributes,
    })
}
