//! The rules of a manifest (workspace-integrations 2.1 and 2.2, features 1).

use std::collections::HashMap;
use std::ops::Range;

use uuid::Uuid;

use super::check::{Checker, Object, clip};
use super::json::{Node, Value};
use super::model::{
    Access, ApiAccess, Availability, Feature, Manifest, PWA_JSXAPI, Provisioning, ProvisioningKind,
};
use super::paths::{scopes_and_paths, xapi_access};
use super::{scopes, suggest};
use crate::id::AppId;

pub(super) const ACCESS: [(&str, Access); 2] =
    [("required", Access::Required), ("optional", Access::Optional)];
const AVAILABILITY: [(&str, Availability); 2] = [
    ("org_private", Availability::OrgPrivate),
    ("global", Availability::Global),
];
const PROVISIONING: [(&str, ProvisioningKind); 2] = [
    ("manual", ProvisioningKind::Manual),
    ("https", ProvisioningKind::Https),
];
const MEMBERS: [&str; 13] = [
    "id",
    "manifestVersion",
    "displayName",
    "vendor",
    "email",
    "description",
    "descriptionUrl",
    "availability",
    "tocUrl",
    "apiAccess",
    "xapiAccess",
    "provisioning",
    "features",
];
/// Real manifests annotate their entries with these.
pub(super) const NOTES: [&str; 2] = ["name", "description"];

/// Largest version that every JSON reader takes for what it is.
const MAX_VERSION: u64 = (1 << 53) - 1;

/// What was read, and the place where a problem with it is shown.
pub(super) struct Placed<T> {
    pub(super) value: T,
    pub(super) path: String,
    pub(super) span: Range<usize>,
}

/// Reads the document. `None` where something is missing that a [`Manifest`] cannot be without, which has
/// been reported then.
pub(super) fn manifest(checker: &mut Checker<'_>, root: &Node) -> Option<Manifest> {
    let object = checker.object(root, "$".to_owned(), || {
        "{\"id\": …, \"manifestVersion\": 1, …}".to_owned()
    })?;
    let id = id(checker, &object);
    let manifest_version = version(checker, &object);
    let display_name = checker.required_text(&object, "displayName", "\"Name in Control Hub\"");
    let vendor = checker.required_text(&object, "vendor", "\"Who makes it\"");
    let email = checker.required_text(&object, "email", "\"someone@example.com\"");
    if let Some((text, span)) = &email
        && !is_email(text)
    {
        checker.error(&object.at("email"), span.clone(), || {
            let message = format!("`{}` is not an e-mail address", clip(text));
            (message, Some("write one like someone@example.com".to_owned()))
        });
    }
    let description = checker.required_text(&object, "description", "\"What it does\"");
    let description_url = url(checker, &object, "descriptionUrl");
    let availability = checker.word(&object, "availability", &AVAILABILITY);
    let toc_url = url(checker, &object, "tocUrl");
    let api = api_access(checker, &object);
    let xapi = xapi_access(checker, &object);
    let provisioning = provisioning(checker, &object);
    let features = features(checker, &object);
    if let Some(api) = &api {
        if let Some(xapi) = &xapi {
            scopes_and_paths(checker, api, xapi);
        }
        features_and_scopes(checker, api, &features);
    }
    let extra = checker.extra(&object, &MEMBERS, &[]);
    let owned = |text: Option<(&str, Range<usize>)>| text.map(|(text, _)| text.to_owned());
    Some(Manifest {
        id: id?,
        manifest_version: manifest_version?,
        display_name: owned(display_name)?,
        vendor: owned(vendor)?,
        email: owned(email)?,
        description: owned(description)?,
        description_url,
        availability: availability?,
        toc_url,
        api_access: api?.into_iter().map(|entry| entry.value).collect(),
        xapi_access: xapi?.access,
        provisioning: provisioning?,
        features: features.into_iter().map(|feature| feature.value).collect(),
        extra,
    })
}

fn id(checker: &mut Checker<'_>, object: &Object<'_>) -> Option<AppId> {
    const EXAMPLE: &str = "a UUID that you choose once, like \"5f0c1c0e-9d52-4b7a-8f6e-0a4c8c9b2d11\"";
    let (text, span) = checker.required_text(object, "id", EXAMPLE)?;
    // Only the form counts: UUIDs of versions 1, 2 and 4 are all in use.
    match Uuid::try_parse(text) {
        Ok(uuid) if text.len() == 36 => Some(AppId(uuid)),
        _ => {
            checker.error(&object.at("id"), span, || {
                let message = format!("`{}` is not a UUID", clip(text));
                (
                    message,
                    Some("hexadecimal digits in groups of 8-4-4-4-12, as `uuidgen` makes them".to_owned()),
                )
            });
            None
        }
    }
}

fn version(checker: &mut Checker<'_>, object: &Object<'_>) -> Option<u64> {
    let Some(member) = object.member("manifestVersion") else {
        checker.missing(object, "manifestVersion", "1");
        return None;
    };
    let number = match &member.node.value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) if text.trim().bytes().all(|b| b.is_ascii_digit()) => text.trim().parse().ok(),
        _ => None,
    };
    let (path, span) = (object.at("manifestVersion"), member.node.span.clone());
    match number {
        Some(number @ 1..=MAX_VERSION) => {
            if i32::try_from(number).is_err() {
                checker.warn(&path, span, || {
                    let message = "a version above 2147483647 is too large for some clients".to_owned();
                    (message, Some("count versions from 1, one per upload".to_owned()))
                });
            }
            Some(number)
        }
        _ => {
            checker.error(&path, span, || {
                let message = "`manifestVersion` is not a whole number of at least 1".to_owned();
                (message, Some("count versions from 1, one per upload".to_owned()))
            });
            None
        }
    }
}

/// Something, `@`, something, a dot, something; no spaces (workspace-integrations 2.1).
fn is_email(text: &str) -> bool {
    let Some(first) = text.chars().next() else {
        return false;
    };
    let Some(at) = text[first.len_utf8()..].find('@').map(|at| at + first.len_utf8()) else {
        return false;
    };
    let domain = &text[at + 1..];
    let dotted = domain
        .char_indices()
        .any(|(i, c)| c == '.' && i > 0 && i + 1 < domain.len());
    dotted && !text.chars().any(char::is_whitespace)
}

fn url(checker: &mut Checker<'_>, object: &Object<'_>, name: &'static str) -> Option<String> {
    let (text, span) = checker.optional_text(object, name)?;
    let uri = text.parse::<http::Uri>().ok();
    let host = uri
        .as_ref()
        .and_then(http::Uri::host)
        .is_some_and(|host| !host.is_empty());
    let scheme = uri.as_ref().and_then(http::Uri::scheme_str).filter(|_| host);
    let path = object.at(name);
    match scheme {
        Some("https") => {}
        Some("http") if checker.options.allow_http => {}
        Some("http") => checker.error(&path, span, || {
            let message = format!("`{name}` must be an https URL");
            (
                message,
                Some(format!("write https{}", clip(text.get(4..).unwrap_or_default()))),
            )
        }),
        _ => checker.error(&path, span, || {
            let message = format!("`{}` is not an absolute https URL", clip(text));
            (
                message,
                Some("write one like https://example.com/page, or \"\" for none".to_owned()),
            )
        }),
    }
    Some(text.to_owned())
}

fn api_access(checker: &mut Checker<'_>, object: &Object<'_>) -> Option<Vec<Placed<ApiAccess>>> {
    let items = checker.list(object, "apiAccess", true)?;
    let mut entries = Vec::new();
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for (i, item) in items.iter().enumerate() {
        let example = || match &item.value {
            Value::String(scope) => format!("{{\"scope\": \"{}\", \"access\": \"required\"}}", clip(scope)),
            _ => "{\"scope\": \"…\", \"access\": \"required\"}".to_owned(),
        };
        let Some(entry) = checker.object(item, format!("$.apiAccess[{i}]"), example) else {
            continue;
        };
        let extra = checker.extra(&entry, &["scope", "access", "role"], &NOTES);
        let Some((scope, span)) = entry_text(checker, &entry, "scope") else {
            continue;
        };
        let access = checker.word(&entry, "access", &ACCESS);
        let role = checker
            .optional_text(&entry, "role")
            .map(|(role, _)| role.to_owned());
        let path = entry.at("scope");
        scope_name(checker, scope, &path, span.clone());
        if let Some(first) = seen.insert(scope, span.start) {
            let (line, _) = checker.position(first);
            checker.warn(&path, span.clone(), || {
                let message = format!("`{}` is asked for twice, first in line {line}", clip(scope));
                (
                    message,
                    Some("remove one of them; if both stay, the stricter one counts".to_owned()),
                )
            });
        }
        // A scope whose access is wrong is still asked for: the other rules should know of it.
        let value = ApiAccess {
            scope: scope.to_owned(),
            access: access.unwrap_or(Access::Required),
            role,
            extra,
        };
        entries.push(Placed { value, path, span });
    }
    Some(entries)
}

/// Reads the text that an entry is about. An entry where it is empty is dropped, as the editor does.
pub(super) fn entry_text<'n>(
    checker: &mut Checker<'_>,
    entry: &Object<'n>,
    name: &'static str,
) -> Option<(&'n str, Range<usize>)> {
    if let Some(member) = entry.member(name)
        && matches!(&member.node.value, Value::String(text) if text.trim().is_empty())
    {
        checker.warn(&entry.at(name), member.node.span.clone(), || {
            (
                format!("an entry with an empty `{name}` is dropped"),
                Some("fill it in, or remove the entry".to_owned()),
            )
        });
        return None;
    }
    checker.required_text(entry, name, "\"…\"")
}

fn scope_name(checker: &mut Checker<'_>, scope: &str, path: &str, span: Range<usize>) {
    // Activation codes join scopes with commas, tokens with spaces.
    if scope
        .chars()
        .any(|c| !c.is_ascii_graphic() || matches!(c, ',' | '"' | '\\'))
    {
        checker.error(path, span, || {
            let message = format!("`{}` is not the name of one scope", clip(scope));
            let several = scope.split([',', ' ']).filter(|part| !part.is_empty()).count() > 1;
            let help = if several {
                "write one entry for each scope"
            } else {
                "a name has no spaces, commas, quotation marks or letters beyond ASCII"
            };
            (message, Some(help.to_owned()))
        });
    } else if scopes::is_useless_to_integrations(scope) {
        checker.warn(path, span, || {
            (
                format!("`{}` does not work with workspace integrations", clip(scope)),
                None,
            )
        });
    } else if !scopes::is_known(scope) {
        checker.warn(path, span, || {
            let message = format!("`{}` is not a known scope", clip(scope));
            (
                message,
                suggest::scope(scope).map(|known| format!("did you mean {known}?")),
            )
        });
    }
}

fn provisioning(checker: &mut Checker<'_>, root: &Object<'_>) -> Option<Provisioning> {
    let Some(member) = root.member("provisioning") else {
        checker.missing(root, "provisioning", "{\"type\": \"manual\"}");
        return None;
    };
    let object = checker.object(&member.node, root.at("provisioning"), || {
        "{\"type\": \"manual\"}".to_owned()
    })?;
    let kind = checker.word(&object, "type", &PROVISIONING);
    let address = url(checker, &object, "url");
    let activation_guide_url = url(checker, &object, "activationGuideUrl");
    let has_url = object.member("url").is_some_and(|member| !is_unset(&member.node));
    if kind == Some(ProvisioningKind::Https) && !has_url {
        checker.missing(
            &object,
            "url",
            "\"https://example.com/activate\", where the activation code is posted",
        );
    }
    if let (true, Some(guide), Some(_)) = (
        has_url,
        object.member("activationGuideUrl"),
        &activation_guide_url,
    ) {
        checker.error(&object.at("activationGuideUrl"), guide.key_span.clone(), || {
            let message = "`url` and `activationGuideUrl` exclude each other".to_owned();
            let help = match kind {
                Some(ProvisioningKind::Manual) => "for `manual`, keep `activationGuideUrl`",
                Some(ProvisioningKind::Https) => "for `https`, keep `url`",
                None => "keep `url` for `https`, and `activationGuideUrl` for `manual`",
            };
            (message, Some(help.to_owned()))
        });
    }
    let extra = checker.extra(&object, &["type", "url", "activationGuideUrl"], &[]);
    Some(Provisioning {
        kind: kind?,
        url: address,
        activation_guide_url,
        extra,
    })
}

/// Whether a member that may be left out was.
fn is_unset(node: &Node) -> bool {
    match &node.value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

fn features(checker: &mut Checker<'_>, root: &Object<'_>) -> Vec<Placed<Feature>> {
    if root
        .member("features")
        .is_some_and(|member| is_unset(&member.node))
    {
        return Vec::new();
    }
    let mut features: Vec<Placed<Feature>> = Vec::new();
    for (i, item) in checker
        .list(root, "features", false)
        .unwrap_or_default()
        .iter()
        .enumerate()
    {
        let path = format!("$.features[{i}]");
        let known = || Feature::ALL.map(Feature::name);
        let Value::String(name) = &item.value else {
            checker.error(&path, item.span.clone(), || {
                let message = format!("a feature is a string, not {}", item.noun());
                (message, Some(format!("write one of `{}`", known().join("`, `"))))
            });
            continue;
        };
        let Some(value) = Feature::ALL.into_iter().find(|feature| feature.name() == name) else {
            checker.error(&path, item.span.clone(), || {
                let message = format!("`{}` is not one of `{}`", clip(name), known().join("`, `"));
                (
                    message,
                    suggest::nearest(name, known()).map(|name| format!("did you mean `{name}`?")),
                )
            });
            continue;
        };
        if features.iter().any(|feature| feature.value == value) {
            checker.warn(&path, item.span.clone(), || {
                (
                    format!("`{name}` is listed twice, and one is dropped"),
                    Some("remove one of them".to_owned()),
                )
            });
            continue;
        }
        features.push(Placed {
            value,
            path,
            span: item.span.clone(),
        });
    }
    features
}

/// A feature and its scope come together.
fn features_and_scopes(checker: &mut Checker<'_>, api: &[Placed<ApiAccess>], features: &[Placed<Feature>]) {
    let declared = |feature| features.iter().any(|declared| declared.value == feature);
    for feature in features {
        let scope = feature.value.scope();
        if !api.iter().any(|entry| entry.value.scope == scope) {
            checker.error(&feature.path, feature.span.clone(), || {
                let message = format!("`{}` needs the scope `{scope}`", feature.value.name());
                let help = format!("add {{\"scope\": \"{scope}\", \"access\": \"required\"}} to `apiAccess`");
                (message, Some(help))
            });
        }
    }
    let pairs = Feature::ALL.map(|feature| (feature.scope(), feature));
    for (scope, feature) in pairs.into_iter().chain([(PWA_JSXAPI, Feature::PersistentWebApp)]) {
        for entry in api
            .iter()
            .filter(|entry| entry.value.scope == scope && !declared(feature))
        {
            let name = feature.name();
            checker.error(&entry.path, entry.span.clone(), || {
                let message = format!("`{scope}` needs the feature `{name}`");
                (
                    message,
                    Some(format!("add \"features\": [\"{name}\"], or remove the scope")),
                )
            });
        }
    }
}
