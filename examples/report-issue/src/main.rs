//! report-issue
fn main() {}
