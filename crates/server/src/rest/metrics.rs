//! What happened in workspaces, in figures.

use crate::describe::Api;

pub(super) fn routes() -> Api {
    Api::new("Metrics")
}
