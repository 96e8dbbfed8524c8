//! Aligned text for people: tables, and lines with labels.

use unicode_width::UnicodeWidthStr as _;

/// Columns stand this far apart.
const GAP: usize = 2;

/// What stands where there is nothing to say.
pub(crate) const NONE: &str = "-";

/// Rows under headings. The last column is not padded, so that long ids do not bloat the lines.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table with these headings.
    pub(crate) fn new(headings: &[&str]) -> Self {
        Self {
            rows: vec![headings.iter().map(|&heading| heading.to_owned()).collect()],
        }
    }

    /// Adds a row; empty cells get a dash, and cells are one line each.
    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        let cell = |cell: String| match cell.trim() {
            "" => NONE.to_owned(),
            text if text.contains(['\n', '\r', '\t']) => text.replace(['\n', '\r', '\t'], " "),
            _ => cell,
        };
        self.rows.push(cells.into_iter().map(cell).collect());
    }

    /// Whether there is no row.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.len() == 1
    }

    /// The table, or a sentence where it is empty.
    pub(crate) fn or(&self, empty: &str) -> String {
        if self.is_empty() {
            empty.to_owned()
        } else {
            self.render()
        }
    }

    /// The table as text.
    pub(crate) fn render(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.width()).max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut text = String::new();
        for row in &self.rows {
            for (column, cell) in row.iter().enumerate() {
                text.push_str(cell);
                if column + 1 < row.len() {
                    pad(&mut text, widths[column].saturating_sub(cell.width()) + GAP);
                }
            }
            text.push('\n');
        }
        text
    }
}

/// Lines of a label and a text each.
#[derive(Debug, Default)]
pub(crate) struct Labelled {
    lines: Vec<(String, String)>,
}

impl Labelled {
    /// Adds a line.
    pub(crate) fn add(&mut self, label: &str, text: impl Into<String>) -> &mut Self {
        self.lines.push((label.to_owned(), text.into()));
        self
    }

    /// Adds a line if there is something to say.
    pub(crate) fn add_some(&mut self, label: &str, text: Option<impl Into<String>>) -> &mut Self {
        if let Some(text) = text.map(Into::into).filter(|text: &String| !text.is_empty()) {
            self.add(label, text);
        }
        self
    }

    /// Adds a line for each item; only the first carries the label.
    pub(crate) fn add_list(&mut self, label: &str, items: impl IntoIterator<Item = String>) -> &mut Self {
        let mut label = label;
        for item in items {
            self.add(label, item);
            label = "";
        }
        self
    }

    /// The lines, aligned.
    pub(crate) fn render(&self) -> String {
        let widths = self.lines.iter().map(|(label, _)| label.width());
        let width = widths.max().unwrap_or_default() + 1;
        let mut text = String::new();
        for (label, line) in &self.lines {
            let mut rest = line.split('\n');
            text.push_str(label);
            let colon = usize::from(!label.is_empty());
            if colon == 1 {
                text.push(':');
            }
            pad(&mut text, width - label.width() - colon + GAP);
            text.push_str(rest.next().unwrap_or_default());
            for line in rest {
                text.push('\n');
                pad(&mut text, width + GAP);
                text.push_str(line);
            }
            text.push('\n');
        }
        text
    }
}

fn pad(text: &mut String, blanks: usize) {
    text.extend(std::iter::repeat_n(' ', blanks));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_whatever_the_script() {
        let mut table = Table::new(&["NAME", "STATE", "ID"]);
        table.row(["Board Room".to_owned(), "connected".to_owned(), "1".to_owned()]);
        table.row(["会議室".to_owned(), String::new(), "a long id".to_owned()]);
        table.row(["two\nlines".to_owned(), "x".to_owned(), "3".to_owned()]);
        insta::assert_snapshot!(table.render(), @r"
        NAME        STATE      ID
        Board Room  connected  1
        会議室      -          a long id
        two lines   x          3
        ");
        assert_eq!(Table::new(&["NAME"]).or("nothing"), "nothing");
    }

    #[test]
    fn labels_line_up() {
        let mut lines = Labelled::default();
        lines.add("app id", "1").add_list(
            "scopes",
            ["spark:xapi_statuses", "spark:xapi_commands"].map(str::to_owned),
        );
        lines
            .add("note", "first\nsecond")
            .add_some("absent", None::<String>);
        insta::assert_snapshot!(lines.render(), @r"
        app id:  1
        scopes:  spark:xapi_statuses
                 spark:xapi_commands
        note:    first
                 second
        ");
    }
}
