//! What an application may be called, ask for, and be sent back to.

use hallway_wire::application::{About, ApplicationKind, ApplicationWish};
use hallway_wire::manifest::scopes;

use crate::error::{Error, Result};

const MAX_NAME: usize = 128;
const MAX_TEXT: usize = 4096;
const MAX_LOGO: usize = 64 << 10;
/// All scopes as one text.
const MAX_SCOPES: usize = 4096;
const MAX_URL: usize = 2048;
const MAX_URLS: usize = 32;

/// What a bot's token allows: messaging, and looking people up.
pub(super) const BOT_SCOPES: [&str; 12] = [
    "spark:kms",
    "spark:memberships_read",
    "spark:memberships_write",
    "spark:messages_read",
    "spark:messages_write",
    "spark:people_read",
    "spark:rooms_read",
    "spark:rooms_write",
    "spark:team_memberships_read",
    "spark:team_memberships_write",
    "spark:teams_read",
    "spark:teams_write",
];

/// Checks what a request says, as far as it says something.
pub(super) fn check(kind: ApplicationKind, wish: &ApplicationWish) -> Result<()> {
    let mut problems = Vec::new();
    if let Some(name) = &wish.name {
        if name.trim().is_empty() {
            problems.push("name: must not be empty".to_owned());
        } else if name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
            problems.push(format!(
                "name: must have at most {MAX_NAME} characters, and no control characters"
            ));
        }
    }
    if let Some(given) = &wish.friendly_id
        && (slug(given) != *given || given.is_empty())
    {
        problems.push("friendlyId: must be up to 64 lower-case letters, digits and dashes".to_owned());
    }
    if let Some(given) = &wish.scopes {
        check_scopes(kind, given, &mut problems);
    }
    if let Some(urls) = &wish.redirect_urls {
        check_redirects(kind, urls, &mut problems);
    }
    check_about(&wish.about, &mut problems);
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Error::invalid_all("The application is not in order.", problems))
    }
}

fn check_scopes(kind: ApplicationKind, given: &[String], problems: &mut Vec<String>) {
    if kind == ApplicationKind::Bot {
        let mut known = given.iter().all(|scope| BOT_SCOPES.contains(&scope.as_str()));
        known &= given.len() <= BOT_SCOPES.len();
        if !known {
            problems.push("scopes: those of bots are fixed".to_owned());
        }
        return;
    }
    for scope in given.iter().filter(|scope| !scopes::is_known(scope)).take(20) {
        let shown: String = scope.chars().take(100).collect();
        problems.push(format!("scopes: there is no scope {shown:?}"));
    }
    if given.iter().map(|scope| scope.len() + 1).sum::<usize>() > MAX_SCOPES {
        problems.push(format!(
            "scopes: together they must not be longer than {MAX_SCOPES} characters"
        ));
    }
    if given.is_empty() {
        problems.push("scopes: at least one is needed".to_owned());
    }
}

fn check_redirects(kind: ApplicationKind, urls: &[String], problems: &mut Vec<String>) {
    if kind != ApplicationKind::Integration {
        if !urls.is_empty() {
            problems.push("redirectUrls: only integrations have them".to_owned());
        }
        return;
    }
    if urls.is_empty() || urls.len() > MAX_URLS {
        problems.push(format!("redirectUrls: between 1 and {MAX_URLS} are needed"));
    }
    for url in urls {
        if let Err(what) = check_redirect(url) {
            let shown: String = url.chars().take(100).collect();
            problems.push(format!("redirectUrls: {shown:?} {what}"));
        }
    }
}

/// Whether people may be sent back to a URL.
fn check_redirect(url: &str) -> Result<(), &'static str> {
    if url.len() > MAX_URL {
        return Err("is too long");
    }
    if !url.bytes().all(|b| b.is_ascii_graphic()) || url.contains(['"', '<', '>', '\\', '`', '{', '}']) {
        return Err("holds characters that no URL has");
    }
    if url.contains('#') {
        return Err("must have no fragment");
    }
    let Some((scheme, rest)) = url.split_once(':') else {
        return Err("is not absolute");
    };
    let letters = scheme
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    if !letters || !scheme.starts_with(|c: char| c.is_ascii_alphabetic()) || rest.is_empty() {
        return Err("is not absolute");
    }
    match scheme.to_ascii_lowercase().as_str() {
        "http" | "https" => {
            let authority = rest.strip_prefix("//").ok_or("names no host")?;
            let host = authority.split(['/', '?']).next().unwrap_or_default();
            if host.is_empty() || host.contains('@') {
                return Err("names no host, or a user");
            }
            Ok(())
        }
        // Schemes that a browser runs or reads itself.
        "javascript" | "data" | "vbscript" | "file" | "blob" | "about" | "ws" | "wss" | "view-source" => {
            Err("has a scheme that nobody may be sent to")
        }
        _ => Ok(()),
    }
}

fn check_about(about: &About, problems: &mut Vec<String>) {
    for (name, text) in about.texts() {
        // A logo may be the picture itself, as a data URL.
        let most = if name == "logo" { MAX_LOGO } else { MAX_TEXT };
        if text.len() > most {
            problems.push(format!("{name}: must not be longer than {most} bytes"));
        }
    }
    for (name, list) in [("categories", &about.categories), ("tags", &about.tags)] {
        if list.as_ref().is_some_and(|list| list.len() > 50) {
            problems.push(format!("{name}: at most 50 are possible"));
        }
    }
}

/// The part of an address that a name makes: lower-case letters and digits with single dashes between.
pub(super) fn slug(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() >= 64 {
            break;
        }
    }
    slug.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs() {
        assert_eq!(slug("My Great App!  (v2)"), "my-great-app-v2");
        assert_eq!(slug("会議"), "");
        assert_eq!(slug(&"x".repeat(100)).len(), 64);
    }

    #[test]
    fn redirects() {
        for good in [
            "http://localhost:6001/redirect",
            "https://a.example/cb?x=1",
            "myapp://cb",
            "com.example.app:/cb",
        ] {
            assert_eq!(check_redirect(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "/cb",
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            "data:text/html,x",
            "https://a.example/#x",
            "https://",
            "https://a@b.example/",
            "https://a.example/ x",
            "https://a.example/ø",
            "http:localhost",
        ] {
            assert!(check_redirect(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn all_that_is_wrong_is_told() {
        let wish = ApplicationWish {
            name: Some(" ".to_owned()),
            friendly_id: Some("A B".to_owned()),
            scopes: Some(vec!["spark:nonsense".to_owned()]),
            redirect_urls: Some(vec!["x".to_owned()]),
            ..ApplicationWish::default()
        };
        let Err(Error::Invalid { errors, .. }) = check(ApplicationKind::Integration, &wish) else {
            panic!("it must be refused")
        };
        assert_eq!(errors.len(), 4, "{errors:?}");
    }
}
