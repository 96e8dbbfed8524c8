//! Webhooks for the ordinary resources (webhooks 1 to 5): what happened, who is told, and how it gets there.

mod happening;

pub use happening::Happening;
