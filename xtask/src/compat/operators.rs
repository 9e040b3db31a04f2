//! `operators.md`: what may stand in filters.

use driftless_odata::filter::{CompareOp, Quantifier, TextFunction};

use super::golden::Exchange;
use super::{evidence, head, table};

const ABOUT: &str = "\
What may stand in `$filter`. Text is compared without regard to case and accents, blanks at the end do not count, and `%`, `_` and `[…]` inside the text of
`contains`, `startswith` and `endswith` are wildcards. What is not offered is refused by name, with 0x80040315 and status 501.";

const REFUSED: &str = "What is read, so that the answer can name it, and refused.";

/// Query functions (`Microsoft.Dynamics.CRM.…`), by what they ask for.
const FUNCTIONS: &[(&str, &str)] = &[
    ("Lists and ranges", "In, NotIn, Between, NotBetween, ContainValues, DoesNotContainValues"),
    ("Today and its neighbors", "Today, Yesterday, Tomorrow, Last7Days, Next7Days, On, NotOn, OnOrBefore, OnOrAfter"),
    ("Calendar", "LastWeek, ThisWeek, NextWeek, LastMonth, ThisMonth, NextMonth, LastYear, ThisYear, NextYear"),
    (
        "Counted times",
        "LastXHours, NextXHours, LastXDays, NextXDays, LastXWeeks, NextXWeeks, LastXMonths, NextXMonths, LastXYears, NextXYears, OlderThanXMinutes, OlderThanXHours, OlderThanXDays, OlderThanXWeeks, OlderThanXMonths, OlderThanXYears",
    ),
    (
        "Fiscal times",
        "InFiscalPeriod, InFiscalPeriodAndYear, InFiscalYear, InOrAfterFiscalPeriodAndYear, InOrBeforeFiscalPeriodAndYear, LastFiscalPeriod, LastFiscalYear, LastXFiscalPeriods, LastXFiscalYears, NextFiscalPeriod, NextFiscalYear, NextXFiscalPeriods, NextXFiscalYears, ThisFiscalPeriod, ThisFiscalYear",
    ),
    (
        "The caller",
        "EqualUserId, NotUserId, EqualBusinessId, NotBusinessId, EqualUserTeams, EqualUserOrUserTeams, EqualUserOrUserHierarchy, EqualUserOrUserHierarchyAndTeams, EqualUserLanguage",
    ),
    ("Hierarchies", "Above, AboveOrEqual, Under, UnderOrEqual, NotUnder"),
];

/// One thing that may stand in a filter.
struct Entry {
    name: String,
    means: &'static str,
    /// How a filter looks that has it.
    looks: String,
}

fn entry(name: impl Into<String>, means: &'static str, looks: &str) -> Entry {
    Entry { name: name.into(), means, looks: looks.to_owned() }
}

/// The page.
pub(crate) fn page(exchanges: &[Exchange]) -> String {
    let row = |entry: Entry| {
        let [status, files] = evidence(exchanges, |exchange| exchange.succeeds() && filter(exchange).is_some_and(|filter| filter.contains(&entry.looks)));
        vec![format!("`{}`", entry.name), entry.means.to_owned(), status, files]
    };
    let served = table(&["Filter", "Means", "Served", "Golden files"], served().into_iter().map(row));
    let refused =
        table(&["What", "Served", "Reason"], [refusal("a path through a lookup of several tables".to_owned(), "which of them is meant cannot be told")]);
    format!("{}\n{served}\n## Not there\n\n{REFUSED}\n\n{refused}", head("Filters", ABOUT))
}

fn served() -> Vec<Entry> {
    let compared = [CompareOp::Eq, CompareOp::Ne, CompareOp::Gt, CompareOp::Ge, CompareOp::Lt, CompareOp::Le].map(comparison);
    let functions = [TextFunction::Contains, TextFunction::StartsWith, TextFunction::EndsWith].map(text_function);
    let others = [
        entry("and", "both", " and "),
        entry("or", "at least one; binds weaker than `and`", " or "),
        entry("not", "the opposite", "not "),
        entry("( )", "what belongs together", " ("),
        entry("column eq null", "there is no value; so does `eq ''`", " eq null"),
        entry("column ne null", "there is a value", " ne null"),
        entry("lookup/column", "a column of the row behind a lookup", "/new_name eq"),
        entry("lookup eq null", "the lookup is empty", "new_DepotId eq null"),
        entry("column eq column", "two columns of one row", "createdon eq modifiedon"),
        entry("@name", "a parameter, given as `@name=…` behind the filter", "@p1"),
    ];
    let quantified = [Quantifier::Any, Quantifier::All].map(quantified);
    let called = FUNCTIONS.iter().flat_map(|(about, names)| names.split(", ").map(|name| called(name, about)));
    compared.into_iter().chain(functions).chain(others).chain(quantified).chain(called).collect()
}

/// A query function.
fn called(name: &str, about: &'static str) -> Entry {
    Entry { name: format!("Microsoft.Dynamics.CRM.{name}(…)"), means: about, looks: format!("CRM.{name}(") }
}

fn comparison(op: CompareOp) -> Entry {
    match op {
        CompareOp::Eq => entry("eq", "equal; never true of null", " eq "),
        CompareOp::Ne => entry("ne", "not equal; true of null", " ne "),
        CompareOp::Gt => entry("gt", "greater", " gt "),
        CompareOp::Ge => entry("ge", "greater or equal", " ge "),
        CompareOp::Lt => entry("lt", "less", " lt "),
        CompareOp::Le => entry("le", "less or equal", " le "),
    }
}

fn text_function(function: TextFunction) -> Entry {
    match function {
        TextFunction::Contains => entry("contains(column,'text')", "the text holds the pattern", "contains("),
        TextFunction::StartsWith => entry("startswith(column,'text')", "the text begins with the pattern", "startswith("),
        TextFunction::EndsWith => entry("endswith(column,'text')", "the text ends with the pattern", "endswith("),
    }
}

fn quantified(quantifier: Quantifier) -> Entry {
    match quantifier {
        Quantifier::Any => entry("collection/any(o:…)", "a row of the collection meets the condition; any at all without one", "/any("),
        Quantifier::All => entry("collection/all(o:…)", "every row of the collection meets the condition", "/all("),
    }
}

fn refusal(what: String, reason: &str) -> Vec<String> {
    vec![what, "no".to_owned(), reason.to_owned()]
}

/// The filter of a read of records, with what follows it.
fn filter(exchange: &Exchange) -> Option<&str> {
    let is_definition = exchange.segments.first().is_some_and(|first| first.contains("Definitions"));
    let target = exchange.text.lines().next()?;
    target.split_once("$filter=").map(|(_, filter)| filter).filter(|_| !is_definition)
}

#[cfg(test)]
mod tests {
    use driftless_odata::filter::{Expr, FilterLimits, parse};

    use super::super::golden;
    use super::*;

    #[test] // web-api 16
    fn the_parser_reads_every_function() {
        for name in FUNCTIONS.iter().flat_map(|(_, names)| names.split(", ")) {
            let text = format!("Microsoft.Dynamics.CRM.{name}(PropertyName='a')");
            assert!(matches!(parse(&text, &FilterLimits::default()), Ok(Expr::Custom { .. })), "{name}");
        }
    }

    #[test]
    fn only_filters_of_successful_reads_of_records_count() {
        let text = "=== a\nGET /api/data/v9.2/x?$filter=a lt 1\n--- 200\n=== b\nGET /api/data/v9.2/x?$filter=a gt 1\n--- 400\n\
                    === c\nGET /api/data/v9.2/EntityDefinitions?$filter=a le 1\n--- 200\n";
        let page = page(&golden::parse(golden::Door::WebApi, "f", text));
        assert!(page.contains("| `lt` | less | yes | [f]"), "{page}");
        assert!(page.contains("| `gt` | greater | implemented, no golden file |"));
        assert!(page.contains("| `le` | less or equal | implemented, no golden file |"));
    }
}
