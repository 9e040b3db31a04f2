//! `Preference-Applied`: which wishes were granted (web-api 4).

use crate::answer::Answer;
use crate::call::Call;

/// Adds one header for each preference that shaped the answer.
pub(crate) fn applied(mut answer: Answer, call: &Call<'_>, page_size: bool) -> Answer {
    const NAME: &str = "Preference-Applied";
    if let Some(filter) = call.preferences.annotations {
        answer = answer.header(NAME, format!("odata.include-annotations=\"{}\"", filter.text()));
    }
    if let Some(rows) = call.preferences.page_rows_max.filter(|_| page_size) {
        answer = answer.header(NAME, format!("odata.maxpagesize={rows}"));
    }
    answer
}
