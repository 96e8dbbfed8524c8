//! The xAPI lists of a manifest, and the scopes that go with them (workspace-integrations 2.2, 3.1 and 3.4).

use std::collections::HashMap;
use std::ops::Range;

use hallway_xapi::Pattern;

use super::check::{Checker, Object, clip};
use super::json::Value;
use super::model::{Access, ApiAccess, XapiAccess, XapiList, XapiRule};
use super::rules::{ACCESS, NOTES, Placed, entry_text};
use super::suggest;

/// The xAPI lists, and what the rules about scopes need to know of them.
pub(super) struct Xapi {
    pub(super) access: XapiAccess,
    /// Of each list: the place of its key, and the places of its entries. Also entries whose pattern is
    /// wrong count, so that one mistake is not reported as two.
    lists: Vec<(XapiList, Range<usize>, Vec<Placed<Access>>)>,
}

pub(super) fn xapi_access(checker: &mut Checker<'_>, root: &Object<'_>) -> Option<Xapi> {
    let Some(member) = root.member("xapiAccess") else {
        checker.missing(
            root,
            "xapiAccess",
            "{\"status\": [], \"commands\": [], \"events\": []}",
        );
        return None;
    };
    let example = || "{\"status\": [], \"commands\": [], \"events\": []}".to_owned();
    let object = checker.object(&member.node, root.at("xapiAccess"), example)?;
    let mut access = XapiAccess::default();
    let mut lists = Vec::new();
    for list in XapiList::ALL {
        let (rules, places) = xapi_list(checker, &object, list);
        match list {
            XapiList::Status => access.status = rules,
            XapiList::Commands => access.commands = rules,
            XapiList::Events => access.events = rules,
        }
        let key = object
            .member(list.key())
            .map_or(object.open.clone(), |member| member.key_span.clone());
        lists.push((list, key, places));
    }
    for (wrong, right) in [
        ("statuses", "status"),
        ("command", "commands"),
        ("event", "events"),
    ] {
        if let Some(member) = object.member(wrong) {
            checker.error(&object.at(wrong), member.key_span.clone(), || {
                let message =
                    format!("`{wrong}` is not a list of xAPI paths, so nothing in it would be granted");
                (message, Some(format!("the key is `{right}`")))
            });
        }
    }
    let quiet = ["statuses", "command", "event"];
    access.extra = checker.extra(&object, &XapiList::ALL.map(XapiList::key), &quiet);
    Some(Xapi { access, lists })
}

fn xapi_list(
    checker: &mut Checker<'_>,
    object: &Object<'_>,
    list: XapiList,
) -> (Vec<XapiRule>, Vec<Placed<Access>>) {
    let (mut rules, mut places) = (Vec::new(), Vec::new());
    let mut seen: HashMap<String, usize> = HashMap::new();
    let items = checker.list(object, list.key(), false).unwrap_or_default();
    for (i, item) in items.iter().enumerate() {
        let example = || match &item.value {
            Value::String(path) => format!("{{\"path\": \"{}\", \"access\": \"required\"}}", clip(path)),
            _ => "{\"path\": \"…\", \"access\": \"required\"}".to_owned(),
        };
        let Some(entry) = checker.object(item, format!("{}[{i}]", object.at(list.key())), example) else {
            continue;
        };
        let extra = checker.extra(&entry, &["path", "access"], &NOTES);
        let Some((text, span)) = entry_text(checker, &entry, "path") else {
            continue;
        };
        let access = checker
            .word(&entry, "access", &ACCESS)
            .unwrap_or(Access::Required);
        let at = entry.at("path");
        if let Some(path) = pattern(checker, text, &at, &span) {
            if let Some(first) = seen.insert(path.to_string().to_ascii_lowercase(), span.start) {
                let (line, _) = checker.position(first);
                checker.warn(&at, span.clone(), || {
                    let message = format!("`{path}` is asked for twice, first in line {line}");
                    (
                        message,
                        Some("remove one of them; if both stay, the stricter one counts".to_owned()),
                    )
                });
            }
            reach(checker, list, &path, &at, &span);
            rules.push(XapiRule { path, access, extra });
        }
        places.push(Placed {
            value: access,
            path: at,
            span,
        });
    }
    (rules, places)
}

/// Reads a path. Names that are joined by spaces, as on a device's command line, are joined by dots.
fn pattern(checker: &mut Checker<'_>, text: &str, at: &str, span: &Range<usize>) -> Option<Pattern> {
    let dotted = dotted(text);
    match dotted.parse::<Pattern>() {
        Ok(path) => {
            if dotted != text {
                checker.warn(at, span.clone(), || {
                    let message = format!("the path has spaces in it and is read as `{}`", clip(&dotted));
                    (message, Some("join names with dots".to_owned()))
                });
            }
            Some(path)
        }
        Err(error) => {
            checker.error(at, span.clone(), || {
                let help = suggest::path(&dotted).map(|path| format!("did you mean `{path}`?"));
                (error_text(&error), help)
            });
            None
        }
    }
}

/// The message of a path error may quote the path: no longer than other messages do.
fn error_text(error: &hallway_xapi::key::PathError) -> String {
    use hallway_xapi::key::PathError;
    match error {
        PathError::BadName { segment } => PathError::BadName {
            segment: clip(segment),
        }
        .to_string(),
        PathError::BadArray { segment } => PathError::BadArray {
            segment: clip(segment),
        }
        .to_string(),
        other => other.to_string(),
    }
}

fn dotted(text: &str) -> String {
    let mut words = text.split_whitespace();
    // People paste whole lines of the device's command line.
    let mut out = words.next().unwrap_or_default().to_owned();
    if ["xstatus", "xcommand", "xevent"].contains(&out.to_ascii_lowercase().as_str())
        && let Some(second) = words.next()
    {
        second.clone_into(&mut out);
    }
    for word in words {
        if !out.ends_with('.') && !word.starts_with('.') {
            out.push('.');
        }
        out.push_str(word);
    }
    out
}

/// Warns of a path that grants everything, and of one that never brings a notification.
fn reach(checker: &mut Checker<'_>, list: XapiList, path: &Pattern, at: &str, span: &Range<usize>) {
    if *path == Pattern::everything() {
        checker.warn(at, span.clone(), || {
            let what = match list {
                XapiList::Status => "every status",
                XapiList::Commands => "every command",
                XapiList::Events => "every event",
            };
            let help = "name what you need: administrators see this list before they approve it";
            (format!("`*` asks for {what}"), Some(help.to_owned()))
        });
        return;
    }
    let supported = match list {
        XapiList::Status => checker.options.supported_statuses,
        XapiList::Events => checker.options.supported_events,
        XapiList::Commands => return,
    };
    if supported.is_empty() || supported.iter().any(|pattern| pattern.overlaps(path)) {
        return;
    }
    checker.warn(at, span.clone(), || {
        let path = path.to_string();
        let message = match list {
            XapiList::Status => format!("`{}` can be queried, but is never notified", clip(&path)),
            _ => format!("`{}` is never notified", clip(&path)),
        };
        let names: Vec<String> = supported.iter().map(ToString::to_string).collect();
        let near = suggest::nearest(&path, names.iter().map(String::as_str));
        (message, near.map(|name| format!("did you mean `{name}`?")))
    });
}

/// The xAPI scopes and the lists that they are for come together.
pub(super) fn scopes_and_paths(checker: &mut Checker<'_>, api: &[Placed<ApiAccess>], xapi: &Xapi) {
    for (list, key, places) in &xapi.lists {
        let Some(scope) = list.scope() else { continue };
        let entries = || api.iter().filter(|entry| entry.value.scope == scope);
        let noun = list.noun();
        match (entries().next(), places.first()) {
            (Some(entry), None) => checker.error(&entry.path, entry.span.clone(), || {
                let message = format!("`{scope}` is worth nothing without a {noun} path");
                (
                    message,
                    Some(format!("add a path to `xapiAccess.{list}`, or remove the scope")),
                )
            }),
            (None, Some(_)) => checker.error(&format!("$.xapiAccess.{list}"), key.clone(), || {
                let message = format!("{noun} paths are worth nothing without the scope `{scope}`");
                let help = format!("add {{\"scope\": \"{scope}\", \"access\": \"required\"}} to `apiAccess`");
                (message, Some(help))
            }),
            (Some(_), Some(_)) if entries().all(|entry| entry.value.access == Access::Optional) => {
                let Some(place) = places.iter().find(|place| place.value == Access::Required) else {
                    continue;
                };
                checker.warn(&place.path, place.span.clone(), || {
                    let message = format!("the {noun} is required, but its scope `{scope}` may be declined");
                    (
                        message,
                        Some("make the scope required, or the path optional".to_owned()),
                    )
                });
            }
            _ => {}
        }
    }
}
