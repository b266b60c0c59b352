//! Metrics: each that is counted has its line of help and its line in the manual, and none is told that nobody counts.

use std::collections::BTreeSet;

use super::source::Source;

const HELP: &str = "src/web/metrics/help.rs";
const MANUAL: &str = "docs/OPERATIONS.md";

/// What is wrong, a sentence for each.
pub fn meters(files: &[Source]) -> Vec<String> {
    let named =
        |path: &str| files.iter().filter(|file| file.path == path).flat_map(|file| names(&file.text, "")).collect();
    let (help, manual): (BTreeSet<String>, BTreeSet<String>) = (named(HELP), named(MANUAL));
    let counted: BTreeSet<String> = files
        .iter()
        .filter(|file| file.is_in_house() && file.path != HELP)
        .flat_map(|file| ["counter!(", "gauge!(", "histogram!("].iter().flat_map(|call| names(&file.text, call)))
        .collect();
    let missing = |from: &BTreeSet<String>, of: &BTreeSet<String>, what: &str| {
        from.difference(of).map(|name| format!("{name} {what}")).collect::<Vec<_>>()
    };
    let mut wrong = missing(&counted, &help, &format!("has no line in {HELP}"));
    wrong.extend(missing(&counted, &manual, &format!("has no line in {MANUAL}")));
    wrong.extend(missing(&help, &counted, &format!("stands in {HELP} and is counted nowhere")));
    wrong.extend(missing(&manual, &help, &format!("stands in {MANUAL} and is no metric")));
    wrong
}

/// Names that follow `call`, with blanks and a quote between.
fn names(text: &str, call: &str) -> Vec<String> {
    let whole = |at: usize| {
        let name: String = text[at..]
            .chars()
            .take_while(|letter| letter.is_ascii_lowercase() || matches!(letter, '_' | '0'..='9'))
            .collect();
        let before = text[..at].trim_end_matches('"').trim_end();
        // A name put together when it is used ends with a dash.
        (before.ends_with(call) && !name.ends_with('_')).then_some(name)
    };
    text.match_indices("bakuhantam_").filter_map(|(at, _)| whole(at)).collect()
}

#[test]
fn a_metric_without_help_is_found() {
    let files = |code: &str, help: &str, manual: &str| {
        [("src/x.rs", code), (HELP, help), (MANUAL, manual)].map(|(path, text)| Source::new(path.into(), text.into()))
    };
    let counted = "metrics::counter!(\n    \"bakuhantam_a_total\", \"event\" => x)";
    assert_eq!(meters(&files(counted, "(\"bakuhantam_a_total\", \"\")", "| `bakuhantam_a_total` |")), [""; 0]);
    assert_eq!(meters(&files(counted, "", "")).len(), 2);
    assert_eq!(meters(&files("", "(\"bakuhantam_a_total\", \"\")", "`bakuhantam_b`")).len(), 2);
}
