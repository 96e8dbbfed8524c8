//! office-map
