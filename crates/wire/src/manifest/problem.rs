//! What was wrong, where, and how a person gets to see it.

use std::fmt;
use std::ops::Range;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents,
    SourceCode, SourceSpan, SpanContents,
};
use serde::Serialize;

/// Whether a problem stands in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The manifest is refused.
    Error,
    /// The manifest is accepted, but something in it is probably not meant.
    Warning,
}

/// One thing that is wrong with a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    pub severity: Severity,
    /// The place in the document: `$.xapiAccess.status[2].path`.
    pub path: String,
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
    /// The text that it is about, in bytes.
    pub span: Range<usize>,
    /// A lower-case fragment.
    pub message: String,
    /// What to write instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl Problem {
    /// Whether it stands in the way.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// The problem in one line, without the help: `12:9: $.email: is empty`.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}: {}: {}",
            self.line, self.column, self.path, self.message
        )
    }
}

/// The problems of one file, for a terminal: wrap it in `miette::Report`, or [`render`](Self::render) it.
#[derive(Debug)]
pub struct Diagnosis {
    source: Source,
    problems: Vec<Shown>,
}

impl Diagnosis {
    /// `text` is what was parsed, and `name` what the reader calls it.
    pub fn new(name: impl Into<String>, text: impl Into<String>, problems: Vec<Problem>) -> Self {
        let source = Source {
            name: name.into(),
            text: text.into(),
        };
        let shown = |problem: Problem| Shown {
            label: source.underlined(&problem.span),
            problem,
        };
        let problems = problems.into_iter().map(shown).collect();
        Self { source, problems }
    }

    /// The problems, each with its line, for a terminal that is `width` columns wide.
    pub fn render(&self, colour: bool, width: usize) -> String {
        let theme = if colour {
            GraphicalTheme::unicode()
        } else {
            GraphicalTheme::unicode_nocolor()
        };
        let handler = GraphicalReportHandler::new_themed(theme)
            .with_links(false)
            .with_width(width.max(40));
        let mut out = String::new();
        match handler.render_report(&mut out, self) {
            Ok(()) => out,
            // A span outside the text, which only a hand-made problem has: say it without the picture.
            Err(fmt::Error) => self
                .problems
                .iter()
                .map(|shown| format!("{}\n", shown.problem))
                .collect(),
        }
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errors = self
            .problems
            .iter()
            .filter(|shown| shown.problem.is_error())
            .count();
        let count = |number: usize, noun: &str| match number {
            1 => format!("1 {noun}"),
            number => format!("{number} {noun}s"),
        };
        let (errors, warnings) = (
            count(errors, "error"),
            count(self.problems.len() - errors, "warning"),
        );
        write!(f, "{}: {errors}, {warnings}", self.source.name)
    }
}

impl std::error::Error for Diagnosis {}

impl Diagnostic for Diagnosis {
    fn severity(&self) -> Option<miette::Severity> {
        let refused = self.problems.iter().any(|shown| shown.problem.is_error());
        Some(if refused {
            miette::Severity::Error
        } else {
            miette::Severity::Warning
        })
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(
            self.problems.iter().map(|shown| shown as &dyn Diagnostic),
        ))
    }
}

/// A problem as miette wants it.
#[derive(Debug)]
struct Shown {
    problem: Problem,
    label: Range<usize>,
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.problem.path, self.problem.message)
    }
}

impl std::error::Error for Shown {}

impl Diagnostic for Shown {
    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.problem.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.problem
            .help
            .as_ref()
            .map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(std::iter::once(LabeledSpan::underline(
            self.label.clone(),
        ))))
    }
}

/// The text of the file. Where a line is too long for any screen, only the part around the span is
/// shown: a manifest may be one line of a megabyte.
#[derive(Debug)]
struct Source {
    name: String,
    text: String,
}

/// Longest line that is shown whole, in bytes.
const LONG_LINE: usize = 240;
/// What is shown of a longer one, on either side of the span.
const AROUND: usize = 60;

impl SourceCode for Source {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let (from, to) = (span.offset(), span.offset() + span.len());
        let (Some(head), Some(_), Some(tail)) = (
            self.text.get(..from),
            self.text.get(from..to),
            self.text.get(to..),
        ) else {
            return Err(MietteError::OutOfBounds);
        };
        let line_start = head.rfind('\n').map_or(0, |at| at + 1);
        let (mut start, mut end) = (from, to);
        // Without context, miette wants the span alone: it takes the position of the whole from it.
        if before > 0 || after > 0 {
            start = line_start;
            end = tail.find('\n').map_or(self.text.len(), |at| to + at);
            for _ in 0..before {
                let above = &self.text[..start.saturating_sub(1)];
                start = above.rfind('\n').map_or(0, |at| at + 1);
            }
            for _ in 0..after {
                let below = self.text.get(end + 1..).unwrap_or_default();
                end = below.find('\n').map_or(self.text.len(), |at| end + 1 + at);
            }
            if self.text[start..end]
                .split('\n')
                .any(|line| line.len() > LONG_LINE)
            {
                start = self.boundary(from.saturating_sub(AROUND)).max(line_start);
                end = self.boundary((to + AROUND).min(self.text.len()));
                end = self.text[to..end].find('\n').map_or(end, |at| to + at);
            }
        }
        let line = self.text.as_bytes()[..start]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count();
        let column = self.text[line_start.min(start)..start].chars().count();
        let column = if start < line_start { 0 } else { column };
        let data = &self.text.as_bytes()[start..end];
        let lines = data.iter().filter(|byte| **byte == b'\n').count() + 1;
        let shown = SourceSpan::from(start..end);
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            data,
            shown,
            line,
            column,
            lines,
        )))
    }
}

impl Source {
    /// The nearest start of a character at or before an offset.
    fn boundary(&self, mut at: usize) -> usize {
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }

    /// The part of a span that is underlined: on one line, and short enough for a screen.
    fn underlined(&self, span: &Range<usize>) -> Range<usize> {
        let text = self.text.get(span.clone()).unwrap_or_default();
        let line = text.find(['\r', '\n']).unwrap_or(text.len());
        let end = if text.is_empty() {
            span.end
        } else {
            span.start + line.min(LONG_LINE)
        };
        span.start..if end <= self.text.len() {
            self.boundary(end)
        } else {
            end
        }
    }
}
