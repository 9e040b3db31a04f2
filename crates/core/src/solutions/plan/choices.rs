//! Global choices of a package.

use driftless_model::{ChoiceOption, ChoiceSet, Result};
use driftless_solution_file::{ChoiceElement, ChoiceOption as OptionElement};

use super::{Planner, Share, Step, label};
use crate::metadata::ChoiceSpec;
use crate::metadata::validate::component_type;
use crate::solutions::report::Outcome;

/// What a component of a package is when it does not say whether it may be changed.
pub(super) const CUSTOMIZABLE_DEFAULT: bool = true;

impl Planner<'_> {
    pub(super) fn choices(&mut self) -> Result<()> {
        for element in &self.package.choices {
            let name = element.name.to_ascii_lowercase();
            match self.snapshot.choice(&name).cloned() {
                None => {
                    self.step(Step::CreateChoice(spec(element)));
                    self.log("optionset", &element.name, None, Outcome::Success, "");
                }
                Some(present) => {
                    self.refuse_overwrite(present.custom, present.managed, "global choice", &element.name)?;
                    self.change_choice(element, &present);
                }
            }
        }
        Ok(())
    }

    fn change_choice(&mut self, element: &ChoiceElement, present: &ChoiceSet) {
        if !present.custom {
            self.log("optionset", &element.name, None, Outcome::Skipped, "built-in choices keep their own options");
            return;
        }
        self.step(Step::Join(component_type::CHOICE, present.id, Share::Whole));
        if !self.may_change(present.managed, present.customizable) {
            self.log("optionset", &element.name, None, Outcome::Skipped, "the managed choice is not customizable");
            return;
        }
        let mut changed = present.clone();
        changed.display_name.merge(&label(&element.labels));
        changed.description.merge(&label(&element.descriptions));
        changed.options = merged(&present.options, &options(element));
        if changed != *present {
            self.step(Step::ChangeChoice(Box::new(changed)));
        }
        self.log("optionset", &element.name, None, Outcome::Success, "");
    }
}

fn spec(element: &ChoiceElement) -> ChoiceSpec {
    let mut display_name = label(&element.labels);
    if let Some(name) = element.localized_name.as_ref().filter(|_| display_name.is_empty()) {
        display_name = driftless_model::Label::english(name.as_str());
    }
    ChoiceSpec {
        id: None,
        name: element.name.clone(),
        display_name,
        description: label(&element.descriptions),
        options: options(element),
        customizable: element.properties.flag("IsCustomizable").unwrap_or(CUSTOMIZABLE_DEFAULT),
    }
}

pub(super) fn options(element: &ChoiceElement) -> Vec<ChoiceOption> {
    element.options.iter().map(option).collect()
}

pub(super) fn option(element: &OptionElement) -> ChoiceOption {
    ChoiceOption {
        value: element.value,
        label: label(&element.labels),
        description: label(&element.descriptions),
        color: element.color.clone(),
        external_value: element.external_value.clone(),
    }
}

/// Options of the package, then those that are here only: an update never deletes (SOL-18).
pub(super) fn merged(present: &[ChoiceOption], given: &[ChoiceOption]) -> Vec<ChoiceOption> {
    let kept = present.iter().filter(|option| given.iter().all(|other| other.value != option.value));
    given.iter().chain(kept).cloned().collect()
}
