//! What belongs to rooms and messages besides: direct messages, files, how to join, memberships of teams.

use bytes::Bytes;
use http::{Method, header};
use serde::{Deserialize, Serialize};

use super::frame::{query, resource};
use super::messaging::{Message, Messages, Rooms};
use crate::client::List;
use crate::error::Result;
use crate::id::{PersonId, RoomId, TeamId, TeamMembershipId};

resource! {
    /// Who is in which team.
    TeamMemberships, team_memberships
}

/// Somebody in a team.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TeamMembership {
    /// The id.
    pub id: TeamMembershipId,
    /// Which team.
    pub team_id: Option<TeamId>,
    /// Who.
    pub person_id: Option<PersonId>,
    /// The address.
    pub person_email: Option<String>,
    /// What the person is called.
    pub person_display_name: Option<String>,
    /// Whether the person may let others in.
    #[serde(default)]
    pub is_moderator: bool,
}

query! {
    /// Who is in a team.
    TeamMembershipQuery -> TeamMembership {}
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TeamMembershipBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    team_id: Option<&'a TeamId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    person_email: Option<&'a str>,
    is_moderator: bool,
}

impl TeamMemberships {
    /// Who is in a team.
    pub fn list(&self, team: &TeamId) -> TeamMembershipQuery {
        TeamMembershipQuery(
            self.0
                .list(&["team", "memberships"], "items")
                .filter("teamId", team),
        )
    }

    /// Reads one.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn get(&self, id: &TeamMembershipId) -> Result<TeamMembership> {
        self.0
            .at(Method::GET, &["team", "memberships", id.as_str()])
            .read()
            .await
    }

    /// Lets somebody into a team, and so into its rooms.
    ///
    /// # Errors
    /// [`Error::Conflict`](crate::Error::Conflict): the person is in it. Others; see [`Error`](crate::Error).
    pub async fn add(&self, team: &TeamId, email: &str, moderator: bool) -> Result<TeamMembership> {
        let body = TeamMembershipBody {
            team_id: Some(team),
            person_email: Some(email),
            is_moderator: moderator,
        };
        self.0
            .at(Method::POST, &["team", "memberships"])
            .json(&body)
            .read()
            .await
    }

    /// Says whether somebody may let others in.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn set_moderator(&self, id: &TeamMembershipId, moderator: bool) -> Result<TeamMembership> {
        let body = TeamMembershipBody {
            team_id: None,
            person_email: None,
            is_moderator: moderator,
        };
        let call = self.0.at(Method::PUT, &["team", "memberships", id.as_str()]);
        call.json(&body).read().await
    }

    /// Takes somebody out of a team.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn delete(&self, id: &TeamMembershipId) -> Result<()> {
        self.0
            .at(Method::DELETE, &["team", "memberships", id.as_str()])
            .done()
            .await
    }
}

/// How to join the meeting of a room.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RoomMeetingInfo {
    /// The room.
    pub room_id: Option<RoomId>,
    /// Where people join.
    pub meeting_link: Option<String>,
    /// Where devices join.
    pub sip_address: Option<String>,
    /// What people dial.
    pub meeting_number: Option<String>,
    /// A number that costs nothing.
    pub call_in_toll_free_number: Option<String>,
    /// A number that costs something.
    pub call_in_toll_number: Option<String>,
}

impl Rooms {
    /// How to join the meeting of a room.
    ///
    /// # Errors
    /// Any; see [`Error`](crate::Error).
    pub async fn meeting_info(&self, id: &RoomId) -> Result<RoomMeetingInfo> {
        self.0
            .at(Method::GET, &["rooms", id.as_str(), "meetingInfo"])
            .read()
            .await
    }
}

/// A file of a message.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MessageFile {
    /// What it is called.
    pub name: Option<String>,
    /// `image/png`
    pub content_type: Option<String>,
    /// What is in it.
    pub bytes: Bytes,
}

impl Messages {
    /// The direct messages with somebody.
    pub fn direct(&self, email: &str) -> List<Message> {
        self.0
            .list(&["messages", "direct"], "items")
            .filter("personEmail", email)
    }

    /// Fetches a file of a message, by one of its URLs.
    ///
    /// # Errors
    /// [`Error::Configuration`](crate::Error::Configuration): the URL is on a host that does not get the token. Others; see [`Error`](crate::Error).
    pub async fn file(&self, url: &str) -> Result<MessageFile> {
        let answer = self.0.request(Method::GET, url).send().await?;
        let header = |name| answer.headers.get(name).and_then(|value| value.to_str().ok());
        let name = header(header::CONTENT_DISPOSITION).and_then(file_name);
        let content_type = header(header::CONTENT_TYPE).map(ToOwned::to_owned);
        Ok(MessageFile {
            name,
            content_type,
            bytes: answer.body,
        })
    }
}

/// The name in `attachment; filename="plan.pdf"; filename*=UTF-8''pl%C3%A5n.pdf`: the exact one, where it is there.
fn file_name(disposition: &str) -> Option<String> {
    let parameter = |wanted: &str| {
        disposition.split(';').find_map(|part| {
            let (name, value) = part.trim().split_once('=')?;
            name.eq_ignore_ascii_case(wanted).then_some(value)
        })
    };
    let exact = parameter("filename*").and_then(|value| {
        let encoded = value.splitn(3, '\'').nth(2)?;
        let decoded = percent_encoding::percent_decode_str(encoded).decode_utf8().ok()?;
        Some(decoded.into_owned())
    });
    exact.or_else(|| Some(parameter("filename")?.trim_matches('"').to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files() {
        let name = |text| file_name(text);
        assert_eq!(
            name(r#"attachment; filename="a b.pdf""#).as_deref(),
            Some("a b.pdf")
        );
        let both = r#"attachment; filename="pl_n.pdf"; filename*=UTF-8''pl%C3%A5n.pdf"#;
        assert_eq!(name(both).as_deref(), Some("plån.pdf"));
        assert_eq!(name("inline"), None);
    }
}
