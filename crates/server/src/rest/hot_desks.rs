//! Sessions at hot desks.

use crate::describe::Api;

pub(super) fn routes() -> Api {
    Api::new("Hot desks")
}
