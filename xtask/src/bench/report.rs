//! Measured rows as a table, as JSON and in `docs/bench.md`.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use driftless_model::separate_thousands;
use serde_json::{Value, json};

use super::machine::Machine;

/// The table in the document lies between these lines.
const BEGIN: &str = "<!-- bench:begin -->";
const END: &str = "<!-- bench:end -->";

/// One measured figure.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    /// What was measured.
    pub(crate) name: &'static str,
    /// The service's figure.
    pub(crate) value: f64,
    /// Its unit.
    pub(crate) unit: &'static str,
    /// The same of plain SQLite, or of the smaller case.
    pub(crate) baseline: Option<f64>,
    /// The goal in words; empty when the figure is only reported.
    pub(crate) goal: &'static str,
    /// Whether the goal is met.
    pub(crate) met: Option<bool>,
    /// What else the reader must know.
    pub(crate) remark: String,
}

impl Row {
    /// Value by baseline.
    pub(crate) fn ratio(&self) -> Option<f64> {
        self.baseline.filter(|baseline| *baseline != 0.0).map(|baseline| self.value / baseline)
    }

    /// The row with its goal: met when `met`.
    pub(crate) fn goal(self, goal: &'static str, met: bool) -> Self {
        Self { goal, met: Some(met), ..self }
    }

    /// The row in one line.
    pub(crate) fn line(&self) -> String {
        let mut line = format!("{}: {} {}", self.name, number(self.value), self.unit);
        if let (Some(baseline), Some(ratio)) = (self.baseline, self.ratio()) {
            let _ = write!(line, ", baseline {}, ratio {ratio:.2}", number(baseline));
        }
        if let Some(met) = self.met {
            let _ = write!(line, ", goal {} {}", self.goal, if met { "met" } else { "NOT MET" });
        }
        if !self.remark.is_empty() {
            let _ = write!(line, " ({})", self.remark);
        }
        line
    }
}

/// The rows as a table of Markdown.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut text = "| Name | Value | Unit | Baseline | Ratio | Goal | Met | Remark |\n|---|---|---|---|---|---|---|---|\n".to_owned();
    for row in rows {
        let met = row.met.map_or("", |met| if met { "yes" } else { "**no**" });
        let baseline = row.baseline.map(number).unwrap_or_default();
        let ratio = row.ratio().map(|ratio| format!("{ratio:.2}")).unwrap_or_default();
        let goal = if row.goal.is_empty() { "reported" } else { row.goal };
        let _ = writeln!(text, "| {} | {} | {} | {baseline} | {ratio} | {goal} | {met} | {} |", row.name, number(row.value), row.unit, row.remark);
    }
    text
}

/// The rows as JSON, with the machine.
pub(crate) fn json(rows: &[Row]) -> Result<Value> {
    let row = |row: &Row| {
        json!({"name": row.name, "value": row.value, "unit": row.unit, "baseline": row.baseline, "ratio": row.ratio(), "goal": row.goal, "met": row.met,
            "remark": row.remark})
    };
    Ok(json!({"machine": Machine::here()?.json(), "rows": rows.iter().map(row).collect::<Vec<_>>()}))
}

/// Puts the table into the document, in place of the earlier one.
pub(crate) fn write_document(rows: &[Row]) -> Result<()> {
    let path = crate::root().join("docs/bench.md");
    let document = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let inner = format!("{}\n\n{}", Machine::here()?.sentence(), table(rows));
    let written = replaced(&document, &inner).context("docs/bench.md has not both marker lines")?;
    std::fs::write(&path, written).with_context(|| format!("cannot write {}", path.display()))
}

fn replaced(document: &str, inner: &str) -> Option<String> {
    let (before, rest) = document.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n\n{inner}\n{END}{after}"))
}

/// Three to four digits that count, thousands separated.
fn number(value: f64) -> String {
    if value.abs() < 10.0 {
        return format!("{value:.3}");
    }
    if value.abs() < 1_000.0 {
        return format!("{value:.1}");
    }
    let mut text = format!("{value:.0}");
    separate_thousands(&mut text, 0);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        for (value, text) in [(0.1234, "0.123"), (46.04, "46.0"), (1_000.0, "1,000"), (1_234_567.8, "1,234,568"), (99_999.0, "99,999")] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn the_table_replaces_the_earlier_one_only() {
        let document = format!("a\n{BEGIN}\nold\n{END}\nb\n");
        let first = replaced(&document, "new").unwrap();
        assert_eq!(first, format!("a\n{BEGIN}\n\nnew\n{END}\nb\n"));
        assert_eq!(replaced(&first, "new").unwrap(), first);
        assert!(replaced("nothing", "new").is_none());
    }
}
