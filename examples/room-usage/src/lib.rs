//! room-usage
