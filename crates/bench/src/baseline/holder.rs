//! A process that holds WebSockets and does nothing else, and one that opens them.

use std::path::PathBuf;

use anyhow::Result;
use futures_util::StreamExt as _;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use super::{accept, greet, listen};
use crate::links::{self, Door};

/// Holds what comes, with buffers as small as a link can have.
pub(super) async fn hold() -> Result<()> {
    let (listener, address) = listen().await?;
    greet(address);
    accept(listener, |stream| async move {
        let config = WebSocketConfig::default()
            .read_buffer_size(1024)
            .write_buffer_size(0);
        let mut socket = tokio_tungstenite::accept_async_with_config(stream, Some(config)).await?;
        while let Some(message) = socket.next().await {
            message?;
        }
        Ok(())
    })
    .await
}

/// Opens WebSockets.
#[derive(clap::Args, Debug)]
pub(crate) struct DiallerArgs {
    /// A file with address, path and authorization of each link, a line for each.
    #[arg(long)]
    doors: PathBuf,
}

pub(super) async fn dial(args: DiallerArgs) -> Result<()> {
    let text = std::fs::read_to_string(&args.doors)?;
    let mut doors = Vec::new();
    for line in text.lines() {
        if let [address, path, authorization] = line.splitn(3, ' ').collect::<Vec<_>>()[..] {
            doors.push(Door {
                address: address.parse()?,
                path: path.to_owned(),
                authorization: authorization.to_owned(),
            });
        }
    }
    let links = links::open(&doors).await?;
    greet(links.len());
    std::future::pending().await
}
