//! Words that are masked, however they are dressed up: look-alikes, digits for letters, letters drawn out or set apart.
//!
//! A text is read as letters that each may stand for some others, and cut into words. A word is held against the list
//! whole, or at its beginning where the list has a star; nothing is looked for across words that are merely side by
//! side, so that *masuk* and *kelas suka* stay what they are.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation as _;

/// The list that is built in.
const BUILT_IN: &str = include_str!("../../deploy/superchat-words.txt");
/// Shortest word found in letters that are set apart.
const APART_MIN: usize = 3;

/// A list of words.
#[derive(Clone, Debug)]
pub(super) struct Words(Vec<Entry>);

/// A word of the list.
#[derive(Clone, Debug)]
struct Entry {
    /// Each letter with how often it stands there in a row.
    runs: Vec<(char, usize)>,
    /// Anything may stand before it, behind it.
    open: (bool, bool),
}

/// A character of the text as it is compared.
#[derive(Clone, Copy, Debug)]
struct Sign {
    /// Which grapheme of the text it belongs to.
    place: usize,
    letter: char,
}

impl Words {
    /// The words of a list (the built-in one without) and some more.
    pub(super) fn new(list: Option<&str>, more: &[String]) -> Self {
        let lines = list.unwrap_or(BUILT_IN).lines().map(str::trim).filter(|line| !line.starts_with('#'));
        let all = lines.chain(more.iter().map(|word| word.trim()));
        Self(all.filter_map(Entry::read).collect())
    }

    /// The text with each letter of a found word replaced by a star.
    pub(super) fn mask(&self, text: &str) -> String {
        let graphemes: Vec<&str> = text.graphemes(true).collect();
        let mut masked = vec![false; graphemes.len()];
        let words = words_of(&graphemes);
        for word in &words {
            if let Some(found) = self.find(word) {
                cover(&mut masked, &found);
            }
        }
        for row in words.chunk_by(|one, other| is_next(one, other, &graphemes)) {
            // an.jing, an-jing
            let joined: Vec<Sign> = row.concat();
            if row.len() > 1
                && let Some(found) = self.find(&joined)
            {
                cover(&mut masked, &found);
            }
        }
        for row in words.chunk_by(|one, other| one.len() == 1 && other.len() == 1) {
            let letters: Vec<Sign> = row.concat();
            if row.len() >= APART_MIN {
                for found in self.find_apart(&letters) {
                    cover(&mut masked, found);
                }
            }
        }
        let shown = graphemes.iter().zip(masked);
        shown.map(|(one, masked)| if masked && !one.trim().is_empty() { "*" } else { one }).collect()
    }

    /// What of a word is on the list, with what hangs on its ends or without.
    fn find(&self, word: &[Sign]) -> Option<Vec<Sign>> {
        let trim = |word: &[Sign], ends: &[char]| {
            let is_end = |sign: &Sign| ends.contains(&sign.letter);
            let from = word.iter().position(|sign| !is_end(sign)).unwrap_or(word.len());
            let until = word.iter().rposition(|sign| !is_end(sign)).map_or(from, |at| at + 1);
            word.get(from..until).unwrap_or_default().to_vec()
        };
        let (plain, bare) = (trim(word, &['!', '|', '*']), trim(word, &['!', '|', '*', '@', '$']));
        [plain, bare].into_iter().find(|word| is_written(word) && self.0.iter().any(|entry| entry.fits(word)))
    }

    /// Words within letters that are set apart.
    fn find_apart<'a>(&self, letters: &'a [Sign]) -> Vec<&'a [Sign]> {
        let mut found = Vec::new();
        for from in 0..letters.len() {
            let rest = letters.get(from..).unwrap_or_default();
            for entry in self.0.iter().filter(|entry| entry.len() >= APART_MIN) {
                if let Some(part) = entry.match_front(rest).and_then(|len| rest.get(..len))
                    && is_written(part)
                {
                    found.push(part);
                }
            }
        }
        found
    }
}

impl Entry {
    fn read(line: &str) -> Option<Self> {
        let open = (line.starts_with('*'), line.ends_with('*'));
        let mut runs: Vec<(char, usize)> = Vec::new();
        for letter in line.chars().flat_map(fold).filter(|letter| letter.is_alphanumeric()) {
            match runs.last_mut() {
                Some((last, times)) if *last == letter => *times += 1,
                _ => runs.push((letter, 1)),
            }
        }
        (!runs.is_empty()).then_some(Self { runs, open })
    }

    fn len(&self) -> usize {
        self.runs.iter().map(|(_, times)| times).sum()
    }

    fn fits(&self, word: &[Sign]) -> bool {
        let last = if self.open.0 { word.len().saturating_sub(1) } else { 0 };
        (0..=last).any(|from| {
            let rest = word.get(from..).unwrap_or_default();
            self.match_front(rest).is_some_and(|len| self.open.1 || len == rest.len())
        })
    }

    /// How many signs at the front are this word.
    fn match_front(&self, signs: &[Sign]) -> Option<usize> {
        match_runs(&self.runs, signs, 0)
    }
}

/// The end of these runs behind `at`. A letter stands as often as on the list, or is drawn out: three times and more.
fn match_runs(runs: &[(char, usize)], signs: &[Sign], at: usize) -> Option<usize> {
    let Some(((letter, times), rest)) = runs.split_first() else { return Some(at) };
    let signs_here = signs.get(at..)?;
    // A star is one letter and no row of them, so that there are few ways to try.
    let drawn_out = signs_here.iter().take_while(|sign| sign.letter != '*' && stands_for(sign.letter, *letter)).count();
    if drawn_out >= 3 && drawn_out > *times {
        let end = match_runs(rest, signs, at + drawn_out);
        if end.is_some() {
            return end;
        }
    }
    let plain = signs_here.get(..*times)?.iter().all(|sign| stands_for(sign.letter, *letter));
    if plain { match_runs(rest, signs, at + times) } else { None }
}

fn cover(masked: &mut [bool], word: &[Sign]) {
    let (Some(first), Some(last)) = (word.first(), word.last()) else { return };
    for place in masked.iter_mut().take(last.place + 1).skip(first.place) {
        *place = true;
    }
}

/// Letters, and as many signs for letters at most: 455 is a number.
fn is_written(word: &[Sign]) -> bool {
    let letters = word.iter().filter(|sign| sign.letter.is_alphabetic()).count();
    letters > 0 && letters * 2 >= word.len()
}

/// The words of a text: letters, digits and what stands for letters, without anything between.
fn words_of(graphemes: &[&str]) -> Vec<Vec<Sign>> {
    let mut words = vec![Vec::new()];
    for (place, grapheme) in graphemes.iter().enumerate() {
        let letters = grapheme.chars().flat_map(fold);
        let signs: Vec<Sign> = letters.filter(|letter| is_sign(*letter)).map(|letter| Sign { place, letter }).collect();
        match words.last_mut() {
            Some(word) if !signs.is_empty() => word.extend(signs),
            _ => words.push(Vec::new()),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether only punctuation, and no space, stands between two words.
fn is_next(one: &[Sign], other: &[Sign], graphemes: &[&str]) -> bool {
    let (Some(last), Some(first)) = (one.last(), other.first()) else { return false };
    let between = graphemes.get(last.place + 1..first.place).unwrap_or_default();
    between.len() == 1 && between.iter().all(|grapheme| matches!(*grapheme, "." | "-" | "_" | "'" | "/" | "," | "~"))
}

const fn is_sign_for_a_letter(letter: char) -> bool {
    matches!(letter, '@' | '$' | '!' | '|' | '*')
}

fn is_sign(letter: char) -> bool {
    letter.is_alphanumeric() || is_sign_for_a_letter(letter)
}

/// Whether a sign of the text can be meant as a letter.
fn stands_for(sign: char, letter: char) -> bool {
    sign == letter
        || match sign {
            '*' => letter.is_alphabetic(),
            '0' => letter == 'o',
            '1' | '|' => matches!(letter, 'i' | 'l'),
            '!' => letter == 'i',
            '2' => letter == 'z',
            '3' => letter == 'e',
            '4' | '@' => letter == 'a',
            '5' | '$' => letter == 's',
            '6' | '9' => letter == 'g',
            '7' => letter == 't',
            '8' => letter == 'b',
            _ => false,
        }
}

/// A character as plain small letters: without marks, full-width and mathematical ones as what they stand for, and
/// letters of other alphabets as those they look like.
fn fold(letter: char) -> impl Iterator<Item = char> {
    let plain = std::iter::once(letter).nfkd().filter(|part| !is_combining_mark(*part));
    plain.flat_map(char::to_lowercase).map(looks_like)
}

const fn looks_like(letter: char) -> char {
    match letter {
        'а' | 'α' | 'ɑ' => 'a',
        'в' | 'β' => 'b',
        'с' | 'ϲ' | '¢' => 'c',
        'ԁ' => 'd',
        'е' | 'є' | 'ε' | 'ə' => 'e',
        'ɡ' => 'g',
        'һ' | 'н' => 'h',
        'і' | 'ι' | 'ı' => 'i',
        'ј' => 'j',
        'к' | 'κ' => 'k',
        'ӏ' | 'ⅼ' => 'l',
        'м' => 'm',
        'п' | 'η' | 'ո' => 'n',
        'о' | 'ο' | 'σ' | 'ø' | 'օ' => 'o',
        'р' | 'ρ' => 'p',
        'ѕ' => 's',
        'т' | 'τ' => 't',
        'υ' | 'ս' | 'ц' => 'u',
        'ѵ' | 'ν' => 'v',
        'ѡ' | 'ω' => 'w',
        'х' | 'χ' => 'x',
        'у' | 'γ' => 'y',
        letter => letter,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stars(word: &str) -> String {
        word.graphemes(true).map(|one| if one.trim().is_empty() { one } else { "*" }).collect()
    }

    #[test]
    fn words_are_masked_however_they_are_dressed_up() {
        let words = Words::new(None, &[]);
        for bad in [
            "anjing",
            "ANJING",
            "anjingnya",
            "4njing",
            "@njing",
            "anj1ng",
            "anj!ng",
            "anjiiiing",
            "аnјіng",
            "ａｎｊｉｎｇ",
            "𝐚𝐧𝐣𝐢𝐧𝐠",
            "ánjïng",
            "a n j i n g",
            "a.n.j.i.n.g",
            "an.jing",
            "anj*ng",
            "k0nt0l",
            "kontol",
            "dikontolin",
            "GOBLOK",
            "f*ck",
            "fuuuuck",
            "motherfucker",
            "$hit",
            "asu",
            "a-s-u",
            "ngent0t",
            "b1tch",
            "memek",
            "tolol",
        ] {
            assert_eq!(words.mask(bad), stars(bad), "{bad}");
            assert_eq!(words.mask(&format!("dasar {bad} kamu!")), format!("dasar {} kamu!", stars(bad)), "{bad}");
        }
        assert_eq!(words.mask("asu!!! 😀"), "***!!! 😀");
    }

    #[test]
    fn words_that_only_look_a_little_like_them_stay() {
        let words = Words::new(None, &[]);
        for fine in [
            "Scunthorpe",
            "class pass assassin",
            "masuk asumsi kasus",
            "kontrol",
            "memekarkan memekakkan",
            "pempek",
            "perekam",
            "perekonomian",
            "itilah",
            "shiitake",
            "Dickens",
            "cocktail",
            "analisis",
            "tai chi",
            "455 555 5.000",
            "K.O. ronde 2",
            "A55",
            "Jab! Hook! Uppercut!",
            "kelas suka",
            "an aku jingga",
            "ayo Budi!!!",
            "U S A",
            "titian",
            "begonia",
            "***",
            "Ｇａｎｂａｒｕ",
            "Привет",
            "ω",
            "❤️🔥",
            "مرحبا",
            "<b>tebal</b>",
            "a b c d e",
            "babi guling enak",
            "shot",
            "asuransi",
            "mantap jiwa",
            "kampus",
            "sialkan",
            "pukul",
            "puk1ul",
        ] {
            assert_eq!(words.mask(fine), fine, "{fine}");
        }
    }

    #[test]
    fn the_operator_has_a_list_of_his_own_and_more_words() {
        let words = Words::new(Some("# none but this\nlawan\n\n"), &["judi*".to_owned(), "*slot*".to_owned()]);
        assert_eq!(
            words.mask("anjing lawan lawannya judionline megaslot88"),
            "anjing ***** lawannya ********** **********"
        );
    }
}
