//! How much the store costs over SQLite itself: a device by its id, through the port and through a bare
//! prepared statement on the same file with the same JSON to read. Both in turns, so that a busy machine
//! hits both. `cargo run --release -p hallway-store --example read_rate`

#![allow(clippy::print_stdout, reason = "it prints what it measured")]

use std::error::Error;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use hallway_platform::device::Device;
use hallway_platform::ports::{Store, Write};
use hallway_store::SqlStore;
use hallway_wire::id::{DeviceId, OrgId};

const DEVICES: usize = 10_000;
const ROUNDS: usize = 20;
const READS: usize = 10_000;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("hallway.db");
    let store = SqlStore::open(&path)?;
    let org = OrgId::random();
    let devices = (0..DEVICES)
        .map(|n| device(org, n))
        .collect::<Result<Vec<_>, _>>()?;
    let ids: Vec<DeviceId> = devices.iter().map(|device| device.id).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(store.commit(devices.into_iter().map(Write::PutDevice).collect()))?;

    let bare =
        rusqlite::Connection::open_with_flags_and_vfs(&path, rusqlite::OpenFlags::default(), "unix-excl")?;
    bare.pragma_update(None, "mmap_size", 256 << 20)?;
    let mut by_id = bare.prepare("SELECT doc FROM device WHERE id = ?1")?;
    let (mut through_store, mut through_bare) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let started = Instant::now();
        for read in 0..READS {
            let id = ids[(round * 31 + read * 7919) % DEVICES];
            assert_eq!(at_once(store.device(id))?.map(|device| device.id), Some(id));
        }
        through_store.push(started.elapsed());
        let started = Instant::now();
        for read in 0..READS {
            let id = ids[(round * 31 + read * 7919) % DEVICES];
            let device = by_id.query_row([id.uuid().as_bytes()], |row| {
                Ok(serde_json::from_str::<Device>(row.get_ref(0)?.as_str()?))
            })??;
            assert_eq!(device.id, id);
        }
        through_bare.push(started.elapsed());
    }
    let (store, bare) = (median(through_store), median(through_bare));
    println!(
        "store {store:.2?} a read, bare SQLite {bare:.2?}, ratio {:.3}",
        store.as_secs_f64() / bare.as_secs_f64()
    );
    Ok(())
}

/// The time of one read in the round in the middle.
fn median(mut rounds: Vec<Duration>) -> Duration {
    rounds.sort();
    rounds[rounds.len() / 2] / u32::try_from(READS).unwrap_or(u32::MAX)
}

/// A question to SQLite is answered in its first poll.
fn at_once<T>(question: impl Future<Output = T>) -> T {
    match pin!(question).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => unreachable!("questions do not wait"),
    }
}

fn device(org: OrgId, n: usize) -> Result<Device, serde_json::Error> {
    let json = serde_json::json!({
        "id": DeviceId::random(), "org": org, "display_name": format!("Board {n}"),
        "product": "Cisco Board Pro 55", "product_code": "barents_70d", "kind": "roomdesk", "xapi": true,
        "tags": ["first floor", "video"], "ip": "10.20.30.40", "mac": "AA:BB:CC:DD:EE:FF",
        "serial": format!("FOC{n:08}"), "software": "RoomOS 11.20.1.7 abcdef", "upgrade_channel": "stable",
        "primary_sip_url": "board@example.rooms.webex.com", "sip_urls": ["board@example.rooms.webex.com"],
        "managed_by": "CISCO", "device_platform": "cisco", "link_token": vec![7; 32],
        "created": "2026-03-04T05:06:07.089Z", "first_seen": "2026-03-04T05:06:07.089Z",
        "last_seen": "2026-03-05T05:06:07.089Z",
    });
    serde_json::from_str(&json.to_string())
}
