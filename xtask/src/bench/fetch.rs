//! FetchXML with two links and aggregates over the whole large table, beside the same statement of plain SQLite.

use anyhow::{Result, ensure};

use super::load::{Lane, median_ms, render};
use super::report::Row;
use super::stage::Stage;
use super::tables::{BenchTable, ROOT};
use super::{Plan, median};

/// Reads of a round.
const READS: usize = 3;

/// Measures both in turn.
pub(crate) fn run(plan: &Plan, stage: &Stage) -> Result<Vec<Row>> {
    let table = &stage.filled()?.large;
    let raw = stage.raw("fetch")?;
    let served = stage.serve()?;
    let mut lane = Lane::open(&served.address)?;
    let request = render(&served.address, "GET", &format!("{ROOT}/{}?fetchXml={}", table.set, encoded(&fetch(table))), &[], None);
    let groups = raw.grouped(table)?;
    let (mut own_ms, mut raw_ms) = (Vec::new(), Vec::new());
    for _ in 0..plan.rounds {
        own_ms.push(median_ms(READS, || {
            let found = serde_json::from_slice::<serde_json::Value>(lane.exchange(&request)?)?;
            let found = found["value"].as_array().map_or(0, Vec::len);
            ensure!(found == groups, "{found} groups instead of {groups}");
            Ok(())
        })?);
        raw_ms.push(median_ms(READS, || raw.grouped(table).map(drop))?);
    }
    served.stop()?;
    eprintln!("    {own_ms:.0?} ms; raw {raw_ms:.0?} ms");
    let per_second = |ms: f64| plan.large as f64 * 1e3 / ms;
    let (own, raw) = (per_second(median(&mut own_ms)), per_second(median(&mut raw_ms)));
    let remark = format!("{groups} groups; the limit of aggregates is lifted");
    Ok(vec![
        Row { name: "FetchXML with two links and aggregates over the large table", value: own, unit: "rows/s", baseline: Some(raw), remark, ..Row::default() }
            .goal(">= 0.60", own >= 0.6 * raw),
    ])
}

/// Rows, a sum and the greatest date of the rows of each shelf and maker.
fn fetch(table: &BenchTable) -> String {
    let name = &table.name;
    format!(
        "<fetch aggregate='true'><entity name='{name}'><attribute name='{name}id' alias='rows' aggregate='count'/>\
         <attribute name='new_count' alias='total' aggregate='sum'/><attribute name='new_seen' alias='last' aggregate='max'/>\
         <link-entity name='new_shelf' from='new_shelfid' to='new_shelfid' alias='s'><attribute name='new_name' alias='shelf' groupby='true'/></link-entity>\
         <link-entity name='systemuser' from='systemuserid' to='createdby' alias='u'><attribute name='fullname' alias='maker' groupby='true'/></link-entity>\
         </entity></fetch>"
    )
}

/// Text as part of an address.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_hold_any_text() {
        assert_eq!(encoded("<a b='1'/>"), "%3Ca%20b%3D%271%27%2F%3E");
    }
}
