//! Full reads in pages of 5,000 rows: their speed and the memory that they take.

use std::time::Instant;

use anyhow::{Result, ensure};

use super::load::{Lane, render};
use super::machine::memory_mib;
use super::report::Row;
use super::stage::{Served, Stage};
use super::tables::{BenchTable, ROOT};
use super::{Plan, median, repeated};
use crate::http::path_of;

/// Rows of a page.
const PAGE: usize = 5_000;
/// Connections, each with a thread and a full read of its own.
const CONNECTIONS: usize = 4;
/// The columns that are read.
pub(crate) const COLUMNS: [&str; 4] = ["new_name", "new_city", "new_count", "new_seen"];
/// Rows a second that one thread stepped through and read where the design was measured.
const RAW_READ: f64 = 3_400_000.0;

/// Measures the speed.
pub(crate) fn run(plan: &Plan, stage: &Stage) -> Result<Vec<Row>> {
    let table = &stage.filled()?.large;
    let raw = stage.raw("pages")?;
    let raw_table = raw.table(table)?;
    let served = stage.serve()?;
    follow(&served, table, &[])?;
    let ((plain, raw_rate), remark) = repeated(
        RAW_READ,
        |(_, raw): &(f64, f64)| *raw,
        || {
            let (mut rates, mut raws) = (Vec::new(), Vec::new());
            for _ in 0..plan.rounds {
                rates.push(together(plan, &served, table, &[])?);
                raws.push(raw.pages(&raw_table, &COLUMNS, PAGE)?);
            }
            eprintln!("    {rates:.0?} rows/s; raw {raws:.0?}");
            Ok((median(&mut rates), median(&mut raws)))
        },
    )?;
    let annotated = together(plan, &served, table, &[("Prefer", "odata.include-annotations=\"*\"")])?;
    served.stop()?;
    let met = plain >= 1_500_000.0 && plain >= 0.6 * raw_rate;
    Ok(vec![
        Row { name: "pages of 5,000 rows, 4 connections, 4 columns", value: plain, unit: "rows/s", baseline: Some(raw_rate), remark, ..Row::default() }
            .goal(">= 1,500,000/s and >= 0.60", met),
        Row { name: "the same with all annotations", value: annotated, unit: "rows/s", baseline: Some(raw_rate), ..Row::default() },
    ])
}

/// Measures the memory: one full read of the large table beside one of the small table, each by a service of its own.
pub(crate) fn memory(_: &Plan, stage: &Stage) -> Result<Vec<Row>> {
    let filled = stage.filled()?;
    let peak = |table: &BenchTable| -> Result<(f64, f64)> {
        let served = stage.serve()?;
        let mut anonymous: f64 = 0.0;
        follow_with(&served, table, &[], &mut |_| {
            anonymous = anonymous.max(memory_mib(served.pid(), "RssAnon")?);
            Ok(())
        })?;
        let peak = memory_mib(served.pid(), "VmHWM")?;
        served.stop()?;
        Ok((peak, anonymous))
    };
    let (small, small_own) = peak(&filled.small)?;
    let (large, large_own) = peak(&filled.large)?;
    Ok(vec![
        Row { name: "peak memory of a full read, large table by small", value: large, unit: "MiB", baseline: Some(small), ..Row::default() }
            .goal("<= 1.1", large <= 1.1 * small),
        Row { name: "the same without pages of files", value: large_own, unit: "MiB", baseline: Some(small_own), ..Row::default() },
    ])
}

/// Rows a second of full reads on all connections at once.
fn together(plan: &Plan, served: &Served, table: &BenchTable, headers: &[(&str, &str)]) -> Result<f64> {
    let begun = Instant::now();
    let pages = std::thread::scope(|scope| -> Result<usize> {
        let readers: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(|| follow(served, table, headers))).collect();
        let mut pages = 0;
        for reader in readers {
            pages += reader.join().map_err(|_| anyhow::anyhow!("a reader panicked"))??;
        }
        Ok(pages)
    })?;
    let elapsed = begun.elapsed().as_secs_f64();
    let rows = CONNECTIONS * plan.large;
    ensure!(pages == CONNECTIONS * plan.large.div_ceil(PAGE), "{pages} pages for {rows} rows");
    Ok(rows as f64 / elapsed)
}

fn follow(served: &Served, table: &BenchTable, headers: &[(&str, &str)]) -> Result<usize> {
    follow_with(served, table, headers, &mut |_| Ok(()))
}

/// Reads a table to its end by next links. Gives the pages.
fn follow_with(served: &Served, table: &BenchTable, headers: &[(&str, &str)], page_read: &mut dyn FnMut(usize) -> Result<()>) -> Result<usize> {
    let mut lane = Lane::open(&served.address)?;
    let mut path = format!("{ROOT}/{}?$select={}", table.set, COLUMNS.join(","));
    let size = format!("odata.maxpagesize={PAGE}");
    let mut all = vec![("Prefer", size.as_str())];
    all.extend_from_slice(headers);
    for page in 1.. {
        let body = lane.exchange(&render(&served.address, "GET", &path, &all, None))?;
        let next = link(body, "@odata.nextLink").map(|link| path_of(link).to_owned());
        page_read(page)?;
        match next {
            Some(next) => path = next,
            None => return Ok(page),
        }
    }
    Ok(0)
}

/// A link that follows the rows of an answer, or precedes them.
pub(crate) fn link<'b>(body: &'b [u8], name: &str) -> Option<&'b str> {
    const NEAR_END: usize = 4_096;
    const NEAR_START: usize = 4_096;
    let end = &body[body.len().saturating_sub(NEAR_END)..];
    let start = &body[..body.len().min(NEAR_START)];
    [end, start].into_iter().find_map(|part| {
        let name = format!("\"{name}\":\"");
        let at = part.windows(name.len()).position(|window| window == name.as_bytes())? + name.len();
        let length = part[at..].iter().position(|byte| *byte == b'"')?;
        std::str::from_utf8(&part[at..at + length]).ok()
    })
}
