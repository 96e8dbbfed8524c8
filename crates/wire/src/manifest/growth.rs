//! What a new version of a manifest asks for beyond an old one (workspace-integrations 13).

use std::fmt;

use hallway_xapi::Pattern;
use serde::Serialize;

use super::model::{Access, Feature, Manifest, XapiList};

/// One thing that an administrator has not yet agreed to. `Display` says it in a sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum Growth {
    /// A scope that was not asked for before.
    Scope { scope: String, access: Access },
    /// A scope that could be declined and no longer can.
    ScopeRequired { scope: String },
    /// An administrative role that was not asked for before.
    Role {
        role: String,
        scope: String,
        access: Access,
    },
    /// A role that only scopes carried which could be declined, and that now comes with a required one.
    RoleRequired { role: String, scope: String },
    /// An xAPI path that no single old path encloses.
    Path {
        list: XapiList,
        path: Pattern,
        access: Access,
    },
    /// An xAPI path that could be declined and no longer can.
    PathRequired { list: XapiList, path: Pattern },
    /// A feature that was not declared before.
    Feature { feature: Feature },
}

impl fmt::Display for Growth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scope {
                scope,
                access: Access::Required,
            } => write!(f, "It now requires the scope {scope}."),
            Self::Scope {
                scope,
                access: Access::Optional,
            } => write!(f, "It now offers to use the scope {scope}."),
            Self::ScopeRequired { scope } => write!(f, "The scope {scope} was optional and is now required."),
            Self::Role { role, scope, .. } => {
                write!(
                    f,
                    "Its machine account now wants the role {role}, for the scope {scope}."
                )
            }
            Self::RoleRequired { role, scope } => write!(
                f,
                "The role {role} came with optional scopes only and is now required, for the scope {scope}."
            ),
            Self::Path { list, path, access } => {
                let verb = match list {
                    XapiList::Status => "read the status",
                    XapiList::Commands => "run the command",
                    XapiList::Events => "receive the event",
                };
                let tail = if *access == Access::Optional {
                    ", if it is allowed to"
                } else {
                    ""
                };
                write!(f, "It now wants to {verb} {path}{tail}.")
            }
            Self::PathRequired { list, path } => {
                write!(f, "The {} {path} was optional and is now required.", list.noun())
            }
            Self::Feature {
                feature: Feature::DigitalSignage,
            } => f.write_str("It now provides digital signage."),
            Self::Feature {
                feature: Feature::PersistentWebApp,
            } => f.write_str("It now provides a persistent web app."),
        }
    }
}

/// What `new` asks for beyond `old`, in the order of the manifest. Nothing means that the new version
/// needs no approval.
///
/// A path counts as asked for before if one old path encloses it; several old paths that cover it only
/// together do not.
pub fn grew(old: &Manifest, new: &Manifest) -> Vec<Growth> {
    let mut found: Vec<Growth> = Vec::new();
    let mut add = |growth: Growth| {
        if !found.contains(&growth) {
            found.push(growth);
        }
    };
    for feature in &new.features {
        if !old.features.contains(feature) {
            add(Growth::Feature { feature: *feature });
        }
    }
    for entry in &new.api_access {
        let scope = entry.scope.clone();
        match old.scope(&scope).map(|before| before.access) {
            None => add(Growth::Scope {
                scope,
                access: entry.access,
            }),
            Some(before) if before < entry.access => add(Growth::ScopeRequired { scope }),
            Some(_) => {}
        }
    }
    for entry in &new.api_access {
        let Some(role) = entry.role.clone() else { continue };
        let scope = entry.scope.clone();
        let carriers = old
            .api_access
            .iter()
            .filter(|before| before.role.as_ref() == Some(&role));
        match carriers.map(|before| before.access).max() {
            None => add(Growth::Role {
                role,
                scope,
                access: entry.access,
            }),
            Some(before) if before < entry.access => add(Growth::RoleRequired { role, scope }),
            Some(_) => {}
        }
    }
    for list in XapiList::ALL {
        for rule in new.xapi_access.list(list) {
            let path = rule.path.clone();
            let enclosing = old
                .xapi_access
                .list(list)
                .iter()
                .filter(|before| before.path.encloses_pattern(&path));
            match enclosing.map(|before| before.access).max() {
                None => add(Growth::Path {
                    list,
                    path,
                    access: rule.access,
                }),
                Some(before) if before < rule.access => add(Growth::PathRequired { list, path }),
                Some(_) => {}
            }
        }
    }
    found
}
