//! Laws of all parsers: printing and parsing are inverse, and no bytes make a parser panic.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed expectation fails the test")]

use std::borrow::Cow;
use std::collections::BTreeMap;

use driftless_model::literal;
use driftless_odata::batch::{BatchLimits, parse_batch};
use driftless_odata::filter::{self, Argument, CompareOp, Expr, FilterLimits, Lit, Operand, Quantifier, TextFunction};
use driftless_odata::headers::{ContentType, Format, Preconditions, Preferences};
use driftless_odata::json::{self, Json, JsonLimits, JsonWriter};
use driftless_odata::query::{QueryLimits, QueryOptions};
use driftless_odata::url::{KeyLiteral, KeyPredicate, NamedSegment, ResourcePath, Segment};
use driftless_odata::{link, percent, url};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// Names that are no keyword of any grammar.
fn name() -> impl Strategy<Value = String> {
    "c_[a-zA-Z0-9_]{0,6}"
}

fn path() -> impl Strategy<Value = Vec<String>> {
    vec(name(), 1..4)
}

/// Any text but NUL, which is refused everywhere.
fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[^\0]{0,12}", "['\"/,()&%+ \\\\;=@$]{0,8}"]
}

fn number() -> impl Strategy<Value = String> {
    "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,10})?([eE][+-]?[0-9]{1,3})?"
}

fn lit() -> impl Strategy<Value = Lit> {
    prop_oneof![
        Just(Lit::Null),
        any::<bool>().prop_map(Lit::Bool),
        number().prop_map(Lit::Number),
        text().prop_map(Lit::Text),
        any::<[u8; 16]>().prop_map(Lit::Guid),
        Just(Lit::Date("2031-04-05".to_owned())),
        Just(Lit::DateTime("2031-04-05T06:07:08.5+02:00".to_owned())),
        ("[A-Z][a-z]{0,3}\\.[A-Z][a-z]{0,3}", text()).prop_map(|(type_name, member)| Lit::Enum { type_name, member }),
    ]
}

fn operand() -> impl Strategy<Value = Operand> {
    prop_oneof![path().prop_map(Operand::Path), lit().prop_map(Operand::Literal), name().prop_map(Operand::Alias)]
}

fn argument() -> impl Strategy<Value = Argument> {
    prop_oneof![operand().prop_map(Argument::Single), vec(lit(), 0..4).prop_map(Argument::List)]
}

fn leaf() -> impl Strategy<Value = Expr> {
    use CompareOp::{Eq, Ge, Gt, Le, Lt, Ne};
    let op = prop::sample::select(vec![Eq, Ne, Gt, Ge, Lt, Le]);
    let function = prop::sample::select(vec![TextFunction::Contains, TextFunction::StartsWith, TextFunction::EndsWith]);
    prop_oneof![
        (operand(), op, operand()).prop_map(|(left, op, right)| Expr::Compare { left, op, right }),
        (function, operand(), operand()).prop_map(|(name, subject, text)| Expr::Function { name, subject, text }),
        path().prop_map(Expr::Property),
        path().prop_map(|path| Expr::Lambda { quantifier: Quantifier::Any, path, body: None }),
        prop::collection::btree_map(name(), argument(), 0..3)
            .prop_map(|args| Expr::Custom { name: "Microsoft.Dynamics.CRM.In".to_owned(), args: args.into_iter().collect() }),
    ]
}

/// Trees in the form that the parser makes: nothing flat is nested, nothing with a query function negated.
fn expr() -> impl Strategy<Value = Expr> {
    leaf().prop_recursive(4, 24, 4, |inner| {
        let quantifier = prop::sample::select(vec![Quantifier::Any, Quantifier::All]);
        prop_oneof![
            vec(inner.clone(), 2..4).prop_map(|parts| Expr::And(flat(parts, |e| match e {
                Expr::And(parts) => Ok(parts),
                other => Err(other),
            }))),
            vec(inner.clone(), 2..4).prop_map(|parts| Expr::Or(flat(parts, |e| match e {
                Expr::Or(parts) => Ok(parts),
                other => Err(other),
            }))),
            inner.clone().prop_map(|e| if has_custom(&e) { e } else { Expr::Not(Box::new(e)) }),
            (quantifier, path(), name(), inner)
                .prop_map(|(quantifier, path, variable, body)| { Expr::Lambda { quantifier, path, body: Some((variable, Box::new(body))) } }),
        ]
    })
}

fn flat(parts: Vec<Expr>, take: fn(Expr) -> Result<Vec<Expr>, Expr>) -> Vec<Expr> {
    parts.into_iter().flat_map(|part| take(part).unwrap_or_else(|single| vec![single])).collect()
}

fn has_custom(expr: &Expr) -> bool {
    match expr {
        Expr::Custom { .. } => true,
        Expr::And(parts) | Expr::Or(parts) => parts.iter().any(has_custom),
        Expr::Not(inner) => has_custom(inner),
        Expr::Lambda { body, .. } => body.as_ref().is_some_and(|(_, inner)| has_custom(inner)),
        Expr::Compare { .. } | Expr::Function { .. } | Expr::Property(_) => false,
    }
}

fn key_literal() -> impl Strategy<Value = KeyLiteral<'static>> {
    prop_oneof![
        "[a-zA-Z0-9:.-]{1,10}".prop_map(|t| KeyLiteral::Bare(t.into())),
        text().prop_map(|t| KeyLiteral::Quoted(t.into())),
        "[a-f0-9-]{1,10}".prop_map(|t| KeyLiteral::Parenthesized(t.into())),
        name().prop_map(|t| KeyLiteral::Alias(t.into())),
        ("[A-Z]{1,3}\\.[A-Z]{1,3}", text()).prop_map(|(t, m)| KeyLiteral::Enum { type_name: t.into(), member: m.into() }),
        vec(text(), 0..3).prop_map(|items| {
            let mut json = JsonWriter::new();
            json.tree(&Json::Array(items.into_iter().map(|t| Json::Text(t.into())).collect()));
            KeyLiteral::Json(String::from_utf8_lossy(json.as_bytes()).into_owned().into())
        }),
    ]
}

fn segment() -> impl Strategy<Value = Segment<'static>> {
    let predicate = prop_oneof![
        Just(KeyPredicate::Empty),
        key_literal().prop_map(KeyPredicate::Positional),
        prop::collection::btree_map(name(), key_literal(), 1..3)
            .prop_map(|pairs| { KeyPredicate::Named(pairs.into_iter().map(|(n, v)| (Cow::Owned(n), v)).collect()) }),
    ];
    prop_oneof![
        8 => (name(), option::of(predicate))
            .prop_map(|(name, key)| Segment::Named(NamedSegment { name: name.into(), key })),
        1 => prop::sample::select(vec![Segment::Ref, Segment::Count, Segment::Value, Segment::Metadata, Segment::Batch]),
    ]
}

fn tree() -> impl Strategy<Value = Json<'static>> {
    let leaf = prop_oneof![Just(Json::Null), any::<bool>().prop_map(Json::Bool), text().prop_map(|t| Json::Text(t.into())), Just(Json::Number("-0.50e+7")),];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Json::Array),
            prop::collection::btree_map(text(), inner, 0..24)
                .prop_map(|members: BTreeMap<String, Json<'static>>| { Json::Object(members.into_iter().map(|(n, v)| (Cow::Owned(n), v)).collect(),) }),
        ]
    })
}

/// Valid inputs of every parser, to be damaged.
const SEEDS: [&str; 14] = [
    "accounts(7d0c0000-0000-0000-0000-000000000001)/c(a='b''c/d',e=(1))/$ref",
    "R(A=@p1,B=Microsoft.Dynamics.CRM.T'V',C=[\"a\",\"b\\\"\"],D={'@odata.id':'a(1)'})",
    "https://h/api/data/v9.2//a(b=%27c%2F%27)?$x",
    "$select=a,b&$expand=c($select=d;$filter=e eq 'f';$expand=g($top=1)),h/$ref&$orderby=i desc&$top=5&$count=true&@p1='x'",
    "$filter=not (a eq 1 or contains(b,'c')) and d/any(o:o/e gt 2031-04-05T06:07:08Z) and X.In(P='q',V=[\"r\",1])",
    "{\"a\":[1.5e3,true,null,\"\\u00e4\\ud83d\\ude00\"],\"b\":{\"c\":\"d\"}}",
    "return=representation,odata.include-annotations=\"*,-a.*\",odata.maxpagesize=5",
    "W/\"4711\"",
    "multipart/mixed; boundary=\"b\"",
    "--b\r\nContent-Type: multipart/mixed;boundary=c\r\n\r\n--c\r\nContent-Type: application/http\r\nContent-ID: 1\r\n\r\nPOST a HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}\r\n--c--\r\n--b\r\nContent-Type: application/http\r\n\r\nGET $1 HTTP/1.1\r\n\r\n--b--",
    "<cookie pagenumber=\"2\" pagingcookie=\"%3ccookie%20page%3d%221%22%3e%3ca%20last%3d%22x%22%20%2f%3e%3c%2fcookie%3e\" istracking=\"False\" />",
    "2031-04-05T06:07:08.123+02:00",
    "{7D0C0000-0000-0000-0000-000000000001}",
    "-123.4500e-12",
];

/// Runs every parser; results do not matter here.
fn run_all(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let text = text.as_ref();
    let limits = JsonLimits::default();
    let _ = json::read(bytes, &limits);
    let _ = json::read_argument(text, &limits);
    let _ = url::parse_root(text);
    let _ = url::split_query(text);
    let _ = url::parse_path(text);
    let _ = url::parse_reference(text, &|_| true);
    if let Ok(options) = QueryOptions::parse(text, &QueryLimits::default()) {
        let _ = link::next_link("https://h/a", &options.raw, text);
        let _ = link::delta_link("https://h/a", &options.raw, text);
    }
    let _ = filter::parse(text, &FilterLimits::default());
    let _ = filter::parse_argument(text, &FilterLimits::default());
    let _ = Preferences::parse([text]).map(|p| p.annotations.map(|a| a.wants("a.b.c")));
    let _ = Preconditions::parse([text], []);
    let _ = Format::parse([text]);
    let _ = ContentType::parse(text).parameter("boundary");
    let _ = parse_batch("multipart/mixed;boundary=b", bytes, &BatchLimits::default());
    let _ = parse_batch(text, bytes, &BatchLimits::default());
    let _ = link::opaque_part(text);
    let _ = percent::decode(text, percent::Plus::Blank);
    let _ = (literal::date_time(text), literal::date(text), literal::guid(text), literal::decimal(text));
    let _ = (literal::double(text), literal::int32(text), literal::int64(text), literal::boolean(text));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn filters_print_and_parse_back(expr in expr()) {
        let text = filter::print(&expr);
        let again = filter::parse(&text, &FilterLimits::default());
        prop_assert_eq!(again.as_ref(), Ok(&expr), "{}", text);
    }

    #[test]
    fn paths_print_and_parse_back(segments in vec(segment(), 0..5)) {
        let path = ResourcePath { segments };
        let text = url::print_path(&path);
        let again = url::parse_path(&text);
        prop_assert_eq!(again.as_ref(), Ok(&path), "{}", text);
    }

    #[test] // web-api 7
    fn raw_key_values_are_never_split(value in "[^\0%]{0,12}") {
        let raw = format!("p(k='{}',n=1)/x", value.replace('\'', "''"));
        let path = url::parse_path(&raw).unwrap();
        prop_assert_eq!(path.segments.len(), 2);
        let Segment::Named(NamedSegment { key: Some(KeyPredicate::Named(pairs)), .. }) = &path.segments[0] else {
            panic!("no named key");
        };
        prop_assert_eq!(pairs[0].1.text(), value);
    }

    #[test]
    fn json_writes_and_reads_back(tree in tree()) {
        let mut writer = JsonWriter::new();
        writer.tree(&tree);
        prop_assert!(!writer.as_bytes().contains(&b'\n'));
        let again = json::read(writer.as_bytes(), &JsonLimits::default());
        prop_assert_eq!(again.as_ref(), Ok(&tree));
    }

    #[test]
    fn next_links_carry_any_cookie(text in "<[^\0]{0,20}>") {
        let link = link::next_link("https://h/a", &[], &text);
        let options = QueryOptions::parse(link.split_once('?').unwrap().1, &QueryLimits::default()).unwrap();
        prop_assert_eq!(options.skip_token.as_deref(), Some(text.as_str()));
    }

    #[test]
    fn values_print_and_parse_back(guid in any::<[u8; 16]>(), seconds in literal::SECONDS_MIN..=literal::SECONDS_MAX,
        days in literal::DATE_MIN..=literal::DATE_MAX, mantissa in any::<i128>(), scale in 0_u8..=38, double in any::<f64>()) {
        let printed = |write: &dyn Fn(&mut Vec<u8>)| {
            let mut out = Vec::new();
            write(&mut out);
            String::from_utf8(out).unwrap()
        };
        prop_assert_eq!(literal::guid(&printed(&|o| literal::print::push_guid(o, &guid))), Ok(guid));
        prop_assert_eq!(literal::date_time(&printed(&|o| literal::print::push_date_time(o, seconds))), Ok(seconds));
        prop_assert_eq!(literal::date(&printed(&|o| literal::print::push_date(o, days))), Ok(days));
        if mantissa != i128::MIN {
            let parts = literal::DecimalParts { mantissa, scale };
            prop_assert_eq!(literal::decimal(&printed(&|o| literal::print::push_decimal(o, mantissa, scale))), Ok(parts));
        }
        if double.is_finite() {
            prop_assert_eq!(literal::double(&printed(&|o| literal::print::push_double(o, double))), Ok(double));
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in vec(any::<u8>(), 0..200)) {
        run_all(&bytes);
    }

    #[test]
    fn arbitrary_marks_never_panic(text in "[-'\"(){}\\[\\]/,;:=&%$@<>!*+. a1T\\\\\r\n\u{e4}]{0,60}") {
        run_all(text.as_bytes());
    }

    #[test]
    fn damaged_inputs_never_panic(seed in 0..SEEDS.len(), edits in vec((any::<prop::sample::Index>(), 0..3, any::<u8>()), 1..6)) {
        let mut bytes = SEEDS[seed].as_bytes().to_vec();
        for (place, edit, byte) in edits {
            let at = place.index(bytes.len() + 1);
            match edit {
                0 => bytes.insert(at, byte),
                1 if at < bytes.len() => { bytes.remove(at); }
                2 if at < bytes.len() => bytes[at] = byte,
                _ => bytes.truncate(at),
            }
        }
        run_all(&bytes);
    }
}
