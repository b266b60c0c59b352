//! A file, and its code without comments, texts and tests.

/// A file by its path from the top.
pub struct Source {
    pub path: String,
    pub text: String,
}

impl Source {
    pub fn new(path: String, text: String) -> Self {
        Self { path, text }
    }

    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Whether it is code of the house, not of its tests.
    pub fn is_in_house(&self) -> bool {
        self.is_rust()
            && self.path.starts_with("src/")
            && !self.parts().any(|part| part == "tests.rs" || part == "tests")
    }

    /// Folders and file name below `src/` (or whatever is first).
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.path.split('/').skip(1)
    }

    /// The room: the first folder below `src/`, or the file's own name there.
    pub fn room(&self) -> &str {
        self.parts().next().unwrap_or_default().trim_end_matches(".rs")
    }

    /// How many `super` lead from this file's own level to the crate's.
    pub fn depth(&self) -> usize {
        let parts = self.parts().count();
        if self.path.ends_with("/mod.rs") { parts - 1 } else { parts }
    }

    /// The code without comments and texts, up to its unit tests.
    pub fn code(&self) -> String {
        let code = without_comments_and_texts(&self.text);
        let tests = code.find("#[cfg(test)]\nmod tests {").unwrap_or(code.len());
        code[..tests].to_owned()
    }
}

/// Replaces comments and texts by a blank.
fn without_comments_and_texts(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let after_word = code.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if first == '"' {
            text_length(rest)
        } else if first == 'r' && !after_word {
            raw_text_length(rest)
        } else if first == '\'' {
            letter_length(rest)
        } else {
            0
        };
        if skipped > 0 {
            code.push(' ');
            rest = &rest[skipped..];
        } else {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    code
}

/// The length of `"…"`.
fn text_length(rest: &str) -> usize {
    let mut escaped = false;
    for (at, letter) in rest.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The length of `r"…"` or `r#"…"#`; 0 for anything else that begins with an r.
fn raw_text_length(rest: &str) -> usize {
    let hashes = rest[1..].chars().take_while(|letter| *letter == '#').count();
    if !rest[1 + hashes..].starts_with('"') {
        return 0;
    }
    let end = format!("\"{}", "#".repeat(hashes));
    let begun = 2 + hashes;
    rest[begun..].find(&end).map_or(rest.len(), |at| begun + at + end.len())
}

/// The length of `'x'` or `'\n'`; 0 for a lifetime.
fn letter_length(rest: &str) -> usize {
    let mut letters = rest.char_indices().skip(1);
    match letters.next() {
        Some((_, '\\')) => {
            letters.next();
            rest[3..].find('\'').map_or(0, |at| 3 + at + 1)
        }
        Some(_) => letters.next().filter(|(_, letter)| *letter == '\'').map_or(0, |(at, _)| at + 1),
        None => 0,
    }
}
