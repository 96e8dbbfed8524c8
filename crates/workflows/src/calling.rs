//! Webex Calling for a user: license, location and line in one step, and all of it taken away.

use std::sync::Arc;

use hallway_sdk::resources::{
    Assigned, License, LicenseChange, Line, Location, Member, NumberChange, Person, PersonBody, WorkNumber,
};
use hallway_sdk::{LicenseId, LocationId};
use http::{Method, StatusCode};
use serde_json::Value;

use crate::desk::Desk;
use crate::directory::{Note, Owner};
use crate::e164::{self, Number};
use crate::numbers::{change_numbers, owned_by};
use crate::plan::{Effect, Plan, Probe, Refusal, Step, Undo};
use crate::problem::{Problem, Result};
use crate::request::Request;
use crate::users::{about, address, body_of, by_email, put_person, shown};
use crate::who::Who;

/// The license that is given where none is named.
pub const DEFAULT_LICENSE: &str = "Webex Calling - Professional";

/// How a user is to call.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct CallingWish {
    /// The license, by id or name; [`DEFAULT_LICENSE`], or the one that the user has.
    pub license: Option<String>,
    /// The location, by id or name; that of the number where none is named.
    pub location: Option<String>,
    /// A free number of the location.
    pub number: Option<String>,
    /// A free extension of the location, without its routing prefix.
    pub extension: Option<String>,
    /// A user who has another line gets this one instead of it.
    pub replace_line: bool,
    /// A user who calls in another location moves: the line and the alternate numbers there become free.
    pub relocate: bool,
}

impl CallingWish {
    /// Nothing is said yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// With this license, by id or name.
    #[must_use]
    pub fn license(mut self, license: impl Into<String>) -> Self {
        self.license = Some(license.into());
        self
    }

    /// In this location, by id or name.
    #[must_use]
    pub fn location(mut self, location: impl Into<String>) -> Self {
        self.location = Some(location.into());
        self
    }

    /// With this number.
    #[must_use]
    pub fn number(mut self, number: impl Into<String>) -> Self {
        self.number = Some(number.into());
        self
    }

    /// With this extension.
    #[must_use]
    pub fn extension(mut self, extension: impl Into<String>) -> Self {
        self.extension = Some(extension.into());
        self
    }

    /// Instead of another line, if there is one.
    #[must_use]
    pub fn replace_line(mut self) -> Self {
        self.replace_line = true;
        self
    }

    /// Also if the user calls in another location now.
    #[must_use]
    pub fn relocate(mut self) -> Self {
        self.relocate = true;
        self
    }
}

/// Whom a plan is about: somebody who is there, or who will be once the steps before it are done.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    Known(Arc<Person>),
    Planned { email: String, name: String },
}

impl Subject {
    fn email(&self) -> String {
        match self {
            Self::Known(person) => address(person),
            Self::Planned { email, .. } => email.clone(),
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Known(person) => shown(person),
            Self::Planned { email, .. } => email.clone(),
        }
    }

    fn owner(&self) -> Owner {
        match self {
            Self::Known(person) => Owner::person(person),
            Self::Planned { name, .. } => Owner::planned(name),
        }
    }

    fn is(&self, owner: &Owner) -> bool {
        match self {
            Self::Known(person) => owner.is(&person.id),
            Self::Planned { .. } => false,
        }
    }
}

/// The primary line of somebody: where, number, extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Has {
    pub(crate) location: LocationId,
    pub(crate) number: Option<String>,
    pub(crate) extension: Option<String>,
}

/// The line of who calls.
pub(crate) fn line_of(person: &Person) -> Option<Has> {
    let location = person.location_id.clone()?;
    let mut work = person.phone_numbers.iter().filter(|number| number.kind == "work");
    let primary = work.clone().find(|number| number.primary == Some(true));
    // Where nothing is marked, the first one is the line, unless only an extension is.
    let marked = person
        .phone_numbers
        .iter()
        .any(|number| number.primary == Some(true));
    let number = primary.or_else(|| if marked { None } else { work.next() });
    Some(Has {
        location,
        number: number.map(|number| number.value.clone()),
        extension: person.extension.clone(),
    })
}

/// The line that is wished for, checked.
struct Wanted {
    location: Location,
    number: Option<Number>,
    extension: Option<String>,
}

fn licenses_users(subject: &Subject, changes: &[LicenseChange]) -> Result<Request> {
    let mut body = about(subject);
    body["licenses"] = body_of(&changes)?;
    Ok(Request::new(Method::PATCH, ["licenses", "users"])
        .json(body)
        .repeatable(true))
}

impl Desk {
    /// Lets a user call: license, location, and a number, an extension or both, in one call of the service.
    ///
    /// Everything is looked at before anything is sent: whether a unit of the license is free, the location has Webex
    /// Calling, the number is there and free and no main number, the extension is free. Who calls so already is left
    /// alone. Another line is replaced only with [`replace_line`](CallingWish::replace_line) (`PUT /people/{id}` with
    /// `callingData=true`), another location only with [`relocate`](CallingWish::relocate): the license is taken and
    /// given again, since the location of a calling user cannot be changed.
    ///
    /// **Undo**: the license is taken again, which frees number and extension; a replaced line is put back.
    ///
    /// # Errors
    /// There is no such user; something of what is checked is not so; the user calls in another way and nothing was
    /// said of replacing that. The service refused to be read.
    pub async fn enable_calling(&self, who: &Who, wish: &CallingWish) -> Result<Plan> {
        let person = self.directory().demand_person(who).await?;
        let name = shown(&person);
        let mut plan = Plan::new(format!("enable calling for {name}"));
        for step in self.calling_steps(&Subject::Known(person), wish).await? {
            plan = plan.step(step);
        }
        Ok(plan)
    }

    /// Takes calling from a user: every license for it, the line, and the alternate numbers, which go back to their
    /// location as free ones.
    ///
    /// **Undo**: the license with the same line, then the alternate numbers.
    ///
    /// # Errors
    /// There is no such user. The service refused to be read.
    pub async fn disable_calling(&self, who: &Who) -> Result<Plan> {
        let person = self.directory().demand_person(who).await?;
        let name = shown(&person);
        let plan = Plan::new(format!("disable calling for {name}"));
        let held = self.calling_licenses(&person).await?;
        match line_of(&person) {
            Some(line) if !held.is_empty() => Ok(plan.step(self.disabling(&person, &line, &held).await?)),
            _ => Ok(plan.step(Step::already(
                format!("take calling from {name}"),
                "the user does not call",
            ))),
        }
    }

    /// The licenses for calling that somebody has.
    async fn calling_licenses(&self, person: &Person) -> Result<Vec<License>> {
        let all = self.directory().licenses().await?;
        let holds = |license: &&License| {
            let id = &license.id;
            license.is_calling()
                && person
                    .licenses
                    .iter()
                    .any(|held| LicenseId::from(held.as_str()) == *id)
        };
        Ok(all.iter().filter(holds).cloned().collect())
    }

    pub(crate) async fn calling_steps(&self, subject: &Subject, wish: &CallingWish) -> Result<Vec<Step>> {
        let wanted = self.wanted_line(wish).await?;
        let mut steps = Vec::new();
        let mut held_name = None;
        if let Subject::Known(person) = subject {
            let held = self.calling_licenses(person).await?;
            if let (Some(line), Some(license)) = (line_of(person), held.first()) {
                let step = self.calls_already(person, &line, license, wish, &wanted).await?;
                if let Some(step) = step {
                    return Ok(vec![step]);
                }
                steps.push(self.disabling(person, &line, &held).await?);
                held_name = Some(license.name.clone());
            }
        }
        self.check_free(subject, &wanted).await?;
        let name = wish
            .license
            .as_deref()
            .or(held_name.as_deref())
            .unwrap_or(DEFAULT_LICENSE);
        let moving = !steps.is_empty();
        // Who moves gives a unit back first.
        let license = if moving {
            self.directory().license(name).await?
        } else {
            self.directory().free_license(name).await?
        };
        if !license.is_calling() {
            return Err(
                Problem::input(format!("`{}` is no license for calling", license.name)).next(format!(
                    "take `{DEFAULT_LICENSE}`, or another one that lets people call"
                )),
            );
        }
        steps.push(self.enabling(subject, &license, &wanted)?);
        Ok(steps)
    }

    /// What was wished for, as far as it can be checked without looking at who has what.
    async fn wanted_line(&self, wish: &CallingWish) -> Result<Wanted> {
        let extension = match wish.extension.as_deref().map(str::trim) {
            None | Some("") => None,
            Some(text) => Some(e164::extension(text)?),
        };
        let text = wish
            .number
            .as_deref()
            .map(str::trim)
            .filter(|text| !text.is_empty());
        if text.is_none() && extension.is_none() {
            return Err(
                Problem::input("a user who calls needs a number, an extension, or both")
                    .next("`hallway number list --available` shows which numbers are free"),
            );
        }
        let directory = self.directory();
        let (location, number) = match &wish.location {
            Some(wanted) => {
                let location = directory.location(wanted).await?;
                let country = location.address.country.as_deref();
                let number = text.map(|text| Number::parse_in(text, country)).transpose()?;
                (location, number)
            }
            None => {
                let Some(text) = text else {
                    return Err(
                        Problem::input("with an extension alone the location must be said")
                            .next("`hallway calling locations` shows where people can call"),
                    );
                };
                let number = Number::parse(text)?;
                let found = directory.number(&number).await?;
                let place = found.and_then(|found| found.location);
                let place = place.ok_or_else(|| unknown_number(&number, None))?;
                (directory.location(place.id.as_str()).await?, Some(number))
            }
        };
        directory.demand_calling(&location).await?;
        Ok(Wanted {
            location,
            number,
            extension,
        })
    }

    /// For who calls already: the step that makes it so, or `None` where the user must move.
    async fn calls_already(
        &self,
        person: &Person,
        line: &Has,
        license: &License,
        wish: &CallingWish,
        wanted: &Wanted,
    ) -> Result<Option<Step>> {
        let name = shown(person);
        if !line.location.names_same(&wanted.location.id) {
            if wish.relocate {
                return Ok(None);
            }
            let here = self.directory().location(line.location.as_str()).await;
            let here = here.map_or_else(|_| line.location.to_string(), |here| here.name);
            let there = &wanted.location.name;
            return Err(
                Problem::state(format!("{name} calls in {here}, not in {there}")).next(format!(
                    "to move the user, which frees the line in {here}: say --move, or relocate()"
                )),
            );
        }
        if let Some(wanted) = &wish.license {
            let wanted = self.directory().license(wanted).await?;
            if wanted.name != license.name {
                return Err(Problem::state(format!(
                    "{name} has `{}`, not `{}`",
                    license.name, wanted.name
                ))
                .next(format!(
                    "take calling away first: hallway calling disable {name}; then enable it with the other license"
                )));
            }
        }
        let number = wanted.number.as_ref().map(Number::as_str);
        let same_number = number.is_none_or(|number| line.number.as_deref() == Some(number));
        let same_extension = wanted.extension.is_none() || wanted.extension == line.extension;
        if same_number && same_extension {
            return Ok(Some(Step::already(
                format!("enable calling for {name}"),
                format!("the user calls so already: {}", line_shown(line)),
            )));
        }
        if !wish.replace_line {
            return Err(Problem::state(format!(
                "{name} calls already, with another line: {}",
                line_shown(line)
            ))
            .next("to put the new line in place of it: say --replace-line, or replace_line()"));
        }
        self.check_free(&Subject::Known(Arc::new(person.clone())), wanted)
            .await?;
        // What is not said of the line stays.
        let new = Has {
            location: line.location.clone(),
            number: number.map(ToOwned::to_owned).or_else(|| line.number.clone()),
            extension: wanted.extension.clone().or_else(|| line.extension.clone()),
        };
        self.replacing(person, line, &new).await.map(Some)
    }

    /// The step that gives somebody who calls another line: `PUT /people/{id}` with everything else as it is.
    pub(crate) async fn replacing(&self, person: &Person, old: &Has, new: &Has) -> Result<Step> {
        let whole = self.client().people().get(&person.id).await?;
        let body = |line: &Has| {
            let numbers = line.number.clone().map(WorkNumber::work);
            let body = PersonBody {
                phone_numbers: Member::Set(numbers.into_iter().collect()),
                extension: line.extension.clone().map_or(Member::Clear, Member::Set),
                ..PersonBody::of(&whole)
            };
            body_of(&body)
        };
        let (id, name) = (person.id.as_str(), shown(person));
        let call = put_person(id, body(new)?);
        let undo = Undo::Calls(vec![put_person(id, body(old)?)]);
        let read = Request::new(Method::GET, ["people", id]).query("callingData", true);
        let holds = holds_line(new.number.clone(), new.extension.clone());
        let mut step = Step::new(
            format!("change the line of {name} to {}", line_shown(new)),
            Effect::Change,
            call,
            undo,
        )
        .probe(Probe::new(read, holds))
        .remark(format!("the line was {}", line_shown(old)));
        let owner = Subject::Known(Arc::new(person.clone())).owner();
        for note in free_notes(old).into_iter().chain(taken_notes(new, &owner)) {
            step = step.note(note);
        }
        Ok(step.note(Note::PersonChanged(address(person))))
    }

    /// Whether number and extension can be taken.
    async fn check_free(&self, subject: &Subject, wanted: &Wanted) -> Result<()> {
        if let Some(number) = &wanted.number {
            self.check_number(number, &wanted.location, |owner| subject.is(owner))
                .await?;
        }
        if let Some(extension) = &wanted.extension {
            let owner = self.directory().extension(&wanted.location.id, extension).await?;
            if let Some(owner) = owner
                && !subject.is(&owner)
            {
                let place = &wanted.location.name;
                return Err(Problem::state(format!(
                    "the extension {extension} of {place} belongs to {}",
                    owned_by(&owner)
                ))
                .next("take another extension"));
            }
        }
        Ok(())
    }

    /// Whether a number is there, in the location, and free or the user's own.
    pub(crate) async fn check_number(
        &self,
        number: &Number,
        location: &Location,
        own: impl Fn(&Owner) -> bool,
    ) -> Result<()> {
        let Some(found) = self.directory().number(number).await? else {
            return Err(unknown_number(number, Some(&location.name)));
        };
        if !found.is_in(&location.id) {
            let there = found.place();
            return Err(
                Problem::state(format!("{number} belongs to {there}, not to {}", location.name))
                    .next(format!("take a free number of {}", location.name)),
            );
        }
        match &found.owner {
            Some(owner) if own(owner) => Ok(()),
            Some(owner) => Err(Problem::state(format!("{number} belongs to {}", owned_by(owner)))
                .next("take a free number: `hallway number list --available` shows them")),
            None if found.main => Err(Problem::state(format!(
                "{number} is the main number of {}",
                location.name
            ))
            .next("take another number")),
            None => Ok(()),
        }
    }

    fn enabling(&self, subject: &Subject, license: &License, wanted: &Wanted) -> Result<Step> {
        let line = Line {
            location_id: Some(wanted.location.id.clone()),
            phone_number: wanted.number.as_ref().map(|number| number.as_str().to_owned()),
            extension: wanted.extension.clone(),
        };
        let call = licenses_users(subject, &[LicenseChange::calling(&license.id, line)])?;
        let undo = Undo::Calls(vec![licenses_users(
            subject,
            &[LicenseChange::remove(&license.id)],
        )?]);
        let has = Has {
            location: wanted.location.id.clone(),
            number: wanted.number.as_ref().map(|number| number.as_str().to_owned()),
            extension: wanted.extension.clone(),
        };
        let (name, email) = (subject.shown(), subject.email());
        let title = format!(
            "enable calling for {name}: {} in {}, {}",
            license.name,
            wanted.location.name,
            line_shown(&has)
        );
        let id = license.id.clone();
        let in_force = {
            let (id, line) = (id.clone(), holds_line(has.number.clone(), has.extension.clone()));
            move |answer: &Value| {
                answer.pointer("/items/0").is_some_and(|person| {
                    let licenses = person["licenses"].as_array().into_iter().flatten();
                    let held = licenses
                        .filter_map(Value::as_str)
                        .any(|held| LicenseId::from(held) == id);
                    held && line(person)
                })
            }
        };
        let mut step = Step::new(title, Effect::Change, call, undo)
            .probe(Probe::new(by_email(&email), in_force))
            .verify(given(license))
            .note(Note::PersonChanged(email))
            .note(Note::Units(id, 1));
        for note in taken_notes(&has, &subject.owner()) {
            step = step.note(note);
        }
        Ok(step)
    }

    async fn disabling(&self, person: &Person, line: &Has, held: &[License]) -> Result<Step> {
        let subject = Subject::Known(Arc::new(person.clone()));
        let removals: Vec<LicenseChange> = held
            .iter()
            .map(|license| LicenseChange::remove(&license.id))
            .collect();
        let call = licenses_users(&subject, &removals)?;
        let back = Line {
            location_id: Some(line.location.clone()),
            phone_number: line.number.clone(),
            extension: line.extension.clone(),
        };
        let mut returns = Vec::new();
        for license in held {
            let change = LicenseChange::calling(&license.id, back.clone());
            returns.push(licenses_users(&subject, &[change])?);
        }
        let numbers = self.client().calling().numbers_of(&person.id).await?;
        let alternates: Vec<NumberChange> = numbers
            .phone_numbers
            .iter()
            .filter(|number| !number.primary)
            .filter_map(crate::numbers::given_back)
            .collect();
        if !alternates.is_empty() {
            returns.push(change_numbers(&person.id, &alternates)?);
        }
        let name = shown(person);
        let ids: Vec<LicenseId> = held.iter().map(|license| license.id.clone()).collect();
        let names: Vec<&str> = held.iter().map(|license| license.name.as_str()).collect();
        let lost = {
            let ids = ids.clone();
            move |answer: &Value| {
                let licenses = answer.pointer("/items/0/licenses").and_then(Value::as_array);
                let mut licenses = licenses.into_iter().flatten().filter_map(Value::as_str);
                !licenses.any(|held| ids.contains(&LicenseId::from(held)))
            }
        };
        let mut step = Step::new(
            format!("take calling from {name}: {}", names.join(", ")),
            Effect::Change,
            call,
            Undo::Calls(returns),
        )
        .probe(Probe::new(by_email(&address(person)), lost))
        .verify(taken(ids.clone()))
        .remark(format!("frees {}", line_shown(line)))
        .note(Note::PersonChanged(address(person)));
        let others: Vec<&str> = numbers
            .phone_numbers
            .iter()
            .filter(|number| !number.primary)
            .filter_map(|number| number.direct_number.as_deref())
            .collect();
        if !others.is_empty() {
            step = step.remark(format!("frees the alternate numbers {}", others.join(", ")));
        }
        for number in others.iter().filter_map(|number| Number::parse(number).ok()) {
            step = step.note(Note::Owned(number, None));
        }
        for id in ids {
            step = step.note(Note::Units(id, -1));
        }
        for note in free_notes(line) {
            step = step.note(note);
        }
        Ok(step)
    }
}

fn unknown_number(number: &Number, location: Option<&str>) -> Problem {
    let location = location.unwrap_or("LOCATION");
    Problem::not_found(format!("{number} is not a number of the organization")).next(format!(
        "add it first: hallway number add \"{location}\" {number}"
    ))
}

/// `+14085550101, extension 0101`
pub(crate) fn line_shown(line: &Has) -> String {
    let extension = line
        .extension
        .as_ref()
        .map(|extension| format!("extension {extension}"));
    let parts: Vec<String> = line.number.iter().cloned().chain(extension).collect();
    parts.join(", ")
}

fn taken_notes(line: &Has, owner: &Owner) -> Vec<Note> {
    line_notes(line, Some(owner))
}

fn free_notes(line: &Has) -> Vec<Note> {
    line_notes(line, None)
}

fn line_notes(line: &Has, owner: Option<&Owner>) -> Vec<Note> {
    let mut notes = Vec::new();
    if let Some(number) = line.number.as_deref().and_then(|text| Number::parse(text).ok()) {
        notes.push(Note::Owned(number, owner.cloned()));
    }
    if let Some(extension) = &line.extension {
        notes.push(Note::Extension(
            line.location.clone(),
            extension.clone(),
            owner.cloned(),
        ));
    }
    notes
}

/// Whether a person as JSON has this line.
fn holds_line(number: Option<String>, extension: Option<String>) -> impl Fn(&Value) -> bool + Send + Sync {
    move |person| {
        let numbers = person["phoneNumbers"].as_array();
        let has = |kind: &str, wanted: &str| {
            numbers.is_some_and(|numbers| {
                numbers
                    .iter()
                    .any(|number| number["type"] == kind && number["value"] == wanted)
            })
        };
        number.as_deref().is_none_or(|number| has("work", number))
            && extension
                .as_deref()
                .is_none_or(|extension| person["extension"] == extension)
    }
}

/// An answer must say that the license is there, and that all was done.
fn given(
    license: &License,
) -> impl Fn(&hallway_sdk::client::Answer) -> Result<(), Refusal> + Send + Sync + 'static {
    let (id, name) = (license.id.clone(), license.name.clone());
    move |answer| {
        let assigned: Assigned = answer.json().map_err(Problem::from)?;
        let held = |list: &[String]| list.iter().any(|held| LicenseId::from(held.as_str()) == id);
        if held(&assigned.licenses) && answer.status != StatusCode::PARTIAL_CONTENT {
            return Ok(());
        }
        let some = held(&assigned.licenses) || held(&assigned.pending_licenses);
        let problem = Problem::state(format!("the service did not give `{name}` whole"))
            .next("`hallway license list` shows how many units are left; is the number still free?");
        Err(if some {
            Refusal::half(problem)
        } else {
            problem.into()
        })
    }
}

/// An answer must say that the licenses are gone.
fn taken(
    ids: Vec<LicenseId>,
) -> impl Fn(&hallway_sdk::client::Answer) -> Result<(), Refusal> + Send + Sync + 'static {
    move |answer| {
        let assigned: Assigned = answer.json().map_err(Problem::from)?;
        let held = |id: &LicenseId| {
            assigned
                .licenses
                .iter()
                .any(|held| LicenseId::from(held.as_str()) == *id)
        };
        match ids.iter().filter(|id| held(id)).count() {
            0 => Ok(()),
            left => {
                let problem = Problem::state("the service did not take every license for calling");
                Err(if left < ids.len() {
                    Refusal::half(problem)
                } else {
                    problem.into()
                })
            }
        }
    }
}
