//! The rows that every organization begins with (STD-4).

use std::str::FromStr;
use std::sync::Arc;

use driftless_model::{Decimal, Reference, Result, Uuid, Value};

use crate::behaviors::{organization_tree, tables};
use crate::context::{Facts, WriteCx};
use crate::environment::Environment;
use crate::records::system;

/// Roles and the published identities of their templates (ROLE-3).
const ROLES: [(&str, &str); 3] = [
    ("System Administrator", "627090ff-40a3-4053-8790-584edc5be201"),
    ("System Customizer", "119f245c-3cc8-4b62-b31c-d1a046ced15d"),
    ("Basic User", "236750cd-45ae-4939-ab12-b24b920ced93"),
];

/// Identities for a new organization.
pub(super) fn new_facts(environment: &dyn Environment) -> Facts {
    Facts {
        organization: environment.new_id(),
        root_business_unit: environment.new_id(),
        administrator: environment.new_id(),
        administrator_role: environment.new_id(),
        base_currency: environment.new_id(),
        default_publisher: environment.new_id(),
        default_solution: environment.new_id(),
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// Makes the first rows.
pub(super) fn insert(cx: &mut WriteCx<'_>) -> Result<()> {
    currency_and_organization(cx)?;
    units_and_users(cx)?;
    roles(cx)?;
    solutions(cx)
}

fn reference(cx: &WriteCx<'_>, table: &str, id: Uuid) -> Result<Value> {
    Ok(Value::Ref(Reference { table: cx.snapshot.require(table)?.def.code, id }))
}

fn currency_and_organization(cx: &mut WriteCx<'_>) -> Result<()> {
    let facts = cx.services.facts.clone();
    let currency = [
        ("currencyname", text("US Dollar")),
        ("isocurrencycode", text("USD")),
        ("currencysymbol", text("$")),
        ("exchangerate", Value::Decimal(Decimal::ONE)),
        ("currencyprecision", Value::Int(2)),
    ];
    system::insert(cx, "transactioncurrency", Some(facts.base_currency), &currency)?;
    let base = reference(cx, "transactioncurrency", facts.base_currency)?;
    let organization = [
        ("name", text("Driftless")),
        ("languagecode", Value::Int(1033)),
        ("localeid", Value::Int(1033)),
        ("basecurrencyid", base),
        ("basecurrencyprecision", Value::Int(2)),
        ("basecurrencysymbol", text("$")),
        ("pricingdecimalprecision", Value::Int(2)),
        ("fullnameconventioncode", Value::Int(1)),
        ("expirechangetrackingindays", Value::Int(90)),
        ("expiresubscriptionsindays", Value::Int(90)),
        ("sharetopreviousowneronassign", Value::Bool(false)),
        ("isauditenabled", Value::Bool(false)),
        ("maxuploadfilesize", Value::Int(5_242_880)),
        ("organizationstate", Value::Int(3)),
        // A fiscal year from the first of January, in quarters.
        ("fiscalcalendarstart", Value::DateTime(0)),
        ("fiscalperiodtype", Value::Int(2002)),
    ];
    system::insert(cx, "organization", Some(facts.organization), &organization)?;
    Ok(())
}

fn units_and_users(cx: &mut WriteCx<'_>) -> Result<()> {
    let facts = cx.services.facts.clone();
    system::insert(cx, "businessunit", Some(facts.root_business_unit), &[("name", text("Driftless")), ("isdisabled", Value::Bool(false))])?;
    let unit = reference(cx, "businessunit", facts.root_business_unit)?;
    let administrator = [
        ("domainname", text("administrator")),
        ("firstname", text("First")),
        ("lastname", text("Administrator")),
        ("fullname", text("First Administrator")),
        ("businessunitid", unit),
        ("isdisabled", Value::Bool(false)),
        ("accessmode", Value::Int(0)),
        ("islicensed", Value::Bool(true)),
        ("setupuser", Value::Bool(true)),
    ];
    system::insert(cx, "systemuser", Some(facts.administrator), &administrator)?;
    organization_tree::make_default_team(cx, facts.root_business_unit, text("Driftless"))?;
    organization_tree::after_create(
        cx,
        &Arc::clone(cx.snapshot.require("systemuser")?),
        facts.administrator,
        &[(cx.snapshot.require("systemuser")?.require("businessunitid")?, reference(cx, "businessunit", facts.root_business_unit)?)],
    )
}

fn roles(cx: &mut WriteCx<'_>) -> Result<()> {
    let facts = cx.services.facts.clone();
    for (name, template) in ROLES {
        let template = Uuid::from_str(template).unwrap_or_default();
        system::insert(cx, "roletemplate", Some(template), &[("name", text(name))])?;
        let id = if name == ROLES[0].0 { facts.administrator_role } else { cx.new_id() };
        let values = [
            ("name", text(name)),
            ("businessunitid", reference(cx, "businessunit", facts.root_business_unit)?),
            ("roletemplateid", reference(cx, "roletemplate", template)?),
            ("parentrootroleid", reference(cx, "role", id)?),
            ("ismanaged", Value::Bool(true)),
            ("iscustomizable", Value::Bool(name != ROLES[0].0)),
            ("canbedeleted", Value::Bool(false)),
        ];
        system::insert(cx, "role", Some(id), &values)?;
    }
    let membership = [("systemuserid", Value::Guid(facts.administrator)), ("roleid", Value::Guid(facts.administrator_role))];
    system::insert(cx, "systemuserroles", None, &membership)?;
    Ok(())
}

/// Gives roles, those of an older store too, what they are found by: their alternate keys have no nulls (STD-3).
pub(super) fn complete_roles(cx: &mut WriteCx<'_>) -> Result<()> {
    let table = Arc::clone(cx.snapshot.require("role")?);
    for row in system::rows(cx.tx.as_read(), &table, &["componentstate", "overwritetime", "parentrootroleid"], None)? {
        let wanted = tables::facts_of_role(&table, row.id);
        let lacking: Vec<_> = wanted.into_iter().enumerate().filter(|(at, _)| row.value(*at).is_null()).map(|(_, fact)| fact).collect();
        if !lacking.is_empty() {
            system::update(cx, "role", row.id, &lacking)?;
        }
    }
    Ok(())
}

fn solutions(cx: &mut WriteCx<'_>) -> Result<()> {
    let facts = cx.services.facts.clone();
    let publisher = [
        ("uniquename", text("DefaultPublisher")),
        ("friendlyname", text("Default Publisher")),
        ("customizationprefix", text("new")),
        ("customizationoptionvalueprefix", Value::Int(10_000)),
        ("isreadonly", Value::Bool(false)),
    ];
    system::insert(cx, "publisher", Some(facts.default_publisher), &publisher)?;
    for (id, unique, friendly, visible) in [(facts.default_solution, "Default", "Default Solution", true), (cx.new_id(), "Active", "Active Solution", false)] {
        let values = [
            ("uniquename", text(unique)),
            ("friendlyname", text(friendly)),
            ("version", text("1.0.0.0")),
            ("publisherid", reference(cx, "publisher", facts.default_publisher)?),
            ("ismanaged", Value::Bool(false)),
            ("isvisible", Value::Bool(visible)),
            ("installedon", Value::DateTime(cx.now_s)),
        ];
        system::insert(cx, "solution", Some(id), &values)?;
    }
    Ok(())
}
