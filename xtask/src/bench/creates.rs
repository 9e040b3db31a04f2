//! Durable single creates: 64 connections, one row a request, the whole pipeline.

use anyhow::Result;

use super::load::{Lanes, drive, render};
use super::raw::Raw;
use super::report::Row;
use super::stage::{Filled, Served, Stage};
use super::tables::{self, BenchTable, Codes, Patch, ROOT};
use super::{Plan, median, repeated};

/// Connections.
pub(super) const CONNECTIONS: usize = 64;
/// Rows a second that the raw loop reached where the design was measured: with rising key values and with random ones, into a table that began empty.
const RAW_EMPTY: f64 = 90_000.0;
const RAW_RANDOM: f64 = 42_000.0;
/// Numbers of rows that are new to the large table begin here.
const NEW_ROWS: usize = 100_000_000;

/// What the rounds measured.
#[derive(Default)]
struct Measured {
    rate: f64,
    raw: f64,
    p50_ms: f64,
    p99_ms: f64,
}

/// Into an empty table, codes rising.
pub(crate) fn empty(plan: &Plan, stage: &Stage) -> Result<Vec<Row>> {
    let mut made = 0;
    let (measured, remark) = repeated(
        RAW_EMPTY,
        |measured: &Measured| measured.raw,
        || {
            rounds(plan, |_| {
                made += 1;
                let served = stage.serve()?;
                let table = tables::create(&mut served.connection(), &format!("Empty{made}"))?;
                create(plan, &served, &table, 0..1, Codes::Rising)?;
                served.stop()?;
                let raw = stage.raw("empty")?;
                let served = stage.serve()?;
                let round = create(plan, &served, &table, 1..plan.creates, Codes::Rising)?;
                served.stop()?;
                with_raw(round, &raw, &table, 1..plan.creates, Codes::Rising)
            })
        },
    )?;
    let met = measured.rate >= 20_000.0 && measured.rate >= 0.25 * measured.raw;
    let p99_met = measured.p99_ms < 15.0;
    Ok(vec![
        Row { name: "durable creates, empty table", value: measured.rate, unit: "rows/s", baseline: Some(measured.raw), remark, ..Row::default() }
            .goal(">= 20,000/s and >= 0.25", met),
        Row { name: "latency of these creates, p50", value: measured.p50_ms, unit: "ms", ..Row::default() },
        Row { name: "latency of these creates, p99", value: measured.p99_ms, unit: "ms", ..Row::default() }.goal("< 15 ms", p99_met),
    ])
}

/// Into the large table, codes at random.
pub(crate) fn random(plan: &Plan, stage: &Stage) -> Result<Vec<Row>> {
    let Filled { large: table, small } = stage.filled()?;
    let mut first = NEW_ROWS;
    let ((_, measured), remark) = repeated(
        RAW_RANDOM,
        |(small_raw, _): &(f64, Measured)| *small_raw,
        || {
            let raw = stage.raw("random")?;
            let small_raw = raw.insert(&mut raw.table(small)?, first..first + plan.creates, Codes::Random)?;
            eprintln!("    raw, small table {small_raw:.0}");
            let measured = rounds(plan, |_| {
                let numbers = first..first + plan.creates;
                first += plan.creates;
                let served = stage.serve()?;
                let round = create(plan, &served, table, numbers.clone(), Codes::Random)?;
                served.stop()?;
                with_raw(round, &raw, table, numbers, Codes::Random)
            })?;
            Ok((small_raw, measured))
        },
    )?;
    let met = measured.rate >= 0.4 * measured.raw;
    Ok(vec![
        Row { name: "durable creates, large table, random keys", value: measured.rate, unit: "rows/s", baseline: Some(measured.raw), remark, ..Row::default() }
            .goal(">= 0.40", met),
        Row { name: "latency of these creates, p99", value: measured.p99_ms, unit: "ms", ..Row::default() },
    ])
}

/// The medians of the plan's rounds.
fn rounds(plan: &Plan, mut round: impl FnMut(usize) -> Result<Measured>) -> Result<Measured> {
    let rounds = (0..plan.rounds).map(&mut round).collect::<Result<Vec<_>>>()?;
    let middle = |of: fn(&Measured) -> f64| median(&mut rounds.iter().map(of).collect::<Vec<_>>());
    Ok(Measured { rate: middle(|r| r.rate), raw: middle(|r| r.raw), p50_ms: middle(|r| r.p50_ms), p99_ms: middle(|r| r.p99_ms) })
}

fn with_raw(round: Measured, raw: &Raw, table: &BenchTable, numbers: std::ops::Range<usize>, codes: Codes) -> Result<Measured> {
    let raw = raw.insert(&mut raw.table(table)?, numbers, codes)?;
    eprintln!("    {:.0} rows/s, p50 {:.2} ms, p99 {:.2} ms; raw {raw:.0}", round.rate, round.p50_ms, round.p99_ms);
    Ok(Measured { raw, ..round })
}

fn create(plan: &Plan, served: &Served, table: &BenchTable, numbers: std::ops::Range<usize>, codes: Codes) -> Result<Measured> {
    let path = format!("{ROOT}/{}", table.set);
    let template = render(&served.address, "POST", &path, &[], Some(&tables::marked_row()));
    let patch = Patch::of(&template);
    let lanes = Lanes { connections: CONNECTIONS, threads: plan.threads };
    let mut timing = drive(&served.address, lanes, numbers.len(), &|| template.clone(), &|number, request| {
        patch.apply(numbers.start + number, codes, request);
    })?;
    Ok(Measured { rate: timing.per_second(), p50_ms: timing.percentile_ms(0.5), p99_ms: timing.percentile_ms(0.99), ..Measured::default() })
}
