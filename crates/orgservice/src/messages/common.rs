//! Pairs of results.

use crate::namespaces::Ns;
use crate::xml::Writer;

/// The beginning of a pair whose value has a type, up to the value.
pub(crate) fn pair_begin(writer: &mut Writer, key: &str, type_name: (Ns, &str)) {
    writer.raw("<a:KeyValuePairOfstringanyType><g:key>");
    writer.raw(key);
    writer.raw("</g:key>");
    writer.open_typed("g:value", type_name);
}

/// The end of a pair.
pub(crate) fn pair_end(writer: &mut Writer) {
    writer.raw("</g:value></a:KeyValuePairOfstringanyType>");
}

/// A pair whose value is a text.
pub(crate) fn simple_pair(writer: &mut Writer, key: &str, type_name: (Ns, &str), text: &str) {
    pair_begin(writer, key, type_name);
    writer.text(text);
    pair_end(writer);
}
