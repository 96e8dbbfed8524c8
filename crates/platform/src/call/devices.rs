//! Calls of devices: what a device reports of its calls becomes a call that is told about, so that who a room
//! calls hears of it.

use std::collections::BTreeMap;

use hallway_wire::id::{DeviceId, OrgId};
use hallway_xapi::{Change, Key, Report};
use serde_json::Value;

use super::service::Step;
use super::{Call, Party, Side, State};
use crate::device::{LinkedDevice, Place};
use crate::error::{Doing as _, Error, Result};
use crate::platform::Platform;
use crate::ports::records::Find;
use crate::records::{Document as _, Kept, put_new};

/// Most calls of one device that are followed.
const MOST: u32 = 1000;

/// What a report says of one call.
#[derive(Debug, Default)]
struct News {
    status: Option<String>,
    number: Option<String>,
    name: Option<String>,
    incoming: bool,
    gone: bool,
}

/// Whether a change is of `Call[n]`: the one look that other changes cost.
pub(crate) fn is_about_calls(change: &Change) -> bool {
    call_number(change).is_some()
}

fn call_number(change: &Change) -> Option<u32> {
    let (Change::Status(key, _) | Change::StatusRemoved(key)) = change else {
        return None;
    };
    let first = key.segments().first()?;
    (first.name.eq_ignore_ascii_case("Call")).then_some(first.index?)
}

fn leaf(key: &Key) -> Option<&str> {
    match key.segments() {
        [_, leaf] => Some(leaf.name.as_str()),
        _ => None,
    }
}

fn news(reports: &[Report]) -> BTreeMap<u32, News> {
    let mut all: BTreeMap<u32, News> = BTreeMap::new();
    for change in reports.iter().flat_map(|report| &report.changes) {
        let Some(number) = call_number(change).filter(|number| *number <= MOST) else {
            continue;
        };
        let news = all.entry(number).or_default();
        match change {
            Change::Status(key, value) => {
                let text = || value.as_str().map(ToOwned::to_owned);
                match leaf(key) {
                    Some("Status") => news.status = text(),
                    Some("RemoteNumber") => news.number = text(),
                    Some("DisplayName") => news.name = text(),
                    Some("Direction") => news.incoming = value == &Value::from("Incoming"),
                    _ => {}
                }
            }
            Change::StatusRemoved(key) if key.segments().len() == 1 => news.gone = true,
            _ => {}
        }
    }
    all
}

impl Platform {
    /// Follows what a device reports of its calls.
    pub(crate) async fn follow_calls(
        &self,
        device: &LinkedDevice,
        place: &Place,
        reports: &[Report],
    ) -> Result<()> {
        for (number, news) in news(reports) {
            let name = format!("{}/{number}", device.id.uuid());
            self.retrying(|| self.follow_call(device.id, place, &name, &news))
                .await?;
        }
        Ok(())
    }

    async fn follow_call(&self, device: DeviceId, place: &Place, name: &str, news: &News) -> Result<()> {
        let find = Find::new(Call::KIND, place.org, Call::BY_DEVICE_CALL, name, 1);
        let found = self.list::<Call>(find).await?.items.into_iter().next();
        let Some(kept) = found else {
            let Some(number) = news.number.as_deref().filter(|_| !news.gone) else {
                return Ok(());
            };
            let other = self.call_party(place.org, number, news.name.as_deref()).await?;
            let Some(own) = self.party_of_device(device, place).await? else {
                return Ok(());
            };
            let (from, to) = if news.incoming { (other, own) } else { (own, other) };
            let mut call = Call::begin(place.org, from, to, self.now());
            call.device = Some(name.to_owned());
            let mut told = call.told_at_begin();
            if news.status.as_deref() == Some("Connected") {
                told.extend(call.step(Step::Answer, Side::Terminator, self.now())?);
            }
            return self.commit_with(vec![put_new(&call)?], told).await;
        };
        // The device is on the side that is not the other's.
        let own_id = (place.workspace, device);
        let own = if kept.originator.party.workspace == own_id.0 && place.workspace.is_some() {
            Side::Originator
        } else if place.workspace.is_some() || news.incoming {
            Side::Terminator
        } else {
            Side::Originator
        };
        let held = kept.leg(own).state == State::Held;
        let step = match news.status.as_deref() {
            _ if news.gone => Step::Disconnect,
            Some("Connected") if kept.answered.is_none() => Step::Answer,
            Some("Connected") if held => Step::Resume,
            Some("OnHold") if !held && kept.answered.is_some() => Step::Hold,
            _ => return Ok(()),
        };
        let by = if step == Step::Answer {
            Side::Terminator
        } else {
            own
        };
        self.take_step(&kept, step, by).await.map(drop)
    }

    /// Whose calls a device makes: its person's, or its workspace's.
    async fn party_of_device(&self, device: DeviceId, place: &Place) -> Result<Option<Party>> {
        if let Some(workspace) = place.workspace {
            return Ok(Some(
                self.call_party(place.org, &workspace.to_string(), None).await?,
            ));
        }
        let device = self.store.device(device).await.doing("reading a device")?;
        let Some(person) = device.and_then(|device| device.person) else {
            return Ok(None);
        };
        let person = self.person_of_id(place.org, person).await?;
        Ok(person.as_ref().map(Self::party_of))
    }

    /// Ends the calls of a device whose link went: it has none when it comes back.
    pub(crate) async fn end_calls_of(&self, org: OrgId, device: DeviceId) -> Result<()> {
        let value = device.uuid().to_string();
        let find = Find::new(Call::KIND, org, Call::BY_DEVICE, value, MOST as usize);
        for kept in self.list::<Call>(find).await?.items {
            match self.end_call(&kept).await {
                Ok(()) | Err(Error::Stale) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn end_call(&self, kept: &Kept<Call>) -> Result<()> {
        self.take_step(kept, Step::Disconnect, Side::Originator)
            .await
            .map(drop)
    }
}
