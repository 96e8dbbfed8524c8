//! room-release
fn main() {}
