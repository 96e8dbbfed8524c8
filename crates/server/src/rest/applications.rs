//! Service apps and other applications (service-apps 3 and 4).

use crate::describe::Api;

pub(super) fn routes() -> Api {
    Api::new("Applications")
}
