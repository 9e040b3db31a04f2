//! Where the clocks of users are: days in conditions and groups, and moments that people read (web-api 21), are those of `timezonecode` in the user's settings.

use driftless_model::{Caller, Result, Uuid, Value};
use driftless_query::Zone;
use driftless_store::ReadTx;

use crate::metadata::Snapshot;
use crate::organization::Organization;
use crate::records::load;

/// The zone in a user's settings, as `tx` sees them; UTC without settings, and for a code that older programs took and that stands for nothing.
pub(crate) fn zone_of(tx: &dyn ReadTx, snapshot: &Snapshot, user: Uuid) -> Result<Zone> {
    let settings = snapshot.require("usersettings")?;
    let code = settings.require("timezonecode")?;
    let row = load::by_id(tx, settings, user, &[code])?;
    Ok(match row.as_ref().map(|row| row.value(code)) {
        Some(Value::Int(code)) => Zone::by_code(*code).unwrap_or_default(),
        _ => Zone::UTC,
    })
}

impl Organization {
    /// The zone in which moments are shown to a caller: that of the user on whose rights they act.
    ///
    /// # Errors
    /// When the store fails.
    pub fn zone(&self, caller: &Caller) -> Result<Zone> {
        let snapshot = self.snapshot();
        self.store().reading(|tx| zone_of(tx, &snapshot, caller.user))
    }
}
