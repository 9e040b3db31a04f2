//! A delta of 100 changed rows, from a large and from a small table in turn.

use std::time::Instant;

use anyhow::{Context as _, Result, ensure};

use super::load::{self, Lane, render};
use super::pages::{COLUMNS, link};
use super::report::Row;
use super::stage::{Served, Stage};
use super::tables::{self, BenchTable, Codes, ROOT};
use super::{Plan, median};
use crate::http::path_of;

/// Rows that are changed between two reads.
const CHANGED: usize = 100;
/// Reads of each table; the same link is read again, as a caller does that lost the answer.
const READS: usize = 2_000;
/// Most pages of a first read.
const PAGES_MAX: usize = 10_000;

/// Measures both.
pub(crate) fn run(_: &Plan, stage: &Stage) -> Result<Vec<Row>> {
    let filled = stage.filled()?;
    let served = stage.serve()?;
    let mut lane = Lane::open(&served.address)?;
    let large = delta_request(&served, &mut lane, &filled.large)?;
    let small = delta_request(&served, &mut lane, &filled.small)?;
    let (mut large_ms, mut small_ms) = (Vec::new(), Vec::new());
    for round in 0..READS + 100 {
        for (request, times) in [(&large, &mut large_ms), (&small, &mut small_ms)] {
            let begun = Instant::now();
            lane.exchange(request)?;
            if round >= 100 {
                times.push(begun.elapsed().as_secs_f64() * 1e3);
            }
        }
    }
    served.stop()?;
    let raw = stage.raw("deltas")?;
    let raw_ms = raw.changes(&raw.table(&filled.large)?, &COLUMNS, CHANGED as i64, READS)?;
    let (large_ms, small_ms) = (median(&mut large_ms), median(&mut small_ms));
    let name = "delta of 100 rows, large table, p50";
    let remark = format!("baseline: the small table; plain SQLite steps through the rows in {raw_ms:.3} ms");
    Ok(vec![
        Row { name, value: large_ms, unit: "ms", baseline: Some(small_ms), remark, ..Row::default() }
            .goal("< 0.5 ms and <= 1.5", large_ms < 0.5 && large_ms <= 1.5 * small_ms),
        Row { name: "delta of 100 rows, small table, p50", value: small_ms, unit: "ms", ..Row::default() }.goal("< 0.5 ms", small_ms < 0.5),
    ])
}

/// Reads a table once, changes rows, and gives the request for what changed.
fn delta_request(served: &Served, lane: &mut Lane, table: &BenchTable) -> Result<Vec<u8>> {
    let mut path = format!("{ROOT}/{}?$select={}", table.set, COLUMNS.join(","));
    let preferences = [("Prefer", "odata.track-changes,odata.maxpagesize=5000")];
    let mut delta = None;
    for _ in 0..PAGES_MAX {
        let body = lane.exchange(&render(&served.address, "GET", &path, &preferences, None))?;
        delta = link(body, "@odata.deltaLink").map(|link| path_of(link).to_owned());
        match link(body, "@odata.nextLink") {
            Some(next) => path = path_of(next).to_owned(),
            None => break,
        }
    }
    let delta = delta.context("a full read ended without a delta link")?;
    let upsert = format!("{ROOT}/{}/Microsoft.Dynamics.CRM.UpsertMultiple", table.set);
    let body = tables::upsert_multiple(table, (0..CHANGED).map(|at| at * 7), Codes::Random);
    lane.exchange(&load::render(&served.address, "POST", &upsert, &[], Some(&body)))?;
    let request = render(&served.address, "GET", &delta, &[], None);
    let body = lane.exchange(&request)?;
    let rows = serde_json::from_slice::<serde_json::Value>(body)?["value"].as_array().map_or(0, Vec::len);
    ensure!(rows == CHANGED, "a delta of {rows} rows instead of {CHANGED}");
    Ok(request)
}
