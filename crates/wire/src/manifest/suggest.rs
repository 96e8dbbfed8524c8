//! What an author probably meant.

use hallway_xapi::Pattern;

use super::scopes;

/// Longer words than this are not compared: nobody mistypes them into something known.
const LONGEST: usize = 80;

/// The candidate that is closest to the word, if it is close.
pub(super) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.is_empty() || word.len() > LONGEST {
        return None;
    }
    // `org-private`, `OrgPrivate` and `org_private` are the same to a person.
    let plain = |text: &str| text.replace(['_', '-', ' '], "").to_lowercase();
    let mine = plain(word);
    let limit = (mine.chars().count() / 4).clamp(1, 4);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&mine, &plain(candidate)), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Known scopes that an unknown one may have been meant as: with another prefix, or nearly the same name.
pub(super) fn scope(word: &str) -> Option<String> {
    let name = word.rsplit(':').next().unwrap_or(word);
    let same_name = || {
        let hits = scopes::KNOWN
            .iter()
            .filter(|known| known.split_once(':').is_some_and(|(_, n)| n == name));
        let hits: Vec<String> = hits.take(3).map(|known| format!("`{known}`")).collect();
        (!hits.is_empty()).then(|| hits.join(" or "))
    };
    // A slip in the prefix must not be outvoted by another scope of a similar name.
    let hit = || nearest(word, scopes::KNOWN.iter().copied()).map(|known| format!("`{known}`"));
    if word.contains(':') {
        hit().or_else(same_name)
    } else {
        same_name().or_else(hit)
    }
}

/// A pattern that parses, made of a text that does not.
pub(super) fn path(text: &str) -> Option<String> {
    if text.len() > 2 * LONGEST {
        return None;
    }
    let text = text.trim();
    let text = text.strip_prefix('/').unwrap_or(text);
    let parts: Vec<String> = text
        .replace('/', ".")
        .split('.')
        .fold(Vec::<String>::new(), |mut parts, part| {
            // The dots of `[1..n]` are no separators.
            match parts.last_mut() {
                Some(open) if open.rfind('[') > open.rfind(']') => {
                    open.push('.');
                    open.push_str(part);
                }
                _ => parts.push(part.to_owned()),
            }
            parts
        })
        .into_iter()
        .filter(|part| !part.trim().is_empty())
        .map(|part| repair(part.trim()))
        .collect();
    let fixed = parts.join(".");
    (fixed != text && fixed.parse::<Pattern>().is_ok()).then_some(fixed)
}

fn repair(part: &str) -> String {
    if part.starts_with('*') {
        return "*".to_owned();
    }
    let (name, array) = part
        .split_once('[')
        .map_or((part, None), |(name, array)| (name, Some(array)));
    let name = match name.strip_suffix('*') {
        Some(name) if array.is_none() => return format!("{name}.*"),
        _ => name.replace('-', ""),
    };
    match array.map(|inner| inner.trim_end_matches(']')) {
        None => name,
        Some("" | "n" | "N" | "*") => format!("{name}[*]"),
        Some(range) => match range.split_once("..") {
            Some((low, "" | "N" | "*")) => format!("{name}[{low}..n]"),
            Some(("", high)) => format!("{name}[1..{high}]"),
            _ => format!("{name}[{range}]"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_near_and_leaves_the_far() {
        assert_eq!(
            nearest("org-private", ["org_private", "global"]),
            Some("org_private")
        );
        assert_eq!(nearest("requierd", ["required", "optional"]), Some("required"));
        assert_eq!(nearest("redirect", ["manual", "https"]), None);
        assert_eq!(
            scope("spark:xapi_status").as_deref(),
            Some("`spark:xapi_statuses`")
        );
        assert_eq!(
            scope("devices_read").as_deref(),
            Some("`spark-admin:devices_read` or `spark:devices_read`")
        );
        assert_eq!(scope("cars:paint"), None);
    }

    #[test]
    fn repairs_paths() {
        for (bad, good) in [
            ("Audio/Volume", "Audio.Volume"),
            ("/Audio/Volume", "Audio.Volume"),
            ("Audio..Volume.", "Audio.Volume"),
            ("Call[].Status", "Call[*].Status"),
            ("Call[n].Status", "Call[*].Status"),
            ("Call[1..].Status", "Call[1..n].Status"),
            ("Room*", "Room.*"),
        ] {
            assert_eq!(path(bad).as_deref(), Some(good), "{bad}");
        }
        assert_eq!(path("Audio.Volume"), None);
        assert_eq!(path("1A"), None);
    }
}
