//! Hallway under test: the real binary in a process of its own, set up over its own API.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::client::{self, Connection};
use crate::links::Door;
use crate::process::{Process, wait_until};
use crate::receiver::SECRET;

/// The status that devices report here.
pub(crate) const STATUS: &str = "RoomAnalytics.PeopleCount.Current";

/// How an integration hears.
#[derive(Clone, Debug)]
pub(crate) enum Channel {
    Webhook(String),
    Queue,
}

/// A running Hallway.
#[derive(Debug)]
pub(crate) struct House {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
    pub(crate) token: String,
    binary: PathBuf,
    dir: Option<TempDir>,
}

/// A folder on a real disk: the temporary one of the system may be kept in memory, where a sync is free.
pub(crate) fn scratch() -> Result<TempDir> {
    let program = std::env::current_exe().context("finding this program")?;
    let beside = program.parent().context("this program lies nowhere")?;
    tempfile::Builder::new()
        .prefix("bench-")
        .tempdir_in(beside)
        .context("making a folder")
}

impl House {
    /// Starts Hallway with its data on disk.
    pub(crate) async fn durable(binary: &Path) -> Result<Self> {
        Self::start(binary, Some(scratch()?)).await
    }

    /// Starts Hallway with its data in memory.
    pub(crate) async fn ephemeral(binary: &Path) -> Result<Self> {
        Self::start(binary, None).await
    }

    /// The same Hallway in a fresh process.
    pub(crate) async fn restarted(self) -> Result<Self> {
        let Self {
            process, binary, dir, ..
        } = self;
        drop(process);
        Self::start(&binary, dir).await
    }

    /// The same Hallway in a fresh process, after something was done to its data.
    pub(crate) async fn refilled(self, fill: impl AsyncFnOnce(&Path) -> Result<()>) -> Result<Self> {
        let Self {
            process, binary, dir, ..
        } = self;
        drop(process);
        let dir = dir.context("a Hallway without data on disk")?;
        fill(dir.path()).await?;
        Self::start(&binary, Some(dir)).await
    }

    async fn start(binary: &Path, dir: Option<TempDir>) -> Result<Self> {
        let ready = scratch()?;
        let file = ready.path().join("ready.json");
        let mut args: Vec<String> = [
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--rate-limit",
            "0",
            "--allow-http",
            "--allow-private-targets",
            "--full-sync-every",
            "0",
            "--queue-limit",
            "1000000",
            "--ready-file",
        ]
        .map(str::to_owned)
        .into();
        args.push(file.display().to_string());
        match &dir {
            Some(dir) => args.extend(["--data-dir".to_owned(), dir.path().display().to_string()]),
            None => args.push("--ephemeral".to_owned()),
        }
        let mut process = Process::start(binary, &args)?;
        wait_until("Hallway's start", Duration::from_secs(20), || {
            file.exists() || process.has_ended()
        })
        .await?;
        let text = std::fs::read_to_string(&file).context("Hallway ended at its start")?;
        let ready: Value = serde_json::from_str(&text).context("the ready file")?;
        let member = |name: &str| {
            ready[name]
                .as_str()
                .map(str::to_owned)
                .with_context(|| format!("no {name}"))
        };
        let address = host(&member("url")?)?;
        Ok(Self {
            process,
            address,
            token: member("adminToken")?,
            binary: binary.to_owned(),
            dir,
        })
    }

    pub(crate) async fn connect(&self) -> Result<Connection> {
        Connection::open(self.address).await
    }

    /// Makes a workspace. Returns its id.
    pub(crate) async fn workspace(&self, name: &str) -> Result<String> {
        let mut connection = self.connect().await?;
        let body = json!({ "displayName": name });
        let made = client::json(
            &mut connection,
            "POST",
            "/v1/workspaces",
            Some(&self.token),
            Some(&body),
        )
        .await?;
        text(&made, "id")
    }

    /// Registers devices in a workspace. Returns their ids and where they dial in.
    pub(crate) async fn devices(&self, workspace: &str, count: usize) -> Result<Vec<(String, Door)>> {
        const AT_ONCE: usize = 32;
        let per_connection = count.div_ceil(AT_ONCE);
        let parts = (0..count).step_by(per_connection.max(1)).map(|from| async move {
            let mut connection = self.connect().await?;
            let mut made = Vec::new();
            for number in from..(from + per_connection).min(count) {
                made.push(self.device(&mut connection, workspace, number).await?);
            }
            anyhow::Ok(made)
        });
        let made: Vec<Vec<_>> = stream::iter(parts).buffered(AT_ONCE).try_collect().await?;
        Ok(made.into_iter().flatten().collect())
    }

    async fn device(
        &self,
        connection: &mut Connection,
        workspace: &str,
        number: usize,
    ) -> Result<(String, Door)> {
        let body = json!({
            "code": self.device_code(connection, workspace).await?,
            "product": "Cisco Board Pro 55",
            "serial": format!("BENCH{number:06}"),
            "mac": format!("02:00:00:{:02X}:{:02X}:{:02X}", number >> 16 & 255, number >> 8 & 255, number & 255),
        });
        let made = client::json(
            connection,
            "POST",
            "/hallway/v1/devices/redeem",
            None,
            Some(&body),
        )
        .await?;
        let url = text(&made, "linkUrl")?;
        let path = url
            .find("/hallway/")
            .map(|at| url[at..].to_owned())
            .context("a strange link URL")?;
        let authorization = format!("Bearer {}", text(&made, "deviceToken")?);
        Ok((
            text(&made, "deviceId")?,
            Door {
                address: self.address,
                path,
                authorization,
            },
        ))
    }

    /// Makes a code with which a device joins a workspace.
    pub(crate) async fn device_code(&self, connection: &mut Connection, workspace: &str) -> Result<String> {
        let body = json!({ "workspaceId": workspace });
        let path = "/v1/devices/activationCode";
        text(
            &client::json(connection, "POST", path, Some(&self.token), Some(&body)).await?,
            "code",
        )
    }

    /// Uploads and activates an integration that hears statuses, and completes its activation. Returns its
    /// access token and where it polls.
    pub(crate) async fn integration(
        &self,
        statuses: &[&str],
        channel: &Channel,
    ) -> Result<(String, Option<String>)> {
        let mut connection = self.connect().await?;
        let admin = Some(self.token.as_str());
        let rules: Vec<Value> = statuses
            .iter()
            .map(|path| json!({ "path": path, "access": "required" }))
            .collect();
        let manifest = json!({
            "id": uuid::Uuid::new_v4(),
            "manifestVersion": 1,
            "displayName": "Benchmark",
            "vendor": "Hallway",
            "email": "bench@example.com",
            "description": "Hears what the benchmark measures",
            "availability": "org_private",
            "apiAccess": [
                { "scope": "spark-admin:devices_read", "access": "required" },
                { "scope": "spark:xapi_statuses", "access": "required" },
            ],
            "xapiAccess": { "status": rules, "commands": [], "events": [] },
            "provisioning": { "type": "manual" },
        });
        let base = "/hallway/v1/integrations";
        let uploaded = client::json(&mut connection, "POST", base, admin, Some(&manifest)).await?;
        let path = format!("{base}/{}/activate", text(&uploaded, "appId")?);
        let activated = client::json(&mut connection, "POST", &path, admin, Some(&json!({}))).await?;
        let claims = claims(&text(&activated, "activationCode")?)?;
        let body = json!({
            "grant_type": "refresh_token",
            "client_id": text(&uploaded, "clientId")?,
            "client_secret": text(&uploaded, "clientSecret")?,
            "refresh_token": text(&claims, "refreshToken")?,
        });
        let tokens = client::json(&mut connection, "POST", "/v1/access_token", None, Some(&body)).await?;
        let token = text(&tokens, "access_token")?;
        let mut update = json!({ "provisioningState": "completed" });
        match channel {
            Channel::Webhook(url) => {
                update["webhook"] = json!({ "targetUrl": url, "type": "hmac_signature", "secret": SECRET });
            }
            Channel::Queue => update["queue"] = json!({ "state": "enabled" }),
        }
        let app_url = path_of(&text(&claims, "appUrl")?)?;
        let shown = client::json(&mut connection, "PATCH", &app_url, Some(&token), Some(&update)).await?;
        let poll = shown["queue"]["pollUrl"].as_str().map(path_of).transpose()?;
        Ok((token, poll))
    }
}

fn text(value: &Value, member: &str) -> Result<String> {
    value[member]
        .as_str()
        .map(str::to_owned)
        .with_context(|| format!("no {member} in {value}"))
}

fn host(url: &str) -> Result<SocketAddr> {
    let uri: http::Uri = url.parse().with_context(|| format!("{url} is no URL"))?;
    let authority = uri.authority().context("a URL without host")?;
    authority
        .as_str()
        .parse()
        .with_context(|| format!("{url} names no address"))
}

fn path_of(url: &str) -> Result<String> {
    let uri: http::Uri = url.parse().with_context(|| format!("{url} is no URL"))?;
    Ok(uri.path_and_query().map_or("/", |path| path.as_str()).to_owned())
}

fn claims(jwt: &str) -> Result<Value> {
    let payload = jwt.split('.').nth(1).context("the activation code is no JWT")?;
    let bytes = URL_SAFE_NO_PAD
        .decode(payload)
        .context("the activation code is no JWT")?;
    serde_json::from_slice(&bytes).context("the claims are not JSON")
}
