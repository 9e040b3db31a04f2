//! RetrieveTotalRecordCount: the number of rows of tables (web-api 28). It is counted now, over all rows that the caller may read.

use driftless_model::{Result, Scopes};
use driftless_query::ResolvedQuery;
use driftless_store::Length;

use super::{Arg, Args, Binding, ComplexType, MessageDef, MessageKind, Outputs, ParamType as T, Run, req};
use crate::context::ReadCx;

const COUNTS: ComplexType = ComplexType {
    name: "EntityRecordCountCollection",
    members: &[req("Count", T::Int), req("IsReadOnly", T::Bool), req("Keys", T::List(&T::Text)), req("Values", T::List(&T::BigInt))],
};

pub(super) const DEF: MessageDef = MessageDef {
    name: "RetrieveTotalRecordCount",
    kind: MessageKind::Function,
    binding: Binding::None,
    scope: Scopes::READ,
    input: &[req("EntityNames", T::List(&T::Text))],
    output: &[req("EntityRecordCountCollection", T::Complex(&COUNTS))],
    length: Length::Short,
    prepare: None,
    run: Run::Read(run),
    on_failure: None,
};

/// Counts each table once, however often it is named.
fn run(cx: &ReadCx<'_>, args: &Args) -> Result<Outputs> {
    let mut counts: Vec<(&str, i64)> = Vec::new();
    for name in args.list("EntityNames").iter().filter_map(|name| if let Arg::Text(name) = name { Some(name.as_str()) } else { None }) {
        let table = cx.snapshot.require(name)?;
        if counts.iter().all(|(seen, _)| *seen != name) {
            let query = cx.secure(ResolvedQuery::plain(table, &[], None))?;
            counts.push((name, i64::try_from(cx.tx.count(&query, None)?).unwrap_or(i64::MAX)));
        }
    }
    let collection = vec![
        ("Count", Arg::Int(i32::try_from(counts.len()).unwrap_or(i32::MAX))),
        ("IsReadOnly", Arg::Bool(false)),
        ("Keys", Arg::List(counts.iter().map(|(name, _)| Arg::Text((*name).to_owned())).collect())),
        ("Values", Arg::List(counts.iter().map(|(_, count)| Arg::BigInt(*count)).collect())),
    ];
    Ok(Outputs(vec![("EntityRecordCountCollection", Arg::Complex(collection))]))
}
