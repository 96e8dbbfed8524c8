//! Messages (messaging-meetings 3).

use crate::describe::Api;

pub(super) fn routes() -> Api {
    Api::new("Messages")
}
