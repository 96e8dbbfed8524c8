//! The command line as a client of a running Hallway, and the checks that need none.
//!
//! [`args`] says what can be typed, [`run`] takes it to the right room: [`manifest`], [`integration`],
//! [`publication`], [`operator`],
//! [`jwt`], [`device`], [`places`], [`person`], [`people`], [`number`], [`license`], [`group`], [`mail`],
//! [`xapi`], [`fault`], [`applications`], [`access`], [`org`], [`ca`], [`profile`], [`login`],
//! [`workflow`] or [`admin`]. They all ask through one
//! [`http::Client`], find things by name with [`names`], and show what they got through one [`Printer`];
//! nothing else prints.

mod access;
mod access_args;
mod admin;
mod applications;
mod args;
mod ca;
mod call;
mod calling;
mod connection;
mod desk;
mod device;
mod failure;
mod fault;
mod feature;
mod group;
mod http;
mod input;
mod integration;
mod jwt;
mod license;
mod listen;
mod login;
mod mail;
mod manifest;
mod meeting;
mod message;
mod names;
mod number;
mod operator;
mod org;
mod org_args;
mod people;
mod person;
mod places;
pub(crate) mod printer;
mod profile;
mod publication;
mod room;
mod run;
mod run_device;
mod sdk;
mod table;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod tls;
mod transfer;
mod trigger;
mod webhook;
mod workflow;
mod xapi;
mod xapi_text;

pub(crate) use args::{Command, GlobalArgs};
pub(crate) use failure::{Failure, exit};
pub(crate) use printer::{Printer, colour_on_stderr};
pub(crate) use run::run;
