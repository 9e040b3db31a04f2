//! Bulk upsert by alternate key: UpsertMultiple, 1,000 rows a call, one transaction a call.

use anyhow::Result;

use super::load::{self, Lanes, drive};
use super::report::Row;
use super::stage::{self, Stage};
use super::tables::{self, BenchTable, Codes, ROOT};
use super::{Plan, median};
use crate::http::Address;
use crate::rng::Rng;

/// Rows of one call.
const CALL: usize = 1_000;
/// Connections: one call is parsed while another is written.
const LANES: Lanes = Lanes { connections: 2, threads: 1 };
/// Numbers of new rows begin here.
const NEW_ROWS: usize = 200_000_000;

/// Measures both mixes.
pub(crate) fn run(plan: &Plan, stage: &Stage) -> Result<Vec<Row>> {
    let existing = plan.creates;
    let served = stage.serve()?;
    let table = tables::create(&mut served.connection(), "Upserted")?;
    stage::fill(&served.address, &table, existing)?;
    served.stop()?;
    let mut next_new = NEW_ROWS;
    let mut rng = Rng::new(7);
    let mut measure = |present_percent: u64| -> Result<(f64, f64)> {
        let (mut rates, mut raws) = (Vec::new(), Vec::new());
        for _ in 0..plan.rounds {
            let numbers = mix(existing, plan.creates, present_percent, &mut next_new, &mut rng);
            let raw = stage.raw("upserted")?;
            let served = stage.serve()?;
            let rate = upsert(&served.address, &table, &numbers)?;
            served.stop()?;
            let raw_rate = raw.upsert(&mut raw.table(&table)?, &numbers, CALL, Codes::Random)?;
            eprintln!("    {present_percent} % existing: {rate:.0} rows/s; raw {raw_rate:.0}");
            rates.push(rate);
            raws.push(raw_rate);
        }
        Ok((median(&mut rates), median(&mut raws)))
    };
    let row = |name, (value, raw): (f64, f64), goal, least| {
        Row { name, value, unit: "rows/s", baseline: Some(raw), ..Row::default() }.goal(goal, value >= least * raw)
    };
    let mostly = row("bulk upsert by key, 90 % existing", measure(90)?, ">= 0.75", 0.75);
    let new = row("bulk upsert by key, all new", measure(0)?, ">= 0.35", 0.35);
    Ok(vec![mostly, new])
}

/// Numbers of rows in no order: `present_percent` of them are among the first `existing`, none twice in a call.
fn mix(existing: usize, count: usize, present_percent: u64, next_new: &mut usize, rng: &mut Rng) -> Vec<usize> {
    // A step that shares no factor with the number of rows meets each of them once.
    let step = (existing / 2 - 7) | 1;
    let mut at = rng.below(existing);
    let number = |_| {
        if rng.chance(present_percent) {
            at = (at + step) % existing;
            return at;
        }
        *next_new += 1;
        *next_new
    };
    (0..count).map(number).collect()
}

fn upsert(address: &Address, table: &BenchTable, numbers: &[usize]) -> Result<f64> {
    let path = format!("{ROOT}/{}/Microsoft.Dynamics.CRM.UpsertMultiple", table.set);
    let render = |call: &[usize]| load::render(address, "POST", &path, &[], Some(&tables::upsert_multiple(table, call.iter().copied(), Codes::Random)));
    let requests: Vec<Vec<u8>> = numbers.chunks(CALL).map(render).collect();
    let timing = drive(address, LANES, requests.len(), &Vec::new, &|call, request| request.clone_from(&requests[call]))?;
    Ok(numbers.len() as f64 / timing.elapsed.as_secs_f64())
}
