//! Tests of the shapes as another crate sees them.

mod manifest;
