//! Queries as objects in, queries and FetchXML out.

use proptest::prelude::*;

use super::*;
use crate::fetch::{self, FetchLimits};
use crate::fixture::definitions;
use crate::{Circumstances, Columns, Filter, LinkKind, Literal, NamedOperator, Operator, QueryRequest, ResultKind, resolve};

fn lowered(expression: &Expression) -> driftless_model::Result<QueryRequest> {
    let definitions = definitions();
    let request = expression.lower(&definitions, &FetchLimits::default())?;
    resolve(&request.query, &definitions, &Circumstances::default())?;
    Ok(request)
}

fn read(text: &str) -> QueryRequest {
    fetch::read(text, &definitions(), &FetchLimits::default()).unwrap_or_else(|error| panic!("{text}: {}", error.message()))
}

fn accounts() -> Expression {
    Expression { table: "account".to_owned(), ..Expression::default() }
}

fn condition(link: Option<&str>, column: &str, operator: &str, values: &[&str]) -> ConditionExpression {
    ConditionExpression {
        link: link.map(str::to_owned),
        column: column.to_owned(),
        operator: operator.to_owned(),
        values: values.iter().map(|value| (*value).to_owned()).collect(),
        compares_columns: false,
    }
}

fn conditions(any: bool, conditions: Vec<ConditionExpression>) -> Criteria {
    Criteria { any, conditions, ..Criteria::default() }
}

fn contacts(alias: Option<&str>, join: JoinOperator) -> LinkExpression {
    LinkExpression {
        alias: alias.map(str::to_owned),
        table: "contact".to_owned(),
        from: "contactid".to_owned(),
        to: "primarycontactid".to_owned(),
        join,
        ..LinkExpression::default()
    }
}

fn columns(columns: &[&str]) -> Returned {
    Returned { columns: columns.iter().map(|name| (*name).to_owned()).collect(), ..Returned::default() }
}

fn counted(column: &str, aggregate: AggregateType, alias: &str) -> AttributeExpression {
    AttributeExpression { column: column.to_owned(), alias: Some(alias.to_owned()), aggregate, groups: false, date_part: DateGrouping::None }
}

/// Demands that a QueryExpression means what a FetchXML text means.
#[track_caller]
fn means(expression: &Expression, text: &str) {
    let request = lowered(expression).unwrap_or_else(|error| panic!("{}", error.message()));
    assert_eq!(request, read(text));
    assert_eq!(read(&fetch::print(expression).unwrap()), request, "{}", fetch::print(expression).unwrap());
}

#[test] // web-api 24, organization-service 7
fn a_query_means_what_its_fetchxml_means() {
    let mut query = accounts();
    means(&query, "<fetch><entity name='account'><no-attrs/></entity></fetch>");
    query.returned = Returned { all: true, ..Returned::default() };
    query.top = Some(3);
    means(&query, "<fetch top='3'><entity name='account'/></fetch>");
    let mut query = Expression { returned: columns(&["name"]), ..accounts() };
    query.page = Paging { number: Some(2), rows: Some(50), cookie: Some("<cookie page=\"1\"/>".to_owned()), total: true };
    query.filter = conditions(true, vec![condition(None, "name", "BeginsWith", &["a"]), condition(Some("contact1"), "age", "NotBetween", &["1", "9"])]);
    query.links = vec![LinkExpression { returned: columns(&["name"]), ..contacts(None, JoinOperator::LeftOuter) }];
    query.orders = vec![
        OrderExpression { column: "primarycontactid".to_owned(), ..OrderExpression::default() },
        OrderExpression { link: Some("contact".to_owned()), column: "age".to_owned(), descending: true, value: None },
    ];
    means(
        &query,
        "<fetch page='2' count='50' paging-cookie='&lt;cookie page=&quot;1&quot;/&gt;' returntotalrecordcount='1'><entity name='account'><attribute name='name'/>\
         <order attribute='primarycontactid'/><order entityname='contact1' attribute='age' descending='1'/>\
         <filter type='or'><condition attribute='name' operator='begins-with' value='a'/>\
         <condition entityname='contact1' attribute='age' operator='not-between'><value>1</value><value>9</value></condition></filter>\
         <link-entity name='contact' from='contactid' to='primarycontactid' link-type='outer'><attribute name='name'/></link-entity></entity></fetch>",
    );
}

#[test] // organization-service 7
fn links_nest_and_have_columns_orders_and_names_of_their_own() {
    let child = LinkExpression {
        alias: Some("task".to_owned()),
        table: "account".to_owned(),
        from: "primarycontactid".to_owned(),
        to: "contactid".to_owned(),
        returned: columns(&["name"]),
        orders: vec![OrderExpression { column: "employees".to_owned(), ..OrderExpression::default() }],
        ..LinkExpression::default()
    };
    let first = LinkExpression {
        returned: columns(&["age"]),
        filter: conditions(false, vec![condition(None, "name", "NotNull", &[])]),
        links: vec![child],
        ..contacts(None, JoinOperator::Inner)
    };
    let mut query = Expression { links: vec![first, contacts(None, JoinOperator::MatchFirstRowUsingCrossApply)], ..accounts() };
    query.links[1].returned = columns(&["age"]);
    let request = lowered(&query).unwrap();
    let names: Vec<_> = request.query.values.iter().filter_map(|value| value.name.as_deref()).collect();
    assert_eq!(names, ["contact1.age", "task.name", "Age"]);
    let [first, second] = request.query.links.as_slice() else { panic!("{request:?}") };
    assert_eq!((&*first.alias, &*first.links[0].alias, &*second.alias), ("contact1", "task", "contact3"));
    assert_eq!((first.kind, second.kind), (LinkKind::Inner, LinkKind::First));
    assert_eq!(read(&fetch::print(&query).unwrap()), request);
}

#[test] // organization-service 7
fn partners_are_asked_for_in_filters_and_in_links() {
    use JoinOperator as J;
    for (join, kind) in [(J::Any, "any"), (J::NotAny, "not any"), (J::All, "all"), (J::NotAll, "not all"), (J::In, "in"), (J::Exists, "exists")] {
        let link = LinkExpression { filter: conditions(false, vec![condition(None, "age", "GreaterThan", &["3"])]), ..contacts(None, join) };
        let text = format!(
            "<fetch><entity name='account'><no-attrs/><link-entity name='contact' from='contactid' to='primarycontactid' link-type='{kind}'>\
             <filter><condition attribute='age' operator='gt' value='3'/></filter></link-entity></entity></fetch>"
        );
        means(&Expression { links: vec![link.clone()], ..accounts() }, &text);
        means(&Expression { filter: Criteria { partners: Some(Box::new(link)), ..Criteria::default() }, ..accounts() }, &text);
    }
}

#[test] // organization-service 7
fn groups_and_aggregates_stand_in_attribute_expressions() {
    let grouped = AttributeExpression { groups: true, date_part: DateGrouping::FiscalYear, ..counted("createdon", AggregateType::None, "year") };
    let attributes = vec![counted("accountid", AggregateType::Count, "rows"), counted("employees", AggregateType::CountColumn, "kinds"), grouped];
    let mut query = Expression { returned: Returned { attributes, ..Returned::default() }, distinct: true, ..accounts() };
    query.orders = vec![OrderExpression { value: Some("year".to_owned()), ..OrderExpression::default() }];
    means(
        &query,
        "<fetch aggregate='1'><entity name='account'><attribute name='accountid' alias='rows' aggregate='count'/>\
         <attribute name='employees' alias='kinds' aggregate='countcolumn' distinct='1'/>\
         <attribute name='createdon' alias='year' groupby='1' dategrouping='fiscal-year'/><order alias='year'/></entity></fetch>",
    );
    assert_eq!(lowered(&query).unwrap().query.result, ResultKind::Groups);
}

#[test] // organization-service 7
fn different_rows_without_columns_are_told_apart_by_id() {
    let query = Expression { distinct: true, ..accounts() };
    means(&query, "<fetch distinct='1'><entity name='account'><attribute name='accountid'/></entity></fetch>");
}

#[test] // web-api 24
fn columns_are_compared_within_a_row_and_across_links() {
    let compared = |link, other: &str| ConditionExpression { compares_columns: true, ..condition(link, "name", "NotEqual", &[other]) };
    for (compared, expected) in [
        (compared(None, "name"), "<condition attribute='name' operator='ne' valueof='name'/>"),
        (compared(Some("c"), "name"), "<condition entityname='c' attribute='name' operator='ne' valueof='c.name'/>"),
        (compared(None, "c.name"), "<condition attribute='name' operator='ne' valueof='c.name'/>"),
        (compared(Some("c"), "account.name"), "<condition entityname='c' attribute='name' operator='ne' valueof='account.name'/>"),
    ] {
        let query = Expression { filter: conditions(false, vec![compared]), links: vec![contacts(Some("c"), JoinOperator::Inner)], ..accounts() };
        let link = "<link-entity name='contact' from='contactid' to='primarycontactid' alias='c'/>";
        means(&query, &format!("<fetch><entity name='account'><no-attrs/>{link}<filter>{expected}</filter></entity></fetch>"));
        assert_eq!(lowered(&Expression::of(&lowered(&query).unwrap(), &definitions()).unwrap()).unwrap(), lowered(&query).unwrap());
    }
}

#[test] // web-api 24
fn empty_filters_ask_nothing() {
    let query = Expression { filter: Criteria { any: true, filters: vec![Criteria::default(), Criteria::default()], ..Criteria::default() }, ..accounts() };
    assert_eq!(lowered(&query).unwrap().query.filter, None);
}

#[test] // organization-service 7
fn what_has_no_fetchxml_is_named_or_said_otherwise() {
    let with = |operator, values: &[&str]| Expression { filter: conditions(false, vec![condition(None, "name", operator, values)]), ..accounts() };
    assert!(fetch::print(&with("DoesNotContain", &["a"])).unwrap().contains("operator=\"not-like\" value=\"%a%\""));
    assert!(fetch::print(&with("NotOn", &["2020-01-01"])).unwrap_err().message().contains("'NotOn'"));
    assert!(matches!(lowered(&with("Contains", &["a"])).unwrap().query.filter, Some(Filter::Condition(asked)) if asked.operator == Operator::Contains));
}

#[test] // organization-service 7
fn what_does_not_go_together_is_refused_with_a_sentence() {
    let filter = |condition| Expression { filter: conditions(false, vec![condition]), ..accounts() };
    let aggregate = Returned { attributes: vec![counted("employees", AggregateType::Sum, "sum")], ..Returned::default() };
    for (query, sentence) in [
        (Expression { top: Some(5), page: Paging { number: Some(1), ..Paging::default() }, ..accounts() }, "cannot stand beside 'PageInfo'"),
        (Expression { top: Some(5_001), ..accounts() }, "at most 5000"),
        (filter(condition(None, "name", "Mask", &["1"])), "'Mask' is not offered"),
        (filter(condition(None, "name", "Equal", &[])), "with the operator Equal needs one value"),
        (filter(condition(Some("x"), "name", "Null", &[])), "the alias 'x'"),
        (filter(ConditionExpression { compares_columns: true, ..condition(None, "name", "Like", &["name"]) }), "not by Like"),
        (filter(ConditionExpression { compares_columns: true, ..condition(None, "name", "Equal", &[]) }), "name of one column"),
        (Expression { links: vec![contacts(Some("a b"), JoinOperator::Inner)], ..accounts() }, "The alias 'a b'"),
        (
            Expression { links: vec![contacts(Some("c"), JoinOperator::Inner), contacts(Some("c"), JoinOperator::Inner)], ..accounts() },
            "more than one 'LinkEntity'",
        ),
        (
            Expression { links: vec![LinkExpression { returned: columns(&["age"]), ..contacts(None, JoinOperator::Any) }], ..accounts() },
            "JoinOperator Any returns no values",
        ),
        (
            Expression { filter: Criteria { partners: Some(Box::new(contacts(None, JoinOperator::Inner))), ..Criteria::default() }, ..accounts() },
            "must have the JoinOperator Any",
        ),
        (Expression { returned: Returned { all: true, ..aggregate.clone() }, ..accounts() }, "leave 'AllColumns'"),
        (
            Expression {
                returned: Returned { attributes: vec![AttributeExpression { alias: None, ..aggregate.attributes[0].clone() }], ..aggregate },
                ..accounts()
            },
            "needs an alias",
        ),
    ] {
        let error = lowered(&query).unwrap_err();
        assert!(error.message().contains(sentence), "{}", error.message());
    }
}

#[test] // A9, SEC-07, SEC-08
fn everything_has_a_limit() {
    let with = |filter| lowered(&Expression { filter, ..accounts() }).map(drop);
    let many = |number| conditions(false, vec![condition(None, "name", "Null", &[]); number]);
    let nested = |depth: usize| (1..depth).fold(many(1), |inner, _| Criteria { filters: vec![inner], ..Criteria::default() });
    let linked = |number| lowered(&Expression { links: vec![contacts(None, JoinOperator::Inner); number], ..accounts() }).map(drop);
    assert!(with(many(500)).is_ok() && with(nested(64)).is_ok() && linked(15).is_ok());
    let code = |result: driftless_model::Result<()>| result.unwrap_err().code();
    assert_eq!(code(with(many(501))), driftless_model::ErrorCode::TooManyConditionsInQuery);
    assert_eq!(code(with(nested(65))), driftless_model::ErrorCode::InvalidArgument);
    assert_eq!(code(linked(16)), driftless_model::ErrorCode::TooManyLinkEntitiesInQuery);
}

/// Makes a query of a tape of numbers.
struct Tape<'a> {
    left: &'a [u8],
    links: usize,
}

impl Tape<'_> {
    fn below(&mut self, most: usize) -> usize {
        let Some((first, left)) = self.left.split_first() else { return 0 };
        self.left = left;
        usize::from(*first) % most
    }

    fn one<'v>(&mut self, of: &[&'v str]) -> &'v str {
        of[self.below(of.len())]
    }

    fn query(&mut self) -> Expression {
        let mut query = accounts();
        match self.below(4) {
            0 => query.page = Paging { number: Some(1), rows: Some(7), cookie: Some("a<\"&'\n>".to_owned()), total: true },
            1 => query.top = Some(9),
            _ => {}
        }
        let kind = self.below(4);
        query.distinct = kind == 1;
        query.returned = self.returned(kind == 2);
        for _ in 0..self.below(3) {
            let link = self.link(1, kind == 2);
            query.links.push(link);
        }
        query.filter = self.criteria(&["name", "employees"], 1);
        if kind != 2 && self.below(2) == 1 {
            let column = self.one(&["name", "employees", "primarycontactid"]).to_owned();
            query.orders.push(OrderExpression { column, descending: self.below(2) == 1, ..OrderExpression::default() });
        }
        query
    }

    fn returned(&mut self, groups: bool) -> Returned {
        let number = self.below(3);
        let alias = format!("v{}", self.left.len());
        match (groups, number) {
            (true, _) => {
                let group = AttributeExpression { groups: true, ..counted("name", AggregateType::None, &format!("{alias}g")) };
                Returned { attributes: vec![group, counted("name", AggregateType::CountColumn, &alias)], ..Returned::default() }
            }
            (false, 0) => Returned { all: true, ..Returned::default() },
            (false, 1) => Returned { attributes: vec![counted("name", AggregateType::None, &alias)], ..columns(&["versionnumber"]) },
            _ => columns(&["name"]),
        }
    }

    fn link(&mut self, depth: usize, groups: bool) -> LinkExpression {
        self.links += 1;
        let alias = format!("l{}", self.links);
        let (_, join) = JoinOperator::ALL[self.below(JoinOperator::ALL.len())];
        let mut link = contacts((self.below(2) == 1).then_some(&*alias), join);
        if depth > 1 {
            (link.to, link.from) = ("contactid".to_owned(), "contactid".to_owned());
        }
        if matches!(join, JoinOperator::Inner | JoinOperator::LeftOuter) && !groups {
            link.returned = self.returned(false);
        }
        if depth < 3 && self.below(3) == 0 {
            link.links.push(self.link(depth + 1, true));
        }
        link.filter = self.criteria(&["name", "age"], depth + 1);
        link
    }

    fn criteria(&mut self, names: &[&str], depth: usize) -> Criteria {
        let mut criteria = Criteria { any: self.below(2) == 1, ..Criteria::default() };
        for _ in 0..self.below(4) {
            let column = self.one(names);
            let number = column != "name";
            let operator =
                if number { self.one(&["Equal", "NotIn", "Between", "Null", "LessEqual"]) } else { self.one(&["Like", "DoesNotEndWith", "In", "NotNull"]) };
            let text = if number { self.one(&["1", "20"]) } else { self.one(&["a", " b ", "<&>'\"", ""]) };
            let values: &[&str] = match operator {
                "NotIn" | "In" => &[text, text, "3"][self.below(3)..],
                "Between" => &[text, "30"],
                "Null" | "NotNull" => &[],
                _ => &[text],
            };
            criteria.conditions.push(condition(None, column, operator, values));
        }
        if depth < 4 {
            for _ in 0..self.below(3) {
                let inner = self.criteria(names, depth + 1);
                criteria.filters.push(inner);
            }
        }
        criteria
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test] // organization-service 7
    fn a_query_survives_fetchxml_and_back(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
        let query = Tape { left: &bytes, links: 0 }.query();
        let Ok(request) = lowered(&query) else { return Ok(()) };
        let text = fetch::print(&query).unwrap();
        prop_assert_eq!(&read(&text), &request, "{}", &text);
        let again = Expression::of(&request, &definitions()).unwrap();
        prop_assert_eq!(&lowered(&again).unwrap(), &request);
        prop_assert_eq!(&read(&fetch::print(&again).unwrap()), &request);
    }
}

#[test] // organization-service 7
fn most_random_queries_are_queries() {
    let taken = (0..200_u32).filter(|seed| {
        let bytes: Vec<u8> = (0..120_u32).map(|at| (seed.wrapping_mul(2_654_435_761).wrapping_add(at.wrapping_mul(40_503)) >> 11) as u8).collect();
        lowered(&Tape { left: &bytes, links: 0 }.query()).is_ok()
    });
    assert!(taken.count() > 100);
}

#[test] // organization-service 7
fn every_operator_of_fetchxml_survives() {
    for named in crate::OPERATORS.iter().filter(|named| named.fetch.is_some() && named.expression.is_some()) {
        let values: &[&str] = match named.values {
            crate::OperatorValues::None | crate::OperatorValues::Fixed(_) => &[],
            crate::OperatorValues::One => &["3"],
            crate::OperatorValues::Two | crate::OperatorValues::Several => &["3", "4"],
        };
        let query = Expression { filter: conditions(false, vec![condition(None, "name", named.expression.unwrap().0, values)]), ..accounts() };
        let request = query.lower(&definitions(), &FetchLimits::default()).unwrap();
        assert_eq!(read(&fetch::print(&query).unwrap()), request);
        assert_eq!(Expression::of(&request, &definitions()).unwrap(), query);
    }
    assert!(NamedOperator::in_fetch("not-on").is_none());
}

#[test] // A9
fn a_job_of_an_earlier_program_is_read() {
    let kept = "{\"table\":\"account\",\"columns\":null,\"filter\":{\"any\":false,\"conditions\":[{\"link\":null,\"column\":\"name\",\"operator\":\"Equal\",\"values\":[\"a\"],\
                \"compares_columns\":false}],\"filters\":[]},\"links\":[{\"alias\":null,\"table\":\"contact\",\"from\":\"contactid\",\"to\":\"primarycontactid\",\"join\":\"LeftOuter\",\
                \"filter\":{\"any\":false,\"conditions\":[],\"filters\":[]},\"links\":[]}],\"orders\":[[null,\"name\",true]],\"limit\":null}";
    let query: Expression = serde_json::from_str(kept).unwrap();
    assert_eq!((query.links[0].join, query.orders[0].descending), (JoinOperator::LeftOuter, true));
    assert_eq!(serde_json::from_str::<Expression>(&serde_json::to_string(&query).unwrap()).unwrap(), query);
    assert!(matches!(lowered(&query).unwrap().query, crate::Query { columns: Columns::Some(columns), .. } if columns.is_empty()));
    let asked = lowered(&query).unwrap().query.filter;
    assert!(matches!(asked, Some(Filter::Condition(asked)) if asked.values == [Literal::Text("a".to_owned())]));
}
