//! The bare baselines: what the work costs with nothing around it. Each runs in a process of its own, as
//! Hallway does, writes its address to standard output, and ends with its parent.

use std::future::Future;
use std::net::SocketAddr;

use anyhow::Result;
use clap::Subcommand;

mod drain;
mod holder;
mod notifier;
mod relay;
mod rest;

/// A process that the benchmark starts for itself.
#[derive(Subcommand, Debug)]
pub(crate) enum Job {
    /// A plain loop from a WebSocket to webhooks, or to long polls.
    #[command(hide = true)]
    Relay(relay::Args),
    /// Webhooks out of memory, over a pool.
    #[command(hide = true)]
    Drain(drain::Args),
    /// One document out of memory, behind the hash of a token.
    #[command(hide = true)]
    Person(rest::PersonArgs),
    /// One document out of SQLite.
    #[command(hide = true)]
    Record(rest::RecordArgs),
    /// An HTTP server that says hello.
    #[command(hide = true)]
    Hello(rest::HelloArgs),
    /// A service that notifies one integration.
    #[command(hide = true)]
    Notifier,
    /// An integration on hallway-sdk.
    #[command(hide = true)]
    Listener(notifier::ListenerArgs),
    /// Holds WebSockets.
    #[command(hide = true)]
    Holder,
    /// Opens WebSockets and keeps them.
    #[command(hide = true)]
    Dialler(holder::DiallerArgs),
}

impl Job {
    /// Does the job until the parent is gone.
    pub(crate) fn run(self) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(async {
            match self {
                Self::Relay(args) => relay::run(args).await,
                Self::Drain(args) => drain::run(args).await,
                Self::Person(args) => rest::person(args).await,
                Self::Record(args) => rest::record(args).await,
                Self::Hello(args) => rest::hello(args).await,
                Self::Notifier => notifier::run().await,
                Self::Listener(args) => notifier::listener(args).await,
                Self::Holder => holder::hold().await,
                Self::Dialler(args) => holder::dial(args).await,
            }
        })
    }
}

/// Tells the parent that the process is ready.
#[expect(clippy::print_stdout, reason = "the parent reads it")]
fn greet(text: impl std::fmt::Display) {
    println!("{text}");
}

/// A listener on a free port.
async fn listen() -> Result<(tokio::net::TcpListener, SocketAddr)> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Hands every connection to a task of its own.
async fn accept<F>(
    listener: tokio::net::TcpListener,
    serve: impl Fn(tokio::net::TcpStream) -> F,
) -> Result<()>
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let task = serve(stream);
        tokio::spawn(async move { task.await.ok() });
    }
}

pub(crate) use relay::record;
