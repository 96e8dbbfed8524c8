//! The laws of the port. Each takes an empty store.

use std::sync::Arc;

use hallway_platform::ports::{Store, StoreError, Write};
use hallway_store::SqlStore;
use hallway_wire::id::OrgId;

mod changes;
mod outbox;
mod questions;
mod records;

use changes::*;
use outbox::*;
use questions::*;
use records::*;

/// Runs every law against every way to have a store. Another database is one more block.
macro_rules! laws {
    ($($law:ident),* $(,)?) => {
        mod file {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $law() {
                let folder = tempfile::tempdir().unwrap();
                let store = super::SqlStore::open(folder.path().join("hallway.db")).unwrap();
                super::$law(super::Arc::new(store)).await;
            }
        )*}
        mod ephemeral {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $law() {
                super::$law(super::Arc::new(super::SqlStore::ephemeral().unwrap())).await;
            }
        )*}
    };
}

laws! {
    every_record_comes_back,
    a_commit_is_whole_or_nothing,
    new_records_must_be_new,
    a_client_id_is_unique,
    an_activation_moves_one_revision_at_a_time,
    a_code_is_used_once,
    what_belongs_goes_with_it,
    nothing_belongs_to_what_is_not_there,
    deleting_what_is_not_there_is_fine,
    lists_are_in_order_of_creation,
    lists_are_read_in_pages,
    filters_choose,
    organizations_are_apart,
    tokens_end,
    grants_end_together,
    audit_is_newest_first,
    many_commits_at_once,
    it_answers,
    records_are_found_by_what_they_have_now,
    a_revision_is_replaced_once,
    a_claim_has_one_holder,
    one_of_many_gets_the_claim,
    an_index_is_read_in_pages,
    names_are_found_by_how_they_start,
    a_whole_list_goes_at_once,
    deliveries_are_read_in_order,
    a_number_is_given_out_once,
    attempts_are_a_ring,
}

type Subject = Arc<dyn Store>;

/// The sentence of a conflict.
async fn conflict(store: &Subject, writes: Vec<Write>) -> String {
    match store.commit(writes).await {
        Err(StoreError::Conflict { what }) => what,
        other => panic!("expected a conflict, got {other:?}"),
    }
}

fn org() -> OrgId {
    OrgId::random()
}
