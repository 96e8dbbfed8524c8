//! The crate from outside: laws of keys, patterns, trees and frames; the catalogue against its own promises
//! and, where a copy is at hand, against the published schema file.

mod arguments;
mod builtin;
mod frames;
mod official;
mod paths;
mod trees;
