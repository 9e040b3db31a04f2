//! Removal of old tombstones: never below the retention plus the longest chain of pages (CT-47, REL-09).

use driftless_model::{Result, TableCode};
use driftless_store::Length;

use super::read;
use crate::organization::Organization;

/// Tombstones that one unit removes, so that it does not hold the writer.
const BATCH: u32 = 1_000;

/// Removes what may go, in batches.
pub(crate) fn run(organization: &Organization) -> Result<()> {
    let tables: Vec<TableCode> = organization.snapshot().tables().filter(|table| table.def.change_tracking).map(|table| table.def.code).collect();
    for table in tables {
        loop {
            let removed = organization.run_own(Length::Short, move |cx| {
                let days = read::retention_days(&cx.read())?;
                let before_s = cx.now_s - days * 86_400 - cx.services.limits.chain_life_s;
                Ok(cx.tx.purge_tombstones(table, before_s, BATCH)?)
            })?;
            if removed < BATCH || !organization.services().jobs.goes_on() {
                break;
            }
        }
    }
    Ok(())
}
