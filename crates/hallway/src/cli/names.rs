//! Finds things by what people call them.

use hallway_wire::Id;
use hallway_wire::id::{DeviceId, IdError, Kind, LocationId, PersonId, RoomId, WebhookId, WorkspaceId};
use serde_json::Value;
use uuid::Uuid;

use super::failure::{Failure, Result};
use super::http::{Client, encoded, with_query};

/// Something that was found. Where the caller gave an id, nothing was asked, and the name is the id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) id: String,
    pub(crate) name: String,
    /// What tells it from others of the same name.
    pub(crate) about: String,
}

impl Named {
    /// The id as a segment of a path.
    pub(crate) fn segment(&self) -> String {
        encoded(&self.id)
    }
}

/// Where the devices are.
pub(crate) const DEVICES: &str = "/v1/devices?max=1000";
/// Where the workspaces are.
pub(crate) const WORKSPACES: &str = "/v1/workspaces?max=1000";
/// Where the locations are.
pub(crate) const LOCATIONS: &str = "/v1/locations";
/// Where the rooms are in which people talk.
pub(crate) const ROOMS: &str = "/v1/rooms?max=1000";
/// Where the people are.
pub(crate) const PEOPLE: &str = "/v1/people";
/// Where the roles are.
pub(crate) const ROLES: &str = "/v1/roles";
/// Where the licenses are.
pub(crate) const LICENSES: &str = "/v1/licenses";
/// Where the groups are.
pub(crate) const GROUPS: &str = "/v1/groups?count=500";
/// Where the integrations are.
pub(crate) const INTEGRATIONS: &str = "/hallway/v1/integrations";

/// Where the caller's webhooks are.
pub(crate) const WEBHOOKS: &str = "/v1/webhooks?max=1000";
/// Where the webhooks of the organization are.
pub(crate) const ORG_WEBHOOKS: &str = "/v1/webhooks?max=1000&ownedBy=org";

/// The webhook of this id or name.
pub(crate) async fn webhook(client: &Client, wanted: &str) -> Result<Named> {
    if let Some(named) = by_id::<hallway_wire::id::Webhook>(wanted, |id: WebhookId| id.to_string())? {
        return Ok(named);
    }
    let all = client.list(WEBHOOKS).await?;
    pick("webhook", wanted, &named(&all, "id", &["name"], "targetUrl"))
}

/// The device of this id or name.
pub(crate) async fn device(client: &Client, wanted: &str) -> Result<Named> {
    if let Some(named) = by_id::<hallway_wire::id::Device>(wanted, |id: DeviceId| id.to_string())? {
        return Ok(named);
    }
    let all = client.list(DEVICES).await?;
    pick("device", wanted, &named(&all, "id", &["displayName"], "product"))
}

/// The workspace of this id or name.
pub(crate) async fn workspace(client: &Client, wanted: &str) -> Result<Named> {
    if let Some(named) = by_id::<hallway_wire::id::Workspace>(wanted, |id: WorkspaceId| id.to_string())? {
        return Ok(named);
    }
    let all = client.list(WORKSPACES).await?;
    pick("workspace", wanted, &named(&all, "id", &["displayName"], "type"))
}

/// The location of this id or name.
pub(crate) async fn location(client: &Client, wanted: &str) -> Result<Named> {
    if let Some(named) = by_id::<hallway_wire::id::Location>(wanted, |id: LocationId| id.to_string())? {
        return Ok(named);
    }
    let all = client.list(LOCATIONS).await?;
    let all = named(&all, "id", &["name", "displayName"], "timeZone");
    pick("location", wanted, &all)
}

/// The room of this id or title.
pub(crate) async fn room(client: &Client, wanted: &str) -> Result<Named> {
    if let Some(named) = by_id::<hallway_wire::id::Room>(wanted, |id: RoomId| id.to_string())? {
        return Ok(named);
    }
    let all = client.list(ROOMS).await?;
    pick("room", wanted, &named(&all, "id", &["title"], "type"))
}

/// The person of this id, e-mail address or display name.
pub(crate) async fn person(client: &Client, wanted: &str) -> Result<Named> {
    if let Some(named) = by_id::<hallway_wire::id::Person>(wanted, |id: PersonId| id.to_string())? {
        return Ok(named);
    }
    let wanted = wanted.trim();
    let is_address = wanted.contains('@');
    let by = if is_address { "email" } else { "displayName" };
    let found = client.list(&with_query(PEOPLE, &[(by, wanted)])).await?;
    let mut found = named(&found, "id", &["displayName"], "type");
    match found.pop() {
        Some(one) if is_address && found.is_empty() => Ok(one),
        _ if is_address => Err(Failure::refused(format!("nobody has the address {wanted}"))
            .hint("`hallway person list` shows who there is")),
        last => {
            found.extend(last);
            pick("person", wanted, &found)
        }
    }
}

/// The license of this id or name.
pub(crate) async fn license(client: &Client, wanted: &str) -> Result<Named> {
    let all = named(&client.list(LICENSES).await?, "id", &["name"], "siteUrl");
    by_id_or_name("license", wanted, &all)
}

/// The group of this id or name.
pub(crate) async fn group(client: &Client, wanted: &str) -> Result<Named> {
    let all = client.list_of(GROUPS, "groups").await?;
    let all = named(&all, "id", &["displayName"], "description");
    by_id_or_name("group", wanted, &all)
}

/// For ids that are more than a kind and a UUID: the platform's own spelling of them is the only one.
fn by_id_or_name(noun: &str, wanted: &str, all: &[Named]) -> Result<Named> {
    match all.iter().find(|named| named.id == wanted.trim()) {
        Some(one) => Ok(one.clone()),
        None => pick(noun, wanted, all),
    }
}

/// The integration of this id or name.
pub(crate) async fn app(client: &Client, wanted: &str) -> Result<Named> {
    app_in(client, INTEGRATIONS, wanted).await
}

/// The integration of this id or name, out of a list of some of them.
pub(crate) async fn app_in(client: &Client, list: &str, wanted: &str) -> Result<Named> {
    if let Ok(uuid) = Uuid::try_parse(wanted.trim()) {
        let id = uuid.to_string();
        return Ok(Named {
            name: id.clone(),
            id,
            about: String::new(),
        });
    }
    let all = client.list(list).await?;
    pick(
        "integration",
        wanted,
        &named(&all, "appId", &["displayName"], "vendor"),
    )
}

fn by_id<K: Kind>(wanted: &str, write: impl Fn(Id<K>) -> String) -> Result<Option<Named>> {
    match wanted.trim().parse::<Id<K>>() {
        Ok(id) => Ok(Some(Named {
            id: write(id),
            name: wanted.trim().to_owned(),
            about: String::new(),
        })),
        Err(IdError::Shape) => Ok(None),
        Err(error @ IdError::Kind { .. }) => Err(Failure::usage(error.to_string())),
    }
}

/// Takes ids and names out of a list.
pub(crate) fn named(items: &[Value], id: &str, names: &[&str], about: &str) -> Vec<Named> {
    let text = |item: &Value, member: &str| {
        let text = item.get(member).and_then(Value::as_str);
        text.map(ToOwned::to_owned)
    };
    items
        .iter()
        .filter_map(|item| {
            Some(Named {
                id: text(item, id)?,
                name: names.iter().find_map(|name| text(item, name)).unwrap_or_default(),
                about: text(item, about).unwrap_or_default(),
            })
        })
        .collect()
}

/// The one of this name. Case is ignored, but decides where names differ in nothing else.
///
/// # Errors
/// None has the name: a refusal that suggests others. Several have it: wrong usage that lists them.
pub(crate) fn pick(noun: &str, wanted: &str, all: &[Named]) -> Result<Named> {
    let wanted = wanted.trim();
    let folded = wanted.to_lowercase();
    let same: Vec<&Named> = all
        .iter()
        .filter(|named| named.name.trim().to_lowercase() == folded)
        .collect();
    let exact: Vec<&Named> = same
        .iter()
        .copied()
        .filter(|named| named.name.trim() == wanted)
        .collect();
    if let ([one], _) | (_, [one]) = (exact.as_slice(), same.as_slice()) {
        return Ok((*one).clone());
    }
    if same.is_empty() {
        let near = near(&folded, all);
        let hint = if near.is_empty() {
            format!("`hallway {noun} list` shows all of them")
        } else {
            format!("did you mean {}?", near.join(" or "))
        };
        return Err(Failure::refused(format!("no {noun} is called `{wanted}`")).hint(hint));
    }
    let mut message = format!("{} {noun}s are called `{wanted}`:", same.len());
    for named in same {
        message.push_str("\n  ");
        message.push_str(&named.id);
        if !named.about.is_empty() {
            message.push_str("  ");
            message.push_str(&named.about);
        }
    }
    Err(Failure::usage(message).hint("use the id of the one that you mean"))
}

/// Up to three names that are close to the wanted one, closest first.
fn near(wanted: &str, all: &[Named]) -> Vec<String> {
    const CLOSE: f64 = 0.75;
    const LONGEST: usize = 200;
    let mut scored: Vec<(f64, &str)> = all
        .iter()
        .map(|named| named.name.trim())
        .filter(|name| !name.is_empty() && name.len() <= LONGEST && wanted.len() <= LONGEST)
        .filter_map(|name| {
            let folded = name.to_lowercase();
            let score = if wanted.len() >= 3 && folded.contains(wanted) {
                1.0
            } else {
                strsim::jaro_winkler(wanted, &folded)
            };
            (score >= CLOSE).then_some((score, name))
        })
        .collect();
    scored.sort_by(|(a, x), (b, y)| b.total_cmp(a).then(x.cmp(y)));
    scored.dedup_by_key(|(_, name)| *name);
    scored
        .iter()
        .take(3)
        .map(|(_, name)| format!("`{name}`"))
        .collect()
}

/// A name as a shell takes it for one word.
pub(crate) fn quoted(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._/:@+=".contains(c);
    if !name.is_empty() && name.chars().all(plain) && !name.starts_with('-') {
        name.to_owned()
    } else if !name.contains(['"', '\\', '$', '`', '!']) {
        format!("\"{name}\"")
    } else {
        format!("'{}'", name.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rooms() -> Vec<Named> {
        let items: Vec<Value> = ["Board Room", "board room", "Huddle", "Huddle", "Atrium"]
            .iter()
            .enumerate()
            .map(|(i, name)| json!({"id": format!("id{i}"), "displayName": name, "product": "Board Pro"}))
            .collect();
        named(&items, "id", &["displayName"], "product")
    }

    #[test]
    fn names_are_found_whatever_their_case_if_that_is_clear() {
        for (wanted, id) in [("Board Room", "id0"), ("board room", "id1"), (" ATRIUM ", "id4")] {
            assert_eq!(pick("device", wanted, &rooms()).unwrap().id, id, "{wanted}");
        }
    }

    #[test]
    fn an_ambiguous_name_lists_its_candidates() {
        for wanted in ["huddle", "BOARD ROOM"] {
            let failure = pick("device", wanted, &rooms()).unwrap_err();
            assert_eq!(failure.exit_code(), 2, "{wanted}");
        }
        let failure = pick("device", "huddle", &rooms()).unwrap_err();
        insta::assert_snapshot!(failure.text().unwrap(), @r"
        error: 2 devices are called `huddle`:
          id2  Board Pro
          id3  Board Pro
        hint: use the id of the one that you mean
        ");
    }

    #[test]
    fn an_unknown_name_gets_suggestions() {
        let failure = pick("device", "Hudle", &rooms()).unwrap_err();
        assert_eq!(failure.exit_code(), 1);
        insta::assert_snapshot!(failure.text().unwrap(), @r"
        error: no device is called `Hudle`
        hint: did you mean `Huddle`?
        ");
        let failure = pick("device", "Zzz", &rooms()).unwrap_err();
        assert!(
            failure
                .text()
                .unwrap()
                .ends_with("hint: `hallway device list` shows all of them")
        );
    }

    #[test]
    fn ids_are_taken_as_they_are_and_wrong_ones_refused() {
        let id = DeviceId::from_uuid(Uuid::from_u128(7));
        let write = |id: DeviceId| id.to_string();
        for text in [id.to_string(), id.uuid().to_string()] {
            assert_eq!(by_id(&text, write).unwrap().unwrap().id, id.to_string());
        }
        assert_eq!(by_id("Board Room", write).unwrap(), None);
        let other = WorkspaceId::from_uuid(Uuid::from_u128(7)).to_string();
        assert_eq!(by_id(&other, write).unwrap_err().exit_code(), 2);
    }

    #[test]
    fn names_are_quoted_for_a_shell() {
        for (name, expected) in [
            ("Huddle", "Huddle"),
            ("Board Room", "\"Board Room\""),
            ("It's $5", r"'It'\''s $5'"),
            ("-x", "\"-x\""),
            ("", "\"\""),
        ] {
            assert_eq!(quoted(name), expected);
        }
    }
}
