//! Admin and security audit events.

use crate::describe::Api;

pub(super) fn routes() -> Api {
    Api::new("Audit")
}
