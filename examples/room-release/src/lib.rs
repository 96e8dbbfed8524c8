//! room-release
