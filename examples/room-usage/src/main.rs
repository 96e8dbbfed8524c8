//! room-usage
fn main() {}
