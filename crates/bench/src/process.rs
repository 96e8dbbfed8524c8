//! Processes under test, and what they cost.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// A process that ends with its owner.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    stdin: Option<ChildStdin>,
    /// The first line that it wrote, where it was waited for.
    pub(crate) greeting: String,
}

impl Process {
    /// Starts a program with as many open files as the system allows.
    pub(crate) fn start(program: &Path, args: &[String]) -> Result<Self> {
        let child = Command::new("sh")
            .args([
                "-c",
                "ulimit -n \"$(ulimit -Hn)\" 2>/dev/null; exec \"$0\" \"$@\"",
            ])
            .arg(program)
            .args(args)
            .env_remove("RUST_LOG")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?;
        Ok(Self {
            child,
            stdin: None,
            greeting: String::new(),
        })
    }

    /// Starts this program with another job, and waits for the line that says it is ready.
    pub(crate) fn own(job: &str, args: &[String]) -> Result<Self> {
        let program = std::env::current_exe().context("finding this program")?;
        let all: Vec<String> = std::iter::once(job.to_owned())
            .chain(args.iter().cloned())
            .collect();
        Self::greeted(&program, &all)
    }

    /// Starts a program, and waits for the line that says it is ready.
    pub(crate) fn greeted(program: &Path, args: &[String]) -> Result<Self> {
        let mut process = Self::start(program, args)?;
        process.stdin = process.child.stdin.take();
        let stdout = process.child.stdout.take().context("a process without output")?;
        let mut stdout = BufReader::new(stdout);
        stdout
            .read_line(&mut process.greeting)
            .context("waiting for a process")?;
        if process.greeting.trim().is_empty() {
            bail!("{} ended before it was ready", program.display());
        }
        // Read on, so that it never blocks on a full pipe.
        std::thread::spawn(move || std::io::copy(&mut stdout.take(u64::MAX), &mut std::io::sink()));
        Ok(process)
    }

    /// The address in the greeting.
    pub(crate) fn address(&self) -> Result<SocketAddr> {
        let text = self.greeting.split_whitespace().next().unwrap_or_default();
        text.parse().with_context(|| format!("{text:?} is no address"))
    }

    /// Tells it to go.
    pub(crate) fn go(&mut self) -> Result<()> {
        let stdin = self.stdin.as_mut().context("the process has no input")?;
        stdin.write_all(b"go\n")?;
        stdin.flush().context("writing to a process")
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    fn proc(&self, file: &str) -> Result<String> {
        let path = PathBuf::from(format!("/proc/{}/{file}", self.child.id()));
        std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))
    }

    /// Processor time so far, user and system, in seconds.
    pub(crate) fn cpu_seconds(&self) -> Result<f64> {
        cpu_of_stat(&self.proc("stat")?).context("/proc/PID/stat has another shape")
    }

    /// Memory that is in use now, in bytes.
    pub(crate) fn resident_bytes(&self) -> Result<f64> {
        let status = self.proc("status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<f64>().ok());
        Ok(kib.context("/proc/PID/status has no VmRSS")? * 1024.0)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Ticks of `/proc/PID/stat` are hundredths of a second on every Linux.
fn cpu_of_stat(stat: &str) -> Option<f64> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
    Some(ticks / 100.0)
}

/// Waits until something is so.
pub(crate) async fn wait_until(what: &str, limit: Duration, mut so: impl FnMut() -> bool) -> Result<()> {
    let start = Instant::now();
    while !so() {
        if start.elapsed() > limit {
            bail!("waited {} s in vain for {what}", limit.as_secs());
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_read_behind_the_name() {
        let stat = "42 (odd ) name) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20 0 3 0";
        assert_eq!(cpu_of_stat(stat), Some(2.0));
        assert_eq!(cpu_of_stat("42"), None);
    }
}
