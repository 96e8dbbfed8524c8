//! Webex Calling: who is reached by which number and extension.

mod line;

pub use line::LineWish;
