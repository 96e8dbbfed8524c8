//! call-feedback
fn main() {}
