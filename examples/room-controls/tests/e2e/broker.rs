//! A small MQTT 3.1.1 broker: retained messages, wildcards, wills, QoS 0 and 1.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use hallway_testing::eventually;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};

#[derive(Default)]
struct State {
    retained: BTreeMap<String, String>,
    clients: HashMap<u64, (Vec<String>, mpsc::UnboundedSender<Vec<u8>>)>,
    last_client: u64,
    /// All that was published by clients.
    log: Vec<(String, String)>,
}

pub(crate) struct Broker {
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<State>>,
    task: Option<JoinHandle<()>>,
}

fn text(body: &[u8], at: &mut usize) -> String {
    let length = usize::from(u16::from_be_bytes([body[*at], body[*at + 1]]));
    *at += 2 + length;
    String::from_utf8(body[*at - length..*at].to_vec()).unwrap()
}

fn packet(head: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![head];
    let mut length = body.len();
    loop {
        let more = length >= 128;
        packet.push(u8::try_from(length % 128).unwrap() | if more { 128 } else { 0 });
        length /= 128;
        if !more {
            break;
        }
    }
    packet.extend_from_slice(body);
    packet
}

fn publish(topic: &str, payload: &str, retained: bool) -> Vec<u8> {
    let mut body = u16::try_from(topic.len()).unwrap().to_be_bytes().to_vec();
    body.extend_from_slice(topic.as_bytes());
    body.extend_from_slice(payload.as_bytes());
    packet(0x30 | u8::from(retained), &body)
}

fn fits(filter: &str, topic: &str) -> bool {
    let (filter, topic): (Vec<_>, Vec<_>) = (filter.split('/').collect(), topic.split('/').collect());
    filter.len() == topic.len() && filter.iter().zip(topic).all(|(part, name)| *part == "+" || *part == name)
}

impl State {
    fn route(&mut self, topic: &str, payload: &str, retain: bool) {
        if retain {
            self.retained.insert(topic.to_owned(), payload.to_owned());
        }
        for (filters, client) in self.clients.values() {
            if filters.iter().any(|filter| fits(filter, topic)) {
                let _ = client.send(publish(topic, payload, false));
            }
        }
    }
}

async fn read(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> Option<(u8, Vec<u8>)> {
    let head = stream.read_u8().await.ok()?;
    let (mut length, mut shift) = (0_usize, 0);
    loop {
        let byte = stream.read_u8().await.ok()?;
        length |= usize::from(byte & 127) << shift;
        shift += 7;
        if byte & 128 == 0 {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some((head, body))
}

async fn serve(state: Arc<Mutex<State>>, stream: TcpStream) {
    let (mut reader, mut writer) = stream.into_split();
    let Some((0x10, hello)) = read(&mut reader).await else {
        return;
    };
    let mut at = 0;
    assert_eq!((text(&hello, &mut at).as_str(), hello[at]), ("MQTT", 4));
    let flags = hello[at + 1];
    at += 4;
    let _client = text(&hello, &mut at);
    let will = (flags & 4 != 0).then(|| (text(&hello, &mut at), text(&hello, &mut at)));
    let (sender, mut outgoing) = mpsc::unbounded_channel();
    let id = {
        let mut state = state.lock().unwrap();
        state.last_client += 1;
        let id = state.last_client;
        state.clients.insert(id, (Vec::new(), sender.clone()));
        id
    };
    let _ = sender.send(vec![0x20, 2, 0, 0]);
    let writing = async {
        while let Some(bytes) = outgoing.recv().await {
            if writer.write_all(&bytes).await.is_err() {
                break;
            }
        }
    };
    let reading = async {
        while let Some((head, body)) = read(&mut reader).await {
            let mut at = 0;
            let mut state = state.lock().unwrap();
            match head >> 4 {
                3 => {
                    let topic = text(&body, &mut at);
                    if head & 6 != 0 {
                        let _ = sender.send(vec![0x40, 2, body[at], body[at + 1]]);
                        at += 2;
                    }
                    let payload = String::from_utf8(body[at..].to_vec()).unwrap();
                    state.log.push((topic.clone(), payload.clone()));
                    state.route(&topic, &payload, head & 1 != 0);
                }
                8 => {
                    at = 2;
                    let mut granted = body[..2].to_vec();
                    while at < body.len() {
                        let filter = text(&body, &mut at);
                        at += 1;
                        granted.push(1);
                        for (topic, payload) in
                            state.retained.iter().filter(|(topic, _)| fits(&filter, topic))
                        {
                            let _ = sender.send(publish(topic, payload, true));
                        }
                        state.clients.get_mut(&id).unwrap().0.push(filter);
                    }
                    let _ = sender.send(packet(0x90, &granted));
                }
                12 => drop(sender.send(vec![0xD0, 0])),
                14 => return true,
                other => panic!("a packet of type {other}"),
            }
        }
        false
    };
    let said_goodbye = tokio::select! {
        () = writing => false,
        said_goodbye = reading => said_goodbye,
    };
    let mut state = state.lock().unwrap();
    state.clients.remove(&id);
    if let Some((topic, payload)) = will.filter(|_| !said_goodbye) {
        state.route(&topic, &payload, true);
    }
}

impl Broker {
    pub(crate) async fn start() -> Self {
        let mut broker =
            Self { address: SocketAddr::from(([127, 0, 0, 1], 0)), state: Arc::default(), task: None };
        broker.open().await;
        broker
    }

    /// Opens, at the same address if it was open before.
    pub(crate) async fn open(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.address = listener.local_addr().unwrap();
        let state = Arc::clone(&self.state);
        self.task = Some(tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(Arc::clone(&state), stream));
            }
        }));
    }

    /// Closes, and cuts all connections.
    pub(crate) async fn close(&mut self) {
        let task = self.task.take().unwrap();
        task.abort();
        let _ = task.await;
        self.state.lock().unwrap().clients.clear();
    }

    /// Publishes as the gateway of the building does.
    pub(crate) fn report(&self, topic: &str, payload: &str) {
        self.state.lock().unwrap().route(topic, payload, true);
    }

    pub(crate) fn log(&self) -> Vec<(String, String)> {
        self.state.lock().unwrap().log.clone()
    }

    /// Waits until a client has published this.
    pub(crate) async fn heard(&self, topic: &str, payload: &str) {
        let wanted = (topic.to_owned(), payload.to_owned());
        let what = format!("{topic} = {payload}");
        eventually(&what, async || self.log().contains(&wanted).then_some(())).await;
    }
}
