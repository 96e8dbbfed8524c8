//! Who on the local API wants to hear of which changes, and the frames that tell them
//! (local-device-xapi 5.5 to 5.7).

use std::sync::{Arc, OnceLock};

use hallway_xapi::catalogue::{Role, Roles};
use hallway_xapi::key::Key;
use hallway_xapi::link::Change;
use hallway_xapi::report::insert_ghost;
use hallway_xapi::rpc::{RpcError, code, notification};
use hallway_xapi::tree;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::access::Access;
use crate::query::{Document, Query};
use crate::schema::Schema;

/// Most subscriptions of one device, over all its connections.
pub(crate) const MAX_SUBSCRIPTIONS: usize = 500;
/// Most connections to one device.
pub(crate) const MAX_SESSIONS: usize = 50;
/// Most connections of one web app.
const MAX_WEB_APP_SESSIONS: usize = 8;
/// Frames that may wait for a slow reader. One more, and the connection is closed.
pub(crate) const OUTBOX_FRAMES: usize = 1024;

/// Why the device ends a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    TooSlow,
    Restart,
    /// The web app may not be here any more.
    WebAppGone,
}

/// What a connection needs to be part of a device.
pub(crate) struct Session {
    pub(crate) id: u64,
    outbox: mpsc::Sender<String>,
    over: CancellationToken,
    ending: Arc<OnceLock<Ending>>,
    roles: Roles,
    web_app: Option<u64>,
    legacy: bool,
    subscriptions: Vec<(i64, Query)>,
    next_id: i64,
}

/// The connection's side of a session.
pub(crate) struct Seat {
    pub(crate) id: u64,
    pub(crate) frames: mpsc::Receiver<String>,
    pub(crate) outbox: mpsc::Sender<String>,
    /// Cancelled when the device ends the session.
    pub(crate) over: CancellationToken,
    pub(crate) ending: Arc<OnceLock<Ending>>,
}

/// The sessions of one device.
#[derive(Default)]
pub(crate) struct Sessions {
    list: Vec<Session>,
    next: u64,
    pub(crate) too_slow: u64,
}

impl Sessions {
    /// Lets a connection in, or tells that the device has enough of them.
    pub(crate) fn open(&mut self, access: Access, legacy: bool) -> Option<Seat> {
        let same_app = |session: &&Session| access.web_app.is_some() && session.web_app == access.web_app;
        if self.list.len() >= MAX_SESSIONS
            || self.list.iter().filter(same_app).count() >= MAX_WEB_APP_SESSIONS
        {
            return None;
        }
        let (outbox, frames) = mpsc::channel(OUTBOX_FRAMES);
        let over = CancellationToken::new();
        let ending = Arc::default();
        self.next += 1;
        let id = self.next;
        self.list.push(Session {
            id,
            outbox: outbox.clone(),
            over: over.clone(),
            ending: Arc::clone(&ending),
            roles: access.roles,
            web_app: access.web_app,
            legacy,
            subscriptions: Vec::new(),
            next_id: 0,
        });
        Some(Seat {
            id,
            frames,
            outbox,
            over,
            ending,
        })
    }

    pub(crate) fn leave(&mut self, id: u64) {
        self.list.retain(|session| session.id != id);
    }

    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// Ends the sessions of a web app that had this permission.
    pub(crate) fn end_web_app(&mut self, number: u64) {
        let gone = self
            .list
            .extract_if(.., |session| session.web_app == Some(number));
        for session in gone {
            session.end(Ending::WebAppGone);
        }
    }

    /// Ends every session.
    pub(crate) fn end_all(&mut self, ending: Ending) {
        for session in self.list.drain(..) {
            session.end(ending);
        }
    }

    /// Adds a subscription, and puts the answer before anything that it will bring. `answer` makes the frame.
    pub(crate) fn subscribe(
        &mut self,
        id: u64,
        query: Query,
        answer: impl FnOnce(i64) -> String,
        current: impl FnOnce(Roles) -> Vec<(Document, Map<String, Value>)>,
    ) -> Result<(), RpcError> {
        let total: usize = self.list.iter().map(|session| session.subscriptions.len()).sum();
        if total >= MAX_SUBSCRIPTIONS {
            let text = "the device has as many subscriptions as it can";
            return Err(RpcError::new(code::TOO_MANY_SUBSCRIPTIONS, text));
        }
        let Some(session) = self.list.iter_mut().find(|session| session.id == id) else {
            return Ok(());
        };
        let number = session.next_id;
        session.next_id += 1;
        let mut frames = vec![answer(number)];
        let current = current(session.roles);
        frames.extend(
            current
                .into_iter()
                .map(|(document, tree)| frame(number, document, tree, session.legacy)),
        );
        session.subscriptions.push((number, query));
        if !session.push(frames) {
            self.end_slow(id);
        }
        Ok(())
    }

    /// Removes a subscription; whether there was one.
    pub(crate) fn unsubscribe(&mut self, id: u64, number: i64) -> bool {
        let Some(session) = self.list.iter_mut().find(|session| session.id == id) else {
            return false;
        };
        let before = session.subscriptions.len();
        session.subscriptions.retain(|(have, _)| *have != number);
        session.subscriptions.len() < before
    }

    /// Tells everybody who wants to know.
    pub(crate) fn publish(&mut self, schema: &Schema, changes: &[Change]) {
        let mut slow = Vec::new();
        for session in &self.list {
            let readable: Vec<Change>;
            let visible = if session.roles.contains(Role::Admin) {
                changes
            } else {
                readable = changes
                    .iter()
                    .filter(|change| may_see(schema, change, session.roles))
                    .cloned()
                    .collect();
                readable.as_slice()
            };
            for (number, query) in &session.subscriptions {
                let frames = frames_for(*number, query, visible, session.legacy);
                if !session.push(frames) {
                    slow.push(session.id);
                    break;
                }
            }
        }
        for id in slow {
            self.end_slow(id);
        }
    }

    fn end_slow(&mut self, id: u64) {
        if let Some(at) = self.list.iter().position(|session| session.id == id) {
            self.too_slow += 1;
            self.list.remove(at).end(Ending::TooSlow);
        }
    }
}

impl Session {
    fn push(&self, frames: Vec<String>) -> bool {
        frames
            .into_iter()
            .all(|frame| self.outbox.try_send(frame).is_ok())
    }

    fn end(self, ending: Ending) {
        let _ = self.ending.set(ending);
        self.over.cancel();
    }
}

fn may_see(schema: &Schema, change: &Change, roles: Roles) -> bool {
    match change {
        Change::Status(key, _) => schema.may_read(Document::Status, key, roles),
        // A removed node tells nothing but that it is gone.
        Change::StatusRemoved(_) => true,
        Change::Event(key, _) => schema.may_read(Document::Event, key, roles),
        Change::Configuration(key, _) => schema.may_read(Document::Configuration, key, roles),
    }
}

/// The frames that tell one subscription of changes: neighbouring statuses in one frame, removals and events
/// each in their own place of the order.
fn frames_for(number: i64, query: &Query, changes: &[Change], legacy: bool) -> Vec<String> {
    let mut frames = Vec::new();
    let mut open: Option<(Document, bool, Map<String, Value>)> = None;
    for change in changes {
        let (document, removal) = match change {
            Change::Status(key, _) if query.document.includes(Document::Status) && query.matches(key) => {
                (Document::Status, false)
            }
            Change::StatusRemoved(key) if query.document.includes(Document::Status) && query.touches(key) => {
                (Document::Status, true)
            }
            Change::Event(key, value)
                if query.document.includes(Document::Event) && event_matches(query, key, value) =>
            {
                (Document::Event, false)
            }
            Change::Configuration(key, Some(_))
                if query.document.includes(Document::Configuration) && query.matches(key) =>
            {
                (Document::Configuration, false)
            }
            _ => continue,
        };
        let joins = document != Document::Event
            && open
                .as_ref()
                .is_some_and(|(have, removing, _)| *have == document && *removing == removal);
        if !joins {
            frames.extend(
                open.take()
                    .map(|(document, _, tree)| frame(number, document, tree, legacy)),
            );
        }
        let (_, _, tree) = open.get_or_insert_with(|| (document, removal, Map::new()));
        match change {
            Change::Status(key, value)
            | Change::Configuration(key, Some(value))
            | Change::Event(key, value) => {
                tree::insert(tree, key, value.clone());
            }
            Change::StatusRemoved(key) => insert_ghost(tree, key),
            Change::Configuration(_, None) => {}
        }
    }
    frames.extend(open.map(|(document, _, tree)| frame(number, document, tree, legacy)));
    frames
}

/// A query may go on into the payload of an event.
fn event_matches(query: &Query, event: &Key, value: &Value) -> bool {
    if query.matches(event) {
        return true;
    }
    let Value::Object(members) = value else {
        return false;
    };
    query.touches(event)
        && members.keys().any(|name| {
            name.parse::<Key>().is_ok_and(|member| {
                let segments = event
                    .segments()
                    .iter()
                    .chain(member.segments())
                    .cloned()
                    .collect();
                Key::from_segments(segments).is_some_and(|inner| query.matches(&inner))
            })
        })
}

fn frame(number: i64, document: Document, tree: Map<String, Value>, legacy: bool) -> String {
    let mut tree = Value::Object(tree);
    if legacy {
        to_strings(&mut tree);
    }
    let mut params = Map::new();
    params.insert("Id".to_owned(), number.into());
    params.insert(document.name().to_owned(), tree);
    notification("xFeedback/Event", &Value::Object(params))
}

/// Turns every leaf into text, as `/ws?legacy` wants it. Ids of list items stay numbers.
pub(crate) fn to_strings(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (_, member) in members.iter_mut().filter(|(name, _)| *name != "id") {
                to_strings(member);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(to_strings),
        Value::Bool(flag) => *value = json!(if *flag { "True" } else { "False" }),
        Value::Number(number) => *value = json!(number.to_string()),
        Value::Null | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(query: Value, changes: &[Change]) -> Vec<Value> {
        let query = Query::read(Some(&query)).unwrap();
        let frames = frames_for(7, &query, changes, false);
        frames
            .iter()
            .map(|frame| serde_json::from_str::<Value>(frame).unwrap()["params"].clone())
            .collect()
    }

    #[test]
    fn one_frame_for_neighbours_and_one_for_each_event() {
        let changes = [
            Change::Status("Call[3].Status".parse().unwrap(), json!("Connected")),
            Change::Status("Call[3].Direction".parse().unwrap(), json!("Outgoing")),
            Change::Event("CallSuccessful".parse().unwrap(), json!({"CallId": 3})),
            Change::StatusRemoved("Call[3]".parse().unwrap()),
        ];
        assert_eq!(
            frames(json!(["Status", "Call", "Status"]), &changes),
            [
                json!({"Id": 7, "Status": {"Call": [{"id": 3, "Status": "Connected"}]}}),
                json!({"Id": 7, "Status": {"Call": [{"id": 3, "ghost": "True"}]}}),
            ]
        );
        assert_eq!(frames(json!(["**"]), &changes).len(), 3);
        assert_eq!(
            frames(json!(["Event", "CallSuccessful", "CallId"]), &changes),
            [json!({"Id": 7, "Event": {"CallSuccessful": {"CallId": 3}}})]
        );
        assert!(frames(json!(["Status", "Call", 4]), &changes).is_empty());
        assert!(frames(json!(["Configuration"]), &changes).is_empty());
    }
}
