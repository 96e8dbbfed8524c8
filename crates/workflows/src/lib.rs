//! What service desks do with people and numbers: as functions, with a plan, and undone when a step fails.
//!
//! A [`Desk`] makes a [`Plan`] out of a wish, by reading only. The plan shows each HTTP call that it will make (that
//! is the dry run), and [`Desk::run`] makes them in order. When one fails, what was done before it is undone in
//! reverse order, and the [`Report`] says what could not be undone, and what to do about it. What is so already is
//! left alone: running the same twice changes nothing the second time.
//!
//! It asks through a [`hallway_sdk::Client`] only, so it works against Webex and against Hallway alike.
//!
//! # What a run promises
//!
//! - Everything that can be checked is checked before the first call that writes: numbers are in E.164, the number is
//!   free and in the location, a unit of the license is left.
//! - A call that is answered with "not now" (429, 5xx, no answer) is repeated if that does no harm. Where nobody
//!   knows whether it did something, a read finds out, so that nothing is done twice and nothing is undone that was
//!   not done.
//! - Dropping or stopping a run ends it after the call that is under way, and undoes it.
//! - After the end of the process (`kill -9`, power), running the same again goes on where it ended.
//! - Nothing here logs or shows a token: a [`Request`] has none.
//!
//! # For many users
//!
//! [`Directory`] is what a desk knows: make one for all plans, and let it [read ahead](Directory::read_ahead). Then a
//! new user who calls costs two calls, both of them writes. [`roll`] does a whole file of joiners, movers and leavers.

mod calling;
mod desk;
mod directory;
mod e164;
mod engine;
mod numbers;
mod plan;
mod problem;
mod report;
mod request;
pub mod roll;
mod users;
mod who;

pub use calling::{CallingWish, DEFAULT_LICENSE};
pub use desk::Desk;
pub use directory::{Directory, KnownNumber, Owner, Place, ReadAhead};
pub use e164::Number;
pub use engine::Running;
pub use numbers::{Assignment, BATCH, NewNumbers, NumberFilter, UserNumber, UserNumbers};
pub use plan::{Effect, Plan, Probe, Refusal, Step, Undo};
pub use problem::{Kind, Problem, Result};
pub use report::{Made, Outcome, Report, StepReport};
pub use request::{Bindings, Request};
pub use users::{Named, NewUser, User, UserChange};
pub use who::Who;
