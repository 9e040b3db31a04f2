//! Statements in, queries out.

use driftless_model::LogicalName;

use super::*;
use crate::fixture::definitions;
use crate::{Aggregate, Circumstances, ColumnPath, Comparison, Condition, Filter, LinkKind, Literal, Operator, Role, resolve};

fn parsed(text: &str) -> Result<SqlQuery> {
    let definitions = definitions();
    let sql = read(text, &definitions, &SqlLimits::default())?;
    resolve(&sql.query, &definitions, &Circumstances::default())?;
    Ok(sql)
}

fn query(text: &str) -> Query {
    parsed(text).unwrap_or_else(|error| panic!("{text}: {}", error.message())).query
}

fn filter(text: &str) -> Filter {
    query(&format!("SELECT name FROM account WHERE {text}")).filter.unwrap()
}

fn columns(names: &[&str]) -> Columns {
    Columns::Some(names.iter().map(|name| LogicalName::from(*name)).collect())
}

fn condition(column: &str, operator: Operator, values: &[Literal]) -> Filter {
    Filter::Condition(Condition::new(ColumnPath::own(column.into()), operator, values.to_vec()))
}

fn compare(column: &str, comparison: Comparison, number: &str) -> Filter {
    condition(column, Operator::Compare(comparison), &[Literal::Number(number.to_owned())])
}

fn names(query: &Query) -> Vec<&str> {
    query.values.iter().map(|value| value.name.as_deref().unwrap_or("-")).collect()
}

#[test] // web-api 20
fn columns_order_and_rows() {
    let sql = parsed("select TOP 3 Name, a.[Employees] AS staff, PrimaryContactId FROM Account a ORDER BY staff DESC, a.name").unwrap();
    assert_eq!((sql.rows_max, sql.skip), (Some(3), 0));
    assert_eq!(sql.query.columns, columns(&["name", "primarycontactid"]));
    assert_eq!(names(&sql.query), ["staff"]);
    assert_eq!(sql.query.orders[0], Order { by: OrderBy::Value("staff".to_owned()), descending: true });
    assert_eq!(sql.query.orders[1], Order { by: OrderBy::Column(ColumnPath::own("name".into())), descending: false });
    let page = parsed("SELECT name FROM account ORDER BY name OFFSET 20 ROWS FETCH NEXT 10 ROWS ONLY").unwrap();
    assert_eq!((page.rows_max, page.skip), (Some(10), 20));
    assert_eq!(parsed("SELECT DISTINCT TOP (2) name FROM account").unwrap().rows_max, Some(2));
    assert_eq!(query("SELECT DISTINCT name FROM dbo.account;").result, ResultKind::Distinct);
    assert_eq!(query("SELECT accountid, name FROM account").columns, columns(&["accountid", "name"]));
}

#[test] // web-api 20
fn aggregates_and_groups() {
    let groups = query(
        "SELECT employees, COUNT(*) AS n, COUNT(DISTINCT name) AS kinds, sum(employees), MAX(createdon) latest FROM account GROUP BY employees ORDER BY COUNT(*) DESC, employees",
    );
    assert_eq!((groups.result, names(&groups)), (ResultKind::Groups, vec!["-", "n", "kinds", "sum_employees", "latest"]));
    let roles: Vec<_> = groups.values.iter().map(|value| value.role).collect();
    use Aggregate::{Count, CountDistinct, Max, Sum};
    assert_eq!(roles[0], Role::Group(None));
    assert_eq!(roles[1..], [Count, CountDistinct, Sum, Max].map(Role::Aggregate));
    assert_eq!(groups.values[1].column, None);
    assert_eq!(groups.orders[0].by, OrderBy::Value("n".to_owned()));
}

#[test] // web-api 20
fn joins_hang_on_the_table_that_they_name() {
    let joined = query(
        "SELECT a.name, c.name AS contact, p.name parent FROM account a LEFT JOIN contact AS c ON c.parentcustomerid = a.accountid AND c.age > 3 \
         INNER JOIN account p ON a.parentaccountid = p.accountid LEFT JOIN contact pc ON p.primarycontactid = pc.contactid WHERE pc.age IS NULL",
    );
    let aliases: Vec<_> = joined.links.iter().map(|link| (link.alias.as_str(), link.kind, link.links.len())).collect();
    assert_eq!(aliases, [("c", LinkKind::Outer, 0), ("p", LinkKind::Inner, 1)]);
    assert_eq!((&*joined.links[0].from, &*joined.links[0].to), ("parentcustomerid", "accountid"));
    assert_eq!(joined.links[0].filter, Some(Filter::And(vec![compare("age", Comparison::Greater, "3")])));
    assert_eq!(names(&joined), ["contact", "parent"]);
    assert!(matches!(joined.filter, Some(Filter::Condition(condition)) if condition.column.link.as_deref() == Some("pc")));
    // What is joined to a row must be there, so the row must be.
    let chained =
        query("SELECT a.name FROM account a LEFT JOIN account p ON a.parentaccountid = p.accountid JOIN contact c ON p.primarycontactid = c.contactid");
    assert_eq!((chained.links[0].kind, chained.links[0].links[0].kind), (LinkKind::Inner, LinkKind::Inner));
}

#[test] // web-api 20
fn conditions_are_those_of_sql() {
    let number = |text: &str| Literal::Number(text.to_owned());
    let known = |column: &str| condition(column, Operator::NotNull, &[]);
    let equal = |text: &str| compare("employees", Comparison::Equal, text);
    let not_equal = |text: &str| Filter::And(vec![compare("employees", Comparison::NotEqual, text), known("employees")]);
    let not = |filter: Filter| Filter::Not(Box::new(filter));
    let like = condition("name", Operator::Like, &[Literal::Text("O'H%".to_owned())]);
    let list = condition("employees", Operator::In, &[number("1"), number("-2")]);
    for (text, expected) in [
        ("employees = 5", equal("5")),
        ("5 < employees", compare("employees", Comparison::Greater, "5")),
        ("employees <> 5", not_equal("5")),
        ("NOT employees = 5", not_equal("5")),
        ("NOT (employees > 5)", compare("employees", Comparison::LessEqual, "5")),
        ("employees = 1 AND (employees = 2 OR employees = 3)", Filter::And(vec![equal("1"), Filter::Or(vec![equal("2"), equal("3")])])),
        ("NOT (employees <> 1 OR employees <> 2)", Filter::And(vec![equal("1"), equal("2")])),
        ("name LIKE 'O''H%'", like.clone()),
        ("name NOT LIKE N'O''H%'", Filter::And(vec![not(like), known("name")])),
        ("employees IN (1, -2)", list.clone()),
        ("employees IN (1, -2, NULL)", list.clone()),
        ("employees NOT IN (1, -2)", Filter::And(vec![not(list), known("employees")])),
        ("employees NOT IN (1, NULL)", Filter::Or(Vec::new())),
        ("employees = NULL", Filter::Or(Vec::new())),
        ("NOT employees IS NULL", known("employees")),
        ("employees BETWEEN 1 AND 2", condition("employees", Operator::Between, &[number("1"), number("2")])),
    ] {
        assert_eq!(filter(text), expected, "{text}");
    }
}

#[test] // web-api 20
fn what_is_not_offered_is_named() {
    for (text, sentence) in [
        ("", "one SELECT"),
        ("SELECT name FROM account; SELECT name FROM account", "one SELECT"),
        ("DELETE FROM account", "one SELECT"),
        ("SELECT", "cannot be taken"),
        ("SELECT * FROM account", "'*' is not offered"),
        ("SELECT a.* FROM account a", "'*' is not offered"),
        ("SELECT name", "from one table"),
        ("SELECT name FROM account, contact", "from one table"),
        ("SELECT name FROM account UNION SELECT name FROM contact", "UNION"),
        ("WITH x AS (SELECT name FROM account) SELECT name FROM x", "WITH is not offered"),
        ("SELECT name FROM (SELECT name FROM account) a", "subqueries"),
        ("SELECT name FROM account WHERE accountid IN (SELECT contactid FROM contact)", "Subqueries"),
        ("SELECT a.name FROM account a RIGHT JOIN contact c ON a.primarycontactid = c.contactid", "INNER JOIN and LEFT JOIN"),
        ("SELECT a.name FROM account a CROSS JOIN contact c", "INNER JOIN and LEFT JOIN"),
        ("SELECT a.name FROM account a JOIN contact c ON c.age > 1", "ON needs a column"),
        ("SELECT a.name FROM account a JOIN contact a ON a.age = 1", "'a' stands twice"),
        ("SELECT name FROM account a JOIN contact c ON a.primarycontactid = c.contactid", "in more than one table"),
        ("SELECT a.name, c.name FROM account a JOIN contact c ON a.primarycontactid = c.contactid", "called 'name'"),
        ("SELECT x.name FROM account a", "No table is called 'x'"),
        ("SELECT COUNT(*) FROM account HAVING COUNT(*) > 1", "HAVING"),
        ("SELECT name, COUNT(*) FROM account", "must be in GROUP BY"),
        ("SELECT COUNT(*) FROM account GROUP BY name", "must be among the columns"),
        ("SELECT UPPER(name) FROM account", "other functions"),
        ("SELECT name + 'x' FROM account", "other expressions"),
        ("SELECT name FROM account WHERE employees + 1 = 2", "other expressions"),
        ("SELECT name FROM account WHERE name LIKE 'a!%' ESCAPE '!'", "ESCAPE"),
        ("SELECT TOP 5001 name FROM account", "up to 5000"),
        ("SELECT TOP 5 PERCENT name FROM account", "up to 5000"),
        ("SELECT TOP 5 name FROM account ORDER BY name OFFSET 1 ROWS", "TOP cannot stand beside"),
        ("SELECT name FROM account LIMIT 5", "LIMIT is not offered"),
        ("SELECT name INTO x FROM account", "INTO"),
        ("SELECT name FROM account FOR XML AUTO", "may stand behind"),
    ] {
        let error = parsed(text).err().unwrap_or_else(|| panic!("{text} was taken"));
        assert_eq!(error.code(), ErrorCode::ODataError, "{text}: {}", error.message());
        assert!(error.message().contains(sentence), "{text}: {}", error.message());
    }
    assert_eq!(parsed("SELECT name FROM nosuch").unwrap_err().code(), ErrorCode::QueryBuilderNoEntity);
    assert_eq!(parsed("SELECT nosuch FROM account").unwrap_err().code(), ErrorCode::QueryBuilderNoAttribute);
    assert_eq!(parsed("SELECT a.nosuch FROM account a").unwrap_err().code(), ErrorCode::QueryBuilderNoAttribute);
}

#[test] // A9, SEC-07, SEC-08
fn everything_has_a_limit() {
    let conditions = |count: usize| format!("SELECT name FROM account WHERE {}", vec!["employees=1"; count].join(" OR "));
    let list = |count: usize| format!("SELECT name FROM account WHERE employees IN ({})", vec!["1"; count].join(","));
    let joins = |count: usize| {
        let joins: String = (0..count).map(|at| format!(" JOIN contact c{at} ON a.primarycontactid = c{at}.contactid")).collect();
        format!("SELECT a.name FROM account a{joins}")
    };
    for (fits, exceeds) in [(conditions(500), conditions(501)), (list(2_000), list(2_001)), (joins(15), joins(16))] {
        assert!(parsed(&fits).is_ok(), "{:?}", parsed(&fits).err().map(|error| error.message().to_owned()));
        assert_eq!(parsed(&exceeds).unwrap_err().code(), ErrorCode::ODataError);
    }
    // Depth is bounded whichever way it is made.
    for deep in
        ["(".repeat(3_000), "NOT ".repeat(2_400), "employees|".repeat(1_200), "employees IS NULL ".repeat(800), "CASE WHEN ".repeat(1_000), "-".repeat(2_400)]
    {
        assert!(parsed(&format!("SELECT name FROM account WHERE {deep} employees = 1")).is_err());
    }
    assert!(parsed(&format!("SELECT name FROM account WHERE name = '{}'", "x".repeat(70_000))).is_err());
}
