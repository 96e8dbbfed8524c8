//! Records in files that are only added to, one for each month: a crash costs at most the line it was at.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use hallway_sdk::Timestamp;

use crate::rooms::{Record, What};

fn file(folder: &Path, at: Timestamp) -> PathBuf {
    let month = at.to_jiff().strftime("%Y-%m");
    folder.join(format!("records-{month}.jsonl"))
}

/// Adds records, each to the file of the month in which it ended.
pub(crate) fn append(folder: &Path, records: &[Record]) -> io::Result<()> {
    for record in records {
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(file(folder, record.to))?;
        // The line begins with its end: what a crash cut off before stays a line of its own.
        file.write_all(format!("\n{}", serde_json::to_string(record)?).as_bytes())?;
        file.sync_data()?;
    }
    Ok(())
}

/// The records that touch a time, and some more; of those that were written twice, the later one.
pub(crate) fn read(
    folder: &Path,
    from: Timestamp,
    to: Timestamp,
    more: Vec<Record>,
) -> io::Result<Vec<Record>> {
    const DAY_MS: i64 = 24 * 60 * 60_000;
    let mut all = BTreeMap::new();
    let mut keep = |it: Record| {
        let kind = if let What::Used(_) = it.what {
            What::Used(0)
        } else {
            it.what
        };
        all.insert((it.room.clone(), kind, it.from), it);
    };
    let (mut at, mut last) = (from, None);
    // What ends later may have begun before: a week is longer than any use.
    while at < to.plus_millis(8 * DAY_MS) {
        let path = file(folder, at);
        if last.as_ref() != Some(&path) {
            let text = match fs::read_to_string(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
                other => other?,
            };
            text.lines()
                .filter_map(|line| serde_json::from_str(line).ok())
                .for_each(&mut keep);
            last = Some(path);
        }
        at = at.plus_millis(DAY_MS);
    }
    more.into_iter().for_each(&mut keep);
    let mut all: Vec<Record> = all.into_values().collect();
    all.retain(|it| it.to >= from && it.from < to);
    all.sort_by_key(|it| it.from);
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hallway_sdk::WorkspaceId;

    #[test]
    fn what_was_cut_off_costs_one_line_and_what_comes_twice_counts_once() {
        let folder = tempfile::tempdir().unwrap();
        let at = |text: &str| -> Timestamp { text.parse().unwrap() };
        let record = |from, to| Record {
            room: WorkspaceId::from("A"),
            from,
            to,
            what: What::Used(2),
        };
        let first = record(at("2026-02-27T09:00:00Z"), at("2026-02-27T10:00:00Z"));
        let over = record(at("2026-02-28T23:00:00Z"), at("2026-03-01T01:00:00Z"));
        append(folder.path(), &[first.clone(), over.clone()]).unwrap();
        let february = folder.path().join("records-2026-02.jsonl");
        let mut torn = fs::read_to_string(&february).unwrap();
        torn.push_str("\n{\"room\":\"A\",\"fr");
        fs::write(&february, torn).unwrap();
        let last = record(at("2026-02-28T09:00:00Z"), at("2026-02-28T10:00:00Z"));
        append(folder.path(), &[last.clone(), first.clone()]).unwrap();
        let (from, to) = (at("2026-02-27T00:00:00Z"), at("2026-03-01T00:00:00Z"));
        assert_eq!(
            read(folder.path(), from, to, Vec::new()).unwrap(),
            [first, last.clone(), over]
        );
        let longer = record(last.from, at("2026-02-28T11:00:00Z"));
        let found = read(
            folder.path(),
            at("2026-02-28T00:00:00Z"),
            to,
            vec![longer.clone()],
        )
        .unwrap();
        assert_eq!(found[0], longer);
        assert!(
            read(
                folder.path(),
                at("2026-05-01T00:00:00Z"),
                at("2026-06-01T00:00:00Z"),
                Vec::new()
            )
            .unwrap()
            .is_empty()
        );
    }
}
