//! Public ids: base64url without padding of `ciscospark://<cluster>/<TYPE>/<uuid>` (rest-basics 5).
//!
//! A caller may send any of: that text with or without padding, in either base64 alphabet, with any
//! cluster, or the bare UUID. Answers always carry one form.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig, general_purpose::NO_PAD};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const READ: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::URL_SAFE, LENIENT);
const WRITE: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::URL_SAFE, NO_PAD);

/// What an [`Id`] names.
pub trait Kind {
    /// The TYPE part of the public form.
    const TYPE: &'static str;
    /// Other TYPE parts that are read as the same kind.
    const ALSO: &'static [&'static str] = &[];
    /// The cluster part that answers carry.
    const CLUSTER: &'static str = "us";
    /// What people call it.
    const NOUN: &'static str;
}

/// A typed id.
pub struct Id<K>(Uuid, PhantomData<fn() -> K>);

/// Why a text is not the id that was needed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    #[error("Expect base64 ID or UUID.")]
    Shape,
    #[error("expected the id of a {expected}, got one of type {found}")]
    Kind { expected: &'static str, found: String },
}

impl<K> Id<K> {
    /// A new random id.
    pub fn random() -> Self {
        Self(Uuid::new_v4(), PhantomData)
    }

    /// Wraps a UUID.
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid, PhantomData)
    }

    /// The bare UUID, as columns and URLs of the management API hold it.
    pub const fn uuid(self) -> Uuid {
        self.0
    }
}

impl<K: Kind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encode(K::CLUSTER, K::TYPE, self.0.as_hyphenated()))
    }
}

/// The public form of an inner text.
pub fn encode(cluster: &str, kind: &str, inner: impl fmt::Display) -> String {
    WRITE.encode(format!("ciscospark://{cluster}/{kind}/{inner}"))
}

/// Takes a public id apart into TYPE and inner text.
///
/// # Errors
/// [`IdError::Shape`] where it is no base64 of a `ciscospark://` text.
pub fn decode(text: &str) -> Result<(String, String), IdError> {
    if text.len() > 512 {
        return Err(IdError::Shape);
    }
    let normal: String = text
        .chars()
        .map(|c| match c {
            '+' => '-',
            '/' => '_',
            c => c,
        })
        .collect();
    let bytes = READ.decode(normal).map_err(|_| IdError::Shape)?;
    let inner = String::from_utf8(bytes).map_err(|_| IdError::Shape)?;
    let rest = inner.strip_prefix("ciscospark://").ok_or(IdError::Shape)?;
    let (_cluster, rest) = rest.split_once('/').ok_or(IdError::Shape)?;
    let (kind, inner) = rest.split_once('/').ok_or(IdError::Shape)?;
    Ok((kind.to_owned(), inner.to_owned()))
}

impl<K: Kind> FromStr for Id<K> {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        if let Ok(uuid) = Uuid::try_parse(text) {
            return if text.len() == 36 {
                Ok(Self::from_uuid(uuid))
            } else {
                Err(IdError::Shape)
            };
        }
        let (kind, inner) = decode(text)?;
        if kind != K::TYPE && !K::ALSO.contains(&kind.as_str()) {
            return Err(IdError::Kind {
                expected: K::NOUN,
                found: kind,
            });
        }
        // A workspace location wraps `<org>#<location>`, a license `<org>:<type>_<license>`, a group
        // `<group>:<org>`.
        let uuid = match K::TYPE {
            "LICENSE" => inner.rsplit('_').next(),
            "SCIM_GROUP" => inner.split(':').next(),
            _ => inner.rsplit('#').next(),
        };
        let uuid = uuid.unwrap_or(&inner);
        Uuid::try_parse(uuid)
            .map(Self::from_uuid)
            .map_err(|_| IdError::Shape)
    }
}

impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", K::TYPE, self.0)
    }
}
impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<K> Eq for Id<K> {}
impl<K> Hash for Id<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}
impl<K: Kind> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<K: Kind> schemars::JsonSchema for Id<K> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Id".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "description": format!("Id of a {}: base64url, or a bare UUID in requests.", K::NOUN) })
    }
}
impl<'de, K: Kind> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

macro_rules! kinds {
    ($($kind:ident $alias:ident $type:literal $noun:literal $(cluster $cluster:literal)? $(also $also:expr)?;)*) => {$(
        #[doc = concat!("Marks the id of a ", $noun, ".")]
        #[derive(Debug)]
        pub enum $kind {}
        impl Kind for $kind {
            const TYPE: &'static str = $type;
            const NOUN: &'static str = $noun;
            $(const CLUSTER: &'static str = $cluster;)?
            $(const ALSO: &'static [&'static str] = $also;)?
        }
        #[doc = concat!("Id of a ", $noun, ".")]
        pub type $alias = Id<$kind>;
    )*};
}

kinds! {
    Organization OrgId "ORGANIZATION" "organization";
    Person PersonId "PEOPLE" "person";
    Role RoleId "ROLE" "role";
    Location LocationId "LOCATION" "location" also &["WORKSPACE_LOCATION"];
    Floor FloorId "WORKSPACE_LOCATION_FLOOR" "floor";
    Workspace WorkspaceId "PLACE" "workspace" also &["PLACES"];
    Device DeviceId "DEVICE" "device" also &["CALLING_DEVICE"];
    Activation ActivationId "ACTIVATION" "activation";
    Room RoomId "ROOM" "room";
    Team TeamId "TEAM" "team" also &["ROOM"];
    Message MessageId "MESSAGE" "message";
    Content ContentId "CONTENT" "file";
    AttachmentAction AttachmentActionId "ATTACHMENT_ACTION" "attachment action";
    Webhook WebhookId "WEBHOOK" "webhook";
    EventLog EventId "EVENT" "event";
    Authorization AuthorizationId "AUTHORIZATION" "authorization";
    Job JobId "JOB_ID" "job";
    Call CallId "CALLS" "call";
    License LicenseId "LICENSE" "license";
    Group GroupId "SCIM_GROUP" "group";
}

/// The id of an integration: the UUID that its author chose in the manifest, always in its bare form.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(transparent)]
pub struct AppId(pub Uuid);

impl fmt::Display for AppId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

/// The deprecated id of a location in `/workspaceLocations`: it wraps organization and location.
pub fn workspace_location(org: OrgId, location: LocationId) -> String {
    encode(
        "us",
        "WORKSPACE_LOCATION",
        format_args!("{}#{}", org.uuid(), location.uuid()),
    )
}

/// The public id of a license. Clients take it apart at `:` and `_`.
pub fn license(org: OrgId, license: LicenseId) -> String {
    encode(
        "us",
        "LICENSE",
        format_args!("{}:HW_{}", org.uuid(), license.uuid()),
    )
}

/// The public id of a group.
pub fn group(org: OrgId, group: GroupId) -> String {
    encode(
        "us",
        "SCIM_GROUP",
        format_args!("{}:{}", group.uuid(), org.uuid()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licenses_and_groups_wrap_the_organization() {
        let org = OrgId::random();
        let (one, other) = (LicenseId::random(), GroupId::random());
        assert_eq!(license(org, one).parse(), Ok(one));
        assert_eq!(one.to_string().parse(), Ok(one));
        assert_eq!(group(org, other).parse(), Ok(other));
        let (_, inner) = decode(&license(org, one)).unwrap();
        let (of, rest) = inner.split_once(':').unwrap();
        assert_eq!(of, org.uuid().to_string());
        assert_eq!(rest.split_once('_').unwrap().1, one.uuid().to_string());
    }

    #[test]
    fn reads_every_form() {
        let id = DeviceId::from_uuid(Uuid::from_u128(0x5f0c_1c0e_9d52_4b7a_8f6e_0a4c_8c9b_2d11));
        let public = id.to_string();
        assert!(!public.contains(['=', '+', '/']));
        let padded = format!("{public}{}", "=".repeat((4 - public.len() % 4) % 4));
        let region = encode("urn:TEAM:us-east-1_int13", "DEVICE", id.uuid());
        for text in [public, padded, region, id.uuid().to_string()] {
            assert_eq!(text.parse::<DeviceId>(), Ok(id), "{text}");
        }
        let other = WorkspaceId::from_uuid(id.uuid()).to_string();
        assert_eq!(
            other.parse::<DeviceId>(),
            Err(IdError::Kind {
                expected: "device",
                found: "PLACE".to_owned()
            })
        );
        for bad in ["", "x", "5f0c1c0e9d524b7a8f6e0a4c8c9b2d11", "Y2lz", "💥"] {
            assert_eq!(bad.parse::<DeviceId>(), Err(IdError::Shape), "{bad}");
        }
    }
}
