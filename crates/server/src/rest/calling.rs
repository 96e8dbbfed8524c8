//! Numbers, locations and people of Webex Calling (people-calling 5).

use crate::describe::Api;

pub(super) fn routes() -> Api {
    Api::new("Calling")
}
