//! What is told about meetings (webhooks 5.3).

use hallway_wire::id::{OrgId, PersonId};
use hallway_wire::meeting::{Meeting, Participant};
use hallway_wire::webhook::{Event, Resource};
use serde_json::{Map, Value, json};

use super::view::Look;
use super::{Attended, Instance};
use crate::platform::Platform;
use crate::webhook::Happening;

/// The members of a meeting that webhooks carry.
const TOLD: [&str; 14] = [
    "id",
    "title",
    "meetingType",
    "state",
    "start",
    "end",
    "timezone",
    "hostUserId",
    "hostEmail",
    "siteUrl",
    "webLink",
    "meetingNumber",
    "meetingSeriesId",
    "scheduledMeetingId",
];

/// Those of its members that are named.
fn subset(full: &Value, members: &[&str]) -> Value {
    let each = members.iter().filter_map(|&name| {
        let value = full.get(name)?;
        Some((name.to_owned(), value.clone()))
    });
    Value::Object(each.collect::<Map<_, _>>())
}

impl Platform {
    /// Something happened to a meeting.
    pub(super) fn meeting_happening(
        &self,
        org: OrgId,
        event: Event,
        actor: Option<PersonId>,
        meeting: &Meeting,
        audience: Vec<PersonId>,
    ) -> Happening {
        let full = serde_json::to_value(meeting).unwrap_or_default();
        Happening {
            org,
            resource: Resource::Meetings,
            event,
            actor,
            at: self.now(),
            data: subset(&full, &TOLD),
            full: Some(full),
            audience,
        }
    }

    /// Somebody came or went.
    pub(super) fn participant_happening(&self, it: &Instance, who: &Attended) -> Happening {
        let event = if who.left.is_some() {
            Event::Left
        } else {
            Event::Joined
        };
        let mut full = serde_json::to_value(self.show_participant(it, who)).unwrap_or_default();
        // Filters look at the host.
        if let Some(members) = full.as_object_mut() {
            members.insert("hostUserId".to_owned(), json!(it.base.host));
        }
        Happening {
            org: it.org,
            resource: Resource::MeetingParticipants,
            event,
            actor: who.person,
            at: self.now(),
            data: full,
            full: None,
            audience: it.audience(),
        }
    }

    /// A transcript of a meeting is there.
    pub(super) fn transcript_happening(&self, it: &Instance) -> Happening {
        let id = format!("{}_transcript", it.id);
        let link = |format: &str| {
            let url = &self.config.public_url;
            format!("{url}/v1/meetingTranscripts/{id}/download?format={format}")
        };
        let data = json!({
            "id": id,
            "meetingId": it.id,
            "meetingTopic": it.base.title(),
            "hostUserId": it.base.host,
            "hostEmail": it.base.host_email,
            "siteUrl": self.meeting_site(),
            "startTime": Look::PLAIN.time(&it.base, it.started),
            "vttDownloadLink": link("vtt"),
            "txtDownloadLink": link("txt"),
            "status": "available",
        });
        Happening {
            org: it.org,
            resource: Resource::MeetingTranscripts,
            event: Event::Created,
            actor: Some(it.base.host),
            at: self.now(),
            full: Some(data.clone()),
            data,
            audience: it.audience(),
        }
    }

    /// Somebody who is or was in a meeting.
    pub(super) fn show_participant(&self, it: &Instance, who: &Attended) -> Participant {
        Participant {
            id: who.id.clone(),
            meeting_id: it.id.clone(),
            email: who.email.clone(),
            display_name: who.name.clone(),
            state: if who.left.is_some() { "end" } else { "joined" }.to_owned(),
            host: who.host,
            co_host: who.co_host,
            host_email: it.base.host_email.clone(),
            joined_time: Look::PLAIN.time(&it.base, who.joined),
            left_time: who.left.map(|at| Look::PLAIN.time(&it.base, at)),
        }
    }
}
