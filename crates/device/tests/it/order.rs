//! One device, many callers, one order.

use std::sync::Arc;

use async_trait::async_trait;
use hallway_device::{Power, ProductModel, SimulatedDevice};
use hallway_xapi::catalogue::Catalogue;
use hallway_xapi::link::{Change, Link as _, Report, Uplink, UplinkError};
use serde_json::json;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::task::JoinSet;

use crate::helpers::{Recorder, soon, spec};

/// Takes its time, and fails now and then.
#[derive(Default)]
struct Slow {
    seen: Mutex<Vec<i64>>,
    offers: AtomicU32,
    at_once: AtomicU32,
}

#[async_trait]
impl Uplink for Slow {
    async fn report(&self, report: Report) -> Result<(), UplinkError> {
        assert_eq!(
            self.at_once.fetch_add(1, Ordering::SeqCst),
            0,
            "one report at a time"
        );
        let offer = self.offers.fetch_add(1, Ordering::SeqCst);
        for _ in 0..offer % 5 {
            tokio::task::yield_now().await;
        }
        self.at_once.fetch_sub(1, Ordering::SeqCst);
        if offer % 97 == 13 {
            return Err(UplinkError::Unavailable);
        }
        for change in report.changes {
            if let Change::Status(key, value) = change
                && key.to_string() == "RoomAnalytics.PeopleCount.Current"
            {
                self.seen.lock().unwrap().push(value.as_i64().unwrap());
            }
        }
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reports_have_the_order_of_the_changes() {
    let device = SimulatedDevice::new(spec(ProductModel::RoomBar), Catalogue::builtin());
    let slow = Arc::new(Slow::default());
    device.attach(slow.clone());
    let mut callers = JoinSet::new();
    for caller in 0..20 {
        let (device, slow) = (device.clone(), slow.clone());
        callers.spawn(async move {
            for i in 0..20 {
                let count: i64 = caller * 20 + i + 1;
                let set = json!({ "Path": "RoomAnalytics.PeopleCount.Current", "Value": count });
                device.call("xSimulator/SetStatus", set).await.unwrap();
                // What this call caused was taken before it returned.
                assert!(slow.seen.lock().unwrap().contains(&count));
            }
        });
    }
    soon(async {
        while let Some(done) = callers.join_next().await {
            done.unwrap()
        }
    })
    .await;
    let path = json!({ "Path": ["Status", "RoomAnalytics", "PeopleCount", "Current"] });
    let now = device.call("xGet", path).await.unwrap();
    let seen = slow.seen.lock().unwrap().clone();
    assert_eq!(seen.last().copied(), now.as_i64());
    assert_eq!(seen.len(), 400);
    assert_eq!(device.counters().reports_lost, 0);
}

#[tokio::test]
async fn detached_means_not_told_and_not_kept_waiting() {
    struct Stuck;
    #[async_trait]
    impl Uplink for Stuck {
        async fn report(&self, _: Report) -> Result<(), UplinkError> {
            std::future::pending().await
        }
    }
    let device = SimulatedDevice::new(spec(ProductModel::RoomBar), Catalogue::builtin());
    device.attach(Arc::new(Stuck));
    let set = |level: i64| {
        let device = device.clone();
        tokio::spawn(async move {
            device
                .call("xCommand/Audio/Volume/Set", json!({ "Level": level }))
                .await
        })
    };
    let (first, second) = (set(1), set(2));
    tokio::task::yield_now().await;
    tokio::task::yield_now().await;
    device.detach();
    soon(first).await.unwrap().unwrap();
    soon(second).await.unwrap().unwrap();
    // The next platform is told, whatever became of the first one.
    let slow = Arc::new(Slow::default());
    device.attach(slow.clone());
    let set = json!({ "Path": "RoomAnalytics.PeopleCount.Current", "Value": 3 });
    soon(device.call("xSimulator/SetStatus", set)).await.unwrap();
    assert_eq!(*slow.seen.lock().unwrap(), [3]);
}

/// Whoever hosts the device detaches it as soon as it goes down. The restart was told before that.
#[tokio::test]
async fn a_restart_is_told_before_the_device_goes_down() {
    let device = SimulatedDevice::new(spec(ProductModel::RoomBar), Catalogue::builtin());
    for _ in 0..20 {
        let told = Arc::new(Recorder::default());
        device.attach(told.clone());
        let mut power = device.power();
        let boot = device.call("xCommand/SystemUnit/Boot", json!({ "Action": "Shutdown" }));
        let down = async {
            soon(power.wait_for(|power| *power == Power::Off)).await.unwrap();
            device.detach();
        };
        let (answer, ()) = tokio::join!(boot, down);
        answer.unwrap();
        assert_eq!(told.take(), ["!BootEvent {\"Action\":\"Shutdown\"}"]);
        device.power_on().await;
    }
}
