//! `filter` and `condition`.

use driftless_model::Result;

use super::link::Place;
use super::xml::{Element, excerpt, malformed};
use super::{Joined, Reader};
use crate::{Condition, Filter, Literal, NamedOperator, Operator};

impl Reader<'_> {
    /// A filter on the table `place`; none when it says nothing.
    pub(super) fn filter(&mut self, filter: &Element<'_>, place: &Place, depth: usize) -> Result<Option<Filter>> {
        filter.expect(
            &["type"],
            &["isquickfindfields", "overridequickfindrecordlimitenabled", "overridequickfindrecordlimitdisabled", "hint", "bypassquickfind"],
        )?;
        self.check_depth(depth)?;
        let mut parts = Vec::new();
        for child in filter.children(&["condition", "filter", "link-entity"])? {
            match child.name() {
                "condition" => parts.push(self.condition(&child, place)?),
                "filter" => parts.extend(self.filter(&child, place, depth + 1)?),
                _ => match self.link(&child, place, &mut Vec::new(), depth + 1)? {
                    Joined::Condition(condition) => parts.push(condition),
                    Joined::Link(_) => {
                        return Err(malformed("A link-entity inside a filter must have the link-type any, not any, all or not all."));
                    }
                },
            }
        }
        match filter.filled("type").unwrap_or("and") {
            "and" => Ok(Filter::all(parts)),
            "or" => Ok(Filter::any(parts)),
            other => Err(malformed(format!("The type of a filter is 'and' or 'or', not '{}'.", excerpt(other)))),
        }
    }

    fn condition(&self, condition: &Element<'_>, place: &Place) -> Result<Filter> {
        condition.expect(&["attribute", "column", "operator", "value", "valueof", "entityname"], &["uiname", "uitype", "uihidden"])?;
        let name = condition.filled("attribute").or_else(|| condition.filled("column"));
        let name = name.ok_or_else(|| malformed("An element 'condition' needs the attribute 'attribute'."))?;
        let column = self.path(name, condition.filled("entityname"), place)?;
        let called = condition.required("operator")?;
        let operator = NamedOperator::in_fetch(called).ok_or_else(|| malformed(format!("'{}' is no operator of a condition.", excerpt(called))))?;
        let mut asked = Condition::new(column, operator.operator, Vec::new());
        if let Some(other) = condition.filled("valueof") {
            if !matches!(operator.operator, Operator::Compare(_)) {
                return Err(malformed(format!("Two columns can be compared by eq, ne, gt, ge, lt and le, not by '{called}'.")));
            }
            let (alias, other) = match other.split_once('.') {
                Some((alias, other)) => (Some(alias), other),
                None => (None, other),
            };
            asked.other = Some(self.path(other, alias, place)?);
        } else {
            asked.values = operator.take(written(condition)?).map_err(|wanted| {
                malformed(format!("A condition with the operator '{called}' needs {wanted}: in its attribute 'value', or in elements 'value'."))
            })?;
        }
        let asked = Filter::Condition(asked);
        Ok(if operator.negated { Filter::Not(Box::new(asked)) } else { asked })
    }
}

/// The values that stand in a condition.
fn written(condition: &Element<'_>) -> Result<Vec<Literal>> {
    let attribute = condition.attribute("value").map(|text| Literal::Text(text.to_owned()));
    let mut values: Vec<_> = attribute.into_iter().collect();
    for child in condition.children(&["value"])? {
        child.expect(&[], &["uiname", "uitype"])?;
        values.push(Literal::Text(child.text()));
    }
    Ok(values)
}
