//! The page: charts that the server draws, each with a table of the same figures beside it; and the CSV file.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use serde::Deserialize;

use crate::App;
use crate::ratings::{Count, Summary};

const STYLE: &str = include_str!("style.css");
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";

#[derive(Deserialize)]
struct Ask {
    weeks: Option<usize>,
}

/// `/` and `/ratings.csv`.
pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/ratings.csv", get(csv))
        .with_state(app)
}

async fn page(State(app): State<Arc<App>>, Query(ask): Query<Ask>) -> impl IntoResponse {
    let weeks = ask.weeks.unwrap_or(12).clamp(1, 53);
    let (settings, now) = (&app.settings, app.integration.clock().now());
    let zone = &settings.zone;
    let html = app.kept.look(|ratings| {
        let summary = Summary::of(&ratings.given, now, weeks, zone, settings.bad);
        let comments = ratings
            .given
            .iter()
            .rev()
            .filter(|it| !it.comment.is_empty())
            .take(20);
        let rows = comments.map(|it| {
            let at = it
                .question
                .at
                .to_jiff()
                .to_zoned(zone.clone())
                .strftime("%Y-%m-%d %H:%M");
            let (room, said) = (escape(&it.question.room), escape(&it.comment));
            format!(
                "<tr><td>{at}<td class=text>{room}<td>{}<td class=text>{said}</tr>",
                it.stars
            )
        });
        document(&summary, &rows.collect::<String>(), settings.bad)
    });
    ([(CONTENT_SECURITY_POLICY, POLICY)], Html(html))
}

fn document(summary: &Summary, comments: &str, bad: u8) -> String {
    let weeks: String = summary
        .weeks
        .iter()
        .map(|week| format!("<th scope=col>{}", week.strftime("%-d %b")))
        .collect();
    let row = |name: &str, (total, by_week): (&Count, &[Count])| {
        let mut row = format!("<tr><th scope=row>{}<td>{}", escape(name), total.ratings);
        let _ = write!(
            row,
            "<td>{}<td>{}",
            shown(total.average(), 1, ""),
            shown(total.bad(), 0, " %")
        );
        by_week
            .iter()
            .for_each(|week| row += &format!("<td>{}", shown(week.average(), 1, "")));
        row + "</tr>\n"
    };
    let rooms = summary
        .rooms
        .iter()
        .map(|(name, (total, by_week))| row(name, (total, by_week)));
    let rooms: String = rooms.collect();
    let mut all = row("All rooms", (&summary.all, &summary.by_week));
    all += "<tr><th scope=row>All rooms, bad<td><td><td>";
    summary
        .by_week
        .iter()
        .for_each(|week| all += &format!("<td>{}", shown(week.bad(), 0, " %")));
    all += "</tr>\n";
    let labels: Vec<String> = summary
        .weeks
        .iter()
        .map(|week| week.strftime("%-d %b").to_string())
        .collect();
    let average: Vec<_> = summary.by_week.iter().map(Count::average).collect();
    let share: Vec<_> = summary.by_week.iter().map(Count::bad).collect();
    let charts = chart("Average stars by week", &labels, &average, 5.0)
        + &chart(
            "Percent of bad calls by week",
            &labels,
            &share,
            share.iter().flatten().copied().fold(20.0, f64::max),
        );
    let (count, mean) = (
        summary.all.ratings,
        shown(summary.all.average(), 1, " of 5 stars"),
    );
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>\
         <title>Call feedback</title><style>{STYLE}</style><main><h1>Call feedback</h1>\
         <p>{count} ratings in {n} weeks, {mean} on average, {share} bad ({bad} stars or fewer).\
         <p><a href=ratings.csv>All ratings as CSV</a>\n{charts}\
         <div class=scroll tabindex=0 role=region aria-label='Ratings by room and week'><table><caption>Average stars \
         by room, and by week that begins on this Monday</caption><thead><tr><th scope=col>Room<th scope=col>Ratings\
         <th scope=col>Average<th scope=col>Bad{weeks}</tr></thead><tbody>\n{all}{rooms}</tbody></table></div>\
         <table class=comments><caption>The last comments</caption><thead><tr><th scope=col>When<th scope=col>Room<th scope=col>Stars\
         <th scope=col>Comment</tr></thead><tbody>{comments}</tbody></table></main></html>\n",
        n = summary.weeks.len(),
        share = shown(summary.all.bad(), 0, " %"),
    )
}

/// Bars, each with its figure above and its label below.
fn chart(title: &str, labels: &[String], values: &[Option<f64>], top: f64) -> String {
    let width = 20 + 52 * labels.len();
    let mut svg = format!(
        "<h2>{title}</h2><svg role=img aria-label='{title}; the table below has the figures' width={width} height=180 \
         viewBox='0 0 {width} 180' font-size=13 text-anchor=middle><path d='M10 150H{width}' stroke='#555'/>"
    );
    for (i, (label, value)) in labels.iter().zip(values).enumerate() {
        let (x, height) = (20 + 52 * i, 120.0 * value.unwrap_or(0.0) / top);
        let (y, text) = (150.0 - height, shown(*value, usize::from(top < 10.0), ""));
        let _ = write!(
            svg,
            "<rect x={x} y={y:.0} width=36 height={height:.0} fill='#0b57a4'/><text x={t} y={above:.0}>{text}</text>\
             <text x={t} y=168>{label}</text>",
            t = x + 18,
            above = y - 6.0,
        );
    }
    svg + "</svg>\n"
}

fn shown(figure: Option<f64>, digits: usize, unit: &str) -> String {
    figure.map_or_else(|| "–".to_owned(), |figure| format!("{figure:.digits$}{unit}"))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// Every rating that is kept. A text that a spreadsheet would take for a formula gets a `'` in front.
async fn csv(State(app): State<Arc<App>>) -> impl IntoResponse {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let plain = |text: &str| match text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => format!("'{text}"),
        false => text.to_owned(),
    };
    let written = app.kept.look(|ratings| {
        writer.write_record(["time", "room", "stars", "comment"])?;
        for it in &ratings.given {
            let (room, comment) = (plain(&it.question.room), plain(&it.comment));
            writer.write_record([it.question.at.to_string(), room, it.stars.to_string(), comment])?;
        }
        Ok::<_, csv::Error>(())
    });
    if let Err(error) = written {
        tracing::error!(%error, "the CSV file is not complete");
    }
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8"),
        (CONTENT_DISPOSITION, "attachment; filename=ratings.csv"),
    ];
    (headers, writer.into_inner().unwrap_or_default())
}
