//! Filters: `key=value` pairs joined with `&`, all of which must match (webhooks 4).

use std::str::FromStr;

use hallway_wire::Id;
use hallway_wire::id::{self, Kind, PersonId};
use hallway_wire::webhook::Resource;
use serde_json::Value;

use super::happening::Happening;
use super::rules::{Form, subject};

/// One pair, with the value as it is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pair {
    key: &'static str,
    form: Form,
    value: String,
}

/// A filter that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Filter(Vec<Pair>);

/// Keys that choose a bucket of the index: most webhooks that filter do so by one of these.
pub(super) const BUCKETS: [&str; 3] = ["roomId", "messageId", "personId"];

/// Longest filter.
const LONGEST: usize = 4096;

fn invalid(key: &str) -> String {
    format!("invalid value for filter: {key}")
}

fn canonical<K: Kind>(text: &str) -> Option<String> {
    Id::<K>::from_str(text).ok().map(|id| id.to_string())
}

/// A value in the form that it is compared in.
fn value(form: Form, text: &str, me: PersonId) -> Option<String> {
    match form {
        Form::Room => canonical::<id::Room>(text),
        Form::Message => canonical::<id::Message>(text),
        Form::Person { me: true } if text == "me" => Some(me.to_string()),
        Form::Person { .. } => canonical::<id::Person>(text),
        Form::Application => Some(match id::decode(text) {
            Ok((kind, inner)) => id::encode("us", &kind, inner),
            Err(_) => text.to_owned(),
        }),
        Form::Email => text.contains('@').then(|| text.to_lowercase()),
        Form::Flag => matches!(text, "true" | "false").then(|| text.to_owned()),
        Form::RoomType => matches!(text, "direct" | "group").then(|| text.to_owned()),
        Form::Text => Some(text.to_owned()),
    }
}

fn percent_decoded(text: &str) -> Option<String> {
    if !text.contains('%') {
        return Some(text.to_owned());
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        let digit = |byte: u8| char::from(byte).to_digit(16);
        match (first, tail) {
            (b'%', [high, low, after @ ..]) if digit(*high).is_some() && digit(*low).is_some() => {
                let byte = digit(*high)? * 16 + digit(*low)?;
                bytes.push(u8::try_from(byte).ok()?);
                rest = after;
            }
            _ => bytes.push(*first),
        }
    }
    String::from_utf8(bytes).ok()
}

impl Filter {
    /// Reads a filter for a resource.
    ///
    /// # Errors
    /// Everything that is wrong with it, in sentences.
    pub(super) fn read(
        text: &str,
        resource: Resource,
        org_owned: bool,
        me: PersonId,
    ) -> Result<Self, Vec<String>> {
        let mut problems = Vec::new();
        let mut pairs = Vec::new();
        if text.len() > LONGEST {
            return Err(vec![format!("filter: must not be longer than {LONGEST} bytes")]);
        }
        let keys = subject(resource).filters;
        for part in text.split('&').filter(|part| !part.trim().is_empty()) {
            let Some((name, given)) = part.split_once('=') else {
                problems.push(format!("filter: {part:?} is not a key and a value joined by ="));
                continue;
            };
            let name = name.trim();
            let Some(key) = keys.iter().find(|key| key.name == name) else {
                let known: Vec<&str> = keys.iter().map(|key| key.name).collect();
                problems.push(if known.is_empty() {
                    format!("filter: {} takes no filter, not {name}", resource.word())
                } else {
                    format!(
                        "filter: {name} is no filter of {}: there are {}",
                        resource.word(),
                        known.join(", ")
                    )
                });
                continue;
            };
            if key.org_only && !org_owned {
                problems.push(format!("filter: {name} needs a webhook with ownedBy=org"));
                continue;
            }
            let read = percent_decoded(given.trim())
                .filter(|text| !text.is_empty())
                .and_then(|text| value(key.form, &text, me));
            match read {
                Some(value) => pairs.push(Pair {
                    key: key.name,
                    form: key.form,
                    value,
                }),
                None => problems.push(invalid(name)),
            }
        }
        if problems.is_empty() {
            Ok(Self(pairs))
        } else {
            Err(problems)
        }
    }

    /// The value of a key, as it is compared.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        let pair = self.0.iter().find(|pair| pair.key == key)?;
        Some(&pair.value)
    }

    /// The pair that chooses a bucket of the index, if there is one.
    pub(super) fn bucket(&self) -> Option<(&'static str, &str)> {
        BUCKETS
            .into_iter()
            .find_map(|key| self.get(key).map(|value| (key, value)))
    }

    /// Whether it lets this through.
    pub(super) fn matches(&self, happening: &Happening) -> bool {
        self.0.iter().all(|pair| pair.matches(happening))
    }
}

impl Pair {
    fn matches(&self, happening: &Happening) -> bool {
        let data = &happening.data;
        let full = happening.full.as_ref();
        let listed = |member: &str| is_listed(&data[member], &self.value);
        match (happening.resource, self.key) {
            (_, "hasFiles") => has_some(&data["files"], full.map(|full| &full["files"])) == self.is_true(),
            (_, "hasAttachments") => {
                has_some(&data["attachments"], full.map(|full| &full["attachments"])) == self.is_true()
            }
            (_, "mentionedPeople" | "mentionedGroups") => listed(self.key),
            (Resource::ServiceApp, "friendlyName" | "friendlyId") => {
                listed("friendlyId") || listed("friendlyName")
            }
            (Resource::ServiceApp, "adminTrainSiteName" | "adminTrainSiteNames") => {
                listed("adminTrainSiteNames")
            }
            (Resource::ServiceApp, "trainSiteNames") => listed("trainSiteNames"),
            (Resource::TelephonyCalls, "address") => {
                data["remoteParty"]["number"].as_str() == Some(&self.value)
            }
            (Resource::TelephonyCalls, "callType") => {
                data["remoteParty"]["callType"].as_str() == Some(&self.value)
            }
            (Resource::TelephonyCalls, "personId") => {
                let actor = happening.actor.map(|actor| actor.to_string());
                let given = data["personId"].as_str().or(data["actorPersonId"].as_str());
                given.or(actor.as_deref()) == Some(&self.value)
            }
            (_, key) => match (self.form, &data[key]) {
                (Form::Email, Value::String(email)) => email.to_lowercase() == self.value,
                (Form::Flag, Value::Bool(flag)) => *flag == self.is_true(),
                // A flag that is not there is no.
                (Form::Flag, Value::Null) => !self.is_true(),
                (Form::Room | Form::Message | Form::Person { .. } | Form::Application, Value::String(id)) => {
                    id == &self.value
                }
                (_, Value::String(text)) => text == &self.value,
                _ => false,
            },
        }
    }

    fn is_true(&self) -> bool {
        self.value == "true"
    }
}

/// Whether a value is the text or a list that holds it.
fn is_listed(value: &Value, text: &str) -> bool {
    match value {
        Value::String(one) => one == text,
        Value::Array(many) => many.iter().any(|one| one.as_str() == Some(text)),
        _ => false,
    }
}

fn has_some(value: &Value, otherwise: Option<&Value>) -> bool {
    let some = |value: &Value| value.as_array().is_some_and(|items| !items.is_empty());
    some(value) || otherwise.is_some_and(some)
}

#[cfg(test)]
mod tests {
    use hallway_wire::Timestamp;
    use hallway_wire::id::{OrgId, RoomId};
    use hallway_wire::webhook::Event;
    use serde_json::json;

    use super::*;

    fn happening(resource: Resource, data: Value) -> Happening {
        Happening {
            org: OrgId::random(),
            resource,
            event: Event::Created,
            actor: None,
            at: Timestamp(0),
            data,
            full: None,
            audience: Vec::new(),
        }
    }

    fn read(text: &str, resource: Resource) -> Result<Filter, Vec<String>> {
        Filter::read(
            text,
            resource,
            false,
            PersonId::from_uuid(uuid::Uuid::from_u128(1)),
        )
    }

    #[test]
    fn pairs_must_all_match() {
        let (room, other) = (RoomId::random(), RoomId::random());
        let text = format!("roomId={}&roomType=group&hasFiles=true", room.uuid());
        let filter = read(&text, Resource::Messages).unwrap();
        assert_eq!(filter.bucket(), Some(("roomId", room.to_string().as_str())));
        let data = json!({ "roomId": room, "roomType": "group", "files": ["x"] });
        assert!(filter.matches(&happening(Resource::Messages, data.clone())));
        for (member, value) in [
            ("roomId", json!(other)),
            ("roomType", json!("direct")),
            ("files", json!([])),
        ] {
            let mut data = data.clone();
            data[member] = value;
            assert!(!filter.matches(&happening(Resource::Messages, data)), "{member}");
        }
    }

    #[test]
    fn values_are_compared_as_they_are_meant() {
        let me = PersonId::from_uuid(uuid::Uuid::from_u128(1));
        let mentioned = json!({ "mentionedPeople": [PersonId::random(), me] });
        let matches = |text: &str, resource: Resource, data: &Value| {
            read(text, resource)
                .unwrap()
                .matches(&happening(resource, data.clone()))
        };
        assert!(matches("mentionedPeople=me", Resource::Messages, &mentioned));
        assert!(!matches("mentionedPeople=me", Resource::Messages, &json!({})));
        let ada = json!({ "personEmail": "Ada+1@example.com", "isModerator": true });
        assert!(matches(
            "personEmail=ada%2B1@EXAMPLE.com",
            Resource::Memberships,
            &ada
        ));
        assert!(matches(
            "personEmail=ada+1@example.com",
            Resource::Memberships,
            &ada
        ));
        assert!(matches("isModerator=true", Resource::Memberships, &ada));
        assert!(!matches("isModerator=false", Resource::Memberships, &ada));
        assert!(matches("hasFiles=false", Resource::Messages, &json!({})));
        let call = json!({ "remoteParty": { "number": "+15551", "callType": "external" }, "state": "held" });
        assert!(matches(
            "address=+15551&callType=external&state=held",
            Resource::TelephonyCalls,
            &call
        ));
        assert!(!matches("address=+15552", Resource::TelephonyCalls, &call));
        let app = json!({ "id": id::encode("us", "APPLICATION", "C12"), "friendlyId": "my-app",
            "trainSiteNames": ["a.example.com"], "adminTrainSiteNames": ["b.example.com"] });
        let padded = format!("id={}", id::encode("urn:TEAM:x", "APPLICATION", "C12"));
        for good in [
            padded.as_str(),
            "friendlyName=my-app",
            "friendlyId=my-app",
            "trainSiteNames=a.example.com",
            "adminTrainSiteName=b.example.com",
            "adminTrainSiteNames=b.example.com",
        ] {
            assert!(matches(good, Resource::ServiceApp, &app), "{good}");
        }
        assert!(!matches(
            "trainSiteNames=b.example.com",
            Resource::ServiceApp,
            &app
        ));
    }

    #[test]
    fn everything_wrong_is_said() {
        let problems = read("roomId=x&colour=red&roomType=cave&nonsense", Resource::Messages).unwrap_err();
        assert_eq!(problems[0], "invalid value for filter: roomId");
        assert!(
            problems[1].contains("colour is no filter of messages"),
            "{problems:?}"
        );
        assert_eq!(problems.len(), 4);
        assert!(read("roomId=x", Resource::All).unwrap_err()[0].contains("takes no filter"));
        assert!(read("hostEmail=a@b", Resource::Meetings).unwrap_err()[0].contains("ownedBy=org"));
        let me = PersonId::random();
        assert!(Filter::read("hostEmail=a@b", Resource::Meetings, true, me).is_ok());
        assert_eq!(read("", Resource::All).unwrap(), Filter::default());
    }
}
