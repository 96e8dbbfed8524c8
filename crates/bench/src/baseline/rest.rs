//! Bare HTTP servers: a document out of memory behind the hash of a token, a document out of SQLite, hello.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use bytes::Bytes;
use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rusqlite::{Connection, OpenFlags, params};
use serde_json::Value;

use super::{accept, greet, listen};

/// A document out of memory.
#[derive(clap::Args, Debug)]
pub(crate) struct PersonArgs {
    /// What Hallway answers.
    #[arg(long)]
    body: PathBuf,
    #[arg(long)]
    token: String,
}

pub(super) async fn person(args: PersonArgs) -> Result<()> {
    let person: Value = serde_json::from_slice(&std::fs::read(&args.body)?)?;
    let people = Arc::new(HashMap::from([(
        hallway_platform::crypto::sha256(args.token.as_bytes()),
        Arc::new(person),
    )]));
    let router = Router::new().route("/v1/people/me", get(me)).with_state(people);
    serve(router).await
}

type People = Arc<HashMap<[u8; 32], Arc<Value>>>;

async fn me(State(people): State<People>, headers: HeaderMap) -> Response {
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let person = token.and_then(|token| people.get(&hallway_platform::crypto::sha256(token.as_bytes())));
    match person {
        Some(person) => Json(Arc::clone(person)).into_response(),
        None => StatusCode::UNAUTHORIZED.into_response(),
    }
}

/// A document out of SQLite, by its primary key.
#[derive(clap::Args, Debug)]
pub(crate) struct RecordArgs {
    #[arg(long)]
    dir: PathBuf,
    #[arg(long)]
    body: PathBuf,
}

thread_local! {
    static CONNECTION: RefCell<Option<Connection>> = const { RefCell::new(None) };
}

pub(super) async fn record(args: RecordArgs) -> Result<()> {
    let file = args.dir.join("bare.db");
    let document = std::fs::read(&args.body)?;
    let writer = Connection::open(&file)?;
    writer.pragma_update(None, "journal_mode", "wal")?;
    writer
        .execute_batch("CREATE TABLE IF NOT EXISTS record (id TEXT PRIMARY KEY, doc BLOB) WITHOUT ROWID")?;
    for number in 0..1000 {
        let id = if number == 0 {
            "it".to_owned()
        } else {
            format!("other-{number}")
        };
        writer.execute(
            "INSERT OR REPLACE INTO record VALUES (?1, ?2)",
            params![id, document],
        )?;
    }
    drop(writer);
    let router = Router::new()
        .route("/{id}", get(one))
        .with_state(Arc::<Path>::from(file));
    serve(router).await
}

async fn one(
    State(file): State<Arc<Path>>,
    axum::extract::Path(id): axum::extract::Path<String>,
) -> Response {
    match read(&file, &id) {
        Ok(document) => ([(header::CONTENT_TYPE, "application/json")], document).into_response(),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}

fn read(file: &Path, id: &str) -> Result<Vec<u8>> {
    CONNECTION.with_borrow_mut(|kept| {
        if kept.is_none() {
            *kept = Some(Connection::open_with_flags(
                file,
                OpenFlags::SQLITE_OPEN_READ_ONLY,
            )?);
        }
        let connection = kept.as_ref().context("just opened")?;
        let mut statement = connection.prepare_cached("SELECT doc FROM record WHERE id = ?1")?;
        Ok(statement.query_row([id], |row| row.get(0))?)
    })
}

async fn serve(router: Router) -> Result<()> {
    let (listener, address) = listen().await?;
    greet(address);
    accept(listener, move |stream| {
        let service = hyper_util::service::TowerToHyperService::new(router.clone());
        async move {
            hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await?;
            Ok(())
        }
    })
    .await
}

/// Hello.
#[derive(clap::Args, Debug)]
pub(crate) struct HelloArgs {
    #[arg(long)]
    listen: SocketAddr,
}

pub(super) async fn hello(args: HelloArgs) -> Result<()> {
    let listener = tokio::net::TcpListener::bind(args.listen).await?;
    accept(listener, |stream| async move {
        let service = service_fn(|_| async {
            Ok::<_, std::convert::Infallible>(http::Response::new(Full::new(Bytes::from_static(b"hello"))))
        });
        hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .await?;
        Ok(())
    })
    .await
}
