//! The log of events for compliance officers (messaging-meetings 6).

use crate::describe::Api;

pub(super) fn routes() -> Api {
    Api::new("Events")
}
