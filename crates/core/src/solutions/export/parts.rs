//! Parts that an import kept without effect, written back as they came: the way back of `plan/parts.rs`.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use driftless_model::{Error, ErrorCode, Result};
use driftless_solution_file::{InertKind, InertPart, RawElement, TableElement, read_view};

use crate::metadata::InertComponent;
use crate::solutions::plan::{FILE_KIND, FORM_KIND, RIBBON_KIND, VIEW_KIND};

/// Puts the kept parts of a table into its element.
///
/// # Errors
/// 0x80048035 for a view that cannot be read.
pub(super) fn of_table(element: &mut TableElement, kept: &[&Arc<InertComponent>]) -> Result<()> {
    for part in kept {
        match part.kind.as_str() {
            FORM_KIND => element.forms = Some(part.content.clone()),
            RIBBON_KIND => element.ribbon = Some(part.content.clone()),
            VIEW_KIND => element.views.push(read_view(&part.content).map_err(|error| unusable(part, &error.to_string()))?),
            _ => element.other_elements.push(RawElement { name: element_name(part), xml: part.content.clone() }),
        }
    }
    Ok(())
}

/// A part that belongs to no table.
///
/// # Errors
/// 0x80048035 for a file whose bytes cannot be read.
pub(super) fn of_package(part: &InertComponent) -> Result<InertPart> {
    if part.kind == FILE_KIND {
        let bytes = STANDARD.decode(&part.content).map_err(|error| unusable(part, &error.to_string()))?;
        return Ok(InertPart::file(part.name.clone(), bytes));
    }
    Ok(InertPart { kind: InertKind::Section, name: element_name(part), items: Vec::new(), content: part.content.clone().into_bytes() })
}

/// The name of the element that the part is, with its letters' case.
fn element_name(part: &InertComponent) -> String {
    let name = part.content.trim_start().strip_prefix('<').and_then(|rest| rest.split([' ', '\t', '\r', '\n', '/', '>']).next());
    name.filter(|name| !name.is_empty()).unwrap_or(&part.kind).to_owned()
}

fn unusable(part: &InertComponent, why: &str) -> Error {
    Error::new(ErrorCode::ExportFailed, format!("The solution cannot be exported: the {} '{}' that it keeps cannot be read ({why}).", part.kind, part.name))
}

#[cfg(test)]
mod tests {
    use driftless_model::Uuid;

    use super::*;

    #[test] // SOL-11
    fn sections_keep_their_element_name() {
        let part =
            |content: &str| InertComponent { id: Uuid::nil(), kind: "workflows".into(), name: "Workflows: a".into(), table: None, content: content.into() };
        for (content, name) in [("<Workflows a=\"1\"/>", "Workflows"), ("<WorkFlows/>", "WorkFlows"), ("<a>\n</a>", "a"), ("", "workflows")] {
            assert_eq!(element_name(&part(content)), name, "{content}");
        }
    }
}
