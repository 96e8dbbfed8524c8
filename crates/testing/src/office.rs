//! The office itself.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hallway::{Data, Demo, House, HouseConfig, Time};
use hallway_device::office::OfficePlan;
use hallway_platform::Config;
use hallway_sdk::Client;
use hallway_sdk::client::{RateLimit, RetryPolicy};
use hallway_wire::id::OrgId;
use tempfile::TempDir;

use crate::clock::TestClock;
use crate::fault::{Fault, Ordered};
use crate::install::Installed;
use crate::room::{Room, RoomBuilder, TestDevice};
use crate::waiting::within;

/// The demo office is always the same one.
const SEED: u64 = 1;
const YEARS: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// A running Hallway with one organization, its rooms, and an administrator.
///
/// Close it at the end; a test that forgets that fails, unless it failed already.
#[expect(missing_debug_implementations, reason = "a House has none")]
pub struct Office {
    house: Option<House>,
    config: HouseConfig,
    url: String,
    org: OrgId,
    admin: Client,
    token: String,
    clock: Arc<TestClock>,
    rooms: Mutex<Vec<Room>>,
    /// Goes with the office.
    _dir: Option<TempDir>,
}

/// Settings of an office.
#[must_use]
#[derive(Clone, Debug, Default)]
pub struct OfficeBuilder {
    demo: bool,
    durable: bool,
    data_dir: Option<PathBuf>,
    requests_per_minute: Option<u32>,
    platform: Config,
}

impl OfficeBuilder {
    /// With the people, rooms and devices of the demo office, in which nothing happens by itself.
    pub fn demo(mut self) -> Self {
        self.demo = true;
        self
    }

    /// On disk, so that it can be [restarted](Office::restart).
    pub fn durable(mut self) -> Self {
        self.durable = true;
        self
    }

    /// On disk, in this folder.
    pub fn data_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.data_dir = Some(dir.into());
        self
    }

    /// How many requests it takes per minute and token; any number if nothing is said.
    pub fn requests_per_minute(mut self, requests: u32) -> Self {
        self.requests_per_minute = Some(requests);
        self
    }

    /// Changes settings of the platform: how long a poll is held, how soon a delivery is tried again.
    pub fn platform(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.platform);
        self
    }

    /// Opens the office.
    ///
    /// # Panics
    /// It could not be opened.
    pub async fn start(self) -> Office {
        Office::open(self).await
    }
}

impl Office {
    /// An empty office in memory: an organization, a location, an administrator.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// The demo office, in memory.
    pub async fn demo() -> Self {
        Self::builder().demo().start().await
    }

    /// An office with settings. Times are short: polls are held for a second, deliveries tried again at once.
    pub fn builder() -> OfficeBuilder {
        OfficeBuilder {
            platform: Config {
                allow_http: true,
                poll_hold: Duration::from_secs(1),
                full_sync_every: Duration::ZERO,
                delivery_timeout: Duration::from_secs(5),
                retry_first: Duration::from_millis(20),
                retry_max: Duration::from_millis(160),
                push_retry_first: Duration::from_millis(20),
                push_retry_max: Duration::from_millis(160),
                // The clock may be moved far.
                admin_token_life: YEARS,
                ..Config::default()
            },
            ..OfficeBuilder::default()
        }
    }

    async fn open(settings: OfficeBuilder) -> Self {
        let clock = TestClock::start();
        let dir = settings.durable.then(|| tempfile::tempdir().unwrap());
        let data = settings
            .data_dir
            .or(dir.as_ref().map(|dir| dir.path().join("data")));
        let config = HouseConfig {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            data: data.map_or(Data::Ephemeral, Data::Dir),
            demo: settings.demo.then_some(Demo {
                seed: SEED,
                speed: 0.0,
            }),
            requests_per_minute: settings
                .requests_per_minute
                .and_then(|number| number.try_into().ok()),
            private_targets: true,
            time: Time::Manual(Arc::clone(&clock.timer)),
            office: true,
            platform: settings.platform,
            ..HouseConfig::default()
        };
        let mut house = within("the office opens", House::start(config.clone()))
            .await
            .unwrap();
        house.ensure_token().await.unwrap();
        let url = house.ready.url.clone();
        let token = house.ready.admin_token.as_ref().unwrap().expose().to_owned();
        let org = house.ready.org_id.expect("an office has an organization");
        let mut office = Self {
            admin: client(&url, &token),
            config: HouseConfig {
                // The same address after a restart; the devices are there already.
                listen: url.trim_start_matches("http://").parse().unwrap(),
                demo: None,
                ..config
            },
            house: Some(house),
            url,
            org,
            token,
            clock,
            rooms: Mutex::default(),
            _dir: dir,
        };
        if settings.demo {
            office.move_in();
        }
        office
    }

    /// Knows the rooms of the demo office.
    fn move_in(&mut self) {
        let plan = OfficePlan::demo(SEED);
        let mut rooms = Vec::new();
        for workspace in plan.workspaces {
            let devices = plan
                .devices
                .iter()
                .filter(|device| device.workspace == Some(workspace.id) && device.accessory_of.is_none());
            let living = devices.filter_map(|device| self.house().devices.get(device.spec.id));
            let devices = living.map(|device| self.live(device)).collect();
            rooms.push(Room {
                name: workspace.name,
                id: workspace.id,
                devices,
            });
        }
        *self.rooms.get_mut().unwrap_or_else(PoisonError::into_inner) = rooms;
    }

    fn live(&self, device: hallway_device::SimulatedDevice) -> TestDevice {
        self.clock.follows(device.clone());
        TestDevice::new(self, device)
    }

    /// The room of this name; it is made, with a Room Bar in it, if there is none.
    pub async fn room(&self, name: &str) -> Room {
        let known = self.all_rooms().into_iter().find(|room| room.name == name);
        match known {
            Some(room) => room,
            None => self.make(Self::plan_room(name)).await,
        }
    }

    /// A room to order, for [`Office::make`].
    pub fn plan_room(name: &str) -> RoomBuilder {
        RoomBuilder::new(name)
    }

    /// Makes a room.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// use hallway_testing::{Office, ProductModel};
    ///
    /// let office = Office::start().await;
    /// let plan = Office::plan_room("Auditorium").with(ProductModel::RoomKitEq).for_people(40).navigator();
    /// let room = office.make(plan).await;
    /// room.device().set("RoomAnalytics.PeopleCount.Current", 31).await;
    /// office.close().await;
    /// # });
    /// ```
    pub async fn make(&self, room: RoomBuilder) -> Room {
        let office = self.house().office.as_ref().expect("it was started as an office");
        let name = room.0.name.clone();
        let made = office
            .make(room.0)
            .await
            .unwrap_or_else(|error| panic!("{error:#}"));
        let room = Room {
            name,
            id: made.workspace,
            devices: made.devices.into_iter().map(|device| self.live(device)).collect(),
        };
        self.rooms
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(room.clone());
        room
    }

    /// All of its rooms.
    pub fn all_rooms(&self) -> Vec<Room> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Where it is: scheme, host and port.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where its REST API is.
    pub fn base_url(&self) -> String {
        format!("{}/v1", self.url)
    }

    /// Where its keys are.
    pub fn jwks_url(&self) -> String {
        format!("{}/jwks", self.url)
    }

    /// The organization.
    pub fn org_id(&self) -> hallway_sdk::OrgId {
        hallway_sdk::OrgId::new(self.org.to_string())
    }

    /// Its full administrator.
    pub fn admin(&self) -> Client {
        self.admin.clone()
    }

    /// The administrator's token, for programs that are not written with the SDK.
    pub fn admin_token(&self) -> &str {
        &self.token
    }

    /// Its clock.
    pub fn clock(&self) -> Arc<TestClock> {
        Arc::clone(&self.clock)
    }

    /// The House itself, for what this crate has no words for.
    pub fn house(&self) -> &House {
        self.house.as_ref().expect("the office is open")
    }

    /// Uploads a manifest and activates the integration, with every permission that it asks for.
    pub async fn install(&self, manifest: &str) -> Installed {
        self.install_without(manifest, &[]).await
    }

    /// Uploads a manifest and activates the integration, without these optional scopes and xAPI paths.
    pub async fn install_without(&self, manifest: &str, denied: &[&str]) -> Installed {
        Installed::new(&self.admin, &self.url, &self.clock, manifest, denied).await
    }

    /// Lets something go wrong.
    pub async fn fault(&self, fault: Fault) -> Ordered {
        fault.order(&self.admin, &self.url).await
    }

    /// Stops the platform and starts it again, at the same address and over the same data; the devices stay on and
    /// link up again. Faults end.
    ///
    /// # Panics
    /// The office is in memory only, see [`OfficeBuilder::durable`].
    pub async fn restart(&mut self) {
        assert!(
            matches!(self.config.data, Data::Dir(_)),
            "an office in memory cannot be restarted: say Office::builder().durable()"
        );
        self.shut().await;
        self.reopen().await;
    }

    /// Stops the platform; [`Office::reopen`] starts it again.
    pub async fn shut(&mut self) {
        let house = self.house.take().expect("the office is open");
        assert!(
            house.close(Duration::from_secs(20)).await,
            "something was still running after 20 s"
        );
    }

    /// Starts the platform that was [shut](Office::shut).
    pub async fn reopen(&mut self) {
        let started = within("the office opens again", House::start(self.config.clone())).await;
        let house = started.unwrap_or_else(|error| panic!("{error:#}"));
        for room in self.all_rooms() {
            for device in room.devices {
                house.devices.add(device.simulated().clone()).await.unwrap();
            }
        }
        self.house = Some(house);
    }

    /// Ends it, in time.
    pub async fn close(mut self) {
        self.shut().await;
    }
}

impl Drop for Office {
    fn drop(&mut self) {
        if self.house.is_some() && !std::thread::panicking() {
            panic!("an office was left open: end the test with office.close().await");
        }
    }
}

/// A client that neither waits for its own limit nor repeats anything: a test wants to see what is.
fn client(url: &str, token: &str) -> Client {
    Client::builder(format!("{url}/v1"))
        .personal_token(token)
        .rate_limit(RateLimit::none())
        .retry(RetryPolicy::never())
        .build()
        .unwrap()
}
