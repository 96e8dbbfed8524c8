//! `kill -9` in the middle of changes, again and again: what was acknowledged is there, and arrives in order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::support::binary::{OFFICE, Served};
use crate::support::device::{Link, Registered, register};
use crate::support::integration::{activation_code, app_of, manifest, upload};
use crate::support::waiting::DEADLINE;
use crate::support::{Client, Integration, Receiver, eventually, within};

const ROUNDS: usize = 30;
const PEOPLE: &str = "RoomAnalytics.PeopleCount.Current";
const SECRET: &str = "a secret of twenty characters";

/// Most reports of one device that wait for their acknowledgement.
const WINDOW: usize = 8;

/// What each device's changes were acknowledged, and the number of its next one. Numbers are never used twice.
#[derive(Debug, Default)]
struct Said {
    acknowledged: BTreeMap<String, Vec<i64>>,
    next: BTreeMap<String, i64>,
}

impl Said {
    fn number(&mut self, device: &str) -> i64 {
        let next = self.next.entry(device.to_owned()).or_insert(0);
        *next += 1;
        *next
    }

    fn acknowledge(&mut self, device: &str, number: i64) {
        self.acknowledged
            .entry(device.to_owned())
            .or_default()
            .push(number);
    }
}

/// What one listener heard of each device, in the order of hearing; full syncs are no news.
#[derive(Debug, Default)]
struct Heard(Mutex<BTreeMap<String, Vec<i64>>>);

impl Heard {
    fn note(&self, message: &Value) {
        if message["isFullSync"] == false
            && let Some(number) = message["changes"]["updated"][PEOPLE].as_i64()
        {
            let device = message["deviceId"].as_str().unwrap().to_owned();
            self.0.lock().unwrap().entry(device).or_default().push(number);
        }
    }

    /// What is missing of what was acknowledged.
    fn missing(&self, said: &Said) -> Vec<(String, i64)> {
        let heard = self.0.lock().unwrap();
        let mut missing = Vec::new();
        for (device, numbers) in &said.acknowledged {
            let of: BTreeSet<i64> = heard.get(device).into_iter().flatten().copied().collect();
            let lost = numbers.iter().filter(|number| !of.contains(number));
            missing.extend(lost.map(|number| (device.clone(), *number)));
        }
        missing
    }

    /// Numbers may come twice, but never for the first time behind a higher one.
    fn check_order(&self) {
        for (device, numbers) in &*self.0.lock().unwrap() {
            let mut seen = BTreeSet::new();
            let first: Vec<i64> = numbers
                .iter()
                .copied()
                .filter(|number| seen.insert(*number))
                .collect();
            assert!(first.is_sorted(), "{device}: {numbers:?}");
        }
    }
}

/// A dialled device reports as fast as it is acknowledged, until the link breaks.
async fn stream(device: Registered, said: Arc<Mutex<Said>>, stop: CancellationToken) -> Option<Link> {
    let link = device.dial().await.ok()?;
    let mut waiting = std::collections::VecDeque::new();
    while !stop.is_cancelled() {
        let number = said.lock().unwrap().number(&device.id);
        waiting.push_back((number, link.people(number)));
        if waiting.len() >= WINDOW {
            let (number, acknowledged) = waiting.pop_front().unwrap();
            if acknowledged.await.is_err() {
                break;
            }
            said.lock().unwrap().acknowledge(&device.id, number);
        }
    }
    for (number, acknowledged) in waiting {
        match acknowledged.await {
            Ok(()) => said.lock().unwrap().acknowledge(&device.id, number),
            Err(_) => break,
        }
    }
    Some(link)
}

/// The administrator moves a simulated device, until the house is gone.
async fn simulate(admin: Client, device: String, said: Arc<Mutex<Said>>, stop: CancellationToken) {
    let target = format!("/hallway/v1/devices/{device}/status");
    while !stop.is_cancelled() {
        let number = said.lock().unwrap().number(&device);
        let request = admin.request("POST", &target, &json!({ "path": PEOPLE, "value": number }));
        match admin.try_send(request).await {
            Ok(answer) if answer.status == 204 => said.lock().unwrap().acknowledge(&device, number),
            _ => return,
        }
    }
}

/// What the administrator was told is done.
#[derive(Debug, Default)]
struct Deeds {
    /// Access tokens and where they are good.
    tokens: Vec<(String, String)>,
    activated: Vec<String>,
    /// The last value of the configuration that was acknowledged, and the last that was asked for.
    volume: (Option<i64>, i64),
}

/// The administrator uploads, activates, exchanges and configures, until the house is gone.
async fn administer(
    admin: Client,
    device: String,
    deeds: Arc<Mutex<Deeds>>,
    stop: CancellationToken,
) -> Option<()> {
    let post = async |target: String, body: Value| {
        let request = admin.request("POST", &target, &body);
        let answer = admin
            .try_send(request)
            .await
            .ok()
            .filter(|answer| answer.status == 200)?;
        Some(answer.json())
    };
    while !stop.is_cancelled() {
        let value = {
            let mut deeds = deeds.lock().unwrap();
            deeds.volume.1 = (deeds.volume.1 + 1) % 100;
            deeds.volume.1
        };
        let target = format!("/v1/deviceConfigurations?deviceId={device}");
        let path = "Audio.DefaultVolume/sources/configured/value";
        let patch = json!([{ "op": "replace", "path": path, "value": value }]);
        let configured = admin
            .try_send(admin.request("PATCH", &target, &patch))
            .await
            .ok()?;
        assert_eq!(configured.status, 201, "{}", configured.text());
        deeds.lock().unwrap().volume.0 = Some(value);

        let asked = manifest(&["Standby.State"], &[]);
        let uploaded = post("/hallway/v1/integrations".to_owned(), asked.clone()).await?;
        let app = app_of(&asked);
        let activated = post(format!("/hallway/v1/integrations/{app}/activate"), json!({})).await?;
        deeds.lock().unwrap().activated.push(app.clone());
        let code = activated["activationCode"].as_str()?;
        use base64::Engine as _;
        let claims = code.split('.').nth(1)?;
        let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD
            .decode(claims)
            .ok()?;
        let claims: Value = serde_json::from_slice(&claims).ok()?;
        let fields = json!({
            "grant_type": "refresh_token", "client_id": uploaded["clientId"],
            "client_secret": uploaded["clientSecret"], "refresh_token": claims["refreshToken"],
        });
        let tokens = post("/v1/access_token".to_owned(), fields).await?;
        let token = tokens["access_token"].as_str()?.to_owned();
        let app_url = claims["appUrl"].as_str()?.to_owned();
        deeds.lock().unwrap().tokens.push((token, app_url));
    }
    Some(())
}

async fn check_deeds(admin: &Client, device: &str, deeds: &mut Deeds) {
    for (token, app_url) in deeds.tokens.drain(..) {
        admin.with_token(&token).get(&app_url).await.expect(200);
    }
    for app in deeds.activated.drain(..) {
        let summary = admin
            .get(&format!("/hallway/v1/integrations/{app}"))
            .await
            .expect(200);
        assert_eq!(summary["state"], "activating");
    }
    let target = format!("/v1/deviceConfigurations?deviceId={device}&key=Audio.DefaultVolume");
    let shown = admin.get(&target).await.expect(200);
    let value = shown["items"]["Audio.DefaultVolume"]["sources"]["configured"]["value"].as_i64();
    let (acknowledged, asked) = deeds.volume;
    // The one that was on its way may have been written or not.
    assert!(
        value == acknowledged || value == Some(asked),
        "{value:?}, acknowledged {acknowledged:?}, asked {asked}"
    );
    deeds.volume.0 = value;
}

async fn poll_forever(integration: Integration, heard: Arc<Heard>) {
    loop {
        let request = integration
            .client
            .request("GET", &integration.poll_url(), &Value::Null);
        match integration.client.try_send(request).await {
            Ok(answer) if answer.status == 200 => {
                for message in answer.json()["messages"].as_array().unwrap() {
                    heard.note(message);
                }
            }
            Ok(answer) => panic!("a poll was answered {}: {}", answer.status, answer.text()),
            // The house is down: a client tries again a little later.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost() {
    let given = std::env::var("HALLWAY_CRASH_SEED").ok();
    let seed: u64 = given.map_or_else(rand::random, |seed| seed.parse().unwrap());
    println!("crash: seed {seed} (HALLWAY_CRASH_SEED={seed} repeats the moments of the kills)");
    let mut random = StdRng::seed_from_u64(seed);
    let dir = tempfile::tempdir().unwrap();
    let mut served = Served::start(dir.path(), "127.0.0.1:0", &[], OFFICE).await;
    let listen = served.address();
    let mut admin = served.admin();

    let devices = admin.get("/v1/devices?capability=xapi").await.expect(200);
    let named = |name: &str| {
        let items = devices["items"].as_array().unwrap();
        let found = items.iter().find(|device| device["displayName"] == name).unwrap();
        found["id"].as_str().unwrap().to_owned()
    };
    let simulated = [named("Board Room"), named("Skerry Bar")];
    let workspaces = admin.get("/v1/workspaces?max=1").await.expect(200);
    let workspace = workspaces["items"][0]["id"].as_str().unwrap().to_owned();
    let mut dialling = Vec::new();
    for number in 0..4 {
        dialling.push(register(&admin, &workspace, number).await);
    }

    let mut receiver = Receiver::start().await;
    let hooked = Integration::activate(&admin, &manifest(&[PEOPLE], &[])).await;
    hooked.listen_by_webhook(&receiver.url, SECRET).await;
    let by_webhook = Arc::new(Heard::default());
    let polled = Integration::activate(&admin, &manifest(&[PEOPLE], &[])).await;
    polled.listen_by_queue().await;
    let by_poll = Arc::new(Heard::default());
    let receiving = tokio::spawn({
        let heard = Arc::clone(&by_webhook);
        async move {
            loop {
                let hook = receiver.next().await;
                hook.check_signature(SECRET);
                heard.note(&hook.json());
            }
        }
    });
    let polling = tokio::spawn(poll_forever(polled.clone(), Arc::clone(&by_poll)));

    let said = Arc::new(Mutex::new(Said::default()));
    let deeds = Arc::new(Mutex::new(Deeds::default()));
    for round in 0..ROUNDS {
        let stop = CancellationToken::new();
        let mut busy = tokio::task::JoinSet::new();
        let mut streams = tokio::task::JoinSet::new();
        for device in &dialling {
            streams.spawn(stream(device.clone(), Arc::clone(&said), stop.clone()));
        }
        for device in &simulated {
            busy.spawn(simulate(
                admin.clone(),
                device.clone(),
                Arc::clone(&said),
                stop.clone(),
            ));
        }
        let administering = administer(
            admin.clone(),
            simulated[0].clone(),
            Arc::clone(&deeds),
            stop.clone(),
        );
        busy.spawn(async move {
            administering.await;
        });
        // The moment of the kill is the point of the test, so it is a time.
        tokio::time::sleep(Duration::from_millis(random.random_range(5..400))).await;
        served.kill().await;
        stop.cancel();
        within("everybody notices", async {
            while busy.join_next().await.is_some() {}
            while streams.join_next().await.is_some() {}
        })
        .await;

        served = Served::start(dir.path(), &listen, &[], OFFICE).await;
        admin = served.admin();
        let mut done = std::mem::take(&mut *deeds.lock().unwrap());
        check_deeds(&admin, &simulated[0], &mut done).await;
        *deeds.lock().unwrap() = done;
        // Every third round everything must have arrived before the next kill; otherwise what is left over
        // from one crash goes into the next.
        if round % 3 == 2 || round + 1 == ROUNDS {
            for (how, heard) in [("webhook", &by_webhook), ("poll", &by_poll)] {
                let arrived = async || heard.missing(&said.lock().unwrap()).is_empty().then_some(());
                let arriving = eventually("what was acknowledged arrives", arrived);
                if tokio::time::timeout(DEADLINE / 2, arriving).await.is_err() {
                    let missing = heard.missing(&said.lock().unwrap());
                    panic!("seed {seed}, round {round}: lost by {how}: {missing:?}");
                }
                heard.check_order();
            }
        }
    }
    assert!(
        !receiving.is_finished() && !polling.is_finished(),
        "a listener failed"
    );
    receiving.abort();
    polling.abort();
    {
        let said = said.lock().unwrap();
        let total: usize = said.acknowledged.values().map(Vec::len).sum();
        println!(
            "crash: {ROUNDS} kills, {total} acknowledged changes of {} devices, all heard twice",
            said.acknowledged.len()
        );
        assert_eq!(said.acknowledged.len(), dialling.len() + simulated.len());
    }
    // After all that it still begins and ends as ever.
    let uploaded = manifest(&["Standby.State"], &[]);
    upload(&admin, &uploaded).await;
    activation_code(&admin, &app_of(&uploaded), json!({})).await;
    served.stop().await;
}
