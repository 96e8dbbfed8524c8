//! SCIM users and groups, beside `/v1` (rest-basics 1).

use crate::describe::Api;

/// Below `/identity/scim`.
pub(crate) fn routes() -> Api {
    Api::new("SCIM")
}
