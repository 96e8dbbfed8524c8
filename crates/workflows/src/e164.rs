//! Phone numbers, checked before anything is sent.

use std::fmt;

use serde::Serialize;

use crate::problem::{Problem, Result};

/// A phone number in E.164: `+` and 7 to 15 digits, of which the first is not 0 (people-calling R7).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Number(String);

/// Countries and territories of the North American numbering plan.
const NANP: &[&str] = &[
    "US", "CA", "AG", "AI", "AS", "BB", "BM", "BS", "DM", "DO", "GD", "GU", "JM", "KN", "KY", "LC", "MP",
    "MS", "PR", "SX", "TC", "TT", "VC", "VG", "VI",
];

impl Number {
    /// Reads a number in E.164. Blanks, hyphens, dots and brackets in it are passed over.
    ///
    /// # Errors
    /// It is something else; the problem says what is wrong with it.
    ///
    /// ```
    /// use hallway_workflows::Number;
    ///
    /// assert_eq!(Number::parse("+1 (408) 555-0101").unwrap().as_str(), "+14085550101");
    /// assert!(Number::parse("4085550101").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        Self::parse_in(text, None)
    }

    /// The same, where national numbers of a country may stand too, if it is one of the North American plan.
    ///
    /// # Errors
    /// It is no number; the problem says why.
    pub fn parse_in(text: &str, country: Option<&str>) -> Result<Self> {
        let bare: String = text
            .chars()
            .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '.' | '(' | ')'))
            .collect();
        let bad = |why: &str| {
            Problem::input(format!("`{}` is no phone number: {why}", text.trim()))
                .next("write it in E.164, like +14085550101")
        };
        let american = country.is_some_and(|country| NANP.iter().any(|it| it.eq_ignore_ascii_case(country)));
        let digits = bare.strip_prefix('+').unwrap_or(&bare);
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(bad("it has other characters than digits"));
        }
        let whole = match (bare.starts_with('+'), digits.len()) {
            (true, _) => bare,
            (false, 10) if american => format!("+1{digits}"),
            (false, 11) if american && digits.starts_with('1') => format!("+{digits}"),
            (false, _) => return Err(bad("the + with the country code is missing")),
        };
        let digits = whole.len() - 1;
        if whole.starts_with("+0") {
            return Err(bad("no country code begins with 0"));
        }
        if whole.starts_with("+1") && digits != 11 {
            return Err(bad("behind +1 there must be 10 digits"));
        }
        if !(7..=15).contains(&digits) {
            return Err(bad(&format!("it has {digits} digits, and must have 7 to 15")));
        }
        Ok(Self(whole))
    }

    /// `+14085550101`
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads several, and says everything that is wrong with them at once. What stands there twice is taken once.
///
/// # Errors
/// One or more are no numbers.
pub(crate) fn parse_all(texts: &[String], country: Option<&str>) -> Result<Vec<Number>> {
    let (mut numbers, mut wrong) = (Vec::new(), Vec::new());
    for text in texts {
        match Number::parse_in(text, country) {
            Ok(number) if numbers.contains(&number) => {}
            Ok(number) => numbers.push(number),
            Err(problem) => wrong.push(problem),
        }
    }
    match wrong.len() {
        0 => Ok(numbers),
        1 => Err(wrong.swap_remove(0)),
        many => {
            let all: Vec<&str> = wrong.iter().map(Problem::what).collect();
            let what = format!("{many} numbers are wrong: {}", all.join("; "));
            Err(Problem::input(what).next("write them in E.164, like +14085550101; nothing was sent"))
        }
    }
}

/// An extension: 2 to 10 digits.
pub(crate) fn extension(text: &str) -> Result<String> {
    let text = text.trim();
    if (2..=10).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(text.to_owned());
    }
    Err(
        Problem::input(format!("`{text}` is no extension: it must have 2 to 10 digits"))
            .next("leave the routing prefix of the location out"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_numbers() {
        for text in ["+14085550101", "+1 408.555.0101", " +1 (408) 555-0101 "] {
            assert_eq!(Number::parse(text).unwrap().as_str(), "+14085550101", "{text}");
        }
        for text in ["4085550101", "14085550101", "408 555 0101"] {
            assert!(Number::parse(text).is_err(), "{text}");
            assert!(Number::parse_in(text, Some("NO")).is_err(), "{text}");
            assert_eq!(
                Number::parse_in(text, Some("us")).unwrap().as_str(),
                "+14085550101"
            );
        }
        for (text, why) in [
            ("", "characters"),
            ("+", "characters"),
            ("+1408555010x", "characters"),
            ("++14085550101", "characters"),
            ("+0123456789", "begins with 0"),
            ("+123456", "behind +1"),
            ("+47123", "7 to 15"),
            ("+4712345678901234", "7 to 15"),
            ("+140855501011", "behind +1"),
        ] {
            let problem = Number::parse(text).unwrap_err();
            assert!(problem.to_string().contains(why), "{text}: {problem}");
        }
    }

    #[test]
    fn everything_wrong_is_said_at_once() {
        let texts = ["+14085550101", "555", "+1 408 555 0101", "x"].map(str::to_owned);
        let problem = parse_all(&texts, None).unwrap_err();
        assert!(
            problem.what().contains("`555`") && problem.what().contains("`x`"),
            "{problem}"
        );
        let good = parse_all(&[texts[0].clone(), texts[2].clone()], None).unwrap();
        assert_eq!(good.len(), 1);
    }

    #[test]
    fn extensions() {
        assert_eq!(extension(" 1001 ").unwrap(), "1001");
        for bad in ["", "1", "12a", "12345678901"] {
            assert!(extension(bad).is_err(), "{bad}");
        }
    }
}
