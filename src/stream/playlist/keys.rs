//! The keys of sold segments, as playlists name them.

use hls_m3u8::MediaSegment;
use hls_m3u8::tags::ExtXKey;
use hls_m3u8::types::{DecryptionKey, EncryptionMethod};

use super::BadPlaylist;
use crate::ids::KeyId;
use crate::stream::record::Protection;

/// Where keys are asked for, after the scheme and host.
const KEYS_PATH: &str = "/api/v1/keys/";

/// The tag that changes a playlist to a protection.
///
/// # Errors
/// [`BadPlaylist`]
pub fn key_tag(protection: &Protection, key_address: &str) -> Result<ExtXKey<'static>, BadPlaylist> {
    let Protection::Key { id } = protection else { return Ok(ExtXKey::empty()) };
    let mut key = DecryptionKey::builder();
    key.method(EncryptionMethod::Aes128).uri(format!("{key_address}{KEYS_PATH}{id}")).iv(id.iv());
    Ok(ExtXKey::new(key.build().map_err(BadPlaylist::new)?))
}

/// The key that a line of a playlist of ours names; `None` where it is none of ours. The host may have changed since.
fn key_named(tag: &DecryptionKey<'_>) -> Option<KeyId> {
    let id: KeyId = tag.uri().rsplit('/').next()?.parse().ok()?;
    (tag.method == EncryptionMethod::Aes128 && tag.iv.to_slice() == Some(id.iv())).then_some(id)
}

/// The protection of a segment of a playlist of ours; `None` where its key is none of ours.
#[must_use]
pub fn protection_of(segment: &MediaSegment<'_>) -> Option<Protection> {
    match segment.keys.iter().find_map(ExtXKey::as_ref) {
        Some(tag) => Some(Protection::Key { id: key_named(tag)? }),
        None => Some(Protection::Free),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{line, listing};
    use super::super::{parse, render};
    use super::*;
    use crate::config;
    use crate::stream::plan::{ListBody, ListKind, MediaList};

    const FIGHT: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAW";

    fn sold(turn: u64) -> Protection {
        Protection::Key { id: KeyId::new(&FIGHT.parse().unwrap(), turn) }
    }

    fn text(kind: ListKind, protections: &[Protection], gaps: &[usize], host: &str) -> String {
        let mut lines: Vec<_> = (0_u64..).take(protections.len()).map(|n| line(n, false)).collect();
        for (at, (line, protection)) in lines.iter_mut().zip(protections).enumerate() {
            line.protection = protection.clone();
            line.gap = gaps.contains(&at);
        }
        let list = MediaList { media_sequence: 7, discontinuity_sequence: 0, target_seconds: 2, ended: false, lines };
        render(&listing(kind, ListBody::Media(list)), &config::Encoder::default().renditions, host).unwrap()
    }

    /// The tags of keys, and by its last digit each segment.
    fn shape(text: &str) -> String {
        let word = |line: &str| match line {
            key if key.starts_with("#EXT-X-KEY:METHOD=NONE") => Some("free".to_owned()),
            key if key.starts_with("#EXT-X-KEY:") => Some(key.split(['-', '"']).nth(5).unwrap().to_owned()),
            tag if tag.starts_with('#') => None,
            name => Some(name.trim_end_matches(".ts")[33..].to_owned()),
        };
        text.lines().filter_map(word).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_key_stands_before_the_first_segment_under_it_and_is_told_once() {
        let free = Protection::Free;
        let kinds = [free.clone(), sold(300), sold(300), sold(600), sold(600), free.clone(), free, sold(600)];
        for kind in [ListKind::Live(0), ListKind::Dvr(0)] {
            let text = text(kind, &kinds, &[2, 5], "https://api.example");
            assert_eq!(shape(&text), "00 300 01 02 600 03 04 free 05 06 600 07", "{text}");
            let key = KeyId::new(&FIGHT.parse().unwrap(), 300);
            let iv = ring::digest::digest(&ring::digest::SHA256, format!("iv {key}").as_bytes());
            let iv = crate::config::hex(&iv.as_ref()[..16]);
            let tag = format!("#EXT-X-KEY:METHOD=AES-128,URI=\"https://api.example/api/v1/keys/{key}\",IV=0x{iv}\n");
            assert!(text.contains(&tag), "{text}");
            assert_eq!(text.matches("#EXT-X-INDEPENDENT-SEGMENTS\n").count(), 1, "{text}");
            assert!(text.find("INDEPENDENT") < text.find("#EXT-X-KEY"), "{text}");
        }
    }

    #[test]
    fn a_playlist_that_begins_in_a_fight_begins_with_its_key() {
        let text = text(ListKind::Live(0), &[sold(300), sold(300)], &[], "https://api.example");
        assert_eq!(shape(&text), "300 00 01");
    }

    #[test]
    fn what_is_read_back_has_its_protection_wherever_keys_were_asked_for() {
        let told = [Protection::Free, sold(300), Protection::Free, sold(600), sold(600)];
        for host in ["https://api.example", "http://127.0.0.1:8080"] {
            let text = text(ListKind::Dvr(0), &told, &[3], host);
            let read = parse(&text).unwrap();
            let read: Vec<_> = read.segments.values().map(|segment| protection_of(segment).unwrap()).collect();
            assert_eq!(read, told);
        }
        let text = text(ListKind::Dvr(0), &told, &[], "https://api.example");
        for (from, to) in [("-300", "-300x"), ("METHOD=AES-128", "METHOD=SAMPLE-AES"), ("IV=0x", "IV=0xff")] {
            let foreign = text.replacen(from, to, 1);
            let known = parse(&foreign).is_ok_and(|read| read.segments.values().all(|s| protection_of(s).is_some()));
            assert!(!known, "{foreign}");
        }
    }
}
