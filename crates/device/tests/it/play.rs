//! A day in the office, played on devices.

use std::collections::HashMap;
use std::sync::Arc;

use hallway_device::office::{Day, OfficeDay, OfficePlan};
use hallway_device::{RealTimer, SimulatedDevice};
use hallway_xapi::catalogue::Catalogue;
use tokio_util::sync::CancellationToken;

use crate::helpers::{Recorder, soon};

#[tokio::test]
async fn a_fast_day_is_full_of_life() {
    let plan = Arc::new(OfficePlan::demo(1));
    let catalogue = Catalogue::builtin();
    let told = Arc::new(Recorder::default());
    let devices: HashMap<_, _> = plan
        .devices
        .iter()
        .filter(|device| device.spec.product.has_xapi())
        .map(|device| {
            (
                device.spec.id,
                SimulatedDevice::new(device.spec.clone(), catalogue.clone()),
            )
        })
        .collect();
    let absent = plan.devices[0].spec.id;
    for (id, device) in &devices {
        if *id != absent {
            device.attach(told.clone());
        }
    }
    let happenings = Day::script(&plan, 9).len();
    let stop = CancellationToken::new();
    let day = OfficeDay::new(plan.clone(), 9, 100_000.0);
    let playing = day.run(&devices, Arc::new(RealTimer::default()), stop.clone());
    let mut all = Vec::new();
    let watching = async {
        while all.len() < happenings {
            all.extend(told.take());
            tokio::task::yield_now().await;
        }
        stop.cancel();
    };
    soon(async { tokio::join!(playing, watching) }).await;
    for start in [
        "RoomAnalytics.PeopleCount.Current=",
        "!OutgoingCallIndication",
        "!CallDisconnect",
        "!Bookings.Start",
        "!Bookings.End",
        "Standby.State=",
    ] {
        assert!(all.iter().any(|told| told.starts_with(start)), "{start}");
    }
}
