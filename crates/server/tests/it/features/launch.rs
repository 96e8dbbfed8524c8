//! Cross launch, with vendors that answer well and badly.

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use hallway_platform::org::Role;
use hallway_platform::ports::courier::{Courier, CourierError, Errand, Target};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::*;

/// Calls this machine, but lets nobody be led to it.
struct Guarded(HttpCourier, HttpCourier);

#[async_trait]
impl Courier for Guarded {
    fn errand(&self, target: &Target) -> Result<Box<dyn Errand>, CourierError> {
        self.0.errand(target)
    }

    fn check(&self, target: &Target) -> Result<(), CourierError> {
        self.1.check(target)
    }

    async fn check_host(&self, target: &Target) -> Result<(), CourierError> {
        self.1.check_host(target).await
    }
}

/// A vendor on a real socket; what it answers is in the path.
struct Hub {
    url: String,
    asked: mpsc::UnboundedReceiver<(HeaderMap, Value)>,
}

async fn hub() -> Hub {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (sender, asked) = mpsc::unbounded_channel();
    let router = Router::new().fallback(post(answer)).with_state(sender);
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    Hub { url, asked }
}

async fn answer(
    State(sender): State<mpsc::UnboundedSender<(HeaderMap, Value)>>,
    uri: axum::http::Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    sender
        .send((headers, serde_json::from_slice(&body).unwrap()))
        .ok();
    let redirect = |url: &str| axum::Json(json!({ "redirectUrl": url })).into_response();
    match uri.path() {
        "/good" => redirect("https://hub.invalid/page?session=1"),
        "/moved" => (StatusCode::FOUND, [(header::LOCATION, "/good")]).into_response(),
        "/failed" => (StatusCode::INTERNAL_SERVER_ERROR, "<script>alert(1)</script>").into_response(),
        "/huge" => {
            let json = [(header::CONTENT_TYPE, "application/json")];
            (json, "x".repeat(10 << 20)).into_response()
        }
        "/hang" => std::future::pending().await,
        "/drip" => {
            let json = [(header::CONTENT_TYPE, "application/json")];
            let never = futures_util::stream::pending::<Result<Bytes, std::convert::Infallible>>();
            (json, Body::from_stream(never)).into_response()
        }
        "/html" => ([(header::CONTENT_TYPE, "text/html")], "<script>").into_response(),
        "/nothing" => axum::Json(json!({ "other": 1 })).into_response(),
        "/private" => redirect("https://192.168.1.1/"),
        "/loopback" => redirect("https://localhost/"),
        "/decimal" => redirect("https://2130706433/"),
        "/metadata" => redirect("https://169.254.169.254/latest"),
        "/credentials" => redirect("https://admin:secret@hub.invalid/"),
        "/script" => redirect("javascript:alert(1)"),
        "/blank" => redirect("https://hub.invalid/a b"),
        path => redirect(path),
    }
}

async fn guarded() -> Rig {
    let courier = Guarded(
        HttpCourier::new(Reach { private: true }, None).unwrap(),
        HttpCourier::new(Reach { private: false }, None).unwrap(),
    );
    let config = Config {
        allow_http: true,
        delivery_timeout: std::time::Duration::from_millis(700),
        ..Config::default()
    };
    Rig::with(config, Arc::new(courier)).await
}

fn configuration(hub: &Hub, path: &str) -> Value {
    let target = json!({ "url": format!("{}/{path}", hub.url) });
    json!({ "signageUrl": SIGNAGE, "crossLaunch": { "manageContent": target, "assignContent": target } })
}

#[tokio::test]
async fn the_integration_is_asked_for_its_page() {
    let rig = guarded().await;
    let admin = rig.admin.clone();
    let mut hub = hub().await;
    let oslo = location(&rig, &admin, "Oslo").await;
    let here = room(&rig, &admin, "Here", Some(&oslo)).await;
    let outside = room(&rig, &admin, "Outside", None).await;
    let vendor = activate(&rig, &admin, &both_features(), json!({ "locations": [oslo] })).await;
    let launch = format!("POST {}", vendor.path("/crossLaunch/digitalSignage"));
    let ask = async |body: Value| rig.control_with(&admin, &launch, body).await;
    let manage = json!({ "task": "manage_content", "devices": [] });
    says(ask(manage.clone()).await, StatusCode::NOT_FOUND, "has to PUT one");
    vendor
        .ask(&rig, "PUT", "signageUrl", json!({ "signageUrl": SIGNAGE }))
        .await
        .expect(200);
    says(ask(manage.clone()).await, StatusCode::NOT_FOUND, "manage_content");
    vendor
        .ask(&rig, "PUT", "signageUrl", configuration(&hub, "good"))
        .await
        .expect(200);
    let page = json!({ "redirectUrl": "https://hub.invalid/page?session=1" });
    assert_eq!(ask(manage.clone()).await.expect(200), page);
    let (headers, asked) = hub.asked.recv().await.unwrap();
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(
        (&asked["task"], &asked["devices"]),
        (&json!("manage_content"), &json!([]))
    );
    let first = claims(asked["jwt"].as_str().unwrap());
    assert_eq!(first["action"], "crossLaunch");
    assert_eq!(first["sub"], rig.org.to_string());
    assert_eq!(first["appId"], vendor.app.as_str());
    assert!(first["iat"].is_i64() && first["jti"].is_string() && first["region"].is_string());
    assert_eq!(first.as_object().unwrap().len(), 6, "{first}");
    let assign =
        json!({ "task": "assign_content", "devices": [{ "deviceId": here.device, "displayName": "x" }] });
    assert_eq!(ask(assign).await.expect(200), page);
    let (_, asked) = hub.asked.recv().await.unwrap();
    assert_eq!(
        asked["devices"],
        json!([{ "deviceId": here.device, "displayName": "Here" }])
    );
    assert_ne!(claims(asked["jwt"].as_str().unwrap())["jti"], first["jti"]);
    let trail = rig.control(&admin, "GET /audit").await.items();
    assert_eq!(trail[0]["event"], "integration.cross_launched");
    for (body, status) in [
        (json!({ "task": "assign_content" }), 400),
        (json!({ "task": "dance" }), 400),
        (
            json!({ "task": "assign_content", "devices": [{ "deviceId": outside.device }] }),
            403,
        ),
        (
            json!({ "task": "assign_content", "devices": [{ "deviceId": DeviceId::random() }] }),
            404,
        ),
    ] {
        assert_eq!(ask(body.clone()).await.status.as_u16(), status, "{body}");
    }
    let stranger = rig.stranger().await;
    rig.control_with(&stranger, &launch, manage.clone())
        .await
        .expect(404);
    let reader = rig.token(&[Role::ReadOnlyAdmin], &[]).await;
    assert_eq!(
        rig.control_with(&reader, &launch, manage).await.status,
        StatusCode::FORBIDDEN
    );
    assert!(hub.asked.try_recv().is_err(), "nobody else was asked");
    rig.close().await;
}

#[tokio::test]
async fn hostile_answers_are_contained_and_said() {
    let rig = guarded().await;
    let admin = rig.admin.clone();
    let hub = hub().await;
    let vendor = activate(&rig, &admin, &both_features(), json!({})).await;
    let launch = format!("POST {}", vendor.path("/crossLaunch/digitalSignage"));
    for (path, text) in [
        ("moved", "status 302, and redirects are not followed"),
        ("failed", "status 500"),
        ("huge", "longer than 64 KiB"),
        ("hang", "no answer within"),
        ("drip", "no answer within"),
        ("html", "text/html (8 bytes) instead of JSON"),
        ("nothing", "no redirectUrl"),
        ("private", "private address"),
        ("loopback", "private address"),
        ("decimal", "private address"),
        ("metadata", "link-local or metadata"),
        ("credentials", "user name and password"),
        ("script", "not an absolute https URL"),
        ("blank", "holds ' '"),
    ] {
        vendor
            .ask(&rig, "PUT", "signageUrl", configuration(&hub, path))
            .await
            .expect(200);
        let body = json!({ "task": "manage_content", "devices": [] });
        let answer = rig.control_with(&admin, &launch, body).await;
        let said = answer.body.to_string();
        assert!(!said.contains("script>") && !said.contains("secret"), "{said}");
        says(answer, StatusCode::BAD_GATEWAY, text);
    }
    let trail = rig.control(&admin, "GET /audit?max=1").await.items();
    assert_eq!(trail[0]["event"], "integration.cross_launch_failed");
    // A target that may not be dialled is not dialled.
    let target = json!({ "url": "http://169.254.169.254/x" });
    let body = json!({ "signageUrl": SIGNAGE, "crossLaunch": { "manageContent": target } });
    vendor.ask(&rig, "PUT", "signageUrl", body).await.expect(200);
    let body = json!({ "task": "manage_content", "devices": [] });
    let answer = rig.control_with(&admin, &launch, body).await;
    says(answer, StatusCode::BAD_GATEWAY, "link-local or metadata");
    rig.close().await;
}
