//! Integrations, bots and service apps as `/v1/applications` shows them (service-apps 3).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{self, IdError, OrgId, PersonId};
use crate::secret::Secret;
use crate::time::Timestamp;

/// What kind of application it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ApplicationKind {
    /// People or administrators grant it access by OAuth.
    #[serde(rename = "integration")]
    Integration,
    /// It has an account of its own, in its developer's organization.
    #[serde(rename = "bot")]
    Bot,
    /// A service app: an administrator authorizes it for a whole organization.
    #[serde(rename = "authorizedAppIssuer")]
    ServiceApp,
}

impl ApplicationKind {
    /// As it is spelled on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Integration => "integration",
            Self::Bot => "bot",
            Self::ServiceApp => "authorizedAppIssuer",
        }
    }

    /// Reads the spelling of the wire.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Integration, Self::Bot, Self::ServiceApp]
            .into_iter()
            .find(|kind| kind.word() == word)
    }
}

/// How far the submission to a catalogue got; for one organization, whether authorization was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SubmissionStatus {
    #[default]
    None,
    Submitted,
    InReview,
    PendingApproval,
    Approved,
}

impl SubmissionStatus {
    /// Reads the spelling of the wire.
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "none" => Self::None,
            "submitted" => Self::Submitted,
            "in_review" => Self::InReview,
            "pending_approval" => Self::PendingApproval,
            "approved" => Self::Approved,
            _ => return None,
        })
    }
}

/// What is said about an application; it decides nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct About {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag_line: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub short_tag_line: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub categories: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub video_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub support_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub privacy_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_url: Option<String>,
}

impl About {
    /// Takes over what `other` says, and keeps what it is silent about.
    pub fn merge(&mut self, other: &Self) {
        macro_rules! take {
            ($($member:ident)*) => {$(
                if other.$member.is_some() {
                    self.$member.clone_from(&other.$member);
                }
            )*};
        }
        take!(description logo tag_line short_tag_line categories tags video_url contact_email contact_name
              company_name company_url support_url privacy_url product_url);
    }

    /// Its texts, with their names: for limits of length.
    pub fn texts(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let lists = [("categories", &self.categories), ("tags", &self.tags)];
        let listed = lists
            .into_iter()
            .flat_map(|(name, list)| list.iter().flatten().map(move |text| (name, text.as_str())));
        [
            ("description", &self.description),
            ("logo", &self.logo),
            ("tagLine", &self.tag_line),
            ("shortTagLine", &self.short_tag_line),
            ("videoUrl", &self.video_url),
            ("contactEmail", &self.contact_email),
            ("contactName", &self.contact_name),
            ("companyName", &self.company_name),
            ("companyUrl", &self.company_url),
            ("supportUrl", &self.support_url),
            ("privacyUrl", &self.privacy_url),
            ("productUrl", &self.product_url),
        ]
        .into_iter()
        .filter_map(|(name, text)| Some((name, text.as_deref()?)))
        .chain(listed)
    }
}

/// An application. Some clients fail on any member that is not among these.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Application {
    pub id: ApplicationId,
    pub name: String,
    pub friendly_id: String,
    #[serde(rename = "type")]
    pub kind: ApplicationKind,
    pub org_id: OrgId,
    pub created_by: PersonId,
    pub created: Timestamp,
    pub modified: Timestamp,
    pub is_native: bool,
    pub is_featured: bool,
    pub submission_status: SubmissionStatus,
    /// Where it stands in the caller's organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org_submission_status: Option<SubmissionStatus>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submission_date: Option<Timestamp>,
    pub client_id: String,
    /// Only in the answer that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<Secret>,
    pub scopes: Vec<String>,
    /// Only integrations have them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect_urls: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bot_email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bot_person_id: Option<PersonId>,
    #[serde(flatten)]
    pub about: About,
}

/// Body of "create an application" and of "change it"; what a change does not name stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationWish {
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<ApplicationKind>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub friendly_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect_urls: Option<Vec<String>>,
    #[serde(flatten)]
    pub about: About,
}

/// Body that names an organization.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InOrganization {
    pub org_id: OrgId,
}

/// Body of "create a service app's token".
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServiceAppTokenRequest {
    pub client_id: String,
    pub client_secret: Secret,
    pub target_org_id: OrgId,
}

/// Where a service app stands in an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthorizationState {
    Requested,
    Authorized,
    Deauthorized,
}

/// A service app in an organization, as its administrators and its developer see it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServiceAppAuthorization {
    pub application_id: ApplicationId,
    pub name: String,
    pub friendly_id: String,
    pub client_id: String,
    /// The developer's organization.
    pub developer_org_id: OrgId,
    /// The organization it is authorized in.
    pub org_id: OrgId,
    /// `None`: nobody asked for an authorization yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<AuthorizationState>,
    /// What an authorization would grant now.
    pub scopes: Vec<String>,
    /// What is granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub granted_scopes: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorizer_id: Option<PersonId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_date: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine_account_id: Option<PersonId>,
}

/// A secret that is shown this once.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewClientSecret {
    pub client_id: String,
    pub client_secret: Secret,
}

/// The public id of an application: it wraps the OAuth client id, so each can be computed from the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationId(pub String);

/// The TYPE part of its public form.
const TYPE: &str = "APPLICATION";

impl std::fmt::Display for ApplicationId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&id::encode("us", TYPE, &self.0))
    }
}

/// Whether a text has the shape of a client id: `C` and hexadecimal digits.
fn is_client_id(text: &str) -> bool {
    text.len() > 1
        && text.len() <= 129
        && text.starts_with('C')
        && text.bytes().skip(1).all(|b| b.is_ascii_hexdigit())
}

impl std::str::FromStr for ApplicationId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        if is_client_id(text) {
            return Ok(Self(text.to_owned()));
        }
        let (kind, inner) = id::decode(text)?;
        if kind != TYPE {
            return Err(IdError::Kind {
                expected: "application",
                found: kind,
            });
        }
        if inner.is_empty()
            || inner.len() > 129
            || !inner.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        {
            return Err(IdError::Shape);
        }
        Ok(Self(inner))
    }
}

impl Serialize for ApplicationId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de> Deserialize<'de> for ApplicationId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
impl JsonSchema for ApplicationId {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ApplicationId".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "description": "Id of an application: base64url, or its client id in requests." })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_wraps_the_client_id() {
        let id = ApplicationId("C279cb30ab49470aa3eb".to_owned());
        assert_eq!(id.to_string().parse(), Ok(id.clone()));
        assert_eq!("C279cb30ab49470aa3eb".parse(), Ok(id));
        for bad in ["", "x", "C", "%", &PersonId::random().to_string()] {
            assert!(bad.parse::<ApplicationId>().is_err(), "{bad}");
        }
    }
}
