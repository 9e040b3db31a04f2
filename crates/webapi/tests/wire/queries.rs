//! One condition in three forms: `$filter`, FetchXML and QueryExpression select the same rows.

use std::collections::BTreeSet;

use driftless_core::{Arg, Request, RetrieveMultiple, read_query};
use driftless_query::{Collector, OPERATORS};
use serde_json::{Value, json};

use crate::service::Service;

const NAMES: [Option<&str>; 6] = [None, Some("Crate"), Some("crate 2"), Some("Box"), Some("o'b <&> \"x\""), Some("50% _[a]")];
const SIZES: [Option<i32>; 5] = [None, Some(-3), Some(0), Some(7), Some(40)];

/// Numbers that look random and are the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % most
    }

    fn one<'v>(&mut self, of: &[&'v str]) -> &'v str {
        of[self.below(of.len())]
    }
}

/// A condition in each form.
struct Forms {
    filter: String,
    fetch: String,
    expression: Arg,
}

fn text(text: &str) -> Arg {
    Arg::Text(text.to_owned())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// One condition; `is_linked` for a column of the depot.
fn condition(column: &str, is_linked: bool, operator: &str, values: &[&str], filter: String) -> Forms {
    let link = if is_linked { " entityname=\"d\"" } else { "" };
    let items: String = values.iter().map(|value| format!("<value>{}</value>", escaped(value))).collect();
    let fetch = format!("<condition{link} attribute=\"{column}\" operator=\"{operator}\">{items}</condition>");
    let number = OPERATORS.iter().find(|named| named.fetch == Some(operator)).and_then(|named| named.expression).unwrap().1;
    let mut members =
        vec![("AttributeName", text(column)), ("Operator", Arg::BigInt(number)), ("Values", Arg::List(values.iter().map(|value| text(value)).collect()))];
    members.extend(is_linked.then(|| ("EntityName", text("d"))));
    Forms { filter, fetch, expression: Arg::Complex(members) }
}

fn leaf(dice: &mut Dice, depots: &[String]) -> Forms {
    match dice.below(4) {
        0 => number(dice),
        1 => {
            let operator = dice.one(&["eq", "ne"]);
            let live = dice.one(&["true", "false"]);
            condition("new_live", false, operator, &[live], format!("new_live {operator} {live}"))
        }
        2 => {
            let depot = &depots[dice.below(depots.len())];
            match dice.below(3) {
                0 => condition("new_depotid", false, "null", &[], "_new_depotid_value eq null".to_owned()),
                1 => condition("new_depotid", false, "not-null", &[], "_new_depotid_value ne null".to_owned()),
                _ => condition("new_depotid", false, "ne", &[depot], format!("_new_depotid_value ne {depot}")),
            }
        }
        _ => words(dice),
    }
}

fn number(dice: &mut Dice) -> Forms {
    let (low, high) = (dice.one(&["-3", "0", "7"]), dice.one(&["7", "39", "40"]));
    let function = |name: &str| format!("Microsoft.Dynamics.CRM.{name}(PropertyName='new_size',PropertyValues=['{low}','{high}'])");
    match dice.below(5) {
        0 => condition("new_size", false, "in", &[low, high], function("In")),
        1 => condition("new_size", false, "not-in", &[low, high], function("NotIn")),
        2 => condition("new_size", false, "between", &[low, high], function("Between")),
        3 => condition("new_size", false, "not-between", &[low, high], function("NotBetween")),
        _ => {
            let operator = dice.one(&["eq", "ne", "gt", "ge", "lt", "le"]);
            condition("new_size", false, operator, &[low], format!("new_size {operator} {low}"))
        }
    }
}

fn words(dice: &mut Dice) -> Forms {
    let is_linked = dice.below(2) == 1;
    let path = if is_linked { "new_DepotId/new_name" } else { "new_name" };
    let value = dice.one(&["Crate", "box", "c", "o'b", "<&>", "\"x\"", "50%", "North", "e_2", "h"]);
    let quoted = value.replace('\'', "''");
    let pattern = format!("%{value}%");
    match dice.below(8) {
        0 => condition("new_name", is_linked, "null", &[], format!("{path} eq null")),
        1 => condition("new_name", is_linked, "begins-with", &[value], format!("startswith({path},'{quoted}')")),
        2 => condition("new_name", is_linked, "not-begin-with", &[value], format!("not startswith({path},'{quoted}')")),
        3 => condition("new_name", is_linked, "ends-with", &[value], format!("endswith({path},'{quoted}')")),
        4 => condition("new_name", is_linked, "like", &[&pattern], format!("contains({path},'{quoted}')")),
        5 => condition("new_name", is_linked, "not-like", &[&pattern], format!("not contains({path},'{quoted}')")),
        _ => {
            let operator = dice.one(&["eq", "ne", "gt", "le"]);
            condition("new_name", is_linked, operator, &[value], format!("{path} {operator} '{quoted}'"))
        }
    }
}

fn tree(dice: &mut Dice, depots: &[String], depth: usize) -> Forms {
    let (mut conditions, mut filters, mut texts, mut fetch) = (Vec::new(), Vec::new(), Vec::new(), String::new());
    for _ in 0..=dice.below(3) {
        let part = if depth < 3 && dice.below(3) == 0 { tree(dice, depots, depth + 1) } else { leaf(dice, depots) };
        texts.push(format!("({})", part.filter));
        fetch.push_str(&part.fetch);
        if part.expression.member("Operator").is_some() { conditions.push(part.expression) } else { filters.push(part.expression) }
    }
    let any = dice.below(2);
    let word = ["and", "or"][any];
    let expression = Arg::Complex(vec![
        ("FilterOperator", Arg::BigInt(i64::try_from(any).unwrap())),
        ("Conditions", Arg::List(conditions)),
        ("Filters", Arg::List(filters)),
    ]);
    Forms { filter: texts.join(&format!(" {word} ")), fetch: format!("<filter type=\"{word}\">{fetch}</filter>"), expression }
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// The ids of the rows of a list.
#[track_caller]
fn listed(service: &Service, query: &str) -> BTreeSet<String> {
    let answer = service.get(query).expect(200).json();
    let rows = answer["value"].as_array().unwrap();
    rows.iter().map(|row| row["new_parcelid"].as_str().unwrap().to_owned()).collect()
}

fn expressed(service: &Service, criteria: &Arg) -> BTreeSet<String> {
    let link = Arg::Complex(vec![
        ("LinkFromAttributeName", text("new_depotid")),
        ("LinkToEntityName", text("new_depot")),
        ("LinkToAttributeName", text("new_depotid")),
        ("JoinOperator", Arg::BigInt(1)),
        ("EntityAlias", text("d")),
    ]);
    let query = Arg::Complex(vec![("EntityName", text("new_parcel")), ("Criteria", criteria.clone()), ("LinkEntities", Arg::List(vec![link]))]);
    let mut found = Collector::default();
    let limits = service.organization.limits();
    let lower = &mut |snapshot: &std::sync::Arc<_>| {
        let request = read_query(&query, snapshot, limits)?;
        Ok(Request::RetrieveMultiple(RetrieveMultiple::of(request, None, None, limits)))
    };
    service.organization.execute(&service.caller, lower, &mut found).unwrap_or_else(|error| panic!("{}", error.message()));
    found.rows.iter().map(|row| row.values[0].id().unwrap().to_string()).collect()
}

#[test] // web-api 16, 20, organization-service 7
fn a_condition_selects_the_same_rows_in_each_of_its_three_forms() {
    let service = Service::with_tables();
    let depots: Vec<String> = ["North", "South <&>"].iter().map(|name| service.post("new_depots", &json!({"new_name": name})).expect(204).id()).collect();
    for (at, name) in NAMES.iter().enumerate() {
        for (place, size) in SIZES.iter().enumerate() {
            let mut row = json!({"new_name": name, "new_size": size, "new_live": (at + place) % 2 == 0});
            if let Some(depot) = depots.get((at + 2 * place) % 3) {
                row["new_DepotId@odata.bind"] = Value::String(format!("/new_depots({depot})"));
            }
            service.post("new_parcels", &row).expect(204);
        }
    }
    let mut dice = Dice(20);
    let mut sizes = BTreeSet::new();
    for round in 0..250 {
        let forms = tree(&mut dice, &depots, 1);
        let filtered = listed(&service, &format!("new_parcels?$select=new_name&$filter={}", encoded(&forms.filter)));
        let fetch = format!(
            "<fetch><entity name=\"new_parcel\"><attribute name=\"new_parcelid\"/>{}\
             <link-entity name=\"new_depot\" from=\"new_depotid\" to=\"new_depotid\" link-type=\"outer\" alias=\"d\"/></entity></fetch>",
            forms.fetch
        );
        assert_eq!(listed(&service, &format!("new_parcels?fetchXml={}", encoded(&fetch))), filtered, "round {round}: {}\n{fetch}", forms.filter);
        assert_eq!(expressed(&service, &forms.expression), filtered, "round {round}: {}\n{:?}", forms.filter, forms.expression);
        sizes.insert(filtered.len());
    }
    assert!(sizes.len() > 10, "{sizes:?}");
}
