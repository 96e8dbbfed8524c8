//! What was acknowledged is there after the process was killed.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use hallway_platform::ports::{Page, Store as _, Write};
use hallway_store::SqlStore;
use hallway_wire::id::OrgId;

use crate::records::{audit, person};

const DATABASE: &str = "HALLWAY_STORE_TEST_DATABASE";
/// How many commits the parent sees before it kills.
const SEEN: usize = 40;

/// The process that is killed. It commits two records at a time and then prints the id of the first.
#[tokio::test]
#[ignore = "run by the test below, in a process of its own"]
async fn child() {
    let Ok(path) = std::env::var(DATABASE) else { return };
    let store = SqlStore::open(path).unwrap();
    let org = OrgId::from_uuid(uuid::Uuid::nil());
    loop {
        let person = person(org, &uuid::Uuid::new_v4().to_string());
        let id = person.id;
        store
            .commit(vec![
                Write::PutPerson(person),
                Write::Audit(audit(org, &id.to_string())),
            ])
            .await
            .unwrap();
        println!("committed {id}");
    }
}

/// Runs the child until it has said `SEEN` times that it committed, kills it, and returns what it said. What
/// it says while it is being killed counts as well.
fn killed(database: &Path) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "durability::child", "--ignored", "--nocapture"])
        .env(DATABASE, database)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut said = Vec::new();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while let Some(Ok(line)) = lines.next() {
        // A line that the kill cut short has no whole id.
        if let Some((_, id)) = line.split_once("committed ")
            && id.parse::<hallway_wire::id::PersonId>().is_ok()
        {
            said.push(id.to_owned());
        }
        if said.len() == SEEN {
            // SIGKILL: nothing is closed or flushed.
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    said
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("hallway.db");
    let org = OrgId::from_uuid(uuid::Uuid::nil());
    let mut acknowledged = Vec::new();
    for round in 1..=3 {
        acknowledged.extend(killed(&database));
        assert!(acknowledged.len() >= round * SEEN, "{}", acknowledged.len());
        let store = SqlStore::open(&database).unwrap();
        let mut people: Vec<String> = store
            .people(org, Page::ALL)
            .await
            .unwrap()
            .iter()
            .map(|person| person.id.to_string())
            .collect();
        for id in &acknowledged {
            assert!(people.contains(id), "{id} was acknowledged and is lost");
        }
        let mut audited: Vec<String> = store
            .audit(org, Page::ALL)
            .await
            .unwrap()
            .into_iter()
            .map(|event| event.target)
            .collect();
        audited.sort();
        people.sort();
        assert_eq!(people, audited, "both halves of each commit, or neither");
    }
}
