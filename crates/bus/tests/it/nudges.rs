//! The bus inside one process.

use std::time::Duration;

use hallway_bus::LocalBus;
use hallway_platform::ports::{Bus, Topic};
use tokio::time::timeout;

use crate::support::activation;

#[tokio::test]
async fn a_nudge_between_looks_is_remembered_once() {
    let bus = LocalBus::new();
    let topic = Topic::Notifications(activation(1));
    let mut nudges = bus.subscribe(topic);
    bus.nudge(topic);
    bus.nudge(topic);
    nudges.next().await;
    timeout(Duration::from_millis(5), nudges.next())
        .await
        .unwrap_err();
}

#[tokio::test]
async fn nudges_reach_every_listener_of_their_topic_and_no_other() {
    let bus = LocalBus::new();
    let mut one = bus.subscribe(Topic::Audience);
    let mut two = bus.subscribe(Topic::Audience);
    let mut other = bus.subscribe(Topic::Notifications(activation(1)));
    bus.nudge(Topic::Audience);
    one.next().await;
    two.next().await;
    timeout(Duration::from_millis(5), other.next()).await.unwrap_err();
}

#[tokio::test]
async fn a_subscription_counts_from_its_beginning() {
    let bus = LocalBus::new();
    let _early = bus.subscribe(Topic::Audience);
    bus.nudge(Topic::Audience);
    let mut late = bus.subscribe(Topic::Audience);
    timeout(Duration::from_millis(5), late.next()).await.unwrap_err();
}

#[test]
fn topics_without_listeners_are_given_up() {
    let bus = LocalBus::new();
    drop(bus.subscribe(Topic::Audience));
    bus.nudge(Topic::Audience);
    assert_eq!(bus.topics(), 0);

    let kept = bus.subscribe(Topic::Audience);
    for number in 0..10_000 {
        drop(bus.subscribe(Topic::Notifications(activation(number))));
    }
    assert!(bus.topics() < 100, "{} topics", bus.topics());
    drop(kept);
}

#[tokio::test]
async fn a_bus_that_is_gone_wakes_nobody() {
    let bus = LocalBus::new();
    let mut nudges = bus.subscribe(Topic::Audience);
    drop(bus);
    timeout(Duration::from_millis(5), nudges.next())
        .await
        .unwrap_err();
}
