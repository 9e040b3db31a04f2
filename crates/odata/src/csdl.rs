//! Writing CSDL, the XML of `$metadata` (web-api 2): elements, attributes and the frame of the document.

/// Writes one document. Elements are opened and closed by the caller; names are fixed words of the format, values are escaped.
#[derive(Debug)]
pub struct CsdlWriter {
    out: String,
    open: Vec<&'static str>,
}

/// Attributes of one element, in order.
pub type Attributes<'a> = &'a [(&'static str, &'a str)];

impl CsdlWriter {
    /// A document with one schema, opened: what follows stands inside the `Schema` element.
    #[must_use]
    pub fn new(namespace: &str, alias: &str) -> Self {
        let mut writer = Self { out: String::with_capacity(1 << 18), open: Vec::new() };
        writer.out.push_str("<?xml version=\"1.0\" encoding=\"utf-8\"?>");
        writer.begin("edmx:Edmx", &[("Version", "4.0"), ("xmlns:edmx", "http://docs.oasis-open.org/odata/ns/edmx")]);
        writer.references();
        writer.begin("edmx:DataServices", &[]);
        writer.begin("Schema", &[("Namespace", namespace), ("Alias", alias), ("xmlns", "http://docs.oasis-open.org/odata/ns/edm")]);
        writer
    }

    /// The vocabularies whose terms the document may use.
    fn references(&mut self) {
        for (uri, namespace) in [
            ("http://vocabularies.odata.org/OData.Community.Keys.V1", "OData.Community.Keys.V1"),
            ("http://vocabularies.odata.org/OData.Community.Display.V1", "OData.Community.Display.V1"),
        ] {
            self.begin("edmx:Reference", &[("Uri", uri)]);
            self.empty("edmx:Include", &[("Namespace", namespace)]);
            self.end();
        }
    }

    /// Opens an element.
    pub fn begin(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.tag(name, attributes);
        self.out.push('>');
        self.open.push(name);
    }

    /// Closes the element opened last.
    pub fn end(&mut self) {
        if let Some(name) = self.open.pop() {
            self.out.push_str("</");
            self.out.push_str(name);
            self.out.push('>');
        }
    }

    /// An element without content.
    pub fn empty(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.tag(name, attributes);
        self.out.push_str("/>");
    }

    /// Text inside the open element.
    pub fn text(&mut self, text: &str) {
        push_escaped(&mut self.out, text);
    }

    /// An element with text alone.
    pub fn leaf(&mut self, name: &'static str, attributes: Attributes<'_>, text: &str) {
        self.begin(name, attributes);
        self.text(text);
        self.end();
    }

    /// Closes everything and hands out the document.
    #[must_use]
    pub fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.end();
        }
        self.out
    }

    fn tag(&mut self, name: &str, attributes: Attributes<'_>) {
        self.out.push('<');
        self.out.push_str(name);
        for (name, value) in attributes {
            self.out.push(' ');
            self.out.push_str(name);
            self.out.push_str("=\"");
            push_escaped(&mut self.out, value);
            self.out.push('"');
        }
    }
}

/// Appends text with the characters escaped that XML gives a meaning; control characters that XML cannot hold are left out.
fn push_escaped(out: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => {
                out.push_str("&#");
                out.push_str(match character {
                    '\t' => "9",
                    '\n' => "10",
                    _ => "13",
                });
                out.push(';');
            }
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
            _ => out.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // web-api 2
    fn documents_are_closed_and_escaped() {
        let mut writer = CsdlWriter::new("N.S", "ns");
        writer.begin("EntityType", &[("Name", "a<b>&\"\u{1}\n")]);
        writer.leaf("String", &[], "x & y");
        writer.empty("PropertyRef", &[]);
        let text = writer.finish();
        let document = roxmltree::Document::parse(&text).unwrap();
        let entity = document.descendants().find(|node| node.has_tag_name(("http://docs.oasis-open.org/odata/ns/edm", "EntityType"))).unwrap();
        assert_eq!(entity.attribute("Name"), Some("a<b>&\"\n"));
        assert_eq!(entity.children().next().and_then(|node| node.text()), Some("x & y"));
    }
}
