//! The lists of `$select` and `$orderby`.

use super::{Direction, OrderItem, OrderKey, SelectItem};
use crate::ParseError;

/// The entries of `$select`; `None` when nothing is left of them.
pub(super) fn select_items(text: &str) -> Option<Vec<SelectItem>> {
    let items: Vec<SelectItem> = entries(text).map(|(_, entry)| if entry == "*" { SelectItem::All } else { SelectItem::Column(entry.to_owned()) }).collect();
    if items.is_empty() { None } else { Some(items) }
}

/// The entries of `$orderby`.
pub(super) fn order_items(text: &str) -> Result<Vec<OrderItem>, ParseError> {
    entries(text).map(|(offset, entry)| order_item(text, offset, entry)).collect()
}

fn order_item(text: &str, offset: usize, entry: &str) -> Result<OrderItem, ParseError> {
    let (key, direction) = match entry.split_once(|c: char| c.is_ascii_whitespace()) {
        None => (entry, Direction::Ascending),
        Some((key, direction)) => match direction.trim_ascii() {
            "asc" => (key, Direction::Ascending),
            "desc" => (key, Direction::Descending),
            _ => return Err(ParseError::syntax(offset + key.len() + 1, text)),
        },
    };
    let key = match key.strip_prefix('@') {
        Some(alias) if is_name(alias) => OrderKey::Alias(alias.to_owned()),
        _ => OrderKey::Path(path(key).ok_or_else(|| ParseError::syntax(offset, text))?),
    };
    Ok(OrderItem { key, direction })
}

/// The segments of a path, if every one is a name.
pub(super) fn path(text: &str) -> Option<Vec<String>> {
    text.split('/').map(|name| is_name(name).then(|| name.to_owned())).collect()
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'))
}

/// The entries between commas, trimmed, with their offsets; empty ones are skipped.
fn entries(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut next = 0;
    text.split(',').filter_map(move |entry| {
        let start = next;
        next += entry.len() + 1;
        let indent = entry.len() - entry.trim_ascii_start().len();
        let entry = entry.trim_ascii();
        (!entry.is_empty()).then_some((start + indent, entry))
    })
}
