//! Rooms, who is in them, what they say, and teams (messaging-meetings 1 to 5).
//!
//! Cast: a **room** has **memberships**; a **message** belongs to a room, perhaps as a reply to another, and
//! may carry a file or a card; an **action** is what somebody entered into a card; a **team** owns rooms, of
//! which the General one has its uuid and its members.
//!
//! Each operation is one commit. What a decision was based on (the room, the caller's membership) is demanded
//! unchanged in that commit, so that nobody posts into a room that is gone. A room's last activity is that of
//! its newest message: posting writes the message and nothing else, however many post at once.

mod attachment;
mod contents;
mod direct;
mod happen;
pub(crate) mod markdown;
mod membership;
mod membership_changes;
mod message;
mod message_lists;
mod permit;
mod post;
mod room;
mod room_changes;
mod room_lists;
mod team;
mod team_membership;

pub use attachment::Action;
pub use contents::{Content, MAX_FILE, OpenContent, Upload, Uploaded};
pub use membership::{Membership, MembershipQuery};
pub use message::Message;
pub use message_lists::{DirectQuery, MessageQuery};
pub use permit::View;
pub use room::Room;
pub use room_lists::{RoomQuery, SortBy};
pub use team::Team;
pub use team_membership::TeamMembership;

use hallway_wire::id::{OrgId, PersonId};

use crate::ports::{After, RecordWrite, Write};
use crate::records::Document as _;

/// A page of a list, and where the next one begins.
#[derive(Clone, Debug)]
pub struct Slice<T> {
    pub items: Vec<T>,
    pub next: Option<After>,
}

/// The writes with which somebody who is deleted leaves every room and team.
pub fn leave_everything(org: OrgId, person: PersonId) -> [Write; 2] {
    [Membership::KIND, TeamMembership::KIND].map(|kind| {
        Write::Record(RecordWrite::DeleteAll {
            kind,
            org,
            index: "person",
            value: person.uuid().to_string(),
        })
    })
}
