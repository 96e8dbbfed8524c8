//! A Hallway made of canned answers, and a command line to run against it.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use clap::Parser;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::args::{Command, GlobalArgs};
use super::printer::Printer;
use super::run::run_in;

/// Bytes that a printer wrote.
#[derive(Clone, Default)]
pub(crate) struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

// The command line as `main` embeds it. (A doc comment would become its help.)
#[derive(Parser, Debug)]
#[command(name = "hallway", disable_help_subcommand = true)]
pub(crate) struct TestCli {
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// A request that arrived.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// `GET /v1/devices?max=1000`
    pub(crate) line: String,
    pub(crate) authorization: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) body: String,
}

#[derive(Clone, Debug)]
struct Canned {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
}

/// Answers by request line, with or without the query.
#[derive(Default)]
pub(crate) struct Office(HashMap<&'static str, Canned>);

impl Office {
    pub(crate) fn on(self, line: &'static str, body: &Value) -> Self {
        self.with(line, 200, &[], &body.to_string())
    }

    pub(crate) fn with(
        mut self,
        line: &'static str,
        status: u16,
        headers: &[(&'static str, &str)],
        body: &str,
    ) -> Self {
        let headers = headers
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .collect();
        let body = body.to_owned();
        self.0.insert(
            line,
            Canned {
                status,
                headers,
                body,
            },
        );
        self
    }

    pub(crate) async fn open(self) -> Running {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (answers, log) = (Arc::new(self.0), Arc::clone(&seen));
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let service = service_fn(|request| answer(request, Arc::clone(&answers), Arc::clone(&log)));
                // One connection at a time: the client asks one thing after the other.
                let _ = hyper::server::conn::http1::Builder::new()
                    .keep_alive(false)
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            }
        });
        Running { url, seen, task }
    }
}

async fn answer(
    request: Request<Incoming>,
    answers: Arc<HashMap<&'static str, Canned>>,
    log: Arc<Mutex<Vec<Seen>>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let header = |name: &str| {
        let value = request.headers().get(name);
        value.map(|value| value.to_str().unwrap().to_owned())
    };
    let line = format!("{} {}", request.method(), request.uri());
    let bare = format!("{} {}", request.method(), request.uri().path());
    let (authorization, content_type) = (header("authorization"), header("content-type"));
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let canned = answers
        .get(line.as_str())
        .or_else(|| answers.get(bare.as_str()))
        .cloned();
    log.lock().unwrap().push(Seen {
        line,
        authorization,
        content_type,
        body: String::from_utf8(body.to_vec()).unwrap(),
    });
    let canned = canned.unwrap_or(Canned {
        status: 404,
        headers: Vec::new(),
        body: format!(r#"{{"message":"no answer for {bare}","errors":[],"trackingId":"T"}}"#),
    });
    let mut response = Response::builder().status(canned.status);
    for (name, value) in canned.headers {
        response = response.header(name, value);
    }
    Ok(response.body(Full::new(canned.body.into())).unwrap())
}

/// What a command left behind.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: u8,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// An office that answers.
pub(crate) struct Running {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: JoinHandle<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Running {
    /// Runs a command with a token.
    pub(crate) async fn run(&self, words: &[&str]) -> Outcome {
        let mut all = vec!["--url", &self.url, "--token", "the-token"];
        all.extend(words);
        hallway(&all).await
    }

    /// The requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The last request.
    pub(crate) fn last(&self) -> Seen {
        self.seen().pop().unwrap()
    }
}

/// An environment that says nothing, and in which there are no profiles.
fn no_profiles(name: &str) -> Option<String> {
    (name == "HALLWAY_CONFIG_DIR").then(|| "/nonexistent/hallway".to_owned())
}

/// Runs a command with an empty environment.
pub(crate) async fn hallway(words: &[&str]) -> Outcome {
    let cli = TestCli::try_parse_from(std::iter::once("hallway").chain(words.iter().copied())).unwrap();
    let (out, err) = (Shared::default(), Shared::default());
    let mut printer = Printer::on(cli.global.json, out.clone(), err.clone());
    let code = run_in(cli.command, &cli.global, no_profiles, &mut printer).await;
    Outcome {
        code,
        out: out.text(),
        err: err.text(),
    }
}
