//! Pages of lists: what they cost must not grow with the list.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use hallway_platform::org::{Person, PersonKind};
use hallway_platform::ports::{Store as _, Write};
use hallway_store::SqlStore;
use hallway_wire::Timestamp;
use hallway_wire::control::AuditEvent;
use hallway_wire::id::{OrgId, PersonId};
use serde_json::json;

use super::Plan;
use crate::client::{self, hammer, request};
use crate::house::House;
use crate::report::Line;
use crate::stats::median;

/// Clients that ask at the same time.
const CLIENTS: usize = 8;
/// Records in one commit while the store is filled.
const BATCH: usize = 1000;
/// A page is asked for behind so many others.
const DEPTH: usize = 10;
/// When the filled-in events happened: within the span that is asked for.
const SPAN: (&str, &str) = ("2026-01-01T00:00:00.000Z", "2026-06-30T00:00:00.000Z");
const FIRST_EVENT: Timestamp = Timestamp(1_767_600_000_000);

/// How much there is.
#[derive(Clone, Copy, Debug)]
struct Size {
    people: usize,
    devices: usize,
    events: usize,
}

/// Row 12.
pub(super) async fn run(plan: &Plan) -> Result<Vec<Line>> {
    let few = Size {
        people: 1100,
        devices: 1100,
        events: 1100,
    };
    let many = Size {
        people: plan.pick(20_000, 100_000),
        devices: plan.pick(2_000, 10_000),
        events: plan.pick(100_000, 1_000_000),
    };
    let small = Filled::start(plan, few).await?;
    let large = Filled::start(plan, many).await?;
    let mut lines = Vec::new();
    for (what, path, count) in [
        ("people", "/v1/people?max=100".to_owned(), many.people),
        ("devices", "/v1/devices?max=100".to_owned(), many.devices),
        (
            "audit events",
            format!(
                "/v1/adminAudit/events?max=100&from={}&to={}&orgId=",
                SPAN.0, SPAN.1
            ),
            many.events,
        ),
    ] {
        for depth in [0, DEPTH] {
            let asks = [small.ask(&path, depth).await?, large.ask(&path, depth).await?];
            let mut micros = [Vec::new(), Vec::new()];
            let time = Duration::from_millis(plan.pick(500, 2000));
            for _ in 0..plan.rounds {
                for ((filled, ask), micros) in [&small, &large].into_iter().zip(&asks).zip(&mut micros) {
                    micros.push(1e6 / hammer(filled.house.address, ask, CLIENTS, time).await?);
                }
            }
            let place = if depth == 0 { "first page" } else { "page 11" };
            let what = format!("{place} of {count} {what}");
            lines.push(Line::times(
                &what,
                median(&micros[1]),
                median(&micros[0]),
                "µs",
                1.1,
            ));
        }
    }
    Ok(lines)
}

/// A Hallway with so much in it.
struct Filled {
    house: House,
    org: OrgId,
}

impl Filled {
    async fn start(plan: &Plan, size: Size) -> Result<Self> {
        let house = House::durable(&plan.hallway).await?;
        let mut connection = house.connect().await?;
        let me = client::json(&mut connection, "GET", "/v1/people/me", Some(&house.token), None).await?;
        let org: OrgId = me["orgId"]
            .as_str()
            .context("no orgId")?
            .parse()
            .context("orgId")?;
        // Rooms of a hundred devices: more than anybody has in one place, few enough to be quick.
        for room in 0..size.devices.div_ceil(100) {
            let workspace = house.workspace(&format!("Room {room}")).await?;
            let left = size.devices - room * 100;
            house.devices(&workspace, left.min(100)).await?;
        }
        drop(connection);
        let house = house.refilled(async |dir| fill(dir, org, size).await).await?;
        Ok(Self { house, org })
    }

    /// The request for a page, behind so many others. Where the path ends in `=`, the organization is meant.
    async fn ask(&self, path: &str, depth: usize) -> Result<Vec<u8>> {
        let house = &self.house;
        let mut connection = house.connect().await?;
        let mut path = match path.strip_suffix('=') {
            Some(parameter) => format!("{parameter}={}", self.org),
            None => path.to_owned(),
        };
        for _ in 0..depth {
            let (status, body) = connection
                .ask(&request("GET", &path, Some(&house.token), None))
                .await?;
            anyhow::ensure!(
                status == 200,
                "{path}: {status}: {}",
                String::from_utf8_lossy(body)
            );
            let next = connection.next_page();
            path = next.with_context(|| format!("{path} has no next page"))?;
        }
        let ask = request("GET", &path, Some(&house.token), None);
        let (status, body) = connection.ask(&ask).await?;
        let answer: serde_json::Value = serde_json::from_slice(body).unwrap_or(json!(null));
        let items = answer["items"].as_array().map_or(0, Vec::len);
        anyhow::ensure!(
            status == 200 && items == 100,
            "{path}: {status} with {items} items: {}",
            String::from_utf8_lossy(&body[..body.len().min(300)])
        );
        Ok(ask)
    }
}

/// Puts people and events into the store of a Hallway that is not running.
async fn fill(dir: &Path, org: OrgId, size: Size) -> Result<()> {
    let store = SqlStore::open(dir.join("hallway.db"))?;
    let mut numbers = 0..size.people;
    while !numbers.is_empty() {
        let batch = numbers.by_ref().take(BATCH).map(|number| {
            let (email, name) = (format!("p{number}@example.com"), format!("Person {number:06}"));
            Write::PutPerson(Person::new(
                PersonId::random(),
                org,
                PersonKind::Person,
                email,
                name,
                FIRST_EVENT,
            ))
        });
        store.commit(batch.collect()).await.context("storing people")?;
    }
    let mut numbers = 0..size.events;
    while !numbers.is_empty() {
        let batch = numbers
            .by_ref()
            .take(BATCH)
            .map(|number| Write::Audit(event(org, number)));
        store.commit(batch.collect()).await.context("storing events")?;
    }
    Ok(())
}

fn event(org: OrgId, number: usize) -> AuditEvent {
    AuditEvent {
        id: uuid::Uuid::now_v7().to_string(),
        created: FIRST_EVENT.plus_millis(i64::try_from(number).unwrap_or(i64::MAX)),
        org_id: org,
        actor_id: None,
        actor_org_id: None,
        actor_name: "Benchmark".to_owned(),
        event: "person.updated".to_owned(),
        target: format!("Person {number}"),
        description: "changed a member".to_owned(),
        tracking_id: String::new(),
        category: "USERS".to_owned(),
        security: false,
        actor_email: None,
        actor_user_agent: None,
        actor_ip: None,
        admin_roles: Vec::new(),
        target_id: None,
    }
}
