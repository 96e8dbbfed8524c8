//! Who is in a room, and lists of it.

use hallway_wire::Timestamp;
use hallway_wire::id::{OrgId, PersonId, RoomId};
use hallway_wire::messaging::{self as wire, MembershipId, RoomType};
use serde::{Deserialize, Serialize};

use super::Slice;
use super::permit::View;
use super::room::Room;
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::org::{Person, PersonKind};
use crate::platform::Platform;
use crate::ports::{After, Find, Key, by_time};
use crate::records::{Document, Kept};

/// That somebody is in a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    pub org: OrgId,
    pub room: RoomId,
    pub person: PersonId,
    pub kind: RoomType,
    /// As they were when the person came; shown where the person is gone.
    pub email: String,
    pub display_name: String,
    /// Bots hear of a group room only what mentions them.
    pub bot: bool,
    pub moderator: bool,
    pub hidden: bool,
    pub created: Timestamp,
    /// The order of a person's rooms.
    pub room_created: Timestamp,
}

impl Document for Membership {
    const KIND: &'static str = "membership";
    const NOUN: &'static str = "membership";

    fn org(&self) -> OrgId {
        self.org
    }

    fn id(&self) -> String {
        self.public_id().inner()
    }

    fn keys(&self) -> Vec<Key> {
        let (room, person) = (self.room.uuid().to_string(), self.person.uuid().to_string());
        let key = |index, value: &str, order| Key {
            index,
            value: value.to_owned(),
            order,
        };
        let mut keys = vec![
            key("room", &room, by_time(self.created)),
            key("person", &person, by_time(self.room_created)),
            key("rooms", &person, room.clone()),
        ];
        if self.moderator {
            keys.push(key("moderators", &room, by_time(self.created)));
        }
        keys
    }
}

impl Membership {
    /// That this person is in this room from now on.
    pub(crate) fn new(room: &Room, person: &Person, moderator: bool, now: Timestamp) -> Self {
        Self {
            org: room.org,
            room: room.id,
            person: person.id,
            kind: room.kind,
            email: person.email.clone(),
            display_name: person.display_name.clone(),
            bot: person.kind == PersonKind::Bot,
            moderator,
            hidden: false,
            created: now,
            room_created: room.created,
        }
    }

    pub(crate) fn public_id(&self) -> MembershipId {
        MembershipId::new(self.person, self.room)
    }

    /// As it is seen. What the person is called now counts, where the person is known.
    pub(crate) fn view(&self, person: Option<&Person>) -> wire::Membership {
        wire::Membership {
            id: self.public_id(),
            room_id: self.room,
            person_id: self.person,
            person_email: person.map_or(&self.email, |person| &person.email).clone(),
            person_display_name: person
                .map_or(&self.display_name, |person| &person.display_name)
                .clone(),
            person_org_id: self.org,
            is_moderator: self.moderator,
            is_room_hidden: self.hidden,
            room_type: self.kind,
            is_monitor: false,
            created: self.created,
        }
    }
}

/// Which memberships.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MembershipQuery {
    pub room: Option<RoomId>,
    pub person: Option<PersonId>,
    pub email: Option<String>,
    pub max: usize,
    pub after: Option<After>,
}

/// What is said where there is no such membership, or none that the caller sees.
pub(crate) fn no_membership() -> Error {
    Error::Missing {
        message: "Failed to get membership".to_owned(),
    }
}

impl Platform {
    /// Somebody's membership of a room.
    pub(crate) async fn membership_of(
        &self,
        room: &Room,
        person: PersonId,
    ) -> Result<Option<Kept<Membership>>> {
        let id = MembershipId::new(person, room.id).inner();
        self.get::<Membership>(room.org, &id).await
    }

    /// Everybody in a room, who came first first.
    pub(crate) async fn members(&self, room: &Room) -> Result<Vec<Kept<Membership>>> {
        self.list_all::<Membership>(room.org, "room", &room.id.uuid().to_string())
            .await
    }

    /// A membership as it is seen, with what the person is called now.
    pub(crate) async fn membership_view(&self, membership: &Membership) -> Result<wire::Membership> {
        let person = self.person_of_id(membership.org, membership.person).await?;
        Ok(membership.view(person.as_ref()))
    }

    async fn membership_views(&self, memberships: &[Kept<Membership>]) -> Result<Vec<wire::Membership>> {
        let mut views = Vec::with_capacity(memberships.len());
        for membership in memberships {
            views.push(self.membership_view(membership).await?);
        }
        Ok(views)
    }

    /// The person that a request names, by id or address.
    ///
    /// # Errors
    /// Nobody is named; unknown.
    pub(crate) async fn named_person(
        &self,
        caller: &Caller,
        id: Option<PersonId>,
        email: Option<&str>,
    ) -> Result<Person> {
        let email = email.map(str::trim).filter(|email| !email.is_empty());
        match (id, email) {
            (Some(id), _) => {
                let found = self.person_of_id(caller.org, id).await?;
                found.ok_or_else(|| Error::Missing {
                    message: "Person not found".to_owned(),
                })
            }
            (None, Some(email)) => {
                let found = self.person_of_email(caller.org, email).await?;
                found.ok_or_else(|| Error::Missing {
                    message: format!("{email} not found."),
                })
            }
            (None, None) => Err(Error::invalid("Must specify either personId or personEmail.")),
        }
    }

    /// One membership of a room that the caller is in.
    ///
    /// # Errors
    /// Missing scope; unknown, or not to be seen.
    pub async fn membership_details(&self, caller: &Caller, id: MembershipId) -> Result<wire::Membership> {
        let view = caller.may_read_memberships()?;
        let (_, membership) = self.seen_membership(caller, view, id).await?;
        self.membership_view(&membership).await
    }

    /// A membership that the caller sees, with the room as it sees it.
    pub(crate) async fn seen_membership(
        &self,
        caller: &Caller,
        view: View,
        id: MembershipId,
    ) -> Result<(super::room::Inside, Kept<Membership>)> {
        let inside = self
            .inside(caller, view, id.whole())
            .await
            .map_err(|error| match error {
                Error::NotFound { .. } => no_membership(),
                error => error,
            })?;
        let found = self.membership_of(&inside.room, id.person()).await?;
        Ok((inside, found.ok_or_else(no_membership)?))
    }

    /// Memberships of a room; without one the caller's own, or for compliance officers anybody's.
    ///
    /// # Errors
    /// Missing scope; a person without a room; unknown.
    pub async fn list_memberships(
        &self,
        caller: &Caller,
        query: &MembershipQuery,
    ) -> Result<Slice<wire::Membership>> {
        let view = caller.may_read_memberships()?;
        let names_person = query.person.is_some() || query.email.is_some();
        let find = match query.room {
            Some(id) => {
                let room = self.inside(caller, view, id).await?.room;
                if names_person {
                    let person = self
                        .named_person(caller, query.person, query.email.as_deref())
                        .await;
                    // Somebody unknown is in no room.
                    let membership = match person {
                        Ok(person) => self.membership_of(&room, person.id).await?,
                        Err(Error::Missing { .. }) => None,
                        Err(error) => return Err(error),
                    };
                    let items = self
                        .membership_views(&membership.into_iter().collect::<Vec<_>>())
                        .await?;
                    return Ok(Slice { items, next: None });
                }
                let room = room.id.uuid().to_string();
                Find::new(Membership::KIND, caller.org, "room", room, query.max)
            }
            None => {
                let person = if !names_person {
                    caller.person
                } else if view == View::Organization {
                    self.named_person(caller, query.person, query.email.as_deref())
                        .await?
                        .id
                } else {
                    return Err(Error::invalid(
                        "roomId is required together with personId or personEmail.",
                    ));
                };
                let person = person.uuid().to_string();
                Find::new(Membership::KIND, caller.org, "person", person, query.max).newest_first()
            }
        };
        let listed = self.list::<Membership>(find.after(query.after.clone())).await?;
        Ok(Slice {
            items: self.membership_views(&listed.items).await?,
            next: listed.next,
        })
    }
}
