//! Jobs of an organization: activation e-mails (people-calling 5.6).

use crate::describe::Api;

pub(super) fn routes() -> Api {
    Api::new("Jobs")
}
