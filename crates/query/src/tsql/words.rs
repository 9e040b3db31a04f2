//! Words that are no names, and what is said of those that are not offered.

/// Words of the grammar.
const GRAMMAR: &[&str] = &[
    "AND", "AS", "ASC", "BETWEEN", "BY", "DESC", "DISTINCT", "FETCH", "FROM", "GROUP", "IN", "INNER", "IS", "JOIN", "LEFT", "LIKE", "NOT", "NULL", "OFFSET",
    "ON", "OR", "ORDER", "TOP", "WHERE",
];

const STATEMENTS: &str = "It must be one SELECT statement.";
const SETS: &str = "UNION, EXCEPT and INTERSECT are not offered.";
const JOINS: &str = "Tables are joined by INNER JOIN and LEFT JOIN; other joins are not offered.";
const SUBQUERIES: &str = "Subqueries are not offered.";
const BEHIND: &str = "Nothing but ORDER BY, OFFSET and FETCH may stand behind the SELECT.";
const CLAUSES: &str = "A SELECT has columns, FROM with INNER and LEFT JOIN, WHERE and GROUP BY; other clauses are not offered.";
const EXPRESSIONS: &str = "CASE and other expressions are not offered.";

/// Words that are refused wherever they stand, with the sentence for each.
const REFUSED: &[(&str, &str)] = &[
    ("ALL", SUBQUERIES),
    ("ANY", SUBQUERIES),
    ("APPLY", JOINS),
    ("CASE", EXPRESSIONS),
    ("COLLATE", "COLLATE is not offered: texts are compared without regard to case."),
    ("CROSS", JOINS),
    ("DELETE", STATEMENTS),
    ("ELSE", EXPRESSIONS),
    ("END", EXPRESSIONS),
    ("ESCAPE", "LIKE is offered without ESCAPE."),
    ("EXCEPT", SETS),
    ("EXEC", STATEMENTS),
    ("EXECUTE", STATEMENTS),
    ("EXISTS", SUBQUERIES),
    ("FOR", BEHIND),
    ("FULL", JOINS),
    ("HAVING", "HAVING is not offered."),
    ("INSERT", STATEMENTS),
    ("INTERSECT", SETS),
    ("INTO", "SELECT INTO is not offered: rows are made through their addresses."),
    ("LIMIT", "LIMIT is not offered: write TOP, or OFFSET and FETCH."),
    ("MERGE", STATEMENTS),
    ("NATURAL", JOINS),
    ("NULLS", "ORDER BY takes columns with ASC or DESC."),
    ("OPTION", BEHIND),
    ("OUTER", JOINS),
    ("OVER", "OVER is not offered."),
    ("PIVOT", CLAUSES),
    ("QUALIFY", CLAUSES),
    ("RIGHT", JOINS),
    ("SELECT", STATEMENTS),
    ("SOME", SUBQUERIES),
    ("TABLESAMPLE", CLAUSES),
    ("THEN", EXPRESSIONS),
    ("UNION", SETS),
    ("UNPIVOT", CLAUSES),
    ("UPDATE", STATEMENTS),
    ("USING", "A JOIN needs ON with two columns that must be equal."),
    ("WHEN", EXPRESSIONS),
    ("WINDOW", CLAUSES),
    ("WITH", "WITH is not offered."),
];

/// Whether a word is a name only in brackets, in quotes or behind a point.
pub(super) fn is_reserved(word: &str) -> bool {
    GRAMMAR.iter().any(|own| own.eq_ignore_ascii_case(word)) || refusal(word).is_some()
}

/// What is said of a word that is not offered.
pub(super) fn refusal(word: &str) -> Option<&'static str> {
    REFUSED.iter().find(|(own, _)| own.eq_ignore_ascii_case(word)).map(|(_, sentence)| *sentence)
}
