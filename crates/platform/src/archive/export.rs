//! Export: rows as they are at one moment, and the files that they name.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hallway_wire::Secret;
use hallway_wire::id::OrgId;
use tokio::sync::mpsc;

use super::cipher::Parameters;
use super::container::Writer;
use super::line::{Ending, FileLine};
use super::rules::Outgoing;
use super::{FORMAT, Header, MIN_PASSPHRASE};
use crate::audit;
use crate::caller::Caller;
use crate::error::{Doing as _, Error, Result};
use crate::org::{Organization, Standing};
use crate::platform::Platform;
use crate::ports::{Cell, OrgRow};

/// Rows and parts of the archive that wait for who takes them.
const WAITING: usize = 64;
/// Parts of the archive are about so long.
const PART: usize = 256 * 1024;
/// Bytes of a file on one line.
const FILE_PART: usize = 192 * 1024;

/// An archive as it is written. Where it breaks off with an error, it has no end, and no Hallway takes it.
#[derive(Debug)]
pub struct Export {
    /// A good name for the file, without its ending.
    pub name: String,
    pub parts: mpsc::Receiver<Result<Bytes>>,
}

/// Takes a passphrase that is good enough.
pub(super) fn check_passphrase(passphrase: &Secret) -> Result<()> {
    if passphrase.expose().chars().count() < MIN_PASSPHRASE {
        return Err(Error::invalid(format!(
            "passphrase: at least {MIN_PASSPHRASE} characters are needed"
        )));
    }
    Ok(())
}

impl Platform {
    /// Exports any organization, for the operator.
    ///
    /// # Errors
    /// Not the operator; unknown; a passphrase that is too short.
    pub async fn export_managed_organization(
        &self,
        caller: &Caller,
        org: OrgId,
        passphrase: Option<Secret>,
    ) -> Result<Export> {
        caller.require_operator()?;
        let org = self.any_organization(org).await?;
        self.export(caller, org, passphrase).await
    }

    /// Exports the caller's organization.
    ///
    /// # Errors
    /// No full administrator of its own, with a personal access token for everything; a passphrase that is too
    /// short.
    pub async fn export_own_organization(
        &self,
        caller: &Caller,
        passphrase: Option<Secret>,
    ) -> Result<Export> {
        caller.require_own_full_admin()?;
        caller.require_personal()?;
        let org = self.any_organization(caller.org).await?;
        self.export(caller, org, passphrase).await
    }

    async fn export(&self, caller: &Caller, org: Organization, passphrase: Option<Secret>) -> Result<Export> {
        if matches!(
            org.standing,
            Standing::Deleting { .. } | Standing::Importing { .. }
        ) {
            return Err(Error::conflict(format!("{} is not whole.", org.display_name)));
        }
        if let Some(passphrase) = &passphrase {
            check_passphrase(passphrase)?;
        }
        let now = self.now();
        let header = Header {
            hallway: "organization".to_owned(),
            format: FORMAT,
            product: env!("CARGO_PKG_VERSION").to_owned(),
            schema: self.store.schema_version(),
            org: org.id.uuid(),
            name: org.display_name.clone(),
            created: now,
            cipher: passphrase.is_some().then(Parameters::fresh),
        };
        let text = serde_json::to_string(&header)
            .map_err(|error| Error::Internal(format!("a header cannot be written: {error}")))?;
        let key = match (&header.cipher, &passphrase) {
            (Some(cipher), Some(passphrase)) => Some(cipher.key(passphrase, text.as_bytes()).await?),
            _ => None,
        };
        let how = match passphrase {
            Some(_) => "with its secrets, encrypted",
            None => "without its secrets",
        };
        let what = format!("exported the organization {} {how}", org.display_name);
        let named = (org.display_name.as_str(), org.id.to_string());
        let mut writes = vec![audit::by_on(
            caller,
            now,
            "organization.exported",
            named,
            what.clone(),
        )];
        if org.id != caller.org {
            let seen = format!("the operator {what}");
            writes.push(audit::by_system(
                org.id,
                now,
                "organization.exported",
                &org.display_name,
                seen,
            ));
        }
        self.commit(writes).await?;
        let (to, parts) = mpsc::channel(4);
        let name = file_name(&org.display_name);
        let writer = Writer::new(&text, key);
        let Some(platform) = self.me.upgrade() else {
            return Err(Error::Internal("Hallway stops".to_owned()));
        };
        self.tasks.spawn(async move {
            let stop = platform.stop.clone();
            let secrets = passphrase.is_some();
            let work = platform.write_archive(org, writer, secrets, &to);
            let done = tokio::select! {
                () = stop.cancelled() => Err(Error::Internal("Hallway stops".to_owned())),
                done = work => done,
            };
            if let Err(error) = done {
                tracing::warn!(error = &error as &dyn std::error::Error, "an export broke off");
                let _ = to.send(Err(error)).await;
            }
        });
        Ok(Export { name, parts })
    }

    async fn write_archive(
        &self,
        org: Organization,
        mut writer: Writer,
        secrets: bool,
        to: &mpsc::Sender<Result<Bytes>>,
    ) -> Result<()> {
        let mut ending = Ending::default();
        let mut rules = Outgoing::new(org.id, &self.vault, secrets);
        // How often it was changed says nothing elsewhere.
        let about = Organization { revision: 0, ..org };
        let about = serde_json::to_string(&about)
            .map_err(|error| Error::Internal(format!("an organization cannot be written: {error}")))?;
        writer.line(&about)?;
        let (rows_to, rows) = mpsc::channel(WAITING);
        let dump = self.store.dump(org.id, rows_to);
        let write = self.write_rows(rows, &mut rules, &mut writer, &mut ending, to);
        // Who takes the rows stops at its first error; then nobody waits for the rest.
        let (dumped, written) = tokio::join!(dump, write);
        written?;
        dumped.doing("reading an organization")?;
        ending.anew = rules.anew.list();
        let rest = writer.finish(ending)?;
        give(rest, to).await
    }

    async fn write_rows(
        &self,
        mut rows: mpsc::Receiver<OrgRow>,
        rules: &mut Outgoing<'_>,
        writer: &mut Writer,
        ending: &mut Ending,
        to: &mpsc::Sender<Result<Bytes>>,
    ) -> Result<()> {
        while let Some(row) = rows.recv().await {
            let Some(line) = rules.line(row)? else { continue };
            writer.line(&line.write())?;
            *ending.rows.entry(line.row.table.to_owned()).or_default() += 1;
            if let Some(file) = file_of(&line.row) {
                self.write_file(file, writer, to).await?;
                ending.files += 1;
            }
            send(writer, PART, to).await?;
        }
        Ok(())
    }

    async fn write_file(
        &self,
        id: uuid::Uuid,
        writer: &mut Writer,
        to: &mpsc::Sender<Result<Bytes>>,
    ) -> Result<()> {
        let failed =
            |error: crate::ports::BlobError| Error::Internal(format!("a file cannot be read: {error}"));
        let part = |bytes: &[u8], last, missing| {
            serde_json::to_string(&FileLine {
                f: id,
                d: STANDARD.encode(bytes),
                last,
                missing,
            })
            .unwrap_or_default()
        };
        let Some(mut open) = self.blobs.open(id).await.map_err(failed)? else {
            return writer.line(&part(&[], true, true));
        };
        while let Some(bytes) = open.read().await.map_err(failed)? {
            for bytes in bytes.chunks(FILE_PART) {
                writer.line(&part(bytes, false, false))?;
                send(writer, PART, to).await?;
            }
        }
        writer.line(&part(&[], true, false))
    }
}

/// The file that a row names: its bytes come next.
pub(super) fn file_of(row: &OrgRow) -> Option<uuid::Uuid> {
    match row.cells.as_slice() {
        [Cell::Text(kind), Cell::Text(id), ..] if row.table == "record" && kind == "content" => {
            id.parse().ok()
        }
        _ => None,
    }
}

async fn send(writer: &mut Writer, at_least: usize, to: &mpsc::Sender<Result<Bytes>>) -> Result<()> {
    match writer.ready(at_least) {
        Some(bytes) => give(bytes, to).await,
        None => Ok(()),
    }
}

async fn give(bytes: Vec<u8>, to: &mpsc::Sender<Result<Bytes>>) -> Result<()> {
    let gone = |_| Error::Internal("nobody takes the archive any more".to_owned());
    to.send(Ok(Bytes::from(bytes))).await.map_err(gone)
}

fn file_name(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .take(60)
        .collect();
    match plain.trim_matches('-') {
        "" => "organization".to_owned(),
        plain => plain.to_owned(),
    }
}
