//! One device in a process of its own: it links up to Hallway, and it also lets others dial it. Both ways it
//! answers by the same code.

use std::net::SocketAddr;

use anyhow::Result;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::{accept, greet, listen};
use crate::frames::{self, PING, PONG, TEXT, client_frame, find, next_frame, server_frame};
use crate::links::{self, Door};

/// One device.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[arg(long)]
    address: SocketAddr,
    #[arg(long)]
    path: String,
    #[arg(long)]
    token: String,
}

pub(super) async fn run(args: Args) -> Result<()> {
    let door = Door {
        address: args.address,
        path: args.path,
        token: args.token,
    };
    let (stream, rest) = links::dial(&door).await?;
    tokio::spawn(converse(stream, rest, client_frame));
    let (listener, address) = listen().await?;
    greet(address);
    accept(listener, |mut stream| async move {
        let mut bytes = Vec::new();
        while find(&bytes, b"\r\n\r\n").is_none() {
            if stream.read_buf(&mut bytes).await? == 0 {
                return Ok(());
            }
        }
        let key = frames::header(&bytes, b"sec-websocket-key").unwrap_or_default();
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: {}\r\n\r\n",
            derive_accept_key(key.as_bytes())
        );
        stream.write_all(answer.as_bytes()).await?;
        converse(stream, Vec::new(), server_frame).await
    })
    .await
}

async fn converse(
    mut stream: TcpStream,
    mut bytes: Vec<u8>,
    frame: fn(&mut Vec<u8>, u8, &[u8]),
) -> Result<()> {
    let mut out = Vec::new();
    loop {
        let mut begin = 0;
        out.clear();
        while let Some((opcode, range, end)) = next_frame(&mut bytes[begin..]) {
            let payload = &bytes[begin..][range];
            match opcode {
                TEXT => {
                    if let Some(answer) = links::answer(payload) {
                        frame(&mut out, TEXT, answer.as_bytes());
                    }
                }
                PING => frame(&mut out, PONG, payload),
                _ => {}
            }
            begin += end;
        }
        bytes.drain(..begin);
        if !out.is_empty() {
            stream.write_all(&out).await?;
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(());
        }
    }
}
