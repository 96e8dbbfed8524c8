//! What whole-house tests are made of.

pub(crate) mod binary;
pub(crate) mod client;
pub(crate) mod device;
pub(crate) mod integration;
pub(crate) mod office;
pub(crate) mod receiver;
pub(crate) mod talk;
pub(crate) mod waiting;

pub(crate) use client::{Answer, Client};
pub(crate) use integration::Integration;
pub(crate) use office::Office;
pub(crate) use receiver::{Mood, Receiver};
pub(crate) use talk::Talk;
pub(crate) use waiting::{eventually, within};
