//! Numbers: of a user, of a location, of the organization.

use hallway_sdk::PersonId;
use hallway_sdk::resources::{AddNumbers, NumberChange, NumberState, PersonNumber, PhoneNumber};
use http::Method;
use serde::Serialize;
use serde_json::{Value, json};

use crate::calling::{Has, line_of};
use crate::desk::Desk;
use crate::directory::{KnownNumber, Note, Owner, nobody};
use crate::e164::{self, Number, parse_all};
use crate::plan::{Effect, Plan, Probe, Step, Undo};
use crate::problem::{Problem, Result};
use crate::request::Request;
use crate::users::{body_of, shown};
use crate::who::Who;

/// Most numbers in one call that adds; the next ones go into the next call.
pub const BATCH: usize = 100;
/// Most numbers in one call that removes.
const REMOVED_AT_ONCE: usize = 5;

/// A number that a user is to have.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Assignment {
    /// The number.
    pub number: String,
    /// The extension that goes with it.
    pub extension: Option<String>,
    /// How it rings: `NORMAL`, `LONG_LONG`, `SHORT_SHORT_LONG`, `SHORT_LONG_SHORT`. Alternates only.
    pub ring_pattern: Option<String>,
    /// As the primary number, in place of the one that is there.
    pub primary: bool,
}

impl Assignment {
    /// This number, as an alternate one.
    pub fn new(number: impl Into<String>) -> Self {
        Self {
            number: number.into(),
            ..Self::default()
        }
    }

    /// With this extension.
    #[must_use]
    pub fn extension(mut self, extension: impl Into<String>) -> Self {
        self.extension = Some(extension.into());
        self
    }

    /// Ringing so.
    #[must_use]
    pub fn ring_pattern(mut self, pattern: impl Into<String>) -> Self {
        self.ring_pattern = Some(pattern.into());
        self
    }

    /// As the primary number.
    #[must_use]
    pub fn primary(mut self) -> Self {
        self.primary = true;
        self
    }
}

/// Numbers that a location is to have.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct NewNumbers {
    /// The location, by id or name.
    pub location: String,
    /// The numbers, in E.164; in a location of the North American plan national ones too.
    pub numbers: Vec<String>,
    /// Calls do not reach them yet.
    pub inactive: bool,
}

impl NewNumbers {
    /// These numbers, for this location.
    pub fn new<N: Into<String>>(location: impl Into<String>, numbers: impl IntoIterator<Item = N>) -> Self {
        Self {
            location: location.into(),
            numbers: numbers.into_iter().map(Into::into).collect(),
            inactive: false,
        }
    }

    /// Calls do not reach them yet.
    #[must_use]
    pub fn inactive(mut self) -> Self {
        self.inactive = true;
        self
    }
}

/// Which numbers are listed: every condition that is said must hold.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct NumberFilter {
    /// Of this location, by id or name.
    pub location: Option<String>,
    /// Free ones, or those that are not.
    pub available: Option<bool>,
    /// Of this user.
    pub owner: Option<Who>,
    /// Of owners whose name contains this.
    pub owner_name: Option<String>,
    /// This number, or part of it.
    pub number: Option<String>,
    /// With this extension.
    pub extension: Option<String>,
    /// Those that calls reach, or those that calls do not reach.
    pub active: Option<bool>,
}

/// A number of a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct UserNumber {
    /// Whether it is the primary line.
    pub primary: bool,
    /// `+14085550101`
    #[serde(rename = "directNumber", skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Without the routing prefix of the location.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extension: Option<String>,
    /// Routing prefix and extension.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub esn: Option<String>,
    /// How it rings; alternates only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ring_pattern: Option<String>,
}

/// The numbers of a user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct UserNumbers {
    /// Whether the user calls at all.
    pub calling: bool,
    /// Whether each rings in its own way.
    pub distinctive_ring_enabled: bool,
    /// The primary one first.
    #[serde(rename = "phoneNumbers")]
    pub numbers: Vec<UserNumber>,
}

impl From<&PersonNumber> for UserNumber {
    fn from(number: &PersonNumber) -> Self {
        let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        Self {
            primary: number.primary,
            number: text(&number.direct_number),
            extension: text(&number.extension),
            esn: text(&number.esn),
            ring_pattern: text(&number.ring_pattern),
        }
    }
}

/// Who has something, in a sentence.
pub(crate) fn owned_by(owner: &Owner) -> String {
    let name = owner.name();
    let name = if name.trim().is_empty() {
        "somebody"
    } else {
        name.trim()
    };
    match owner.kind.as_deref() {
        None | Some("PEOPLE") => name.to_owned(),
        Some(kind) => format!("{name} ({})", kind.to_lowercase().replace('_', " ")),
    }
}

/// The change that gives an alternate number back as it was.
pub(crate) fn given_back(number: &PersonNumber) -> Option<NumberChange> {
    let mut change = NumberChange::add(number.direct_number.clone()?);
    if let Some(extension) = &number.extension {
        change = change.extension(extension);
    }
    if let Some(pattern) = &number.ring_pattern {
        change = change.ring_pattern(pattern);
    }
    Some(change)
}

pub(crate) fn change_numbers(person: &PersonId, changes: &[NumberChange]) -> Result<Request> {
    let body = json!({ "phoneNumbers": body_of(&changes)? });
    let segments = ["telephony", "config", "people", person.as_str(), "numbers"];
    // Adding twice is refused the second time: what came of a lost answer is read.
    Ok(Request::new(Method::PUT, segments).json(body).repeatable(false))
}

/// Whether the answer of `GET /people/{id}/features/numbers` has a number.
fn holds(number: &Number) -> impl Fn(&Value) -> bool + Send + Sync + 'static {
    let number = number.as_str().to_owned();
    move |answer| {
        let numbers = answer["phoneNumbers"].as_array();
        numbers.is_some_and(|numbers| numbers.iter().any(|one| one["directNumber"] == number.as_str()))
    }
}

fn features(person: &PersonId) -> Request {
    Request::new(Method::GET, ["people", person.as_str(), "features", "numbers"])
}

fn no_caller(name: &str) -> Problem {
    Problem::state(format!("{name} does not call")).next(format!(
        "enable calling first: hallway calling enable {name} --location LOCATION --number NUMBER"
    ))
}

impl Desk {
    /// The numbers of a user, the primary one first. Who does not call has none.
    ///
    /// # Errors
    /// There is no such user. The service refused, or could not be asked.
    pub async fn numbers_of(&self, who: &Who) -> Result<UserNumbers> {
        match who {
            Who::Id(id) => match self.numbers_of_person(id).await {
                Err(problem) if problem.kind() == crate::Kind::NotFound => Err(nobody(who)),
                done => done,
            },
            who => {
                let person = self.directory().demand_person(who).await?;
                self.numbers_of_person(&person.id).await
            }
        }
    }

    pub(crate) async fn numbers_of_person(&self, id: &PersonId) -> Result<UserNumbers> {
        let numbers = self.client().calling().numbers_of(id).await?;
        Ok(UserNumbers {
            calling: !numbers.phone_numbers.is_empty(),
            distinctive_ring_enabled: numbers.distinctive_ring_enabled,
            numbers: numbers.phone_numbers.iter().map(UserNumber::from).collect(),
        })
    }

    /// The numbers and extensions of the organization that match, all pages of them.
    ///
    /// # Errors
    /// An unknown location or user. The service refused, or could not be asked.
    pub async fn list_numbers(&self, filter: &NumberFilter) -> Result<Vec<KnownNumber>> {
        let mut query = self.client().calling().numbers();
        if let Some(location) = &filter.location {
            let location = self.directory().location(location).await?;
            query = query.location(&location.id);
        }
        if let Some(available) = filter.available {
            query = query.available(available);
        }
        if let Some(who) = &filter.owner {
            let person = self.directory().demand_person(who).await?;
            query = query.owner(person.id.as_str());
        }
        if let Some(name) = &filter.owner_name {
            query = query.owner_name(name);
        }
        if let Some(number) = &filter.number {
            query = query.number(number);
        }
        if let Some(extension) = &filter.extension {
            query = query.extension(extension);
        }
        if let Some(active) = filter.active {
            query = query.state(if active {
                NumberState::Active
            } else {
                NumberState::Inactive
            });
        }
        let found: Vec<PhoneNumber> = query.all().await?;
        Ok(found.iter().map(KnownNumber::from).collect())
    }

    /// Gives a user who calls a number of the user's location: as an alternate one, or as the primary one in place
    /// of what is there. A number that the user has already stays as it is.
    ///
    /// **Undo**: the alternate number is taken again, or the primary line put back.
    ///
    /// # Errors
    /// There is no such user, or it does not call; the number is none, unknown, elsewhere, somebody else's or a main
    /// number; the extension is somebody else's. The service refused to be read.
    pub async fn assign_number(&self, who: &Who, assignment: &Assignment) -> Result<Plan> {
        let person = self.directory().demand_person(who).await?;
        let name = shown(&person);
        let Some(line) = line_of(&person) else {
            Number::parse_in(&assignment.number, Some("US"))?;
            return Err(no_caller(&name));
        };
        let location = self.directory().location(line.location.as_str()).await?;
        let number = Number::parse_in(&assignment.number, location.address.country.as_deref())?;
        let extension = assignment.extension.as_deref().map(e164::extension).transpose()?;
        let plan = Plan::new(format!("assign {number} to {name}"));
        let title = format!("assign {number} to {name}");
        let has = self.client().calling().numbers_of(&person.id).await?;
        let mut numbers = has.phone_numbers.iter();
        if let Some(there) = numbers.find(|it| it.direct_number.as_deref() == Some(number.as_str())) {
            let differs = extension.is_some() && extension != there.extension;
            if differs || (assignment.primary && !there.primary) {
                let how = if there.primary { "primary" } else { "alternate" };
                let with = there.extension.as_deref().unwrap_or("none");
                return Err(Problem::state(format!(
                    "{name} has {number} already, as {how} number with the extension {with}"
                ))
                .next(format!(
                    "take it away first: hallway number unassign {name} {number}"
                )));
            }
            return Ok(plan.step(Step::already(title, "the user has it already")));
        }
        self.check_number(&number, &location, |owner| owner.is(&person.id))
            .await?;
        if let Some(extension) = &extension {
            let owner = self.directory().extension(&location.id, extension).await?;
            if let Some(owner) = owner.filter(|owner| !owner.is(&person.id)) {
                return Err(Problem::state(format!(
                    "the extension {extension} of {} belongs to {}",
                    location.name,
                    owned_by(&owner)
                ))
                .next("take another extension"));
            }
        }
        if assignment.primary {
            let new = Has {
                location: line.location.clone(),
                number: Some(number.as_str().to_owned()),
                extension: extension.or_else(|| line.extension.clone()),
            };
            return Ok(plan.step(self.replacing(&person, &line, &new).await?));
        }
        let mut change = NumberChange::add(number.as_str());
        if let Some(extension) = &extension {
            change = change.extension(extension);
        }
        if let Some(pattern) = &assignment.ring_pattern {
            change = change.ring_pattern(pattern.to_uppercase());
        }
        let call = change_numbers(&person.id, &[change])?;
        let undo = Undo::Calls(vec![change_numbers(
            &person.id,
            &[NumberChange::remove(number.as_str())],
        )?]);
        let owner = Owner::person(&person);
        let mut step = Step::new(title, Effect::Change, call, undo)
            .probe(Probe::new(features(&person.id), holds(&number)))
            .note(Note::Owned(number, Some(owner.clone())));
        if let Some(extension) = extension {
            step = step.note(Note::Extension(line.location, extension, Some(owner)));
        }
        Ok(plan.step(step))
    }

    /// Takes an alternate number from a user: it goes back to its location as a free one.
    ///
    /// **Undo**: the number is added again, with its extension and ring pattern.
    ///
    /// # Errors
    /// There is no such user; the number is none, or the user's primary one. The service refused to be read.
    pub async fn unassign_number(&self, who: &Who, number: &str) -> Result<Plan> {
        let person = self.directory().demand_person(who).await?;
        let name = shown(&person);
        let country = match &person.location_id {
            Some(id) => self.directory().location(id.as_str()).await?.address.country,
            None => None,
        };
        let number = Number::parse_in(number, country.as_deref())?;
        let title = format!("take {number} from {name}");
        let plan = Plan::new(title.clone());
        let has = self.client().calling().numbers_of(&person.id).await?;
        let mut numbers = has.phone_numbers.iter();
        let Some(there) = numbers.find(|it| it.direct_number.as_deref() == Some(number.as_str())) else {
            return Ok(plan.step(Step::already(title, "the user does not have it")));
        };
        if there.primary {
            return Err(Problem::state(format!("{number} is the primary number of {name}")).next(format!(
                "give another one in its place: hallway number assign {name} NUMBER --primary; or take calling away: \
                 hallway calling disable {name}"
            )));
        }
        let call = change_numbers(&person.id, &[NumberChange::remove(number.as_str())])?;
        let back: Vec<NumberChange> = given_back(there).into_iter().collect();
        let undo = Undo::Calls(vec![change_numbers(&person.id, &back)?]);
        let gone = {
            let holds = holds(&number);
            move |answer: &Value| !holds(answer)
        };
        let mut step = Step::new(title, Effect::Change, call, undo)
            .probe(Probe::new(features(&person.id), gone))
            .note(Note::Owned(number, None));
        if let (Some(extension), Some(location)) = (&there.extension, &person.location_id) {
            step = step.note(Note::Extension(location.clone(), extension.clone(), None));
        }
        Ok(plan.step(step))
    }

    /// Adds numbers to a location, [`BATCH`] in a call. Those that are there already stay as they are.
    ///
    /// **Undo**: those that were added are removed, by fives.
    ///
    /// # Errors
    /// Some are no numbers (all of them are named, and nothing is sent); some belong to another location; the
    /// location is unknown or has no Webex Calling. The service refused to be read.
    pub async fn add_numbers(&self, new: &NewNumbers) -> Result<Plan> {
        if new.numbers.is_empty() {
            return Err(Problem::input("no number was given").next("write one or more, like +14085550101"));
        }
        let directory = self.directory();
        let location = directory.location(&new.location).await?;
        let numbers = parse_all(&new.numbers, location.address.country.as_deref())?;
        directory.demand_calling(&location).await?;
        let there = directory.numbers_among(&numbers).await?;
        let mut elsewhere = Vec::new();
        for (number, known) in &there {
            if !known.is_in(&location.id) {
                let place = known.place();
                elsewhere.push(format!("{number} belongs to {place}"));
            }
        }
        if !elsewhere.is_empty() {
            elsewhere.sort();
            return Err(Problem::state(elsewhere.join("; ")).next(format!(
                "leave them out, or remove them there first: hallway number remove LOCATION NUMBER; nothing was \
                 added to {}",
                location.name
            )));
        }
        let name = &location.name;
        let mut plan = Plan::new(format!("add {} to {name}", counted(numbers.len())));
        let (known, missing): (Vec<Number>, Vec<Number>) =
            numbers.into_iter().partition(|number| there.contains_key(number));
        if !known.is_empty() {
            let title = format!("add {} to {name}", listed(&known));
            plan = plan.step(Step::already(title, "the location has them already"));
        }
        let path = [
            "telephony",
            "config",
            "locations",
            location.id.as_str(),
            "numbers",
        ];
        let state = if new.inactive {
            NumberState::Inactive
        } else {
            NumberState::Active
        };
        for batch in missing.chunks(BATCH) {
            let texts: Vec<&str> = batch.iter().map(Number::as_str).collect();
            let body = body_of(&AddNumbers::new(texts.iter().copied()).state(state.clone()))?;
            // What is there already and free is passed over, so a lost answer is asked for again.
            let call = Request::new(Method::POST, path).json(body).repeatable(true);
            let removals = texts
                .chunks(REMOVED_AT_ONCE)
                .map(|some| Request::new(Method::DELETE, path).json(json!({ "phoneNumbers": some })));
            let step = Step::new(
                format!("add {} to {name}", listed(batch)),
                Effect::Create,
                call,
                Undo::Calls(removals.collect()),
            );
            let step = step.about(texts.iter().copied());
            plan = plan.step(step.note(Note::Added(
                location.id.clone(),
                Some(name.clone()),
                batch.to_vec(),
            )));
        }
        Ok(plan)
    }
}

fn counted(many: usize) -> String {
    match many {
        1 => "1 number".to_owned(),
        many => format!("{many} numbers"),
    }
}

/// A few numbers by name, many by count and ends.
fn listed(numbers: &[Number]) -> String {
    match numbers {
        [first, .., last] if numbers.len() > 5 => {
            format!("{} ({first} to {last})", counted(numbers.len()))
        }
        few => few.iter().map(Number::as_str).collect::<Vec<_>>().join(", "),
    }
}
