//! The outbox and a mail server.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hallway_server::smtp::{MailServer, SmtpMailer};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::people_write::create;
use crate::rig::{PUBLIC, Rig};

const PASSWORD: &str = "open-sesame";

/// A mail server of a few commands, for one connection after the other.
struct Post {
    url: String,
    letters: Arc<Mutex<Vec<String>>>,
}

impl Post {
    async fn open(password: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let letters = Arc::new(Mutex::new(Vec::new()));
        let taken = Arc::clone(&letters);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A client that hangs up is no fault of the server.
                let _ = serve(stream, &taken).await;
            }
        });
        Self {
            url: format!("smtp://hallway:{password}@{address}"),
            letters,
        }
    }

    fn mailer(&self) -> SmtpMailer {
        let server = MailServer::parse(&self.url, "Hallway <hallway@example.com>").unwrap();
        SmtpMailer::new(server, None).unwrap()
    }
}

async fn serve(stream: TcpStream, letters: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let (from, mut to) = stream.into_split();
    let mut lines = BufReader::new(from).lines();
    to.write_all(b"220 post.example\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let answer = match line.split([' ', ':']).next().unwrap_or_default() {
            "EHLO" => "250-post.example\r\n250 AUTH PLAIN".to_owned(),
            "AUTH" => {
                let given = line.rsplit(' ').next().unwrap_or_default();
                let given = String::from_utf8(STANDARD.decode(given).unwrap()).unwrap();
                if given == format!("\0hallway\0{PASSWORD}") {
                    "235 welcome".to_owned()
                } else {
                    // Some servers repeat what they were given.
                    format!("535 5.7.8 not you with {}", given.replace('\0', " "))
                }
            }
            "RCPT" if line.contains("nobody@") => "550 5.1.1 no such user".to_owned(),
            "RCPT" if line.contains("later@") => "451 4.7.1 greylisted".to_owned(),
            "DATA" => {
                to.write_all(b"354 go on\r\n").await?;
                let mut letter = String::new();
                while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                    letter.push_str(&line);
                    letter.push('\n');
                }
                letters.lock().unwrap().push(letter);
                "250 taken".to_owned()
            }
            "QUIT" => "221 bye".to_owned(),
            _ => "250 fine".to_owned(),
        };
        to.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
    Ok(())
}

async fn mail_to(rig: &Rig, address: &str) -> Value {
    let outbox = rig.get(&format!("{PUBLIC}/hallway/v1/outbox")).await.items();
    outbox.into_iter().find(|mail| mail["to"] == address).unwrap()
}

#[tokio::test]
async fn activation_mail_reaches_the_mail_server() {
    let rig = Rig::start().await;
    let post = Post::open(PASSWORD).await;
    rig.platform.start_mailing(Arc::new(post.mailer()));
    create(&rig, "ann@example.com", json!({})).await;
    rig.until(async || mail_to(&rig, "ann@example.com").await["state"] == "sent")
        .await;
    let letters = post.letters.lock().unwrap().clone();
    assert_eq!(letters.len(), 1);
    for part in [
        "From: Hallway <hallway@example.com>\n",
        "To: ann@example.com\n",
        "Subject: Activate your account of ",
    ] {
        assert!(letters[0].contains(part), "{part} in {}", letters[0]);
    }
    let (_, text) = letters[0].split_once("\n\n").unwrap();
    let text = STANDARD.decode(text.replace('\n', "")).unwrap();
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains(&format!("{PUBLIC}/activate?token=")), "{text}");
}

#[tokio::test]
async fn what_the_mail_server_says_is_in_the_outbox() {
    let rig = Rig::start().await;
    let post = Post::open(PASSWORD).await;
    create(&rig, "nobody@example.com", json!({})).await;
    create(&rig, "later@example.com", json!({})).await;
    assert_eq!(rig.platform.send_mail(&post.mailer()).await.unwrap(), 2);
    let failed = mail_to(&rig, "nobody@example.com").await;
    assert_eq!(failed["state"], "failed");
    assert!(
        failed["lastError"]
            .as_str()
            .unwrap()
            .contains("5.1.1 no such user"),
        "{failed}"
    );
    let waiting = mail_to(&rig, "later@example.com").await;
    assert_eq!(waiting["state"], "waiting");
    assert!(
        waiting["lastError"]
            .as_str()
            .unwrap()
            .contains("4.7.1 greylisted"),
        "{waiting}"
    );
    assert!(post.letters.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_wrong_password_is_told_but_not_shown() {
    let rig = Rig::start().await;
    let post = Post::open("wrong-sesame").await;
    create(&rig, "ann@example.com", json!({})).await;
    assert_eq!(rig.platform.send_mail(&post.mailer()).await.unwrap(), 1);
    let mail = mail_to(&rig, "ann@example.com").await;
    // An administrator can mend it: the e-mail goes out later.
    assert_eq!(mail["state"], "waiting");
    let error = mail["lastError"].as_str().unwrap();
    assert!(
        error.contains("not you") && !error.contains("wrong-sesame"),
        "{error}"
    );
    // Nobody listens there.
    let port = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let server = MailServer::parse(&format!("smtp://127.0.0.1:{port}"), "hallway@example.com").unwrap();
    create(&rig, "ben@example.com", json!({})).await;
    let mailer = SmtpMailer::new(server, None).unwrap();
    assert_eq!(rig.platform.send_mail(&mailer).await.unwrap(), 1);
    assert_eq!(mail_to(&rig, "ben@example.com").await["state"], "waiting");
}
