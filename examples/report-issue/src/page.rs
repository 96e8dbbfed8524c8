//! The list of reports: a page without scripts, and the same as JSON.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{Html, IntoResponse as _, Json, Redirect, Response};
use axum::routing::{get, post};
use axum::{Router, http};

use crate::desk::{Desk, Report};

/// What the page is made of.
#[derive(Clone)]
pub(crate) struct Site {
    pub(crate) desk: Arc<Desk>,
    /// A name, besides addresses and `localhost`, under which it may be asked for.
    pub(crate) host: Option<String>,
    /// What an administrator did not permit, in sentences.
    pub(crate) notes: Vec<String>,
}

pub(crate) fn router(site: Site) -> Router {
    Router::new()
        .route("/", get(list))
        .route("/reports/{reference}/close", post(close))
        .route("/api/reports", get(async |State(site): State<Site>| Json(site.desk.reports())))
        .route(
            "/style.css",
            get(([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("page.css"))),
        )
        .layer(from_fn_with_state(site.clone(), guard))
        .with_state(site)
}

/// Pages of others must neither read the list under a name of theirs, nor close reports in a visitor's name.
async fn guard(State(site): State<Site>, request: Request, next: Next) -> Response {
    let trusted = is_ours(&site, request.headers(), request.method());
    let mut answer = match trusted {
        true => next.run(request).await,
        false => (StatusCode::FORBIDDEN, "asked for under another name, or by another page").into_response(),
    };
    let headers = [
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    answer.headers_mut().extend(headers.map(|(name, value)| (name, HeaderValue::from_static(value))));
    answer
}

fn is_ours(site: &Site, headers: &HeaderMap, method: &Method) -> bool {
    let text = |name: http::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(host) = text(header::HOST) else {
        return false;
    };
    let name =
        host.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(host, |(name, _)| name);
    let address = name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    let known = address || name == "localhost" || site.host.as_deref() == Some(name);
    let by_us =
        text(header::ORIGIN).is_none_or(|origin| origin.split_once("://").is_some_and(|(_, it)| it == host));
    known && (*method == Method::GET || *method == Method::HEAD || by_us)
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace('\'', "&#39;")
}

async fn list(State(site): State<Site>) -> Html<String> {
    let reports = site.desk.reports();
    let rows = |closed: bool| -> String {
        let rows = reports.iter().filter(|report| report.closed == closed).take(200);
        let rows: String = rows.map(row).collect();
        if rows.is_empty() { "<tr><td colspan=\"6\">None.</td></tr>".to_owned() } else { rows }
    };
    let open = reports.iter().filter(|report| !report.closed).count();
    let notes: String =
        site.notes.iter().map(|note| format!("<p class=\"note\">{}</p>", escaped(note))).collect();
    let (title, before) = if site.desk.sends() { ("Waiting to be sent", "Sent") } else { ("Open", "Closed") };
    let page = include_str!("page.html").replace("{count}", &open.to_string()).replace("{notes}", &notes);
    let page = page.replace("{title}", title).replace("{before}", before);
    // What others wrote comes last, so that nothing is looked for in it: split first.
    let (head, rest) = page.split_once("{open}").unwrap_or((&page, ""));
    let (middle, end) = rest.split_once("{closed}").unwrap_or((rest, ""));
    Html([head, &rows(false), middle, &rows(true), end].concat())
}

fn row(report: &Report) -> String {
    let reference = &report.reference;
    let name = match &report.ticket {
        Some(ticket) if ticket != reference => format!("{} ({reference})", escaped(ticket)),
        _ => reference.clone(),
    };
    let button = match report.closed || report.ticket.is_none() {
        true => String::new(),
        false => include_str!("close.html").replace("{reference}", reference),
    };
    let at = report.reported_at.to_string();
    format!(
        "<tr><th scope=\"row\">{name}</th><td>{}</td><td>{}</td><td>{}</td><td><time datetime=\"{at}\">{}</time></td>\
         <td>{}</td></tr>",
        escaped(&report.room),
        escaped(&report.subject),
        escaped(&report.text),
        at.get(..16).unwrap_or(&at).replace('T', " "),
        button,
    )
}

async fn close(State(site): State<Site>, Path(reference): Path<String>) -> Response {
    match site.desk.close(&reference).await {
        Ok(true) => Redirect::to("../../").into_response(),
        Ok(false) => (StatusCode::NOT_FOUND, "there is no open report with this number").into_response(),
        Err(error) => {
            tracing::error!(%error, "a report could not be closed");
            (StatusCode::INTERNAL_SERVER_ERROR, "it could not be written down; try again").into_response()
        }
    }
}
