//! `hallway manifest`: needs no running Hallway.

use std::path::Path;

use hallway_wire::manifest::{Diagnosis, ParseOptions, Problem, parse};
use hallway_xapi::Catalogue;

use super::args::ManifestCommand;
use super::failure::{Failure, Result};
use super::input;
use super::printer::Printer;

pub(crate) fn run(command: &ManifestCommand, printer: &mut Printer) -> Result {
    let ManifestCommand::Check { file, allow_http } = command;
    let text = input::file_or_stdin(file, "the manifest")?;
    let problems = problems(&text, *allow_http);
    let refused = problems.iter().any(Problem::is_error);
    if printer.is_json() {
        printer.document(&problems)?;
    } else if problems.is_empty() {
        printer.text(&format!("{}: no problems", name(file)))?;
    } else {
        let (colour, width) = printer.page();
        let diagnosis = Diagnosis::new(name(file), text, problems);
        let shown = diagnosis.render(colour, width);
        if colour {
            printer.styled(&shown)?;
        } else {
            printer.text(&shown)?;
        }
    }
    if refused { Err(Failure::Shown) } else { Ok(()) }
}

/// What is wrong with a manifest.
fn problems(text: &str, allow_http: bool) -> Vec<Problem> {
    let catalogue = Catalogue::builtin();
    let options = ParseOptions {
        allow_http,
        supported_statuses: catalogue.supported_statuses(),
        supported_events: catalogue.supported_events(),
    };
    parse(text, &options).problems
}

/// The faults of a manifest that the platform refused, marked in its text. `None` where this check finds
/// none: the platform then has reasons that the text does not show.
pub(crate) fn marked(file: &Path, text: &str, width: usize) -> Option<String> {
    // The platform may allow http; what it said no to is something else then.
    let errors: Vec<Problem> = problems(text, true)
        .into_iter()
        .filter(Problem::is_error)
        .collect();
    (!errors.is_empty()).then(|| Diagnosis::new(name(file), text, errors).render(false, width))
}

fn name(file: &Path) -> String {
    if file.as_os_str() == "-" {
        "standard input".to_owned()
    } else {
        file.display().to_string()
    }
}
