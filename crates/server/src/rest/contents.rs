//! Files of messages.

use crate::describe::Api;

pub(super) fn routes() -> Api {
    Api::new("Contents")
}
