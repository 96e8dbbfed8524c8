//! What a row means: plans, one after the other.

use hallway_sdk::LicenseId;
use hallway_sdk::resources::Member;
use http::Method;
use serde::Serialize;
use serde_json::{Value, json};

use super::sheet::{Action, Column, Farewell, Row, Sheet};
use crate::calling::CallingWish;
use crate::desk::Desk;
use crate::directory::Note;
use crate::plan::{Effect, Plan, Probe, Refusal, Step, Undo};
use crate::problem::{Problem, Result};
use crate::request::Request;
use crate::users::{NewUser, UserChange, by_email, shown};
use crate::who::Who;

/// One plan of a row. Later parts are planned when those before them are done.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    Create(Box<NewUser>),
    Change(Box<UserChange>),
    Licenses { give: Vec<String>, take: Vec<String> },
    Calling(Box<CallingWish>),
    NoCalling,
    Delete,
}

fn text(row: &Row, column: Column) -> Option<String> {
    row.cell(column).map(ToOwned::to_owned)
}

/// Nothing said is kept, `-` is cleared.
fn member(row: &Row, column: Column) -> Member<String> {
    match row.cell(column) {
        None => Member::Keep,
        Some("-") => Member::Clear,
        Some(text) => Member::Set(text.to_owned()),
    }
}

/// The parts of a row.
///
/// # Errors
/// A license that is not there.
pub(crate) async fn parts(desk: &Desk, row: &Row) -> Result<Vec<Part>> {
    let (mut give, mut take, mut calling) = (Vec::new(), Vec::new(), None);
    for (license, given) in row.licenses() {
        if desk.directory().license(license).await?.is_calling() {
            calling = Some(license.to_owned());
        } else if given {
            give.push(license.to_owned());
        } else {
            take.push(license.to_owned());
        }
    }
    // A license alone that the person has already changes nothing; the check lets no other through.
    let wish = row.has_line().then(|| {
        let mut wish = CallingWish::new();
        wish.license = calling;
        wish.location = text(row, Column::LOCATION);
        wish.number = text(row, Column::NUMBER);
        wish.extension = text(row, Column::EXTENSION);
        wish
    });
    let mut parts = Vec::new();
    match row.action {
        Action::Join => {
            let mut new = NewUser::new(&row.email);
            new.first_name = text(row, Column::FIRST_NAME);
            new.last_name = text(row, Column::LAST_NAME);
            new.display_name = text(row, Column::DISPLAY_NAME);
            new.title = text(row, Column::TITLE);
            new.department = text(row, Column::DEPARTMENT);
            new.manager = text(row, Column::MANAGER);
            new.licenses = give;
            new.calling = wish;
            parts.push(Part::Create(Box::new(new)));
        }
        Action::Move => {
            let change = UserChange {
                email: text(row, Column::NEW_EMAIL),
                display_name: text(row, Column::DISPLAY_NAME),
                first_name: member(row, Column::FIRST_NAME),
                last_name: member(row, Column::LAST_NAME),
                title: member(row, Column::TITLE),
                department: member(row, Column::DEPARTMENT),
                manager: member(row, Column::MANAGER),
                ..UserChange::default()
            };
            if !give.is_empty() || !take.is_empty() {
                parts.push(Part::Licenses { give, take });
            }
            if let Some(wish) = wish {
                parts.push(Part::Calling(Box::new(wish.replace_line().relocate())));
            }
            // The address last: the parts before it find the person by the old one.
            let named = [
                Column::FIRST_NAME,
                Column::LAST_NAME,
                Column::DISPLAY_NAME,
                Column::NEW_EMAIL,
                Column::TITLE,
                Column::DEPARTMENT,
                Column::MANAGER,
            ];
            if named.into_iter().any(|column| row.cell(column).is_some()) {
                parts.push(Part::Change(Box::new(change)));
            }
        }
        Action::Leave => match row.farewell {
            Farewell::Delete => parts.push(Part::Delete),
            Farewell::Calling => parts.push(Part::NoCalling),
            Farewell::Deactivate => {
                let change = UserChange {
                    login_enabled: Some(false),
                    ..UserChange::default()
                };
                // Nobody who has left signs in, whatever becomes of the rest.
                parts.push(Part::Change(Box::new(change)));
                parts.push(Part::NoCalling);
            }
        },
    }
    Ok(parts)
}

/// Who a row is about now. A mover whose address has changed already is found by the new one, so that a row that was
/// in flight when a run ended can be done again.
pub(crate) async fn who(desk: &Desk, row: &Row) -> Result<Who> {
    let old = Who::Email(row.email.clone());
    let Some(new) = row.cell(Column::NEW_EMAIL) else {
        return Ok(old);
    };
    if desk.directory().person(&old).await?.is_some() {
        return Ok(old);
    }
    let new = Who::Email(new.to_lowercase());
    let moved = desk.directory().person(&new).await?.is_some();
    Ok(if moved { new } else { old })
}

/// The plan of a part.
///
/// # Errors
/// As the functions of the [`Desk`].
pub(crate) async fn plan(desk: &Desk, who: &Who, part: &Part) -> Result<Plan> {
    match part {
        Part::Create(new) => desk.create_user(new).await,
        Part::Change(change) => desk.update_user(who, change).await,
        Part::Licenses { give, take } => licenses(desk, who, give, take).await,
        Part::Calling(wish) => {
            let mut wish = CallingWish::clone(wish);
            if wish.location.is_none() && wish.number.is_none() {
                // Who moves to another extension stays in the location.
                let person = desk.directory().demand_person(who).await?;
                wish.location = person.location_id.as_ref().map(|id| id.as_str().to_owned());
            }
            desk.enable_calling(who, &wish).await
        }
        Part::NoCalling => desk.disable_calling(who).await,
        Part::Delete => desk.delete_user(who).await,
    }
}

/// Gives licenses that are not for calling, and takes others.
async fn licenses(desk: &Desk, who: &Who, give: &[String], take: &[String]) -> Result<Plan> {
    let person = desk.directory().demand_person(who).await?;
    let name = shown(&person);
    let has = |id: &LicenseId| person.licenses.iter().any(|had| had.as_str() == id.as_str());
    let mut changes: Vec<(LicenseId, bool)> = Vec::new();
    let mut names = Vec::new();
    for wanted in give {
        let mut license = desk.directory().license(wanted).await?;
        if !has(&license.id) {
            license = desk.directory().free_license(wanted).await?;
            names.push(format!("give {}", license.name));
            changes.push((license.id, true));
        }
    }
    for unwanted in take {
        let license = desk.directory().license(unwanted).await?;
        if has(&license.id) {
            names.push(format!("take {}", license.name));
            changes.push((license.id, false));
        }
    }
    let plan = Plan::new(format!("licenses of {name}"));
    if changes.is_empty() {
        let title = format!("change the licenses of {name}");
        return Ok(plan.step(Step::already(title, "everything is so already")));
    }
    let patch = |changes: &[(LicenseId, bool)], back: bool| {
        let licenses: Vec<Value> = changes
            .iter()
            .map(|(id, give)| {
                let operation = if *give == back { "remove" } else { "add" };
                json!({ "id": id.as_str(), "operation": operation })
            })
            .collect();
        Request::new(Method::PATCH, ["licenses", "users"])
            .json(json!({ "personId": person.id.as_str(), "licenses": licenses }))
    };
    let wanted = changes.clone();
    let holds = move |answer: &Value| {
        let Some(licenses) = answer.pointer("/items/0/licenses").and_then(Value::as_array) else {
            return false;
        };
        wanted
            .iter()
            .all(|(id, give)| licenses.iter().any(|has| has == id.as_str()) == *give)
    };
    let mut step = Step::new(
        format!("{} ({name})", names.join(", ")),
        Effect::Change,
        patch(&changes, false),
        Undo::Calls(vec![patch(&changes, true)]),
    )
    .probe(Probe::new(
        by_email(person.emails.first().map_or("", String::as_str)),
        holds,
    ))
    .verify(|answer| {
        if answer.status.as_u16() == 206 {
            let problem = Problem::state("the service changed only some of the licenses")
                .next("look at the licenses of the organization, then run the file again");
            return Err(Refusal::half(problem));
        }
        Ok(())
    });
    if let Some(email) = person.emails.first() {
        step = step.note(Note::PersonChanged(email.clone()));
    }
    for (id, give) in changes {
        step = step.note(Note::Units(id, if give { 1 } else { -1 }));
    }
    Ok(plan.step(step))
}

/// What a row would do.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Shown {
    /// The row.
    pub row: usize,
    /// What is to happen.
    pub action: Action,
    /// To whom.
    pub email: String,
    /// The calls, in order.
    pub plans: Vec<Plan>,
    /// Why it could not be planned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

/// The plans of all rows in the order of a run: leavers, movers, joiners. Nothing is changed; what a row gives back
/// counts for those after it.
pub async fn dry_run(desk: &Desk, sheet: &Sheet) -> Vec<Shown> {
    let mut rows: Vec<&Row> = sheet.rows.iter().collect();
    rows.sort_by_key(|row| (row.action, row.row));
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        let mut shown = Shown {
            row: row.row,
            action: row.action,
            email: row.email.clone(),
            plans: Vec::new(),
            problem: None,
        };
        if let Err(problem) = plans(desk, row, &mut shown.plans).await {
            shown.problem = Some(problem);
        }
        all.push(shown);
    }
    all
}

async fn plans(desk: &Desk, row: &Row, into: &mut Vec<Plan>) -> Result<()> {
    let who = who(desk, row).await?;
    for part in parts(desk, row).await? {
        let plan = plan(desk, &who, &part).await?;
        for step in plan.steps() {
            desk.directory().learn(&step.notes, &Value::Null);
        }
        into.push(plan);
    }
    Ok(())
}
