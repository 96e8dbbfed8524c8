//! What service desks do with people and numbers: as functions, with a plan, and undone when a step fails.
