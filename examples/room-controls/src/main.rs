//! room-controls
fn main() {}
