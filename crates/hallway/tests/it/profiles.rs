//! Profiles and signing in, with the built binary: in the browser, by device, as a Service App, with a token; and a
//! workflow that is killed in the middle.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Output, Stdio};

use hallway::HouseConfig;
use hyper::header;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::Command;

use crate::support::office::{Office, settings};
use crate::support::{Answer, Client, within};

const HALLWAY: &str = env!("CARGO_BIN_EXE_hallway");
const SCOPES: [&str; 3] = [
    "spark:people_read",
    "spark-admin:people_read",
    "spark-admin:people_write",
];

/// A person at a terminal with a home of its own.
struct Desk {
    home: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        Self {
            home: tempfile::tempdir().unwrap(),
        }
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(HALLWAY);
        command
            .args(words)
            .env_clear()
            .env("HALLWAY_CONFIG_DIR", self.home.path().join("hallway"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    async fn run(&self, words: &[&str]) -> Output {
        within("the command ends", self.command(words).output())
            .await
            .unwrap()
    }

    /// What a command that succeeds prints, as JSON.
    async fn json(&self, words: &[&str]) -> Value {
        let words = [&["--json"], words].concat();
        read(&self.run(&words).await)
    }

    async fn told(&self, words: &[&str], stdin: &str) -> Value {
        let words = [&["--json"], words].concat();
        let mut child = self.command(&words).stdin(Stdio::piped()).spawn().unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(stdin.as_bytes())
            .await
            .unwrap();
        read(
            &within("the command ends", child.wait_with_output())
                .await
                .unwrap(),
        )
    }

    /// Everything that lies about, apart from the secrets.
    fn book(&self) -> String {
        std::fs::read_to_string(self.home.path().join("hallway/profiles.json")).unwrap()
    }
}

#[track_caller]
fn read(output: &Output) -> Value {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A browser: one cookie, and forms without fields of their own.
struct Browser {
    client: Client,
    cookie: Option<String>,
}

impl Browser {
    async fn send(&mut self, method: &str, target: &str, form: &[(String, String)]) -> Answer {
        let mut request = self.client.request(method, target, &Value::Null);
        if let Some(cookie) = &self.cookie {
            request
                .headers_mut()
                .insert(header::COOKIE, cookie.parse().unwrap());
        }
        if method == "POST" {
            let body = form_urlencoded::Serializer::new(String::new())
                .extend_pairs(form)
                .finish();
            let kind = "application/x-www-form-urlencoded".parse().unwrap();
            request.headers_mut().insert(header::CONTENT_TYPE, kind);
            *request.body_mut() = body.into_bytes().into();
        }
        let answer = self.client.try_send(request).await.unwrap();
        if let Some(cookie) = answer.header("set-cookie") {
            self.cookie = cookie.split(';').next().map(ToOwned::to_owned);
        }
        answer
    }

    /// Types into the form of the first button with this text and presses it; returns what comes of it.
    async fn press(&mut self, page: &str, button: &str, typed: &[(String, String)]) -> Answer {
        let forms = page.split("<form ").skip(1);
        let mut forms = forms.map(|form| form.split("</form>").next().unwrap());
        let mark = format!(">{button}</button>");
        let form = forms
            .find(|form| form.contains(&mark))
            .unwrap_or_else(|| panic!("no {button}: {page}"));
        let between = |text: &str, start: &str| -> Option<String> {
            let (_, rest) = text.split_once(start)?;
            Some(
                rest.split('"')
                    .next()?
                    .replace("&amp;", "&")
                    .replace("&quot;", "\""),
            )
        };
        let mut fields: Vec<(String, String)> = form
            .split("<input type=hidden name=")
            .skip(1)
            .map(|field| {
                (
                    field.split(' ').next().unwrap().to_owned(),
                    between(field, "value=\"").unwrap(),
                )
            })
            .collect();
        // What the button itself says.
        let (before, _) = form.split_once(&mark).unwrap();
        let tag = before.rsplit("<button").next().unwrap();
        if let Some((_, name)) = tag.split_once("name=") {
            let name = name.split([' ', '>']).next().unwrap().to_owned();
            let value = tag.split_once("value=").map_or("", |(_, value)| value);
            let value = value
                .trim_start_matches('"')
                .split(['"', ' ', '>'])
                .next()
                .unwrap();
            fields.push((name, value.to_owned()));
        }
        fields.extend_from_slice(typed);
        let action = between(form, "action=\"").unwrap();
        self.send("POST", &action, &fields).await
    }

    /// Signs in as the administrator and says yes; returns where it is sent then.
    async fn consent(&mut self, url: &str, token: &str) -> String {
        let page = self.send("GET", url, &[]).await.text();
        let typed = [("token".to_owned(), token.to_owned())];
        let answer = self.press(&page, "Sign in with the token", &typed).await;
        let back = answer.header("location").unwrap().to_owned();
        let page = self.send("GET", &back, &[]).await.text();
        let answer = self.press(&page, "Allow", &[]).await;
        answer.header("location").unwrap().to_owned()
    }
}

async fn office() -> Office {
    Office::with(|config: &mut HouseConfig| *config = settings()).await
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

#[tokio::test]
async fn a_token_from_standard_input_is_kept_apart_and_forgotten() {
    let (office, desk) = (office().await, Desk::new());
    let token = office.admin.token.clone().unwrap();
    let none = desk.run(&["login", "--token-stdin"]).await;
    assert_eq!(none.status.code(), Some(2));
    desk.json(&["profile", "add", "lab", &office.admin.base]).await;
    let listed = desk.json(&["profile", "list"]).await;
    assert_eq!(listed["items"][0]["used"], true, "the first one is used");
    let before = desk.run(&["person", "list"]).await;
    assert!(String::from_utf8_lossy(&before.stderr).contains("hallway login --profile lab"));

    desk.told(&["login", "--token-stdin"], &format!("{token}\n"))
        .await;
    let people = desk.json(&["person", "list"]).await;
    assert!(!people["items"].as_array().unwrap().is_empty());
    assert!(
        !desk.book().contains(&token),
        "no secret stands in the list of profiles"
    );
    let secrets = std::fs::read_dir(desk.home.path().join("hallway/secrets")).unwrap();
    for file in secrets {
        use std::os::unix::fs::PermissionsExt as _;
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert!(std::fs::read_to_string(file.path()).unwrap().contains(&token));
    }
    desk.json(&["logout"]).await;
    assert_eq!(
        std::fs::read_dir(desk.home.path().join("hallway/secrets"))
            .unwrap()
            .count(),
        0
    );
    assert_eq!(desk.run(&["person", "list"]).await.status.code(), Some(2));
    office.close().await;
}

#[tokio::test]
async fn a_person_signs_in_with_the_browser() {
    let (office, desk) = (office().await, Desk::new());
    let redirect = format!("http://127.0.0.1:{}/redirect", free_port());
    let body = json!({"type": "integration", "name": "Desk", "scopes": SCOPES, "redirectUrls": [redirect]});
    let request = office.admin.request("POST", "/v1/applications", &body);
    let app = office.admin.try_send(request).await.unwrap().expect(200);
    let id = app["clientId"].as_str().unwrap();
    let mut add = vec!["profile", "add", "lab", &office.admin.base, "--client-id", id];
    add.extend(["--redirect-uri", &redirect]);
    add.extend(SCOPES.iter().flat_map(|scope| ["--scope", scope]));
    desk.json(&add).await;

    let mut child = desk
        .command(&["--json", "login", "--no-browser"])
        .env("HALLWAY_CLIENT_SECRET", app["clientSecret"].as_str().unwrap())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let url = within("the address is printed", async {
        loop {
            let line = lines.next_line().await.unwrap().unwrap();
            if line.trim().starts_with("http") {
                return line.trim().to_owned();
            }
        }
    })
    .await;
    assert!(
        url.contains("code_challenge_method=S256") && url.contains("state="),
        "{url}"
    );
    let mut browser = Browser {
        client: office.admin.anonymous(),
        cookie: None,
    };
    let back = browser.consent(&url, office.admin.token.as_ref().unwrap()).await;
    assert!(back.starts_with(&redirect), "{back}");
    let local = Client::new(back.split("/redirect").next().unwrap());
    // Somebody else's answer changes nothing.
    let evil = local.request("GET", "/redirect?code=evil&state=evil", &Value::Null);
    assert_eq!(local.try_send(evil).await.unwrap().status, 400);
    let good = local.request("GET", &back, &Value::Null);
    assert_eq!(local.try_send(good).await.unwrap().status, 200);
    let output = within("the login ends", child.wait_with_output()).await.unwrap();
    assert_eq!(read(&output)["profile"], "lab");
    let people = desk.json(&["person", "list"]).await;
    assert!(!people["items"].as_array().unwrap().is_empty());
    office.close().await;
}

#[tokio::test]
async fn a_service_app_signs_in_and_renews_its_tokens() {
    let (office, desk) = (office().await, Desk::new());
    let admin = &office.admin;
    let body = json!({"type": "authorizedAppIssuer", "name": "Desk", "scopes": SCOPES});
    let request = admin.request("POST", "/v1/applications", &body);
    let app = admin.try_send(request).await.unwrap().expect(200);
    let (id, client) = (app["id"].as_str().unwrap(), app["clientId"].as_str().unwrap());
    let secret = app["clientSecret"].as_str().unwrap();
    let about = admin.request("GET", "/hallway/v1/about", &Value::Null);
    let org = admin.try_send(about).await.unwrap().expect(200)["orgId"].clone();
    let authorize = admin.request(
        "POST",
        &format!("/v1/applications/{id}/authorize"),
        &json!({"orgId": org}),
    );
    admin.try_send(authorize).await.unwrap().expect(200);
    let body = json!({"clientId": client, "clientSecret": secret, "targetOrgId": org});
    let request = admin.request("POST", &format!("/v1/applications/{id}/token"), &body);
    let tokens = admin.try_send(request).await.unwrap().expect(200);
    let refresh = tokens["refresh_token"].as_str().unwrap();

    desk.json(&["profile", "add", "lab", &admin.base, "--sign-in", "service-app"])
        .await;
    let given = json!({"clientId": client, "clientSecret": secret, "refreshToken": refresh});
    let signed_in = desk.told(&["login"], &given.to_string()).await;
    assert_eq!(signed_in["account"]["name"], "Desk");
    let people = desk.json(&["person", "list"]).await;
    assert!(!people["items"].as_array().unwrap().is_empty());
    // The access token ends before its time: the next command gets another one.
    let file = std::fs::read_dir(desk.home.path().join("hallway/secrets"))
        .unwrap()
        .map(|file| file.unwrap().path())
        .find(|path| path.to_str().unwrap().contains("tokens"))
        .unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    let mut account: Value = serde_json::from_str(&text).unwrap();
    account["accessToken"] = json!("ended");
    std::fs::write(&file, account.to_string()).unwrap();
    let people = desk.json(&["person", "list"]).await;
    assert!(!people["items"].as_array().unwrap().is_empty());
    assert!(!std::fs::read_to_string(&file).unwrap().contains("\"ended\""));
    office.close().await;
}

/// How many rows a journal knows as done.
fn noted(journal: &Path) -> usize {
    let text = std::fs::read(journal).unwrap_or_default();
    String::from_utf8_lossy(&text).matches("\"created\"").count()
}

#[tokio::test]
async fn a_workflow_that_is_killed_goes_on_and_creates_nobody_twice() {
    const ROWS: usize = 400;
    let (office, desk) = (office().await, Desk::new());
    let token = office.admin.token.clone().unwrap();
    desk.json(&["profile", "add", "lab", &office.admin.base]).await;
    desk.told(&["login", "--token-stdin"], &token).await;
    let file = desk.home.path().join("people.csv");
    let mut csv = "action,email,first_name\n".to_owned();
    for at in 0..ROWS {
        writeln!(csv, "join,person{at}@example.com,Person").unwrap();
    }
    std::fs::write(&file, &csv).unwrap();
    let name = file.to_str().unwrap();
    let journal = desk.home.path().join("people.csv.journal");
    for at_least in [20, 150] {
        let mut child = desk
            .command(&["workflow", "run", name, "--rate", "0"])
            .spawn()
            .unwrap();
        within("some rows are done", async {
            while noted(&journal) < at_least {
                tokio::task::yield_now().await;
            }
        })
        .await;
        child.start_kill().unwrap();
        child.wait().await.unwrap();
    }
    let done = noted(&journal);
    assert!(done < ROWS, "it was killed in the middle: {done}");
    let report = desk.json(&["workflow", "resume", name, "--rate", "0"]).await;
    let rows = report["rows"].as_array().unwrap();
    assert_eq!(rows.len(), ROWS);
    assert!(
        rows.iter()
            .all(|row| row["outcome"] == "created" || row["outcome"] == "unchanged")
    );
    let people = desk.json(&["person", "list"]).await;
    let all = people["items"].as_array().unwrap().iter();
    let made = all.filter(|person| {
        person["emails"][0]
            .as_str()
            .is_some_and(|email| email.starts_with("person"))
    });
    assert_eq!(made.count(), ROWS);

    // Another state of the file is refused, and a file with mistakes does nothing.
    std::fs::write(&file, csv.replace("person0@", "personne@")).unwrap();
    let changed = desk.run(&["workflow", "run", name]).await;
    assert_eq!(changed.status.code(), Some(2));
    let said = String::from_utf8_lossy(&changed.stderr).into_owned();
    assert!(
        said.contains("has changed") && said.contains("--accept-changes"),
        "{said}"
    );
    let report = desk
        .json(&["workflow", "run", name, "--accept-changes", "--rate", "0"])
        .await;
    assert!(
        report["rows"]
            .as_array()
            .unwrap()
            .iter()
            .all(|row| row["outcome"] != "failed")
    );
    std::fs::write(&file, "action,email\nleave,nobody@example.com\nfire,x\n").unwrap();
    let wrong = desk.run(&["workflow", "run", name, "--journal", "other"]).await;
    assert_eq!(wrong.status.code(), Some(1));
    let said = String::from_utf8_lossy(&wrong.stdout).into_owned();
    assert!(
        said.contains("nobody has the address") && said.contains("`fire`"),
        "{said}"
    );
    office.close().await;
}
