//! Frees what removed files still take, and gives up uploads that were not completed.

use driftless_model::Result;
use driftless_store::Length;

use crate::organization::Organization;

/// Pieces that one unit frees, so that it does not hold the writer.
const BATCH: u32 = 64;

/// Frees what may go, in batches.
pub(crate) fn run(organization: &Organization) -> Result<()> {
    loop {
        let more = organization.run_own(Length::Short, |cx| {
            let before_s = cx.now_s - cx.services.limits.upload_life_s;
            Ok(cx.tx.purge_files(before_s, BATCH)?)
        })?;
        if !more || !organization.services().jobs.goes_on() {
            return Ok(());
        }
    }
}
