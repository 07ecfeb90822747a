//! What every adapter must do, as tests that run unchanged on each of them.
//!
//! An adapter's test crate writes `kugel_store::conformance_tests!(open);`, where `open` is an `async fn` that returns
//! an `Option<Arc<dyn Store>>`: an empty store for each test, or `None`, after saying so loudly, where the backend is
//! not to be had. A store that somebody has to tidy up behind comes as [`Subject::keeping`]. It needs `tokio` with `macros` and `rt-multi-thread` among its dev-dependencies.
//!
//! The module is always compiled: behind a feature, cargo would build every crate above this one twice.

#![allow(
    clippy::unwrap_used,
    reason = "these are tests: a failed unwrap fails the test"
)]

pub mod commits;
pub mod concurrency;
mod fixture;
pub mod queries;
pub mod reads;
pub mod requests;

pub use fixture::{ITEMS, Item, Place, Subject};

/// Makes one test for each promise of the port. See [`crate::conformance`].
#[macro_export]
macro_rules! conformance_tests {
    ($open:path) => {
        $crate::conformance_tests!(@cases $open, commits: [
            an_inserted_document_carries_the_stores_own_fields,
            a_key_is_taken_once,
            an_appended_document_is_one_like_any_other,
            a_unique_index_refuses_by_its_fields,
            documents_without_a_unique_field_do_not_collide,
            a_replaced_document_keeps_who_made_it,
            replacing_needs_the_current_revision,
            replacing_what_is_not_there_is_stale,
            an_upsert_adds_or_replaces,
            deleting_with_a_revision_is_strict_and_without_is_lenient,
            a_key_starts_over_after_a_delete,
            a_refused_commit_leaves_nothing_behind,
            a_commit_happens_in_its_own_order,
            scopes_do_not_see_each_other,
            an_empty_commit_makes_no_database,
        ]);
        $crate::conformance_tests!(@cases $open, concurrency: [
            of_many_writers_with_one_revision_one_wins,
            counting_with_retries_loses_nothing,
            a_refused_commit_does_not_sink_its_neighbours,
            readers_never_see_a_document_go_back,
            a_document_that_comes_and_goes_is_never_read_stale,
        ]);
        $crate::conformance_tests!(@cases $open, queries: [
            filters_compare_by_kind,
            ranges_have_open_and_closed_ends,
            one_of_nothing_is_nothing,
            contains_takes_every_letter_as_itself,
            null_and_not_there_are_both_absent,
            filters_are_joined_by_and,
            nested_fields_are_reached_by_their_path,
            an_order_is_total_in_both_directions,
            nulls_sort_first,
            decimals_sort_by_value,
            pages_joined_are_the_whole_list,
            a_page_behind_the_end_is_empty_and_counts,
            the_stores_own_times_can_be_queried,
            undeclared_fields_are_refused,
            values_of_another_kind_are_refused,
            a_query_sees_every_commit_that_was_answered,
        ]);
        $crate::conformance_tests!(@cases $open, reads: [
            an_unknown_scope_is_empty_and_stays_unknown,
            many_are_read_in_the_order_asked_for,
            text_survives_letter_for_letter,
            a_typed_read_is_parsed_once,
            a_record_may_keep_raw_json,
            a_body_of_another_shape_is_malformed,
            scopes_are_listed_by_their_own_names,
            the_store_answers_a_ping,
        ]);
        $crate::conformance_tests!(@cases $open, requests: [
            a_request_sent_again_is_answered_and_not_carried_out,
            an_answer_is_what_the_store_holds,
            a_key_with_another_content_is_refused,
            a_permit_lets_one_request_pass,
            a_permit_used_many_times_at_once_lets_one_pass,
            a_request_sent_many_times_at_once_happens_once,
            a_refusal_keeps_no_answer,
            answers_are_forgotten_after_a_day,
        ]);
    };
    (@cases $open:path, $module:ident: [$($case:ident),+ $(,)?]) => {
        mod $module {
            #[allow(unused_imports, reason = "`open` may be a path from the root")]
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    if let Some(opened) = $open().await {
                        let subject = $crate::conformance::Subject::from(opened);
                        $crate::conformance::$module::$case(subject).await;
                    }
                }
            )+
        }
    };
}
