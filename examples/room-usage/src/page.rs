//! The page: what wants cleaning, and the report of a day, a week or a month.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, ORIGIN};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use hallway_sdk::WorkspaceId;
use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::report::{Report, escape};
use crate::rooms::Rooms;
use crate::{App, Settings};

const STYLE: &str = include_str!("style.css");
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Which days are asked for.
#[derive(Deserialize)]
struct Ask {
    #[serde(default)]
    period: String,
    date: Option<Date>,
}

#[derive(Deserialize)]
struct Cleaned {
    room: WorkspaceId,
}

/// `/`, `/report.csv` and `/cleaned`.
pub(crate) fn router(app: Arc<App>) -> Router {
    let router = Router::new().route("/", get(page)).route("/report.csv", get(csv));
    router.route("/cleaned", post(cleaned)).with_state(app)
}

impl Ask {
    /// The first and the last day.
    fn days(&self, app: &App) -> (Date, Date) {
        let today = || {
            app.integration
                .clock()
                .now()
                .to_jiff()
                .to_zoned(TimeZone::UTC)
                .date()
        };
        let date = self.date.unwrap_or_else(today);
        let monday = date.saturating_sub(i64::from(date.weekday().to_monday_zero_offset()).days());
        match self.period.as_str() {
            "day" => (date, date),
            "month" => (date.first_of_month(), date.last_of_month()),
            _ => (monday, monday.saturating_add(6.days())),
        }
    }

    fn report(&self, app: &App) -> anyhow::Result<Report> {
        let ((from, to), now) = (self.days(app), app.integration.clock().now());
        let rooms = app.kept.look(Rooms::clone);
        Report::read(&app.settings.state, &rooms, from, to, now)
    }
}

fn failed(error: &anyhow::Error) -> Response {
    tracing::error!("the report cannot be made: {error:#}");
    (
        StatusCode::INTERNAL_SERVER_ERROR,
        "The report cannot be made; the log says why.\n",
    )
        .into_response()
}

async fn page(State(app): State<Arc<App>>, Query(ask): Query<Ask>) -> Response {
    let now = app.integration.clock().now();
    let cleaning = app.kept.look(|rooms| cleaning(rooms, &app.settings, now));
    let (from, _) = ask.days(&app);
    let link = |period| format!("<a href='?period={period}&amp;date={from}'>{period}</a> ");
    let links: String = ["day", "week", "month"].into_iter().map(link).collect();
    let csv = format!(
        "<a href='report.csv?period={}&amp;date={from}'>CSV</a>",
        escape(&ask.period)
    );
    match ask.report(&app) {
        Ok(report) => {
            let body = format!(
                "{cleaning}<h2>Use</h2><nav aria-label=Period>{links}{csv}</nav>\n{}",
                report.html()
            );
            ([(CONTENT_SECURITY_POLICY, POLICY)], Html(document(&body))).into_response()
        }
        Err(error) => failed(&error),
    }
}

/// A whole document around something.
pub(crate) fn document(body: &str) -> String {
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>\
         <title>Room usage</title><style>{STYLE}</style><main><h1>Room usage</h1>{body}</main></html>\n"
    )
}

/// The rooms, those that want cleaning first.
fn cleaning(rooms: &Rooms, settings: &Settings, now: hallway_sdk::Timestamp) -> String {
    let due = |uses: u32, hours: f64| uses >= settings.uses || hours >= settings.people_hours;
    let mut rows: Vec<_> = rooms
        .all
        .iter()
        .map(|(id, room)| {
            let hours = room.people_hours(now);
            let since = room
                .cleaned
                .to_jiff()
                .to_zoned(room.zone())
                .strftime("%a %-d %b %H:%M");
            let (due, name) = (due(room.uses, hours), escape(&room.name));
            let row = format!(
                "<tr><th scope=row>{name}<td>{}<td>{}<td>{hours:.1}<td>{since}<td><form method=post \
                 action='cleaned?room={}'><button aria-label='Cleaned: {name}'>Cleaned</button></form></tr>\n",
                if due { "<strong>clean it</strong>" } else { "fine" },
                room.uses,
                escape(id.as_str()),
            );
            (!due, room.name.clone(), row)
        })
        .collect();
    rows.sort();
    let rows: String = rows.into_iter().map(|(_, _, row)| row).collect();
    format!(
        "<h2>Cleaning</h2><table><caption>After {} uses or {} people-hours</caption><thead><tr><th scope=col>Room\
         <th scope=col>State<th scope=col>Uses<th scope=col>People-hours<th scope=col>Since<th scope=col>Mark\
         </tr></thead><tbody>\n{rows}</tbody></table>\n",
        settings.uses, settings.people_hours
    )
}

async fn csv(State(app): State<Arc<App>>, Query(ask): Query<Ask>) -> Response {
    match ask.report(&app).and_then(|report| report.csv()) {
        Ok(csv) => ([(CONTENT_TYPE, "text/csv; charset=utf-8")], csv).into_response(),
        Err(error) => failed(&error),
    }
}

/// Marks a room as cleaned. Pages of others must not: a browser says where a form comes from.
async fn cleaned(State(app): State<Arc<App>>, headers: HeaderMap, Query(it): Query<Cleaned>) -> Response {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let own = |origin: &str| origin.split_once("://").map(|(_, host)| host) == text(HOST);
    if !text(ORIGIN).is_none_or(own) {
        return (StatusCode::FORBIDDEN, "This form comes from another page.\n").into_response();
    }
    match app.cleaned(&it.room).await {
        Ok(true) => Redirect::to("./").into_response(),
        Ok(false) => (StatusCode::NOT_FOUND, "There is no such room.\n").into_response(),
        Err(error) => failed(&error),
    }
}
