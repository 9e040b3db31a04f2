//! QueryExpression: a query as an object, which messages take and jobs keep. Its types are declared as those of other parameters are, so every front reads it;
//! here it becomes the one query model.

use driftless_model::{Error, ErrorCode, LogicalName, Result, Uuid};
use driftless_query::{
    CallerOperator, ColumnPath, Columns, Comparison, Condition, DateOperator, Filter, Link, LinkKind, Literal, Operator, Order, OrderBy, Query, Span,
};
use serde::{Deserialize, Serialize};

use super::{Arg, ComplexType, EnumType, ParamType as T, opt, req};

/// Conditions of one query, over all its filters and links.
const CONDITIONS_MAX: usize = 500;
/// Nesting of filters and links.
const DEPTH_MAX: usize = 20;

/// The type of a query.
pub(crate) static QUERY_EXPRESSION: ComplexType = ComplexType {
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
    ],
};

static COLUMN_SET: ComplexType = ComplexType { name: "ColumnSet", members: &[opt("AllColumns", T::Bool), opt("Columns", T::List(&T::Text))] };

static FILTER_EXPRESSION: ComplexType = ComplexType {
    name: "FilterExpression",
    members: &[
        opt("FilterOperator", T::Enum(&LOGICAL_OPERATOR)),
        opt("Conditions", T::List(&T::Complex(&CONDITION_EXPRESSION))),
        opt("Filters", T::List(&T::Complex(&FILTER_EXPRESSION))),
    ],
};

static CONDITION_EXPRESSION: ComplexType = ComplexType {
    name: "ConditionExpression",
    members: &[
        opt("EntityName", T::Text),
        req("AttributeName", T::Text),
        req("Operator", T::Enum(&CONDITION_OPERATOR)),
        opt("Values", T::List(&T::Complex(&OBJECT))),
        opt("CompareColumns", T::Bool),
    ],
};

/// A value with the name of its type. Columns know their types, so the name is not needed.
static OBJECT: ComplexType = ComplexType { name: "Object", members: &[opt("Type", T::Text), opt("Value", T::Text)] };

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
    ],
};

static ORDER_EXPRESSION: ComplexType =
    ComplexType { name: "OrderExpression", members: &[req("AttributeName", T::Text), opt("OrderType", T::Enum(&ORDER_TYPE)), opt("EntityName", T::Text)] };

static PAGING_INFO: ComplexType = ComplexType {
    name: "PagingInfo",
    members: &[opt("PageNumber", T::Int), opt("Count", T::Int), opt("PagingCookie", T::Text), opt("ReturnTotalRecordCount", T::Bool)],
};

static LOGICAL_OPERATOR: EnumType = EnumType::choice("LogicalOperator", &[("And", 0), ("Or", 1)]);
static ORDER_TYPE: EnumType = EnumType::choice("OrderType", &[("Ascending", 0), ("Descending", 1)]);
static JOIN_OPERATOR: EnumType = EnumType::choice(
    "JoinOperator",
    &[
        ("Inner", 0),
        ("LeftOuter", 1),
        ("Natural", 2),
        ("MatchFirstRowUsingCrossApply", 3),
        ("In", 4),
        ("Exists", 5),
        ("Any", 6),
        ("NotAny", 7),
        ("All", 8),
        ("NotAll", 9),
    ],
);

static CONDITION_OPERATOR: EnumType = EnumType::choice(
    "ConditionOperator",
    &[
        ("Equal", 0),
        ("NotEqual", 1),
        ("GreaterThan", 2),
        ("LessThan", 3),
        ("GreaterEqual", 4),
        ("LessEqual", 5),
        ("Like", 6),
        ("NotLike", 7),
        ("In", 8),
        ("NotIn", 9),
        ("Between", 10),
        ("NotBetween", 11),
        ("Null", 12),
        ("NotNull", 13),
        ("Yesterday", 14),
        ("Today", 15),
        ("Tomorrow", 16),
        ("Last7Days", 17),
        ("Next7Days", 18),
        ("LastWeek", 19),
        ("ThisWeek", 20),
        ("NextWeek", 21),
        ("LastMonth", 22),
        ("ThisMonth", 23),
        ("NextMonth", 24),
        ("On", 25),
        ("OnOrBefore", 26),
        ("OnOrAfter", 27),
        ("LastYear", 28),
        ("ThisYear", 29),
        ("NextYear", 30),
        ("LastXHours", 31),
        ("NextXHours", 32),
        ("LastXDays", 33),
        ("NextXDays", 34),
        ("LastXWeeks", 35),
        ("NextXWeeks", 36),
        ("LastXMonths", 37),
        ("NextXMonths", 38),
        ("LastXYears", 39),
        ("NextXYears", 40),
        ("EqualUserId", 41),
        ("NotEqualUserId", 42),
        ("EqualBusinessId", 43),
        ("NotEqualBusinessId", 44),
        ("Contains", 49),
        ("DoesNotContain", 50),
        ("NotOn", 52),
        ("OlderThanXMonths", 53),
        ("BeginsWith", 54),
        ("DoesNotBeginWith", 55),
        ("EndsWith", 56),
        ("DoesNotEndWith", 57),
        ("EqualUserTeams", 73),
        ("EqualUserOrUserTeams", 74),
        ("Under", 75),
        ("NotUnder", 76),
        ("UnderOrEqual", 77),
        ("Above", 78),
        ("AboveOrEqual", 79),
        ("OlderThanXYears", 82),
        ("OlderThanXWeeks", 83),
        ("OlderThanXDays", 84),
        ("OlderThanXHours", 85),
        ("OlderThanXMinutes", 86),
        ("ContainValues", 87),
        ("DoesNotContainValues", 88),
    ],
);

/// What an operator asks, whether its answer is turned round, and the value that it has by itself.
fn meaning(name: &str) -> Option<(Operator, bool, Option<&'static str>)> {
    use Comparison as C;
    use Operator as O;
    let within = |span, offset| (O::Date(DateOperator::Within(span, offset)), false, None);
    let last = |span| (O::Date(DateOperator::Last(span)), false, None);
    let next = |span| (O::Date(DateOperator::Next(span)), false, None);
    let older = |span| (O::Date(DateOperator::OlderThan(span)), false, None);
    let caller = |of| (O::Caller(of), false, None);
    let place = |above, inclusive| (O::Hierarchy { above, inclusive }, false, None);
    let not = |operator| (operator, true, None);
    let plain = |operator| (operator, false, None);
    Some(match name {
        "Equal" => plain(O::Compare(C::Equal)),
        "NotEqual" => plain(O::Compare(C::NotEqual)),
        "GreaterThan" => plain(O::Compare(C::Greater)),
        "LessThan" => plain(O::Compare(C::Less)),
        "GreaterEqual" => plain(O::Compare(C::GreaterEqual)),
        "LessEqual" => plain(O::Compare(C::LessEqual)),
        "Like" => plain(O::Like),
        "NotLike" => not(O::Like),
        "In" => plain(O::In),
        "NotIn" => not(O::In),
        "Between" => plain(O::Between),
        "NotBetween" => not(O::Between),
        "Null" => plain(O::Null),
        "NotNull" => plain(O::NotNull),
        "Contains" => plain(O::Contains),
        "DoesNotContain" => not(O::Contains),
        "BeginsWith" => plain(O::BeginsWith),
        "DoesNotBeginWith" => not(O::BeginsWith),
        "EndsWith" => plain(O::EndsWith),
        "DoesNotEndWith" => not(O::EndsWith),
        "ContainValues" => plain(O::ContainValues),
        "DoesNotContainValues" => not(O::ContainValues),
        "Yesterday" => within(Span::Day, -1),
        "Today" => within(Span::Day, 0),
        "Tomorrow" => within(Span::Day, 1),
        "LastWeek" => within(Span::Week, -1),
        "ThisWeek" => within(Span::Week, 0),
        "NextWeek" => within(Span::Week, 1),
        "LastMonth" => within(Span::Month, -1),
        "ThisMonth" => within(Span::Month, 0),
        "NextMonth" => within(Span::Month, 1),
        "LastYear" => within(Span::Year, -1),
        "ThisYear" => within(Span::Year, 0),
        "NextYear" => within(Span::Year, 1),
        "Last7Days" => (O::Date(DateOperator::Last(Span::Day)), false, Some("7")),
        "Next7Days" => (O::Date(DateOperator::Next(Span::Day)), false, Some("7")),
        "LastXHours" => last(Span::Hour),
        "LastXDays" => last(Span::Day),
        "LastXWeeks" => last(Span::Week),
        "LastXMonths" => last(Span::Month),
        "LastXYears" => last(Span::Year),
        "NextXHours" => next(Span::Hour),
        "NextXDays" => next(Span::Day),
        "NextXWeeks" => next(Span::Week),
        "NextXMonths" => next(Span::Month),
        "NextXYears" => next(Span::Year),
        "OlderThanXMinutes" => older(Span::Minute),
        "OlderThanXHours" => older(Span::Hour),
        "OlderThanXDays" => older(Span::Day),
        "OlderThanXWeeks" => older(Span::Week),
        "OlderThanXMonths" => older(Span::Month),
        "OlderThanXYears" => older(Span::Year),
        "On" => plain(O::Date(DateOperator::On)),
        "NotOn" => not(O::Date(DateOperator::On)),
        "OnOrBefore" => plain(O::Date(DateOperator::OnOrBefore)),
        "OnOrAfter" => plain(O::Date(DateOperator::OnOrAfter)),
        "EqualUserId" => caller(CallerOperator::User),
        "NotEqualUserId" => not(O::Caller(CallerOperator::User)),
        "EqualBusinessId" => caller(CallerOperator::BusinessUnit),
        "NotEqualBusinessId" => not(O::Caller(CallerOperator::BusinessUnit)),
        "EqualUserTeams" => caller(CallerOperator::Teams),
        "EqualUserOrUserTeams" => caller(CallerOperator::UserOrTeams),
        "Under" => place(false, false),
        "UnderOrEqual" => place(false, true),
        "NotUnder" => not(O::Hierarchy { above: false, inclusive: false }),
        "Above" => place(true, false),
        "AboveOrEqual" => place(true, true),
        _ => return None,
    })
}

/// A query as it was given, in a form that a job can keep.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct QueryExpression {
    table: String,
    /// None for all.
    columns: Option<Vec<String>>,
    filter: Criteria,
    links: Vec<LinkEntity>,
    /// Table or alias, column, greatest first.
    orders: Vec<(Option<String>, String, bool)>,
    limit: Option<u32>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Criteria {
    any: bool,
    conditions: Vec<Test>,
    filters: Vec<Criteria>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Test {
    link: Option<String>,
    column: String,
    operator: String,
    values: Vec<String>,
    /// The value is the name of a column.
    compares_columns: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct LinkEntity {
    alias: Option<String>,
    table: String,
    from: String,
    to: String,
    join: String,
    filter: Criteria,
    links: Vec<LinkEntity>,
}

fn text(of: &Arg, name: &str) -> Option<String> {
    match of.member(name) {
        Some(Arg::Text(text)) if !text.is_empty() => Some(text.clone()),
        _ => None,
    }
}

fn named(of: &Arg, name: &str, kind: &EnumType) -> Option<String> {
    match of.member(name) {
        Some(Arg::BigInt(number)) => Some(kind.print(*number)),
        _ => None,
    }
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

/// How much of a query may still come.
struct Budget {
    conditions: usize,
    depth: usize,
}

impl Budget {
    fn down(&mut self) -> Result<()> {
        self.depth = self.depth.checked_sub(1).ok_or_else(|| Error::argument(format!("A query may nest filters and links {DEPTH_MAX} deep.")))?;
        Ok(())
    }

    fn up(&mut self) {
        self.depth += 1;
    }
}

impl QueryExpression {
    /// The query in a parameter of the type [`QUERY_EXPRESSION`].
    ///
    /// # Errors
    /// 0x80040203 when it is too large.
    pub(crate) fn of(arg: &Arg) -> Result<Self> {
        let mut budget = Budget { conditions: CONDITIONS_MAX, depth: DEPTH_MAX };
        let columns = arg
            .member("ColumnSet")
            .filter(|set| !is_set(set, "AllColumns"))
            .map(|set| list(set, "Columns").iter().filter_map(|column| if let Arg::Text(name) = column { Some(name.clone()) } else { None }).collect());
        let orders = list(arg, "Orders").iter().filter_map(|order| {
            let descending = named(order, "OrderType", &ORDER_TYPE).as_deref() == Some("Descending");
            Some((text(order, "EntityName"), text(order, "AttributeName")?, descending))
        });
        Ok(Self {
            table: text(arg, "EntityName").unwrap_or_default(),
            columns,
            filter: Criteria::of(arg.member("Criteria"), &mut budget)?,
            links: LinkEntity::all(arg, &mut budget)?,
            orders: orders.collect(),
            limit: match arg.member("TopCount") {
                Some(Arg::Int(top)) => u32::try_from(*top).ok().filter(|top| *top > 0),
                _ => None,
            },
        })
    }

    /// The table.
    pub(crate) fn table(&self) -> &str {
        &self.table
    }

    /// The query in the one model.
    ///
    /// # Errors
    /// 0x80040203 for operators with values that do not fit, 0x80040315 for joins that are not offered.
    pub(crate) fn lower(&self) -> Result<Query> {
        let mut query = Query::new(self.table.as_str().into());
        if let Some(columns) = &self.columns {
            query.columns = Columns::Some(columns.iter().map(|name| name.as_str().into()).collect());
        }
        let mut all = vec![self.filter.lower(&self.table)?];
        for link in &self.links {
            link.lower(&self.table, &mut query.links, &mut all)?;
        }
        query.filter = Some(Filter::And(all));
        query.orders = self
            .orders
            .iter()
            .map(|(link, column, descending)| Order { by: OrderBy::Column(path(link.as_deref(), &self.table, column)), descending: *descending })
            .collect();
        query.limit = self.limit;
        Ok(query)
    }
}

impl Criteria {
    fn of(arg: Option<&Arg>, budget: &mut Budget) -> Result<Self> {
        let Some(arg) = arg else { return Ok(Self::default()) };
        budget.down()?;
        let own = list(arg, "Conditions");
        budget.conditions =
            budget.conditions.checked_sub(own.len()).ok_or_else(|| Error::argument(format!("A query may have {CONDITIONS_MAX} conditions.")))?;
        let conditions = own
            .iter()
            .map(|condition| Test {
                link: text(condition, "EntityName"),
                column: text(condition, "AttributeName").unwrap_or_default(),
                operator: named(condition, "Operator", &CONDITION_OPERATOR).unwrap_or_default(),
                values: list(condition, "Values").iter().map(|value| text(value, "Value").unwrap_or_default()).collect(),
                compares_columns: is_set(condition, "CompareColumns"),
            })
            .collect();
        let filters = list(arg, "Filters").iter().map(|filter| Self::of(Some(filter), budget)).collect::<Result<_>>()?;
        budget.up();
        Ok(Self { any: named(arg, "FilterOperator", &LOGICAL_OPERATOR).as_deref() == Some("Or"), conditions, filters })
    }

    fn lower(&self, table: &str) -> Result<Filter> {
        let mut parts = Vec::with_capacity(self.conditions.len() + self.filters.len());
        for condition in &self.conditions {
            parts.push(condition.lower(table)?);
        }
        for filter in &self.filters {
            // An empty filter asks nothing, also beside others of which any is enough.
            if !filter.conditions.is_empty() || !filter.filters.is_empty() {
                parts.push(filter.lower(table)?);
            }
        }
        Ok(if self.any && !parts.is_empty() { Filter::Or(parts) } else { Filter::And(parts) })
    }
}

impl Test {
    fn lower(&self, table: &str) -> Result<Filter> {
        let (operator, turned, own) = meaning(&self.operator).ok_or_else(|| {
            Error::new(ErrorCode::NotSupported, format!("The condition operator '{}' is not offered by this version of the service.", self.operator))
        })?;
        let column = path(self.link.as_deref(), table, &self.column);
        let mut condition = Condition::new(column, operator, Vec::new());
        match (self.compares_columns, self.values.as_slice()) {
            (true, [other]) => condition.other = Some(path(self.link.as_deref(), table, other)),
            (true, _) => return Err(Error::argument(format!("The condition on '{}' needs the name of one column to compare with.", self.column))),
            (false, values) => condition.values = own.into_iter().chain(values.iter().map(String::as_str)).map(literal).collect(),
        }
        let condition = Filter::Condition(condition);
        Ok(if turned { Filter::Not(Box::new(condition)) } else { condition })
    }
}

/// A value as text: the column says what it is.
fn literal(text: &str) -> Literal {
    Uuid::try_parse(text).map_or_else(|_| Literal::Text(text.to_owned()), Literal::Guid)
}

/// A column of the query's own table, which may be named, or of a link.
fn path(link: Option<&str>, table: &str, column: &str) -> ColumnPath {
    ColumnPath { link: link.filter(|name| *name != table).map(str::to_owned), lookups: Vec::new(), column: column.into() }
}

impl LinkEntity {
    fn all(of: &Arg, budget: &mut Budget) -> Result<Vec<Self>> {
        budget.down()?;
        let links = list(of, "LinkEntities").iter().map(|link| {
            Ok(Self {
                alias: text(link, "EntityAlias"),
                table: text(link, "LinkToEntityName").unwrap_or_default(),
                from: text(link, "LinkToAttributeName").unwrap_or_default(),
                to: text(link, "LinkFromAttributeName").unwrap_or_default(),
                join: named(link, "JoinOperator", &JOIN_OPERATOR).unwrap_or_else(|| "Inner".to_owned()),
                filter: Criteria::of(link.member("LinkCriteria"), budget)?,
                links: Self::all(link, budget)?,
            })
        });
        let links = links.collect();
        budget.up();
        links
    }

    /// Adds the link to a query's links, or, where it only asks whether there is a partner, to its conditions.
    fn lower(&self, _parent: &str, links: &mut Vec<Link>, all: &mut Vec<Filter>) -> Result<()> {
        let kind = match self.join.as_str() {
            "LeftOuter" => LinkKind::Outer,
            "MatchFirstRowUsingCrossApply" => LinkKind::First,
            "All" | "NotAll" => {
                return Err(Error::new(ErrorCode::NotSupported, format!("The join operator '{}' is not offered by this version of the service.", self.join)));
            }
            _ => LinkKind::Inner,
        };
        let alias = self.alias.clone().unwrap_or_else(|| self.table.clone());
        let mut inner = Vec::new();
        let mut filters = vec![self.filter.lower(&alias)?];
        for link in &self.links {
            link.lower(&alias, &mut inner, &mut filters)?;
        }
        let name = |text: &str| LogicalName::from(text);
        let link = Link { alias, table: name(&self.table), from: name(&self.from), to: name(&self.to), kind, filter: Some(Filter::And(filters)), links: inner };
        match self.join.as_str() {
            "In" | "Exists" | "Any" => all.push(Filter::Exists(Box::new(link))),
            "NotAny" => all.push(Filter::Not(Box::new(Filter::Exists(Box::new(link))))),
            _ => links.push(link),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // web-api 24
    fn every_operator_that_is_declared_has_a_meaning() {
        for (name, _) in CONDITION_OPERATOR.members {
            assert!(meaning(name).is_some(), "{name}");
        }
    }

    #[test] // web-api 24
    fn a_query_as_clients_send_it_becomes_the_one_model() {
        let words = |text: &str| Arg::Text(text.to_owned());
        let condition = |link: &str, column: &str, operator: i64, values: &[&str]| {
            let values = values.iter().map(|value| Arg::Complex(vec![("Type", words("System.Guid")), ("Value", words(value))])).collect();
            Arg::Complex(vec![
                ("EntityName", words(link)),
                ("AttributeName", words(column)),
                ("Operator", Arg::BigInt(operator)),
                ("Values", Arg::List(values)),
            ])
        };
        let criteria = Arg::Complex(vec![
            ("FilterOperator", Arg::BigInt(1)),
            ("Conditions", Arg::List(vec![condition("", "name", 9, &["a"]), condition("account", "name", 12, &[]), condition("c", "fullname", 0, &["x"])])),
            ("Filters", Arg::List(vec![Arg::Complex(Vec::new())])),
        ]);
        let link = Arg::Complex(vec![
            ("LinkFromAttributeName", words("primarycontactid")),
            ("LinkToEntityName", words("contact")),
            ("LinkToAttributeName", words("contactid")),
            ("JoinOperator", Arg::BigInt(1)),
            ("EntityAlias", words("c")),
        ]);
        let arg = Arg::Complex(vec![("EntityName", words("account")), ("Criteria", criteria), ("LinkEntities", Arg::List(vec![link]))]);
        let query = QueryExpression::of(&arg).unwrap().lower().unwrap();
        let own = |operator, values| Filter::Condition(Condition::new(ColumnPath::own("name".into()), operator, values));
        let linked = ColumnPath { link: Some("c".to_owned()), lookups: Vec::new(), column: "fullname".into() };
        let any = vec![
            Filter::Not(Box::new(own(Operator::In, vec![Literal::Text("a".to_owned())]))),
            own(Operator::Null, Vec::new()),
            Filter::Condition(Condition::new(linked, Operator::Compare(Comparison::Equal), vec![Literal::Text("x".to_owned())])),
        ];
        assert_eq!(query.filter, Some(Filter::And(vec![Filter::Or(any)])));
        let [link] = query.links.as_slice() else { panic!("{query:?}") };
        assert_eq!((&*link.alias, &*link.table, &*link.from, &*link.to, link.kind), ("c", "contact", "contactid", "primarycontactid", LinkKind::Outer));
    }

    #[test] // A9
    fn a_query_that_nests_too_deeply_is_refused() {
        let nested = |depth: usize| (0..depth).fold(Arg::Complex(Vec::new()), |inner, _| Arg::Complex(vec![("Filters", Arg::List(vec![inner]))]));
        let query = |criteria| Arg::Complex(vec![("EntityName", Arg::Text("account".to_owned())), ("Criteria", criteria)]);
        assert!(QueryExpression::of(&query(nested(DEPTH_MAX - 1))).is_ok());
        assert!(QueryExpression::of(&query(nested(DEPTH_MAX))).is_err());
    }
}
