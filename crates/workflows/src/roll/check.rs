//! What the organization says to a file: whether places, licenses, numbers and people are there and free.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use hallway_sdk::resources::{License, Location, Person};
use serde::Serialize;

use super::journal::Journal;
use super::sheet::{Action, Column, Farewell, Fault, Row, Sheet};
use crate::calling::DEFAULT_LICENSE;
use crate::desk::Desk;
use crate::directory::{Owner, ReadAhead};
use crate::e164::Number;
use crate::problem::{Problem, Result};
use crate::who::Who;

/// What a file takes of the organization, for the plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Needs {
    /// How many join, move and leave.
    pub actions: BTreeMap<&'static str, usize>,
    /// How many are there already of those who join.
    pub there_already: usize,
    /// How many leavers are deleted.
    pub deleted: usize,
    /// How many get a line.
    pub lines: usize,
    /// Units of each license that are taken, by its name.
    pub licenses: BTreeMap<String, i64>,
}

/// Checks a file against the organization, and adds what is wrong to its faults. Most is read ahead: the people and
/// the numbers of the organization, page by page. What an earlier run did, by its journal, is as it should be: a
/// leaver who is gone is no fault then.
///
/// # Errors
/// The service refused to be read, or could not be asked.
pub async fn check(desk: &Desk, sheet: &mut Sheet, journal: Option<&Journal>) -> Result<Needs> {
    let directory = desk.directory();
    let numbers = sheet.rows.iter().any(Row::has_line);
    directory
        .read_ahead(ReadAhead {
            people: true,
            numbers,
        })
        .await?;
    let mut check = Check::new(desk, sheet, journal);
    for row in &sheet.rows {
        check.row(row).await?;
    }
    check.units()?;
    let Check {
        faults, mut needs, ..
    } = check;
    needs.licenses.retain(|_, units| *units != 0);
    sheet.faults.extend(faults);
    sheet.sort_faults();
    Ok(needs)
}

type Found<T> = Option<T>;

struct Check<'a> {
    desk: &'a Desk,
    journal: Option<&'a Journal>,
    /// Addresses of those who give back all that they have to call with.
    leaving: HashSet<&'a str>,
    locations: HashMap<String, Found<Location>>,
    licenses: HashMap<String, Found<License>>,
    /// Who has which extension of a location in this file.
    extensions: HashMap<(String, String), usize>,
    /// The first row that needs one more unit than there are, and how many are needed and free.
    units: BTreeMap<String, (i64, i64, usize)>,
    faults: Vec<Fault>,
    needs: Needs,
}

impl<'a> Check<'a> {
    fn new(desk: &'a Desk, sheet: &'a Sheet, journal: Option<&'a Journal>) -> Self {
        let leaving = sheet.rows.iter().filter(|row| row.action == Action::Leave);
        Self {
            desk,
            journal,
            leaving: leaving.map(|row| row.email.as_str()).collect(),
            locations: HashMap::new(),
            licenses: HashMap::new(),
            extensions: HashMap::new(),
            units: BTreeMap::new(),
            faults: Vec::new(),
            needs: Needs::default(),
        }
    }

    fn wrong(&mut self, row: &Row, column: Column, what: impl Into<String>) {
        self.faults.push(Fault::new(row.row, Some(column), what));
    }

    async fn row(&mut self, row: &Row) -> Result<()> {
        let before = self.journal.and_then(|journal| journal.rows().get(&row.key));
        let begun = self.journal.is_some_and(|journal| journal.knows(&row.key));
        *self.needs.actions.entry(row.action.as_str()).or_default() += 1;
        if before.is_some_and(|before| before.outcome.is_success()) {
            return Ok(());
        }
        let person = if row.email.contains('@') {
            self.desk
                .directory()
                .person(&Who::Email(row.email.clone()))
                .await?
        } else {
            None
        };
        match (row.action, &person) {
            (Action::Join, Some(_)) => self.needs.there_already += 1,
            (Action::Move | Action::Leave, None) if row.email.contains('@') && !begun => {
                self.wrong(
                    row,
                    Column::EMAIL,
                    format!("nobody has the address {}", row.email),
                );
            }
            _ => {}
        }
        if let Some(new) = row.cell(Column::NEW_EMAIL)
            && !new.eq_ignore_ascii_case(&row.email)
            && !begun
            && self
                .desk
                .directory()
                .person(&Who::Email(new.to_lowercase()))
                .await?
                .is_some()
        {
            self.wrong(
                row,
                Column::NEW_EMAIL,
                format!("{new} is somebody's address already"),
            );
        }
        if row.action == Action::Leave {
            self.leaver(row, person.as_deref()).await?;
            return Ok(());
        }
        let calling = self.licenses_of(row, person.as_deref()).await?;
        self.line(row, person.as_deref(), calling).await
    }

    async fn leaver(&mut self, row: &Row, person: Option<&Person>) -> Result<()> {
        if row.farewell == Farewell::Delete {
            self.needs.deleted += 1;
        }
        let Some(person) = person else { return Ok(()) };
        let licenses = self.desk.directory().licenses().await?;
        for id in &person.licenses {
            let Some(license) = licenses.iter().find(|license| license.id.as_str() == id.as_str()) else {
                continue;
            };
            if row.farewell == Farewell::Delete || license.is_calling() {
                *self.needs.licenses.entry(license.name.clone()).or_default() -= 1;
                self.take(license, -1, row);
            }
        }
        Ok(())
    }

    fn take(&mut self, license: &License, units: i64, row: &Row) {
        let free = self.desk.directory().free_units(license);
        let entry = self
            .units
            .entry(license.name.clone())
            .or_insert((0, free, row.row));
        entry.0 += units;
        if units > 0 && entry.0 <= free {
            // The next one is the first that gets none.
            entry.2 = row.row;
        }
    }

    /// What is wrong with a problem of the directory: the text where the file is wrong, the problem otherwise.
    fn text(problem: Problem) -> Result<String> {
        if problem.error().is_some() {
            return Err(problem);
        }
        let next = problem.next_step().map(|next| format!("; {next}"));
        Ok(format!("{}{}", problem.what(), next.unwrap_or_default()))
    }

    /// Checks the licenses, and says whether one of them is for calling.
    async fn licenses_of(&mut self, row: &Row, person: Option<&Person>) -> Result<bool> {
        let mut calling = None;
        for (text, given) in row.licenses() {
            let found = match self.licenses.get(text) {
                Some(found) => found.clone(),
                None => {
                    let found = match self.desk.directory().license(text).await {
                        Ok(license) => Some(license),
                        Err(problem) => {
                            let what = Self::text(problem)?;
                            self.wrong(row, Column::LICENSES, what);
                            None
                        }
                    };
                    self.licenses.insert(text.to_owned(), found.clone());
                    if found.is_none() {
                        continue;
                    }
                    found
                }
            };
            let Some(license) = found else {
                self.wrong(row, Column::LICENSES, format!("no license is called `{text}`"));
                continue;
            };
            if license.is_calling() {
                if !given {
                    let what =
                        "calling is taken with a row of its own: leave, with `calling` in the column leave";
                    self.wrong(row, Column::LICENSES, what);
                } else if calling.replace(text.to_owned()).is_some() {
                    self.wrong(
                        row,
                        Column::LICENSES,
                        "two licenses for calling do not go together",
                    );
                } else if !row.has_line() && !person.is_some_and(|person| has(person, &license)) {
                    let what = format!(
                        "`{}` needs a location, and a number or an extension",
                        license.name
                    );
                    self.wrong(row, Column::LICENSES, what);
                }
            }
            let has = person.is_some_and(|person| has(person, &license));
            if given != has {
                let units = if given { 1 } else { -1 };
                *self.needs.licenses.entry(license.name.clone()).or_default() += units;
                self.take(&license, units, row);
            }
        }
        Ok(calling.is_some())
    }

    /// Checks place, number and extension.
    async fn line(&mut self, row: &Row, person: Option<&Person>, named: bool) -> Result<()> {
        if !row.has_line() {
            return Ok(());
        }
        self.needs.lines += 1;
        let calls = match person {
            Some(person) => person.location_id.is_some(),
            None => false,
        };
        if !named && !calls {
            let license = self.desk.directory().license(DEFAULT_LICENSE).await;
            match license {
                Ok(license) => {
                    *self.needs.licenses.entry(license.name.clone()).or_default() += 1;
                    self.take(&license, 1, row);
                }
                Err(problem) => {
                    let what = Self::text(problem)?;
                    self.wrong(row, Column::LICENSES, what);
                }
            }
        }
        let location = match row.cell(Column::LOCATION) {
            None => None,
            Some(text) => match self.location(row, text).await? {
                Some(location) => Some(location),
                // More about it would only repeat that the place is wrong.
                None => return Ok(()),
            },
        };
        let mut place = location.as_ref().map(|location| location.id.clone());
        if let Some(text) = row.cell(Column::NUMBER) {
            let country = location
                .as_ref()
                .and_then(|location| location.address.country.clone());
            match Number::parse_in(text, country.as_deref()) {
                Err(problem) => {
                    // What has digits enough for America was taken for good so far.
                    if Number::parse_in(text, Some("US")).is_ok() {
                        self.wrong(row, Column::NUMBER, problem.what().to_owned());
                    }
                }
                Ok(number) => {
                    if let Some(at) = self.number(row, &number, location.as_ref(), person).await? {
                        place = place.or(Some(at));
                    }
                }
            }
        }
        let place = place.or_else(|| person.and_then(|person| person.location_id.clone()));
        let Some(extension) = row.cell(Column::EXTENSION) else {
            return Ok(());
        };
        let Some(place) = place else {
            self.wrong(row, Column::LOCATION, "an extension needs a location");
            return Ok(());
        };
        let key = (place.as_str().to_owned(), extension.to_owned());
        if let Some(before) = self.extensions.get(&key).copied() {
            let what = format!("extension {extension} of this location stands in row {before} already");
            self.wrong(row, Column::EXTENSION, what);
            return Ok(());
        }
        self.extensions.insert(key, row.row);
        if let Some(owner) = self.desk.directory().extension(&place, extension).await?
            && !self.gives_back(&owner, person).await?
        {
            let what = format!("extension {extension} belongs to {} already", name_of(&owner));
            self.wrong(row, Column::EXTENSION, what);
        }
        Ok(())
    }

    async fn location(&mut self, row: &Row, text: &str) -> Result<Option<Location>> {
        if let Some(found) = self.locations.get(text) {
            if found.is_none() {
                let what = format!("`{text}` cannot be taken, as in a row above");
                self.faults
                    .push(Fault::new(row.row, Some(Column::LOCATION), what));
            }
            return Ok(found.clone());
        }
        let found = match self.desk.directory().location(text).await {
            Ok(location) => match self.desk.directory().demand_calling(&location).await {
                Ok(_) => Some(location),
                Err(problem) => {
                    let what = Self::text(problem)?;
                    self.wrong(row, Column::LOCATION, what);
                    None
                }
            },
            Err(problem) => {
                let what = Self::text(problem)?;
                self.wrong(row, Column::LOCATION, what);
                None
            }
        };
        self.locations.insert(text.to_owned(), found.clone());
        Ok(found)
    }

    /// Checks a number, and says where it belongs.
    async fn number(
        &mut self,
        row: &Row,
        number: &Number,
        location: Option<&Location>,
        person: Option<&Person>,
    ) -> Result<Option<hallway_sdk::LocationId>> {
        let Some(known) = self.desk.directory().number(number).await? else {
            let what = format!(
                "the organization has no number {number}; `hallway number add` adds it to a location"
            );
            self.wrong(row, Column::NUMBER, what);
            return Ok(None);
        };
        let at = known.location.as_ref().map(|place| place.id.clone());
        if let (Some(wanted), Some(has)) = (location, &at)
            && !wanted.id.names_same(has)
        {
            let name = known.location.as_ref().and_then(|place| place.name.clone());
            let has = name.unwrap_or_else(|| has.to_string());
            let what = format!("{number} belongs to the location {has}, not to {}", wanted.name);
            self.wrong(row, Column::NUMBER, what);
        }
        if known.main {
            self.wrong(
                row,
                Column::NUMBER,
                format!("{number} is the main number of its location"),
            );
        } else if let Some(owner) = &known.owner
            && !self.gives_back(owner, person).await?
        {
            self.wrong(
                row,
                Column::NUMBER,
                format!("{number} belongs to {} already", name_of(owner)),
            );
        }
        Ok(at)
    }

    /// Whether what somebody has is free when the row's turn comes: it is the person's own, or its owner leaves.
    async fn gives_back(&self, owner: &Owner, person: Option<&Person>) -> Result<bool> {
        if person.is_some_and(|person| owner.is(&person.id)) {
            return Ok(true);
        }
        for email in &self.leaving {
            let who = Who::Email((*email).to_owned());
            let leaver: Option<Arc<Person>> = self.desk.directory().person(&who).await?;
            if leaver.is_some_and(|leaver| owner.is(&leaver.id)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether there are units enough.
    #[expect(clippy::unnecessary_wraps, reason = "as its neighbours")]
    fn units(&mut self) -> Result<()> {
        for (name, (needed, free, row)) in std::mem::take(&mut self.units) {
            if needed > free {
                let what = format!("the file needs {needed} more units of `{name}`, and {free} are free");
                self.faults.push(Fault::new(row, Some(Column::LICENSES), what));
            }
        }
        Ok(())
    }
}

fn has(person: &Person, license: &License) -> bool {
    person.licenses.iter().any(|id| *id == license.id.as_str())
}

fn name_of(owner: &Owner) -> String {
    match owner.name() {
        name if name.is_empty() => "somebody".to_owned(),
        name => name,
    }
}
