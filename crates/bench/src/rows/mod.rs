//! The rows: one function each, which measures Hallway and its baseline in turns.

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;

use anyhow::Result;
use clap::ValueEnum;

use crate::report::{Line, Measured};

mod append;
mod ask;
mod audience;
mod memory;
mod pages;
mod pipeline;
mod rest;
mod sdk;
mod start;
mod tokens;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Row {
    /// Status change to signed webhook
    Webhook,
    /// Draining a backlog of webhooks
    Drain,
    /// Status change to long poll
    Poll,
    /// xAPI status by REST
    Xapi,
    /// GET /v1/people/me
    Me,
    /// GET of one device, one workspace
    Record,
    /// Memory per idle device
    Memory,
    /// Durable append
    Append,
    /// Signing and verifying
    Tokens,
    /// Start and idle memory
    Start,
    /// Cost per event by number of integrations
    Audience,
    /// Pages of long lists
    Pages,
    /// Integrations on hallway-sdk and on the official Node.js SDK
    Sdk,
}

/// How to measure.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) hallway: PathBuf,
    pub(crate) rounds: usize,
    pub(crate) quick: bool,
}

impl Plan {
    /// One of two values.
    pub(crate) fn pick<T>(&self, quick: T, full: T) -> T {
        if self.quick { quick } else { full }
    }
}

type Running<'a> = Pin<Box<dyn Future<Output = Result<Vec<Line>>> + 'a>>;

impl Row {
    /// Rows whose figures differ little from run to run, even on a busy machine.
    pub(crate) fn is_steady(self) -> bool {
        matches!(
            self,
            Self::Drain | Self::Poll | Self::Me | Self::Append | Self::Tokens | Self::Start | Self::Audience
        )
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Webhook => "Status change → matched → durable → acknowledged → signed webhook delivered",
            Self::Drain => "Draining a backlog of webhooks",
            Self::Poll => "Status change → long poll",
            Self::Xapi => "xAPI status by REST, through the platform, to a device on its WebSocket",
            Self::Me => "GET /v1/people/me",
            Self::Record => "GET of one device or workspace from the store",
            Self::Memory => "Memory per idle connected device",
            Self::Append => "Durable append",
            Self::Tokens => "Signing and verifying JWTs (ES256)",
            Self::Start => "Start to first answer, idle memory",
            Self::Audience => "Cost per event by integrations that do not match",
            Self::Pages => "A page of 100 of a long list",
            Self::Sdk => "An integration by long polling, on hallway-sdk",
        }
    }

    fn baseline(self) -> &'static str {
        match self {
            Self::Webhook => {
                "a plain loop with the same frames: WebSocket frame, serde_json, match, group-commit log with \
                 fdatasync, acknowledgement, HMAC-SHA1 POST over kept connections, delivered mark"
            }
            Self::Drain => "hyper-util's pooled client, 64 requests in flight, HMAC-SHA1 of each body",
            Self::Poll => "the plain loop with a queue in memory and answers to polls in place of POSTs",
            Self::Xapi => "a JSON-RPC client that dials the same device directly",
            Self::Me => "an axum handler with the person in memory, found by the hash of the token",
            Self::Record => {
                "an axum handler with an SQLite read by primary key in place, of the same document, without any \
                 check of a token"
            }
            Self::Memory => "a process that holds WebSockets with small buffers and does nothing else",
            Self::Append => {
                "a file to which groups of 100 checksummed rows are appended, with one fdatasync each"
            }
            Self::Tokens => "ring with a parsed key, over the same bytes, without JSON and base64",
            Self::Start => "a bare hyper server",
            Self::Audience => "itself with one integration",
            Self::Pages => "itself with lists of 1100",
            Self::Sdk => "the official Node.js SDK, with the same notifications from the same service",
        }
    }

    /// Measures the row.
    pub(crate) async fn measure(self, plan: &Plan) -> Result<Measured> {
        let running: Running<'_> = match self {
            Self::Webhook => Box::pin(pipeline::webhook(plan)),
            Self::Drain => Box::pin(pipeline::drain(plan)),
            Self::Poll => Box::pin(pipeline::poll(plan)),
            Self::Xapi => Box::pin(ask::run(plan)),
            Self::Me => Box::pin(rest::me(plan)),
            Self::Record => Box::pin(rest::record(plan)),
            Self::Memory => Box::pin(memory::run(plan)),
            Self::Append => Box::pin(append::run(plan)),
            Self::Tokens => Box::pin(async { tokens::run(plan) }),
            Self::Start => Box::pin(start::run(plan)),
            Self::Audience => Box::pin(audience::run(plan)),
            Self::Pages => Box::pin(pages::run(plan)),
            Self::Sdk => Box::pin(sdk::run(plan)),
        };
        Ok(Measured {
            title: self.title(),
            baseline: self.baseline(),
            lines: running.await?,
        })
    }
}
