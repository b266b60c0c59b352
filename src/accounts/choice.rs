//! Which passwords may be chosen: long enough, and not among those that are guessed first.

use zxcvbn::{Score, zxcvbn};

/// Characters of a password, fewest and most. The most keeps hashing cheap (OWASP: at least 64).
const LEN: std::ops::RangeInclusive<usize> = 8..=128;

/// Words that Indonesian lists of stolen passwords begin with and the library's English lists do not have. Found also
/// with capitals, digits and signs around them.
const COMMON: &[&str] = &[
    "abangku",
    "aksesku",
    "akucinta",
    "akucintakamu",
    "akusayang",
    "akusayangkamu",
    "alhamdulillah",
    "allahuakbar",
    "anakku",
    "anjing",
    "arema",
    "aremania",
    "assalamualaikum",
    "astaghfirullah",
    "bajingan",
    "bakuhantam",
    "bandung",
    "bangsat",
    "banget",
    "bapakku",
    "bismillah",
    "bobotoh",
    "bonek",
    "cantik",
    "cinta",
    "cintaku",
    "cintakamu",
    "doraemon",
    "garuda",
    "ganteng",
    "gajah",
    "ibuku",
    "indonesia",
    "indonesiaraya",
    "jakarta",
    "jakmania",
    "jancok",
    "kamu",
    "kangen",
    "katasandi",
    "keluarga",
    "keluargaku",
    "kontol",
    "kucing",
    "kucingku",
    "mamahku",
    "mamaku",
    "manchester",
    "medan",
    "mantap",
    "merdeka",
    "merahputih",
    "mobilelegends",
    "monyet",
    "muhammad",
    "nusantara",
    "pancasila",
    "papaku",
    "persebaya",
    "persib",
    "persija",
    "rahasia",
    "rahasiaku",
    "sandi",
    "sandiku",
    "sayang",
    "sayangku",
    "sayangkamu",
    "sayangmama",
    "selalu",
    "selamanya",
    "semangat",
    "semarang",
    "sukses",
    "suksesselalu",
    "surabaya",
    "surga",
    "terserah",
    "ayahku",
    "viking",
    "yogyakarta",
    "jogjakarta",
    "bersama",
    "selamat",
    "selamatpagi",
    "terimakasih",
    "kesayangan",
    "timnas",
    "freefire",
    "juventus",
    "bobotohpersib",
    "palembang",
    "makassar",
    "bogor",
    "bekasi",
    "tangerang",
    "bali",
];

/// Why a password may not be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Fewer characters than a password has.
    #[error("the password is too short: use 8 characters or more")]
    Short,
    /// More characters than a password has.
    #[error("the password is too long: use 128 characters or fewer")]
    Long,
    /// It is made of the account's own name or number.
    #[error("the password is made of your own name or number: choose something others cannot know")]
    Personal,
    /// It stands in the lists that are tried first, or is a simple pattern.
    #[error("the password is among those that are guessed first: use several words that do not belong together")]
    Common,
}

/// Whether `password` may be chosen by someone of this name and number.
pub(super) fn check(password: &str, name: &str, phone: &str) -> Result<(), PasswordError> {
    let len = password.chars().count();
    if len < *LEN.start() {
        return Err(PasswordError::Short);
    }
    if len > *LEN.end() {
        return Err(PasswordError::Long);
    }
    if is_personal(password, name, phone) {
        return Err(PasswordError::Personal);
    }
    // Longer ones are strong enough unless they repeat themselves, which the library sees.
    let mut inputs: Vec<&str> = vec![name, phone, phone.trim_start_matches("+62"), "bakuhantam"];
    inputs.extend(name.split_whitespace());
    let national = format!("0{}", phone.trim_start_matches("+62"));
    inputs.push(&national);
    if is_common(password) || zxcvbn(password, &inputs).score() < Score::Two {
        return Err(PasswordError::Common);
    }
    Ok(())
}

/// The letters alone, small.
fn letters_of(text: &str) -> String {
    text.chars().filter(|letter| letter.is_alphabetic()).flat_map(char::to_lowercase).collect()
}

/// The word of a list, or two of them, with nothing but digits and signs between and around: `Persib1933!`.
fn is_common(password: &str) -> bool {
    let letters = letters_of(&without_disguise(password));
    let plain = letters_of(password);
    [letters, plain].iter().any(|letters| {
        COMMON.contains(&letters.as_str())
            || COMMON.iter().any(|word| {
                letters.strip_prefix(word).is_some_and(|rest| COMMON.contains(&rest) || rest.chars().count() <= 1)
            })
    })
}

/// `s4y4ngku` as `sayangku`.
fn without_disguise(text: &str) -> String {
    text.trim_end_matches(|letter: char| !letter.is_alphabetic())
        .chars()
        .map(|letter| match letter {
            '4' | '@' => 'a',
            '3' => 'e',
            '1' | '!' => 'i',
            '0' => 'o',
            '5' | '$' => 's',
            other => other,
        })
        .collect()
}

/// The own name with a few digits, or the own number.
fn is_personal(password: &str, name: &str, phone: &str) -> bool {
    let digits: String = password.chars().filter(char::is_ascii_digit).collect();
    let national = phone.trim_start_matches("+62");
    let others = password.chars().count().saturating_sub(digits.len());
    if national.len() >= 8 && digits.contains(national) && others < 6 {
        return true;
    }
    let (letters, own) = (letters_of(password), letters_of(name));
    let parts = name.split_whitespace().map(letters_of);
    letters.chars().count() >= 3 && (letters == own || parts.into_iter().any(|part| part == letters))
}
