use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, header};
use hallway_platform::Config;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::{Actor, Cast, refused, text};
use crate::rig::Rig;

/// A form with these parts: name, what else its header says, and the bytes.
fn form(parts: &[(&str, &str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, more, bytes) in parts {
        body.extend(
            format!("--frontier\r\nContent-Disposition: form-data; name=\"{name}\"{more}\r\n\r\n").bytes(),
        );
        body.extend(*bytes);
        body.extend(b"\r\n");
    }
    body.extend(b"--frontier--\r\n");
    body
}

async fn send(cast: &Cast, who: &Actor, kind: &str, body: Vec<u8>) -> (u16, Value) {
    let request = Request::post("/v1/messages")
        .header(header::AUTHORIZATION, format!("Bearer {}", who.token))
        .header(header::CONTENT_TYPE, kind)
        .body(Body::from(body))
        .unwrap();
    let answer = cast.rig.send(request).await;
    let status = answer.status().as_u16();
    let bytes = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap())
}

async fn fetch(cast: &Cast, token: &str, method: &str, url: &str) -> Response<Body> {
    let path = url.strip_prefix(crate::rig::PUBLIC).unwrap();
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .body(Body::empty())
        .unwrap();
    cast.rig.send(request).await
}

const FORM: &str = "multipart/form-data; boundary=frontier";

#[tokio::test]
async fn up_and_down() {
    let cast = Cast::start().await;
    let Cast { ada, ben, cleo, .. } = &cast;
    let room = cast.room(json!({ "title": "Room" }), &[ben]).await;
    let bytes: Vec<u8> = (0..700_000u32).map(|n| (n % 251) as u8).collect();
    let named = "; filename=\"../plän \\\"1\\\".pdf\"\r\nContent-Type: application/pdf";
    // The file may come first.
    let body = form(&[
        ("files", named, &bytes),
        ("roomId", "", room.as_bytes()),
        ("text", "", "über".as_bytes()),
    ]);
    let (status, sent) = send(&cast, ada, FORM, body).await;
    assert_eq!(status, 200, "{sent}");
    assert_eq!(sent["text"], "über");
    let url = text(&sent["files"][0]);
    assert!(
        url.starts_with(&format!("{}/v1/contents/", crate::rig::PUBLIC)),
        "{url}"
    );

    let answer = fetch(&cast, &ben.token, "GET", &url).await;
    assert_eq!(answer.status(), 200);
    let headers = answer.headers().clone();
    let read = |name: &str| headers.get(name).unwrap().to_str().unwrap().to_owned();
    assert_eq!(read("content-type"), "application/pdf");
    assert_eq!(read("content-length"), "700000");
    assert_eq!(read("x-content-type-options"), "nosniff");
    let disposition = read("content-disposition");
    assert!(
        disposition.starts_with("attachment; filename=\"pl_n "),
        "{disposition}"
    );
    assert!(
        disposition.contains("filename*=UTF-8''pl%C3%A4n%20"),
        "{disposition}"
    );
    assert_eq!(to_bytes(answer.into_body(), usize::MAX).await.unwrap(), bytes);
    let head = fetch(&cast, &ben.token, "HEAD", &url).await;
    assert_eq!(
        (
            head.status().as_u16(),
            head.headers()["content-length"].to_str().unwrap()
        ),
        (200, "700000")
    );

    // Not without a token, not for who is not in the room, not for another organization.
    assert_eq!(fetch(&cast, "x", "GET", &url).await.status(), 401);
    assert_eq!(fetch(&cast, &cleo.token, "GET", &url).await.status(), 404);
    assert_eq!(fetch(&cast, &cast.stranger, "GET", &url).await.status(), 404);
    let edit = json!({ "roomId": room, "text": "x" });
    cast.ask(ada, &format!("PUT /messages/{}", text(&sent["id"])), edit)
        .await
        .expect(400);
    // It goes with its message.
    let delete = format!("DELETE /messages/{}", text(&sent["id"]));
    cast.ask(ada, &delete, Value::Null).await.expect(204);
    assert_eq!(fetch(&cast, &ada.token, "GET", &url).await.status(), 404);
}

#[tokio::test]
async fn bad_forms() {
    let cast = Cast::start().await;
    let ada = &cast.ada;
    let room = cast.room(json!({ "title": "Room" }), &[]).await;
    let file = ("files", "; filename=\"x\"", &b"x"[..]);
    let to = ("roomId", "", room.as_bytes());
    for (kind, body) in [
        ("multipart/form-data", form(&[to, file])),
        (FORM, b"nonsense".to_vec()),
        (FORM, Vec::new()),
        (FORM, form(&[file])),
        (FORM, form(&[to])),
        (FORM, form(&[to, file, file])),
        (FORM, form(&[("roomId", "", b"x"), file])),
        (FORM, form(&[to, ("text", "", b"\xff")])),
        (FORM, form(&[to, ("attachments", "", b"{")])),
        (FORM, form(&vec![("x", "", &b"y"[..]); 40])),
        (FORM, {
            let mut cut = form(&[to, file]);
            cut.truncate(cut.len() - 20);
            cut
        }),
    ] {
        let (status, answer) = send(&cast, ada, kind, body).await;
        assert_eq!(status, 400, "{answer}");
    }
    let long = "x".repeat(200_000);
    let (status, _) = send(&cast, ada, FORM, form(&[to, ("text", "", long.as_bytes())])).await;
    assert_eq!(status, 413);
    let elsewhere = hallway_wire::id::RoomId::random().to_string();
    let (status, _) = send(
        &cast,
        ada,
        FORM,
        form(&[("roomId", "", elsewhere.as_bytes()), file]),
    )
    .await;
    assert_eq!(status, 404);
    // A URL and words, and a card, as a form.
    let card = json!([{ "contentType": "application/vnd.microsoft.card.adaptive",
                        "content": { "type": "AdaptiveCard" } }]);
    let card = card.to_string();
    let (status, sent) = send(
        &cast,
        ada,
        FORM,
        form(&[to, ("text", "", b"x"), ("attachments", "", card.as_bytes())]),
    )
    .await;
    assert_eq!((status, sent["attachments"].as_array().unwrap().len()), (200, 1));
    let (status, sent) = send(
        &cast,
        ada,
        FORM,
        form(&[to, ("files", "", b"https://x.example/a")]),
    )
    .await;
    assert_eq!(status, 400, "fetched, and nothing goes out here: {sent}");
}

#[tokio::test]
async fn files_go_with_their_room() {
    let cast = Cast::start().await;
    let ada = &cast.ada;
    let room = cast.room(json!({ "title": "Room" }), &[]).await;
    let file = ("files", "; filename=\"x\"", &b"bytes"[..]);
    let (_, sent) = send(&cast, ada, FORM, form(&[("roomId", "", room.as_bytes()), file])).await;
    let url = text(&sent["files"][0]);
    assert_eq!(fetch(&cast, &ada.token, "GET", &url).await.status(), 200);
    cast.ask(ada, &format!("DELETE /rooms/{room}"), Value::Null)
        .await
        .expect(204);
    assert_eq!(fetch(&cast, &ada.token, "GET", &url).await.status(), 404);
}

/// A server that answers by path: `/plan.pdf`, `/moved` to it, `/loop` to itself, `/long` with more than a file
/// can have, `/cut` with less than it says.
async fn shop() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut asked = vec![0; 4096];
            let read = socket.read(&mut asked).await.unwrap_or(0);
            let asked = String::from_utf8_lossy(&asked[..read]).into_owned();
            let answer = match asked.split(' ').nth(1).unwrap_or_default() {
                "/plan.pdf" => {
                    "HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\nContent-Length: 5\r\n\r\nbytes"
                }
                "/moved" => "HTTP/1.1 302 Found\r\nLocation: /plan.pdf\r\nContent-Length: 0\r\n\r\n",
                "/loop" => "HTTP/1.1 302 Found\r\nLocation: /loop\r\nContent-Length: 0\r\n\r\n",
                "/long" => "HTTP/1.1 200 OK\r\nContent-Length: 104857601\r\n\r\n",
                "/cut" => "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nbytes",
                _ => "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
            };
            socket.write_all(answer.as_bytes()).await.ok();
        }
    });
    url
}

#[tokio::test]
async fn files_are_fetched() {
    let shop = shop().await;
    let cast = Cast::on(Rig::that_calls(Config::default()).await).await;
    let ada = &cast.ada;
    let room = cast.room(json!({ "title": "Room" }), &[]).await;
    let with = |path: &str| json!({ "roomId": room, "files": [format!("{shop}{path}")] });
    for path in ["/plan.pdf?a=b", "/moved"] {
        let sent = cast.ask(ada, "POST /messages", with(path)).await;
        if path.contains('?') {
            // The shop knows no queries.
            assert!(refused(sent, 400).contains("status 404"));
            continue;
        }
        let url = text(&sent.expect(200)["files"][0]);
        let answer = fetch(&cast, &ada.token, "GET", &url).await;
        let disposition = answer.headers()["content-disposition"]
            .to_str()
            .unwrap()
            .to_owned();
        assert!(disposition.contains("plan.pdf"), "{disposition}");
        assert_eq!(to_bytes(answer.into_body(), usize::MAX).await.unwrap(), "bytes");
    }
    for (path, why) in [
        ("/loop", "elsewhere too often"),
        ("/long", "more than"),
        ("/cut", "broke off"),
    ] {
        let message = refused(cast.ask(ada, "POST /messages", with(path)).await, 400);
        assert!(message.contains(why), "{message}");
    }
    let metadata = json!({ "roomId": room, "files": ["http://169.254.169.254/latest/meta-data/"] });
    let message = refused(cast.ask(ada, "POST /messages", metadata).await, 400);
    assert!(message.contains("metadata address"), "{message}");
    for bad in ["file:///etc/passwd", "nothing", "", "http://"] {
        let body = json!({ "roomId": room, "files": [bad] });
        cast.ask(ada, "POST /messages", body).await.expect(400);
    }
}
