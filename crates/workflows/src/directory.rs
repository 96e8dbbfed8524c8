//! What is known of the organization: read once, shared by many plans, kept right by what they do.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hallway_sdk::resources::{CallingLocation, License, Location, Person, PhoneNumber};
use hallway_sdk::{Client, Error, LicenseId, LocationId, PersonId};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::e164::Number;
use crate::problem::{Problem, Result};
use crate::who::Who;

/// Most people, and most numbers, on a page of what is read ahead.
const PEOPLE_PAGE: u32 = 100;
const NUMBER_PAGE: u32 = 2000;

/// What is known of an organization, shared by all plans that are made on it.
///
/// Licenses and locations are read once. People and numbers are asked for one by one, unless they were
/// [read ahead](Self::read_ahead): then a plan for one of ten thousand people costs no reads at all. What plans
/// do is taken over, so that the next plan sees it; what was undone is asked for again. What *others* do meanwhile
/// is not seen: the service has the last word, and [`forget`](Self::forget) lets everything be read anew.
#[derive(Debug)]
pub struct Directory {
    client: Client,
    licenses: Shelf<Vec<License>>,
    locations: Shelf<Vec<Location>>,
    calling: Shelf<Vec<CallingLocation>>,
    known: Mutex<Known>,
}

/// What is worth reading ahead, before many plans are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadAhead {
    /// All people of the organization: a call for each hundred of them.
    pub people: bool,
    /// All numbers and extensions of the organization: a call for each two thousand of them.
    pub numbers: bool,
}

/// A number, or an extension without one, as the organization has it. As JSON it has the members of the service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct KnownNumber {
    /// `+14085550101`; none: only an extension.
    #[serde(rename = "phoneNumber", skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Without the routing prefix of the location.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extension: Option<String>,
    /// Routing prefix and extension.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub esn: Option<String>,
    /// `ACTIVE` or `INACTIVE`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Whether it is the main number of its location.
    #[serde(rename = "mainNumber")]
    pub main: bool,
    /// Whether calling it is free.
    #[serde(rename = "tollFreeNumber")]
    pub toll_free: bool,
    /// `PRIMARY` or `ALTERNATE`, of a number that somebody has.
    #[serde(rename = "phoneNumberType", skip_serializing_if = "Option::is_none")]
    pub line: Option<String>,
    /// Where it belongs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Place>,
    /// Whose it is; none: it is free.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<Owner>,
}

/// Where a number belongs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The location.
    pub id: LocationId,
    /// What it is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Whose a number is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Owner {
    /// The id of a person, a workspace or something else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// `PEOPLE`, `PLACE`, `HUNT_GROUP` and others.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The first name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// The last name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
}

/// What a step changes of what is known.
#[derive(Clone, Debug)]
pub(crate) enum Note {
    /// The answer is the person of this address.
    Person(String),
    /// The person of this address is different now.
    PersonChanged(String),
    /// Nobody has this address any more.
    PersonGone(String),
    /// So many units of a license are taken, or free again.
    Units(LicenseId, i64),
    /// A number has this owner now, or none.
    Owned(Number, Option<Owner>),
    /// An extension of a location has this owner now, or none.
    Extension(LocationId, String, Option<Owner>),
    /// These numbers are in a location now.
    Added(LocationId, Option<String>, Vec<Number>),
}

/// Something that may have to be asked for again.
#[derive(Clone, Debug)]
enum Known1<T> {
    As(T),
    Stale,
}

#[derive(Debug, Default)]
struct Known {
    /// By address, in lower case.
    people: HashMap<String, Known1<Arc<Person>>>,
    /// Whether who is not in there does not exist.
    all_people: bool,
    numbers: HashMap<String, Known1<KnownNumber>>,
    extensions: HashMap<(LocationId, String), Known1<Option<Owner>>>,
    all_numbers: bool,
    /// Units that plans took since the licenses were read.
    taken: HashMap<LicenseId, i64>,
}

/// A value that is read when it is first needed, by one of those who need it.
#[derive(Debug)]
struct Shelf<T>(Mutex<Arc<OnceCell<Arc<T>>>>);

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self(Mutex::new(Arc::new(OnceCell::new())))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T> Shelf<T> {
    async fn get(&self, read: impl Future<Output = hallway_sdk::Result<T>>) -> Result<Arc<T>> {
        let cell = Arc::clone(&lock(&self.0));
        let value = cell
            .get_or_try_init(|| async { read.await.map(Arc::new) })
            .await?;
        Ok(Arc::clone(value))
    }

    fn forget(&self) {
        *lock(&self.0) = Arc::default();
    }
}

fn key(email: &str) -> String {
    email.trim().to_lowercase()
}

impl From<&PhoneNumber> for KnownNumber {
    fn from(number: &PhoneNumber) -> Self {
        let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        Self {
            number: text(&number.phone_number),
            extension: text(&number.extension),
            state: number.state.as_ref().map(ToString::to_string),
            esn: text(&number.esn),
            main: number.main_number,
            toll_free: number.toll_free_number,
            line: text(&number.phone_number_type).filter(|_| number.owner.is_some()),
            location: number.location.as_ref().map(|location| Place {
                id: location.id.clone(),
                name: location.name.clone(),
            }),
            owner: number.owner.as_ref().map(|owner| Owner {
                id: owner.id.clone(),
                kind: owner.kind.clone(),
                first_name: text(&owner.first_name),
                last_name: text(&owner.last_name),
            }),
        }
    }
}

impl KnownNumber {
    /// What its location is called, as far as that is known.
    pub(crate) fn place(&self) -> &str {
        let name = self.location.as_ref().and_then(|place| place.name.as_deref());
        name.unwrap_or("another location")
    }

    /// Whether it belongs to this location.
    pub(crate) fn is_in(&self, location: &LocationId) -> bool {
        let place = self.location.as_ref();
        place.is_none_or(|place| place.id.names_same(location))
    }
}

impl Owner {
    pub(crate) fn person(person: &Person) -> Self {
        let first = person.first_name.clone().or_else(|| person.display_name.clone());
        Self {
            id: Some(person.id.as_str().to_owned()),
            kind: Some("PEOPLE".to_owned()),
            first_name: first,
            last_name: person.last_name.clone(),
        }
    }

    /// Somebody who is not there yet.
    pub(crate) fn planned(name: &str) -> Self {
        Self {
            kind: Some("PEOPLE".to_owned()),
            first_name: Some(name.to_owned()),
            ..Self::default()
        }
    }

    /// The whole name.
    pub fn name(&self) -> String {
        let names = [&self.first_name, &self.last_name];
        let names: Vec<&str> = names.into_iter().flatten().map(String::as_str).collect();
        names.join(" ")
    }

    /// Whether it is this person.
    pub(crate) fn is(&self, person: &PersonId) -> bool {
        self.id
            .as_deref()
            .is_some_and(|id| PersonId::from(id).names_same(person))
    }
}

impl Directory {
    /// Knows nothing yet.
    pub fn new(client: Client) -> Arc<Self> {
        Arc::new(Self {
            client,
            licenses: Shelf::default(),
            locations: Shelf::default(),
            calling: Shelf::default(),
            known: Mutex::default(),
        })
    }

    /// Whom it asks.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Reads what many plans will need, page by page.
    ///
    /// # Errors
    /// The service refused, or could not be asked.
    pub async fn read_ahead(&self, what: ReadAhead) -> Result<()> {
        if what.people {
            let people = self.client.people().list().calling_data(true);
            let people = people.page_size(PEOPLE_PAGE).all().await?;
            let mut known = lock(&self.known);
            known.people.clear();
            for person in people {
                let person = Arc::new(person);
                for email in &person.emails {
                    known.people.insert(key(email), Known1::As(Arc::clone(&person)));
                }
            }
            known.all_people = true;
        }
        if what.numbers {
            self.read_numbers().await?;
        }
        Ok(())
    }

    /// Forgets everything that was read.
    pub fn forget(&self) {
        self.licenses.forget();
        self.locations.forget();
        self.calling.forget();
        *lock(&self.known) = Known::default();
    }

    /// The licenses of the organization, as they were read.
    ///
    /// # Errors
    /// The service refused, or could not be asked.
    pub async fn licenses(&self) -> Result<Arc<Vec<License>>> {
        self.licenses.get(self.client.licenses().list().all()).await
    }

    /// How many units of a license are free, counting those that plans took.
    pub fn free_units(&self, license: &License) -> i64 {
        let taken = lock(&self.known).taken.get(&license.id).copied().unwrap_or(0);
        license.free() - taken
    }

    /// The license of this id or name. Of several with the name the one with the most free units is taken.
    ///
    /// # Errors
    /// There is none. The service refused, or could not be asked.
    pub async fn license(&self, wanted: &str) -> Result<License> {
        let all = self.licenses().await?;
        let wanted = wanted.trim();
        let named = all
            .iter()
            .filter(|license| {
                license.id.as_str() == wanted || license.name.trim().eq_ignore_ascii_case(wanted)
            })
            .max_by_key(|license| self.free_units(license));
        named.cloned().ok_or_else(|| {
            let names: Vec<&str> = all.iter().map(|license| license.name.as_str()).collect();
            Problem::not_found(format!("no license is called `{wanted}`"))
                .next(format!("take one of: {}", names.join(", ")))
        })
    }

    /// The same, where a unit must be free. Before it is refused the licenses are read again.
    ///
    /// # Errors
    /// There is none, or no unit is free. The service refused, or could not be asked.
    pub async fn free_license(&self, wanted: &str) -> Result<License> {
        let license = self.license(wanted).await?;
        if self.free_units(&license) > 0 {
            return Ok(license);
        }
        self.forget_licenses();
        let license = self.license(wanted).await?;
        if self.free_units(&license) > 0 {
            return Ok(license);
        }
        Err(Problem::state(format!(
            "all {} units of `{}` are taken",
            license.total_units, license.name
        ))
        .next("take the license from somebody who does not need it, or buy more units"))
    }

    fn forget_licenses(&self) {
        self.licenses.forget();
        lock(&self.known).taken.clear();
    }

    /// The locations of the organization. Whoever may not read them, but may read those with Webex Calling, gets
    /// these, without their addresses.
    ///
    /// # Errors
    /// The service refused, or could not be asked.
    pub async fn locations(&self) -> Result<Arc<Vec<Location>>> {
        let read = async {
            match self.client.locations().list().all().await {
                Err(error @ Error::Permission { .. }) => self.calling_only().await.ok_or(error),
                read => read,
            }
        };
        self.locations.get(read).await
    }

    async fn calling_only(&self) -> Option<Vec<Location>> {
        let all = self.calling_locations().await.ok()?;
        let place = |one: &CallingLocation| json!({ "id": one.id, "name": one.name });
        let read = |one| serde_json::from_value(place(one)).ok();
        all.iter().map(read).collect()
    }

    async fn calling_locations(&self) -> Result<Arc<Vec<CallingLocation>>> {
        self.calling.get(self.client.calling().locations().all()).await
    }

    /// The location of this id or name.
    ///
    /// # Errors
    /// There is none, or there are several. The service refused, or could not be asked.
    pub async fn location(&self, wanted: &str) -> Result<Location> {
        let all = self.locations().await?;
        let wanted = wanted.trim();
        let id = LocationId::from(wanted);
        if let Some(one) = all.iter().find(|place| place.id.names_same(&id)) {
            return Ok(one.clone());
        }
        // A bare UUID names a location too.
        if let Ok(uuid) = wanted.parse()
            && let Some(one) = all.iter().find(|place| place.id.uuid() == Some(uuid))
        {
            return Ok(one.clone());
        }
        let named: Vec<&Location> = all
            .iter()
            .filter(|place| place.name.trim().eq_ignore_ascii_case(wanted))
            .collect();
        match named.as_slice() {
            [one] => Ok((*one).clone()),
            [] => {
                let names: Vec<&str> = all.iter().take(20).map(|place| place.name.as_str()).collect();
                Err(Problem::not_found(format!("no location is called `{wanted}`"))
                    .next(format!("take one of: {}", names.join(", "))))
            }
            several => {
                let ids: Vec<&str> = several.iter().map(|place| place.id.as_str()).collect();
                Err(
                    Problem::state(format!("{} locations are called `{wanted}`", several.len()))
                        .next(format!("take an id: {}", ids.join(", "))),
                )
            }
        }
    }

    /// The location with this id as Webex Calling has it; `None`: it cannot call.
    ///
    /// # Errors
    /// The service refused, or could not be asked.
    pub async fn calling_location(&self, id: &LocationId) -> Result<Option<CallingLocation>> {
        let all = self.calling_locations().await?;
        Ok(all.iter().find(|place| place.id.names_same(id)).cloned())
    }

    /// The same, where it must be able to call.
    ///
    /// # Errors
    /// It cannot. The service refused, or could not be asked.
    pub async fn demand_calling(&self, location: &Location) -> Result<CallingLocation> {
        let found = self.calling_location(&location.id).await?;
        found.ok_or_else(|| {
            let name = &location.name;
            Problem::state(format!("{name} does not have Webex Calling")).next(format!(
                "turn it on there first: hallway calling enable \"{name}\""
            ))
        })
    }

    /// Somebody of the organization; `None`: there is nobody of this address or id.
    ///
    /// # Errors
    /// A name that nobody or several have. The service refused, or could not be asked.
    pub async fn person(&self, who: &Who) -> Result<Option<Arc<Person>>> {
        if let Some(found) = self.remembered(who) {
            return Ok(found);
        }
        let found = self.ask_for(who).await?;
        let found = found.map(Arc::new);
        if let Some(person) = &found {
            self.remember(person);
        }
        Ok(found)
    }

    /// The same, where somebody must be there.
    ///
    /// # Errors
    /// Nobody is. The service refused, or could not be asked.
    pub async fn demand_person(&self, who: &Who) -> Result<Arc<Person>> {
        self.person(who).await?.ok_or_else(|| nobody(who))
    }

    fn remembered(&self, who: &Who) -> Option<Option<Arc<Person>>> {
        let known = lock(&self.known);
        match who {
            Who::Email(email) => match known.people.get(&key(email)) {
                Some(Known1::As(person)) => Some(Some(Arc::clone(person))),
                Some(Known1::Stale) => None,
                None => known.all_people.then_some(None),
            },
            Who::Id(id) => {
                let mut people = known.people.values();
                people.find_map(|person| match person {
                    Known1::As(person) if person.id.names_same(id) => Some(Some(Arc::clone(person))),
                    _ => None,
                })
            }
            Who::Name(_) => None,
        }
    }

    async fn ask_for(&self, who: &Who) -> Result<Option<Person>> {
        let people = self.client.people();
        match who {
            Who::Email(email) => Ok(people.by_email(email).await?),
            Who::Id(id) => match people.get(id).await {
                Ok(person) => Ok(Some(person)),
                Err(Error::NotFound(_)) => Ok(None),
                Err(error) => Err(error.into()),
            },
            Who::Name(name) => {
                let found = people.list().display_name(name).calling_data(true).all().await?;
                let mut same = found.into_iter().filter(|person| {
                    let shown = person.display_name.as_deref().unwrap_or_default();
                    shown.trim().eq_ignore_ascii_case(name.trim())
                });
                match (same.next(), same.count()) {
                    (found, 0) => Ok(found),
                    (_, more) => Err(Problem::state(format!("{} people are called `{name}`", more + 1))
                        .next("take the e-mail address of the one that you mean")),
                }
            }
        }
    }

    fn remember(&self, person: &Arc<Person>) {
        let mut known = lock(&self.known);
        for email in &person.emails {
            known.people.insert(key(email), Known1::As(Arc::clone(person)));
        }
    }

    /// A number of the organization; `None`: it has no such number.
    ///
    /// # Errors
    /// The service refused, or could not be asked.
    pub async fn number(&self, number: &Number) -> Result<Option<KnownNumber>> {
        {
            let known = lock(&self.known);
            match known.numbers.get(number.as_str()) {
                Some(Known1::As(found)) => return Ok(Some(found.clone())),
                None if known.all_numbers => return Ok(None),
                Some(Known1::Stale) | None => {}
            }
        }
        let found = self
            .client
            .calling()
            .numbers()
            .number(number.as_str())
            .all()
            .await?;
        let found = found
            .iter()
            .map(KnownNumber::from)
            .find(|found| found.number.as_deref() == Some(number.as_str()));
        if let Some(found) = &found {
            let mut known = lock(&self.known);
            known
                .numbers
                .insert(number.as_str().to_owned(), Known1::As(found.clone()));
        }
        Ok(found)
    }

    /// Who has an extension in a location; `None`: it is free.
    ///
    /// # Errors
    /// The service refused, or could not be asked.
    pub async fn extension(&self, location: &LocationId, extension: &str) -> Result<Option<Owner>> {
        let at = (location.clone(), extension.to_owned());
        {
            let known = lock(&self.known);
            match known.extensions.get(&at) {
                Some(Known1::As(owner)) => return Ok(owner.clone()),
                None if known.all_numbers => return Ok(None),
                Some(Known1::Stale) | None => {}
            }
        }
        let numbers = self.client.calling().numbers();
        let found = numbers.location(location).extension(extension).all().await?;
        let mut found = found.iter().map(KnownNumber::from);
        let owner = found
            .find(|found| found.extension.as_deref() == Some(extension))
            .map(|found| found.owner.unwrap_or_default());
        Ok(owner)
    }

    /// The numbers of the organization that are among these, where all others are known not to be there.
    pub(crate) async fn numbers_among(&self, wanted: &[Number]) -> Result<HashMap<Number, KnownNumber>> {
        // A few are asked for one by one; of many it is cheaper to read all that there are.
        const FEW: usize = 8;
        let complete = lock(&self.known).all_numbers;
        if !complete && wanted.len() > FEW {
            self.read_numbers().await?;
        }
        let mut found = HashMap::new();
        for number in wanted {
            if let Some(known) = self.number(number).await? {
                found.insert(number.clone(), known);
            }
        }
        Ok(found)
    }

    async fn read_numbers(&self) -> Result<()> {
        let numbers = self
            .client
            .calling()
            .numbers()
            .page_size(NUMBER_PAGE)
            .all()
            .await?;
        let mut known = lock(&self.known);
        known.numbers.clear();
        known.extensions.clear();
        for number in numbers.iter().map(KnownNumber::from) {
            if let (Some(extension), Some(location)) = (&number.extension, &number.location) {
                let at = (location.id.clone(), extension.clone());
                known.extensions.insert(
                    at,
                    Known1::As(number.owner.clone().or_else(|| Some(Owner::default()))),
                );
            }
            if let Some(text) = number.number.clone() {
                known.numbers.insert(text, Known1::As(number));
            }
        }
        known.all_numbers = true;
        Ok(())
    }

    /// Takes over what a step did.
    pub(crate) fn learn(&self, notes: &[Note], answer: &Value) {
        let mut known = lock(&self.known);
        for note in notes {
            match note {
                Note::Person(email) => {
                    let entry = match serde_json::from_value::<Person>(answer.clone()) {
                        Ok(person) => Known1::As(Arc::new(person)),
                        Err(_) => Known1::Stale,
                    };
                    known.people.insert(key(email), entry);
                }
                Note::PersonChanged(email) => {
                    known.people.insert(key(email), Known1::Stale);
                }
                Note::PersonGone(email) => {
                    known.people.remove(&key(email));
                    if !known.all_people {
                        known.people.insert(key(email), Known1::Stale);
                    }
                }
                Note::Units(license, delta) => *known.taken.entry(license.clone()).or_default() += delta,
                Note::Owned(number, owner) => {
                    if let Slot::Occupied(mut slot) = known.numbers.entry(number.as_str().to_owned()) {
                        match slot.get_mut() {
                            Known1::As(there) => there.owner.clone_from(owner),
                            Known1::Stale => {}
                        }
                    }
                }
                Note::Extension(location, extension, owner) => {
                    let at = (location.clone(), extension.clone());
                    known.extensions.insert(at, Known1::As(owner.clone()));
                }
                Note::Added(location, name, numbers) => {
                    for number in numbers {
                        let place = Place {
                            id: location.clone(),
                            name: name.clone(),
                        };
                        let there = KnownNumber {
                            number: Some(number.as_str().to_owned()),
                            location: Some(place),
                            ..KnownNumber::default()
                        };
                        known
                            .numbers
                            .insert(number.as_str().to_owned(), Known1::As(there));
                    }
                }
            }
        }
    }

    /// What a step did is undone, or was not done: it is asked for again.
    pub(crate) fn revert(&self, notes: &[Note]) {
        let mut licenses = false;
        let mut known = lock(&self.known);
        for note in notes {
            match note {
                Note::Person(email) | Note::PersonChanged(email) | Note::PersonGone(email) => {
                    known.people.insert(key(email), Known1::Stale);
                }
                Note::Units(..) => licenses = true,
                Note::Owned(number, _) => {
                    known.numbers.insert(number.as_str().to_owned(), Known1::Stale);
                }
                Note::Extension(location, extension, _) => {
                    let at = (location.clone(), extension.clone());
                    known.extensions.insert(at, Known1::Stale);
                }
                Note::Added(_, _, numbers) => {
                    for number in numbers {
                        known.numbers.insert(number.as_str().to_owned(), Known1::Stale);
                    }
                }
            }
        }
        drop(known);
        if licenses {
            self.forget_licenses();
        }
    }
}

pub(crate) fn nobody(who: &Who) -> Problem {
    let next = match who {
        Who::Email(email) => format!("create the user first: hallway people create {email}"),
        Who::Id(_) => "look the id up by e-mail address: hallway people get EMAIL".to_owned(),
        Who::Name(_) => "take the e-mail address".to_owned(),
    };
    Problem::not_found(format!("there is no user {who}")).next(next)
}
