//! Words of the pages: Fluent, Indonesian and English.
//!
//! The language of a signed-out reader comes from the address alone (`?lang=en`, else the configured default), so that a
//! page's bytes depend on nothing but its address and may be cached. Links carry the choice on. Whoever is signed in
//! reads in the language of their account unless the address says otherwise. `static/locales` is embedded.

use std::borrow::Cow;
use std::collections::HashMap;

use fluent_templates::fluent_bundle::FluentValue;
use fluent_templates::{LanguageIdentifier, Loader as _, langid, static_loader};

use crate::config::Language;
use crate::money::Coins;

static_loader! {
    static LOCALES = {
        locales: "./static/locales",
        fallback_language: "id",
        // Both languages are written left to right: isolation marks would only add bytes.
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

static INDONESIAN: LanguageIdentifier = langid!("id");
static ENGLISH: LanguageIdentifier = langid!("en");

/// The words of one page in one language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    language: Language,
    default: Language,
}

impl Words {
    /// Words in `language` on a site whose pages are in `default` unless an address says otherwise.
    #[must_use]
    pub const fn new(language: Language, default: Language) -> Self {
        Self { language, default }
    }

    /// Words for a query string: its `lang` decides, else the default; the first of several counts.
    #[must_use]
    pub fn of_query(query: &str, default: Language) -> Self {
        let language = query.split('&').find_map(|pair| pair.strip_prefix("lang=")).and_then(|tag| match tag {
            "id" => Some(Language::Id),
            "en" => Some(Language::En),
            _ => None,
        });
        Self { language: language.unwrap_or(default), default }
    }

    /// The language of these words.
    #[must_use]
    pub const fn language(self) -> Language {
        self.language
    }

    /// The language's tag, for `<html lang>`.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        self.language.tag()
    }

    /// The other language.
    #[must_use]
    pub const fn other(self) -> Self {
        let language = match self.language {
            Language::Id => Language::En,
            Language::En => Language::Id,
        };
        Self { language, default: self.default }
    }

    fn identifier(self) -> &'static LanguageIdentifier {
        match self.language {
            Language::Id => &INDONESIAN,
            Language::En => &ENGLISH,
        }
    }

    /// The sentence of a key; the key itself where it is missing (a test keeps that from shipping).
    #[must_use]
    pub fn t(self, key: &str) -> String {
        LOCALES.try_lookup(self.identifier(), key).unwrap_or_else(|| key.to_owned())
    }

    /// The sentence of a key with one value filled in as given: no number formatting is applied.
    #[must_use]
    pub fn with(self, key: &str, name: &'static str, value: &str) -> String {
        self.fill(key, &[(name, value)])
    }

    /// The sentence of a key with values filled in as given.
    #[must_use]
    pub fn fill(self, key: &str, values: &[(&'static str, &str)]) -> String {
        let values: HashMap<Cow<'static, str>, FluentValue<'_>> =
            values.iter().map(|(name, value)| (Cow::Borrowed(*name), FluentValue::from(*value))).collect();
        LOCALES.try_lookup_with_args(self.identifier(), key, &values).unwrap_or_else(|| key.to_owned())
    }

    /// Coins as this language writes numbers: `1.000` or `1,000`.
    #[must_use]
    pub fn coins(self, coins: Coins) -> String {
        coins.grouped_by(match self.language {
            Language::Id => '.',
            Language::En => ',',
        })
    }

    /// A count as this language writes numbers.
    #[must_use]
    pub fn count(self, count: i64) -> String {
        self.coins(Coins(count))
    }

    /// A page's address in this language: `?lang=` is added only where it is not the default.
    #[must_use]
    pub fn href(self, path: &str) -> String {
        if self.language == self.default {
            return path.to_owned();
        }
        let (path, place) = path.split_once('#').map_or((path, None), |(path, place)| (path, Some(place)));
        let joined_by = if path.contains('?') { '&' } else { '?' };
        let place = place.map(|place| format!("#{place}")).unwrap_or_default();
        format!("{path}{joined_by}lang={}{place}", self.tag())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;

    fn files_under(root: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(root)];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { folders.push(path) } else { found.push(path) }
            }
        }
        found
    }

    fn keys_of(language: &str) -> BTreeSet<String> {
        let mut keys = BTreeSet::new();
        for file in files_under(&format!("static/locales/{language}")) {
            for line in fs::read_to_string(file).unwrap().lines() {
                if let Some((key, _)) = line.split_once(" =")
                    && key.starts_with(|c: char| c.is_ascii_lowercase())
                {
                    assert!(keys.insert(key.to_owned()), "{key} stands twice in {language}");
                }
            }
        }
        keys
    }

    /// Keys written as `call"key"` in the sources.
    fn keys_used(root: &str, extensions: &[&str], calls: &[&str]) -> BTreeSet<String> {
        let mut keys = BTreeSet::new();
        for file in files_under(root) {
            if !extensions.iter().any(|extension| file.extension().is_some_and(|found| found == *extension)) {
                continue;
            }
            let text = fs::read_to_string(file).unwrap();
            for call in calls {
                for (at, _) in text.match_indices(call) {
                    let rest = &text[at + call.len()..];
                    keys.extend(rest.split('"').next().map(str::to_owned));
                }
            }
        }
        keys
    }

    #[test]
    fn both_languages_have_the_same_keys() {
        let (indonesian, english) = (keys_of("id"), keys_of("en"));
        assert!(indonesian.len() > 100);
        assert_eq!(indonesian, english);
    }

    #[test]
    fn every_key_in_use_exists() {
        let known = keys_of("id");
        let calls = [".t(\"", ".with(\"", ".fill(\"", "Key(\""];
        let mut used = keys_used("templates/viewer", &["html"], &calls);
        used.extend(keys_used("templates/sandbox", &["html"], &calls));
        used.extend(keys_used("templates/admin", &["html"], &calls));
        used.extend(keys_used("src/web", &["rs"], &calls));
        used.extend(keys_used("static/src", &["ts"], &["say(\""]));
        assert!(used.len() > 60, "{}", used.len());
        let missing: Vec<_> = used.difference(&known).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn every_key_the_scripts_say_is_handed_to_them() {
        let handed: BTreeSet<String> = [crate::web::viewer::words::SAID_BY_SCRIPTS, crate::web::overlay::SAID]
            .into_iter()
            .flatten()
            .map(ToString::to_string)
            .collect();
        let said = keys_used("static/src", &["ts"], &["say(\""]);
        assert_eq!(said, handed);
    }

    #[test]
    fn the_address_alone_decides_the_language() {
        assert_eq!(Words::of_query("", Language::Id).tag(), "id");
        assert_eq!(Words::of_query("a=1&lang=en", Language::Id).tag(), "en");
        assert_eq!(Words::of_query("lang=fr", Language::En).tag(), "en");
        let english = Words::of_query("lang=en", Language::Id);
        assert_eq!(english.href("/events/a"), "/events/a?lang=en");
        assert_eq!(english.other().href("/events/a"), "/events/a");
    }

    #[test]
    fn values_are_filled_in_as_given() {
        let words = Words::new(Language::Id, Language::Id);
        assert_eq!(words.with("coins-amount", "coins", "1.000"), "1.000 koin");
    }
}
