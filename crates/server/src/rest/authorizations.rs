//! What people and administrators allowed (oauth 4).

use crate::describe::Api;

pub(super) fn routes() -> Api {
    Api::new("Authorizations")
}
