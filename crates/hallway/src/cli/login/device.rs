//! The device flow: this machine shows a code, a browser anywhere takes it (oauth 3).

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hallway_sdk::client::Https;
use hallway_sdk::tokens::Account;
use hallway_wire::Secret;
use hyper::header::HeaderValue;
use serde::Deserialize;

use super::Plan;
use super::token_endpoint::{Granted, post};
use crate::cli::failure::{Failure, Result};
use crate::cli::printer::Printer;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

#[derive(Deserialize)]
struct Started {
    device_code: Secret,
    user_code: String,
    verification_uri: String,
    #[serde(default)]
    verification_uri_complete: Option<String>,
    expires_in: u64,
    #[serde(default)]
    interval: Option<u64>,
}

pub(super) async fn sign_in(plan: &Plan<'_>, https: &Https, printer: &mut Printer) -> Result<Account> {
    let scope = plan.scopes.join(" ");
    let started: Started = post(
        https,
        &format!("{}/device/authorize", plan.base),
        None,
        &[("client_id", &plan.client_id), ("scope", &scope)],
    )
    .await??;
    printer.note(&format!(
        "Open {} in a browser and type {}",
        started.verification_uri, started.user_code
    ));
    if let Some(complete) = &started.verification_uri_complete {
        printer.note(&format!("or open {complete}"));
    }
    let life = Duration::from_secs(started.expires_in.min(plan.args.wait));
    let end = Instant::now() + life;
    let mut interval = Duration::from_secs(started.interval.unwrap_or(5).clamp(1, 60));
    let proof = STANDARD.encode(format!("{}:{}", plan.client_id, plan.client_secret.expose()));
    let basic = HeaderValue::try_from(format!("Basic {proof}"))
        .map_err(|_| Failure::usage("the client id or secret cannot be sent"))?;
    loop {
        tokio::time::sleep(interval).await;
        let pairs = [
            ("grant_type", GRANT),
            ("client_id", plan.client_id.as_str()),
            ("device_code", started.device_code.expose()),
        ];
        let url = format!("{}/device/token", plan.base);
        match post::<Granted>(https, &url, Some(basic.clone()), &pairs).await? {
            Ok(granted) => return granted.account(),
            Err(refused) => match refused.error.as_str() {
                "authorization_pending" => {}
                "slow_down" => interval += Duration::from_secs(5),
                // Webex says it with a status alone.
                "" if refused.is_pending() => {}
                _ => return Err(refused.into()),
            },
        }
        if Instant::now() >= end {
            return Err(Failure::refused("nobody typed the code in time").hint("run `hallway login` again"));
        }
    }
}
