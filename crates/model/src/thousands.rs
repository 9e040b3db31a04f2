//! Numbers for people.

/// Puts a comma before every third digit of the whole number that begins at `start` and ends at a point or with the text: `1234567.5` becomes `1,234,567.5`.
pub fn separate_thousands(text: &mut String, start: usize) {
    let mut at = text[start..].find('.').map_or(text.len(), |point| start + point);
    while at > start + 3 {
        at -= 3;
        text.insert(at, ',');
    }
}

#[cfg(test)]
mod tests {
    use super::separate_thousands;

    #[test] // web-api 22
    fn commas_stand_before_every_third_digit() {
        for (plain, separated) in [("", ""), ("0", "0"), ("999", "999"), ("1000", "1,000"), ("123456.789", "123,456.789"), ("1200000", "1,200,000")] {
            let mut text = format!("$ {plain}");
            separate_thousands(&mut text, 2);
            assert_eq!(text, format!("$ {separated}"));
        }
    }
}
