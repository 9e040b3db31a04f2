//! `$filter` through its public face (web-api 16).
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed expectation fails the test")]

use driftless_odata::ParseErrorKind;
use driftless_odata::filter::{Argument, CompareOp, Expr, FilterLimits, Lit, Operand, Quantifier, TextFunction, parse, parse_argument, print};

fn parsed(text: &str) -> Expr {
    parse(text, &FilterLimits::default()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn path(text: &str) -> Vec<String> {
    text.split('/').map(str::to_owned).collect()
}

fn compare(left: &str, op: CompareOp, right: Lit) -> Expr {
    Expr::Compare { left: Operand::Path(path(left)), op, right: Operand::Literal(right) }
}

fn text(value: &str) -> Lit {
    Lit::Text(value.to_owned())
}

/// The text parses, and prints as `canonical`, which parses to the same tree.
fn check(source: &str, canonical: &str) {
    let expr = parsed(source);
    assert_eq!(print(&expr), canonical, "{source}");
    assert_eq!(parsed(canonical), expr, "{source}");
}

#[test]
fn comparisons_of_every_literal() {
    let number = |n: &str| Lit::Number(n.to_owned());
    for (source, expected) in [
        (" accountid eq 9A000000-0000-0000-0000-0000000000ff ", {
            let mut guid = [0; 16];
            (guid[0], guid[15]) = (0x9a, 0xff);
            compare("accountid", CompareOp::Eq, Lit::Guid(guid))
        }),
        ("id eq fa000000-0000-0000-0000-000000000000", {
            let mut guid = [0; 16];
            guid[0] = 0xfa;
            compare("id", CompareOp::Eq, Lit::Guid(guid))
        }),
        ("name ne 'O''Hara'", compare("name", CompareOp::Ne, text("O'Hara"))),
        ("n gt -1.50", compare("n", CompareOp::Gt, number("-1.50"))),
        ("n ge 1e-3", compare("n", CompareOp::Ge, number("1e-3"))),
        ("d lt 2031-04-05", compare("d", CompareOp::Lt, Lit::Date("2031-04-05".to_owned()))),
        ("d le 2031-04-05T06:07:08.5+02:00", compare("d", CompareOp::Le, Lit::DateTime("2031-04-05T06:07:08.5+02:00".to_owned()))),
        ("nav/nav2/col eq null", compare("nav/nav2/col", CompareOp::Eq, Lit::Null)),
        ("IsPrivate eq false", compare("IsPrivate", CompareOp::Eq, Lit::Bool(false))),
        (
            "RequiredLevel/Value eq Microsoft.Dynamics.CRM.AttributeRequiredLevel'ApplicationRequired'",
            compare(
                "RequiredLevel/Value",
                CompareOp::Eq,
                Lit::Enum { type_name: "Microsoft.Dynamics.CRM.AttributeRequiredLevel".to_owned(), member: "ApplicationRequired".to_owned() },
            ),
        ),
        ("a eq b", Expr::Compare { left: Operand::Path(path("a")), op: CompareOp::Eq, right: Operand::Path(path("b")) }),
        ("@p1 eq @p2", Expr::Compare { left: Operand::Alias("p1".to_owned()), op: CompareOp::Eq, right: Operand::Alias("p2".to_owned()) }),
        ("IsCustom", Expr::Property(path("IsCustom"))),
    ] {
        assert_eq!(parsed(source), expected, "{source}");
    }
}

#[test]
fn precedence_and_flattening() {
    check("a or b and not c or d", "a or b and not c or d");
    check("(a or b) and c", "(a or b) and c");
    check("((a and b)) and (c and d)", "a and b and c and d");
    check("not (a and b)", "not (a and b)");
    check("not a eq 1 and b", "not (a eq 1) and b");
    check("not not(a or(b))", "not not (a or b)");
    check("note eq 1 and android or order", "note eq 1 and android or order");
    assert!(matches!(parsed("a and b and (c and d)"), Expr::And(parts) if parts.len() == 4));
}

#[test]
fn text_functions() {
    assert_eq!(
        parsed("not contains(nav/name, '50%')"),
        Expr::Not(Box::new(Expr::Function { name: TextFunction::Contains, subject: Operand::Path(path("nav/name")), text: Operand::Literal(text("50%")) }))
    );
    check("startswith(name,@p1) eq true", "startswith(name,@p1)");
    check("endswith(name,'x') eq false", "not endswith(name,'x')");
}

#[test]
fn lambdas() {
    check("tasks/any()", "tasks/any()");
    check("tasks/any(o:o/subject eq 'x' and o/parts/all(p:p/n gt 1))", "tasks/any(o:o/subject eq 'x' and o/parts/all(p:p/n gt 1))");
    let Expr::Lambda { quantifier, path, body: None } = parsed("a/b/any( )") else { panic!("no lambda") };
    assert_eq!((quantifier, path), (Quantifier::Any, vec!["a".to_owned(), "b".to_owned()]));
}

#[test]
fn query_functions() {
    let Expr::Custom { name, args } = parsed(r#"Microsoft.Dynamics.CRM.In(PropertyName='lastname',PropertyValues=["a","O'Hara",5, 'b'])"#) else {
        panic!("no query function")
    };
    assert_eq!(name, "Microsoft.Dynamics.CRM.In");
    assert_eq!(args[0], ("PropertyName".to_owned(), Argument::Single(Operand::Literal(text("lastname")))));
    assert_eq!(args[1].1, Argument::List(vec![text("a"), text("O'Hara"), Lit::Number("5".to_owned()), text("b")]));
    check(
        "Microsoft.Dynamics.CRM.LastXHours(PropertyName=@p1,PropertyValue=@p2) and Microsoft.Dynamics.CRM.EqualUserId()",
        "Microsoft.Dynamics.CRM.LastXHours(PropertyName=@p1,PropertyValue=@p2) and Microsoft.Dynamics.CRM.EqualUserId()",
    );
}

#[test]
fn query_functions_cannot_be_negated() {
    for bad in ["not Microsoft.Dynamics.CRM.Today(PropertyName='x')", "not (a and Microsoft.Dynamics.CRM.Today(PropertyName='x'))"] {
        let error = parse(bad, &FilterLimits::default()).unwrap_err();
        assert_eq!(error.message, "Not operator along with the Custom Named Condition operators is not allowed");
    }
}

#[test]
fn alias_texts() {
    let limits = FilterLimits::default();
    assert_eq!(parse_argument("'createdon'", &limits), Ok(Argument::Single(Operand::Literal(text("createdon")))));
    assert_eq!(parse_argument(" drf_name", &limits), Ok(Argument::Single(Operand::Path(path("drf_name")))));
    assert_eq!(parse_argument("[\"1\"]", &limits), Ok(Argument::List(vec![text("1")])));
    assert!(parse_argument("1 2", &limits).is_err());
}

#[test]
fn unterminated_literals_are_told_in_the_services_words() {
    let error = parse("name eq 'O'Hara and b", &FilterLimits::default()).unwrap_err();
    assert_eq!(error.kind, ParseErrorKind::Syntax);
    let error = parse("name eq 'Bob", &FilterLimits::default()).unwrap_err();
    assert_eq!(error.message, "There is an unterminated literal at position 12 in 'name eq 'Bob'.");
    assert_eq!(error.offset, 8);
}

#[test]
fn malformed_filters_name_the_place() {
    use ParseErrorKind::{Syntax, Unsupported, Value};
    for (bad, kind, offset) in [
        ("", Syntax, 0),
        ("a eq", Syntax, 4),
        ("a eq 1 b", Syntax, 7),
        ("a eq 5x", Syntax, 5),
        ("(a eq 1", Syntax, 7),
        ("a eq 1)", Syntax, 6),
        ("a and", Syntax, 5),
        ("'x'", Syntax, 3),
        ("tolower(a) eq 'x'", Unsupported, 0),
        ("a/size() eq 1", Unsupported, 2),
        ("a eq guid'9a'", Unsupported, 5),
        ("a/ b", Syntax, 2),
        ("a in ('x')", Syntax, 2),
        ("contains(a)", Syntax, 10),
        ("a/all()", Syntax, 6),
        ("X.F(a=1,a=2)", Value, 8),
        ("a eq 1700-01-01", Value, 5),
        ("X.In(v=[a])", Syntax, 8),
        ("X.In(v=[\"a])", Syntax, 8),
    ] {
        let error = parse(bad, &FilterLimits::default()).map(|e| print(&e)).expect_err(bad);
        assert_eq!((error.kind, error.offset), (kind, offset), "{bad}: {error}");
    }
}

#[test] // SEC-07
fn limits_hold_one_below_and_one_above() {
    let limits = FilterLimits { bytes: 200, depth: 3, leaves: 3, list_values: 2 };
    let kind = |text: &str| parse(text, &limits).err().map(|error| error.kind);
    let limit = Some(ParseErrorKind::Limit);
    assert_eq!(kind("(((a)))"), None);
    assert_eq!(kind("((((a))))"), limit);
    assert_eq!(kind("not not not not a"), limit);
    assert_eq!(kind("a/any(o:b/any(p:c/any(q:d/any(r:e))))"), limit);
    assert_eq!(kind("a and b or c"), None);
    assert_eq!(kind("a and b or c or contains(d,'x')"), limit);
    assert_eq!(kind("X.In(v=[1,2])"), None);
    assert_eq!(kind("X.In(v=[1,2,3])"), limit);
    assert_eq!(kind(&format!("a eq '{}'", "x".repeat(200))), limit);
    let deep = "(".repeat(60_000);
    assert_eq!(parse(&deep, &FilterLimits::default()).unwrap_err().kind, ParseErrorKind::Limit);
}
