//! Settings of users: every user has one row of `usersettings`, under the user's own id. The service makes it; callers change it.

use std::collections::HashSet;

use driftless_model::{ColumnIx, Error, Reference, Result, Table, Uuid, Value};
use driftless_query::Zone;

use crate::context::WriteCx;
use crate::records::fields::get;
use crate::records::system;

/// Rows that a list shows at once, unless the user says otherwise.
const PAGING_LIMIT: i32 = 50;

/// Makes the settings of a new user: languages and the form of names are the organization's, all else is written as in the United States, as formatted
/// values are (web-api 21).
pub(crate) fn add(cx: &mut WriteCx<'_>, user: Uuid, unit: Option<Uuid>) -> Result<()> {
    let organizations = cx.snapshot.require("organization")?;
    let rows = system::rows(cx.tx.as_read(), organizations, &["languagecode", "localeid", "fullnameconventioncode"], None)?;
    let [language, locale, names] = [0, 1, 2].map(|at| rows.first().map_or(Value::Null, |row| row.value(at).clone()));
    let units = cx.snapshot.require("businessunit")?.def.code;
    let currencies = cx.snapshot.require("transactioncurrency")?.def.code;
    let values = [
        ("businessunitid", unit.map_or(Value::Null, |id| Value::Ref(Reference { table: units, id }))),
        ("transactioncurrencyid", Value::Ref(Reference { table: currencies, id: cx.services.facts.base_currency })),
        ("uilanguageid", language.clone()),
        ("helplanguageid", language),
        ("localeid", locale),
        ("fullnameconventioncode", names),
        ("timezonecode", Value::Int(Zone::UTC_CODE)),
        ("paginglimit", Value::Int(PAGING_LIMIT)),
        ("dateformatcode", Value::Int(0)),
        ("dateformatstring", Value::text("M/d/yyyy")),
        ("dateseparator", Value::text("/")),
        ("longdateformatcode", Value::Int(0)),
        ("timeformatcode", Value::Int(0)),
        ("timeformatstring", Value::text("h:mm tt")),
        ("timeseparator", Value::text(":")),
        ("amdesignator", Value::text("AM")),
        ("pmdesignator", Value::text("PM")),
        ("currencydecimalprecision", Value::Int(2)),
        ("currencyformatcode", Value::Int(0)),
        ("currencysymbol", Value::text("$")),
        ("negativecurrencyformatcode", Value::Int(1)),
        ("negativeformatcode", Value::Int(1)),
        ("decimalsymbol", Value::text(".")),
        ("numberseparator", Value::text(",")),
        ("numbergroupformat", Value::text("3")),
    ];
    system::insert(cx, "usersettings", Some(user), &values)?;
    Ok(())
}

/// Refuses the code of a time zone that there is not: everything that shows or compares dates would have to guess.
///
/// # Errors
/// 0x80040203 that says where the codes are.
pub(crate) fn check(settings: &Table, cells: &[(ColumnIx, Value)]) -> Result<()> {
    match get(cells, settings.require("timezonecode")?) {
        Some(Value::Int(code)) if Zone::by_code(*code).is_none() => Err(Error::argument(format!(
            "{code} is the code of no time zone. GetTimeZoneCodeByLocalizedName has the code of a name such as 'Eastern Standard Time'."
        ))),
        _ => Ok(()),
    }
}

/// Makes the settings of all users who have none: the first one, and those of an older store.
pub(crate) fn complete(cx: &mut WriteCx<'_>) -> Result<()> {
    let present = system::rows(cx.tx.as_read(), cx.snapshot.require("usersettings")?, &[], None)?;
    let present: HashSet<Uuid> = present.iter().map(|row| row.id).collect();
    for user in system::rows(cx.tx.as_read(), cx.snapshot.require("systemuser")?, &["businessunitid"], None)? {
        if !present.contains(&user.id) {
            add(cx, user.id, user.value(0).id())?;
        }
    }
    Ok(())
}
