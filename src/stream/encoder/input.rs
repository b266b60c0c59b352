//! What is encoded: a file, an address, an SRT listener, standard input, a feed, a drawn picture.

use std::path::Path;
use std::time::Duration;

use percent_encoding::percent_decode_str;

use super::Refusal;

/// Schemes that are pulled. Others are refused: FFmpeg would take `concat:`, `subfile:` and more.
const SCHEMES: [&str; 10] = ["srt", "rtmp", "rtmps", "rtsp", "rtsps", "http", "https", "udp", "rtp", "tcp"];

/// Query keys whose values may be shown.
const HARMLESS: [&str; 12] = [
    "mode",
    "latency",
    "rcvlatency",
    "peerlatency",
    "timeout",
    "connect_timeout",
    "listen_timeout",
    "listen",
    "transtype",
    "pkt_size",
    "pbkeylen",
    "localport",
];

/// SRT's receive latency where the address names none, in microseconds: HLS viewers are seconds behind anyway, and
/// a second gives a lost packet several chances.
const SRT_LATENCY_US: &str = "1000000";

/// Longest read without a byte, in microseconds, where the protocol knows such a limit.
const READ_TIMEOUT_US: &str = "10000000";

/// How much FFmpeg looks at before it starts, in microseconds: MPEG-TS names its tracks at once, RTMP's show only with
/// their first packet. FFmpeg's own default would cost five seconds of every start.
const ANALYZE_TS_US: u32 = 1_500_000;
const ANALYZE_RTMP_US: u32 = 2_500_000;

/// SRT's own limits of a passphrase, in characters (`SRTO_PASSPHRASE`).
const PASSPHRASE_LEN: std::ops::RangeInclusive<usize> = 10..=79;

/// An input, checked, with what must not be printed set apart.
#[derive(Clone)]
pub struct Input {
    pub(super) kind: Kind,
    /// As FFmpeg is told, without the passphrase.
    address: String,
    /// As people are told.
    shown: String,
    passphrase: Option<String>,
    /// Texts that are masked in every line that FFmpeg says.
    secrets: Vec<String>,
    /// How much FFmpeg may look at before it starts, in microseconds; `None`: FFmpeg's own default.
    analyze_us: Option<u32>,
}

/// The ways an input behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A file; it ends.
    File,
    /// MPEG-TS on our own standard input, handed through; it ends.
    Stdin,
    /// FLV from a [`super::Feed`].
    Feed,
    /// Pulled; its end is a fault.
    Address,
    /// Waits for a publisher or for datagrams: having none is no fault.
    Listener,
    /// Drawn by FFmpeg itself; never ends.
    Drawn,
}

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Input").field("kind", &self.kind).field("shown", &self.shown).finish_non_exhaustive()
    }
}

impl Input {
    /// Reads `--input`: a path, `-` for MPEG-TS on standard input, or an address.
    ///
    /// # Errors
    /// No such file, an unknown scheme, a bad passphrase or mode: one sentence.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        match text.split_once("://") {
            _ if text.is_empty() => Err(Refusal::new("the input is empty: give a file, an address or - for MPEG-TS")),
            _ if text == "-" => {
                Ok(Self { analyze_us: Some(ANALYZE_TS_US), ..Self::plain(Kind::Stdin, "pipe:0", "standard input") })
            }
            None => Self::file(text),
            Some((scheme, rest)) => match scheme.to_ascii_lowercase().as_str() {
                "file" => Self::file(rest),
                "srt" => Self::srt(rest),
                known if SCHEMES.contains(&known) => Ok(Self::address(known, rest)),
                _ => Err(Refusal::new(format!(
                    "\"{}\" inputs cannot be read: give a file, - or an address that begins with {}://",
                    scheme.chars().filter(|c| !c.is_control()).take(20).collect::<String>(),
                    SCHEMES.join("://, ")
                ))),
            },
        }
    }

    /// A feed; `analyze_us` is how much of it FFmpeg may look at before it starts, in microseconds.
    pub(super) fn feed(analyze_us: u32) -> Self {
        Self { analyze_us: Some(analyze_us), ..Self::plain(Kind::Feed, "pipe:0", "the feed") }
    }

    pub(super) fn drawn(graph: &str) -> Self {
        Self::plain(Kind::Drawn, graph, "the test picture")
    }

    /// The input as it may be printed and logged.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Whether this is an SRT listener that anyone who reaches its port may send to.
    #[must_use]
    pub fn is_open_to_anyone(&self) -> bool {
        self.kind == Kind::Listener && self.address.starts_with("srt://") && self.passphrase.is_none()
    }

    fn plain(kind: Kind, address: &str, shown: &str) -> Self {
        let (address, shown) = (address.to_owned(), shown.to_owned());
        Self { kind, address, shown, passphrase: None, secrets: Vec::new(), analyze_us: None }
    }

    fn file(path: &str) -> Result<Self, Refusal> {
        let found = Path::new(path).metadata();
        match found {
            Ok(meta) if meta.is_dir() => Err(Refusal::new(format!("{path} is a folder: name a video file"))),
            Ok(_) => Ok(Self::plain(Kind::File, &format!("file:{path}"), path)),
            Err(error) => {
                Err(Refusal::new(format!("the input file {path} cannot be read ({error}): name a video file")))
            }
        }
    }

    /// An SRT address. Its passphrase is taken out and handed to FFmpeg as it is meant, after percent-decoding.
    fn srt(rest: &str) -> Result<Self, Refusal> {
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let authority = place.split('/').next().unwrap_or_default();
        let port = authority.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
        if port.is_none_or(|port| port == 0) {
            return Err(Refusal::new("an SRT address needs a port from 1 to 65535: srt://0.0.0.0:9000?mode=listener"));
        }
        let mut secrets = Vec::new();
        let mut passphrase = None;
        let mut listens = false;
        let mut kept: Vec<String> = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            match (key, value) {
                ("passphrase", _) => {
                    let plain = checked_passphrase(value)?;
                    secrets.extend([value.to_owned(), plain.clone()]);
                    passphrase = Some(plain);
                    continue;
                }
                ("mode", "listener") => listens = true,
                ("mode", "caller" | "rendezvous") => {}
                ("mode", _) => {
                    return Err(Refusal::new("the SRT mode must be listener, caller or rendezvous: mode=listener"));
                }
                _ => {}
            }
            if !HARMLESS.contains(&key) {
                // A stream id ends in its key: publish:path:user:KEY, or #!::r=path,s=KEY.
                secrets.extend([value, value.rsplit([':', '=']).next().unwrap_or_default()].map(str::to_owned));
            }
            kept.push(pair.to_owned());
        }
        let has = |key: &str| query.split('&').any(|pair| pair.split('=').next() == Some(key));
        if !has("latency") && !has("rcvlatency") {
            kept.push(format!("latency={SRT_LATENCY_US}"));
        }
        if !has("timeout") {
            kept.push(format!("timeout={READ_TIMEOUT_US}"));
        }
        let shown: Vec<String> = kept
            .iter()
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .map(|(k, v)| masked_pair(k, v))
            .collect();
        Ok(Self {
            kind: if listens { Kind::Listener } else { Kind::Address },
            address: format!("srt://{place}?{}", kept.join("&")),
            shown: format!("srt://{place}?{}", shown.join("&")),
            passphrase,
            secrets,
            analyze_us: Some(ANALYZE_TS_US),
        })
    }

    /// Any other address: user and password, query values and RTMP's stream name are secrets.
    fn address(scheme: &str, rest: &str) -> Self {
        let mut secrets = Vec::new();
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = place.split_once('/').map_or((place, None), |(a, p)| (a, Some(p)));
        let (user, host) = authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
        let mut shown = format!("{scheme}://");
        if let Some(user) = user {
            secrets.extend(user.split(':').map(str::to_owned));
            shown.push_str("***@");
        }
        shown.push_str(host);
        if let Some(path) = path {
            let (folder, name) = path.rsplit_once('/').map_or(("", path), |(folder, name)| (folder, name));
            let keyed = scheme.starts_with("rtmp") && !name.is_empty();
            if keyed {
                secrets.push(name.to_owned());
            }
            let name = if keyed { "***" } else { name };
            let folder = if folder.is_empty() { String::new() } else { format!("/{folder}") };
            shown.extend([folder.as_str(), "/", name]);
        }
        let pairs: Vec<_> =
            query.split('&').filter(|p| !p.is_empty()).map(|p| p.split_once('=').unwrap_or((p, ""))).collect();
        for (place, (key, value)) in pairs.iter().enumerate() {
            shown.push(if place == 0 { '?' } else { '&' });
            shown.push_str(&masked_pair(key, value));
            if !HARMLESS.contains(key) {
                secrets.push((*value).to_owned());
            }
        }
        let kind = if matches!(scheme, "udp" | "rtp") { Kind::Listener } else { Kind::Address };
        let analyze_us = match scheme {
            "udp" | "rtp" | "tcp" => Some(ANALYZE_TS_US),
            "rtmp" | "rtmps" => Some(ANALYZE_RTMP_US),
            _ => None,
        };
        Self { kind, address: format!("{scheme}://{rest}"), shown, passphrase: None, secrets, analyze_us }
    }

    /// FFmpeg's arguments for this input, `-i` last.
    pub(super) fn args(&self) -> Vec<String> {
        let mut args: Vec<&str> = Vec::new();
        let analyze = self.analyze_us.map(|us| us.to_string());
        match self.kind {
            Kind::File => args.push("-re"),
            Kind::Drawn => args.extend(["-re", "-f", "lavfi"]),
            Kind::Feed => args.extend(["-f", "flv"]),
            Kind::Stdin => args.extend(["-f", "mpegts"]),
            Kind::Address | Kind::Listener => {}
        }
        if self.address.starts_with("rtsp") {
            args.extend(["-rtsp_transport", "tcp", "-timeout", READ_TIMEOUT_US]);
        } else if self.address.starts_with("rtmp")
            || self.address.starts_with("http")
            || self.address.starts_with("tcp")
        {
            args.extend(["-rw_timeout", READ_TIMEOUT_US]);
        }
        if let Some(us) = &analyze {
            args.extend(["-analyzeduration", us]);
        }
        if let Some(passphrase) = &self.passphrase {
            args.extend(["-passphrase", passphrase]);
        }
        args.extend(["-i", &self.address]);
        args.into_iter().map(str::to_owned).collect()
    }

    /// `text` with every secret of this input masked.
    pub(super) fn mask(&self, text: &str) -> String {
        let mut masked = text.to_owned();
        if matches!(self.kind, Kind::Address | Kind::Listener) {
            masked = masked.replace(&self.address, &self.shown);
        }
        // The longest first: one secret may be a part of another.
        let mut secrets: Vec<&String> = self.secrets.iter().filter(|secret| secret.len() >= 3).collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        for secret in secrets {
            masked = masked.replace(secret.as_str(), "***");
        }
        masked
    }

    /// How long a start may take until the first picture, where waiting itself is a fault.
    pub(super) const fn first_picture_within(&self) -> Option<Duration> {
        match self.kind {
            Kind::Listener | Kind::Stdin => None,
            Kind::File | Kind::Feed | Kind::Address | Kind::Drawn => Some(Duration::from_secs(20)),
        }
    }

    /// Whether the end of this input is the end of the work.
    pub(super) const fn ends(&self) -> bool {
        matches!(self.kind, Kind::File | Kind::Stdin)
    }
}

fn masked_pair(key: &str, value: &str) -> String {
    if HARMLESS.contains(&key) { format!("{key}={value}") } else { format!("{key}=***") }
}

fn checked_passphrase(value: &str) -> Result<String, Refusal> {
    let text = percent_decode_str(value)
        .decode_utf8()
        .map_err(|_| Refusal::new("the SRT passphrase is not text: percent-encode it as UTF-8"))?;
    if PASSPHRASE_LEN.contains(&text.len()) && !text.contains('\0') {
        Ok(text.into_owned())
    } else {
        Err(Refusal::new(format!(
            "the SRT passphrase has {} characters: it must have {} to {}",
            text.len(),
            PASSPHRASE_LEN.start(),
            PASSPHRASE_LEN.end()
        )))
    }
}
