//! Texts in, statements or sentences out.

use super::*;
use crate::tsql::ast::{Operand, Predicate};
use crate::{Comparison, Literal};

fn read(text: &str) -> Select {
    parsed(text, &SqlLimits::default()).unwrap_or_else(|error| panic!("{text}: {}", error.message()))
}

fn sentence(text: &str) -> String {
    let error = parsed(text, &SqlLimits::default()).expect_err(text);
    error.message().strip_prefix("The SQL text cannot be taken. ").expect(text).to_owned()
}

fn column(table: Option<&str>, column: &str) -> ColumnName {
    ColumnName { table: table.map(str::to_owned), column: column.to_owned() }
}

fn equal(name: &str, number: &str) -> Predicate {
    Predicate::Compare { column: column(None, name), comparison: Comparison::Equal, other: Operand::Value(Literal::Number(number.to_owned())) }
}

#[test] // web-api 20
fn names_and_aliases_in_every_form() {
    let select = read("select A, [b c] as [D e], \"f\" G, t.[order] AS \"x\"\"y\", dbo.T.select FROM [Dbo].\"T\" AS [My T];;");
    let items: Vec<_> = select.items.iter().map(|item| (item.value.clone(), item.alias.as_deref())).collect();
    let plain = |table, name| Selected::Column(column(table, name));
    assert_eq!(
        items,
        [
            (plain(None, "a"), None),
            (plain(None, "b c"), Some("D e")),
            (plain(None, "f"), Some("G")),
            (plain(Some("t"), "order"), Some("x\"y")),
            (plain(Some("t"), "select"), None),
        ]
    );
    assert_eq!(select.from, TableName { name: "t".to_owned(), alias: Some("my t".to_owned()) });
    assert_eq!(read("SELECT a FROM t x").from.alias.as_deref(), Some("x"));
    assert_eq!(read("SELECT a -- AS b\n FROM/* t */t").from.alias, None);
}

#[test] // web-api 20
fn rows_groups_and_order() {
    for (text, distinct, top, skip, rows_max) in [
        ("SELECT a FROM t", false, None, None, None),
        ("SELECT ALL a FROM t", false, None, None, None),
        ("SELECT DISTINCT TOP 5 a FROM t", true, Some(5), None, None),
        ("SELECT TOP (5) a FROM t", false, Some(5), None, None),
        ("SELECT a FROM t OFFSET 1 ROW", false, None, Some(1), None),
        ("SELECT a FROM t OFFSET (0) ROWS FETCH FIRST 1 ROW ONLY", false, None, Some(0), Some(1)),
        ("SELECT a FROM t OFFSET 7 ROWS FETCH NEXT 99999999999 ROWS ONLY", false, None, Some(7), Some(u32::MAX)),
        ("SELECT a FROM t OFFSET 7 ROWS FETCH NEXT ROW ONLY", false, None, Some(7), Some(1)),
    ] {
        let select = read(text);
        assert_eq!((select.distinct, select.top, select.skip, select.rows_max), (distinct, top, skip, rows_max), "{text}");
    }
    let select = read("SELECT a, Count( * ) n, COUNT_BIG(ALL b), max(DISTINCT t.b) FROM t GROUP BY a, t.b ORDER BY n DESC, count(*), a ASC");
    let of = |aggregate, function: &str, column| Selected::Aggregate(AggregateOf { aggregate, function: function.to_owned(), column });
    assert_eq!(select.items[1].value, of(Aggregate::Count, "count", None));
    assert_eq!(select.items[2].value, of(Aggregate::Count, "count_big", Some(column(None, "b"))));
    assert_eq!(select.items[3].value, of(Aggregate::Max, "max", Some(column(Some("t"), "b"))));
    assert_eq!(select.groups, [column(None, "a"), column(Some("t"), "b")]);
    assert_eq!(select.orders.iter().map(|order| order.descending).collect::<Vec<_>>(), [true, false, false]);
    assert_eq!(select.orders[1].by, select.items[1].value);
}

#[test] // web-api 20
fn joins_of_both_kinds() {
    let select = read("SELECT a FROM t JOIN u ON a=1 INNER JOIN v AS w ON a=2 LEFT JOIN x y ON a=3 LEFT OUTER JOIN z ON a=4 WHERE b=5");
    let joins: Vec<_> = select.joins.iter().map(|join| (join.kind, join.table.name.as_str(), join.table.alias.as_deref(), join.on.clone())).collect();
    let (inner, outer) = (LinkKind::Inner, LinkKind::Outer);
    assert_eq!(
        joins,
        [
            (inner, "u", None, equal("a", "1")),
            (inner, "v", Some("w"), equal("a", "2")),
            (outer, "x", Some("y"), equal("a", "3")),
            (outer, "z", None, equal("a", "4"))
        ]
    );
    assert_eq!(select.filter, Some(equal("b", "5")));
}

#[test] // web-api 20
fn and_binds_more_than_or_and_not_more_than_and() {
    let [a, b, c] = ["a", "b", "c"].map(|name| equal(name, "1"));
    let not = |predicate: &Predicate| Predicate::Not(Box::new(predicate.clone()));
    let and = |parts: &[&Predicate]| Predicate::And(parts.iter().copied().cloned().collect());
    let or = |parts: &[&Predicate]| Predicate::Or(parts.iter().copied().cloned().collect());
    for (text, expected) in [
        ("a=1 OR b=1 AND c=1", or(&[&a, &and(&[&b, &c])])),
        ("a=1 AND b=1 OR c=1", or(&[&and(&[&a, &b]), &c])),
        ("(a=1 OR b=1) AND c=1", and(&[&or(&[&a, &b]), &c])),
        ("a=1 AND (b=1 AND c=1)", and(&[&a, &b, &c])),
        ("((a=1) OR b=1) OR (c=1)", or(&[&a, &b, &c])),
        ("NOT a=1 AND b=1", and(&[&not(&a), &b])),
        ("NOT (a=1 AND b=1)", not(&and(&[&a, &b]))),
        ("NOT NOT ((a)) = (1)", not(&not(&a))),
        ("1 = (a)", a.clone()),
    ] {
        assert_eq!(read(&format!("SELECT a FROM t WHERE {text}")).filter, Some(expected), "{text}");
    }
}

#[test] // web-api 20
fn values_are_kept_as_written() {
    let Some(Predicate::In { values, negated: true, .. }) = read("SELECT a FROM t WHERE a NOT IN (1, -2.50, +.5, 1e3, 'it''s', N'', null, (-3))").filter else {
        panic!("no list");
    };
    let number = |text: &str| Literal::Number(text.to_owned());
    let text = |text: &str| Literal::Text(text.to_owned());
    assert_eq!(values, [number("1"), number("-2.50"), number(".5"), number("1e3"), text("it's"), text(""), Literal::Null, number("-3")]);
    let Some(Predicate::Compare { comparison, .. }) = read("SELECT a FROM t WHERE 5 >= a").filter else { panic!("no comparison") };
    assert_eq!(comparison, Comparison::LessEqual);
}

#[test] // web-api 20
fn what_is_not_offered_gets_its_sentence() {
    for (text, part) in [
        ("", "one SELECT"),
        ("-- nothing", "one SELECT"),
        ("(SELECT a FROM t)", "one SELECT"),
        ("UPDATE t SET a = 1", "through their addresses"),
        ("INSERT INTO t VALUES (1)", "through their addresses"),
        ("DROP TABLE t", "through their addresses"),
        ("EXEC p", "through their addresses"),
        (";WITH x AS (SELECT a FROM t) SELECT a FROM x", "one SELECT"),
        ("with x AS (SELECT a FROM t) SELECT a FROM x", "WITH is not offered"),
        ("SELECT a FROM t WITH (NOLOCK)", "WITH is not offered"),
        ("SELECT a FROM t; DELETE FROM t", "one SELECT"),
        ("SELECT a FROM t DELETE FROM t", "one SELECT"),
        ("SELECT a FROM t SELECT a FROM t", "one SELECT"),
        ("SELECT a FROM t UNION ALL SELECT a FROM u", "UNION, EXCEPT and INTERSECT"),
        ("SELECT a FROM t EXCEPT SELECT a FROM u", "UNION, EXCEPT and INTERSECT"),
        ("SELECT a FROM t WHERE a=1 INTERSECT SELECT a FROM u", "UNION, EXCEPT and INTERSECT"),
        ("SELECT *, a FROM t", "'*' is not offered"),
        ("SELECT TOP 5 t.* FROM t", "'*' is not offered"),
        ("SELECT DISTINCT ON (a) a FROM t", "DISTINCT ON"),
        ("SELECT TOP 5 WITH TIES a FROM t", "without PERCENT and WITH TIES"),
        ("SELECT TOP (5) PERCENT a FROM t", "without PERCENT and WITH TIES"),
        ("SELECT TOP a FROM t", "TOP takes a number"),
        ("SELECT TOP -1 a FROM t", "TOP takes a number"),
        ("SELECT TOP 1.5 a FROM t", "TOP takes a number"),
        ("SELECT TOP 99999999999999999999 a FROM t", "TOP takes a number"),
        ("SELECT TOP (1 a FROM t", "TOP takes a number"),
        ("SELECT FROM t", "The list after SELECT"),
        ("SELECT a, FROM t", "The list after SELECT"),
        ("SELECT 1 FROM t", "The list after SELECT"),
        ("SELECT 'x' AS a FROM t", "The list after SELECT"),
        ("SELECT a * 2 FROM t", "other expressions"),
        ("SELECT a || b FROM t", "other expressions"),
        ("SELECT CASE WHEN a = 1 THEN 2 END FROM t", "The list after SELECT"),
        ("SELECT (SELECT a FROM t) FROM t", "Subqueries"),
        ("SELECT GETDATE() FROM t", "other functions"),
        ("SELECT dbo.count(a) FROM t", "other functions"),
        ("SELECT SUM(DISTINCT a) FROM t", "other functions"),
        ("SELECT SUM(*) FROM t", "A column's name is expected"),
        ("SELECT COUNT(DISTINCT *) FROM t", "A column's name is expected"),
        ("SELECT COUNT(1) FROM t", "A column's name is expected"),
        ("SELECT SUM(a + b) FROM t", "A column's name is expected"),
        ("SELECT SUM(a, b) FROM t", "other functions"),
        ("SELECT COUNT(*) OVER (ORDER BY a) FROM t", "OVER is not offered"),
        ("SELECT a AS FROM t", "A name is expected where 'FROM' stands"),
        ("SELECT a AS 'b' FROM t", "A name is expected where 'b' stands"),
        ("SELECT a INTO b FROM t", "SELECT INTO"),
        ("SELECT a b c FROM t", "FROM is expected where 'c' stands"),
        ("SELECT a;", "from one table"),
        ("SELECT a FROM t, u", "from one table"),
        ("SELECT a FROM t JOIN u ON t.a = u.a, v", "from one table"),
        ("SELECT a FROM", "The name of a table is expected where the text ends"),
        ("SELECT a FROM 't'", "The name of a table is expected where 't' stands"),
        ("SELECT a FROM db..t", "A name is expected where '.' stands"),
        ("SELECT a FROM f(1)", "subqueries and functions"),
        ("SELECT a FROM t JOIN (SELECT b FROM u) v ON a = b", "subqueries and functions"),
        ("SELECT a FROM t FULL OUTER JOIN u ON a = b", "other joins"),
        ("SELECT a FROM t NATURAL JOIN u", "other joins"),
        ("SELECT a FROM t OUTER APPLY f(a)", "other joins"),
        ("SELECT a FROM t INNER HASH JOIN u ON a = b", "other joins"),
        ("SELECT a FROM t JOIN u", "A JOIN needs ON"),
        ("SELECT a FROM t JOIN u USING (a)", "A JOIN needs ON"),
        ("SELECT a FROM t WHERE", "A condition with a column or a value is expected where the text ends"),
        ("SELECT a FROM t WHERE a", "A condition is"),
        ("SELECT a FROM t WHERE (a) AND b = 1", "A condition is"),
        ("SELECT a FROM t WHERE 1 = 1", "A condition is"),
        ("SELECT a FROM t WHERE NULL IS NULL", "A condition is"),
        ("SELECT a FROM t WHERE a = -b", "A condition is"),
        ("SELECT a FROM t WHERE a = b + 1", "other expressions"),
        ("SELECT a FROM t WHERE (a - 1) = b", "other expressions"),
        ("SELECT a FROM t WHERE a BETWEEN 1 AND b", "A condition is"),
        ("SELECT a FROM t WHERE a BETWEEN 1 OR 2", "AND is expected where 'OR' stands"),
        ("SELECT a FROM t WHERE a IS DISTINCT FROM 1", "A condition is"),
        ("SELECT a FROM t WHERE a NOT = 1", "A condition is"),
        ("SELECT a FROM t WHERE a IN ()", "A condition is"),
        ("SELECT a FROM t WHERE a IN 1", "'(' is expected where '1' stands"),
        ("SELECT a FROM t WHERE a IN (1", "')' is expected where the text ends"),
        ("SELECT a FROM t WHERE a LIKE 'x' ESCAPE '!'", "LIKE is offered without ESCAPE"),
        ("SELECT a FROM t WHERE YEAR(a) = 1", "A condition is"),
        ("SELECT a FROM t WHERE a = CASE WHEN b = 1 THEN 2 END", "CASE and other expressions"),
        ("SELECT a FROM t WHERE a = @p", "Variables and parameters"),
        ("SELECT a FROM t WHERE a = (SELECT b FROM u)", "Subqueries"),
        ("SELECT a FROM t WHERE EXISTS (SELECT b FROM u)", "Subqueries"),
        ("SELECT a FROM t WHERE a > ALL (SELECT b FROM u)", "Subqueries"),
        ("SELECT a FROM t WHERE (a = 1", "')' is expected where the text ends"),
        ("SELECT a FROM t WHERE a = 1)", "The end of the statement is expected where ')' stands"),
        ("SELECT a FROM t WHERE a = b = c", "The end of the statement is expected where '=' stands"),
        ("SELECT a FROM t GROUP a", "BY is expected where 'a' stands"),
        ("SELECT a FROM t GROUP BY ROLLUP(a)", "expressions are not offered"),
        ("SELECT a FROM t GROUP BY a HAVING a = 1", "HAVING is not offered"),
        ("SELECT a FROM t ORDER BY 1", "expressions are not offered"),
        ("SELECT a FROM t ORDER BY a + b", "expressions are not offered"),
        ("SELECT a FROM t ORDER BY a NULLS FIRST", "ASC or DESC"),
        ("SELECT a FROM t ORDER BY a COLLATE x", "COLLATE is not offered"),
        ("SELECT a FROM t WHERE a = 1 ORDER BY a WHERE b = 1", "The end of the statement is expected where 'WHERE' stands"),
        ("SELECT a FROM t LIMIT 1", "LIMIT is not offered"),
        ("SELECT a FROM t OFFSET 1", "OFFSET takes"),
        ("SELECT a FROM t OFFSET 1 ROWS FETCH 5 ROWS ONLY", "NEXT or FIRST is expected"),
        ("SELECT a FROM t OFFSET 1 ROWS FETCH NEXT 5 ROWS WITH TIES", "WITH TIES"),
        ("SELECT a FROM t OFFSET 1 ROWS FETCH NEXT 5 PERCENT ROWS ONLY", "PERCENT"),
        ("SELECT a FROM t FOR JSON PATH", "may stand behind"),
        ("SELECT a FROM t OPTION (RECOMPILE)", "may stand behind"),
    ] {
        assert!(sentence(text).contains(part), "{text}: {}", sentence(text));
    }
}

#[test] // A9, SEC-07, SEC-08
fn limits_hold_while_the_text_is_read() {
    let limits = SqlLimits { joins: 1, conditions: 2, depth: 3, top: 4, ..SqlLimits::default() };
    for (fits, exceeds, part) in [
        ("SELECT a FROM t JOIN u ON a=b", "SELECT a FROM t JOIN u ON a=b JOIN v ON a=b", "at most 1 tables"),
        ("SELECT a FROM t JOIN u ON a=b WHERE a=1", "SELECT a FROM t JOIN u ON a=b WHERE a=1 AND a=2", "at most 2 conditions"),
        ("SELECT a FROM t WHERE (NOT (a=1))", "SELECT a FROM t WHERE (NOT (NOT a=1))", "3 deep"),
        ("SELECT a FROM t WHERE (((a)))=1", "SELECT a FROM t WHERE ((((a))))=1", "3 deep"),
        ("SELECT a FROM t WHERE a IN ((((1))))", "SELECT a FROM t WHERE a IN (((((1)))))", "3 deep"),
        ("SELECT TOP 4 a FROM t", "SELECT TOP 5 a FROM t", "up to 4"),
    ] {
        assert!(parsed(fits, &limits).is_ok(), "{fits}");
        let error = parsed(exceeds, &limits).expect_err(exceeds);
        assert!(error.message().contains(part), "{exceeds}: {}", error.message());
    }
}

/// Numbers that look random (SplitMix64): same seed, same run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % bound as u64).unwrap()
    }
}

const SOUP: &[&str] = &[
    "SELECT", "DISTINCT", "ALL", "TOP", "FROM", "t", "t.", "a", "[b c]", "\"d\"", "AS", "JOIN", "LEFT", "OUTER", "INNER", "ON", "WHERE", "AND", "OR", "NOT",
    "(", ")", "((", ",", ".", ";", "=", "<>", "!=", "<", ">=", "+", "-", "*", "||", "1", "2.5e3", "'x''y'", "N'ü'", "NULL", "IS", "IN", "BETWEEN", "LIKE",
    "ESCAPE", "GROUP", "BY", "COUNT(", "COUNT(*)", "MAX", "ORDER", "DESC", "OFFSET", "FETCH", "NEXT", "ROWS", "ONLY", "UNION", "HAVING", "CASE", "/*", "*/",
    "--", "\n", "'", "[", "é", "\u{0}", "@p", "0x1",
];

#[test] // A9
fn any_soup_of_tokens_ends_in_an_answer() {
    let limits = SqlLimits { bytes: 2_000, words: 200, depth: 16, ..SqlLimits::default() };
    let starts = ["", "SELECT a FROM t ", "SELECT a FROM t WHERE ", "SELECT ", "SELECT a FROM t WHERE NOT (a = 1) ORDER BY "];
    let (mut random, mut taken) = (Random(20), 0);
    for round in 0..20_000 {
        let mut text = starts[random.below(starts.len())].to_owned();
        for _ in 0..random.below(12) {
            text.push_str(SOUP[random.below(SOUP.len())]);
            text.push_str(if random.below(5) == 0 { "" } else { " " });
        }
        match parsed(&text, &limits) {
            Ok(_) => taken += 1,
            // A sentence of bounded length, whatever the text holds.
            Err(error) => assert!(error.message().ends_with('.') && error.message().chars().count() < 300, "round {round}: {text}: {}", error.message()),
        }
    }
    assert!(taken > 100, "the soup has too little meat: {taken}");
}
