//! Webhooks (webhooks 1).

use crate::describe::Api;

pub(super) fn routes() -> Api {
    Api::new("Webhooks")
}
