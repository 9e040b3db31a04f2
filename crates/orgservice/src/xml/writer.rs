//! Text of XML into one buffer. Names are written as they are given, with the prefixes of [`Ns`], which the body of an answer declares once.

use crate::namespaces::Ns;

/// The namespace of `type` and `nil`, written as `i`.
pub(crate) const XSI_ADDRESS: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// Writes elements.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    out: Vec<u8>,
}

impl Writer {
    /// What was written.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    /// Bytes written so far.
    pub(crate) fn len(&self) -> usize {
        self.out.len()
    }

    /// Takes back everything behind a place that [`Writer::len`] gave.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.out.truncate(len);
    }

    /// Text that is XML already.
    pub(crate) fn raw(&mut self, xml: &str) {
        self.out.extend_from_slice(xml.as_bytes());
    }

    /// The bytes of text that is XML already, for digits and what needs no escaping.
    pub(crate) fn bytes(&mut self) -> &mut Vec<u8> {
        &mut self.out
    }

    /// Text between tags. Characters that a reader would change or refuse are written as references: a carriage return would become a line feed, and other control
    /// characters have no other form.
    pub(crate) fn text(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let mut from = 0;
        for (at, byte) in bytes.iter().enumerate() {
            let escaped: &[u8] = match byte {
                b'&' => b"&amp;",
                b'<' => b"&lt;",
                b'>' => b"&gt;",
                b'"' => b"&quot;",
                b'\r' => b"&#xD;",
                0..=8 | 11 | 12 | 14..=31 => &[],
                _ => continue,
            };
            self.out.extend_from_slice(bytes.get(from..at).unwrap_or_default());
            match escaped {
                [] => self.raw(&format!("&#x{byte:X};")),
                escaped => self.out.extend_from_slice(escaped),
            }
            from = at + 1;
        }
        self.out.extend_from_slice(bytes.get(from..).unwrap_or_default());
    }

    /// `<name>`
    pub(crate) fn open(&mut self, name: &str) {
        for part in ["<", name, ">"] {
            self.raw(part);
        }
    }

    /// `</name>`
    pub(crate) fn close(&mut self, name: &str) {
        for part in ["</", name, ">"] {
            self.raw(part);
        }
    }

    /// `<name i:type="prefix:type">`
    pub(crate) fn open_typed(&mut self, name: &str, (ns, type_name): (Ns, &str)) {
        for part in ["<", name, " i:type=\"", ns.prefix(), ":", type_name, "\">"] {
            self.raw(part);
        }
    }

    /// `<name>text</name>`
    pub(crate) fn element(&mut self, name: &str, text: &str) {
        self.open(name);
        self.text(text);
        self.close(name);
    }

    /// `<name/>`
    pub(crate) fn empty(&mut self, name: &str) {
        for part in ["<", name, "/>"] {
            self.raw(part);
        }
    }

    /// `<name i:nil="true"/>`
    pub(crate) fn nil(&mut self, name: &str) {
        for part in ["<", name, " i:nil=\"true\"/>"] {
            self.raw(part);
        }
    }

    /// A text, or nil.
    pub(crate) fn element_if(&mut self, name: &str, text: Option<&str>) {
        match text {
            Some(text) => self.element(name, text),
            None => self.nil(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // organization-service 3.3
    fn text_comes_back_as_it_was() {
        let mut writer = Writer::default();
        writer.element("a", "1 < 2 & \"é\" \r\n\t]]>\u{1}");
        let text = String::from_utf8(writer.into_bytes()).unwrap();
        assert_eq!(text, "<a>1 &lt; 2 &amp; &quot;é&quot; &#xD;\n\t]]&gt;&#x1;</a>");
        let readable = text.replace("&#x1;", "");
        assert_eq!(roxmltree::Document::parse(&readable).unwrap().root_element().text(), Some("1 < 2 & \"é\" \r\n\t]]>"));
    }
}
