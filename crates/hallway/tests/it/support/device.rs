//! A device of nobody's make: it redeems a code, dials in and speaks JSON-RPC by hand.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Map, Value, json};
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use super::{Client, within};

/// A device that is registered.
#[derive(Clone, Debug)]
pub(crate) struct Registered {
    pub(crate) id: String,
    pub(crate) link_url: String,
    pub(crate) token: String,
    pub(crate) code: String,
}

/// As the administrator and then as the device: registers one in a workspace.
pub(crate) async fn register(admin: &Client, workspace: &str, number: usize) -> Registered {
    let code = admin
        .post("/v1/devices/activationCode", json!({ "workspaceId": workspace }))
        .await
        .expect(200);
    let code = code["code"].as_str().unwrap().to_owned();
    let redeemed = redeem(admin, &code, number).await.expect(200);
    let text = |name: &str| redeemed[name].as_str().unwrap().to_owned();
    Registered {
        id: text("deviceId"),
        link_url: text("linkUrl"),
        token: text("deviceToken"),
        code,
    }
}

/// As a device: redeems a code.
pub(crate) async fn redeem(client: &Client, code: &str, number: usize) -> super::Answer {
    let request = json!({
        "code": code,
        "product": "Cisco Room Bar",
        "serial": format!("TEST{number:04}"),
        "mac": format!("02:00:00:00:{:02X}:{:02X}", number >> 8, number & 255),
    });
    client
        .anonymous()
        .post("/hallway/v1/devices/redeem", request)
        .await
}

/// Who waits for an acknowledgement; `None` once the link is gone.
type Waiting = Arc<Mutex<Option<HashMap<i64, oneshot::Sender<()>>>>>;

/// What the device says when it is asked, and what is on its way out. One lock for both: an answer never
/// overtakes the report of a value that it holds.
#[derive(Debug)]
struct Says {
    status: Map<String, Value>,
    next: i64,
    out: mpsc::UnboundedSender<Message>,
}

/// An open link.
#[derive(Debug)]
pub(crate) struct Link {
    says: Arc<Mutex<Says>>,
    waiting: Waiting,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Registered {
    /// Dials in.
    pub(crate) async fn dial(&self) -> Result<Link, String> {
        let mut request = self
            .link_url
            .as_str()
            .into_client_request()
            .map_err(|error| error.to_string())?;
        let bearer = format!("Bearer {}", self.token);
        request
            .headers_mut()
            .insert("authorization", bearer.parse().unwrap());
        let (socket, _) = within("the link", tokio_tungstenite::connect_async(request))
            .await
            .map_err(|error| error.to_string())?;
        let (mut sink, mut stream) = socket.split();
        let (out, mut frames) = mpsc::unbounded_channel::<Message>();
        let says = Arc::new(Mutex::new(Says {
            status: Map::new(),
            next: 1,
            out,
        }));
        let waiting: Waiting = Arc::new(Mutex::new(Some(HashMap::new())));
        let writer = tokio::spawn(async move {
            while let Some(frame) = frames.recv().await {
                if sink.send(frame).await.is_err() {
                    return;
                }
            }
        });
        let (its_says, its_waiting) = (Arc::clone(&says), Arc::clone(&waiting));
        let reader = tokio::spawn(async move {
            while let Some(Ok(message)) = stream.next().await {
                if let Message::Text(text) = message {
                    let frame: Value = serde_json::from_str(&text).unwrap();
                    hear(&its_says, &its_waiting, &frame);
                }
            }
            // Nobody who waits will hear more.
            *its_waiting.lock().unwrap() = None;
        });
        Ok(Link {
            says,
            waiting,
            tasks: vec![writer, reader],
        })
    }
}

fn hear(says: &Mutex<Says>, waiting: &Waiting, frame: &Value) {
    let id = frame["id"].as_i64().unwrap_or_default();
    let Some(method) = frame["method"].as_str() else {
        if frame["result"] == true
            && let Some(waiter) = waiting
                .lock()
                .unwrap()
                .as_mut()
                .and_then(|waiting| waiting.remove(&id))
        {
            waiter.send(()).ok();
        }
        return;
    };
    let says = says.lock().unwrap();
    let answer = match method {
        "xQuery" | "xGet" => json!({ "jsonrpc": "2.0", "id": id, "result": { "Status": says.status } }),
        "xSet" => json!({ "jsonrpc": "2.0", "id": id, "result": true }),
        _ => json!({ "jsonrpc": "2.0", "id": id, "error": { "code": -32601, "message": "unknown" } }),
    };
    says.out.send(Message::text(answer.to_string())).ok();
}

impl Link {
    /// Reports status values. The receiver hears when everything that follows is durable; it hears nothing if
    /// the link breaks before.
    pub(crate) fn report(&self, status: Value) -> oneshot::Receiver<()> {
        let (waiter, acknowledged) = oneshot::channel();
        let mut says = self.says.lock().unwrap();
        let id = says.next;
        says.next += 1;
        merge(&mut says.status, &status);
        if let Some(waiting) = self.waiting.lock().unwrap().as_mut() {
            waiting.insert(id, waiter);
        }
        let frame = json!({
            "jsonrpc": "2.0", "id": id, "method": "xFeedback/Event", "params": { "Status": status },
        });
        if says.out.send(Message::text(frame.to_string())).is_err() {
            *self.waiting.lock().unwrap() = None;
        }
        acknowledged
    }

    /// Reports how many people are there.
    pub(crate) fn people(&self, count: i64) -> oneshot::Receiver<()> {
        self.report(json!({ "RoomAnalytics": { "PeopleCount": { "Current": count } } }))
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

fn merge(into: &mut Map<String, Value>, from: &Value) {
    for (name, value) in from.as_object().into_iter().flatten() {
        match (into.get_mut(name), value) {
            (Some(Value::Object(inner)), Value::Object(_)) => merge(inner, value),
            _ => {
                into.insert(name.clone(), value.clone());
            }
        }
    }
}
