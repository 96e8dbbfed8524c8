//! Upgrades, and what only SQLite does.

use hallway_platform::ports::{Page, Store as _, Write};
use hallway_wire::id::OrgId;
use uuid::Uuid;

use super::*;
use crate::SqlStore;
use crate::migrations::MIGRATIONS;

/// A database as a program of that version left it, with one person in it.
fn database_of(version: i64, path: &Path, org: Uuid, person: &str) {
    let connection = Connection::open(path).unwrap();
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
    connection.execute_batch(VERSION_TABLE).unwrap();
    for step in MIGRATIONS.iter().filter(|step| step.version <= version) {
        connection.execute_batch(&DIALECT.spell(step.sql)).unwrap();
        connection
            .execute(
                "INSERT INTO schema_version (version, what) VALUES (?1, ?2)",
                (step.version, step.what),
            )
            .unwrap();
    }
    connection
        .execute(
            "INSERT INTO person (id, org_id, doc) VALUES (?1, ?2, ?3)",
            (Uuid::new_v4().as_bytes(), org.as_bytes(), person),
        )
        .unwrap();
}

/// Further people in a database of before version 6.
fn add_people(path: &Path, people: &[(OrgId, String)]) {
    let connection = Connection::open(path).unwrap();
    for (org, person) in people {
        connection
            .execute(
                "INSERT INTO person (id, org_id, doc) VALUES (?1, ?2, ?3)",
                (Uuid::new_v4().as_bytes(), org.uuid().as_bytes(), person),
            )
            .unwrap();
    }
}

fn person(org: OrgId) -> String {
    serde_json::json!({
        "id": Uuid::new_v4(), "org": org, "kind": "person", "email": "ann@example.com", "display_name": "Ann",
        "created": "2026-03-04T05:06:07.089Z", "last_modified": "2026-03-04T05:06:07.089Z",
    })
    .to_string()
}

fn files(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names
        .filter(|name| !name.ends_with("-wal") && !name.ends_with("-shm"))
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn an_upgrade_keeps_everything_and_leaves_a_copy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hallway.db");
    let org = OrgId::random();
    database_of(1, &path, org.uuid(), &person(org));
    // What an upgrade that failed left behind is in nobody's way.
    std::fs::write(folder.path().join("hallway.db.v1.bak"), "half").unwrap();

    let store = SqlStore::open(&path).unwrap();
    assert_eq!(store.people(org, Page::ALL).await.unwrap()[0].display_name, "Ann");
    drop(store);
    let connection = Connection::open(&path).unwrap();
    assert_eq!(version(&connection).unwrap(), MIGRATIONS.last().unwrap().version);
    connection
        .query_row(
            "SELECT 1 FROM sqlite_master WHERE name = 'device_by_person'",
            (),
            |_| Ok(()),
        )
        .expect("the second migration ran");

    assert_eq!(files(folder.path()), ["hallway.db", "hallway.db.v1.bak"]);
    let copy = Connection::open(folder.path().join("hallway.db.v1.bak")).unwrap();
    assert_eq!(version(&copy).unwrap(), 1);
    let people: i64 = copy
        .query_row("SELECT COUNT(*) FROM person", (), |row| row.get(0))
        .unwrap();
    assert_eq!(people, 1);
}

/// People of an older version are found by everything that people are found by, and nobody is lost.
#[tokio::test]
async fn people_become_keyed_records() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hallway.db");
    let (org, other) = (OrgId::random(), OrgId::random());
    database_of(4, &path, org.uuid(), &person(org));
    // The same address twice, which nothing forbade, and once more elsewhere.
    add_people(&path, &[(org, person(org)), (other, person(other))]);
    let store = SqlStore::open(&path).unwrap();
    let people = store.people(org, Page::ALL).await.unwrap();
    assert_eq!(people.len(), 2);
    let named = |email: &str| people.iter().find(|person| person.email == email);
    assert!(named("ann@example.com").is_some(), "{people:?}");
    assert!(
        people
            .iter()
            .all(|person| person.login_enabled && !person.invite_pending)
    );
    let claimant = store
        .claimant("person", org, "email", "ann@example.com")
        .await
        .unwrap();
    assert_eq!(
        claimant.unwrap().id,
        named("ann@example.com").unwrap().id.uuid().to_string()
    );
    assert_eq!(
        store.people(other, Page::ALL).await.unwrap()[0].email,
        "ann@example.com"
    );
    for person in &people {
        assert_eq!(store.person(person.id).await.unwrap().as_ref(), Some(person));
    }
    let named = hallway_platform::ports::Find::new("person", org, "name", "", 9).starting_with("an");
    assert_eq!(store.records(named).await.unwrap().len(), 2);
}

#[tokio::test]
async fn opening_again_changes_nothing_and_copies_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hallway.db");
    for _ in 0..3 {
        SqlStore::open(&path).unwrap().ping().await.unwrap();
    }
    assert_eq!(files(folder.path()), ["hallway.db"]);
}

#[test]
fn several_at_once_migrate_a_new_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hallway.db");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| Sqlite::open(&path).unwrap());
        }
    });
}

#[test]
fn a_newer_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hallway.db");
    drop(Sqlite::open(&path).unwrap());
    let connection = Connection::open(&path).unwrap();
    connection
        .execute(
            "INSERT INTO schema_version (version, what) VALUES (99, 'later')",
            (),
        )
        .unwrap();
    let StoreError::Backend(what) = Sqlite::open(&path).unwrap_err() else {
        panic!("no conflict")
    };
    assert!(
        what.contains("hallway.db") && what.contains("version 99"),
        "{what}"
    );
    assert_eq!(files(folder.path()), ["hallway.db"]);
}

#[test]
fn a_file_that_is_no_database_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    std::fs::write(
        &path,
        "these are notes, and more of them than a header has bytes".repeat(9),
    )
    .unwrap();
    let what = Sqlite::open(&path).unwrap_err().to_string();
    assert!(
        what.contains("notes.txt") && what.contains("not a database"),
        "{what}"
    );
    let what = Sqlite::open(&folder.path().join("no/such/folder.db"))
        .unwrap_err()
        .to_string();
    assert!(what.contains("cannot open the database"), "{what}");
}

#[tokio::test]
async fn a_private_database_leaves_nothing_behind() {
    let driver = Sqlite::ephemeral().unwrap();
    let folder = driver.path.parent().unwrap().to_owned();
    driver
        .query("SELECT doc FROM location", &[], &mut |_| Ok(()))
        .await
        .unwrap();
    assert!(folder.exists());
    drop(driver);
    assert!(!folder.exists());
}

#[tokio::test]
async fn questions_cannot_write() {
    let driver = Sqlite::ephemeral().unwrap();
    let answer = driver.query("DELETE FROM location", &[], &mut |_| Ok(())).await;
    assert!(matches!(answer, Err(StoreError::Backend(_))), "{answer:?}");
}

/// Commits that were accepted before the store is dropped are done, though nobody waits for them.
#[tokio::test]
async fn the_writer_finishes_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hallway.db");
    let org = OrgId::random();
    let store = SqlStore::open(&path).unwrap();
    let person: hallway_platform::org::Person = serde_json::from_str(&person(org)).unwrap();
    {
        let commit = store.commit(vec![Write::PutPerson(person.clone())]);
        let mut commit = std::pin::pin!(commit);
        // Polled once: it is with the writer now.
        let _ = std::future::poll_fn(|cx| std::task::Poll::Ready(commit.as_mut().poll(cx))).await;
    }
    drop(store);
    assert_eq!(
        SqlStore::open(&path).unwrap().person(person.id).await.unwrap(),
        Some(person)
    );
}

/// A disk that is full fails the commit that needs it. What the others were told is what is there.
#[test]
fn a_full_disk_is_reported_and_the_writer_goes_on() {
    const PUT: &str = "INSERT INTO location (id, org_id, doc) VALUES (?1, ?1, ?2)";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hallway.db");
    drop(Sqlite::open(&path).unwrap());
    let connection = connect(&path, Durability::Disk).unwrap();
    let pages: i64 = connection
        .query_row("PRAGMA page_count", (), |row| row.get(0))
        .unwrap();
    connection
        .pragma_update(None, "max_page_count", pages + 2)
        .unwrap();

    let (commits, waiting) = mpsc::channel(WAITING_MAX);
    let put = |size: usize| {
        let (id, (reply, replied)) = (Uuid::new_v4(), oneshot::channel());
        let batch = vec![Statement::new(
            PUT,
            [Param::Id(id), Param::Text("x".repeat(size))],
        )];
        assert!(commits.try_send(Commit { batch, reply }).is_ok());
        (id, replied)
    };
    // They wait before the writer starts: one group.
    let put: Vec<_> = [10, 1 << 20, 10, 1 << 20, 10].map(put).into();
    drop(commits);
    let writer = std::thread::spawn(move || write_all(&connection, waiting));
    let told: Vec<(Uuid, Result<()>)> = put
        .into_iter()
        .map(|(id, replied)| (id, replied.blocking_recv().unwrap()))
        .collect();
    writer.join().unwrap();

    assert!(
        matches!(&told[1].1, Err(StoreError::Backend(what)) if what.contains("full")),
        "{told:?}"
    );
    assert!(told[3].1.is_err() && told[4].1.is_ok(), "{told:?}");
    let reader = connect_to_read(&path).unwrap();
    for (id, result) in told {
        let there = reader.query_row(
            "SELECT 1 FROM location WHERE id = ?1",
            [id.as_bytes()],
            |_| Ok(()),
        );
        assert_eq!(there.is_ok(), result.is_ok(), "{id}: {result:?}");
    }
}
