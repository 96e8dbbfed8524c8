//! What a service desk does, as functions.

use std::sync::Arc;

use hallway_sdk::Client;

use crate::directory::Directory;
use crate::engine::{self, Running};
use crate::plan::Plan;
use crate::report::Report;

/// The service desk of an organization: it makes plans, and runs them. Cheap to clone; clones share the
/// [`Directory`].
///
/// Each function that changes something returns a [`Plan`], made by reading only. A plan whose steps are so already
/// makes no call, so that running the same twice changes nothing the second time.
///
/// | To | Function | Calls that write | Undo |
/// |---|---|---|---|
/// | create a user | [`create_user`](Self::create_user) | `POST /people`, with calling also `PATCH /licenses/users` | `DELETE /people/{id}`, `PATCH` that removes |
/// | look at one | [`get_user`](Self::get_user) | none | |
/// | change one | [`update_user`](Self::update_user) | `PUT /people/{id}` | `PUT` with what was read before |
/// | delete one | [`delete_user`](Self::delete_user) | `DELETE /people/{id}` | none: it belongs at the end of a plan |
/// | let one call | [`enable_calling`](Self::enable_calling) | `PATCH /licenses/users`, or `PUT /people/{id}` for another line | `PATCH` that removes, or `PUT` with the line of before |
/// | no longer | [`disable_calling`](Self::disable_calling) | `PATCH /licenses/users` | `PATCH` with the line of before, `PUT …/numbers` with the alternates |
/// | give a number | [`assign_number`](Self::assign_number) | `PUT …/numbers`, or `PUT /people/{id}` for the primary one | `PUT …/numbers` that deletes, or `PUT` with the line of before |
/// | take one | [`unassign_number`](Self::unassign_number) | `PUT …/numbers` | `PUT …/numbers` that adds |
/// | list a user's | [`numbers_of`](Self::numbers_of) | none | |
/// | list all | [`list_numbers`](Self::list_numbers) | none | |
/// | add numbers | [`add_numbers`](Self::add_numbers) | `POST …/numbers` for each hundred | `DELETE …/numbers` by fives, of those that were added |
///
/// ```no_run
/// use hallway_sdk::Client;
/// use hallway_workflows::{Desk, NewUser};
///
/// # async fn example(client: Client) -> hallway_workflows::Result<()> {
/// let desk = Desk::new(client);
/// let plan = desk.create_user(&NewUser::new("ada@example.com").first_name("Ada").last_name("Berg")).await?;
/// println!("{plan}");                       // the dry run
/// let report = desk.run(plan).await.ok()?;  // and the run
/// println!("{report}");
/// # Ok(())
/// # }
/// ```
///
/// For many users at once: make one desk, let its directory [read ahead](Directory::read_ahead), then make a plan and
/// run it for each of them, several at a time. The client's rate limit holds for all of them together.
#[derive(Clone, Debug)]
pub struct Desk {
    directory: Arc<Directory>,
}

impl Desk {
    /// A desk that asks this client, and knows nothing yet.
    pub fn new(client: Client) -> Self {
        Self::with(Directory::new(client))
    }

    /// A desk on what is known already.
    pub fn with(directory: Arc<Directory>) -> Self {
        Self { directory }
    }

    /// What is known of the organization.
    pub fn directory(&self) -> &Arc<Directory> {
        &self.directory
    }

    /// Whom it asks.
    pub fn client(&self) -> &Client {
        self.directory.client()
    }

    /// Runs a plan to its end. When a step fails, those before it are undone, the last one first.
    ///
    /// Dropping the future stops the run: the call that is under way is awaited in the background, then everything
    /// is undone.
    pub async fn run(&self, plan: Plan) -> Report {
        self.start(plan).report().await
    }

    /// Starts a plan, so that it can be stopped in order.
    pub fn start(&self, plan: Plan) -> Running {
        engine::start(Arc::clone(&self.directory), plan)
    }
}
