//! A building behind an MQTT broker. The README lists the topics.

use std::time::Duration;

use hallway_sdk::Secret;
use rumqttc::{AsyncClient, Event, EventLoop, LastWill, MqttOptions, Packet, Publish, QoS};
use tokio::sync::mpsc;

use crate::building::{Building, Order, percent};

/// Where the broker is, and who asks.
#[derive(Clone, Debug)]
pub struct Broker {
    /// Name or address.
    pub host: String,
    /// 1883 by custom.
    pub port: u16,
    /// User and password.
    pub login: Option<(String, Secret)>,
    /// What all topics start with.
    pub prefix: String,
}

/// Connects a building to its broker, again and again. Ends when nobody gives orders any more.
pub async fn mqtt(building: &Building, orders: mpsc::Receiver<Order>, broker: Broker) {
    let name = format!("room-controls-{}", std::process::id());
    let mut options = MqttOptions::new(name, broker.host, broker.port);
    // A session of its own each time: what could not be sent is forgotten, because a light that goes on an hour after
    // the switch was touched does harm.
    options.set_clean_session(true).set_keep_alive(Duration::from_secs(15));
    if let Some((user, password)) = broker.login {
        options.set_credentials(user, password.expose());
    }
    let ours = format!("{}/room-controls/status", broker.prefix);
    options.set_last_will(LastWill::new(ours, "offline", QoS::AtLeastOnce, true));
    let (client, events) = AsyncClient::new(options, 256);
    tokio::select! {
        () = carry(&client, orders, &broker.prefix) => {}
        () = listen(&client, events, building, &broker.prefix) => {}
    }
}

/// Orders are not retained: they are for now.
async fn carry(client: &AsyncClient, mut orders: mpsc::Receiver<Order>, prefix: &str) {
    while let Some(order) = orders.recv().await {
        let Order::Set(name, percent) = order else { continue };
        let text = match (name.ends_with("/lights"), percent) {
            (true, 0) => "OFF".to_owned(),
            (true, _) => "ON".to_owned(),
            (false, percent) => percent.to_string(),
        };
        if client.try_publish(format!("{prefix}/{name}/set"), QoS::AtLeastOnce, false, text).is_err() {
            tracing::warn!(name, "an order was dropped: too many are waiting");
        }
    }
}

async fn listen(client: &AsyncClient, mut events: EventLoop, building: &Building, prefix: &str) {
    let reachable = |there: bool| {
        building.report.send_if_modified(|report| std::mem::replace(&mut report.reachable, there) != there);
    };
    let mut failures = 0_u32;
    loop {
        match events.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(_))) => {
                failures = 0;
                // Whatever is retained comes at once.
                let topics =
                    ["status", "+/lights", "+/level", "+/shades"].map(|topic| format!("{prefix}/{topic}"));
                let asked = topics.map(|topic| client.try_subscribe(topic, QoS::AtLeastOnce).is_ok());
                let ours = format!("{prefix}/room-controls/status");
                let told = client.try_publish(ours, QoS::AtLeastOnce, true, "online");
                reachable(told.is_ok() && asked.iter().all(|asked| *asked));
            }
            Ok(Event::Incoming(Packet::Publish(Publish { topic, payload, .. }))) => {
                let text = String::from_utf8_lossy(&payload);
                let name = topic.strip_prefix(prefix).unwrap_or_default().trim_start_matches('/');
                let thing = name.rsplit('/').next().unwrap_or_default();
                match percent(thing, &text) {
                    Some(percent) => building.report.send_modify(|report| {
                        report.values.insert(name.to_owned(), percent);
                    }),
                    // What the gateway of the building says of itself.
                    None if name == "status" => reachable(!text.trim().eq_ignore_ascii_case("offline")),
                    None => tracing::warn!(topic, %text, "the building reports what is not understood"),
                }
            }
            Ok(_) => {}
            Err(error) => {
                let pause = Duration::from_secs(1 << failures.min(5));
                failures += 1;
                tracing::warn!(%error, ?pause, "the broker cannot be reached");
                reachable(false);
                tokio::time::sleep(pause).await;
            }
        }
    }
}
