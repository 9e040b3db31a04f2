//! Every limit, named, with its reason and source. Nothing in the service is unbounded (A9).

use serde::{Deserialize, Serialize};

/// The limits that a process runs with, read from the configuration at start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Rows of one page; more is cut to this (SEC-06, CT-34).
    pub page_rows_max: u32,
    /// Bytes of one page; a page ends early, with a next link, when it is full (ADR 0001). Keeps an answer in memory.
    pub page_bytes_max: usize,
    /// Rows that `$count=true` counts at most (web-api 15).
    pub count_max: u64,
    /// Rows nested in lists in one answer; a page ends early, with a next link, when they are used up (A9).
    pub nested_rows_max: u32,
    /// Rows that a query may put together in groups with aggregates; `u64::MAX` for any number (SEC-10).
    pub aggregate_rows_max: u64,
    /// Rows that a page by number may leave out; beyond, only a page's own cookie leads on (web-api 17).
    pub skipped_rows_max: u64,
    /// Alternate keys of one table (AK-4).
    pub keys_per_table_max: usize,
    /// Columns of one alternate key (AK-4).
    pub key_columns_max: usize,
    /// Declared bytes of one alternate key (AK-4).
    pub key_bytes_max: usize,
    /// Columns of one table (ADR 0002).
    pub columns_per_table_max: usize,
    /// Nested records in one create (deep insert), counted over the whole request.
    pub related_records_max: usize,
    /// Nesting of records in one create.
    pub related_depth_max: usize,
    /// Rows that one operation's cascades may touch: they run in its transaction.
    pub cascade_rows_max: usize,
    /// Options of one choice.
    pub choice_options_max: usize,
    /// Depth of a tree of rows (business units, managers, accounts) that the loop check follows.
    pub hierarchy_depth_max: usize,
    /// Times that a request is repeated because the metadata changed under it (A8).
    pub snapshot_retries_max: u32,
    /// Life of a chain of pages in seconds (CT-40).
    pub chain_life_s: i64,
    /// Requests in one batch (SEC-05).
    pub batch_requests_max: usize,
    /// Bytes of the address of a request in a batch; above it 414 (SEC-01).
    pub batch_address_bytes_max: usize,
    /// Bytes of a JSON body (SEC-03).
    pub body_bytes_max: usize,
    /// Bytes of a body of a bulk message, an import or a batch (SEC-03, SEC-05).
    pub bulk_body_bytes_max: usize,
    /// Elements, texts and comments of an envelope (SEC-04).
    pub xml_nodes_max: u32,
    /// Elements of an envelope within each other (SEC-04).
    pub xml_depth_max: usize,
    /// Bytes that clients are advised to send of a file at once (web-api 32).
    pub file_chunk_bytes: u32,
    /// Blocks of one file: as many as the original's storage takes.
    pub file_blocks_max: u32,
    /// Bytes of a file in one answer: it lies in memory while it is sent.
    pub file_read_bytes_max: u64,
    /// Seconds after which an upload that gets no more blocks is given up.
    pub upload_life_s: i64,
    /// Seconds that a short unit may wait for the writer before 503 (ADR 0003).
    pub write_wait_s: u64,
    /// Seconds that a read may take before 503 (SEC-11).
    pub read_time_s: u64,
    /// Seconds that a page of changes may take before 503 (SEC-11).
    pub changes_time_s: u64,
    /// Seconds that a short unit may take once it runs before 503; imports and changes of definitions take as long as they do (SEC-11).
    pub write_time_s: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            page_rows_max: 5_000,
            page_bytes_max: 64 << 20,
            count_max: 5_000,
            nested_rows_max: 100_000,
            aggregate_rows_max: 50_000,
            skipped_rows_max: 50_000,
            keys_per_table_max: 10,
            key_columns_max: 16,
            key_bytes_max: 900,
            columns_per_table_max: 1_000,
            related_records_max: 1_000,
            related_depth_max: 10,
            cascade_rows_max: 1_000_000,
            choice_options_max: 10_000,
            hierarchy_depth_max: 100,
            snapshot_retries_max: 8,
            chain_life_s: 86_400,
            batch_requests_max: 1_000,
            batch_address_bytes_max: 65_536,
            body_bytes_max: 16 << 20,
            bulk_body_bytes_max: 128 << 20,
            xml_nodes_max: 1_000_000,
            xml_depth_max: 256,
            file_chunk_bytes: 4 << 20,
            file_blocks_max: 50_000,
            file_read_bytes_max: 128 << 20,
            upload_life_s: 86_400,
            write_wait_s: 30,
            read_time_s: 120,
            changes_time_s: 60,
            write_time_s: 120,
        }
    }
}
