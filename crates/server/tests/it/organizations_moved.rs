//! Organizations as files: out of one Hallway, into another.

use std::io::{Read as _, Write as _};
use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hallway_platform::Config;
use hallway_platform::ports::{Blobs as _, Store as _};
use hallway_server::courier::{HttpCourier, Reach};
use hallway_wire::id::OrgId;
use serde_json::{Value, json};

use crate::organizations::{Tenant, tenant, what_is_left};
use crate::rig::{Answer, Rig};

const PASSPHRASE: &str = "correct horse battery";
const OPERATOR: &str = "/hallway/v1/operator/organizations";

async fn rig() -> Rig {
    Rig::that_calls(Config::default()).await
}

async fn bytes_of(rig: &Rig, token: &str, path: &str, wish: Value) -> (u16, Vec<u8>) {
    let request = Request::builder()
        .method("POST")
        .uri(path)
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .body(Body::from(wish.to_string()));
    let response = rig.send(request.unwrap()).await;
    let status = response.status().as_u16();
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX)
        .await
        .unwrap();
    (status, bytes.to_vec())
}

async fn export(rig: &Rig, org: OrgId, secrets: bool) -> Vec<u8> {
    let wish = match secrets {
        true => json!({ "withSecrets": true, "passphrase": PASSPHRASE }),
        false => json!({}),
    };
    let (status, bytes) = bytes_of(rig, &rig.admin, &format!("{OPERATOR}/{org}/export"), wish).await;
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&bytes));
    bytes
}

async fn import(rig: &Rig, bytes: impl Into<Body>, passphrase: Option<&str>) -> Answer {
    let mut request = Request::builder()
        .method("POST")
        .uri(format!("{OPERATOR}/import"))
        .header("authorization", format!("Bearer {}", rig.admin))
        .header("content-type", "application/octet-stream");
    if let Some(passphrase) = passphrase {
        request = request.header("x-hallway-passphrase", STANDARD.encode(passphrase));
    }
    crate::rig::read(rig.send(request.body(bytes.into()).unwrap()).await).await
}

/// The header and the lines of an archive that is not encrypted.
fn opened(bytes: &[u8]) -> (Value, Vec<String>) {
    let at = bytes.iter().position(|byte| *byte == b'\n').unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(&bytes[at + 1..])
        .read_to_string(&mut text)
        .unwrap();
    let header = serde_json::from_slice(&bytes[..at]).unwrap();
    (header, text.lines().map(ToOwned::to_owned).collect())
}

/// An archive with these lines, with a good end.
fn packed(header: &str, lines: &[String]) -> Vec<u8> {
    let (last, lines) = lines.split_last().unwrap();
    let mut hashed = header.as_bytes().to_vec();
    let mut text = Vec::new();
    for line in lines {
        text.extend_from_slice(line.as_bytes());
        text.push(b'\n');
    }
    hashed.extend_from_slice(&text);
    let hash: String = hallway_platform::crypto::sha256(&hashed)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let mut end: Value = serde_json::from_str(last).unwrap();
    end["end"]["sha256"] = Value::from(hash);
    text.extend_from_slice(end.to_string().as_bytes());
    text.push(b'\n');
    let mut gzip =
        flate2::write::GzEncoder::new(format!("{header}\n").into_bytes(), flate2::Compression::fast());
    // The header stands before what is packed.
    gzip.write_all(&text).unwrap();
    gzip.finish().unwrap()
}

/// Everything but the trail, which tells of the export itself, and the sums at the end.
fn content(bytes: &[u8]) -> Vec<String> {
    let (_, lines) = opened(bytes);
    let kept = |line: &String| !line.starts_with(r#"{"t":"audit_event""#) && !line.starts_with(r#"{"end""#);
    lines.into_iter().filter(kept).collect()
}

async fn filled(rig: &Rig) -> Tenant {
    let tenant = tenant(rig, "Movers").await;
    tenant.fill(rig, "http://127.0.0.1:9/hook").await;
    tenant
}

#[tokio::test]
async fn an_organization_moves_without_its_secrets() {
    let (here, there) = (rig().await, rig().await);
    let tenant = tenant(&here, "Movers").await;
    let filled = tenant.fill(&here, "http://127.0.0.1:9/hook").await;
    let archive = export(&here, tenant.id, false).await;
    let text = opened(&archive).1.join("\n");
    for secret in ["s3cret", &tenant.admin] {
        assert!(!text.contains(secret), "{secret} is in the archive");
    }
    assert!(!text.contains(r#"{"t":"token""#));
    let report = import(&there, archive.clone(), None).await.expect(200);
    assert_eq!(report["organization"]["state"], "active");
    assert_eq!(report["files"], 1);
    let anew = report["anew"].to_string();
    for what in [
        "access tokens",
        "webhook Mine",
        "client secret of the application Helper",
        "device",
    ] {
        assert!(anew.contains(what), "{what} in {anew}");
    }
    // The same over again.
    let again = export(&there, tenant.id, false).await;
    assert_eq!(content(&archive), content(&again));
    // Its old token is none there; a new one sees everything, and the file.
    tenant.ask(&there, "GET /rooms", Value::Null).await.expect(401);
    let token = there
        .platform
        .issue_admin_token(tenant.admin_id.parse().unwrap())
        .await
        .unwrap();
    let ask = async |path: &str| {
        there
            .ask_as(Some(token.expose()), &format!("GET {path}"), Value::Null)
            .await
    };
    assert_eq!(ask("/rooms").await.items()[0]["id"], filled.room.as_str());
    assert_eq!(ask("/devices").await.items().len(), 1);
    let blob = there.blobs().open(filled.file.uuid()).await.unwrap();
    assert_eq!(&blob.unwrap().read().await.unwrap().unwrap()[..], b"the plan");
    let webhook = &ask("/webhooks").await.items()[0];
    assert_eq!(
        (&webhook["status"], webhook.get("secret")),
        (&json!("inactive"), None)
    );
    // It is there: not a second time.
    let twice = import(&there, archive, None).await.expect(409);
    assert!(
        twice["message"].as_str().unwrap().contains("here already"),
        "{twice}"
    );
    there.close().await;
    here.close().await;
}

#[tokio::test]
async fn with_secrets_tokens_go_on_working() {
    let (here, there) = (rig().await, rig().await);
    let tenant = filled(&here).await;
    let archive = export(&here, tenant.id, true).await;
    let shown = String::from_utf8_lossy(&archive[..200]).into_owned();
    assert!(
        shown.starts_with(r#"{"hallway":"organization","format":1,"#),
        "{shown}"
    );
    let report = import(&there, archive.clone(), Some(PASSPHRASE))
        .await
        .expect(200);
    assert_eq!(report["anew"], json!([]));
    tenant
        .ask(&there, "GET /people/me", Value::Null)
        .await
        .expect(200);
    let webhook = &tenant.ask(&there, "GET /webhooks", Value::Null).await.items()[0];
    // Sealed anew with the key of the other Hallway.
    assert_eq!(
        (&webhook["status"], &webhook["secret"]),
        (&json!("active"), &json!("s3cret"))
    );
    assert_eq!(
        content(&export(&here, tenant.id, false).await),
        content(&export(&there, tenant.id, false).await)
    );
    let device = tenant.ask(&there, "GET /devices", Value::Null).await.items()[0]["id"].clone();
    let dialled = there
        .platform
        .authenticate_device(device.as_str().unwrap().parse().unwrap(), "hwdtoken")
        .await;
    assert!(dialled.is_ok());
    there.close().await;
    here.close().await;
}

#[tokio::test]
async fn an_operator_of_one_hallway_is_none_of_another() {
    let (here, there) = (rig().await, rig().await);
    let archive = export(&here, here.org, true).await;
    import(&there, archive, Some(PASSPHRASE)).await.expect(200);
    there
        .ask_as(Some(&here.admin), "GET /people/me", Value::Null)
        .await
        .expect(200);
    let listed = there.control(&here.admin, "GET /operator/organizations").await;
    assert_eq!(listed.status.as_u16(), 403);
    there.close().await;
    here.close().await;
}

#[tokio::test]
async fn what_is_not_in_order_is_refused_and_leaves_nothing() {
    let (here, there) = (rig().await, rig().await);
    let tenant = filled(&here).await;
    let (plain, sealed) = (
        export(&here, tenant.id, false).await,
        export(&here, tenant.id, true).await,
    );
    let before = there
        .control(&there.admin, "GET /operator/organizations")
        .await
        .items();
    let mut cases: Vec<(String, Vec<u8>, Option<&str>, &str)> = Vec::new();
    for (name, bytes, passphrase) in [("plain", &plain, None), ("sealed", &sealed, Some(PASSPHRASE))] {
        for part in 1..8 {
            let at = bytes.len() * part / 8;
            cases.push((
                format!("{name} cut at {at}"),
                bytes[..at].to_vec(),
                passphrase,
                "",
            ));
        }
        cases.push((
            format!("{name} without its last byte"),
            bytes[..bytes.len() - 1].to_vec(),
            passphrase,
            "",
        ));
        for part in 1..40 {
            let at = bytes.len() * part / 40;
            let mut flipped = bytes.clone();
            flipped[at] ^= 0x10;
            cases.push((format!("{name} flipped at {at}"), flipped, passphrase, ""));
        }
        let more = [bytes.as_slice(), b"x"].concat();
        cases.push((format!("{name} with more behind it"), more, passphrase, ""));
    }
    cases.push((
        "wrong passphrase".into(),
        sealed.clone(),
        Some("not the right one"),
        "passphrase is wrong",
    ));
    cases.push(("no passphrase".into(), sealed.clone(), None, "encrypted"));
    cases.push(("empty".into(), Vec::new(), None, ""));
    cases.push(("garbage".into(), vec![7; 5000], None, "no archive"));
    let (header, lines) = opened(&plain);
    let text = plain.split(|byte| *byte == b'\n').next().unwrap();
    let text = String::from_utf8(text.to_vec()).unwrap();
    assert_eq!(packed(&text, &lines).len() > 100, true);
    let newer = |member: &str, number: i64| {
        let mut header = header.clone();
        header[member] = Value::from(number);
        packed(&header.to_string(), &lines)
    };
    cases.push(("newer format".into(), newer("format", 2), None, "newer"));
    cases.push(("newer rows".into(), newer("schema", 9000), None, "newer"));
    cases.push(("older rows".into(), newer("schema", 1), None, "older"));
    // Something of another organization in it.
    let other = OrgId::random();
    let foreign: Vec<String> = lines
        .iter()
        .map(|line| match line.starts_with(r#"{"t":"device""#) {
            true => line.replace(&tenant.id.to_string(), &other.to_string()),
            false => line.clone(),
        })
        .collect();
    cases.push((
        "foreign".into(),
        packed(&text, &foreign),
        None,
        "another organization",
    ));
    let fewer: Vec<String> = lines
        .iter()
        .filter(|line| !line.contains(r#"{"t":"device""#))
        .cloned()
        .collect();
    cases.push(("a row less".into(), packed(&text, &fewer), None, "as many rows"));
    let mut turned = lines.clone();
    turned.swap(1, lines.len() - 2);
    cases.push(("out of order".into(), packed(&text, &turned), None, ""));
    for (name, bytes, passphrase, says) in cases {
        let asked = import(&there, bytes, passphrase).await;
        assert!(
            matches!(asked.status.as_u16(), 400),
            "{name}: {} {}",
            asked.status,
            asked.body
        );
        let said = asked.body["message"].as_str().unwrap();
        assert!(said.contains(says), "{name}: {said}");
    }
    assert!(what_is_left(&there, tenant.id).await.is_empty());
    let after = there
        .control(&there.admin, "GET /operator/organizations")
        .await
        .items();
    assert_eq!(before, after);
    // The archive as it was is good all the same.
    import(&there, plain, None).await.expect(200);
    there.close().await;
    here.close().await;
}

#[tokio::test]
async fn a_hundred_megabytes_of_garbage_are_refused_at_their_first_bytes() {
    let rig = rig().await;
    let sent = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = Arc::clone(&sent);
    let parts = futures_util::stream::iter((0..100).map(move |_| {
        counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        Ok::<_, std::io::Error>(vec![7_u8; 1 << 20])
    }));
    let said = import(&rig, Body::from_stream(parts), None).await.expect(400);
    assert!(said["message"].as_str().unwrap().contains("no archive"), "{said}");
    assert!(
        sent.load(std::sync::atomic::Ordering::SeqCst) < 5,
        "it was read on and on"
    );
    // Also what begins well, and then only takes memory when it is unpacked.
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..100 {
        bomb.write_all(&vec![b' '; 1 << 20]).unwrap();
    }
    let header = json!({
        "hallway": "organization", "format": 1, "product": "x", "schema": 10, "org": uuid::Uuid::new_v4(),
        "name": "x", "created": "2026-01-01T00:00:00Z",
    });
    let bytes = [format!("{header}\n").as_bytes(), &bomb.finish().unwrap()].concat();
    let said = import(&rig, bytes, None).await.expect(400);
    assert!(said["message"].as_str().unwrap().contains("too long"), "{said}");
    rig.close().await;
}

#[tokio::test]
async fn ids_and_addresses_that_are_here_already_stay_whose_they_are() {
    let (here, there) = (rig().await, rig().await);
    let tenant = filled(&here).await;
    let archive = export(&here, tenant.id, false).await;
    // Somebody there has the address.
    let wish = json!({ "displayName": "Taken", "adminEmail": "boss@Movers.example", "adminName": "A" });
    let request = "POST /operator/organizations";
    let taken = there.control_with(&there.admin, request, wish).await.expect(200);
    let said = import(&there, archive.clone(), None).await.expect(409);
    assert!(said["message"].as_str().unwrap().contains("boss@"), "{said}");
    assert!(what_is_left(&there, tenant.id).await.is_empty());
    // The same rows under another organization: their ids are the first one's.
    let (_, lines) = opened(&archive);
    let text = archive.split(|byte| *byte == b'\n').next().unwrap();
    let text = String::from_utf8(text.to_vec()).unwrap();
    let other = OrgId::random();
    let renamed = |line: &str| {
        line.replace(&tenant.id.to_string(), &other.to_string())
            .replace(&tenant.id.uuid().to_string(), &other.uuid().to_string())
            .replace("boss@Movers.example", "boss@elsewhere.example")
            .replace("boss@movers.example", "boss@elsewhere.example")
    };
    let lines: Vec<String> = lines.iter().map(|line| renamed(line)).collect();
    let copy = packed(&renamed(&text), &lines);
    let said = import(&here, copy, None).await.expect(409);
    assert!(
        said["message"].as_str().unwrap().contains("Nothing was imported"),
        "{said}"
    );
    assert!(what_is_left(&here, other).await.is_empty());
    tenant.ask(&here, "GET /rooms", Value::Null).await.expect(200);
    assert_eq!(
        tenant.ask(&here, "GET /devices", Value::Null).await.items().len(),
        1
    );
    drop(taken);
    there.close().await;
    here.close().await;
}

#[tokio::test]
async fn an_import_that_dies_at_any_step_leaves_all_or_nothing() {
    let here = rig().await;
    let tenant = filled(&here).await;
    let archive = export(&here, tenant.id, false).await;
    for steps in 0.. {
        let courier = HttpCourier::new(Reach { private: true }, None).unwrap();
        let there = Rig::that_dies(Config::default(), Arc::new(courier)).await;
        there.stop_after(steps);
        let asked = import(&there, archive.clone(), None).await.status.as_u16();
        let done = !there.has_stopped();
        let there = there.again().await;
        let whole = async || {
            let org = there.store().organization(tenant.id).await.unwrap();
            org.is_some_and(|org| org.standing == hallway_platform::org::Standing::Active)
        };
        if asked == 200 {
            assert!(whole().await);
        }
        there
            .until(async || whole().await || what_is_left(&there, tenant.id).await.is_empty())
            .await;
        if whole().await {
            assert_eq!(
                content(&archive),
                content(&export(&there, tenant.id, false).await)
            );
        }
        there.close().await;
        if done {
            assert_eq!(asked, 200);
            break;
        }
    }
    here.close().await;
}

#[tokio::test]
async fn who_may_export() {
    let rig = rig().await;
    let tenant = filled(&rig).await;
    let own = "/hallway/v1/organization/export";
    let (status, bytes) = bytes_of(&rig, &tenant.admin, own, json!({})).await;
    assert_eq!(
        (status, opened(&bytes).0["org"].as_str().unwrap()),
        (200, tenant.id.uuid().to_string().as_str())
    );
    let of_other = format!("{OPERATOR}/{}/export", rig.org);
    assert_eq!(bytes_of(&rig, &tenant.admin, &of_other, json!({})).await.0, 403);
    let reader = rig
        .token(
            &[hallway_platform::org::Role::ReadOnlyAdmin],
            &["spark-admin:people_read"],
        )
        .await;
    assert_eq!(bytes_of(&rig, &reader, own, json!({})).await.0, 403);
    for wish in [
        json!({ "withSecrets": true }),
        json!({ "withSecrets": true, "passphrase": "short" }),
        json!({ "passphrase": PASSPHRASE }),
    ] {
        let (status, said) = bytes_of(&rig, &tenant.admin, own, wish).await;
        assert_eq!(status, 400, "{}", String::from_utf8_lossy(&said));
    }
    let trail = rig.control(&tenant.admin, "GET /audit").await.items();
    assert_eq!(trail[0]["event"], "organization.exported");
    rig.close().await;
}
