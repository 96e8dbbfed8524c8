//! Bringing e-mails to a mail server by SMTP (RFC 5321): encrypted, or on this machine.
//!
//! [`MailServer`] is what a URL says, [`SmtpMailer`] hands letters over: a connection for each, since they are
//! few. What the server answers ends in the outbox; the password never does, nor in a log.

use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use axum::http::Uri;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hallway_platform::mail::{Letter, MailError, Mailer};
use hallway_wire::Secret;
use lettre::address::Envelope;
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use percent_encoding::percent_decode_str;

/// Longest wait for the mail server, for each step.
const PATIENCE: Duration = Duration::from_secs(30);

/// How the connection is kept from others' eyes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Safety {
    /// TLS from the first byte (`smtps`).
    Tls,
    /// TLS after a plain greeting, or nothing is sent (`smtp`).
    StartTls,
    /// None: only on this machine.
    Plain,
}

/// A mail server, how to log in there, and whom letters are from.
#[derive(Clone, Debug)]
pub struct MailServer {
    host: String,
    port: u16,
    safety: Safety,
    login: Option<(String, Secret)>,
    from: Sender,
}

/// Whom letters are from.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Sender {
    name: Option<String>,
    address: Address,
}

impl Sender {
    /// Reads `hallway@example.com` and `Hallway <hallway@example.com>`.
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (name, address) = match text.strip_suffix('>').and_then(|text| text.rsplit_once('<')) {
            Some((name, address)) => (name.trim().trim_matches('"').trim(), address),
            None => ("", text),
        };
        Some(Self {
            name: (!name.is_empty()).then(|| name.to_owned()),
            address: address.trim().parse().ok()?,
        })
    }
}

/// What is wrong with the settings. The URL is never repeated: it holds a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadMailServer(String);

impl MailServer {
    /// Reads `smtps://user:password@host:465`, `smtp://user:password@host:587` (STARTTLS is demanded) or, on this
    /// machine, `smtp://127.0.0.1:25` (plain), and the sender's address.
    ///
    /// # Errors
    /// What is wrong with either.
    pub fn parse(url: &str, from: &str) -> Result<Self, BadMailServer> {
        let bad = |text: &str| BadMailServer(format!("the URL of the mail server {text}"));
        let from = Sender::parse(from).ok_or_else(|| {
            BadMailServer(format!(
                "the sender {from:?} is no e-mail address, like hallway@example.com"
            ))
        })?;
        let unreadable = || {
            bad(
                "cannot be read: it must look like smtps://user:password@host:465, with what is special in the \
                 password percent-encoded",
            )
        };
        // What stands behind a `#` would be passed over in silence, and half a password taken for a port.
        if url.contains('#') {
            return Err(unreadable());
        }
        let url: Uri = url.trim().parse().map_err(|_| unreadable())?;
        let (Some(scheme), Some(authority)) = (url.scheme_str(), url.authority()) else {
            return Err(bad("must begin with smtps:// or smtp://"));
        };
        if url
            .path_and_query()
            .is_some_and(|rest| !matches!(rest.as_str(), "" | "/"))
        {
            return Err(bad("must end with the host and the port"));
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() {
            return Err(bad("names no host"));
        }
        let behind = authority.as_str().rsplit('@').next().unwrap_or_default();
        let port = behind.rsplit_once(':').filter(|(_, port)| !port.ends_with(']'));
        if port.is_some_and(|(_, port)| port.parse::<u16>().is_err()) {
            return Err(bad("names a port that is no number up to 65535"));
        }
        let is_here = host.eq_ignore_ascii_case("localhost")
            || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        let (safety, usual_port) = match scheme {
            "smtps" => (Safety::Tls, 465),
            "smtp" if is_here => (Safety::Plain, 25),
            "smtp" => (Safety::StartTls, 587),
            _ => return Err(bad("must begin with smtps:// or smtp://")),
        };
        let login = match authority.as_str().rsplit_once('@') {
            None => None,
            Some((user_info, _)) => {
                let (user, password) = user_info
                    .split_once(':')
                    .ok_or_else(|| bad("names a user without a password"))?;
                let decoded = |text| {
                    let text = percent_decode_str(text).decode_utf8();
                    text.map_err(|_| bad("holds a user or password that is no UTF-8"))
                };
                Some((decoded(user)?.into_owned(), Secret::new(decoded(password)?)))
            }
        };
        Ok(Self {
            host: host.to_owned(),
            port: authority.port_u16().unwrap_or(usual_port),
            safety,
            login,
            from,
        })
    }
}

/// Hands letters over to a mail server.
#[derive(Debug)]
pub struct SmtpMailer {
    server: MailServer,
    transport: AsyncSmtpTransport<Tokio1Executor>,
}

impl SmtpMailer {
    /// A mailer that trusts the public authorities, and those of `trust` (PEM).
    ///
    /// # Errors
    /// The certificates cannot be used.
    pub fn new(server: MailServer, trust: Option<&[u8]>) -> Result<Self, BadMailServer> {
        let tls = || {
            let mut tls = TlsParameters::builder(server.host.clone());
            if let Some(pem) = trust {
                let certificates = Certificate::from_pem(pem).map_err(|error| {
                    BadMailServer(format!("the certificates to trust cannot be read: {error}"))
                })?;
                tls = tls.add_root_certificate(certificates);
            }
            tls.build()
                .map_err(|error| BadMailServer(format!("TLS to the mail server cannot be set up: {error}")))
        };
        let tls = match server.safety {
            Safety::Tls => Tls::Wrapper(tls()?),
            Safety::StartTls => Tls::Required(tls()?),
            Safety::Plain => Tls::None,
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(server.host.as_str())
            .port(server.port)
            .tls(tls)
            .timeout(Some(PATIENCE))
            .hello_name(ClientId::Domain(server.from.address.domain().to_owned()));
        if let Some((user, password)) = &server.login {
            let credentials = Credentials::new(user.clone(), password.expose().to_owned());
            transport = transport.credentials(credentials);
        }
        let transport = transport.build();
        Ok(Self { server, transport })
    }

    /// The e-mail as it is sent (RFC 5322): one part of text. The text goes as Base64, which nothing on the way
    /// breaks.
    fn message(&self, letter: &Letter, to: &Address) -> String {
        let from = &self.server.from;
        let encoded = STANDARD.encode(letter.text.replace("\r\n", "\n").replace('\n', "\r\n"));
        let mut message = format!(
            "From: {}\r\nTo: {to}\r\nSubject: {}\r\nDate: {}\r\nMessage-ID: <{}@{}>\r\nMIME-Version: 1.0\r\n\
             Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\
             Auto-Submitted: auto-generated\r\n\r\n",
            match &from.name {
                Some(name) => format!("{} <{}>", words(name), from.address),
                None => from.address.to_string(),
            },
            words(&letter.subject),
            letter.written.to_jiff().strftime("%a, %d %b %Y %H:%M:%S +0000"),
            letter.id,
            from.address.domain(),
        );
        for line in encoded.as_bytes().chunks(76) {
            message.push_str(&String::from_utf8_lossy(line));
            message.push_str("\r\n");
        }
        message
    }

    fn refusal(&self, error: &smtp::Error) -> MailError {
        let mut text = error.to_string();
        // Whatever a server sends back.
        if let Some((_, password)) = &self.server.login
            && !password.expose().is_empty()
        {
            text = text.replace(password.expose(), "***");
        }
        let code = error.status().map(u16::from);
        MailError {
            forever: code.is_some_and(|code| has_no_mailbox(code, &text)),
            what: format!("{}: {text}", self.server.host),
        }
    }
}

/// Text of a header: as it is where that is allowed, else in encoded words (RFC 2047). What names of people and
/// organizations hold never begins a header of its own.
fn words(text: &str) -> String {
    /// Bytes in an encoded word, so that it is shorter than 76 characters.
    const MOST: usize = 42;
    let plain = |c: char| c.is_ascii_alphanumeric() || " -_'+/!?*#&=".contains(c);
    if text.len() <= 200 && !text.contains("=?") && text.chars().all(plain) {
        return text.to_owned();
    }
    let mut chunks = vec![String::new()];
    for c in text.chars() {
        match chunks.last_mut() {
            Some(last) if last.len() + c.len_utf8() <= MOST => last.push(c),
            _ => chunks.push(c.to_string()),
        }
    }
    let word = |chunk: &String| format!("=?UTF-8?B?{}?=", STANDARD.encode(chunk));
    chunks.iter().map(word).collect::<Vec<_>>().join("\r\n ")
}

/// Whether an answer means that there is no such mailbox. Everything else may be mended: by waiting, or by an
/// administrator. The enhanced code (RFC 3463) says it better where there is one.
fn has_no_mailbox(code: u16, text: &str) -> bool {
    let is_enhanced = |word: &&str| {
        word.starts_with("5.") && word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
    };
    match text.split_whitespace().find(is_enhanced) {
        Some(enhanced) => matches!(
            enhanced,
            "5.1.1" | "5.1.2" | "5.1.3" | "5.1.6" | "5.1.10" | "5.2.1"
        ),
        None => matches!(code, 550 | 551 | 553),
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, letter: &Letter) -> Result<(), MailError> {
        let never = |error: &dyn std::fmt::Display| MailError {
            what: format!("{:?} is no address that mail can be sent to: {error}", letter.to),
            forever: true,
        };
        let to: Address = letter.to.parse().map_err(|error| never(&error))?;
        let message = self.message(letter, &to);
        let envelope = Envelope::new(Some(self.server.from.address.clone()), vec![to]);
        let envelope = envelope.map_err(|error| never(&error))?;
        match self.transport.send_raw(&envelope, message.as_bytes()).await {
            Ok(_) => Ok(()),
            Err(error) => Err(self.refusal(&error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Result<MailServer, BadMailServer> {
        MailServer::parse(url, "Hallway <hallway@example.com>")
    }

    #[test]
    fn urls_say_where_and_how() {
        for (url, host, port, safety) in [
            ("smtps://mail.example.com", "mail.example.com", 465, Safety::Tls),
            (
                "smtps://u:p@mail.example.com:4650/",
                "mail.example.com",
                4650,
                Safety::Tls,
            ),
            (
                "smtp://mail.example.com",
                "mail.example.com",
                587,
                Safety::StartTls,
            ),
            ("smtp://10.0.0.1:25", "10.0.0.1", 25, Safety::StartTls),
            ("smtp://127.0.0.1:1025", "127.0.0.1", 1025, Safety::Plain),
            ("smtp://[::1]:1025", "::1", 1025, Safety::Plain),
            ("smtp://localhost", "localhost", 25, Safety::Plain),
        ] {
            let server = read(url).unwrap();
            assert_eq!(
                (server.host.as_str(), server.port, server.safety),
                (host, port, safety),
                "{url}"
            );
        }
        let server = read("smtps://ada%40example.com:p%40ss%3Aword@mail.example.com").unwrap();
        let (user, password) = server.login.clone().unwrap();
        assert_eq!(
            (user.as_str(), password.expose()),
            ("ada@example.com", "p@ss:word")
        );
        assert!(!format!("{server:?}").contains("p@ss"));
        let mailer = SmtpMailer::new(server, None).unwrap();
        assert!(!format!("{mailer:?}").contains("p@ss"));
    }

    #[test]
    fn what_is_wrong_is_said_without_the_url() {
        for url in [
            "",
            "mail.example.com:25",
            "https://u:secret@mail.example.com",
            "smtps://u:secret@mail.example.com/x",
            "smtps://u:se#cret@mail.example.com",
            "smtps://mail.example.com:secret",
            "smtps://mail.example.com:70000",
            "smtps://u:%ff@mail.example.com",
            "smtps://secret@mail.example.com",
            "smtps://",
        ] {
            let error = read(url).unwrap_err().to_string();
            assert!(!error.contains("secret@") && !error.contains("cret@"), "{error}");
        }
        assert!(MailServer::parse("smtps://mail.example.com", "nobody").is_err());
    }

    #[test]
    fn only_a_missing_mailbox_is_forever() {
        for (code, text, forever) in [
            (550, "permanent error (550): 5.1.1 no such user", true),
            (550, "permanent error (550): no such user", true),
            (550, "permanent error (550): 5.7.1 relaying denied", false),
            (535, "permanent error (535): 5.7.8 bad credentials", false),
            (554, "permanent error (554): no", false),
        ] {
            assert_eq!(has_no_mailbox(code, text), forever, "{text}");
        }
    }

    #[test]
    fn names_begin_no_headers() {
        let server = MailServer::parse("smtp://127.0.0.1:1025", "Håll <hallway@example.com>").unwrap();
        let mailer = SmtpMailer::new(server, None).unwrap();
        let letter = Letter {
            id: "7".to_owned(),
            written: hallway_wire::Timestamp(1_772_600_767_089),
            to: "ada@example.com".to_owned(),
            subject: "Hello\r\nBcc: eve@example.com".to_owned(),
            text: "Hi\n.\nthere\n".to_owned(),
        };
        let message = mailer.message(&letter, &letter.to.parse().unwrap());
        assert_eq!(
            message,
            "From: =?UTF-8?B?SMOlbGw=?= <hallway@example.com>\r\nTo: ada@example.com\r\n\
             Subject: =?UTF-8?B?SGVsbG8NCkJjYzogZXZlQGV4YW1wbGUuY29t?=\r\n\
             Date: Wed, 04 Mar 2026 05:06:07 +0000\r\nMessage-ID: <7@example.com>\r\nMIME-Version: 1.0\r\n\
             Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\
             Auto-Submitted: auto-generated\r\n\r\nSGkNCi4NCnRoZXJlDQo=\r\n"
        );
        let long = words(&"å".repeat(100));
        assert!(
            long.split("\r\n ").all(|word| word.len() <= 75) && long.contains("\r\n "),
            "{long}"
        );
    }
}
