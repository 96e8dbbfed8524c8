//! The drawing of ARCHITECTURE.md, and what documents point to.

use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, MetadataCommand};

/// Which rooms a room may import.
const MAP: &[(&str, &[&str])] = &[
    ("hallway-xapi", &[]),
    ("hallway-wire", &["hallway-xapi"]),
    ("hallway-platform", &["hallway-wire", "hallway-xapi"]),
    (
        "hallway-store",
        &["hallway-platform", "hallway-wire", "hallway-xapi"],
    ),
    ("hallway-bus", &["hallway-platform", "hallway-wire"]),
    (
        "hallway-server",
        &["hallway-platform", "hallway-wire", "hallway-xapi"],
    ),
    ("hallway-device", &["hallway-wire", "hallway-xapi"]),
    ("hallway-sdk", &["hallway-wire", "hallway-xapi"]),
    ("hallway-workflows", &["hallway-sdk"]),
    ("hallway-testing", ALL),
    ("office-map", SDK),
    ("room-controls", SDK),
    ("report-issue", SDK),
    ("room-release", SDK),
    ("call-feedback", SDK),
    ("room-usage", SDK),
    ("hallway", ALL),
    ("hallway-bench", ALL),
];

/// What an integration needs: the products in `examples` import nothing else of ours.
const SDK: &[&str] = &["hallway-sdk"];

const ALL: &[&str] = &[
    "hallway",
    "hallway-bus",
    "hallway-device",
    "hallway-platform",
    "hallway-sdk",
    "hallway-server",
    "hallway-store",
    "hallway-wire",
    "hallway-workflows",
    "hallway-xapi",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

#[test]
fn imports_point_down() {
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .unwrap();
    assert_eq!(metadata.packages.len(), MAP.len(), "a crate is missing from MAP");
    for package in metadata.packages {
        let name = package.name.as_str();
        let Some((_, allowed)) = MAP.iter().find(|(room, _)| *room == name) else {
            panic!("{name} is missing from MAP");
        };
        let imports = package
            .dependencies
            .iter()
            .filter(|import| import.path.is_some() && import.kind == DependencyKind::Normal);
        for import in imports {
            assert!(
                allowed.contains(&import.name.as_str()),
                "{name} may not import {}",
                import.name
            );
        }
    }
}

/// Markdown files of a folder, not of those below it.
fn documents(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect()
}

/// What a text links to, apart from other sites and places in itself.
fn links(text: &str) -> Vec<&str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets
        .map(|target| target.split(['#', ' ']).next().unwrap_or_default())
        .filter(|target| !target.is_empty() && !target.contains("://") && !target.starts_with("mailto:"))
        .collect()
}

#[test]
fn links_lead_somewhere() {
    let root = root();
    let mut folders: Vec<PathBuf> = [".", "docs", "docs/decisions", "tests/clients"]
        .into_iter()
        .map(|folder| root.join(folder))
        .collect();
    for parent in ["crates", "examples"] {
        let entries = std::fs::read_dir(root.join(parent)).unwrap();
        folders.extend(entries.map(|entry| entry.unwrap().path()));
    }
    let mut seen = 0;
    for document in folders.iter().flat_map(|folder| documents(folder)) {
        let text = std::fs::read_to_string(&document).unwrap();
        for link in links(&text) {
            seen += 1;
            let target = document.parent().unwrap().join(link);
            assert!(target.exists(), "{}: {link} is not there", document.display());
        }
    }
    assert!(seen > 0, "no link was found");
}

#[test]
fn decisions_are_short_and_numbered() {
    let mut notes = documents(&root().join("docs/decisions"));
    notes.sort();
    assert!(!notes.is_empty());
    for (i, note) in notes.iter().enumerate() {
        let name = note.file_name().unwrap().to_str().unwrap();
        assert!(
            name.starts_with(&format!("{:04}-", i + 1)),
            "{name} should have the number {}",
            i + 1
        );
        let lines = std::fs::read_to_string(note).unwrap().lines().count();
        assert!(lines <= 15, "{name} has {lines} lines");
    }
}

/// Links of a text with the words that they are under: `[words](target)`.
fn named_links(text: &str) -> Vec<(&str, &str)> {
    let parts: Vec<&str> = text.split("](").collect();
    let pairs = parts.iter().zip(parts.iter().skip(1));
    pairs
        .filter_map(|(before, after)| Some((before.rsplit('[').next()?, after.split(')').next()?)))
        .collect()
}

/// Whether a source has a test of this name: the function, and the attribute of a test just above it.
fn has_test(source: &str, name: &str) -> bool {
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let function = format!("fn {name}(");
    let at = lines
        .iter()
        .position(|line| line.trim_start_matches("async ").starts_with(&function));
    let above = lines.iter().take(at.unwrap_or_default()).rev().take(3);
    let is_test = |line: &&str| line.starts_with("#[test]") || line.starts_with("#[tokio::test");
    above.copied().any(|line| is_test(&line))
}

#[test]
fn comparisons_are_shown_by_tests() {
    let document = std::fs::read_to_string(root().join("docs/sdk-comparison.md")).unwrap();
    let mut seen = 0;
    for (words, target) in named_links(&document) {
        let Some((_, name)) = words.trim_matches('`').split_once("::") else {
            continue;
        };
        seen += 1;
        let source = std::fs::read_to_string(root().join("docs").join(target)).unwrap_or_default();
        assert!(
            has_test(&source, name),
            "docs/sdk-comparison.md: {target} has no test {name}"
        );
    }
    assert!(seen > 0, "no test is named");
    for line in document.lines() {
        let ours = line.split('|').nth(2).unwrap_or_default().trim();
        assert!(
            !ours.starts_with("yes") || ours.contains("::"),
            "docs/sdk-comparison.md claims without a test: {line}"
        );
    }
}

/// The program of the guide is the one that is built, letter for letter.
#[test]
fn the_guide_shows_the_first_program() {
    let read = |path: &str| std::fs::read_to_string(root().join(path)).unwrap();
    let program = read("crates/sdk/examples/first_light.rs");
    let shown = format!(
        "<!-- first_light.rs: begin -->\n```rust,no_run\n{program}```\n<!-- first_light.rs: end -->\n"
    );
    assert!(
        read("docs/sdk-guide.md").contains(&shown),
        "docs/sdk-guide.md does not show crates/sdk/examples/first_light.rs as it is"
    );
}

#[test]
fn finds_tests() {
    let text = "see [`a::b`](../c.rs), [d](e.md)";
    assert_eq!(named_links(text), [("`a::b`", "../c.rs"), ("d", "e.md")]);
    let source = "#[tokio::test(start_paused = true)]\nasync fn one() {}\n\n#[test]\nfn other() {}\n\n\nfn none() {}\n";
    assert!(has_test(source, "one") && has_test(source, "other"));
    assert!(!has_test(source, "none") && !has_test(source, "on") && !has_test(source, "two"));
}

#[test]
fn finds_links() {
    let text = "[a](docs/a.md#x), ![b](b.png \"t\"), [c](https://c.example/), [d](#d)";
    assert_eq!(links(text), ["docs/a.md", "b.png"]);
}
