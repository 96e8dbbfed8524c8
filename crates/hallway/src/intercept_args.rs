//! `--intercept` and what belongs to it: for `hallway serve` and `hallway demo`.

use std::net::SocketAddr;

use anyhow::{Result, bail};
use clap::Args;
use hallway::Intercept;
use hallway_server::intercept::{HOSTS, Passing};
use hallway_wire::control::Ready;

/// Stand in for the official hosts, so that clients need no change.
#[derive(Args, Debug)]
#[command(next_help_heading = "Clients that need no change")]
pub(crate) struct InterceptArgs {
    /// Answer for webexapis.com and the other official API hosts at this address: as an HTTPS proxy, and by
    /// TLS name. Clients must trust `hallway ca export`.
    #[arg(long, value_name = "ADDR")]
    intercept: Option<SocketAddr>,
    /// Pass connections to this host on untouched (repeat it; HOST:PORT for another port than 443).
    #[arg(long, value_name = "HOST", requires = "intercept")]
    intercept_allow: Vec<Passing>,
    /// Let the interceptor listen beyond this machine.
    #[arg(long, requires = "intercept")]
    intercept_anywhere: bool,
}

impl InterceptArgs {
    /// The settings, once they are found safe.
    pub(crate) fn settings(&self) -> Result<Option<Intercept>> {
        let Some(listen) = self.intercept else {
            return Ok(None);
        };
        if !listen.ip().is_loopback() && !self.intercept_anywhere {
            bail!(
                "the interceptor would listen on {listen}, beyond this machine, where whoever reaches it may use \
                 it without a password (if that is wanted: --intercept-anywhere)"
            );
        }
        Ok(Some(Intercept {
            listen,
            passing: self.intercept_allow.clone(),
        }))
    }
}

/// Says in the log that this Hallway poses as others.
pub(crate) fn warn(ready: &Ready) {
    if let Some(proxy) = &ready.intercept_url {
        tracing::warn!(
            "the interceptor at {proxy} poses as {} and {} more hosts to every client that trusts its authority: \
             for development and tests only",
            HOSTS.first().copied().unwrap_or_default(),
            HOSTS.len().saturating_sub(1)
        );
    }
}

/// How clients use the interceptor; empty where there is none.
pub(crate) fn usage(ready: &Ready) -> String {
    let Some(proxy) = &ready.intercept_url else {
        return String::new();
    };
    format!(
        "
Clients that need no change, {proxy} as their way to webexapis.com:

    hallway ca export hallway-ca.pem
    export HTTPS_PROXY={proxy} NO_PROXY=127.0.0.1,localhost
    export NODE_EXTRA_CA_CERTS=$PWD/hallway-ca.pem REQUESTS_CA_BUNDLE=$PWD/hallway-ca.pem SSL_CERT_FILE=$PWD/hallway-ca.pem

Only in the shells of such clients: they then trust this Hallway as Webex. (curl: --cacert; Node.js heeds
HTTPS_PROXY from version 22.21 or 24.5 on, with NODE_USE_ENV_PROXY=1.)
"
    )
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: InterceptArgs,
    }

    fn settings(words: &[&str]) -> Result<Option<Intercept>> {
        Line::try_parse_from([&["x"], words].concat())?.args.settings()
    }

    #[test]
    fn it_is_off_and_stays_on_this_machine_unless_told_otherwise() {
        assert!(settings(&[]).unwrap().is_none());
        assert!(settings(&["--intercept", "127.0.0.1:0"]).unwrap().is_some());
        assert!(settings(&["--intercept", "[::1]:8443"]).unwrap().is_some());
        for wide in ["0.0.0.0:8443", "[::]:8443", "192.0.2.1:8443"] {
            let error = settings(&["--intercept", wide]).err().unwrap().to_string();
            assert!(error.contains("--intercept-anywhere"), "{error}");
            assert!(
                settings(&["--intercept", wide, "--intercept-anywhere"])
                    .unwrap()
                    .is_some()
            );
        }
    }

    #[test]
    fn only_other_hosts_pass() {
        let passing = |host| settings(&["--intercept", "127.0.0.1:0", "--intercept-allow", host]);
        assert_eq!(passing("api.example.com").unwrap().unwrap().passing.len(), 1);
        assert!(passing("webexapis.com").is_err());
        assert!(settings(&["--intercept-allow", "api.example.com"]).is_err());
    }
}
