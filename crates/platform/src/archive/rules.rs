//! What of an organization goes into an archive, what is taken out of it, and what is put back.

use std::collections::{BTreeSet, HashSet};

use hallway_wire::id::OrgId;
use serde_json::Value;
use uuid::Uuid;

use super::MOST_NAMED;
use super::line::RowLine;
use crate::crypto::Vault;
use crate::error::{Error, Result};
use crate::ports::{Cell, OrgRow, OrgTable};

/// Records that are not moved: they live for minutes, go on at this moment, or mean something only here.
const STAY: [&str; 9] = [
    "auth_code",
    "browser_session",
    "call",
    "mail",
    "org_admin",
    "orphan",
    "resend_job",
    "sign_in_code",
    "waiting_device",
];
/// Records that are secrets as a whole: who has the text that they are the hash of gets in.
const SECRET: [&str; 1] = ["activation_link"];
/// How the members are called that hold hashes: 32 small numbers may be anything else.
const HASHES: [&str; 3] = ["hash", "token", "device_code"];
/// Longest name that is listed.
const NAME: usize = 80;

/// What must be made anew after an import.
#[derive(Debug, Default)]
pub(super) struct Anew {
    named: Vec<String>,
    more: u64,
}

impl Anew {
    fn add(&mut self, what: String) {
        if self.named.len() < MOST_NAMED {
            self.named.push(what);
        } else {
            self.more += 1;
        }
    }

    pub(super) fn list(mut self) -> Vec<String> {
        if self.more > 0 {
            self.named.push(format!("and {} more", self.more));
        }
        self.named
    }
}

/// What is known of an organization while its rows go by.
pub(super) struct Outgoing<'a> {
    org: OrgId,
    vault: &'a Vault,
    secrets: bool,
    /// The applications and integrations of the organization itself.
    clients: HashSet<String>,
    apps: HashSet<Uuid>,
    /// Records that stay here, and accounts that belong to what stays.
    records: HashSet<(String, String)>,
    people: HashSet<String>,
    grants: HashSet<Uuid>,
    pub(super) anew: Anew,
}

fn get<'r>(row: &'r OrgRow, column: &str) -> &'r Cell {
    let at = OrgTable::named(row.table).and_then(|table| table.column(column));
    at.and_then(|at| row.cells.get(at)).unwrap_or(&Cell::Null)
}

fn text<'r>(row: &'r OrgRow, column: &str) -> &'r str {
    match get(row, column) {
        Cell::Text(text) => text,
        _ => "",
    }
}

fn id(row: &OrgRow, column: &str) -> Option<Uuid> {
    match get(row, column) {
        Cell::Id(id) => Some(*id),
        _ => None,
    }
}

fn set_doc(row: &mut OrgRow, doc: &Value) {
    let at = OrgTable::named(row.table).and_then(|table| table.column("doc"));
    if let Some(cell) = at.and_then(|at| row.cells.get_mut(at)) {
        *cell = Cell::Text(doc.to_string());
    }
}

fn name_of(doc: &Value) -> String {
    let name = ["display_name", "name", "title"]
        .iter()
        .find_map(|key| doc[*key].as_str());
    // The name of an integration is in its manifest.
    let manifest = || {
        let manifest: Value = serde_json::from_str(doc["manifest"].as_str()?).ok()?;
        manifest["displayName"].as_str().map(ToOwned::to_owned)
    };
    let name = name.map(ToOwned::to_owned).or_else(manifest).unwrap_or_default();
    name.chars().filter(|c| !c.is_control()).take(NAME).collect()
}

/// Every string that this vault sealed, and every hash, with where they are.
fn find(value: &Value, vault: &Vault, at: &mut String, found: &mut Vec<(String, Option<String>)>) {
    match value {
        Value::String(text) => {
            if let Some(plain) = vault.open_text(text) {
                found.push((at.clone(), Some(plain.expose().to_owned())));
            }
        }
        Value::Array(items) => {
            let byte = |item: &Value| item.as_u64().is_some_and(|number| number < 256);
            if items.len() == 32 && items.iter().all(byte) && HASHES.iter().any(|word| at.ends_with(word)) {
                found.push((at.clone(), None));
                return;
            }
            for (number, item) in items.iter().enumerate() {
                let before = at.len();
                at.push_str(&format!("/{number}"));
                find(item, vault, at, found);
                at.truncate(before);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                let before = at.len();
                at.push('/');
                at.push_str(&name.replace('~', "~0").replace('/', "~1"));
                find(member, vault, at, found);
                at.truncate(before);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

impl<'a> Outgoing<'a> {
    pub(super) fn new(org: OrgId, vault: &'a Vault, secrets: bool) -> Self {
        let mut anew = Anew::default();
        if !secrets {
            anew.add("access tokens, refresh tokens and sign-in codes of everybody".to_owned());
        }
        Self {
            org,
            vault,
            secrets,
            clients: HashSet::new(),
            apps: HashSet::new(),
            records: HashSet::new(),
            people: HashSet::new(),
            grants: HashSet::new(),
            anew,
        }
    }

    /// The line of a row, if it goes.
    pub(super) fn line(&mut self, row: OrgRow) -> Result<Option<RowLine>> {
        let broken = |error: serde_json::Error| Error::Internal(format!("a stored document: {error}"));
        let doc: Value = match get(&row, "doc") {
            Cell::Text(text) => serde_json::from_str(text).map_err(broken)?,
            _ => Value::Null,
        };
        if !self.goes(&row, &doc) {
            return Ok(None);
        }
        self.stripped(row, doc).map(Some)
    }

    /// Whether a row goes, and what follows from it for later ones.
    fn goes(&mut self, row: &OrgRow, doc: &Value) -> bool {
        match row.table {
            "token" | "device_code" if !self.secrets => false,
            "token" => id(row, "grant_id").is_none_or(|grant| !self.grants.contains(&grant)),
            "integration" => {
                self.clients.insert(text(row, "client_id").to_owned());
                self.apps.extend(id(row, "app_id"));
                true
            }
            "activation" => {
                let own = id(row, "app_id").is_some_and(|app| self.apps.contains(&app));
                if !own {
                    self.people.extend(doc["machine"].as_str().map(ToOwned::to_owned));
                    self.anew.add(format!(
                        "activation of {}, an integration of another organization",
                        name_of(doc)
                    ));
                }
                own
            }
            "record" => self.record_goes(row, doc),
            "record_key" | "record_claim" => {
                let (kind, id) = (text(row, "kind"), text(row, "id"));
                self.kind_goes(kind) && !self.records.contains(&(kind.to_owned(), id.to_owned()))
            }
            "oauth_grant" => {
                let client = get(row, "client_id");
                let own = match client {
                    Cell::Text(client) => self.clients.contains(client),
                    _ => true,
                };
                let standing = *get(row, "standing") == Cell::Int(1);
                let goes = own && !self.people.contains(text(row, "person")) && (self.secrets || standing);
                if !goes {
                    self.grants.extend(id(row, "id"));
                }
                goes
            }
            _ => true,
        }
    }

    fn kind_goes(&self, kind: &str) -> bool {
        !STAY.contains(&kind) && (self.secrets || !SECRET.contains(&kind))
    }

    fn record_goes(&mut self, row: &OrgRow, doc: &Value) -> bool {
        let kind = text(row, "kind");
        if !self.kind_goes(kind) {
            return false;
        }
        let goes = match kind {
            "application" => {
                self.clients.insert(text(row, "id").to_owned());
                true
            }
            "app_authorization" => {
                let own = doc["developer_org"] == doc["org"];
                if !own {
                    self.people.extend(doc["machine"].as_str().map(ToOwned::to_owned));
                    let client: String = text(row, "id").chars().take(12).collect();
                    self.anew.add(format!(
                        "authorization of a service app of another organization ({client}…)"
                    ));
                }
                own
            }
            "person" => doc["id"].as_str().is_none_or(|id| !self.people.contains(id)),
            "webhook" => {
                let own = doc["client"]
                    .as_str()
                    .is_none_or(|client| self.clients.contains(client));
                own && doc["listened"] != true
            }
            _ => true,
        };
        if !goes {
            self.records.insert((kind.to_owned(), text(row, "id").to_owned()));
        }
        goes
    }

    /// The row without what is sealed or hashed, and beside it what was sealed, if secrets go.
    fn stripped(&mut self, mut row: OrgRow, mut doc: Value) -> Result<RowLine> {
        let mut sealed = Vec::new();
        if doc.is_null() {
            return Ok(RowLine { row, sealed });
        }
        let mut changed = false;
        let mut found = Vec::new();
        find(&doc, self.vault, &mut String::new(), &mut found);
        let name = name_of(&doc);
        let what = match row.table {
            "record" => text(&row, "kind").to_owned(),
            table => table.to_owned(),
        };
        for (at, plain) in &found {
            let Some(place) = doc.pointer_mut(at) else {
                continue;
            };
            match plain {
                Some(plain) if self.secrets => {
                    *place = Value::Null;
                    sealed.push((at.clone(), plain.clone()));
                    changed = true;
                }
                Some(_) => {
                    *place = Value::Null;
                    changed = true;
                    // Where something must be, it is empty.
                    if !matches!(what.as_str(), "activation" | "webhook") {
                        sealed.push((at.clone(), String::new()));
                    }
                }
                None if self.secrets => {}
                None => {
                    // Nothing has this hash.
                    *place = Value::Array(vec![Value::from(0); 32]);
                    changed = true;
                }
            }
        }
        if !self.secrets && !found.is_empty() {
            self.without_secrets(&what, &name, &found, &mut doc);
        }
        if what == "activation" && !self.secrets {
            self.anew.add(format!("refresh token of the integration {name}"));
        }
        if what == "application" {
            let known: Vec<Value> = doc["orgs"].as_array().into_iter().flatten().cloned().collect();
            let own = Value::from(self.org.to_string());
            if known.iter().any(|org| *org != own) {
                doc["orgs"] = Value::Array(known.into_iter().filter(|org| *org == own).collect());
                changed = true;
            }
            if !self.secrets && !doc["bot_grant"].is_null() {
                doc["bot_grant"] = Value::Null;
                self.anew.add(format!("token of the bot {name}"));
                changed = true;
            }
        }
        if changed || text(&row, "doc").contains('\n') {
            set_doc(&mut row, &doc);
        }
        Ok(RowLine { row, sealed })
    }

    /// What else follows where secrets were taken out.
    fn without_secrets(
        &mut self,
        what: &str,
        name: &str,
        found: &[(String, Option<String>)],
        doc: &mut Value,
    ) {
        let sealed = found.iter().any(|(_, plain)| plain.is_some());
        match what {
            "device" => {
                doc["link_token"] = Value::Null;
                self.anew
                    .add(format!("registration of the device {name}, which dials in"));
            }
            "integration" => self.anew.add(format!("client secret of the integration {name}")),
            "application" => self.anew.add(format!("client secret of the application {name}")),
            "webhook" => {
                doc["status"] = Value::from("inactive");
                self.anew
                    .add(format!("secret of the webhook {name}, which is inactive"));
            }
            "activation" if sealed => {
                if let Some(webhook) = doc.pointer_mut("/listener/Webhook") {
                    // Nothing goes out unsigned that was signed.
                    webhook["disabled"] = Value::from(true);
                    if found.iter().any(|(at, _)| at.contains("/mutual_tls/")) {
                        webhook["mutual_tls"] = Value::Null;
                    }
                }
                self.anew
                    .add(format!("webhook of the integration {name}, which is disabled"));
            }
            _ => {}
        }
    }
}

fn wrong(what: impl std::fmt::Display) -> Error {
    Error::invalid(format!("The archive is not in order: {what}."))
}

/// The row of a line, as it is written here. `None`: it is not wanted.
pub(super) fn incoming(line: RowLine, org: OrgId, vault: &Vault) -> Result<Option<OrgRow>> {
    let RowLine { mut row, sealed } = line;
    let kind = text(&row, "kind").to_owned();
    let of_records = row.table.starts_with("record");
    if of_records && STAY.contains(&kind.as_str()) {
        return Err(wrong(format_args!("records of the kind {kind:?} do not move")));
    }
    // Who runs the Hallway that it comes from does not run this one.
    if row.table == "record_key" && kind == "person" && text(&row, "index_name") == "operator" {
        return Ok(None);
    }
    let Cell::Text(doc) = get(&row, "doc") else {
        return Ok(Some(row));
    };
    let mut doc: Value =
        serde_json::from_str(doc).map_err(|error| wrong(format_args!("a document: {error}")))?;
    check(&row, &doc, &kind, org)?;
    let mut changed = false;
    let mut seen = BTreeSet::new();
    for (at, plain) in &sealed {
        let place = doc.pointer_mut(at).filter(|place| place.is_null());
        let place = place.ok_or_else(|| wrong("a secret has no place"))?;
        if !seen.insert(at) {
            return Err(wrong("a secret comes twice"));
        }
        *place = serde_json::to_value(vault.seal(plain)).unwrap_or_default();
        changed = true;
    }
    if row.table == "record"
        && kind == "person"
        && let Some(person) = doc.as_object_mut()
        && person.remove("operator").is_some()
    {
        changed = true;
    }
    if changed {
        set_doc(&mut row, &doc);
    }
    Ok(Some(row))
}

/// Whether a document says of itself what its row says.
fn check(row: &OrgRow, doc: &Value, kind: &str, org: OrgId) -> Result<()> {
    let owner = doc.get("org").or_else(|| doc.get("orgId"));
    if let Some(owner) = owner {
        let same = owner.as_str().and_then(|text| text.parse::<OrgId>().ok()) == Some(org);
        if !same {
            return Err(wrong("it has something of another organization"));
        }
    }
    let same = |column: &str, member: &str| {
        let Some(named) = doc.get(member).and_then(Value::as_str) else {
            return false;
        };
        let inner = hallway_wire::id::decode(named).map_or_else(|_| named.to_owned(), |(_, inner)| inner);
        let uuid = Uuid::try_parse(&inner).ok();
        match get(row, column) {
            Cell::Id(id) => uuid == Some(*id),
            Cell::Text(text) => *text == inner || *text == named,
            _ => false,
        }
    };
    let fits = match row.table {
        "location" | "floor" | "workspace" | "device" | "activation" | "oauth_grant" => same("id", "id"),
        "configured" => same("device_id", "device"),
        "token" => same("grant_id", "grant"),
        "integration" => same("client_id", "client_id"),
        "record" if kind == "person" || kind == "webhook" || kind == "content" => same("id", "id"),
        _ => true,
    };
    match fits {
        true => Ok(()),
        false => Err(wrong(format_args!(
            "a document of {} has another id than its row",
            row.table
        ))),
    }
}
