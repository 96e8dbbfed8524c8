//! Who is in a team (messaging-meetings 5).

use crate::describe::Api;

pub(super) fn routes() -> Api {
    Api::new("Team memberships")
}
