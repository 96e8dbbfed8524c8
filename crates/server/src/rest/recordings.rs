//! Recordings (messaging-meetings 8).

use crate::describe::Api;

pub(super) fn routes() -> Api {
    Api::new("Recordings")
}
