//! Licenses and who holds them (people-calling 3).

use crate::describe::Api;

pub(super) fn routes() -> Api {
    Api::new("Licenses")
}
