//! Groups of people (people-calling 4).

use crate::describe::Api;

pub(super) fn routes() -> Api {
    Api::new("Groups")
}
