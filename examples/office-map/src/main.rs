//! office-map
fn main() {}
