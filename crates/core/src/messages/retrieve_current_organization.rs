//! RetrieveCurrentOrganization: what the organization is called and where its services are (web-api 28). .NET asks it at sign-in and takes its addresses.

use driftless_model::{Result, Scopes, Uuid, Value};
use driftless_query::ResolvedCondition;
use driftless_store::Length;

use super::retrieve_version::VERSION;
use super::{Arg, Args, Binding, ComplexType, EnumType, MessageDef, MessageKind, Outputs, ParamType as T, Run, opt, req};
use crate::context::ReadCx;
use crate::records::system;

/// The parameter that a front fills with the address by which the client reached it.
const ORIGIN: &str = "(origin)";
/// Member of [`ORGANIZATION_TYPE`]: an organization for development and tests.
const DEVELOPER: i64 = 13;

/// The region. Clients take an organization without one for an older product and then import solutions in another way (organization-service 2.3).
const GEO: &str = "EUR";

const ACCESS_TYPE: EnumType = EnumType::choice("EndpointAccessType", &[("Default", 0), ("Internet", 1), ("Intranet", 2)]);
const ENDPOINT_TYPE: EnumType = EnumType::choice("EndpointType", &[("OrganizationService", 0), ("OrganizationDataService", 1), ("WebApplication", 2)]);
const STATE: EnumType = EnumType::choice("OrganizationState", &[("Enabled", 0), ("Disabled", 1)]);
const ORGANIZATION_TYPE: EnumType = EnumType::choice(
    "OrganizationType",
    &[
        ("Customer", 0),
        ("Monitoring", 1),
        ("Support", 2),
        ("BackEnd", 3),
        ("Secondary", 4),
        ("CustomerTest", 5),
        ("CustomerFreeTest", 6),
        ("CustomerPreview", 7),
        ("Placeholder", 8),
        ("TestDrive", 9),
        ("MsftInvestigation", 10),
        ("EmailTrial", 11),
        ("Default", 12),
        ("Developer", DEVELOPER),
        ("Trial", 14),
        ("Teams", 15),
    ],
);

const ENDPOINTS: ComplexType = ComplexType {
    name: "EndpointCollection",
    members: &[req("Count", T::Int), req("IsReadOnly", T::Bool), req("Keys", T::List(&T::Enum(&ENDPOINT_TYPE))), req("Values", T::List(&T::Text))],
};

const DETAIL: ComplexType = ComplexType {
    name: "OrganizationDetail",
    members: &[
        req("OrganizationId", T::Guid),
        req("FriendlyName", T::Text),
        req("OrganizationVersion", T::Text),
        req("EnvironmentId", T::Text),
        opt("DatacenterId", T::Guid),
        opt("Geo", T::Text),
        opt("TenantId", T::Text),
        req("UrlName", T::Text),
        req("UniqueName", T::Text),
        req("Endpoints", T::Complex(&ENDPOINTS)),
        req("State", T::Enum(&STATE)),
        opt("SchemaType", T::Text),
        req("OrganizationType", T::Enum(&ORGANIZATION_TYPE)),
    ],
};

pub(super) const DEF: MessageDef = MessageDef {
    name: "RetrieveCurrentOrganization",
    kind: MessageKind::Function,
    binding: Binding::None,
    scope: Scopes::READ,
    input: &[req("AccessType", T::Enum(&ACCESS_TYPE)), opt(ORIGIN, T::Origin)],
    output: &[req("Detail", T::Complex(&DETAIL))],
    length: Length::Short,
    prepare: None,
    run: Run::Read(run),
    on_failure: None,
};

/// There is one address for every kind of access.
fn run(cx: &ReadCx<'_>, args: &Args) -> Result<Outputs> {
    let id = cx.services.facts.organization;
    let organizations = cx.snapshot.require("organization")?;
    let rows = system::rows(cx.tx, organizations, &["name"], Some(ResolvedCondition::equals(organizations.id, Value::Guid(id))))?;
    let name = rows.first().map(|row| row.text(0)).unwrap_or_default();
    let text = |text: &str| Arg::Text(text.to_owned());
    let detail = vec![
        ("OrganizationId", Arg::Guid(id)),
        ("FriendlyName", text(name)),
        ("OrganizationVersion", text(VERSION)),
        ("EnvironmentId", Arg::Text(id.to_string())),
        ("DatacenterId", Arg::Guid(Uuid::nil())),
        ("Geo", text(GEO)),
        ("UrlName", text(&unique_name(name))),
        ("UniqueName", text(&unique_name(name))),
        ("Endpoints", Arg::Complex(endpoints(args.text(ORIGIN)?))),
        ("State", Arg::BigInt(0)),
        ("SchemaType", text("Full")),
        ("OrganizationType", Arg::BigInt(DEVELOPER)),
    ];
    Ok(Outputs(vec![("Detail", Arg::Complex(detail))]))
}

/// Where the services are. The address of the data service is one that keeps the port for clients that build others from it.
fn endpoints(origin: &str) -> Vec<(&'static str, Arg)> {
    let known = [(2, "/"), (0, "/XRMServices/2011/Organization.svc"), (1, "/api/data/v9.2/")];
    vec![
        ("Count", Arg::Int(3)),
        ("IsReadOnly", Arg::Bool(false)),
        ("Keys", Arg::List(known.map(|(kind, _)| Arg::BigInt(kind)).into())),
        ("Values", Arg::List(known.map(|(_, path)| Arg::Text(format!("{origin}{path}"))).into())),
    ]
}

/// A name of letters and digits.
fn unique_name(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}
