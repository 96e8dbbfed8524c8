//! The catalogue as one device sees it: only what its product has, and what users of a role may reach.

use std::sync::Arc;

use hallway_xapi::Catalogue;
use hallway_xapi::catalogue::{CommandSpec, ConfigurationSpec, Role, Roles, StatusSpec};
use hallway_xapi::key::Key;
use hallway_xapi::pattern::Pattern;

use crate::model::ProductModel;
use crate::query::{Document, Query};

#[derive(Clone)]
pub(crate) struct Schema {
    catalogue: Arc<Catalogue>,
    product: Option<&'static str>,
}

/// Most names that a hint lists.
const HINTS: usize = 3;

impl Schema {
    pub(crate) fn new(catalogue: Arc<Catalogue>, product: ProductModel) -> Self {
        Self {
            catalogue,
            product: product.code_name(),
        }
    }

    pub(crate) fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    pub(crate) fn status(&self, key: &Key) -> Option<&StatusSpec> {
        self.catalogue.status(key, self.product)
    }

    pub(crate) fn command(&self, key: &Key) -> Option<&CommandSpec> {
        self.catalogue.command(key, self.product)
    }

    pub(crate) fn configuration(&self, key: &Key) -> Option<&ConfigurationSpec> {
        self.catalogue.configuration(key, self.product)
    }

    /// The configurations that a query means, under absolute keys.
    pub(crate) fn configurations<'a>(
        &'a self,
        everything: &'a Pattern,
        query: &'a Query,
    ) -> impl Iterator<Item = (Key, &'a ConfigurationSpec)> {
        self.catalogue
            .configurations(everything, self.product)
            .filter(|(key, _)| query.matches(key))
    }

    /// Whether a query names something that the schema has, be it there now or not. Both a node above leaves
    /// and, for events, a member of a payload count.
    pub(crate) fn knows(&self, query: &Query) -> bool {
        if let Some(key) = query.as_key() {
            let found = match query.document {
                Document::Status => self.catalogue.canonical_status(&key).is_some(),
                Document::Configuration => self.catalogue.canonical_configuration(&key).is_some(),
                Document::Event => {
                    self.catalogue.canonical_event(&key).is_some()
                        || self.catalogue.event_around(&key).is_some()
                }
                Document::Command => self.catalogue.canonical_command(&key).is_some(),
                Document::Everything => true,
            };
            if found {
                return true;
            }
        }
        let all = Pattern::everything();
        match query.document {
            Document::Status => self
                .catalogue
                .statuses(&all, None)
                .any(|spec| query.means(&spec.path)),
            Document::Configuration => self
                .catalogue
                .configurations(&all, None)
                .any(|(_, spec)| query.means(&spec.path)),
            Document::Event => self
                .catalogue
                .events(&all)
                .any(|spec| query.means(&Pattern::from(spec.path.clone()))),
            Document::Command => self
                .catalogue
                .commands(&all, None)
                .any(|spec| query.means(&Pattern::from(spec.path.clone()))),
            Document::Everything => true,
        }
    }

    /// Whether users with these roles may read a thing. What the schema does not know is for admins.
    pub(crate) fn may_read(&self, document: Document, key: &Key, roles: Roles) -> bool {
        if roles.contains(Role::Admin) {
            return true;
        }
        let readers = match document {
            Document::Status => self.status(key).map(|spec| spec.roles),
            Document::Configuration => self.configuration(key).map(|spec| spec.readers),
            Document::Event => self.catalogue.event_around(key).map(|spec| spec.roles),
            Document::Command | Document::Everything => None,
        };
        readers.is_some_and(|readers| readers.overlaps(roles))
    }

    /// Statuses whose names are close to a key that is none.
    pub(crate) fn near_statuses(&self, key: &Key) -> Vec<String> {
        let all = Pattern::everything();
        let names = self
            .catalogue
            .statuses(&all, self.product)
            .map(|spec| spec.path.to_string());
        nearest(&key.to_string(), names)
    }

    /// Commands whose names are close to one that does not exist.
    pub(crate) fn near_commands(&self, key: &Key) -> Vec<String> {
        let all = Pattern::everything();
        let names = self
            .catalogue
            .commands(&all, self.product)
            .map(|spec| spec.path.to_string());
        nearest(&key.to_string(), names)
    }
}

/// The names with the smallest distance, if it is small enough to be a slip.
fn nearest(wanted: &str, names: impl Iterator<Item = String>) -> Vec<String> {
    let wanted = wanted.to_ascii_lowercase();
    let limit = (wanted.len() / 3).max(2);
    let mut close: Vec<(usize, String)> = names
        .map(|name| (distance(&wanted, &name.to_ascii_lowercase()), name))
        .filter(|(distance, _)| *distance <= limit)
        .collect();
    close.sort();
    close.into_iter().take(HINTS).map(|(_, name)| name).collect()
}

/// How many letters must be put in, taken out or exchanged.
fn distance(a: &str, b: &str) -> usize {
    let b = b.as_bytes();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let exchanged = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = exchanged.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}
