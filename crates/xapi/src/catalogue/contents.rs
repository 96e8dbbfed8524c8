//! The catalogue as a whole, and what can be asked of it.

use std::sync::{Arc, OnceLock};

use hashbrown::HashSet;
use serde_json::{Map, Value};
use smol_str::SmolStr;

use super::builtin::{self, DataError};
use super::command::CommandSpec;
use super::schema::{self, SchemaError};
use super::spec::{ConfigurationSpec, EventSpec, StatusSpec};
use super::table::{Entry, Table};
use crate::key::{Key, Segment};
use crate::pattern::{ArraySpec, Pattern, Step};

/// Everything that exists on devices.
///
/// A `product` is the code name of a RoomOS product (`octavio`). `None`, and a name that no entry mentions,
/// mean everything that the catalogue has.
#[derive(Clone, Debug)]
pub struct Catalogue {
    statuses: Table<StatusSpec>,
    commands: Table<CommandSpec>,
    events: Table<EventSpec>,
    configurations: Table<ConfigurationSpec>,
    supported_statuses: Vec<Pattern>,
    supported_events: Vec<Pattern>,
    products: Vec<SmolStr>,
}

/// Entries on their way into a catalogue.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    pub(crate) statuses: Vec<StatusSpec>,
    pub(crate) commands: Vec<CommandSpec>,
    pub(crate) events: Vec<EventSpec>,
    pub(crate) configurations: Vec<ConfigurationSpec>,
    pub(crate) supported_statuses: Vec<Pattern>,
    pub(crate) supported_events: Vec<Pattern>,
}

/// Most keys that one ranged configuration expands to.
const MAX_EXPANDED: u32 = 256;
/// Items of a list without a known end that an expansion names.
const OPEN_ITEMS: u32 = 16;

impl Catalogue {
    /// Our own selection. It is read once.
    pub fn builtin() -> Arc<Catalogue> {
        static BUILTIN: OnceLock<Arc<Catalogue>> = OnceLock::new();
        let read = || {
            let parts = builtin::parts().expect("the built-in data is read by every test of this crate");
            Arc::new(Self::from_parts(parts))
        };
        BUILTIN.get_or_init(read).clone()
    }

    /// Lays a published schema file over the built-in selection: what the file has replaces what we have, what
    /// it lacks stays (`MicrosoftTeams.*`, `RoomAnalytics.RoomInUse`, `SystemUnit.State.System`,
    /// `Bookings.Deleted`: xapi 9.8). What exists only on devices that are registered on premises is left out.
    ///
    /// # Errors
    /// The text is no schema file; the message says where.
    pub fn from_schema(text: &str) -> Result<Catalogue, SchemaError> {
        Ok(Self::builtin().overlaid(schema::parts(text)?))
    }

    /// Lays entries in the form of our own data files over this catalogue: for what a schema file lacks.
    ///
    /// # Errors
    /// The first line that cannot be read.
    pub fn extended(&self, text: &str) -> Result<Catalogue, DataError> {
        Ok(self.overlaid(builtin::read(text)?))
    }

    /// The status whose schema key encloses the key.
    pub fn status(&self, key: &Key, product: Option<&str>) -> Option<&StatusSpec> {
        self.statuses.get(key, self.known(product))
    }

    /// The statuses whose schema key overlaps the filter, each schema key once.
    pub fn statuses<'a>(
        &'a self,
        filter: &'a Pattern,
        product: Option<&'a str>,
    ) -> impl Iterator<Item = &'a StatusSpec> {
        self.statuses.matching(filter, self.known(product))
    }

    /// Whether the key is a node with statuses below it: `Audio`, `Call[3]`.
    pub fn is_inner_status(&self, key: &Key) -> bool {
        self.statuses.is_inner(key)
    }

    /// The command with this key.
    pub fn command(&self, key: &Key, product: Option<&str>) -> Option<&CommandSpec> {
        self.commands.get(key, self.known(product))
    }

    /// The commands that the filter encloses.
    pub fn commands<'a>(
        &'a self,
        filter: &'a Pattern,
        product: Option<&'a str>,
    ) -> impl Iterator<Item = &'a CommandSpec> {
        self.commands.matching(filter, self.known(product))
    }

    /// The event with this key. Events are the same on every product.
    pub fn event(&self, key: &Key) -> Option<&EventSpec> {
        self.events.get(key, None)
    }

    /// The event that the key names, or lies in: `UserInterface.Extensions.Panel.Clicked.PanelId` is a member
    /// of the payload of `UserInterface.Extensions.Panel.Clicked` (local-device-xapi 8).
    pub fn event_around(&self, key: &Key) -> Option<&EventSpec> {
        let segments = key.segments();
        let above = (1..=segments.len())
            .rev()
            .map(|length| segments[..length].to_vec());
        above
            .filter_map(Key::from_segments)
            .find_map(|key| self.events.get(&key, None))
    }

    /// The events that the filter encloses.
    pub fn events<'a>(&'a self, filter: &'a Pattern) -> impl Iterator<Item = &'a EventSpec> {
        self.events.matching(filter, None)
    }

    /// Whether the key is a node with events below it: `UserInterface.Extensions`.
    pub fn is_inner_event(&self, key: &Key) -> bool {
        self.events.is_inner(key)
    }

    /// The configuration whose schema key encloses the key.
    pub fn configuration(&self, key: &Key, product: Option<&str>) -> Option<&ConfigurationSpec> {
        self.configurations.get(key, self.known(product))
    }

    /// Every configuration that the filter encloses, under absolute keys: `[1..3]` in the schema becomes three
    /// of them. The number of keys per schema key is bounded.
    pub fn configurations<'a>(
        &'a self,
        filter: &'a Pattern,
        product: Option<&'a str>,
    ) -> impl Iterator<Item = (Key, &'a ConfigurationSpec)> {
        let mut seen: HashSet<Key> = HashSet::new();
        let specs = self.configurations.matching(filter, self.known(product));
        specs
            .flat_map(|spec| expand(&spec.path).into_iter().map(move |key| (key, spec)))
            .filter(move |(key, _)| {
                // Without a product, the ranges of different products overlap.
                filter.encloses(key) && seen.insert(key.clone())
            })
    }

    /// Whether the key is a node with configurations below it.
    pub fn is_inner_configuration(&self, key: &Key) -> bool {
        self.configurations.is_inner(key)
    }

    /// The key of a status, or of a node above statuses, in the spelling of the schema, with its own indexes.
    pub fn canonical_status(&self, key: &Key) -> Option<Key> {
        self.statuses.canonical(key)
    }

    /// As [`Catalogue::canonical_status`], for commands.
    pub fn canonical_command(&self, key: &Key) -> Option<Key> {
        self.commands.canonical(key)
    }

    /// As [`Catalogue::canonical_status`], for events.
    pub fn canonical_event(&self, key: &Key) -> Option<Key> {
        self.events.canonical(key)
    }

    /// As [`Catalogue::canonical_status`], for configurations.
    pub fn canonical_configuration(&self, key: &Key) -> Option<Key> {
        self.configurations.canonical(key)
    }

    /// What a path means that follows the rules of the local API, where a list without an index means all its
    /// items and a node means all that lies below it (local-device-xapi 4): `Call.Status` becomes
    /// `Call[*].Status`, `Audio` becomes `Audio.*`. Several patterns where the path leaves it open; none where
    /// no status can be meant.
    pub fn widen_status(&self, path: &Pattern) -> Vec<Pattern> {
        self.statuses.widen(path)
    }

    /// As [`Catalogue::widen_status`], for events.
    pub fn widen_event(&self, path: &Pattern) -> Vec<Pattern> {
        self.events.widen(path)
    }

    /// As [`Catalogue::widen_status`], for configurations.
    pub fn widen_configuration(&self, path: &Pattern) -> Vec<Pattern> {
        self.configurations.widen(path)
    }

    /// The member `status` of the answer of `/xapi/schema`: schema keys, each with its value space. No filter
    /// means all.
    pub fn status_schema(&self, filters: &[Pattern], product: Option<&str>) -> Map<String, Value> {
        let mut schema = Map::new();
        for filter in or_everything(filters).iter() {
            for spec in self.statuses(filter, product) {
                schema
                    .entry(spec.path.to_string())
                    .or_insert_with(|| spec.json_schema());
            }
        }
        schema
    }

    /// The member `commands` of the answer of `/xapi/schema`. No filter means all.
    pub fn command_schema(&self, filters: &[Pattern], product: Option<&str>) -> Map<String, Value> {
        let mut schema = Map::new();
        for filter in or_everything(filters).iter() {
            for spec in self.commands(filter, product) {
                schema
                    .entry(spec.path.to_string())
                    .or_insert_with(|| spec.json_schema());
            }
        }
        schema
    }

    /// The statuses of which integrations are notified (workspace-integrations 3.4).
    pub fn supported_statuses(&self) -> &[Pattern] {
        &self.supported_statuses
    }

    /// The events of which integrations are notified (workspace-integrations 3.4).
    pub fn supported_events(&self) -> &[Pattern] {
        &self.supported_events
    }

    /// The code names that entries mention, in order. Empty for the built-in selection.
    pub fn products(&self) -> &[SmolStr] {
        &self.products
    }

    fn known<'a>(&self, product: Option<&'a str>) -> Option<&'a str> {
        product.filter(|product| {
            self.products
                .binary_search_by(|p| p.as_str().cmp(product))
                .is_ok()
        })
    }

    fn from_parts(parts: Parts) -> Self {
        let mut products: Vec<SmolStr> = Vec::new();
        products.extend(parts.statuses.iter().flat_map(|s| s.products.iter().cloned()));
        products.extend(parts.commands.iter().flat_map(|s| s.products.iter().cloned()));
        products.extend(parts.events.iter().flat_map(|s| s.products.iter().cloned()));
        products.extend(
            parts
                .configurations
                .iter()
                .flat_map(|s| s.products.iter().cloned()),
        );
        products.sort_unstable();
        products.dedup();
        Self {
            statuses: Table::new(parts.statuses),
            commands: Table::new(parts.commands),
            events: Table::new(parts.events),
            configurations: Table::new(parts.configurations),
            supported_statuses: parts.supported_statuses,
            supported_events: parts.supported_events,
            products,
        }
    }

    fn overlaid(&self, top: Parts) -> Self {
        let lists = |top: Vec<Pattern>, base: &[Pattern]| if top.is_empty() { base.to_vec() } else { top };
        Self::from_parts(Parts {
            statuses: overlay(&self.statuses, top.statuses),
            commands: overlay(&self.commands, top.commands),
            events: overlay(&self.events, top.events),
            configurations: overlay(&self.configurations, top.configurations),
            supported_statuses: lists(top.supported_statuses, &self.supported_statuses),
            supported_events: lists(top.supported_events, &self.supported_events),
        })
    }
}

/// The entries of `top`, and those of `base` that have another name.
fn overlay<T: Entry + Clone>(base: &Table<T>, top: Vec<T>) -> Vec<T> {
    let top = Table::new(top);
    let kept: Vec<T> = base
        .entries()
        .filter(|entry| !top.has_name_of(entry.pattern()))
        .cloned()
        .collect();
    top.into_entries().chain(kept).collect()
}

fn or_everything(filters: &[Pattern]) -> std::borrow::Cow<'_, [Pattern]> {
    if filters.is_empty() {
        vec![Pattern::everything()].into()
    } else {
        filters.into()
    }
}

/// The absolute keys that a schema key stands for.
fn expand(path: &Pattern) -> Vec<Key> {
    let mut keys: Vec<Vec<Segment>> = vec![Vec::with_capacity(path.steps().len())];
    for step in path.steps() {
        let Step::Named { name, array } = step else {
            return Vec::new();
        };
        let indexes = match array {
            None => {
                keys.iter_mut()
                    .for_each(|key| key.push(Segment::plain(name.clone())));
                continue;
            }
            Some(ArraySpec::Index(index)) => *index..=*index,
            Some(ArraySpec::Closed(low, high)) => *low..=(*high).min(low.saturating_add(MAX_EXPANDED - 1)),
            Some(ArraySpec::Open(low)) => *low..=low.saturating_add(OPEN_ITEMS - 1),
            Some(ArraySpec::Any) => 1..=OPEN_ITEMS,
        };
        let mut longer = Vec::new();
        for key in &keys {
            for index in indexes.clone() {
                if longer.len() < MAX_EXPANDED as usize {
                    let mut next: Vec<Segment> = key.clone();
                    next.push(Segment::item(name.clone(), index));
                    longer.push(next);
                }
            }
        }
        keys = longer;
    }
    keys.into_iter().filter_map(Key::from_segments).collect()
}
