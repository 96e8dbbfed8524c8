//! What exists on a device.
pub struct Catalogue;
