//! Queries as parameters (organization-service 7): their types, declared as those of other parameters are, so that every front reads and writes them, and the way
//! from there to the one query model and back.

pub(crate) mod write;

use driftless_model::{Error, ErrorCode, Limits, Result};
use driftless_query::expression::{
    AggregateType, AttributeExpression, ConditionExpression, Criteria, DateGrouping, Expression, JoinOperator, LinkExpression, OrderExpression, Paging,
    Returned,
};
use driftless_query::fetch::{self, FetchLimits};
use driftless_query::{Literal, OPERATORS, OPERATORS_NOT_OFFERED, QueryRequest};

use super::{Arg, ComplexType, EnumType, ParamType as T, missing, opt, req};
use crate::metadata::Snapshot;

/// The type of a query.
pub static QUERY_EXPRESSION: ComplexType = ComplexType {
    name: "QueryExpression",
    members: &[
        req("EntityName", T::Text),
        opt("ColumnSet", T::Complex(&COLUMN_SET)),
        opt("Criteria", T::Complex(&FILTER_EXPRESSION)),
        opt("LinkEntities", T::List(&T::Complex(&LINK_ENTITY))),
        opt("Orders", T::List(&T::Complex(&ORDER_EXPRESSION))),
        opt("PageInfo", T::Complex(&PAGING_INFO)),
        opt("TopCount", T::Int),
        opt("Distinct", T::Bool),
        opt("NoLock", T::Bool),
        opt("SubQueryExpression", T::Complex(&QUERY_EXPRESSION)),
        opt("DataSource", T::Text),
    ],
};

/// The type of a query by values of columns.
pub static QUERY_BY_ATTRIBUTE: ComplexType = ComplexType {
    name: "QueryByAttribute",
    members: &[
        req("EntityName", T::Text),
        opt("ColumnSet", T::Complex(&COLUMN_SET)),
        opt("Attributes", T::List(&T::Text)),
        opt("Values", T::List(&T::Object)),
        opt("Orders", T::List(&T::Complex(&ORDER_EXPRESSION))),
        opt("PageInfo", T::Complex(&PAGING_INFO)),
        opt("TopCount", T::Int),
    ],
};

/// The type of a query as FetchXML.
pub static FETCH_EXPRESSION: ComplexType = ComplexType { name: "FetchExpression", members: &[req("Query", T::Text)] };

/// The type of a set of columns.
pub static COLUMN_SET: ComplexType = ComplexType {
    name: "ColumnSet",
    members: &[opt("AllColumns", T::Bool), opt("Columns", T::List(&T::Text)), opt("AttributeExpressions", T::List(&T::Complex(&ATTRIBUTE_EXPRESSION)))],
};

static ATTRIBUTE_EXPRESSION: ComplexType = ComplexType {
    name: "XrmAttributeExpression",
    members: &[
        req("AttributeName", T::Text),
        opt("AggregateType", T::Enum(&AGGREGATE_TYPE)),
        opt("Alias", T::Text),
        opt("HasGroupBy", T::Bool),
        opt("DateTimeGrouping", T::Enum(&DATE_TIME_GROUPING)),
    ],
};

static FILTER_EXPRESSION: ComplexType = ComplexType {
    name: "FilterExpression",
    members: &[
        opt("FilterOperator", T::Enum(&LOGICAL_OPERATOR)),
        opt("Conditions", T::List(&T::Complex(&CONDITION_EXPRESSION))),
        opt("Filters", T::List(&T::Complex(&FILTER_EXPRESSION))),
        opt("AnyAllFilterLinkEntity", T::Complex(&LINK_ENTITY)),
    ],
};

static CONDITION_EXPRESSION: ComplexType = ComplexType {
    name: "ConditionExpression",
    members: &[
        opt("EntityName", T::Text),
        req("AttributeName", T::Text),
        req("Operator", T::Enum(&CONDITION_OPERATOR)),
        opt("Values", T::List(&T::Object)),
        opt("CompareColumns", T::Bool),
    ],
};

static LINK_ENTITY: ComplexType = ComplexType {
    name: "LinkEntity",
    members: &[
        opt("LinkFromEntityName", T::Text),
        req("LinkFromAttributeName", T::Text),
        req("LinkToEntityName", T::Text),
        req("LinkToAttributeName", T::Text),
        opt("JoinOperator", T::Enum(&JOIN_OPERATOR)),
        opt("EntityAlias", T::Text),
        opt("Columns", T::Complex(&COLUMN_SET)),
        opt("LinkCriteria", T::Complex(&FILTER_EXPRESSION)),
        opt("LinkEntities", T::List(&T::Complex(&LINK_ENTITY))),
        opt("Orders", T::List(&T::Complex(&ORDER_EXPRESSION))),
    ],
};

static ORDER_EXPRESSION: ComplexType = ComplexType {
    name: "OrderExpression",
    members: &[opt("AttributeName", T::Text), opt("OrderType", T::Enum(&ORDER_TYPE)), opt("EntityName", T::Text), opt("Alias", T::Text)],
};

static PAGING_INFO: ComplexType = ComplexType {
    name: "PagingInfo",
    members: &[opt("PageNumber", T::Int), opt("Count", T::Int), opt("PagingCookie", T::Text), opt("ReturnTotalRecordCount", T::Bool)],
};

const OR: i64 = 1;
const DESCENDING: i64 = 1;
static LOGICAL_OPERATOR: EnumType = EnumType::choice("LogicalOperator", &[("And", 0), ("Or", OR)]);
static ORDER_TYPE: EnumType = EnumType::choice("OrderType", &[("Ascending", 0), ("Descending", DESCENDING)]);
static JOIN_OPERATOR: EnumType = EnumType::choice("JoinOperator", &numbered(JoinOperator::ALL));
static AGGREGATE_TYPE: EnumType = EnumType::choice("XrmAggregateType", &numbered(AggregateType::ALL));
static DATE_TIME_GROUPING: EnumType = EnumType::choice("XrmDateTimeGrouping", &numbered(DateGrouping::ALL));
static CONDITION_OPERATOR: EnumType = EnumType::choice("ConditionOperator", &condition_operators());

/// Members with their numbers, of names in the order of their numbers.
const fn numbered<V: Copy, const N: usize>(named: [(&'static str, V); N]) -> [(&'static str, i64); N] {
    let mut members = [("", 0); N];
    let mut at = 0;
    while at < N {
        members[at] = (named[at].0, at as i64);
        at += 1;
    }
    members
}

const CONDITION_OPERATORS: usize = 90;

/// Every operator by its number, also those that are not offered: a query that asks for one of these is refused by name.
const fn condition_operators() -> [(&'static str, i64); CONDITION_OPERATORS] {
    let mut members = [("", -1); CONDITION_OPERATORS];
    let mut at = 0;
    while at < OPERATORS.len() {
        if let Some((name, number)) = OPERATORS[at].expression {
            members[number as usize] = (name, number);
        }
        at += 1;
    }
    at = 0;
    while at < OPERATORS_NOT_OFFERED.len() {
        members[OPERATORS_NOT_OFFERED[at].1 as usize] = OPERATORS_NOT_OFFERED[at];
        at += 1;
    }
    members
}

/// The query in an object of one of the types [`QUERY_EXPRESSION`], [`QUERY_BY_ATTRIBUTE`] and [`FETCH_EXPRESSION`]; its members tell which of them it is.
///
/// # Errors
/// 0x80040203 with a sentence for what is no query, 0x80040303 for what is no FetchXML, 0x80041102 and 0x80041103 for unknown tables and columns, 0x8004430c and
/// 0x8004430d for too many conditions and links, 0x80040315 for what the service does not offer.
pub fn read_query(query: &Arg, snapshot: &Snapshot, limits: &Limits) -> Result<QueryRequest> {
    let limits = FetchLimits { top: limits.page_rows_max, ..FetchLimits::default() };
    match query.member("Query") {
        Some(Arg::Text(text)) => fetch::read(text, snapshot, &limits),
        _ => expression(query)?.lower(snapshot, &limits),
    }
}

/// The QueryExpression or QueryByAttribute that a parameter holds. Its names are not looked up.
///
/// # Errors
/// 0x80040203 for what is no query, 0x80040315 for one over other rows than those of the organization's tables.
pub(crate) fn expression(arg: &Arg) -> Result<Expression> {
    let is_elsewhere = text(arg, "DataSource")
        .map(|_| "DataSource")
        .or_else(|| matches!(arg.member("SubQueryExpression"), Some(Arg::Complex(_))).then_some("SubQueryExpression"));
    if let Some(member) = is_elsewhere {
        return Err(Error::new(ErrorCode::NotSupported, format!("The member '{member}' of a QueryExpression is not offered by this version of the service.")));
    }
    let mut filter = arg.member("Criteria").map(criteria).transpose()?.unwrap_or_default();
    let attributes = list(arg, "Attributes");
    if !attributes.is_empty() {
        filter = by_attribute(attributes, list(arg, "Values"))?;
    }
    Ok(Expression {
        table: text(arg, "EntityName").ok_or_else(|| missing("EntityName"))?,
        returned: arg.member("ColumnSet").map(returned).transpose()?.unwrap_or_default(),
        filter,
        links: list(arg, "LinkEntities").iter().map(link).collect::<Result<_>>()?,
        orders: orders(arg)?,
        top: count(arg, "TopCount")?,
        distinct: is_set(arg, "Distinct"),
        page: arg.member("PageInfo").map(paging).transpose()?.unwrap_or_default(),
    })
}

fn text(of: &Arg, name: &str) -> Option<String> {
    match of.member(name) {
        Some(Arg::Text(text)) if !text.is_empty() => Some(text.clone()),
        _ => None,
    }
}

fn must(of: &Arg, name: &'static str) -> Result<String> {
    text(of, name).ok_or_else(|| missing(name))
}

fn number(of: &Arg, name: &str) -> Option<i64> {
    match of.member(name) {
        Some(Arg::BigInt(number)) => Some(*number),
        _ => None,
    }
}

/// A member of an enumeration whose names stand in the order of their numbers; the first one without it.
fn member<V: Copy + Default, const N: usize>(of: &Arg, name: &str, named: [(&'static str, V); N]) -> V {
    let at = number(of, name).and_then(|number| usize::try_from(number).ok());
    at.and_then(|at| named.get(at)).map(|(_, value)| *value).unwrap_or_default()
}

fn list<'a>(of: &'a Arg, name: &str) -> &'a [Arg] {
    match of.member(name) {
        Some(Arg::List(items)) => items,
        _ => &[],
    }
}

fn is_set(of: &Arg, name: &str) -> bool {
    matches!(of.member(name), Some(Arg::Bool(true)))
}

/// A whole number; 0 is as good as none.
fn count(of: &Arg, name: &str) -> Result<Option<u32>> {
    match of.member(name) {
        Some(Arg::Int(0)) => Ok(None),
        Some(Arg::Int(number)) => u32::try_from(*number).map(Some).map_err(|_| Error::argument(format!("'{name}' must not be below 0."))),
        _ => Ok(None),
    }
}

fn paging(arg: &Arg) -> Result<Paging> {
    Ok(Paging {
        number: count(arg, "PageNumber")?,
        rows: count(arg, "Count")?,
        cookie: text(arg, "PagingCookie").filter(|cookie| !cookie.trim().is_empty()),
        total: is_set(arg, "ReturnTotalRecordCount"),
    })
}

fn returned(arg: &Arg) -> Result<Returned> {
    let attribute = |arg: &Arg| {
        Ok(AttributeExpression {
            column: must(arg, "AttributeName")?,
            alias: text(arg, "Alias"),
            aggregate: member(arg, "AggregateType", AggregateType::ALL),
            groups: is_set(arg, "HasGroupBy"),
            date_part: member(arg, "DateTimeGrouping", DateGrouping::ALL),
        })
    };
    let name = |column: &Arg| if let Arg::Text(name) = column { Some(name.clone()) } else { None };
    Ok(Returned {
        all: is_set(arg, "AllColumns"),
        columns: list(arg, "Columns").iter().filter_map(name).collect(),
        attributes: list(arg, "AttributeExpressions").iter().map(attribute).collect::<Result<_>>()?,
    })
}

fn orders(of: &Arg) -> Result<Vec<OrderExpression>> {
    let order = |order: &Arg| {
        let value = text(order, "Alias");
        Ok(OrderExpression {
            link: text(order, "EntityName"),
            column: if value.is_some() { String::new() } else { must(order, "AttributeName")? },
            descending: number(order, "OrderType") == Some(DESCENDING),
            value,
        })
    };
    list(of, "Orders").iter().map(order).collect()
}

fn criteria(arg: &Arg) -> Result<Criteria> {
    let condition = |condition: &Arg| {
        let column = must(condition, "AttributeName")?;
        Ok(ConditionExpression {
            link: text(condition, "EntityName"),
            operator: number(condition, "Operator").map(|number| CONDITION_OPERATOR.print(number)).ok_or_else(|| missing("Operator"))?,
            values: values(list(condition, "Values"), &column)?,
            column,
            compares_columns: is_set(condition, "CompareColumns"),
        })
    };
    Ok(Criteria {
        any: number(arg, "FilterOperator") == Some(OR),
        conditions: list(arg, "Conditions").iter().map(condition).collect::<Result<_>>()?,
        filters: list(arg, "Filters").iter().map(criteria).collect::<Result<_>>()?,
        partners: match arg.member("AnyAllFilterLinkEntity") {
            Some(partners @ Arg::Complex(_)) => Some(Box::new(link(partners)?)),
            _ => None,
        },
    })
}

/// Each column has the value that stands at its place.
fn by_attribute(columns: &[Arg], own: &[Arg]) -> Result<Criteria> {
    if columns.len() != own.len() {
        return Err(Error::argument(format!("'Attributes' has {} names and 'Values' has {} values: each name needs one value.", columns.len(), own.len())));
    }
    let condition = |(column, value): (&Arg, &Arg)| {
        let Arg::Text(column) = column else { return Err(missing("Attributes")) };
        let (operator, values) = match value {
            Arg::Null => ("Null", Vec::new()),
            value => ("Equal", values(std::slice::from_ref(value), column)?),
        };
        Ok(ConditionExpression { column: column.clone(), operator: operator.to_owned(), values, ..ConditionExpression::default() })
    };
    Ok(Criteria { conditions: columns.iter().zip(own).map(condition).collect::<Result<_>>()?, ..Criteria::default() })
}

/// Values as texts: columns know their types. One that is a list stands for its items.
fn values(args: &[Arg], column: &str) -> Result<Vec<String>> {
    let mut all = Vec::with_capacity(args.len());
    for arg in args {
        match arg {
            Arg::List(items) => all.extend(values(items, column)?),
            Arg::Text(text) => all.push(text.clone()),
            Arg::Bool(value) => all.push(value.to_string()),
            Arg::Int(number) => all.push(number.to_string()),
            Arg::BigInt(number) => all.push(number.to_string()),
            Arg::Guid(id) => all.push(id.to_string()),
            Arg::DateTime(seconds) => all.push(Literal::DateTime(*seconds).to_text()),
            Arg::Null => all.push(String::new()),
            _ => return Err(Error::argument(format!("A value of the condition on '{column}' must be a text, a number, a date, an identifier, yes or no."))),
        }
    }
    Ok(all)
}

fn link(arg: &Arg) -> Result<LinkExpression> {
    Ok(LinkExpression {
        alias: text(arg, "EntityAlias"),
        table: must(arg, "LinkToEntityName")?,
        from: must(arg, "LinkToAttributeName")?,
        to: must(arg, "LinkFromAttributeName")?,
        join: member(arg, "JoinOperator", JoinOperator::ALL),
        returned: arg.member("Columns").map(returned).transpose()?.unwrap_or_default(),
        filter: arg.member("LinkCriteria").map(criteria).transpose()?.unwrap_or_default(),
        links: list(arg, "LinkEntities").iter().map(link).collect::<Result<_>>()?,
        orders: orders(arg)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Arg {
        Arg::Text(text.to_owned())
    }

    fn condition(link: &str, column: &str, operator: i64, values: Vec<Arg>) -> Arg {
        Arg::Complex(vec![("EntityName", words(link)), ("AttributeName", words(column)), ("Operator", Arg::BigInt(operator)), ("Values", Arg::List(values))])
    }

    #[test] // web-api 24, organization-service 7
    fn enumerations_have_their_published_numbers() {
        for (kind, name, number) in [
            (&CONDITION_OPERATOR, "Equal", 0),
            (&CONDITION_OPERATOR, "NotOn", 52),
            (&CONDITION_OPERATOR, "EqualRoleBusinessId", 89),
            (&JOIN_OPERATOR, "MatchFirstRowUsingCrossApply", 3),
            (&JOIN_OPERATOR, "NotAll", 9),
            (&AGGREGATE_TYPE, "Avg", 4),
            (&DATE_TIME_GROUPING, "FiscalYear", 7),
        ] {
            assert_eq!(kind.parse(name), Some(number), "{name}");
        }
        assert_eq!(CONDITION_OPERATOR.members.iter().filter(|(name, _)| name.is_empty()).count(), 0);
    }

    #[test] // web-api 24, organization-service 7
    fn a_query_as_clients_send_it_is_read_whole() {
        let list = Arg::List(vec![Arg::Int(1), Arg::BigInt(2), words("3")]);
        let criteria = Arg::Complex(vec![
            ("FilterOperator", Arg::BigInt(1)),
            ("Conditions", Arg::List(vec![condition("", "name", 9, vec![words("a"), Arg::Bool(true)]), condition("c", "count", 8, vec![list])])),
            ("Filters", Arg::List(vec![Arg::Complex(Vec::new())])),
            ("AnyAllFilterLinkEntity", Arg::Null),
        ]);
        let attribute = Arg::Complex(vec![("AttributeName", words("revenue")), ("Alias", words("sum")), ("AggregateType", Arg::BigInt(3))]);
        let columns = Arg::Complex(vec![("Columns", Arg::List(vec![words("name")])), ("AttributeExpressions", Arg::List(vec![attribute]))]);
        let order = Arg::Complex(vec![("AttributeName", words("fullname")), ("OrderType", Arg::BigInt(1))]);
        let link = Arg::Complex(vec![
            ("LinkFromAttributeName", words("primarycontactid")),
            ("LinkToEntityName", words("contact")),
            ("LinkToAttributeName", words("contactid")),
            ("JoinOperator", Arg::BigInt(1)),
            ("EntityAlias", words("c")),
            ("Columns", columns.clone()),
            ("Orders", Arg::List(vec![order])),
        ]);
        let page =
            Arg::Complex(vec![("PageNumber", Arg::Int(2)), ("Count", Arg::Int(0)), ("PagingCookie", words(" ")), ("ReturnTotalRecordCount", Arg::Bool(true))]);
        let query = Arg::Complex(vec![
            ("EntityName", words("account")),
            ("ColumnSet", columns),
            ("Criteria", criteria),
            ("LinkEntities", Arg::List(vec![link])),
            ("PageInfo", page),
        ]);
        let query = expression(&query).unwrap();
        assert_eq!(query.returned.columns, ["name"]);
        assert_eq!((query.returned.attributes[0].aggregate, query.returned.attributes[0].alias.as_deref()), (AggregateType::Sum, Some("sum")));
        let [first, second] = query.filter.conditions.as_slice() else { panic!("{query:?}") };
        assert_eq!((first.operator.as_str(), first.values.as_slice(), &first.link), ("NotIn", ["a".to_owned(), "true".to_owned()].as_slice(), &None));
        assert_eq!((second.values.join(","), second.link.as_deref()), ("1,2,3".to_owned(), Some("c")));
        assert_eq!((query.filter.any, query.filter.filters.len(), query.filter.partners.is_none()), (true, 1, true));
        let [link] = query.links.as_slice() else { panic!("{query:?}") };
        assert_eq!(
            (link.alias.as_deref(), &*link.table, &*link.from, &*link.to, link.join),
            (Some("c"), "contact", "contactid", "primarycontactid", JoinOperator::LeftOuter)
        );
        assert_eq!((link.returned.columns.len(), link.orders[0].descending), (1, true));
        assert_eq!(query.page, Paging { number: Some(2), rows: None, cookie: None, total: true });
    }

    #[test] // organization-service 7
    fn a_query_by_attribute_asks_for_each_value() {
        let query = |values: Vec<Arg>| {
            let attributes = Arg::List(vec![words("name"), words("parentaccountid")]);
            expression(&Arg::Complex(vec![("EntityName", words("account")), ("Attributes", attributes), ("Values", Arg::List(values))]))
        };
        let read = query(vec![words("a"), Arg::Null]).unwrap();
        let asked: Vec<_> = read.filter.conditions.iter().map(|asked| (asked.column.as_str(), asked.operator.as_str(), asked.values.len())).collect();
        assert_eq!(asked, [("name", "Equal", 1), ("parentaccountid", "Null", 0)]);
        assert!(query(vec![words("a")]).unwrap_err().message().contains("2 names and 'Values' has 1"));
    }

    #[test] // organization-service 7
    fn what_is_no_query_is_refused_with_a_sentence() {
        let with = |members: Vec<(&'static str, Arg)>| {
            let named = [("EntityName", words("account"))].into_iter().chain(members).collect();
            expression(&Arg::Complex(named)).unwrap_err().message().to_owned()
        };
        assert!(expression(&Arg::Complex(Vec::new())).unwrap_err().message().contains("'EntityName'"));
        assert!(with(vec![("TopCount", Arg::Int(-1))]).contains("'TopCount' must not be below 0"));
        assert!(with(vec![("Orders", Arg::List(vec![Arg::Complex(Vec::new())]))]).contains("'AttributeName'"));
        assert!(with(vec![("DataSource", words("retained"))]).contains("'DataSource'"));
        assert!(with(vec![("SubQueryExpression", Arg::Complex(Vec::new()))]).contains("'SubQueryExpression'"));
        let label = condition("", "name", 0, vec![Arg::Label(driftless_model::Label::default())]);
        assert!(with(vec![("Criteria", Arg::Complex(vec![("Conditions", Arg::List(vec![label]))]))]).contains("condition on 'name' must be"));
    }
}
