//! What clocks show (web-api 28): from an instant to the clock of a zone and back, and the code of a zone by its name.

use driftless_model::{Error, Result, Scopes};
use driftless_query::Zone;
use driftless_store::Length;

use super::{Arg, Args, Binding, MessageDef, MessageKind, Outputs, ParamType as T, Run, missing, req};
use crate::context::ReadCx;

pub(super) const LOCAL_TIME: MessageDef = MessageDef {
    name: "LocalTimeFromUtcTime",
    kind: MessageKind::Function,
    binding: Binding::None,
    scope: Scopes::READ,
    input: &[req("TimeZoneCode", T::Int), req("UtcTime", T::DateTime)],
    output: &[req("LocalTime", T::DateTime)],
    length: Length::Short,
    prepare: None,
    run: Run::Read(local_time),
    on_failure: None,
};

pub(super) const UTC_TIME: MessageDef = MessageDef {
    name: "UtcTimeFromLocalTime",
    input: &[req("TimeZoneCode", T::Int), req("LocalTime", T::DateTime)],
    output: &[req("UtcTime", T::DateTime)],
    run: Run::Read(utc_time),
    ..LOCAL_TIME
};

pub(super) const CODE_BY_NAME: MessageDef = MessageDef {
    name: "GetTimeZoneCodeByLocalizedName",
    input: &[req("LocalizedStandardName", T::Text), req("LocaleId", T::Int)],
    output: &[req("TimeZoneCode", T::Int)],
    run: Run::Read(code_by_name),
    ..LOCAL_TIME
};

fn local_time(_: &ReadCx<'_>, args: &Args) -> Result<Outputs> {
    let local_s = zone(args)?.local_s(moment(args, "UtcTime")?);
    Ok(Outputs(vec![("LocalTime", Arg::DateTime(local_s))]))
}

/// The answer is said as one of UTC; so is the time that is given, whose clock is that of the zone.
fn utc_time(_: &ReadCx<'_>, args: &Args) -> Result<Outputs> {
    let instant_s = zone(args)?.instant_s(moment(args, "LocalTime")?);
    Ok(Outputs(vec![("UtcTime", Arg::DateTime(instant_s))]))
}

/// Names are kept in English: another language of the caller finds the same ones.
fn code_by_name(_: &ReadCx<'_>, args: &Args) -> Result<Outputs> {
    let name = args.text("LocalizedStandardName")?;
    let zone = Zone::by_standard_name(name.trim());
    let zone = zone.ok_or_else(|| Error::argument("No time zone has this standard name; an English one such as 'Pacific Standard Time' is expected."))?;
    Ok(Outputs(vec![("TimeZoneCode", Arg::Int(zone.code()))]))
}

fn zone(args: &Args) -> Result<Zone> {
    let code = args.int("TimeZoneCode").ok_or_else(|| missing("TimeZoneCode"))?;
    Zone::by_code(code).ok_or_else(|| Error::argument(format!("{code} is the code of no time zone.")))
}

fn moment(args: &Args, name: &str) -> Result<i64> {
    args.moment(name).ok_or_else(|| missing(name))
}
