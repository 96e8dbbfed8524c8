//! Writing and editing messages (messaging-meetings 3).

use hallway_wire::id::{MessageId, PersonId};
use hallway_wire::messaging::{self as wire, CARD, RoomType};
use hallway_wire::webhook::Event;
use serde_json::Value;
use uuid::Uuid;

use super::contents::{Content, Uploaded};
use super::direct::Place;
use super::happen;
use super::markdown::{Meant, Parsed, Target};
use super::membership::Membership;
use super::message::{Message, unable};
use super::permit::View;
use super::room::Room;
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::platform::Platform;
use crate::records::{Kept, put_new};

/// Most bytes of a text or of markdown.
const MAX_TEXT: usize = 7439;
/// Most bytes of a card as JSON.
const MAX_CARD: usize = 64 * 1024;
/// How often a message can be edited.
const MAX_EDITS: u32 = 10;

/// What a message says, rendered.
#[derive(Clone, Debug, Default)]
struct Said {
    text: Option<String>,
    markdown: Option<String>,
    html: Option<String>,
    mentioned_people: Vec<PersonId>,
    mentions_all: bool,
}

/// A text that says something.
fn filled(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.trim().is_empty())
}

fn check_length(name: &str, text: Option<&str>) -> Result<()> {
    match text {
        Some(text) if text.len() > MAX_TEXT => Err(Error::invalid(format!(
            "{name}: it has {} bytes, more than the {MAX_TEXT} that a message can have.",
            text.len()
        ))),
        _ => Ok(()),
    }
}

/// The rules for what a new message carries.
fn check(new: &wire::NewMessage, has_file: bool) -> Result<()> {
    let destinations = usize::from(new.room_id.is_some())
        + usize::from(new.to_person_id.is_some())
        + usize::from(filled(new.to_person_email.as_deref()).is_some());
    if destinations != 1 {
        return Err(Error::invalid(
            "Exactly one of the destination fields must not be empty (roomId, toPersonEmail, toPersonId)",
        ));
    }
    let files = new.files.as_deref().unwrap_or_default();
    let cards = new.attachments.as_deref().unwrap_or_default();
    let words = filled(new.text.as_deref()).or(filled(new.markdown.as_deref()));
    if words.is_none() && files.is_empty() && !has_file && cards.is_empty() {
        return Err(Error::invalid("Both text and file cannot be empty."));
    }
    check_length("text", new.text.as_deref())?;
    check_length("markdown", new.markdown.as_deref())?;
    if files.len() + usize::from(has_file) > 1 {
        return Err(Error::invalid("files: a message can carry one file."));
    }
    check_cards(cards)?;
    if !cards.is_empty() && words.is_none() {
        return Err(Error::invalid(
            "attachments: text or markdown is needed too, for clients that do not show cards.",
        ));
    }
    Ok(())
}

fn check_cards(cards: &[wire::Attachment]) -> Result<()> {
    let [card] = cards else {
        return match cards {
            [] => Ok(()),
            _ => Err(Error::invalid("attachments: a message can carry one card.")),
        };
    };
    if card.content_type != CARD {
        return Err(Error::invalid(format!(
            "attachments[0].contentType: must be {CARD}, not {:?}.",
            card.content_type
        )));
    }
    if card.content.get("type").and_then(Value::as_str) != Some("AdaptiveCard") {
        return Err(Error::invalid(
            "attachments[0].content: must be an object whose type is AdaptiveCard.",
        ));
    }
    if card.content.to_string().len() > MAX_CARD {
        return Err(Error::invalid(format!(
            "attachments[0].content: it has more than the {MAX_CARD} bytes that a card can have."
        )));
    }
    Ok(())
}

impl Platform {
    /// Posts a message: into a room, or to somebody, which makes the room of the two. `file` has been
    /// uploaded; it goes if the message cannot be posted.
    ///
    /// # Errors
    /// Missing scope; no or several destinations; nothing to say; unknown room or person; a room in which the
    /// caller may not write; no good parent, file or card.
    pub async fn post_message(
        &self,
        caller: &Caller,
        new: &wire::NewMessage,
        file: Option<Uploaded>,
    ) -> Result<wire::Message> {
        let uploaded = file.as_ref().map(Uploaded::id);
        let posted = self.post_checked(caller, new, file).await;
        if posted.is_err()
            && let Some(id) = uploaded
        {
            self.forget_blobs(&[id]).await;
        }
        posted
    }

    async fn post_checked(
        &self,
        caller: &Caller,
        new: &wire::NewMessage,
        file: Option<Uploaded>,
    ) -> Result<wire::Message> {
        caller.may_write_messages()?;
        check(new, file.is_some())?;
        let url = new.files.as_deref().unwrap_or_default().first();
        let Some(url) = url.filter(|_| file.is_none()) else {
            return self.retrying(|| self.try_post(caller, new, file.as_ref())).await;
        };
        // Nothing is fetched for who may not write there.
        self.destination(caller, new).await?;
        let fetched = self.fetch_file(caller, url).await?;
        let posted = self.retrying(|| self.try_post(caller, new, Some(&fetched))).await;
        if posted.is_err() {
            self.forget_blobs(&[fetched.id()]).await;
        }
        posted
    }

    /// Where a new message goes.
    async fn destination(&self, caller: &Caller, new: &wire::NewMessage) -> Result<Place> {
        let Some(id) = new.room_id else {
            let email = new.to_person_email.as_deref();
            let other = self.named_person(caller, new.to_person_id, email).await?;
            let place = self.direct_place(caller, &other).await?;
            may_write(&place.room, false)?;
            return Ok(place);
        };
        let inside = self.inside(caller, View::Member, id).await?;
        may_write(&inside.room, inside.moderates())?;
        self.room_place(&inside).await
    }

    async fn try_post(
        &self,
        caller: &Caller,
        new: &wire::NewMessage,
        file: Option<&Uploaded>,
    ) -> Result<wire::Message> {
        let Place {
            room,
            members,
            mut writes,
            mut happenings,
        } = self.destination(caller, new).await?;
        if let Some(parent) = new.parent_id {
            let found = self
                .get::<Message>(caller.org, &parent.uuid().to_string())
                .await?;
            let found = found.filter(|parent| parent.room == room.id);
            let found = found.ok_or_else(|| {
                Error::invalid("parentId: could not find a message with provided ID in the room.")
            })?;
            if found.parent.is_some() {
                return Err(Error::invalid(
                    "parentId: a reply cannot be replied to; name the message that the thread begins with.",
                ));
            }
            writes.push(found.demand());
        }
        let said = self
            .said(&room, new.text.as_deref(), new.markdown.as_deref())
            .await?;
        let now = self.now();
        let mut message = Message {
            id: MessageId::from_uuid(Uuid::now_v7()),
            org: caller.org,
            room: room.id,
            kind: room.kind,
            parent: new.parent_id,
            author: caller.person,
            author_email: caller.profile.email.clone(),
            text: said.text,
            markdown: said.markdown,
            html: said.html,
            files: Vec::new(),
            mentioned_people: said.mentioned_people,
            mentions_all: said.mentions_all,
            attachments: new.attachments.clone().unwrap_or_default(),
            created: now,
            updated: None,
            edits: 0,
        };
        if let Some(file) = file {
            let content = Content::new(file, &message);
            message.files.push(content.id);
            writes.push(put_new(&content)?);
            writes.push(self.kept_orphan(file.id()).await?.delete());
        }
        writes.push(put_new(&message)?);
        let mut seen = message.view(&self.config.public_url);
        let audience = happen::hearers(&members, &message);
        happenings.push(happen::message(
            caller,
            now,
            Event::Created,
            &message,
            &seen,
            audience,
        ));
        self.commit_with(writes, happenings).await?;
        seen.to_person_id = new.to_person_id;
        seen.to_person_email.clone_from(&new.to_person_email);
        Ok(seen)
    }

    /// Renders what a message says, and finds whom it mentions: people of the room.
    async fn said(&self, room: &Room, text: Option<&str>, markdown: Option<&str>) -> Result<Said> {
        let text = filled(text).map(ToOwned::to_owned);
        let Some(markdown) = filled(markdown) else {
            return Ok(Said {
                text,
                ..Said::default()
            });
        };
        let parsed = Parsed::read(markdown);
        let mut meant = Vec::with_capacity(parsed.mentions.len());
        let mut ids = Vec::with_capacity(parsed.mentions.len());
        for mention in &parsed.mentions {
            let person = match &mention.target {
                Target::All => {
                    meant.push(Some(Meant {
                        person: None,
                        name: mention.name.clone().unwrap_or_else(|| "All".to_owned()),
                    }));
                    ids.push(None);
                    continue;
                }
                Target::Email(email) => self.person_of_email(room.org, email).await?,
                Target::Id(id) => match id.parse::<PersonId>() {
                    Ok(id) => self.person_of_id(room.org, id).await?,
                    Err(_) => None,
                },
            };
            let person = match person {
                Some(person) if self.is_in(room, person.id).await? => person,
                _ => {
                    meant.push(None);
                    ids.push(None);
                    continue;
                }
            };
            ids.push(Some(person.id));
            meant.push(Some(Meant {
                person: Some(person.id.to_string()),
                name: mention.name.clone().unwrap_or(person.display_name),
            }));
        }
        let rendered = parsed.render(&meant);
        let mut said = Said {
            text: text.or(Some(rendered.text)),
            markdown: Some(markdown.to_owned()),
            html: Some(rendered.html),
            ..Said::default()
        };
        for number in rendered.shown {
            match ids.get(number).copied().flatten() {
                Some(id) if !said.mentioned_people.contains(&id) => said.mentioned_people.push(id),
                Some(_) => {}
                None => said.mentions_all = true,
            }
        }
        Ok(said)
    }

    /// Whether somebody is in a room, or will be with the message that makes it.
    async fn is_in(&self, room: &Room, person: PersonId) -> Result<bool> {
        if let Some(pair) = room.pair {
            return Ok(pair.contains(&person));
        }
        Ok(self.membership_of(room, person).await?.is_some())
    }

    /// Edits a message: only what it says can be changed, by its author, ten times.
    ///
    /// # Errors
    /// Missing scope; unknown, or not to be seen; not the caller's; another room; nothing to say; files or
    /// cards; edited too often.
    pub async fn edit_message(
        &self,
        caller: &Caller,
        id: MessageId,
        change: &wire::MessageChange,
    ) -> Result<wire::Message> {
        caller.may_write_messages()?;
        let edited = self.retrying(|| self.try_edit(caller, id, change)).await;
        unable(edited, "Unable to get message.")
    }

    async fn try_edit(
        &self,
        caller: &Caller,
        id: MessageId,
        change: &wire::MessageChange,
    ) -> Result<wire::Message> {
        let (inside, message) = self.seen_message(caller, View::Member, id).await?;
        if message.author != caller.person {
            return Err(Error::forbidden("Only its author may edit a message."));
        }
        let room = change
            .room_id
            .ok_or_else(|| Error::invalid("roomId cannot be null"))?;
        if room != message.room {
            return Err(Error::invalid("roomId: the message is in another room."));
        }
        check_edit(&message, change)?;
        may_write(&inside.room, inside.moderates())?;
        let said = self
            .said(&inside.room, change.text.as_deref(), change.markdown.as_deref())
            .await?;
        let now = self.now();
        let edited = Message {
            text: said.text,
            markdown: said.markdown,
            html: said.html,
            mentioned_people: said.mentioned_people,
            mentions_all: said.mentions_all,
            updated: Some(now),
            edits: message.edits + 1,
            ..message.doc.clone()
        };
        let mut writes = vec![message.put(&edited)?];
        writes.extend(inside.demands());
        let members: Vec<Membership> = self
            .members(&inside.room)
            .await?
            .into_iter()
            .map(|Kept { doc, .. }| doc)
            .collect();
        let seen = edited.view(&self.config.public_url);
        let audience = happen::hearers(&members, &edited);
        let happening = happen::message(caller, now, Event::Updated, &edited, &seen, audience);
        self.commit_with(writes, vec![happening]).await?;
        Ok(seen)
    }
}

/// Whether something can be written into a room.
fn may_write(room: &Room, moderates: bool) -> Result<()> {
    if room.read_only {
        return Err(Error::forbidden("Nobody can write into a read-only space."));
    }
    if room.kind == RoomType::Group && room.announcement_only && !moderates {
        return Err(Error::forbidden(
            "Only moderators can write into a space for announcements.",
        ));
    }
    Ok(())
}

fn check_edit(message: &Message, change: &wire::MessageChange) -> Result<()> {
    let carries = !message.files.is_empty() || !message.attachments.is_empty();
    let adds = change.files.as_ref().is_some_and(|files| !files.is_empty())
        || change.attachments.as_ref().is_some_and(|cards| !cards.is_empty());
    if carries || adds {
        return Err(Error::invalid(
            "Editing messages with files or attachments is unsupported.",
        ));
    }
    let (text, markdown) = (change.text.as_deref(), change.markdown.as_deref());
    if filled(change.html.as_deref()).is_some() && filled(markdown).is_some() {
        return Err(Error::invalid(
            "html: it cannot be sent together with markdown, which it is rendered from.",
        ));
    }
    if filled(text).or(filled(markdown)).is_none() {
        return Err(Error::invalid("text or markdown cannot be empty."));
    }
    check_length("text", text)?;
    check_length("markdown", markdown)?;
    if message.edits >= MAX_EDITS {
        return Err(Error::invalid(format!(
            "A message can be edited {MAX_EDITS} times, and this one was."
        )));
    }
    Ok(())
}
