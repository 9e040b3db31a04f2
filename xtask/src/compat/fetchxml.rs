//! `fetchxml.md`: FetchXML, views and SQL.

use driftless_query::{OPERATORS, OperatorValues};

use super::golden::Exchange;
use super::{evidence, head, table};

const ABOUT: &str = "\
FetchXML through `?fetchXml=`, through `?savedQuery=` and `?userQuery=`, which run the FetchXML of a view, and `?sql=` with one SELECT. Properties without a
value are left out of the results. Operators that say \"not\" hold of null too, as `ne` does.";

/// Elements and attributes, and how a text looks that has them.
const PARTS: &[(&str, &str, &str)] = &[
    ("`attribute`, with `alias`", "a column, under another name", "alias=\"pieces\""),
    ("`all-attributes`", "all columns", "<all-attributes/>"),
    ("`distinct`", "different values", "distinct=\"true\""),
    ("`top`", "the first rows", "top=\"2\""),
    ("`count`, `page`", "pages by number, to row 50,000", "count=\"1\" page=\"2\">"),
    ("`paging-cookie`", "pages by cookie", "paging-cookie=\"{paging"),
    ("`returntotalrecordcount`, `$count=true`", "the number of rows, to 5,000", "returntotalrecordcount=\"true\""),
    ("`order`, with `alias` and `entityname`", "order; those of links come last, lookups are ordered by name", "<order entityname="),
    ("`filter`, `condition`, with `entityname`", "filters, also behind an outer link", "<condition entityname="),
    ("`valueof`", "another column, also of a link", "valueof=\"d."),
    ("`link-entity` inner", "once for each partner", " alias=\"p\"><attribute"),
    ("`link-entity` outer", "also without a partner", "link-type=\"outer\""),
    ("`link-entity` matchfirstrowusingcrossapply", "one partner; columns under their schema names", "matchfirstrowusingcrossapply"),
    ("`link-entity` exists, in", "with a partner", "link-type=\"exists\""),
    ("`link-entity` any, not all", "with a partner of which the filters hold", "link-type=\"any\""),
    ("`link-entity` not any", "without one", "link-type=\"not any\""),
    ("`link-entity` all", "with partners of which the filters hold of none", "link-type=\"all\""),
    ("`aggregate`: count, countcolumn, sum, avg, min, max", "one value for many rows, at most 50,000", "aggregate=\"countcolumn\""),
    ("`groupby`", "groups", "groupby=\"true\""),
    ("`dategrouping`, with `usertimezone`", "groups by a part of a date, by the caller's clock", "dategrouping=\"fiscal-period\""),
    ("`aggregatelimit`", "a lower limit for aggregates", "aggregatelimit=\"3\""),
    ("`savedQuery`", "the rows of a standard view", "?savedQuery="),
    ("`userQuery`", "the rows of a view of one's own", "?userQuery="),
    ("`sql`", "SELECT with WHERE, ORDER BY, TOP, DISTINCT, INNER and LEFT JOIN, GROUP BY, OFFSET and FETCH", "?sql=SELECT"),
];

/// What is not there, and why.
const ABSENT: &[(&str, &str)] = &[
    ("`rowaggregate`", "refused by name: later"),
    ("`datasource=\"retained\"`", "refused by name: there is no long-term store"),
    (
        "the operators ChildOf, Mask, NotMask, MasksSelect and EqualRoleBusinessId of QueryExpression",
        "refused by name: they have no published meaning, or none here",
    ),
    ("choices ordered by their labels", "they are ordered by number, as with `useraworderby`"),
    ("lookups of several tables ordered by name", "they are ordered by identifier"),
    ("`link-entity` without `from` and `to` over a many-to-many relationship", "refused: the columns must be named"),
    ("`no-lock`, `latematerialize`, `options`, `hint`", "read and without effect: hints to another engine"),
];

/// The page.
pub(crate) fn page(exchanges: &[Exchange]) -> String {
    let shown = |looks: &str| evidence(exchanges, |exchange| exchange.succeeds() && is_list(exchange) && exchange.text.contains(looks));
    let parts = PARTS.iter().map(|(what, means, looks)| {
        let [status, files] = shown(looks);
        vec![(*what).to_owned(), (*means).to_owned(), status, files]
    });
    let parts = table(&["What", "Means", "Served", "Golden files"], parts);
    let operators = OPERATORS.iter().map(|operator| {
        let expression = operator.expression.map_or("", |(name, _)| name);
        let [status, files] = match operator.fetch {
            Some(name) => shown(&format!("operator=\"{name}\"")),
            None => evidence(exchanges, |exchange| exchange.succeeds() && exchange.text.contains(&format!("\"Operator\":\"{expression}\""))),
        };
        let code = |name: &str| if name.is_empty() { "none".to_owned() } else { format!("`{name}`") };
        vec![code(operator.fetch.unwrap_or_default()), code(expression), values(operator.values).to_owned(), status, files]
    });
    let operators = table(&["Operator", "In a QueryExpression", "Values", "Served", "Golden files"], operators);
    let absent = table(&["What", "What happens"], ABSENT.iter().map(|(what, why)| vec![(*what).to_owned(), (*why).to_owned()]));
    format!("{}\n{parts}\n## Operators\n\n{operators}\n## Not there, or otherwise\n\n{absent}", head("FetchXML, views and SQL", ABOUT))
}

fn values(values: OperatorValues) -> &'static str {
    match values {
        OperatorValues::None | OperatorValues::Fixed(_) => "none",
        OperatorValues::One => "one",
        OperatorValues::Two => "two",
        OperatorValues::Several => "one or more",
    }
}

fn is_list(exchange: &Exchange) -> bool {
    ["?fetchXml=", "?savedQuery=", "?userQuery=", "?sql="].iter().any(|option| exchange.text.contains(option))
}

#[cfg(test)]
mod tests {
    use super::super::golden;
    use super::*;

    #[test]
    fn operators_count_where_they_succeed() {
        let text = "=== a\nGET /api/data/v9.2/x?fetchXml=<condition operator=\"eq\"/>\n--- 200\n=== b\nGET /api/data/v9.2/x?fetchXml=<condition operator=\"lt\"/>\n--- 400\n";
        let page = page(&golden::parse(golden::Door::WebApi, "f", text));
        assert!(page.contains("| `eq` | `Equal` | one | yes | [f]"), "{page}");
        assert!(page.contains("| `lt` | `LessThan` | one | implemented, no golden file |"));
    }
}
