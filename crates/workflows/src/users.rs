//! Users: created, shown, changed, deleted.

use hallway_sdk::resources::{Member, Person, PersonBody};
use hallway_sdk::{LicenseId, PersonId};
use http::Method;
use serde::Serialize;
use serde_json::{Value, json};

use crate::calling::{CallingWish, Subject};
use crate::desk::Desk;
use crate::directory::{Note, nobody};
use crate::e164::Number;
use crate::numbers::UserNumber;
use crate::plan::{Effect, Plan, Probe, Step, Undo};
use crate::problem::{Problem, Result};
use crate::request::Request;
use crate::who::Who;

/// A user that is to be there.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct NewUser {
    /// The address: the login.
    pub email: String,
    /// The name that is shown; first and last name if there is none.
    pub display_name: Option<String>,
    /// The first name.
    pub first_name: Option<String>,
    /// The last name.
    pub last_name: Option<String>,
    /// The title.
    pub title: Option<String>,
    /// The department.
    pub department: Option<String>,
    /// The manager, as text.
    pub manager: Option<String>,
    /// Licenses, by id or name; those for calling belong into `calling`.
    pub licenses: Vec<String>,
    /// Whether the user calls, and how.
    pub calling: Option<CallingWish>,
    /// Whether it is an error if somebody has the address already.
    pub must_be_new: bool,
}

/// What is to change of a user: what is not said stays.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct UserChange {
    /// Another address.
    pub email: Option<String>,
    /// Another name that is shown.
    pub display_name: Option<String>,
    /// The first name.
    pub first_name: Member<String>,
    /// The last name.
    pub last_name: Member<String>,
    /// The title.
    pub title: Member<String>,
    /// The department.
    pub department: Member<String>,
    /// The manager, as text.
    pub manager: Member<String>,
    /// Whether the user may sign in.
    pub login_enabled: Option<bool>,
}

/// A user, with names for ids.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct User {
    /// The id.
    pub id: PersonId,
    /// The address.
    pub email: String,
    /// The name that is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// The first name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// The last name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// The title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The department.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub department: Option<String>,
    /// `active`, `pending` and others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Whether the invitation waits to be accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invite_pending: Option<bool>,
    /// Whether the user may sign in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login_enabled: Option<bool>,
    /// Licenses.
    pub licenses: Vec<Named>,
    /// Where the user calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Named>,
    /// Numbers, the primary one first.
    pub numbers: Vec<UserNumber>,
}

/// An id, and what it is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Named {
    /// The id.
    pub id: String,
    /// What it is called; the id where nobody knows.
    pub name: String,
}

macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident),*) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $name(mut self, $name: impl Into<String>) -> Self {
            self.$name = Some($name.into());
            self
        }
    )*};
}

impl NewUser {
    /// A user of this address.
    pub fn new(email: impl Into<String>) -> Self {
        Self {
            email: email.into(),
            ..Self::default()
        }
    }

    setters! {
        /// With this name shown.
        display_name,
        /// With this first name.
        first_name,
        /// With this last name.
        last_name,
        /// With this title.
        title,
        /// In this department.
        department,
        /// With this manager.
        manager
    }

    /// With this license, by id or name.
    #[must_use]
    pub fn license(mut self, license: impl Into<String>) -> Self {
        self.licenses.push(license.into());
        self
    }

    /// Who calls so, from the beginning. If that fails, the user is not created either.
    #[must_use]
    pub fn calling(mut self, wish: CallingWish) -> Self {
        self.calling = Some(wish);
        self
    }

    /// Nobody may have the address yet.
    #[must_use]
    pub fn must_be_new(mut self) -> Self {
        self.must_be_new = true;
        self
    }
}

/// Whether mail could be sent there. The service has the last word.
pub(crate) fn email(text: &str) -> Result<String> {
    let text = text.trim();
    let good = |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c == '@');
    match text.split_once('@') {
        Some((name, host)) if good(name) && good(host) && text.len() <= 254 => Ok(text.to_owned()),
        _ => {
            Err(Problem::input(format!("`{text}` is no e-mail address"))
                .next("write it like ada@example.com"))
        }
    }
}

fn said(text: &Option<String>) -> Option<String> {
    let text = text.as_deref().map(str::trim);
    text.filter(|text| !text.is_empty()).map(ToOwned::to_owned)
}

fn member(text: Option<String>) -> Member<String> {
    text.map_or(Member::Keep, Member::Set)
}

/// A body as JSON.
pub(crate) fn body_of<T: Serialize>(body: &T) -> Result<Value> {
    serde_json::to_value(body)
        .map_err(|error| Problem::input(format!("the request cannot be written as JSON: {error}")))
}

pub(crate) fn by_email(email: &str) -> Request {
    Request::new(Method::GET, ["people"])
        .query("email", email)
        .query("callingData", true)
}

pub(crate) fn put_person(id: &str, body: Value) -> Request {
    Request::new(Method::PUT, ["people", id])
        .query("callingData", true)
        .json(body)
}

pub(crate) fn address(person: &Person) -> String {
    person.emails.first().cloned().unwrap_or_default()
}

/// What a person is called in sentences: the address, which everybody has.
pub(crate) fn shown(person: &Person) -> String {
    match person.emails.first() {
        Some(email) => email.clone(),
        None => person
            .display_name
            .clone()
            .unwrap_or_else(|| person.id.to_string()),
    }
}

impl Desk {
    /// Sees to it that a user is there: creates it, and lets it call if that is wanted.
    ///
    /// Who has the address already stays as it is; what differs is remarked. With `calling` the two are one plan: if
    /// calling cannot be enabled, the user that was created for it is deleted again.
    ///
    /// **Undo**: `DELETE /people/{id}`. The invitation that the service sent cannot be called back.
    ///
    /// # Errors
    /// The address is none, there is no name, a license is unknown or used up, somebody has the address although
    /// nobody may; for calling see [`enable_calling`](Self::enable_calling). The service refused to be read.
    pub async fn create_user(&self, new: &NewUser) -> Result<Plan> {
        let email = email(&new.email)?;
        let (first, last, display) = (
            said(&new.first_name),
            said(&new.last_name),
            said(&new.display_name),
        );
        let names: Vec<&str> = [&first, &last]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        let display = display.unwrap_or_else(|| names.join(" "));
        if display.is_empty() {
            return Err(Problem::input(format!("{email} needs a name"))
                .next("give a first and last name, or a display name"));
        }
        let who = Who::Email(email.clone());
        if let Some(person) = self.directory().person(&who).await? {
            if new.must_be_new {
                let has = person.display_name.as_deref().unwrap_or_default();
                return Err(Problem::state(format!("{email} belongs to {has} already"))
                    .next(format!("change that user: hallway people update {email}")));
            }
            let mut step = Step::already(format!("create the user {email}"), "the user is there already");
            for (name, wanted, has) in [
                ("first name", &first, &person.first_name),
                ("last name", &last, &person.last_name),
                ("title", &said(&new.title), &person.title),
                ("department", &said(&new.department), &person.department),
                ("manager", &said(&new.manager), &person.manager),
            ] {
                if wanted.is_some() && wanted != has {
                    let has = has.as_deref().unwrap_or_default();
                    step = step.remark(format!(
                        "its {name} is `{has}`, not `{}`: `hallway people update {email}` changes that",
                        wanted.as_deref().unwrap_or_default()
                    ));
                }
            }
            let mut plan = Plan::new(format!("create {email}")).step(step);
            if let Some(wish) = &new.calling {
                let subject = Subject::Known(person);
                plan = self.with_calling(plan, &subject, wish).await?;
            }
            return Ok(plan);
        }
        let mut licenses: Vec<LicenseId> = Vec::new();
        for wanted in &new.licenses {
            let license = self.directory().free_license(wanted).await?;
            if license.is_calling() {
                return Err(
                    Problem::input(format!("`{}` is a license for calling", license.name))
                        .next("say where and with which number the user calls, too"),
                );
            }
            if !licenses.contains(&license.id) {
                licenses.push(license.id);
            }
        }
        let body = PersonBody {
            emails: Member::Set(vec![email.clone()]),
            display_name: Member::Set(display.clone()),
            first_name: member(first),
            last_name: member(last),
            title: member(said(&new.title)),
            department: member(said(&new.department)),
            manager: member(said(&new.manager)),
            licenses: if licenses.is_empty() {
                Member::Keep
            } else {
                Member::Set(licenses.iter().map(ToString::to_string).collect())
            },
            ..PersonBody::default()
        };
        let call = Request::new(Method::POST, ["people"])
            .query("callingData", true)
            .json(body_of(&body)?);
        let undo = Undo::Calls(vec![Request::new(Method::DELETE, ["people", "{personId}"])]);
        let there = |answer: &Value| answer.pointer("/items/0/id").is_some_and(Value::is_string);
        let mut step = Step::new(format!("create the user {email}"), Effect::Create, call, undo)
            .gives("personId", "/id")
            .probe(Probe::new(by_email(&email), there).gives("personId", "/items/0/id"))
            .note(Note::Person(email.clone()));
        for license in licenses {
            step = step.note(Note::Units(license, 1));
        }
        let plan = Plan::new(format!("create {email}")).step(step);
        match &new.calling {
            None => Ok(plan),
            Some(wish) => {
                let subject = Subject::Planned { email, name: display };
                self.with_calling(plan, &subject, wish).await
            }
        }
    }

    async fn with_calling(&self, mut plan: Plan, subject: &Subject, wish: &CallingWish) -> Result<Plan> {
        for step in self.calling_steps(subject, wish).await? {
            plan = plan.step(step);
        }
        let title = format!("{} and enable calling", plan.title());
        Ok(plan.titled(title))
    }

    /// A user with everything that a service desk wants to see, freshly read; `None`: there is none.
    ///
    /// # Errors
    /// A name that several have. The service refused, or could not be asked.
    pub async fn get_user(&self, who: &Who) -> Result<Option<User>> {
        let Some(person) = self.fresh(who).await? else {
            return Ok(None);
        };
        let licenses = self.directory().licenses().await?;
        let named = |id: &String| Named {
            id: id.clone(),
            name: licenses
                .iter()
                .find(|license| license.id == LicenseId::from(id.as_str()))
                .map_or_else(|| id.clone(), |license| license.name.clone()),
        };
        let location = match &person.location_id {
            None => None,
            Some(id) => Some(Named {
                id: id.to_string(),
                name: self
                    .directory()
                    .location(id.as_str())
                    .await
                    .map_or_else(|_| id.to_string(), |location| location.name),
            }),
        };
        let numbers = match &location {
            None => Vec::new(),
            Some(_) => self.numbers_of_person(&person.id).await?.numbers,
        };
        Ok(Some(User {
            email: address(&person),
            licenses: person.licenses.iter().map(named).collect(),
            location,
            numbers,
            id: person.id,
            display_name: person.display_name,
            first_name: person.first_name,
            last_name: person.last_name,
            title: person.title,
            department: person.department,
            status: person.status,
            invite_pending: person.invite_pending,
            login_enabled: person.login_enabled,
        }))
    }

    /// The complete person, as it is now.
    pub(crate) async fn fresh(&self, who: &Who) -> Result<Option<Person>> {
        let id = match who {
            Who::Id(id) => id.clone(),
            who => match self.directory().person(who).await? {
                Some(person) => person.id.clone(),
                None => return Ok(None),
            },
        };
        match self.client().people().get(&id).await {
            Ok(person) => Ok(Some(person)),
            Err(hallway_sdk::Error::NotFound(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Changes what differs of a user, and nothing where nothing does. Line, licenses and roles are sent back as they
    /// were read, since the service takes what is missing of a calling user as cleared.
    ///
    /// **Undo**: `PUT /people/{id}` with what was read before.
    ///
    /// # Errors
    /// There is no such user; the new address is none or somebody else's; the new display name is empty. The service
    /// refused to be read.
    pub async fn update_user(&self, who: &Who, change: &UserChange) -> Result<Plan> {
        let Some(person) = self.fresh(who).await? else {
            return Err(nobody(who));
        };
        let old = address(&person);
        let name = shown(&person);
        let (mut after, mut before) = (PersonBody::of(&person), PersonBody::of(&person));
        let mut changed: Vec<(&'static str, Value)> = Vec::new();
        let mut remarks = Vec::new();
        let mut note = |member: &'static str, was: Option<&str>, is: Option<&str>| {
            let none = "nothing";
            remarks.push(format!(
                "{member}: {} → {}",
                was.unwrap_or(none),
                is.unwrap_or(none)
            ));
            changed.push((member, is.map_or(Value::Null, Value::from)));
        };
        macro_rules! text {
            ($field:ident, $member:literal) => {
                let is = match &change.$field {
                    Member::Keep => person.$field.clone(),
                    Member::Clear => None,
                    Member::Set(text) => said(&Some(text.clone())),
                };
                if is != person.$field {
                    note($member, person.$field.as_deref(), is.as_deref());
                    after.$field = is.map_or(Member::Clear, Member::Set);
                    before.$field = person.$field.clone().map_or(Member::Clear, Member::Set);
                }
            };
        }
        text!(first_name, "firstName");
        text!(last_name, "lastName");
        text!(title, "title");
        text!(department, "department");
        text!(manager, "manager");
        if let Some(display) = &change.display_name {
            let Some(display) = said(&Some(display.clone())) else {
                return Err(Problem::input("the display name must not be empty"));
            };
            if person.display_name.as_deref() != Some(display.as_str()) {
                note("displayName", person.display_name.as_deref(), Some(&display));
                after.display_name = Member::Set(display);
            }
        }
        let mut new_address = None;
        if let Some(text) = &change.email {
            let address = email(text)?;
            if !address.eq_ignore_ascii_case(&old) {
                if let Some(other) = self.directory().person(&Who::Email(address.clone())).await? {
                    let has = other.display_name.as_deref().unwrap_or_default();
                    return Err(Problem::state(format!("{address} belongs to {has} already"))
                        .next("take another address"));
                }
                note("emails", Some(&old), Some(&address));
                after.emails = Member::Set(vec![address.clone()]);
                new_address = Some(address);
            }
        }
        if let Some(enabled) = change.login_enabled
            && person.login_enabled != Some(enabled)
        {
            remarks.push(format!(
                "loginEnabled: {}",
                if enabled { "no → yes" } else { "yes → no" }
            ));
            changed.push(("loginEnabled", Value::from(enabled)));
            after.login_enabled = Member::Set(enabled);
            before.login_enabled = Member::Set(!enabled);
        }
        let (title, plan) = (
            format!("change the user {name}"),
            Plan::new(format!("update {name}")),
        );
        if changed.is_empty() {
            return Ok(plan.step(Step::already(title, "everything is so already")));
        }
        let id = person.id.as_str();
        let call = put_person(id, body_of(&after)?);
        let undo = Undo::Calls(vec![put_person(id, body_of(&before)?)]);
        let read = Request::new(Method::GET, ["people", id]).query("callingData", true);
        let holds = move |answer: &Value| {
            changed.iter().all(|(member, is)| match *member {
                "emails" => answer["emails"][0]
                    .as_str()
                    .zip(is.as_str())
                    .is_some_and(|(has, is)| has.eq_ignore_ascii_case(is)),
                member => answer.get(member).unwrap_or(&Value::Null) == is,
            })
        };
        let mut step = Step::new(title, Effect::Change, call, undo)
            .probe(Probe::new(read, holds))
            .note(Note::PersonChanged(old.clone()));
        if let Some(address) = new_address {
            step = step
                .note(Note::PersonGone(old))
                .note(Note::PersonChanged(address));
        }
        for remark in remarks {
            step = step.remark(remark);
        }
        Ok(plan.step(step))
    }

    /// Deletes a user: its numbers, extensions and licenses are free at once. Who is not there is gone already.
    ///
    /// **Undo**: none. In a longer plan it belongs at the end.
    ///
    /// # Errors
    /// A name that several have. The service refused to be read.
    pub async fn delete_user(&self, who: &Who) -> Result<Plan> {
        let plan = Plan::new(format!("delete {who}"));
        let Some(person) = self.directory().person(who).await? else {
            let step = Step::already(format!("delete the user {who}"), "there is no such user");
            return Ok(plan.step(step));
        };
        let (email, name) = (address(&person), shown(&person));
        let call = Request::new(Method::DELETE, ["people", person.id.as_str()]);
        let again = format!("create the user again: hallway people create {email}; it gets another id");
        let mut step = Step::new(
            format!("delete the user {name}"),
            Effect::Delete,
            call,
            Undo::Impossible(again),
        )
        .note(Note::PersonGone(email));
        let mut freed = Vec::new();
        let numbers = match person.location_id {
            Some(_) => self.numbers_of_person(&person.id).await?.numbers,
            None => Vec::new(),
        };
        for number in numbers.into_iter().filter_map(|number| number.number) {
            if let Ok(number) = Number::parse(&number) {
                step = step.note(Note::Owned(number, None));
            }
            freed.push(number);
        }
        if let (Some(extension), Some(location)) = (&person.extension, &person.location_id) {
            freed.push(format!("extension {extension}"));
            step = step.note(Note::Extension(location.clone(), extension.clone(), None));
        }
        if !person.licenses.is_empty() {
            for license in &person.licenses {
                step = step.note(Note::Units(LicenseId::from(license.as_str()), -1));
            }
            freed.push(match person.licenses.len() {
                1 => "1 license".to_owned(),
                many => format!("{many} licenses"),
            });
        }
        if !freed.is_empty() {
            step = step.remark(format!("frees {}", freed.join(", ")));
        }
        Ok(plan.step(step))
    }
}

/// Who a body is about.
pub(crate) fn about(subject: &Subject) -> Value {
    match subject {
        Subject::Known(person) => json!({ "personId": person.id }),
        Subject::Planned { email, .. } => json!({ "email": email }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        assert_eq!(email(" ada@example.com ").unwrap(), "ada@example.com");
        for bad in ["", "ada", "@x", "ada@", "a b@x.org", "a@b@c"] {
            assert!(email(bad).is_err(), "{bad}");
        }
    }
}
