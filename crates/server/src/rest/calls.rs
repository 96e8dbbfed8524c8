//! Calls that are told about (messaging-meetings 9).

use crate::describe::Api;

pub(super) fn routes() -> Api {
    Api::new("Calls")
}
