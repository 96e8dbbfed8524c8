//! The manifest of a workspace integration: its shape, a reader that reports everything wrong with one at
//! once and says where, the scopes that exist, and what a new version asks for beyond an old one
//! (workspace-integrations 2, 3.1, 4, 13 and 18).
//!
//! An author writes the file by hand and an administrator approves what it asks for, so [`parse`] serves
//! the author: it never stops at the first mistake in the content, and every [`Problem`] points at the
//! text it is about. [`Diagnosis`] shows the problems on a terminal; `Problem` itself serialises for
//! machines. Whether a version is newer than the stored one, or an id is already taken, only the
//! platform knows.

mod check;
mod growth;
mod json;
mod model;
mod paths;
mod problem;
mod rules;
pub mod scopes;
mod suggest;

pub use check::{MAX_BYTES, ParseOptions, Parsed, parse};
pub use growth::{Growth, grew};
pub use model::{
    Access, ApiAccess, Availability, Extra, Feature, Manifest, PWA_JSXAPI, Provisioning, ProvisioningKind,
    XapiAccess, XapiList, XapiRule,
};
pub use problem::{Diagnosis, Problem, Severity};
