//! Browsers by name, from what they call themselves.

use super::dates::When;
use crate::accounts::{Session, SessionKind};
use crate::web::i18n::Words;

/// A signed-in browser as its owner sees it.
#[derive(Clone, Debug)]
pub struct Device {
    /// The session's id.
    pub id: String,
    /// `Chrome · Android`
    pub name: String,
    /// Where it was signed in.
    pub address: String,
    /// When it was last used.
    pub seen: When,
    /// Whether it is the one that looks.
    pub is_current: bool,
}

impl Device {
    /// The devices of one kind of session, the current one first.
    #[must_use]
    pub fn of(sessions: Vec<Session>, kind: SessionKind, zone: &str, w: Words) -> Vec<Self> {
        let mut devices: Vec<Self> = sessions
            .into_iter()
            .filter(|session| session.kind == kind)
            .map(|session| Self {
                id: session.id.to_string(),
                name: name_of(&session.agent, w),
                address: session.address,
                seen: When::new(session.seen_at, zone, w),
                is_current: session.is_current,
            })
            .collect();
        devices.sort_by_key(|device| !device.is_current);
        devices
    }
}

/// Word in `User-Agent` and what it stands for; browsers that call themselves others too come first.
const BROWSERS: &[(&str, &str)] = &[
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("UCBrowser/", "UC Browser"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];

const SYSTEMS: &[(&str, &str)] = &[
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "Mac"),
    ("Linux", "Linux"),
];

fn name_of(agent: &str, w: Words) -> String {
    let find =
        |known: &[(&str, &'static str)]| known.iter().find(|(word, _)| agent.contains(word)).map(|(_, name)| *name);
    match (find(BROWSERS), find(SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} · {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => w.t("device-unknown"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Language;

    #[test]
    fn a_browser_is_named_by_what_it_is_and_not_by_what_it_also_claims() {
        let words = Words::new(Language::Id, Language::Id);
        let android = "Mozilla/5.0 (Linux; Android 14; SM-A155F) AppleWebKit/537.36 (KHTML, like Gecko)";
        for (agent, name) in [
            (format!("{android} Chrome/131.0.0.0 Mobile Safari/537.36"), "Chrome · Android"),
            (
                format!("{android} SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36"),
                "Samsung Internet · Android",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Safari/604.1"
                    .into(),
                "Safari · iPhone",
            ),
            ("Mozilla/5.0 (Windows NT 10.0; Win64) Chrome/131.0 Safari/537.36 Edg/131.0".into(), "Edge · Windows"),
            ("curl/8.5.0".into(), "Perangkat lain"),
            (String::new(), "Perangkat lain"),
        ] {
            assert_eq!(name_of(&agent, words), name, "{agent}");
        }
    }
}
