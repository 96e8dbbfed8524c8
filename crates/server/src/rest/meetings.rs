//! Meetings (messaging-meetings 7).

use crate::describe::Api;

pub(super) fn routes() -> Api {
    Api::new("Meetings")
}
