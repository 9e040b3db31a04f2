//! Upgrades (SOL-17, SOL-18): the new version is installed beside the old one, as a holding solution, and then takes its place. What only the old version has goes
//! with its data.

use driftless_model::{Error, ErrorCode, Result, Uuid, Value};
use driftless_solution_file::{Manifest, UNIQUE_NAME_CHARACTERS_MAX};

use super::{Installed, find, uninstall};
use crate::context::WriteCx;
use crate::metadata::validate::shown;
use crate::records::system;

/// What the unique name of a holding solution ends with.
const ENDING: &str = "_Upgrade";

/// The unique name of the solution that holds the next version.
pub(super) fn holding_name(unique_name: &str) -> String {
    format!("{unique_name}{ENDING}")
}

/// Checks that a package can be the next version of what is installed, beside it.
///
/// # Errors
/// 0x80048037 when nothing is installed, 0x80040203 for an unmanaged package and for a name that is too long for its holding solution.
pub(super) fn check_holding(manifest: &Manifest, installed: Option<&Installed>) -> Result<()> {
    let name = &manifest.unique_name;
    if !manifest.managed {
        return Err(Error::argument(format!("Only managed solutions are upgraded: the package of '{name}' is unmanaged. Import it without HoldingSolution.")));
    }
    if installed.is_none() {
        let message = format!("The solution '{name}' is not installed, so there is nothing to upgrade. Import the package without HoldingSolution.");
        return Err(Error::new(ErrorCode::SolutionNotFound, message));
    }
    let longest = UNIQUE_NAME_CHARACTERS_MAX - ENDING.len();
    if name.len() > longest {
        return Err(Error::argument(format!("The unique name '{name}' is too long for an upgrade: at most {longest} characters.")));
    }
    Ok(())
}

/// Refuses to touch a solution while its next version waits beside it.
///
/// # Errors
/// 0x80040203.
pub(super) fn refuse_beside_holding(cx: &WriteCx<'_>, unique_name: &str) -> Result<()> {
    if find(&cx.read(), &holding_name(unique_name))?.is_none() {
        return Ok(());
    }
    let message = format!(
        "An upgrade of '{unique_name}' waits as '{}'. End it with DeleteAndPromote, or delete that solution, then try again.",
        holding_name(unique_name)
    );
    Err(Error::argument(message))
}

/// Ends an upgrade: removes the old version with all that the new one does not have, and gives its name to the new one. Gives the new solution's id.
///
/// # Errors
/// 0x80048037 without a solution that waits, 0x8004F01D and 0x8004F020 while others need what would go.
pub(crate) fn promote(cx: &mut WriteCx<'_>, unique_name: &str) -> Result<Uuid> {
    let holding = find(&cx.read(), &holding_name(unique_name))?.filter(|holding| holding.managed).ok_or_else(|| {
        let message = format!("There is no upgrade of the solution '{}' to end: import the next version with HoldingSolution first.", shown(unique_name));
        Error::new(ErrorCode::SolutionNotFound, message)
    })?;
    // The old version's own spelling of the name.
    let mut name = holding.unique_name.strip_suffix(ENDING).unwrap_or(unique_name).to_owned();
    if let Some(base) = find(&cx.read(), unique_name)? {
        name.clone_from(&base.unique_name);
        uninstall::remove(cx, base.id)?;
    }
    system::update(cx, "solution", holding.id, &[("uniquename", Value::text(name)), ("updatedon", Value::DateTime(cx.now_s))])?;
    Ok(holding.id)
}
