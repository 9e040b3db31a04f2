//! Any element as a tree, by the type that is expected of it or that it states, and back. It is how whole answers, of other servers too, are held against the table
//! of types: what cannot be read is named, and what was read is written as this service writes.

use std::borrow::Cow;

use driftless_model::{Error, Result};

use crate::contracts::{self, Contract, Kind, Member, Shape};
use crate::namespaces::Ns;
use crate::respond::{self, ENVELOPE_END};
use crate::xml::{self, Element, Limits, Writer};

/// Bounds of a document that is rewritten.
const LIMITS: Limits = Limits { nodes: 5_000_000, depth: 200 };
/// Where the envelopes of both versions of SOAP are.
const ENVELOPES: [&str; 2] = ["http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"];

/// A value and its type.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Tree {
    /// The type that it states; none where it states none, or the one that is expected.
    stated: Option<(Ns, String)>,
    content: Content,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Content {
    Nil,
    Text(String),
    /// Members in the order of the wire: the names of their elements, with prefix.
    Object(Vec<(&'static str, Tree)>),
    /// The name of an item's element, and the items.
    List(&'static str, Vec<Tree>),
}

/// Reads elements, and keeps what has no place in the table of types.
#[derive(Default)]
struct TreeReader {
    path: Vec<String>,
    lost: Vec<String>,
}

impl TreeReader {
    fn lose(&mut self, what: &str) {
        self.lost.push(format!("{}: {what}", self.path.join("/")));
    }

    /// Reads an element of which a type is expected.
    fn read(&mut self, element: Element<'_>, expected: Kind) -> Tree {
        self.path.push(element.name().to_owned());
        let tree = self.typed(element, expected);
        self.path.pop();
        tree
    }

    fn typed(&mut self, element: Element<'_>, expected: Kind) -> Tree {
        let is_open = matches!(expected, Kind::Any) || expected.contract().is_some();
        // Clients state types where none are expected, in forms that mean nothing (organization-service 5).
        let stated = element.type_name().filter(|_| is_open);
        let kind = match stated {
            None => expected,
            Some((ns, name)) => match contracts::stated(ns, name) {
                Some(kind) if expected == Kind::Any || is_a(kind, expected) => kind,
                Some(_) => {
                    self.lose(&format!("the type {name} is not one that can stand here"));
                    expected
                }
                // Simple types without a form of their own here, such as a duration.
                None if expected == Kind::Any && matches!(ns, Some(Ns::Schema | Ns::Serialization)) => Kind::Text,
                None => {
                    self.lose(&format!("the type {name} is not known"));
                    expected
                }
            },
        };
        let stated = stated.filter(|_| kind != expected).map(|(ns, name)| (ns.unwrap_or(kind.type_name().0), name.to_owned()));
        let content = if element.is_nil() { Content::Nil } else { self.content(element, kind) };
        Tree { stated, content }
    }

    fn content(&mut self, element: Element<'_>, kind: Kind) -> Content {
        match kind.contract().map(|contract| (contract, &contract.shape)) {
            Some((contract, Shape::Object { .. } | Shape::Element { .. })) => Content::Object(self.members(element, contract)),
            Some((contract, Shape::List { item })) => Content::List(&item.element, self.items(element, contract, item)),
            Some((_, Shape::Enum { members, .. })) => {
                let text = element.text();
                let is_member = |word: &&str| members.iter().any(|member| member.name == *word);
                let (words, unknown): (Vec<_>, Vec<_>) = text.split_ascii_whitespace().partition(is_member);
                for word in unknown {
                    self.lose(&format!("'{word}' is no member of the enumeration"));
                }
                Content::Text(words.join(" "))
            }
            None => {
                for child in element.children() {
                    self.lose(&format!("{} stands where text must be", child.name()));
                }
                let text = element.text();
                Content::Text(if matches!(kind, Kind::Text | Kind::Any) { text } else { Cow::Borrowed(text.trim()) }.into_owned())
            }
        }
    }

    fn members(&mut self, element: Element<'_>, contract: &'static Contract) -> Vec<(&'static str, Tree)> {
        if !element.text().trim().is_empty() {
            self.lose("text between members");
        }
        let mut all = Vec::new();
        for (at, (ns, member)) in contract.all_members().enumerate() {
            let mut found = element.children().filter(|child| child.name() == member.name && child.namespace() == ns.address());
            all.extend(found.next().map(|child| (at, member.element.as_str(), self.read(child, member.kind))));
            if found.next().is_some() {
                self.lose(&format!("{} is there twice", member.name));
            }
        }
        for child in element.children() {
            if !contract.all_members().any(|(ns, member)| child.name() == member.name && child.namespace() == ns.address()) {
                self.lose(&format!("{} has no member {} in {}", contract.name, child.name(), child.namespace()));
            }
        }
        all.sort_by_key(|(at, ..)| *at);
        all.into_iter().map(|(_, name, tree)| (name, tree)).collect()
    }

    fn items(&mut self, element: Element<'_>, contract: &'static Contract, item: &'static Member) -> Vec<Tree> {
        let mut items = Vec::new();
        for child in element.children() {
            if child.name() == item.name && child.namespace() == contract.ns.address() {
                items.push(self.read(child, item.kind));
            } else {
                self.lose(&format!("{} is no item of {}", child.name(), contract.name));
            }
        }
        items
    }
}

fn is_a(kind: Kind, expected: Kind) -> bool {
    match (kind.contract(), expected.contract()) {
        (Some(own), Some(expected)) => own.is_a(expected.ns, &expected.name),
        _ => false,
    }
}

impl Tree {
    /// Writes it as an element; `element` is its name with prefix.
    fn write(&self, out: &mut Writer, element: &str) {
        self.write_with(out, element, "");
    }

    /// The same with declarations in the start tag.
    fn write_with(&self, out: &mut Writer, element: &str, declarations: &str) {
        let mut begin = format!("{element}{declarations}");
        if let Some((ns, name)) = &self.stated {
            begin += &format!(" i:type=\"{}:{name}\"", ns.prefix());
        }
        match &self.content {
            Content::Nil => return out.nil(&begin),
            Content::Text(text) => {
                out.open(&begin);
                out.text(text);
            }
            Content::Object(members) => {
                out.open(&begin);
                members.iter().for_each(|(name, tree)| tree.write(out, name));
            }
            Content::List(name, items) => {
                out.open(&begin);
                items.iter().for_each(|tree| tree.write(out, name));
            }
        }
        out.close(element);
    }
}

/// Reads an envelope of either version of SOAP by the table of types, and writes an envelope of SOAP 1.1 from what was read. Also gives what was not read, each with
/// the path to it; headers are not looked at.
///
/// # Errors
/// 0x80040203 for what is no envelope, or has none of the service's elements in its body.
pub fn rewrite(envelope: &[u8]) -> Result<(Vec<u8>, Vec<String>)> {
    let text = xml::text(envelope)?;
    let document = xml::document(&text, LIMITS)?;
    let root = Element::root(&document);
    let body = root.member("Body").filter(|_| root.name() == "Envelope" && ENVELOPES.contains(&root.namespace()));
    let content = body.and_then(|body| body.children().next()).ok_or_else(|| Error::argument("It is no envelope with a body."))?;
    let (mut reader, mut out) = (TreeReader::default(), Writer::default());
    respond::envelope_begin(&mut out);
    if content.name() == "Fault" && content.namespace() == root.namespace() {
        rewrite_fault(content, &mut reader, &mut out)?;
    } else {
        let ns = Ns::of_address(content.namespace());
        let own = ns.and_then(|ns| Some((ns, contracts::reference(ns, content.name())?)));
        let (ns, kind) = own.ok_or_else(|| Error::argument(format!("There is no element {}.", content.name())))?;
        let tree = reader.read(content, Kind::Of(kind));
        let Content::Object(members) = &tree.content else { return Err(Error::argument("An element of the service has members.")) };
        // The wrapper's own namespace is the default one.
        out.raw(&format!("<{} xmlns=\"{}\"", content.name(), ns.address()));
        respond::declarations(&mut out);
        out.raw(">");
        members.iter().for_each(|(name, tree)| tree.write(&mut out, name.split_once(':').map_or(name, |(_, name)| name)));
        out.close(content.name());
    }
    out.raw(ENVELOPE_END);
    Ok((out.into_bytes(), reader.lost))
}

/// A fault has its text at other places in SOAP 1.2; what is in its detail is the same.
fn rewrite_fault(fault: Element<'_>, reader: &mut TreeReader, out: &mut Writer) -> Result<()> {
    let text = fault.member("Reason").and_then(|reason| reason.member_text("Text")).or_else(|| fault.member_text("faultstring")).unwrap_or_default();
    out.raw("<s:Fault><faultcode>s:Client</faultcode><faultstring xml:lang=\"en-US\">");
    out.text(&text);
    out.raw("</faultstring>");
    let detail = fault.member("Detail").or_else(|| fault.member("detail"));
    if let Some(content) = detail.and_then(|detail| detail.children().next()) {
        let own = Ns::of_address(content.namespace()).and_then(|ns| Some((ns, contracts::reference(ns, content.name())?)));
        let (ns, kind) = own.ok_or_else(|| Error::argument(format!("There is no element {}.", content.name())))?;
        let (tree, element) = (reader.read(content, Kind::Of(kind)), format!("{}:{}", ns.prefix(), content.name()));
        let mut begin = Writer::default();
        respond::declarations(&mut begin);
        out.raw("<detail>");
        tree.write_with(out, &element, &String::from_utf8(begin.into_bytes()).unwrap_or_default());
        out.raw("</detail>");
    }
    out.raw("</s:Fault>");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An answer to Execute with the value of one result, as other servers write it: prefixes of their own, declared where they are used.
    fn answer(value: &str) -> String {
        format!(
            "<s:Envelope xmlns:s=\"{}\"><s:Header><x/></s:Header><s:Body><ExecuteResponse xmlns=\"{}\"><ExecuteResult i:type=\"b:RetrieveResponse\" xmlns:b=\"{}\" \
             xmlns:i=\"{}\">\n <b:Results xmlns:c=\"{}\"><b:KeyValuePairOfstringanyType><c:key>Entity</c:key>{value}</b:KeyValuePairOfstringanyType></b:Results>\
             <b:ResponseName>Retrieve</b:ResponseName></ExecuteResult></ExecuteResponse></s:Body></s:Envelope>",
            ENVELOPES[1],
            Ns::Services.address(),
            Ns::Contracts.address(),
            crate::xml::XSI_ADDRESS,
            Ns::Generic.address(),
        )
    }

    fn rewritten(envelope: &str) -> (String, Vec<String>) {
        let (bytes, lost) = rewrite(envelope.as_bytes()).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let again = rewrite(text.as_bytes()).unwrap();
        assert_eq!((String::from_utf8(again.0).unwrap(), again.1.len()), (text.clone(), 0), "what was written is read, and nothing of it is lost");
        (text, lost)
    }

    /// The result of an answer that was written anew, and what was lost.
    fn value(value: &str) -> (String, Vec<String>) {
        let (text, lost) = rewritten(&answer(value));
        assert!(text.contains("<ExecuteResult i:type=\"a:RetrieveResponse\"><a:ResponseName>Retrieve</a:ResponseName><a:Results>"), "{text}");
        let (_, rest) = text.split_once("<g:key>Entity</g:key>").unwrap();
        (rest.split_once("</a:KeyValuePairOfstringanyType></a:Results>").unwrap().0.to_owned(), lost)
    }

    #[test] // organization-service 4.2, 4.4
    fn values_of_any_type_keep_it_and_members_get_the_order_of_the_wire() {
        let schema = format!("xmlns:d=\"{}\"", Ns::Schema.address());
        let guid = format!("xmlns:d=\"{}\"", Ns::Serialization.address());
        for (given, expected) in [
            (format!("<c:value i:type=\"d:string\" {schema}> a &lt; b </c:value>"), "<g:value i:type=\"x:string\"> a &lt; b </g:value>"),
            (format!("<c:value i:type=\"d:int\" {schema}> 5 </c:value>"), "<g:value i:type=\"x:int\">5</g:value>"),
            (format!("<c:value i:type=\"d:duration\" {guid}>PT5S</c:value>"), "<g:value i:type=\"e:duration\">PT5S</g:value>"),
            ("<c:value i:nil=\"true\"/>".to_owned(), "<g:value i:nil=\"true\"/>"),
            ("<c:value i:type=\"b:Money\"><b:Value>5.0</b:Value></c:value>".to_owned(), "<g:value i:type=\"a:Money\"><a:Value>5.0</a:Value></g:value>"),
            (
                "<c:value i:type=\"b:EntityReference\"><b:Name i:nil=\"true\"/><b:LogicalName>account</b:LogicalName><b:Id>1</b:Id></c:value>".to_owned(),
                "<g:value i:type=\"a:EntityReference\"><a:Id>1</a:Id><a:LogicalName>account</a:LogicalName><a:Name i:nil=\"true\"/></g:value>",
            ),
            (
                format!(
                    "<c:value i:type=\"b:Entity\"><b:Attributes><b:KeyValuePairOfstringanyType><c:key>k</c:key><c:value i:type=\"b:AliasedValue\"><b:Value \
                     i:type=\"d:boolean\" {schema}>true</b:Value></c:value></b:KeyValuePairOfstringanyType></b:Attributes></c:value>"
                ),
                "<g:value i:type=\"a:Entity\"><a:Attributes><a:KeyValuePairOfstringanyType><g:key>k</g:key><g:value i:type=\"a:AliasedValue\"><a:Value \
                 i:type=\"x:boolean\">true</a:Value></g:value></a:KeyValuePairOfstringanyType></a:Attributes></g:value>",
            ),
        ] {
            assert_eq!(value(&given), (expected.to_owned(), vec![]), "{given}");
        }
    }

    #[test]
    fn what_has_no_place_is_named_with_its_path() {
        for (given, expected) in [
            ("<c:value i:type=\"b:Nothing\">x</c:value>", "the type Nothing is not known"),
            ("<c:value i:type=\"b:Money\"><b:Amount>5</b:Amount></c:value>", "Money has no member Amount in http://schemas.microsoft.com/xrm/2011/Contracts"),
            ("<c:value i:type=\"b:Money\"><b:Value>5</b:Value><b:Value>6</b:Value></c:value>", "Value is there twice"),
            ("<c:value i:type=\"b:EntityRole\">Neither</c:value>", "'Neither' is no member of the enumeration"),
            ("<c:value i:type=\"b:Money\">5<b:Value>5</b:Value></c:value>", "text between members"),
        ] {
            let (_, lost) = value(given);
            assert_eq!(lost, [format!("ExecuteResponse/ExecuteResult/Results/KeyValuePairOfstringanyType/value: {expected}")], "{given}");
        }
        assert!(rewrite(b"<a/>").is_err());
        assert!(rewrite(format!("<s:Envelope xmlns:s=\"{}\"><s:Body><x/></s:Body></s:Envelope>", ENVELOPES[0]).as_bytes()).is_err());
    }

    #[test] // organization-service 9
    fn faults_of_both_versions_become_those_of_the_first() {
        let detail = format!("<OrganizationServiceFault xmlns=\"{}\"><ErrorCode>-1</ErrorCode></OrganizationServiceFault>", Ns::Contracts.address());
        let later = format!("<s:Reason><s:Text>It &lt;is&gt;.</s:Text></s:Reason><s:Detail>{detail}</s:Detail>");
        let first = format!("<faultcode>s:Client</faultcode><faultstring>It &lt;is&gt;.</faultstring><detail>{detail}</detail>");
        for (address, content) in [(ENVELOPES[1], later), (ENVELOPES[0], first)] {
            let (text, lost) = rewritten(&format!("<s:Envelope xmlns:s=\"{address}\"><s:Body><s:Fault>{content}</s:Fault></s:Body></s:Envelope>"));
            assert!(lost.is_empty() && text.contains(">It &lt;is&gt;.</faultstring><detail><a:OrganizationServiceFault xmlns:a="), "{text} {lost:?}");
            assert!(text.contains("><a:ErrorCode>-1</a:ErrorCode></a:OrganizationServiceFault></detail>"), "{text}");
        }
    }
}
