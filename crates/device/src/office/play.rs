//! Plays days on devices.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use hallway_wire::Timestamp;
use hallway_wire::id::DeviceId;
use hallway_xapi::link::Link as _;
use hallway_xapi::rpc::RpcError;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::calendar::{DAY, OPENS};
use super::day::{Day, Happening, What};
use super::plan::OfficePlan;
use crate::device::SimulatedDevice;
use crate::timer::Timer;

/// A player of days.
#[derive(Clone, Debug)]
pub struct OfficeDay {
    plan: Arc<OfficePlan>,
    seed: u64,
    speed: f64,
}

impl OfficeDay {
    /// Days of an office. With `speed` 60, an hour takes a minute.
    pub fn new(plan: Arc<OfficePlan>, seed: u64, speed: f64) -> Self {
        Self {
            plan,
            seed,
            speed: if speed.is_finite() {
                speed.clamp(0.1, 100_000.0)
            } else {
                1.0
            },
        }
    }

    /// Plays one day after the other, each from the seed plus its number, until it is told to stop. Devices
    /// that nobody is attached to are left alone. A device that refuses something does not hold up the rest.
    pub async fn run(
        &self,
        devices: &HashMap<DeviceId, SimulatedDevice>,
        timer: Arc<dyn Timer>,
        stop: CancellationToken,
    ) {
        for number in 0.. {
            tracing::info!(day = number, starts = OPENS, "a day in the office starts");
            let script = Day::script(&self.plan, self.seed.wrapping_add(number));
            let starts_ms = timer.now_ms();
            for happening in &script {
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = timer.sleep_until(starts_ms.saturating_add(self.scaled_ms(happening.at))) => {}
                }
                let Some(device) = devices
                    .get(&happening.device)
                    .filter(|device| device.is_attached())
                else {
                    continue;
                };
                let played = tokio::select! {
                    () = stop.cancelled() => return,
                    played = self.play(device, happening, number, starts_ms) => played,
                };
                if let Err(error) = played {
                    tracing::debug!(device = %device.spec().name, %error, "the device would not play along");
                }
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = timer.sleep_until(starts_ms.saturating_add(self.scaled_ms(DAY))) => {}
            }
        }
    }

    /// How long something takes at this speed, in milliseconds.
    fn scaled_ms(&self, time: Duration) -> i64 {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a day at the slowest speed has 4e8 milliseconds"
        )]
        let scaled = (time.as_secs_f64() * 1000.0 / self.speed) as i64;
        scaled
    }

    async fn play(
        &self,
        device: &SimulatedDevice,
        happening: &Happening,
        day: u64,
        starts_ms: i64,
    ) -> Result<(), RpcError> {
        let call = |method: &'static str, params: Value| device.call(method, params);
        let moment = |at: Duration| Timestamp(starts_ms.saturating_add(self.scaled_ms(at))).to_string();
        let full_id = |id: &str| format!("day{day}-{id}");
        match &happening.what {
            What::People(count) => call("xSimulator/People", json!({ "Count": count })).await?,
            What::Climate {
                temperature,
                humidity,
                noise,
                sound,
                air,
            } => {
                let values = json!({
                    "Temperature": format!("{temperature:.1}"),
                    "Humidity": humidity,
                    "AmbientNoise": noise,
                    "Sound": sound,
                    "AirQuality": format!("{air:.1}"),
                });
                call("xSimulator/Climate", values).await?
            }
            What::Booked {
                id,
                title,
                organizer,
                email,
                starts,
                ends,
            } => {
                let booking = json!({
                    "Id": full_id(id),
                    "Title": title,
                    "Organizer": { "Name": organizer, "Email": email },
                    "StartTime": moment(*starts),
                    "EndTime": moment(*ends),
                });
                call("xSimulator/PutBooking", booking).await?
            }
            What::Cancelled { id } => {
                call("xCommand/Bookings/Delete", json!({ "MeetingId": full_id(id) })).await?
            }
            What::Dial { number, name } => {
                call("xCommand/Dial", json!({ "Number": number, "DisplayName": name })).await?
            }
            What::Called { number, name } => {
                let called = json!({ "Number": number, "DisplayName": name });
                let answer = call("xSimulator/IncomingCall", called).await?;
                call("xCommand/Call/Accept", json!({ "CallId": answer["CallId"] })).await?
            }
            What::HangUp => call("xCommand/Call/Disconnect", Value::Null).await?,
            What::Share => call("xCommand/Presentation/Start", Value::Null).await?,
            What::StopSharing => call("xCommand/Presentation/Stop", Value::Null).await?,
            What::Tap { panel } => {
                call(
                    "xCommand/UserInterface/Extensions/Panel/Clicked",
                    json!({ "PanelId": panel }),
                )
                .await?
            }
            What::Volume(level) => call("xCommand/Audio/Volume/Set", json!({ "Level": level })).await?,
            What::Sleep => {
                let people = json!({ "Path": ["Status", "RoomAnalytics", "PeopleCount", "Current"] });
                // Somebody may have come for the next meeting.
                if call("xGet", people).await? != json!(0) {
                    return Ok(());
                }
                call("xCommand/Standby/Activate", Value::Null).await?
            }
        };
        Ok(())
    }
}
