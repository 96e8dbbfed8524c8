//! The file: rows of people, and what is wrong with it alone.

use std::collections::HashMap;
use std::fmt;

use csv::{ByteRecord, ReaderBuilder};
use serde::{Deserialize, Serialize};

use crate::e164::{self, Number};
use crate::users;

/// What is to happen to somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// Somebody leaves. Leavers come first: what they give back others can have.
    Leave,
    /// Somebody moves: to another desk, department, name or number.
    Move,
    /// Somebody joins.
    Join,
}

impl Action {
    /// The word in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Leave => "leave",
            Self::Move => "move",
            Self::Join => "join",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        match text.to_lowercase().as_str() {
            "leave" | "leaver" => Some(Self::Leave),
            "move" | "mover" => Some(Self::Move),
            "join" | "joiner" => Some(Self::Join),
            _ => None,
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What remains of a leaver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Farewell {
    /// The account, which cannot sign in or call any more. This is what an empty cell means.
    #[default]
    Deactivate,
    /// Nothing: the account is deleted.
    Delete,
    /// All but the calls: number, extension and license are free.
    Calling,
}

/// A column of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Column(usize);

/// All columns: the name, and what stands in it. `action` and `email` must be there, the others may be.
pub const COLUMNS: &[(&str, &str)] = &[
    ("action", "join, move or leave"),
    ("email", "the address of the person, as it is now"),
    ("first_name", "the first name"),
    ("last_name", "the last name"),
    (
        "display_name",
        "the name that is shown; of a joiner first and last name if it is empty",
    ),
    ("new_email", "of a mover: another address"),
    ("title", "the title; of a mover `-` clears it"),
    ("department", "the department; of a mover `-` clears it"),
    ("manager", "the manager, as text; of a mover `-` clears it"),
    (
        "licenses",
        "licenses by name or id, separated by `;`; of a mover they are added, and with `-` before it a license is taken",
    ),
    ("location", "where the person calls, by name or id"),
    (
        "number",
        "the phone number, in E.164; in a location of the North American plan also as people there write it",
    ),
    (
        "extension",
        "the extension, without the routing prefix of the location",
    ),
    (
        "leave",
        "of a leaver: `deactivate` (as if empty), `delete`, or `calling` to take the phone only",
    ),
];

macro_rules! columns {
    ($($name:ident = $at:literal),* $(,)?) => {
        impl Column {
            $(pub(crate) const $name: Self = Self($at);)*
        }
    };
}
columns! {
    ACTION = 0, EMAIL = 1, FIRST_NAME = 2, LAST_NAME = 3, DISPLAY_NAME = 4, NEW_EMAIL = 5, TITLE = 6,
    DEPARTMENT = 7, MANAGER = 8, LICENSES = 9, LOCATION = 10, NUMBER = 11, EXTENSION = 12, LEAVE = 13,
}

impl Column {
    /// The name in the first row.
    pub fn as_str(self) -> &'static str {
        COLUMNS[self.0].0
    }

    /// The column of a heading, however people spell it.
    fn parse(heading: &str) -> Option<Self> {
        let plain: String = heading
            .trim()
            .to_lowercase()
            .chars()
            .filter(|c| c.is_alphanumeric())
            .collect();
        let plain = match plain.as_str() {
            "license" => "licenses",
            "phonenumber" | "phone" => "number",
            "emailaddress" | "mail" => "email",
            "givenname" => "firstname",
            "surname" | "familyname" => "lastname",
            plain => plain,
        };
        let same = |name: &str| name.replace('_', "") == plain;
        COLUMNS.iter().position(|(name, _)| same(name)).map(Self)
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One thing that is wrong with the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The row, as a spreadsheet counts: the headings are row 1.
    pub row: usize,
    /// The column, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<&'static str>,
    /// What is wrong, as a sentence without its full stop.
    pub what: String,
}

impl Fault {
    pub(crate) fn new(row: usize, column: Option<Column>, what: impl Into<String>) -> Self {
        Self {
            row,
            column: column.map(Column::as_str),
            what: what.into(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "row {}", self.row)?;
        if let Some(column) = self.column {
            write!(f, ", {column}")?;
        }
        write!(f, ": {}", self.what)
    }
}

/// Somebody's row.
#[derive(Clone, Debug)]
pub struct Row {
    /// The row, as a spreadsheet counts: the headings are row 1.
    pub row: usize,
    /// What names the row in a journal: a digest of what it says.
    pub key: String,
    /// What is to happen.
    pub action: Action,
    /// To whom.
    pub email: String,
    /// What remains of a leaver.
    pub farewell: Farewell,
    cells: Vec<String>,
}

impl Row {
    /// What stands in a cell, if something does.
    pub(crate) fn cell(&self, column: Column) -> Option<&str> {
        let text = self.cells.get(column.0)?.trim();
        (!text.is_empty()).then_some(text)
    }

    /// The licenses that are named: the text, and whether the person gets it or loses it.
    pub(crate) fn licenses(&self) -> impl Iterator<Item = (&str, bool)> {
        let all = self.cell(Column::LICENSES).unwrap_or_default().split(';');
        all.map(str::trim).filter(|text| !text.is_empty()).map(|text| {
            text.strip_prefix('-')
                .map_or((text, true), |taken| (taken.trim(), false))
        })
    }

    /// Whether something is said about the line.
    pub(crate) fn has_line(&self) -> bool {
        [Column::LOCATION, Column::NUMBER, Column::EXTENSION]
            .into_iter()
            .any(|column| self.cell(column).is_some())
    }
}

/// A file of joiners, movers and leavers.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// The rows that can be understood, in the order of the file.
    pub rows: Vec<Row>,
    /// What is wrong with the file, as far as the file alone can say.
    pub faults: Vec<Fault>,
    /// A digest of the whole text.
    pub digest: String,
}

/// The longest text in a cell.
const LONGEST: usize = 1024;

impl Sheet {
    /// Reads the text of a CSV file: commas or semicolons, quotes as in RFC 4180, the names of the columns in the
    /// first row, in any order.
    pub fn read(text: &str) -> Self {
        let digest = digest(text.as_bytes());
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut sheet = Self {
            rows: Vec::new(),
            faults: Vec::new(),
            digest,
        };
        let first = text.lines().next().unwrap_or_default();
        let semicolons = first.contains(';') && !first.contains(',');
        let mut reader = ReaderBuilder::new()
            .delimiter(if semicolons { b';' } else { b',' })
            .has_headers(false)
            .flexible(true)
            .from_reader(text.as_bytes());
        let mut records = reader.byte_records();
        let Some(Ok(headings)) = records.next() else {
            sheet.faults.push(Fault::new(
                1,
                None,
                "the file is empty: the names of the columns are missing",
            ));
            return sheet;
        };
        let Some(columns) = sheet.headings(&headings) else {
            return sheet;
        };
        for (index, record) in records.enumerate() {
            let row = index + 2;
            match record {
                // The text is UTF-8 already, so what remains cannot happen to a string in memory.
                Err(error) => sheet
                    .faults
                    .push(Fault::new(row, None, format!("it cannot be read: {error}"))),
                Ok(record) if record.iter().all(|cell| cell.trim_ascii().is_empty()) => {}
                Ok(record) => sheet.row(row, &columns, &record),
            }
        }
        if sheet.rows.is_empty() && sheet.faults.is_empty() {
            sheet.faults.push(Fault::new(
                2,
                None,
                "there is no row under the names of the columns",
            ));
        }
        sheet.duplicates();
        sheet.sort_faults();
        sheet
    }

    pub(crate) fn sort_faults(&mut self) {
        let place = |column: Option<&'static str>| COLUMNS.iter().position(|(name, _)| Some(*name) == column);
        self.faults.sort_by_key(|fault| (fault.row, place(fault.column)));
    }

    /// What each place of a record is; `None`: the file cannot be understood.
    fn headings(&mut self, headings: &ByteRecord) -> Option<Vec<Column>> {
        let mut columns: Vec<Column> = Vec::new();
        for heading in headings {
            let heading = String::from_utf8_lossy(heading);
            match Column::parse(&heading) {
                Some(column) if columns.contains(&column) => {
                    self.faults
                        .push(Fault::new(1, Some(column), "this column is there twice"));
                }
                Some(column) => columns.push(column),
                None => {
                    let known: Vec<&str> = COLUMNS.iter().map(|(name, _)| *name).collect();
                    self.faults.push(Fault::new(
                        1,
                        None,
                        format!(
                            "`{}` is no column; there are: {}",
                            heading.trim(),
                            known.join(", ")
                        ),
                    ));
                }
            }
        }
        for column in [Column::ACTION, Column::EMAIL] {
            if !columns.contains(&column) {
                self.faults
                    .push(Fault::new(1, Some(column), "this column is missing"));
            }
        }
        self.faults.is_empty().then_some(columns)
    }

    fn row(&mut self, row: usize, columns: &[Column], record: &ByteRecord) {
        if record.len() != columns.len() {
            let what = format!(
                "it has {} cells, and the first row has {}: is a comma not in quotes?",
                record.len(),
                columns.len()
            );
            self.faults.push(Fault::new(row, None, what));
            return;
        }
        let mut cells = vec![String::new(); COLUMNS.len()];
        for (column, cell) in columns.iter().zip(record) {
            let text = String::from_utf8_lossy(cell).trim().to_owned();
            if text.len() > LONGEST || text.contains(char::is_control) {
                self.faults.push(Fault::new(
                    row,
                    Some(*column),
                    "it is too long, or holds control characters",
                ));
            }
            cells[column.0] = text;
        }
        let key = digest(cells.join("\u{1f}").as_bytes());
        let text = cells[Column::ACTION.0].as_str();
        let Some(action) = Action::parse(text) else {
            let what = match text {
                "" => "it is empty: join, move or leave".to_owned(),
                text => format!("`{text}` is none of join, move and leave"),
            };
            self.faults.push(Fault::new(row, Some(Column::ACTION), what));
            return;
        };
        let mut read = Row {
            row,
            key,
            action,
            email: cells[Column::EMAIL.0].to_lowercase(),
            farewell: Farewell::default(),
            cells,
        };
        self.cells_of(&mut read);
        self.rows.push(read);
    }

    /// What a row alone can say of its cells.
    fn cells_of(&mut self, row: &mut Row) {
        let mut faults = Vec::new();
        let mut wrong = |column: Column, what: String| faults.push(Fault::new(row.row, Some(column), what));
        match row.cell(Column::EMAIL) {
            None => wrong(Column::EMAIL, "it is empty".to_owned()),
            Some(text) => {
                if let Err(problem) = users::email(text) {
                    wrong(Column::EMAIL, problem.what().to_owned());
                }
            }
        }
        if let Some(text) = row.cell(Column::EXTENSION)
            && let Err(problem) = e164::extension(text)
        {
            wrong(Column::EXTENSION, problem.what().to_owned());
        }
        if let Some(text) = row.cell(Column::NUMBER)
            && let Err(problem) = Number::parse_in(text, Some("US"))
        {
            wrong(Column::NUMBER, problem.what().to_owned());
        }
        let only = |column: Column, action: Action| {
            (row.action != action && row.cell(column).is_some())
                .then(|| format!("it is only for those who {action}"))
        };
        let rules = [(Column::NEW_EMAIL, Action::Move), (Column::LEAVE, Action::Leave)];
        for (column, action) in rules {
            if let Some(what) = only(column, action) {
                wrong(column, what);
            }
        }
        if row.action != Action::Leave
            && row.cell(Column::LOCATION).is_some()
            && row.cell(Column::NUMBER).is_none()
            && row.cell(Column::EXTENSION).is_none()
        {
            let what = "who calls there needs a number, an extension or both";
            wrong(Column::LOCATION, what.to_owned());
        }
        match row.action {
            Action::Join => {
                let names = [Column::FIRST_NAME, Column::LAST_NAME, Column::DISPLAY_NAME];
                if names.into_iter().all(|column| row.cell(column).is_none()) {
                    wrong(
                        Column::FIRST_NAME,
                        "a joiner needs a first, last or display name".to_owned(),
                    );
                }
                if row.licenses().any(|(_, given)| !given) {
                    wrong(Column::LICENSES, "a joiner has no license to take".to_owned());
                }
            }
            Action::Move => {
                if let Some(text) = row.cell(Column::NEW_EMAIL)
                    && let Err(problem) = users::email(text)
                {
                    wrong(Column::NEW_EMAIL, problem.what().to_owned());
                }
                let said = (2..COLUMNS.len()).any(|at| row.cell(Column(at)).is_some());
                if !said {
                    wrong(Column::ACTION, "nothing is to change of this mover".to_owned());
                }
            }
            Action::Leave => {
                for at in 2..COLUMNS.len() {
                    let column = Column(at);
                    let harmless = [
                        Column::FIRST_NAME,
                        Column::LAST_NAME,
                        Column::DISPLAY_NAME,
                        Column::NEW_EMAIL,
                        Column::LEAVE,
                    ];
                    if !harmless.contains(&column) && row.cell(column).is_some() {
                        wrong(column, "it must be empty for who leaves".to_owned());
                    }
                }
            }
        }
        let farewell = match row.cell(Column::LEAVE).map(str::to_lowercase).as_deref() {
            None | Some("deactivate") => Farewell::Deactivate,
            Some("delete") => Farewell::Delete,
            Some("calling") => Farewell::Calling,
            Some(other) => {
                wrong(
                    Column::LEAVE,
                    format!("`{other}` is none of deactivate, delete and calling"),
                );
                Farewell::Deactivate
            }
        };
        row.farewell = farewell;
        self.faults.append(&mut faults);
    }

    /// Who or what is there twice.
    fn duplicates(&mut self) {
        let mut people: HashMap<String, usize> = HashMap::new();
        let mut numbers: HashMap<Number, usize> = HashMap::new();
        let mut faults = Vec::new();
        for row in &self.rows {
            let mut addresses = vec![(Column::EMAIL, row.email.clone())];
            if let Some(text) = row.cell(Column::NEW_EMAIL) {
                addresses.push((Column::NEW_EMAIL, text.to_lowercase()));
            }
            for (column, address) in addresses {
                if address.is_empty() {
                    continue;
                }
                if let Some(before) = people.get(&address) {
                    let what = format!("{address} stands in row {before} already");
                    faults.push(Fault::new(row.row, Some(column), what));
                } else {
                    people.insert(address, row.row);
                }
            }
            // National forms are read when the location is known; what is American in one row is in all.
            let number = row.cell(Column::NUMBER);
            let number = number.and_then(|text| Number::parse_in(text, Some("US")).ok());
            if let Some(number) = number {
                if let Some(before) = numbers.get(&number) {
                    let what = format!("{number} stands in row {before} already");
                    faults.push(Fault::new(row.row, Some(Column::NUMBER), what));
                } else {
                    numbers.insert(number, row.row);
                }
            }
        }
        self.faults.extend(faults);
    }
}

/// 128 bits of a digest, in hex: no two rows or files have the same by chance.
pub(crate) fn digest(bytes: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    digest.as_ref()[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
