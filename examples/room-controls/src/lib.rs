//! room-controls
