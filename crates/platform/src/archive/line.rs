//! The lines of an archive.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::ports::{Cell, CellKind, OrgRow, OrgTable};

/// A row, and what of its document was sealed: where, and the plain text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RowLine {
    pub(super) row: OrgRow,
    pub(super) sealed: Vec<(String, String)>,
}

/// A part of a file, in the order of the bytes. The files of a record follow it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FileLine {
    /// Its id.
    pub(super) f: Uuid,
    /// Bytes, base64.
    pub(super) d: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) last: bool,
    /// It was not there: it had been deleted while its record was on the way.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) missing: bool,
}

/// What the last line says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ending {
    /// Rows of each table.
    pub(super) rows: BTreeMap<String, u64>,
    pub(super) files: u64,
    /// What must be made anew after an import.
    #[serde(default)]
    pub(super) anew: Vec<String>,
    /// Of the header and all lines before this one.
    pub(super) sha256: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct EndingLine {
    pub(super) end: Ending,
}

#[derive(Debug, Deserialize)]
struct Raw {
    t: Option<String>,
    #[serde(default)]
    c: Vec<Box<RawValue>>,
    #[serde(default)]
    s: Vec<(String, String)>,
    f: Option<Uuid>,
    #[serde(default)]
    d: String,
    #[serde(default)]
    last: bool,
    #[serde(default)]
    missing: bool,
    end: Option<Ending>,
}

/// A line, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    Row(RowLine),
    File(FileLine),
    End(Ending),
}

fn text<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

impl RowLine {
    pub(super) fn write(&self) -> String {
        let kinds = OrgTable::named(self.row.table).map_or(&[][..], |table| table.columns);
        let cells = self
            .row
            .cells
            .iter()
            .zip(kinds)
            .map(|(cell, (_, kind))| match cell {
                Cell::Null => "null".to_owned(),
                Cell::Int(number) => number.to_string(),
                // A document is JSON already, on one line.
                Cell::Text(doc) if *kind == CellKind::Doc => doc.clone(),
                Cell::Text(plain) => text(plain),
                Cell::Id(id) => text(id),
                Cell::Hash(hash) => text(&STANDARD.encode(hash)),
            });
        let cells: Vec<String> = cells.collect();
        let sealed = match self.sealed.is_empty() {
            true => String::new(),
            false => format!(r#","s":{}"#, text(&self.sealed)),
        };
        format!(
            r#"{{"t":{},"c":[{}]{sealed}}}"#,
            text(&self.row.table),
            cells.join(",")
        )
    }
}

fn wrong(what: &str) -> Error {
    Error::invalid(format!("The archive is not in order: {what}."))
}

fn cell(kind: CellKind, raw: &RawValue) -> Result<Cell> {
    fn read<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Result<T> {
        serde_json::from_str(raw.get()).map_err(|_| wrong("a column holds something else than it must"))
    }
    Ok(match kind {
        CellKind::MaybeText | CellKind::MaybeId if raw.get() == "null" => Cell::Null,
        CellKind::Int => Cell::Int(read(raw)?),
        CellKind::Text | CellKind::MaybeText => Cell::Text(read(raw)?),
        CellKind::Id | CellKind::MaybeId => Cell::Id(read(raw)?),
        CellKind::Hash => {
            let text: String = read(raw)?;
            let bytes = STANDARD.decode(text).ok();
            let hash = bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
            Cell::Hash(hash.ok_or_else(|| wrong("a hash is none"))?)
        }
        CellKind::Doc => Cell::Text(raw.get().to_owned()),
    })
}

/// Reads a line.
pub(super) fn read(line: &str) -> Result<Line> {
    let raw: Raw = serde_json::from_str(line).map_err(|error| wrong(&format!("a line is {error}")))?;
    match raw {
        Raw { end: Some(end), .. } => Ok(Line::End(end)),
        Raw {
            f: Some(f),
            d,
            last,
            missing,
            ..
        } => Ok(Line::File(FileLine { f, d, last, missing })),
        Raw { t: Some(t), c, s, .. } => {
            let table = OrgTable::named(&t).ok_or_else(|| wrong("it has a table that is not known"))?;
            if c.len() != table.columns.len() {
                return Err(wrong("a row has too many columns or too few"));
            }
            let cells = table
                .columns
                .iter()
                .zip(&c)
                .map(|((_, kind), raw)| cell(*kind, raw));
            let row = OrgRow {
                table: table.name,
                cells: cells.collect::<Result<_>>()?,
            };
            Ok(Line::Row(RowLine { row, sealed: s }))
        }
        _ => Err(wrong("a line says nothing")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_comes_back() {
        let row = OrgRow {
            table: "token",
            cells: vec![
                Cell::Hash([7; 32]),
                Cell::Id(Uuid::from_u128(9)),
                Cell::Text("access".to_owned()),
                Cell::Int(-3),
                Cell::Text(r#"{"a":1.10,"ø":"\n\""}"#.to_owned()),
            ],
        };
        let line = RowLine {
            row,
            sealed: vec![("/a".to_owned(), "secret".to_owned())],
        };
        let text = line.write();
        assert!(!text.contains('\n'));
        assert_eq!(read(&text).unwrap(), Line::Row(line));
        for bad in [
            "",
            "{}",
            r#"{"t":"nothing","c":[]}"#,
            r#"{"t":"token","c":[]}"#,
            r#"{"t":"configured","c":["x","y",{}]}"#,
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
