//! The built binary as a child process.

use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, ChildStdout, Command};

use super::{Client, within};

/// A running `hallway serve`.
pub(crate) struct Served {
    child: Child,
    /// Kept open: who closes it makes the binary's last words fail.
    _stdout: ChildStdout,
    pub(crate) ready: Value,
}

/// The demo office, standing still, for integrations on this machine.
pub(crate) const OFFICE: &[&str] = &[
    "--demo",
    "--speed",
    "0",
    "--allow-http",
    "--allow-private-targets",
    "--rate-limit",
    "0",
    "--full-sync-every",
    "0",
    "--poll-hold",
    "1",
];

impl Served {
    /// Starts it over a data directory, logs to `dir/log`, and waits until it answers.
    pub(crate) async fn start(dir: &Path, listen: &str, flags: &[&str], more: &[&str]) -> Self {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(dir.join("log"))
            .unwrap();
        let ready_file = dir.join("ready.json");
        let mut command = Command::new(env!("CARGO_BIN_EXE_hallway"));
        command
            .args(flags)
            .args(["--json", "serve", "--listen", listen])
            .arg("--data-dir")
            .arg(dir.join("data"))
            .arg("--ready-file")
            .arg(&ready_file)
            .args(more)
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        let mut said = Vec::new();
        let answers = async {
            loop {
                let mut more = [0; 4096];
                let read = stdout.read(&mut more).await.unwrap();
                let log = || std::fs::read_to_string(dir.join("log")).unwrap_or_default();
                assert_ne!(read, 0, "hallway ended before it answered: {}", log());
                said.extend_from_slice(&more[..read]);
                if serde_json::from_slice::<Value>(&said).is_ok() {
                    return;
                }
            }
        };
        within("hallway starts", answers).await;
        let ready = std::fs::read(&ready_file).unwrap();
        Self {
            child,
            _stdout: stdout,
            ready: serde_json::from_slice(&ready).unwrap(),
        }
    }

    /// `host:port`
    pub(crate) fn address(&self) -> String {
        let url = self.ready["url"].as_str().unwrap();
        url.trim_start_matches("http://").to_owned()
    }

    pub(crate) fn admin(&self) -> Client {
        Client::new(self.ready["url"].as_str().unwrap())
            .with_token(self.ready["adminToken"].as_str().unwrap())
    }

    /// `kill -9`
    pub(crate) async fn kill(mut self) {
        self.child.start_kill().unwrap();
        within("hallway is gone", self.child.wait()).await.unwrap();
    }

    /// Ctrl-C. It must end by itself.
    pub(crate) async fn stop(mut self) {
        let id = self.child.id().unwrap().to_string();
        let sent = Command::new("kill").args(["-INT", &id]).status().await.unwrap();
        assert!(sent.success());
        let status = within("hallway stops", self.child.wait()).await.unwrap();
        assert!(status.success(), "{status}");
    }
}
