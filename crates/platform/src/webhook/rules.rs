//! What can be subscribed to, by whom, and with which filters (webhooks 3).

use hallway_wire::webhook::{Event, Resource};

use crate::caller::Principal;

/// What a filter's value looks like, and so how it is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Room,
    Message,
    /// The id of a person, or, where it says so, `me`.
    Person {
        me: bool,
    },
    Application,
    /// Compared without case.
    Email,
    Flag,
    RoomType,
    Text,
}

/// A filter key.
#[derive(Clone, Copy, Debug)]
pub(super) struct FilterKey {
    pub(super) name: &'static str,
    pub(super) form: Form,
    /// Only webhooks that are owned by the organization may use it.
    pub(super) org_only: bool,
}

/// What can be said about a resource.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) events: &'static [Event],
    /// Any of these is enough; empty: none is needed.
    pub(super) scopes: &'static [&'static str],
    pub(super) filters: &'static [FilterKey],
}

const fn key(name: &'static str, form: Form) -> FilterKey {
    FilterKey {
        name,
        form,
        org_only: false,
    }
}

const fn org_key(name: &'static str, form: Form) -> FilterKey {
    FilterKey {
        name,
        form,
        org_only: true,
    }
}

const PERSON: Form = Form::Person { me: false };
const HOST: &[FilterKey] = &[org_key("hostEmail", Form::Email), org_key("hostUserId", PERSON)];
const LIFE: &[Event] = &[Event::Created, Event::Updated, Event::Deleted];
const CALLS: &[&str] = &["spark:calls_read", "spark-admin:calls_read"];

/// Names that stand for every read scope (oauth 4).
const ANY: &[&str] = &["application:webhooks_read", "application:webhooks_write"];

/// What can be said about a resource; `all` is the three of messaging.
pub(super) fn subject(resource: Resource) -> Subject {
    let (events, scopes, filters): (&[Event], &[&str], &[FilterKey]) = match resource {
        Resource::Rooms => (
            &[Event::Created, Event::Updated, Event::Migrated],
            &["spark:rooms_read", "spark-compliance:rooms_read"],
            const { &[key("type", Form::RoomType), key("isLocked", Form::Flag)] },
        ),
        Resource::Messages => (
            LIFE,
            &["spark:messages_read", "spark-compliance:messages_read"],
            const {
                &[
                    key("roomId", Form::Room),
                    key("roomType", Form::RoomType),
                    key("personId", PERSON),
                    key("personEmail", Form::Email),
                    key("mentionedPeople", Form::Person { me: true }),
                    key("mentionedGroups", Form::Text),
                    key("hasFiles", Form::Flag),
                    key("hasAttachments", Form::Flag),
                ]
            },
        ),
        Resource::Memberships => (
            LIFE,
            &["spark:memberships_read", "spark-compliance:memberships_read"],
            const {
                &[
                    key("roomId", Form::Room),
                    key("personId", PERSON),
                    key("personEmail", Form::Email),
                    key("isModerator", Form::Flag),
                ]
            },
        ),
        Resource::AttachmentActions => (
            &[Event::Created],
            &["spark:messages_read", "spark-compliance:messages_read"],
            const {
                &[
                    key("roomId", Form::Room),
                    key("personId", PERSON),
                    key("messageId", Form::Message),
                ]
            },
        ),
        Resource::Meetings => (
            &[
                Event::Created,
                Event::Updated,
                Event::Deleted,
                Event::Started,
                Event::Ended,
            ],
            &[
                "meeting:schedules_read",
                "meeting:admin_schedule_read",
                "spark-compliance:meetings_read",
            ],
            HOST,
        ),
        Resource::Recordings => (
            LIFE,
            &[
                "meeting:recordings_read",
                "meeting:admin_recordings_read",
                "spark-compliance:recordings_read",
                "spark:recordings_read",
                "spark-admin:recordings_read",
            ],
            HOST,
        ),
        Resource::ConvergedRecordings => (
            LIFE,
            &[
                "spark:recordings_read",
                "spark-admin:recordings_read",
                "spark-compliance:recordings_read",
            ],
            const { &[org_key("ownerEmail", Form::Email), org_key("ownerId", PERSON)] },
        ),
        Resource::MeetingParticipants => (
            &[Event::Joined, Event::Left],
            &["meeting:participants_read", "meeting:admin_participants_read"],
            HOST,
        ),
        Resource::MeetingTranscripts => (
            &[Event::Created],
            &["meeting:transcripts_read", "meeting:admin_transcripts_read"],
            HOST,
        ),
        Resource::TelephonyCalls => (
            LIFE,
            CALLS,
            const {
                &[
                    key("personality", Form::Text),
                    key("state", Form::Text),
                    key("callType", Form::Text),
                    key("personId", PERSON),
                    key("address", Form::Text),
                ]
            },
        ),
        Resource::TelephonyConference | Resource::TelephonyMwi => (LIFE, CALLS, &[]),
        // Named by the contract without events of their own; they never fire.
        Resource::DataSources | Resource::UcCounters => (LIFE, &[], &[]),
        Resource::ServiceApp => (
            &[Event::Authorized, Event::Deauthorized],
            &[],
            const {
                &[
                    key("id", Form::Application),
                    key("friendlyName", Form::Text),
                    key("friendlyId", Form::Text),
                    key("trainSiteNames", Form::Text),
                    key("adminTrainSiteName", Form::Text),
                    key("adminTrainSiteNames", Form::Text),
                ]
            },
        ),
        Resource::AdminBatchJobs => (
            &[Event::StatusChanged],
            &["spark-admin:telephony_config_read", "spark-admin:people_read"],
            &[],
        ),
        Resource::All => (&[], &[], &[]),
    };
    Subject {
        events,
        scopes,
        filters,
    }
}

/// The resources that `all` stands for: attachment actions are not among them (webhooks 3.1).
pub(super) const FIREHOSE: [Resource; 3] = [Resource::Rooms, Resource::Messages, Resource::Memberships];

/// The concrete resources of a subscription.
pub(super) fn concrete(resource: Resource) -> Vec<Resource> {
    match resource {
        Resource::All => FIREHOSE.to_vec(),
        one => vec![one],
    }
}

/// The concrete events of a subscription to one resource.
pub(super) fn concrete_events(resource: Resource, event: Event) -> Vec<Event> {
    match event {
        Event::All => subject(resource).events.to_vec(),
        one => vec![one],
    }
}

/// The first resource that the caller may not read.
pub(super) fn unreadable(caller: &Principal, resource: Resource) -> Option<(Resource, Subject)> {
    if ANY.iter().any(|scope| caller.has_scope(scope)) {
        return None;
    }
    concrete(resource).into_iter().find_map(|one| {
        let subject = subject(one);
        let readable = if subject.scopes.is_empty() {
            caller.machine.is_none()
        } else {
            subject.scopes.iter().any(|scope| caller.has_scope(scope))
        };
        (!readable).then_some((one, subject))
    })
}

/// Whether the token could be used for any webhook at all.
pub(super) fn may_have_webhooks(caller: &Principal) -> bool {
    caller.machine.is_none()
        || Resource::EVERY
            .iter()
            .any(|resource| *resource != Resource::All && unreadable(caller, *resource).is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_resource_but_all_has_events() {
        for resource in Resource::EVERY {
            assert_eq!(
                subject(*resource).events.is_empty(),
                *resource == Resource::All,
                "{resource:?}"
            );
        }
        assert!(!concrete(Resource::All).contains(&Resource::AttachmentActions));
    }
}
