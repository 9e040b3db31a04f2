//! What the services say of themselves to toolkits: WSDL and schemas, made from the table of types (organization-service 1, 5, 12).
//!
//! The document at `?wsdl` says where the service is and imports the contract, `?wsdl=wsdl0`, which imports one schema for each namespace, `?xsd=xsd0` and on.
//! All locations are on the host and port that the caller used.

mod schema;

use crate::contracts::{self, Shape};
use crate::namespaces::Ns;
use crate::route::Service;
use crate::xml::Writer;

/// The namespace of the document that says where a service is.
const PLACE: &str = "http://tempuri.org/";

impl Service {
    /// The namespace of its operations.
    const fn ns(self) -> Ns {
        match self {
            Self::Organization => Ns::Services,
            Self::Discovery => Ns::Discovery,
        }
    }

    /// The name of its contract.
    const fn contract(self) -> &'static str {
        match self {
            Self::Organization => "IOrganizationService",
            Self::Discovery => "IDiscoveryService",
        }
    }

    /// The type of the detail of its faults.
    const fn fault(self) -> (Ns, &'static str) {
        match self {
            Self::Organization => (Ns::Contracts, "OrganizationServiceFault"),
            Self::Discovery => (Ns::Contracts, "DiscoveryServiceFault"),
        }
    }

    /// The names of its operations: each has an element of its name for what is sent.
    fn operations(self) -> impl Iterator<Item = &'static str> {
        let elements = contracts::of_namespace(self.ns()).filter(|contract| matches!(contract.shape, Shape::Element { .. }));
        elements.map(|contract| contract.name.as_ref()).filter(|name| !name.ends_with("Response"))
    }
}

/// The document that a query asks for; `None` if it asks for none, or for one that is not there. `origin` is scheme and authority by which the caller reached the
/// service, `path` the path of the request.
pub(crate) fn document(service: Service, query: &str, origin: &str, path: &str) -> Option<String> {
    let address = format!("{origin}{}", path.trim_end_matches('/'));
    let writer = query.split('&').find_map(|part| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        match (name.to_ascii_lowercase().as_str(), value.to_ascii_lowercase().as_str()) {
            ("wsdl", "") => Some(place(service, &address)),
            ("wsdl", "wsdl0") => Some(contract(service, &address)),
            ("xsd", file) => schema::document(file.strip_prefix("xsd")?.parse().ok()?, &address),
            _ => None,
        }
    })?;
    String::from_utf8(writer.into_bytes()).ok()
}

/// The document that says where the service is and how it is spoken to.
fn place(service: Service, address: &str) -> Writer {
    let mut out = definitions(PLACE, service);
    let (contract, ns) = (service.contract(), service.ns());
    tag(&mut out, "wsdl:import", &[("namespace", ns.address()), ("location", &format!("{address}?wsdl=wsdl0"))], true);
    let binding = format!("BasicHttpBinding_{contract}");
    tag(&mut out, "wsdl:binding", &[("name", &binding), ("type", &format!("{}:{contract}", ns.prefix()))], false);
    tag(&mut out, "soap:binding", &[("transport", "http://schemas.xmlsoap.org/soap/http")], true);
    let fault = format!("{}Fault", service.fault().1);
    for operation in service.operations() {
        tag(&mut out, "wsdl:operation", &[("name", operation)], false);
        tag(&mut out, "soap:operation", &[("soapAction", &action(service, operation)), ("style", "document")], true);
        for direction in ["wsdl:input", "wsdl:output"] {
            out.open(direction);
            tag(&mut out, "soap:body", &[("use", "literal")], true);
            out.close(direction);
        }
        tag(&mut out, "wsdl:fault", &[("name", &fault)], false);
        tag(&mut out, "soap:fault", &[("name", &fault), ("use", "literal")], true);
        out.close("wsdl:fault");
        out.close("wsdl:operation");
    }
    out.close("wsdl:binding");
    tag(&mut out, "wsdl:service", &[("name", "service")], false);
    tag(&mut out, "wsdl:port", &[("name", &binding), ("binding", &format!("tns:{binding}"))], false);
    tag(&mut out, "soap:address", &[("location", address)], true);
    for name in ["wsdl:port", "wsdl:service", "wsdl:definitions"] {
        out.close(name);
    }
    out
}

/// The document with the operations: what each sends, answers and may fail with.
fn contract(service: Service, address: &str) -> Writer {
    let ns = service.ns();
    let mut out = definitions(ns.address(), service);
    out.open("wsdl:types");
    tag(&mut out, "x:schema", &[("targetNamespace", &format!("{}/Imports", ns.address()))], false);
    for imported in schema::FILES.iter().copied() {
        schema::import(&mut out, imported, address);
    }
    out.close("x:schema");
    out.close("wsdl:types");
    let (fault_ns, fault) = service.fault();
    for operation in service.operations() {
        let element = format!("{}:{operation}", ns.prefix());
        let parts = [
            ("InputMessage".to_owned(), "parameters", element.clone()),
            ("OutputMessage".to_owned(), "parameters", format!("{element}Response")),
            (format!("{fault}Fault_FaultMessage"), "detail", format!("{}:{fault}", fault_ns.prefix())),
        ];
        for (message, part, element) in parts {
            tag(&mut out, "wsdl:message", &[("name", &format!("{}_{operation}_{message}", service.contract()))], false);
            tag(&mut out, "wsdl:part", &[("name", part), ("element", &element)], true);
            out.close("wsdl:message");
        }
    }
    tag(&mut out, "wsdl:portType", &[("name", service.contract())], false);
    for operation in service.operations() {
        let message = |kind: &str| format!("tns:{}_{operation}_{kind}", service.contract());
        let action = action(service, operation);
        tag(&mut out, "wsdl:operation", &[("name", operation)], false);
        tag(&mut out, "wsdl:input", &[("wsaw:Action", &action), ("message", &message("InputMessage"))], true);
        tag(&mut out, "wsdl:output", &[("wsaw:Action", &format!("{action}Response")), ("message", &message("OutputMessage"))], true);
        let fault_action = format!("{action}{fault}Fault");
        let fault_message = message(&format!("{fault}Fault_FaultMessage"));
        tag(&mut out, "wsdl:fault", &[("wsaw:Action", &fault_action), ("name", &format!("{fault}Fault")), ("message", &fault_message)], true);
        out.close("wsdl:operation");
    }
    out.close("wsdl:portType");
    out.close("wsdl:definitions");
    out
}

/// What `SOAPAction` says for an operation.
fn action(service: Service, operation: &str) -> String {
    format!("{}/{}/{operation}", service.ns().address(), service.contract())
}

/// The outermost element of both documents.
fn definitions(namespace: &str, service: Service) -> Writer {
    let mut out = Writer::default();
    out.raw("<?xml version=\"1.0\" encoding=\"utf-8\"?>");
    let (own, contracts) = (service.ns(), Ns::Contracts);
    let attributes = [
        ("xmlns:wsdl", "http://schemas.xmlsoap.org/wsdl/"),
        ("xmlns:soap", "http://schemas.xmlsoap.org/wsdl/soap/"),
        ("xmlns:wsaw", "http://www.w3.org/2006/05/addressing/wsdl"),
        ("xmlns:x", Ns::Schema.address()),
        ("xmlns:tns", namespace),
        (&format!("xmlns:{}", own.prefix()), own.address()),
        (&format!("xmlns:{}", contracts.prefix()), contracts.address()),
        ("name", "service"),
        ("targetNamespace", namespace),
    ];
    tag(&mut out, "wsdl:definitions", &attributes, false);
    out
}

/// A tag with attributes; with `is_empty` it ends the element too.
fn tag(out: &mut Writer, name: &str, attributes: &[(&str, &str)], is_empty: bool) {
    out.raw("<");
    out.raw(name);
    for (name, value) in attributes {
        for part in [" ", name, "=\""] {
            out.raw(part);
        }
        out.text(value);
        out.raw("\"");
    }
    out.raw(if is_empty { "/>" } else { ">" });
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: &str = "https://org.example.test:8443";
    const PATH: &str = "/XRMServices/2011/Organization.svc";
    const WSDL: &str = "http://schemas.xmlsoap.org/wsdl/";

    /// Every document that a toolkit finds from `?wsdl`, by the query that asks for it.
    fn all(service: Service) -> Vec<(String, String)> {
        let mut found: Vec<(String, String)> = Vec::new();
        let mut next = vec!["wsdl".to_owned()];
        while let Some(query) = next.pop() {
            if found.iter().any(|(known, _)| *known == query) {
                continue;
            }
            let text = document(service, &query, ORIGIN, PATH).unwrap_or_else(|| panic!("{query}"));
            let parsed = roxmltree::Document::parse(&text).unwrap();
            let places = parsed.descendants().filter(|node| node.tag_name().name() == "import");
            let places = places.map(|node| node.attribute("location").or(node.attribute("schemaLocation")).unwrap());
            next.extend(places.map(|place| place.strip_prefix(&format!("{ORIGIN}{PATH}?")).unwrap().to_owned()));
            found.push((query, text));
        }
        found
    }

    #[test] // organization-service 1
    fn every_import_leads_to_a_document_on_the_host_of_the_request() {
        assert_eq!(all(Service::Organization).len(), 2 + schema::FILES.len());
        assert_eq!(all(Service::Discovery).len(), 2 + schema::FILES.len());
    }

    #[test] // organization-service 4.2
    fn every_name_of_a_type_is_declared_and_there() {
        let documents = all(Service::Organization);
        let parsed: Vec<_> = documents.iter().map(|(_, text)| roxmltree::Document::parse(text).unwrap()).collect();
        let mut declared = std::collections::HashSet::new();
        for root in parsed.iter().map(roxmltree::Document::root_element).filter(|root| root.tag_name().name() == "schema") {
            let types = root.children().filter(|node| node.tag_name().name().ends_with("Type"));
            declared.extend(types.map(|node| (root.attribute("targetNamespace").unwrap(), node.attribute("name").unwrap())));
        }
        assert!(declared.len() > 700);
        for node in parsed.iter().flat_map(roxmltree::Document::descendants) {
            let named = ["type", "base", "element"].into_iter().filter_map(|attribute| node.attribute(attribute));
            for text in named.filter(|_| node.tag_name().namespace() == Some(Ns::Schema.address())) {
                let (prefix, name) = text.split_once(':').unwrap();
                let ns = node.lookup_namespace_uri(Some(prefix)).unwrap_or_else(|| panic!("{text}"));
                assert!(ns == Ns::Schema.address() || declared.contains(&(ns, name)), "{text}");
            }
        }
    }

    #[test] // organization-service 1, 5
    fn the_service_says_where_it_is_and_what_it_takes() {
        let text = document(Service::Organization, "wsdl&sdkversion=9.2", ORIGIN, &format!("{PATH}/")).unwrap();
        let parsed = roxmltree::Document::parse(&text).unwrap();
        let by_name = |name: &str| parsed.descendants().filter(|node| node.tag_name().name() == name).collect::<Vec<_>>();
        assert_eq!(by_name("address")[0].attribute("location"), Some(format!("{ORIGIN}{PATH}").as_str()));
        assert_eq!(parsed.root_element().attribute("targetNamespace"), Some("http://tempuri.org/"));
        let mut operations: Vec<_> = by_name("operation").iter().filter_map(|node| node.attribute("soapAction")).collect();
        operations.sort_unstable();
        let expected = ["Associate", "Create", "Delete", "Disassociate", "Execute", "Retrieve", "RetrieveMultiple", "Update"];
        let prefix = "http://schemas.microsoft.com/xrm/2011/Contracts/Services/IOrganizationService/";
        assert_eq!(operations, expected.map(|name| format!("{prefix}{name}")));
        let contract = document(Service::Organization, "WSDL=wsdl0", ORIGIN, PATH).unwrap();
        let parsed = roxmltree::Document::parse(&contract).unwrap();
        let messages = parsed.root_element().children().filter(|node| node.has_tag_name((WSDL, "message")));
        assert_eq!(messages.count(), 24);
    }

    #[test]
    fn what_is_not_there_has_no_document() {
        for query in ["", "SDKClientVersion=9.2", "wsdl=wsdl1", "xsd", "xsd=xsd22", "xsd=xsd-1", "xsd=0", "singleWsdl"] {
            assert_eq!(document(Service::Organization, query, ORIGIN, PATH), None, "{query}");
        }
    }

    #[test]
    fn a_host_cannot_leave_its_attribute() {
        let text = document(Service::Organization, "wsdl", "http://a\"><b>", PATH).unwrap();
        assert!(!text.contains("<b>"));
    }
}
