//! The page, its live updates and the JSON. Whatever comes from the service is escaped; nothing is inline, so that
//! the browser runs only the script of this server.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State as Shared;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::map_response;
use axum::response::sse::{Event, Sse};
use axum::response::{Html, IntoResponse as _, Json, Response};
use axum::routing::get;
use futures_util::stream;
use hallway_sdk::{Integration, WorkspaceId};
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::rooms::{Picture, Room, State};

/// So many pages are kept up to date at once; more are asked to come back.
const MOST_WATCHERS: usize = 500;
/// So often a page hears from the server at least. It connects anew when it does not.
const BEAT: Duration = Duration::from_secs(15);
/// Sent with every answer.
const HEADERS: [(HeaderName, &str); 4] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'self'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-cache"),
];
/// How the climate is written: the name in the JSON, digits after the point, unit.
const CLIMATE: [(&str, usize, &str); 4] =
    [("temperature", 1, " °C"), ("noise", 0, " dB"), ("humidity", 0, " %"), ("airQuality", 1, "")];

#[derive(Clone)]
struct Site {
    integration: Integration,
    title: Arc<str>,
    shown: watch::Receiver<Arc<Picture>>,
    watchers: Arc<Semaphore>,
}

/// What the server answers.
pub(crate) fn router(
    integration: Integration,
    title: String,
    shown: watch::Receiver<Arc<Picture>>,
) -> Router {
    let file = |kind: &'static str, text: &'static str| get(([(header::CONTENT_TYPE, kind)], text));
    let watchers = Arc::new(Semaphore::new(MOST_WATCHERS));
    Router::new()
        .route("/", get(page))
        .route("/api/rooms", get(rooms))
        .route("/events", get(events))
        .route("/style.css", file("text/css; charset=utf-8", include_str!("page/style.css")))
        .route("/map.js", file("text/javascript; charset=utf-8", include_str!("page/map.js")))
        .layer(map_response(async |mut answer: Response| {
            let headers = HEADERS.map(|(name, value)| (name, HeaderValue::from_static(value)));
            answer.headers_mut().extend(headers);
            answer
        }))
        .with_state(Site { integration, title: title.into(), shown, watchers })
}

async fn page(Shared(site): Shared<Site>) -> Html<String> {
    let picture = Arc::clone(&site.shown.borrow());
    let page = include_str!("page/index.html");
    let page = page.replace("{layout}", &layout(&picture)).replace("{summary}", &summary(&picture));
    let page = page.replace("{now}", &site.integration.clock().now().to_string());
    // The texts of others come last: what they hold is not looked into.
    Html(page.replace("{title}", &escaped(&site.title)).replace("{floors}", &floors(&picture)))
}

async fn rooms(Shared(site): Shared<Site>) -> Json<serde_json::Value> {
    let picture = Arc::clone(&site.shown.borrow());
    let as_of = site.integration.clock().now();
    Json(json!({ "asOf": as_of, "notShown": picture.not_shown, "rooms": picture.rooms }))
}

/// What one page has been told.
struct Watcher {
    shown: watch::Receiver<Arc<Picture>>,
    told: Option<HashMap<WorkspaceId, Room>>,
    _place: OwnedSemaphorePermit,
}

/// First all rooms, so that a page that was away misses nothing; then those that change.
async fn events(Shared(site): Shared<Site>) -> Response {
    let Ok(place) = site.watchers.try_acquire_owned() else {
        let later = [(header::RETRY_AFTER, "30")];
        return (StatusCode::SERVICE_UNAVAILABLE, later, "too many pages are open").into_response();
    };
    let watcher = Watcher { shown: site.shown, told: None, _place: place };
    let events = stream::unfold(watcher, |mut watcher| async move {
        let event = watcher.next().await?;
        Some((Ok::<_, Infallible>(event), watcher))
    });
    Sse::new(events).into_response()
}

impl Watcher {
    /// `None`: the map is closed.
    async fn next(&mut self) -> Option<Event> {
        if self.told.is_some() {
            match tokio::time::timeout(BEAT, self.shown.changed()).await {
                Ok(changed) => changed.ok()?,
                Err(_) => return Some(Event::default().event("beat").data("")),
            }
        }
        let picture = Arc::clone(&self.shown.borrow_and_update());
        let told = self.told.get_or_insert_default();
        let news = picture.rooms.iter().filter(|room| told.get(&room.space.id) != Some(*room));
        let news = news
            .map(|room| json!({ "room": room, "row": row(room), "says": says(room), "label": label(room) }));
        let data = json!({ "layout": layout(&picture), "summary": summary(&picture), "rooms": news.collect::<Vec<_>>() });
        *told = picture.rooms.iter().map(|room| (room.space.id.clone(), room.clone())).collect();
        Event::default().json_data(data).ok()
    }
}

/// Names everything that a page cannot change without being loaded anew.
fn layout(picture: &Picture) -> String {
    let mut hasher = DefaultHasher::new();
    picture.not_shown.hash(&mut hasher);
    for Room { space, .. } in &picture.rooms {
        (space.id.as_str(), &space.name, &space.location, &space.floor, space.capacity).hash(&mut hasher);
    }
    format!("{:016x}", hasher.finish())
}

/// All rooms in one sentence.
fn summary(picture: &Picture) -> String {
    let count = |state| picture.rooms.iter().filter(|room| room.state == state).count();
    let [free, booked, in_use, unknown] =
        [State::Free, State::Booked, State::InUse, State::Unknown].map(count);
    format!("{free} free, {booked} booked, {in_use} in use, {unknown} not known.")
}

/// A text, so that it can stand in HTML.
fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace('\'', "&#39;")
}

fn label(room: &Room) -> &'static str {
    match room.state {
        State::Free => "Free",
        State::Booked if room.people == Some(0) => "Booked, nobody there",
        State::Booked => "Booked",
        State::InUse => "In use",
        State::Unknown => "Not known",
    }
}

fn people(room: &Room) -> Option<String> {
    let people = room.people?;
    Some(room.space.capacity.map_or(people.to_string(), |capacity| format!("{people} of {capacity}")))
}

fn climate(room: &Room) -> impl Iterator<Item = Option<String>> {
    CLIMATE.iter().map(|(name, digits, unit)| Some(format!("{:.digits$}{unit}", room.climate.get(name)?)))
}

/// The room in one sentence, for those who hear the map.
fn says(room: &Room) -> String {
    let why = room.why.map(|why| format!("because {why}"));
    let people = people(room).map(|people| format!("people: {people}"));
    let more = [why, people].into_iter().chain(climate(room)).flatten();
    let says = format!("{}: {}", room.space.name, label(room).to_lowercase());
    more.fold(says, |says, more| says + ", " + &more)
}

/// A room in the table.
fn row(room: &Room) -> String {
    let (id, name) = (escaped(room.space.id.as_str()), escaped(&room.space.name));
    let (sign, class) = match room.state {
        State::Free => ("○", "free"),
        State::Booked => ("◐", "booked"),
        State::InUse => ("●", "in-use"),
        State::Unknown => ("?", "unknown"),
    };
    let why = room.why.map(|why| format!(" <small>({why})</small>")).unwrap_or_default();
    let mut row = format!(
        "<tr id=\"row-{id}\" class=\"{class}\"><th scope=\"row\">{name}</th><td><span class=\"sign\" \
         aria-hidden=\"true\">{sign}</span> {}{why}",
        label(room)
    );
    let booked = room.booked.map(|booked| if booked { "Yes" } else { "No" }.to_owned());
    let nothing = "<span aria-hidden=\"true\">–</span><span class=\"heard\">not known</span>";
    for cell in [people(room), booked].into_iter().chain(climate(room)) {
        let _ = write!(row, "</td><td>{}", cell.as_deref().unwrap_or(nothing));
    }
    row + "</td></tr>"
}

/// A table for each floor, above which the script draws the map; and what is not shown.
fn floors(picture: &Picture) -> String {
    let mut html = String::new();
    let here = |room: &Room| [&room.space.location, &room.space.floor].map(|name| escaped(name));
    for floor in picture.rooms.chunk_by(|a, b| here(a) == here(b)) {
        let name: Vec<_> = here(&floor[0]).into_iter().filter(|name| !name.is_empty()).collect();
        let name = if name.is_empty() { "Rooms".to_owned() } else { name.join(", ") };
        let rows: String = floor.iter().map(row).collect();
        html += &include_str!("page/floor.html").replace("{name}", &name).replace("{rows}", &rows);
    }
    if picture.rooms.is_empty() {
        html += "<p>No room is known yet.</p>";
    }
    if !picture.not_shown.is_empty() {
        let missing = picture.not_shown.join("; ");
        let _ = write!(html, "<p class=\"note\">Not shown, because it was not permitted: {missing}.</p>");
    }
    html
}
