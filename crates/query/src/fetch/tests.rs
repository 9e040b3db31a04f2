//! Texts in, queries out.

use super::*;
use crate::fixture::definitions;
use crate::{Circumstances, ColumnPath, Columns, Condition, DateGroup, DatePart, Literal, Operator, OrderBy, Role, resolve};

fn parsed(text: &str) -> Result<QueryRequest> {
    let definitions = definitions();
    let fetch = read(text, &definitions, &FetchLimits::default())?;
    // What the reader lets through must at least have known names.
    resolve(&fetch.query, &definitions, &Circumstances::default())?;
    Ok(fetch)
}

fn entity(inner: &str) -> Query {
    let text = format!("<fetch><entity name='account'>{inner}</entity></fetch>");
    parsed(&text).unwrap_or_else(|error| panic!("{text}: {}", error.message())).query
}

fn filter(inner: &str) -> Filter {
    entity(&format!("<attribute name='name'/><filter>{inner}</filter>")).filter.unwrap()
}

fn linked(alias: &str, column: &str) -> ColumnPath {
    ColumnPath { link: Some(alias.to_owned()), lookups: Vec::new(), column: column.into() }
}

fn names(query: &Query) -> Vec<&str> {
    query.values.iter().map(|value| value.name.as_deref().unwrap_or("-")).collect()
}

#[test] // web-api 20
fn the_head_says_how_much_is_returned() {
    let fetch = parsed("<fetch page='2' count='50' returntotalrecordcount='true' paging-cookie='&lt;cookie/&gt;' no-lock='true' version='1.0'><entity name='account'/></fetch>").unwrap();
    assert_eq!((fetch.page, fetch.page_rows, fetch.total, fetch.top), (Some(2), Some(50), true, None));
    assert_eq!(fetch.paging_cookie.as_deref(), Some("<cookie/>"));
    assert_eq!((fetch.query.columns, fetch.query.limit), (Columns::All, None));
    // The C# samples send an empty cookie with the first page.
    assert_eq!(parsed("<fetch paging-cookie='' page='1' top=''><entity name='account'/></fetch>").unwrap().paging_cookie, None);
    assert_eq!(parsed("<fetch top='7'><entity name='account'/></fetch>").unwrap().top, Some(7));
    let aggregate = "<fetch aggregate='1' aggregatelimit='10'><entity name='account'><attribute name='name' alias='n' aggregate='count'/></entity></fetch>";
    assert_eq!(parsed(aggregate).unwrap().aggregate_rows_max, Some(10));
}

#[test] // web-api 20
fn columns_are_named_as_the_client_says_or_by_their_link() {
    let query = entity(
        "<attribute name='name'/><attribute name='name'/><attribute name='employees' alias='staff'/>\
         <link-entity name='contact' from='contactid' to='primarycontactid' alias='c'><attribute name='name'/><attribute name='age' alias='years'/></link-entity>\
         <link-entity name='account' from='accountid' to='parentaccountid' link-type='outer'><attribute name='name'/></link-entity>",
    );
    assert_eq!(query.columns, Columns::Some(vec!["name".into(), "name".into()]));
    assert_eq!(names(&query), ["staff", "c.name", "years", "account2.name"]);
    assert_eq!(query.values[1].column, Some(linked("c", "name")));
    assert_eq!(query.links[1].kind, crate::LinkKind::Outer);
    let all = entity("<link-entity name='contact' from='contactid' to='primarycontactid' alias='c'><all-attributes/></link-entity>");
    assert_eq!(names(&all), ["c.contactid", "c.versionnumber", "c.name", "c.age", "c.parentcustomerid"]);
    assert_eq!(all.columns, Columns::Some(Vec::new()));
    assert_eq!(entity("<all-attributes/>").columns, Columns::All);
    let first = entity(
        "<link-entity name='contact' from='contactid' to='primarycontactid' link-type='matchfirstrowusingcrossapply'><attribute name='age'/></link-entity>",
    );
    assert_eq!((names(&first), first.links[0].kind), (vec!["Age"], crate::LinkKind::First));
}

#[test] // web-api 20
fn distinct_rows_and_groups_have_values_only() {
    let distinct = parsed("<fetch distinct='true'><entity name='account'><attribute name='name'/><order attribute='name'/></entity></fetch>").unwrap().query;
    assert_eq!((distinct.result, names(&distinct)), (ResultKind::Distinct, vec!["-"]));
    let text = "<fetch aggregate='true'><entity name='account'>\
        <attribute name='accountid' alias='rows' aggregate='count'/><attribute name='employees' alias='known' aggregate='countcolumn'/>\
        <attribute name='employees' alias='kinds' aggregate='countcolumn' distinct='true'/><attribute name='employees' alias='mean' aggregate='avg'/>\
        <attribute name='createdon' alias='q' groupby='true' dategrouping='quarter'/><attribute name='createdon' groupby='true' dategrouping='fiscal-year' usertimezone='false'/>\
        <order alias='q' descending='true'/></entity></fetch>";
    let groups = parsed(text).unwrap().query;
    assert_eq!(groups.result, ResultKind::Groups);
    let roles: Vec<_> = groups.values.iter().map(|value| value.role).collect();
    use crate::Aggregate::{Average, Count, CountDistinct};
    let part = |part, utc| Role::Group(Some(DateGroup { part, utc }));
    let parts = [part(DatePart::Quarter, false), part(DatePart::FiscalYear, true)];
    assert_eq!(roles, [Role::Aggregate(Count), Role::Aggregate(Count), Role::Aggregate(CountDistinct), Role::Aggregate(Average), parts[0], parts[1]]);
    assert_eq!((groups.values[0].column.is_none(), groups.values[1].column.is_some()), (true, true));
    assert_eq!(groups.orders[0].by, OrderBy::Value("q".to_owned()));
}

#[test] // web-api 20
fn conditions_take_values_and_columns() {
    let condition = |operator, values: &[&str]| {
        let values = values.iter().map(|text| Literal::Text((*text).to_owned())).collect();
        Filter::Condition(Condition::new(ColumnPath::own("employees".into()), operator, values))
    };
    let equal = Operator::Compare(crate::Comparison::Equal);
    assert_eq!(filter("<condition attribute='employees' operator='eq' value='5' uitype='x'/>"), condition(equal, &["5"]));
    assert_eq!(filter("<condition attribute='employees' operator='in'><value>1</value><value>2</value></condition>"), condition(Operator::In, &["1", "2"]));
    let not_in = filter("<condition attribute='employees' operator='not-in'><value>1</value></condition>");
    assert_eq!(not_in, Filter::Not(Box::new(condition(Operator::In, &["1"]))));
    assert_eq!(filter("<condition attribute='employees' operator='null' value=''/>"), condition(Operator::Null, &[]));
    let week = filter("<condition attribute='createdon' operator='last-seven-days'/>");
    assert!(matches!(week, Filter::Condition(Condition { values, .. }) if values == [Literal::Number("7".to_owned())]));
    let other = "<link-entity name='contact' from='contactid' to='primarycontactid' link-type='outer' alias='c'/>\
                 <filter><condition attribute='name' operator='eq' valueof='c.name'/></filter>";
    assert!(matches!(entity(other).filter.unwrap(), Filter::Condition(Condition { other: Some(other), .. }) if other == linked("c", "name")));
}

#[test] // web-api 20
fn filters_nest_and_empty_ones_say_nothing() {
    let query = entity(
        "<filter/><filter type='or'><condition attribute='name' operator='null'/><filter type='and'><condition attribute='name' operator='eq' value='a'/>\
         <condition attribute='employees' operator='gt' value='3'/></filter></filter>",
    );
    let Some(Filter::Or(parts)) = query.filter else { panic!("{:?}", query.filter) };
    assert!(matches!(&parts[1], Filter::And(inner) if inner.len() == 2));
    assert_eq!(entity("<filter type='or'/>").filter, None);
}

#[test] // web-api 20
fn conditions_reach_links_by_alias_or_table() {
    let link = |alias: &str| format!("<link-entity name='contact' from='parentcustomerid' to='accountid' link-type='outer'{alias}/>");
    for (alias, entity_name, expected) in [(" alias='c'", "c", "c"), ("", "contact", "contact1"), ("", "contact1", "contact1")] {
        let text = format!("{}<filter><condition entityname='{entity_name}' attribute='age' operator='null'/></filter>", link(alias));
        let Some(Filter::Condition(condition)) = entity(&text).filter else { panic!("{text}") };
        assert_eq!(condition.column, linked(expected, "age"));
    }
    let own = entity("<filter><condition entityname='account' attribute='name' operator='null'/></filter>");
    assert!(matches!(own.filter, Some(Filter::Condition(condition)) if condition.column.link.is_none()));
    // In a link its own name means itself.
    let inside = "<link-entity name='contact' from='parentcustomerid' to='accountid' alias='c'><filter><condition entityname='c' attribute='age' operator='eq' value='1'/></filter></link-entity>";
    assert!(matches!(&entity(inside).links[0].filter, Some(Filter::Condition(condition)) if condition.column.link.is_none()));
}

#[test] // web-api 20
fn links_that_ask_for_partners_are_conditions() {
    let of = |kind: &str| {
        let text = format!(
            "<link-entity name='contact' from='parentcustomerid' to='accountid' link-type='{kind}'><filter><condition attribute='age' operator='eq' value='1'/></filter></link-entity>"
        );
        (entity(&format!("<filter>{text}</filter>")).filter.unwrap(), entity(&text).filter.unwrap())
    };
    for kind in ["any", "not all", "exists", "in"] {
        let (inside, beside) = of(kind);
        assert_eq!(inside, beside);
        assert!(matches!(inside, Filter::Exists(link) if link.filter.is_some()), "{kind}");
    }
    assert!(matches!(of("not any").0, Filter::Not(part) if matches!(*part, Filter::Exists(_))));
    let (Filter::And(parts), _) = of("all") else { panic!("all") };
    assert!(matches!(&parts[0], Filter::Exists(link) if link.filter.is_none()));
    assert!(matches!(&parts[1], Filter::Not(part) if matches!(&**part, Filter::Exists(link) if link.filter.is_some())));
}

#[test] // web-api 20
fn orders_of_links_come_last_and_lookups_are_ordered_by_name() {
    let query = entity(
        "<link-entity name='contact' from='contactid' to='primarycontactid' alias='c'><order attribute='age' descending='1'/></link-entity>\
         <order attribute='primarycontactid'/><order entityname='c' attribute='name'/>",
    );
    let by: Vec<_> = query.orders.iter().map(|order| (&order.by, order.descending)).collect();
    let name = ColumnPath { link: None, lookups: vec![("primarycontactid".into(), "contact".into())], column: "name".into() };
    assert_eq!(by, [(&OrderBy::Column(name), false), (&OrderBy::Column(linked("c", "name")), false), (&OrderBy::Column(linked("c", "age")), true)]);
}

#[test] // web-api 20
fn joining_columns_are_found_where_one_lookup_leads_across() {
    let columns = |attributes: &str| {
        let query = entity(attributes);
        (query.links[0].from.to_string(), query.links[0].to.to_string())
    };
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(columns("<link-entity name='contact' to='primarycontactid'/>"), pair("contactid", "primarycontactid"));
    assert_eq!(columns("<link-entity name='contact' from='parentcustomerid'/>"), pair("parentcustomerid", "accountid"));
    assert_eq!(columns("<link-entity name='contact' from='contactid'/>"), pair("contactid", "primarycontactid"));
    let error = parsed("<fetch><entity name='account'><link-entity name='task' to='accountid'/></entity></fetch>").unwrap_err();
    assert_eq!(error.code(), ErrorCode::QueryBuilderNoEntity, "two lookups lead to accounts");
}

#[test] // web-api 20, 29, SEC-31
fn what_is_no_fetchxml_is_refused_with_a_sentence() {
    let inner = |inner: &str| format!("<fetch><entity name='account'>{inner}</entity></fetch>");
    let aggregate = |inner: &str| format!("<fetch aggregate='true'><entity name='account'>{inner}</entity></fetch>");
    for (text, sentence) in [
        (String::new(), "this is no XML"),
        ("<fetch>".to_owned(), "At line 1, column 1, this is no XML."),
        ("<!DOCTYPE f [<!ENTITY a 'b'>]><fetch><entity name='account'/></fetch>".to_owned(), "document type"),
        ("<fetch><entity name='&x;'/></fetch>".to_owned(), "this is no XML"),
        ("<find/>".to_owned(), "must be 'fetch', not 'find'"),
        ("<fetch/>".to_owned(), "exactly one element 'entity'"),
        ("<fetch top='-1'><entity name='account'/></fetch>".to_owned(), "'top' must be a whole number above 0"),
        ("<fetch top='5001'><entity name='account'/></fetch>".to_owned(), "at most 5000"),
        ("<fetch top='5' page='1'><entity name='account'/></fetch>".to_owned(), "'top' cannot stand beside"),
        ("<fetch distinct='maybe'><entity name='account'/></fetch>".to_owned(), "must be true or false"),
        ("<fetch colour='red'><entity name='account'/></fetch>".to_owned(), "no attribute 'colour'"),
        (inner("<columns/>"), "'columns' cannot stand in 'entity'"),
        (inner("<attribute/>"), "needs the attribute 'name'"),
        (inner("<attribute name='name' alias='a b'/>"), "alias 'a b'"),
        (inner("<attribute name='name' aggregate='sum' alias='s'/>"), "need the attribute aggregate"),
        (inner("<filter><condition attribute='name' operator='is' value='a'/></filter>"), "'is' is no operator"),
        (inner("<filter><condition attribute='name' operator='eq'/></filter>"), "needs one value: in its"),
        (inner("<filter><condition attribute='employees' operator='between' value='1'/></filter>"), "needs two values: in its"),
        (inner("<filter><condition attribute='name' operator='like' valueof='name'/></filter>"), "not by 'like'"),
        (inner("<filter><condition entityname='x' attribute='name' operator='null'/></filter>"), "alias 'x'"),
        (inner("<filter type='xor'/>"), "'and' or 'or', not 'xor'"),
        (inner("<filter><link-entity name='contact' from='contactid' to='primarycontactid'/></filter>"), "link-type any"),
        (inner("<link-entity name='contact' from='contactid' to='primarycontactid' link-type='left'/>"), "'left' is no link-type"),
        (
            inner("<link-entity name='contact' from='contactid' to='primarycontactid' link-type='any'><attribute name='age'/></link-entity>"),
            "returns no values",
        ),
        (
            inner("<link-entity name='contact' to='primarycontactid' alias='c'/><link-entity name='contact' to='primarycontactid' alias='c'/>"),
            "more than one link-entity",
        ),
        (aggregate(""), "needs an attribute"),
        (aggregate("<attribute name='name'/>"), "either 'aggregate' or 'groupby'"),
        (aggregate("<attribute name='name' aggregate='sum'/>"), "needs an alias"),
        (aggregate("<attribute name='name' alias='m' aggregate='median'/>"), "'median' is no aggregate function"),
        (aggregate("<attribute name='createdon' alias='d' groupby='true' dategrouping='hour'/>"), "'hour' is no part of a date"),
        (aggregate("<all-attributes/>"), "cannot have 'all-attributes'"),
    ] {
        let error = parsed(&text).err().unwrap_or_else(|| panic!("{text} was taken"));
        assert_eq!(error.code(), ErrorCode::InvalidFetchXml, "{text}: {}", error.message());
        assert!(error.message().starts_with("Malformed FetchXml. ") && error.message().contains(sentence), "{text}: {}", error.message());
    }
}

#[test] // web-api 20, 29
fn unknown_names_have_codes_of_their_own() {
    let inner = |inner: &str| format!("<fetch><entity name='account'>{inner}</entity></fetch>");
    for (text, code) in [
        ("<fetch><entity name='nosuch'/></fetch>".to_owned(), ErrorCode::QueryBuilderNoEntity),
        (inner("<link-entity name='nosuch' from='a' to='b'/>"), ErrorCode::QueryBuilderNoEntity),
        (inner("<attribute name='nosuch'/>"), ErrorCode::QueryBuilderNoAttribute),
        (inner("<filter><condition attribute='nosuch' operator='null'/></filter>"), ErrorCode::QueryBuilderNoAttribute),
        (inner("<link-entity name='contact' from='nosuch' to='primarycontactid'/>"), ErrorCode::QueryBuilderNoAttribute),
        (inner("<attribute name='accountid' alias='c' rowaggregate='CountChildren'/>"), ErrorCode::NotSupported),
        ("<fetch datasource='retained'><entity name='account'/></fetch>".to_owned(), ErrorCode::NotSupported),
    ] {
        assert_eq!(parsed(&text).unwrap_err().code(), code, "{text}");
    }
}

#[test] // A9, SEC-07, SEC-08
fn everything_has_a_limit() {
    let inner = |inner: String| format!("<fetch><entity name='account'>{inner}</entity></fetch>");
    let link = |at: usize| format!("<link-entity name='contact' to='primarycontactid' alias='c{at}'/>");
    let condition = "<condition attribute='name' operator='null'/>";
    let nested = |depth: usize| format!("{}{condition}{}", "<filter>".repeat(depth), "</filter>".repeat(depth));
    for (fits, exceeds, code) in [
        (inner((0..15).map(link).collect()), inner((0..16).map(link).collect()), ErrorCode::TooManyLinkEntitiesInQuery),
        (
            inner(format!("<filter>{}</filter>", condition.repeat(500))),
            inner(format!("<filter>{}</filter>", condition.repeat(501))),
            ErrorCode::TooManyConditionsInQuery,
        ),
        (inner(nested(64)), inner(nested(65)), ErrorCode::InvalidFetchXml),
        (inner(" ".repeat(60_000)), inner(" ".repeat(66_000)), ErrorCode::InvalidFetchXml),
        (inner("<!-- -->".repeat(100)), inner("<filter/>a".repeat(5_000)), ErrorCode::InvalidFetchXml),
    ] {
        assert!(parsed(&fits).is_ok(), "{:?}", parsed(&fits).err().map(|error| error.message().to_owned()));
        assert_eq!(parsed(&exceeds).unwrap_err().code(), code);
    }
    assert!(parsed(&"<a>".repeat(15_000)).is_err(), "depth that the parser itself must bear");
}
