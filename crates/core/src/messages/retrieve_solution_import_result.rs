//! RetrieveSolutionImportResult: how an import ended (web-api 27). Clients ask when the job has ended.

use driftless_model::{Error, Result, Scopes, Value};
use driftless_query::ResolvedCondition;
use driftless_store::Length;

use super::{Arg, Args, Binding, ComplexType, EnumType, MessageDef, MessageKind, Outputs, ParamType as T, Run, missing, req};
use crate::context::ReadCx;
use crate::records::system;
use crate::solutions::report;

const JOB: &str = "ImportJobId";
/// Progress of an import that is done.
const DONE: Value = Value::Float(100.0);

const TYPE: EnumType = EnumType::choice("SolutionOperationType", &[("Import", IMPORT)]);
const IMPORT: i64 = 0;
const STATUS: EnumType = EnumType::choice("SolutionOperationStatus", &[("Failed", FAILED), ("Passed", PASSED)]);
const FAILED: i64 = 0;
const PASSED: i64 = 1;

const RESULT: ComplexType = ComplexType {
    name: "SolutionOperationResult",
    members: &[
        req("Type", T::Enum(&TYPE)),
        req("Status", T::Enum(&STATUS)),
        req("ErrorMessages", T::List(&T::Text)),
        req("WarningMessages", T::List(&T::Text)),
    ],
};

pub(super) const DEF: MessageDef = MessageDef {
    name: "RetrieveSolutionImportResult",
    kind: MessageKind::Function,
    binding: Binding::None,
    scope: Scopes::ADMIN,
    input: &[req(JOB, T::Guid)],
    output: &[req("SolutionOperationResult", T::Complex(&RESULT))],
    length: Length::Short,
    prepare: None,
    run: Run::Read(run),
    on_failure: None,
};

fn run(cx: &ReadCx<'_>, args: &Args) -> Result<Outputs> {
    let job = args.guid(JOB).ok_or_else(|| missing(JOB))?;
    let table = cx.snapshot.require("importjob")?;
    let own = ResolvedCondition::equals(table.id, Value::Guid(job));
    let rows = system::rows(cx.tx, table, &["progress", "data", "completedon"], Some(own))?;
    let row = rows.first().ok_or_else(|| Error::no_such_record("importjob", job))?;
    let (status, errors) = match (*row.value(0) == DONE, row.value(2).is_null()) {
        (true, _) => (PASSED, Vec::new()),
        (false, true) => (FAILED, vec!["The import has not ended yet.".to_owned()]),
        (false, false) => (FAILED, report::failures(row.text(1))),
    };
    let texts = |texts: Vec<String>| Arg::List(texts.into_iter().map(Arg::Text).collect());
    let result = Arg::Complex(vec![
        ("Type", Arg::BigInt(IMPORT)),
        ("Status", Arg::BigInt(status)),
        ("ErrorMessages", texts(errors)),
        ("WarningMessages", texts(if status == PASSED { report::remarks(row.text(1)) } else { Vec::new() })),
    ]);
    Ok(Outputs(vec![("SolutionOperationResult", result)]))
}
