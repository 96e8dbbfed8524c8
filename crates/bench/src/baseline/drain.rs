//! Webhooks out of memory: hyper-util's pooled client, 64 in flight, each body signed.

use std::io::BufRead as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http::{HeaderValue, Uri};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use super::greet;
use super::relay::signed;
use crate::receiver::SECRET;

const IN_FLIGHT: usize = 64;

/// The pooled client.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[arg(long)]
    target: SocketAddr,
    #[arg(long)]
    body: PathBuf,
    #[arg(long)]
    count: i64,
}

pub(super) async fn run(args: Args) -> Result<()> {
    let body = Bytes::from(std::fs::read(&args.body)?);
    let key = Arc::new(ring::hmac::Key::new(
        ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        SECRET.as_bytes(),
    ));
    let host = HeaderValue::from_str(&args.target.to_string())?;
    let uri: Uri = format!("http://{}/hook", args.target).parse()?;
    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    greet("ready");
    loop {
        let line = tokio::task::spawn_blocking(|| {
            let mut line = String::new();
            std::io::stdin().lock().read_line(&mut line).map(|_| line)
        });
        if line.await.context("reading the word")??.trim() != "go" {
            return Ok(());
        }
        let left = Arc::new(AtomicI64::new(args.count));
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..IN_FLIGHT {
            let (client, left, key) = (client.clone(), Arc::clone(&left), Arc::clone(&key));
            let (body, host, uri) = (body.clone(), host.clone(), uri.clone());
            tasks.spawn(async move {
                while left.fetch_sub(1, Ordering::AcqRel) > 0 {
                    let mut request = signed(&key, &host, body.clone())?;
                    *request.uri_mut() = uri.clone();
                    client.request(request).await?;
                }
                anyhow::Ok(())
            });
        }
        while let Some(ended) = tasks.join_next().await {
            ended.context("a client's task")??;
        }
    }
}
