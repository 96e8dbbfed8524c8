//! Phone numbers in E.164, whatever form they came in (people-calling R7).

/// Countries and territories of the North American numbering plan.
const NANP: &[&str] = &[
    "US", "CA", "AG", "AI", "AS", "BB", "BM", "BS", "DM", "DO", "GD", "GU", "JM", "KN", "KY", "LC", "MP",
    "MS", "PR", "SX", "TC", "TT", "VC", "VG", "VI",
];

/// The number in E.164, with `+` and without blanks; `None` where it is none. National forms are read in
/// countries of the North American plan.
pub fn normalize(text: &str, country: Option<&str>) -> Option<String> {
    let bare: String = text
        .chars()
        .filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')'))
        .collect();
    let north_american =
        country.is_some_and(|country| NANP.iter().any(|it| it.eq_ignore_ascii_case(country)));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let number = if let Some(rest) = bare.strip_prefix('+') {
        (digits(rest) && (7..=15).contains(&rest.len()) && !rest.starts_with('0')).then_some(bare)?
    } else if !digits(&bare) || !north_american {
        return None;
    } else if bare.len() == 10 {
        format!("+1{bare}")
    } else if bare.len() == 11 && bare.starts_with('1') {
        format!("+{bare}")
    } else {
        return None;
    };
    // Numbers of the North American plan have ten digits behind the 1.
    (!number.starts_with("+1") || number.len() == 12).then_some(number)
}

/// Whether callers pay nothing for it; known for the North American plan.
pub fn toll_free(number: &str) -> bool {
    const CODES: [&str; 7] = ["800", "833", "844", "855", "866", "877", "888"];
    number
        .strip_prefix("+1")
        .is_some_and(|rest| CODES.iter().any(|code| rest.starts_with(code)))
}

/// Whether an extension can be dialled: 2 to 10 digits.
pub(super) fn good_extension(text: &str) -> bool {
    (2..=10).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_number() {
        for text in [
            "+14085550101",
            "14085550101",
            "4085550101",
            "408 555 0101",
            "(408) 555-0101",
            "+1 408.555.0101",
        ] {
            assert_eq!(
                normalize(text, Some("us")).as_deref(),
                Some("+14085550101"),
                "{text}"
            );
        }
        assert_eq!(
            normalize("+47 21 55 01 01", Some("NO")).as_deref(),
            Some("+4721550101")
        );
        for bad in [
            "",
            "+",
            "+1800",
            "4085550101x",
            "+0123456789",
            "+1234567890123456",
            "555",
            "+14085550",
        ] {
            assert_eq!(normalize(bad, Some("US")), None, "{bad}");
        }
        assert_eq!(normalize("4085550101", Some("NO")), None);
        assert_eq!(normalize("4085550101", None), None);
    }

    #[test]
    fn toll_free_numbers() {
        assert!(toll_free("+18005550101") && toll_free("+18335550101"));
        assert!(!toll_free("+14085550101") && !toll_free("+4780055501"));
    }

    #[test]
    fn extensions() {
        assert!(good_extension("10") && good_extension("1234567890"));
        assert!(!good_extension("1") && !good_extension("12345678901") && !good_extension("12a"));
    }
}
