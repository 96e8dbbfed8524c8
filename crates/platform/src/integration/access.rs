//! What an activation is granted: the manifest's wishes less what the administrator denied.

use hallway_wire::control::RequestedPermission;
use hallway_wire::integration::XapiAccessKeys;
use hallway_wire::manifest::{Access, Feature, Manifest, XapiList, XapiRule};
use hallway_xapi::{Catalogue, Key, Pattern};

use crate::error::{Error, Result};

/// The outcome of a review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Granted {
    pub(super) scopes: Vec<String>,
    pub(super) roles: Vec<String>,
    pub(super) access: XapiAccessKeys,
}

fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

/// Applies a review. Everything that is wrong with it is told at once.
///
/// # Errors
/// Something required is denied, or something that the manifest does not ask for.
pub(super) fn grant(manifest: &Manifest, denied: &[String]) -> Result<Granted> {
    let mut problems = Vec::new();
    for name in denied {
        let scopes = manifest
            .api_access
            .iter()
            .filter(|wish| same(&wish.scope, name))
            .map(|wish| wish.access);
        let paths = all_rules(manifest)
            .filter(|(_, rule)| same(&rule.path.to_string(), name))
            .map(|(_, rule)| rule.access);
        let found: Vec<Access> = scopes.chain(paths).collect();
        if found.is_empty() {
            problems.push(format!(
                "{name} cannot be denied: the manifest does not ask for it"
            ));
        } else if !found.contains(&Access::Optional) {
            problems.push(format!("{name} cannot be denied: the integration requires it"));
        }
    }
    if !problems.is_empty() {
        return Err(Error::invalid_all(
            "The review denies what it cannot deny.",
            problems,
        ));
    }
    // The same path may be required as a status and optional as a command: only what is optional is refused.
    let refused =
        |name: &str, access: Access| access == Access::Optional && denied.iter().any(|d| same(d, name));
    let wishes: Vec<_> = manifest
        .api_access
        .iter()
        .filter(|wish| !refused(&wish.scope, wish.access))
        .collect();
    let mut scopes: Vec<String> = Vec::new();
    let mut roles: Vec<String> = Vec::new();
    for wish in wishes {
        if !scopes.contains(&wish.scope) {
            scopes.push(wish.scope.clone());
        }
        if let Some(role) = &wish.role
            && !roles.contains(role)
        {
            roles.push(role.clone());
        }
    }
    let paths = |list: XapiList| -> Vec<Pattern> {
        // Paths without the scope that they need would promise what cannot be kept.
        if list
            .scope()
            .is_some_and(|scope| !scopes.iter().any(|s| s == scope))
        {
            return Vec::new();
        }
        let mut paths: Vec<Pattern> = Vec::new();
        for rule in manifest.xapi_access.list(list) {
            if !refused(&rule.path.to_string(), rule.access) && !paths.contains(&rule.path) {
                paths.push(rule.path.clone());
            }
        }
        paths
    };
    let access = XapiAccessKeys {
        commands: paths(XapiList::Commands),
        statuses: paths(XapiList::Status),
        events: paths(XapiList::Events),
    };
    Ok(Granted {
        scopes,
        roles,
        access,
    })
}

/// Features whose scope was granted.
pub(crate) fn features(manifest: &Manifest, scopes: &[String]) -> Vec<Feature> {
    let granted = |feature: &&Feature| scopes.iter().any(|scope| scope == feature.scope());
    manifest.features.iter().filter(granted).copied().collect()
}

/// The manifest's wishes as a review shows them.
pub(crate) fn requested(
    manifest: &Manifest,
    granted: Option<&Granted>,
    catalogue: &Catalogue,
) -> Vec<RequestedPermission> {
    let mut list = Vec::new();
    for wish in &manifest.api_access {
        list.push(RequestedPermission {
            kind: "scope".to_owned(),
            name: wish.scope.clone(),
            required: wish.access == Access::Required,
            role: wish.role.clone(),
            granted: granted.is_some_and(|granted| granted.scopes.contains(&wish.scope)),
            privacy_impact: false,
        });
    }
    for (kind, rule) in all_rules(manifest) {
        let held = granted.map(|granted| match kind {
            XapiList::Status => &granted.access.statuses,
            XapiList::Commands => &granted.access.commands,
            XapiList::Events => &granted.access.events,
        });
        list.push(RequestedPermission {
            kind: kind.noun().to_owned(),
            name: rule.path.to_string(),
            required: rule.access == Access::Required,
            role: None,
            granted: held.is_some_and(|held| held.contains(&rule.path)),
            privacy_impact: touches_people(kind, &rule.path, catalogue),
        });
    }
    list
}

fn all_rules(manifest: &Manifest) -> impl Iterator<Item = (XapiList, &XapiRule)> {
    XapiList::ALL.into_iter().flat_map(|list| {
        manifest
            .xapi_access
            .list(list)
            .iter()
            .map(move |rule| (list, rule))
    })
}

/// Whether a path reaches something that says a thing about people.
fn touches_people(kind: XapiList, path: &Pattern, catalogue: &Catalogue) -> bool {
    match kind {
        XapiList::Status => catalogue.statuses(path, None).any(|spec| spec.privacy_impact),
        XapiList::Commands => catalogue.commands(path, None).any(|spec| spec.privacy_impact),
        XapiList::Events => false,
    }
}

/// Whether the granted patterns allow a key.
pub(crate) fn allows(patterns: &[Pattern], key: &Key) -> bool {
    patterns.iter().any(|pattern| pattern.encloses(key))
}
