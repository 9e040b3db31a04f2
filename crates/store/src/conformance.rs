//! What every engine must do, as cases: data in, data out. An engine's tests call [`conformance_suite!`](crate::conformance_suite), which makes one test of
//! each case; the reference store passes the same.

pub mod definitions;
pub mod feed;
pub mod files;
pub mod filters;
pub mod lookups;
pub mod positions;
pub mod queries;
pub mod rows;
pub mod units;

/// Makes one `#[test]` of each conformance case. Takes an expression that gives an [`Opener`](crate::fixture::Opener) of an empty store; it is evaluated once
/// for each test.
#[macro_export]
macro_rules! conformance_suite {
    ($opener:expr) => {
        $crate::conformance_suite! { @cases $opener;
            units: a_failed_unit_leaves_nothing a_panic_leaves_nothing a_unit_sees_its_own_writes a_read_sees_one_snapshot
                an_open_unit_is_not_seen_and_not_covered units_of_many_threads_are_all_kept everything_survives_a_restart;
            rows: values_of_every_shape_come_back an_id_is_taken_once missing_rows_are_told a_key_is_taken_once a_null_keeps_a_row_out_of_a_key
                keys_compare_folded a_refused_write_leaves_the_unit_usable keys_of_several_columns a_key_value_is_free_again;
            feed: a_first_read_is_the_table a_delta_is_what_changed rows_come_by_version_then_removals every_page_size_gives_the_same
                a_removal_is_told_also_of_an_unseen_row a_row_made_again_is_a_row an_untracked_table_keeps_no_tombstones
                a_range_ends_where_it_was_fixed a_sink_ends_a_page_early a_count_is_the_number_of_items a_restriction_holds_in_the_feed
                a_failed_unit_leaves_no_trace;
            positions: positions_rise_with_commits_only foreign_and_malformed_positions_are_told a_position_stays_good_over_a_restart versions_rise_over_restarts
                a_purge_takes_the_oldest kept_removals_are_counted a_purge_stops_at_a_younger_one a_purge_raises_the_horizon_of_its_table_only;
            definitions: definitions_are_read_since_a_version a_removed_definition_is_told settings_are_kept the_metadata_number_follows_definitions
                an_added_column_is_null a_dropped_table_is_gone a_colliding_key_is_not_built a_key_can_be_dropped_and_built_again
                a_failed_unit_changes_no_schema;
            files: ranges_of_a_file_come_back an_empty_file_is_a_file a_file_waits_for_its_blocks files_go_with_what_they_belong_to
                a_failed_unit_leaves_files_alone forgotten_files_are_purged;
            filters: every_comparison_and_shape tests_of_null_and_lists patterns_match_folded several_choices_compare_as_text
                columns_compare_with_columns trees_of_conditions;
            queries: versions_of_single_rows orders_put_null_first_ascending text_orders_folded cuts_continue_where_the_page_ended limits_and_more counts_and_caps
                a_restriction_narrows a_sink_stops_a_query an_error_of_a_sink_comes_out;
            lookups: joins_keep_rows_without_target filters_and_orders_follow_lookups lookup_names;
        }
    };
    (@cases $opener:expr; $($module:ident: $($case:ident)+;)+) => {
        $($(
            #[test]
            fn $case() -> driftless_model::Result<()> {
                $crate::conformance::$module::$case(&$opener)
            }
        )+)+
    };
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use driftless_model::Epoch;

    use crate::Store;
    use crate::fixture::Opener;
    use crate::reference::ReferenceStore;

    fn reference() -> Opener {
        let store = ReferenceStore::new(Epoch(7));
        Box::new(move || Arc::new(store.clone()) as Arc<dyn Store>)
    }

    conformance_suite!(reference());

    #[test]
    fn the_suite_names_every_case() {
        let sources = [
            include_str!("conformance/definitions.rs"),
            include_str!("conformance/feed.rs"),
            include_str!("conformance/files.rs"),
            include_str!("conformance/filters.rs"),
            include_str!("conformance/lookups.rs"),
            include_str!("conformance/positions.rs"),
            include_str!("conformance/queries.rs"),
            include_str!("conformance/rows.rs"),
            include_str!("conformance/units.rs"),
        ];
        let suite = include_str!("conformance.rs");
        let cases = sources.iter().flat_map(|source| source.lines()).filter_map(|line| line.strip_prefix("pub fn ")?.split('(').next());
        let missing: Vec<_> = cases.filter(|case| !suite.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == *case)).collect();
        assert_eq!(missing, [""; 0]);
    }
}
