//! What people enter into cards (messaging-meetings 4).

use crate::describe::Api;

pub(super) fn routes() -> Api {
    Api::new("Attachment actions")
}
