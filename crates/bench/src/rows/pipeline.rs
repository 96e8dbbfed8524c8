//! From a device's WebSocket to a webhook or a long poll.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;

use super::Plan;
use crate::client::{Connection, request};
use crate::frames;
use crate::house::{Channel, House, STATUS, scratch};
use crate::links::{self, Door, Link};
use crate::process::Process;
use crate::receiver::Receiver;
use crate::report::Line;
use crate::stats::median;

/// Devices that report.
const LINKS: usize = 64;

/// Most reports that are begun and not yet delivered.
const MOST_OPEN: u64 = 16_384;

/// One side of the comparison.
struct Side {
    process: Process,
    links: Vec<Arc<Link>>,
}

/// Hallway with devices that are linked up.
async fn hallway(plan: &Plan, devices: usize) -> Result<(House, Vec<Arc<Link>>)> {
    let house = House::durable(&plan.hallway).await?;
    let workspace = house.workspace("Bench").await?;
    let doors: Vec<Door> = house
        .devices(&workspace, devices)
        .await?
        .into_iter()
        .map(|(_, door)| door)
        .collect();
    let links = links::open(&doors).await?;
    Ok((house, links))
}

/// The plain loop with as many links.
async fn relay(template: &[u8], dir: &TempDir, target: Option<SocketAddr>) -> Result<Side> {
    let file = dir.path().join("template.json");
    std::fs::write(&file, template)?;
    let log = dir.path().join("relay.log");
    let mut args = vec![
        "--template".to_owned(),
        file.display().to_string(),
        "--log".to_owned(),
        log.display().to_string(),
    ];
    if let Some(target) = target {
        args.extend(["--target".to_owned(), target.to_string()]);
    }
    let process = Process::own("relay", &args)?;
    let door = Door {
        address: process.address()?,
        path: "/".to_owned(),
        authorization: "none".to_owned(),
    };
    let links = links::open(&vec![door; LINKS]).await?;
    Ok(Side { process, links })
}

/// What a flood of reports cost.
#[derive(Default)]
struct Floods {
    per_second: Vec<f64>,
    cpu_per_1000: Vec<f64>,
}

impl Floods {
    fn note(&mut self, total: u64, start: Instant, cpu: f64) {
        self.per_second.push(total as f64 / start.elapsed().as_secs_f64());
        self.cpu_per_1000.push(cpu * 1000.0 / total as f64);
    }
}

/// Row 1.
pub(super) async fn webhook(plan: &Plan) -> Result<Vec<Line>> {
    let receiver = Receiver::start().await?;
    let (house, links) = hallway(plan, LINKS).await?;
    house
        .integration(&[STATUS], &Channel::Webhook(receiver.url()))
        .await?;
    links::flood(&links, LINKS as u64, MOST_OPEN, || 0).await?;
    receiver.reach(LINKS as u64).await?;
    let dir = scratch()?;
    let bare = relay(&receiver.first_body()?, &dir, Some(receiver.address)).await?;
    let sides = [
        Side {
            process: house.process,
            links,
        },
        bare,
    ];

    let total = plan.pick(32_000, 128_000);
    let mut floods = [Floods::default(), Floods::default()];
    let mut calm = [(Vec::new(), Vec::new()), (Vec::new(), Vec::new())];
    for _ in 0..plan.rounds {
        for (at, side) in sides.iter().enumerate() {
            flood(side, &receiver, total, &mut floods[at]).await?;
        }
        for (at, side) in sides.iter().enumerate() {
            let (p50, p99) = paced(side, &receiver, 500.0, plan.pick(2, 5)).await?;
            calm[at].0.push(p50);
            calm[at].1.push(p99);
        }
    }
    let most = [median(&floods[0].per_second), median(&floods[1].per_second)];
    let mut half = [Vec::new(), Vec::new()];
    for _ in 0..plan.rounds {
        for (at, side) in sides.iter().enumerate() {
            half[at].push(paced(side, &receiver, most[at] / 2.0, plan.pick(2, 4)).await?.1);
        }
    }
    let cpu = [median(&floods[0].cpu_per_1000), median(&floods[1].cpu_per_1000)];
    Ok(vec![
        Line::rate("throughput, 64 links", most[0], most[1], 0.8),
        Line::amount("CPU per 1000", cpu[0], Some(cpu[1]), "s", 0.05),
        Line::amount(
            "p50 at 500/s",
            median(&calm[0].0),
            Some(median(&calm[1].0)),
            "ms",
            0.6,
        ),
        Line::amount(
            "p99 at 500/s",
            median(&calm[0].1),
            Some(median(&calm[1].1)),
            "ms",
            1.5,
        ),
        Line::amount(
            "p99 at half of own maximum",
            median(&half[0]),
            Some(median(&half[1])),
            "ms",
            10.0,
        ),
    ])
}

async fn flood(side: &Side, receiver: &Receiver, total: u64, floods: &mut Floods) -> Result<()> {
    let before = receiver.count();
    let cpu = side.process.cpu_seconds()?;
    let start = Instant::now();
    let counter = receiver.clone();
    links::flood(&side.links, total, MOST_OPEN, move || counter.count() - before).await?;
    receiver.reach(before + total).await?;
    floods.note(total, start, side.process.cpu_seconds()? - cpu);
    Ok(())
}

/// p50 and p99 at a steady rate.
async fn paced(side: &Side, receiver: &Receiver, per_second: f64, seconds: u64) -> Result<(f64, f64)> {
    let before = receiver.count();
    receiver.sample();
    let sent = links::pace(&side.links, per_second, Duration::from_secs(seconds)).await?;
    receiver.reach(before + sent).await?;
    let times = receiver.sampled();
    if times.len() as u64 != sent {
        bail!("{} of {sent} notifications were measured", times.len());
    }
    Ok((times.percentile_ms(50.0), times.percentile_ms(99.0)))
}

/// Row 2.
pub(super) async fn drain(plan: &Plan) -> Result<Vec<Line>> {
    let receiver = Receiver::start().await?;
    let devices = 2 * LINKS;
    let (house, links) = hallway(plan, devices).await?;
    house
        .integration(&[STATUS], &Channel::Webhook(receiver.url()))
        .await?;
    links::flood(&links, devices as u64, MOST_OPEN, || 0).await?;
    receiver.reach(devices as u64).await?;
    let total = plan.pick(12_800u64, 51_200);
    let dir = scratch()?;
    let file = dir.path().join("body.json");
    std::fs::write(&file, receiver.first_body()?)?;
    let args = [
        "--target",
        &receiver.address.to_string(),
        "--body",
        &file.display().to_string(),
        "--count",
        &total.to_string(),
    ]
    .map(str::to_owned);
    let mut bare = Process::own("drain", &args)?;
    let mut rates = [Vec::new(), Vec::new()];
    let mut costs = [Vec::new(), Vec::new()];
    for _ in 0..plan.rounds {
        let before = receiver.count();
        receiver.set_open(false);
        links::flood(&links, total, u64::MAX, || 0).await?;
        let cpu = house.process.cpu_seconds()?;
        let start = Instant::now();
        receiver.set_open(true);
        receiver.reach(before + total).await?;
        rates[0].push(total as f64 / start.elapsed().as_secs_f64());
        costs[0].push((house.process.cpu_seconds()? - cpu) * 1000.0 / total as f64);

        let before = receiver.count();
        let cpu = bare.cpu_seconds()?;
        let start = Instant::now();
        bare.go()?;
        receiver.reach(before + total).await?;
        rates[1].push(total as f64 / start.elapsed().as_secs_f64());
        costs[1].push((bare.cpu_seconds()? - cpu) * 1000.0 / total as f64);
    }
    let rate = [median(&rates[0]), median(&rates[1])];
    Ok(vec![Line::rate("webhooks, 128 devices", rate[0], rate[1], 0.6)])
}

/// Somebody who polls without pause.
struct Poller {
    messages: Arc<AtomicU64>,
    answers: Arc<AtomicU64>,
    task: tokio::task::JoinHandle<Result<()>>,
}

impl Poller {
    async fn start(address: SocketAddr, path: &str, token: &str) -> Result<Self> {
        let mut connection = Connection::open(address).await?;
        let request = request("GET", path, Some(token), None);
        let (messages, answers) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let (counted, answered) = (Arc::clone(&messages), Arc::clone(&answers));
        let task = tokio::spawn(async move {
            loop {
                let (status, body) = connection.ask(&request).await?;
                if status != 200 {
                    bail!("a poll was answered {status}: {}", String::from_utf8_lossy(body));
                }
                let found = frames::count_values(body);
                answered.fetch_add(1, Ordering::AcqRel);
                counted.fetch_add(found, Ordering::AcqRel);
            }
        });
        Ok(Self {
            messages,
            answers,
            task,
        })
    }

    fn count(&self) -> u64 {
        self.messages.load(Ordering::Acquire)
    }

    async fn reach(&self, target: u64) -> Result<()> {
        let start = Instant::now();
        while self.count() < target {
            if self.task.is_finished() {
                bail!("a poll failed");
            }
            if start.elapsed() > Duration::from_secs(60) {
                bail!("only {} of {target} messages were polled", self.count());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(())
    }
}

impl Drop for Poller {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Row 3.
pub(super) async fn poll(plan: &Plan) -> Result<Vec<Line>> {
    let (house, links) = hallway(plan, LINKS).await?;
    let (token, path) = house.integration(&[STATUS], &Channel::Queue).await?;
    let path = path.context("the integration has no pollUrl")?;
    let template = one_message(&house, &links, &path, &token).await?;
    let poller = Poller::start(house.address, &path, &token).await?;
    let dir = scratch()?;
    let bare = relay(&template, &dir, None).await?;
    let bare_poller = Poller::start(bare.process.address()?, "/poll", "none").await?;
    let sides = [
        (
            Side {
                process: house.process,
                links,
            },
            poller,
        ),
        (bare, bare_poller),
    ];

    let total = plan.pick(32_000, 128_000);
    let mut floods = [Floods::default(), Floods::default()];
    let mut batches = [Vec::new(), Vec::new()];
    for _ in 0..plan.rounds {
        for (at, (side, poller)) in sides.iter().enumerate() {
            let (before, answers) = (poller.count(), poller.answers.load(Ordering::Acquire));
            let cpu = side.process.cpu_seconds()?;
            let start = Instant::now();
            let counter = Arc::clone(&poller.messages);
            let done = move || counter.load(Ordering::Acquire).saturating_sub(before);
            links::flood(&side.links, total, MOST_OPEN, done).await?;
            poller.reach(before + total).await?;
            floods[at].note(total, start, side.process.cpu_seconds()? - cpu);
            batches[at].push(total as f64 / (poller.answers.load(Ordering::Acquire) - answers).max(1) as f64);
        }
    }
    let rate = [median(&floods[0].per_second), median(&floods[1].per_second)];
    let mut line = Line::rate("messages, one poller", rate[0], rate[1], 0.8);
    line.what
        .push_str(&format!(" ({:.0} in an answer)", median(&batches[0])));
    Ok(vec![line])
}

/// A notification as it is polled, alone.
async fn one_message(house: &House, links: &[Arc<Link>], path: &str, token: &str) -> Result<Vec<u8>> {
    links::flood(&links[..1], 1, MOST_OPEN, || 0).await?;
    let mut connection = house.connect().await?;
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(20) {
        let (_, body) = connection.ask(&request("GET", path, Some(token), None)).await?;
        let answer: serde_json::Value = serde_json::from_slice(body)?;
        let messages = answer["messages"].as_array().into_iter().flatten();
        for message in messages.map(ToString::to_string) {
            if frames::count_values(message.as_bytes()) == 1 {
                return Ok(message.into_bytes());
            }
        }
    }
    bail!("no notification could be polled")
}
