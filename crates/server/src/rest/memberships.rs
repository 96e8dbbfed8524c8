//! Who is in a room (messaging-meetings 2).

use crate::describe::Api;

pub(super) fn routes() -> Api {
    Api::new("Memberships")
}
