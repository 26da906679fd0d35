//! Rust as text: what is code and what is not, and which modules a file speaks of.

/// The source with comments, strings and characters blanked out, so that what is left is code.
pub(crate) fn code_only(source: &str) -> String {
    let chars: Vec<char> = source.chars().collect();
    let at = |index: usize| chars.get(index).copied().unwrap_or('\0');
    let mut code = String::new();
    let mut index = 0;
    while index < chars.len() {
        let end = match (at(index), at(index + 1)) {
            ('/', '/') => find(&chars, index, |char| char == '\n'),
            ('/', '*') => end_of_block_comment(&chars, index),
            ('"', _) => end_of_string(&chars, index),
            ('r', '"' | '#') if !is_word(at(index.wrapping_sub(1))) => end_of_raw_string(&chars, index),
            // A character, not a lifetime: the quote closes after one character or an escape.
            ('\'', '\\') => find(&chars, index + 3, |char| char == '\'') + 1,
            ('\'', _) if at(index + 2) == '\'' => index + 3,
            _ => index,
        };
        if end == index {
            code.push(at(index));
            index += 1;
        } else {
            code.extend((index..end.min(chars.len())).map(|gone| if at(gone) == '\n' { '\n' } else { ' ' }));
            index = end;
        }
    }
    code
}

fn is_word(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

fn find(chars: &[char], from: usize, is_end: impl Fn(char) -> bool) -> usize {
    (from..chars.len()).find(|index| is_end(chars[*index])).unwrap_or(chars.len())
}

fn end_of_string(chars: &[char], start: usize) -> usize {
    let mut index = start + 1;
    while index < chars.len() && chars[index] != '"' {
        index += if chars[index] == '\\' { 2 } else { 1 };
    }
    index + 1
}

fn end_of_raw_string(chars: &[char], start: usize) -> usize {
    let hashes = chars[start + 1..].iter().take_while(|char| **char == '#').count();
    if chars.get(start + 1 + hashes) != Some(&'"') {
        return start;
    }
    let close = |from: usize| chars[from..].iter().skip(1).take_while(|char| **char == '#').count() >= hashes;
    let mut index = start + 2 + hashes;
    while index < chars.len() && !(chars[index] == '"' && close(index)) {
        index += 1;
    }
    index + 1 + hashes
}

fn end_of_block_comment(chars: &[char], start: usize) -> usize {
    let (mut index, mut depth) = (start, 0_usize);
    while index < chars.len() {
        match (chars[index], chars.get(index + 1)) {
            ('/', Some('*')) => depth += 1,
            ('*', Some('/')) => depth -= 1,
            _ => {
                index += 1;
                continue;
            }
        }
        index += 2;
        if depth == 0 {
            break;
        }
    }
    index
}

/// Words, `::`, and single other characters.
pub(crate) fn tokens(code: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut joins = false;
    let mut chars = code.chars().peekable();
    while let Some(char) = chars.next() {
        if is_word(char) {
            match tokens.last_mut().filter(|_| joins) {
                Some(word) => word.push(char),
                None => tokens.push(char.to_string()),
            }
        } else if char == ':' && chars.peek() == Some(&':') {
            chars.next();
            tokens.push("::".into());
        } else if !char.is_whitespace() {
            tokens.push(char.to_string());
        }
        joins = is_word(char);
    }
    tokens
}

/// The tokens without the modules that are compiled for tests only: a test may prove a part through the whole.
pub(crate) fn without_tests(tokens: &[String]) -> Vec<String> {
    const TEST_MODULE: [&str; 8] = ["#", "[", "cfg", "(", "test", ")", "]", "mod"];
    let mut kept = Vec::new();
    let mut index = 0;
    while index < tokens.len() {
        let is_test = TEST_MODULE
            .iter()
            .enumerate()
            .all(|(offset, word)| tokens.get(index + offset).is_some_and(|token| token == word));
        if !is_test {
            kept.push(tokens[index].clone());
            index += 1;
            continue;
        }
        index += TEST_MODULE.len() + 1;
        let mut depth = 0_usize;
        while index < tokens.len() {
            match tokens[index].as_str() {
                "{" => depth += 1,
                "}" => depth -= 1,
                _ => {}
            }
            index += 1;
            if depth == 0 {
                break;
            }
        }
    }
    kept
}

/// The module that a file is: `src/a/b.rs` and `src/a/b/mod.rs` are `[a, b]`.
pub(crate) fn module_of(path: &str) -> Vec<String> {
    let inner = path.trim_start_matches("src/").trim_end_matches(".rs");
    inner.split('/').filter(|part| *part != "mod").map(str::to_owned).collect()
}

/// Every path of this crate that a file speaks of, from the root of the crate: `crate::…` and `super::…`, with
/// groups in braces written out.
pub(crate) fn references(path: &str, source: &str) -> Vec<Vec<String>> {
    let tokens = without_tests(&tokens(&code_only(source)));
    let mut module = module_of(path);
    // Inline modules are one deeper; each is remembered with the braces that were open before it.
    let mut inline: Vec<usize> = Vec::new();
    let mut depth = 0_usize;
    let mut found = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let follows_path = index.checked_sub(1).is_some_and(|before| tokens[before] == "::");
        match token.as_str() {
            "{" => {
                depth += 1;
                if index >= 2 && tokens[index - 2] == "mod" {
                    inline.push(depth);
                    module.push(tokens[index - 1].clone());
                }
            }
            "}" => {
                if inline.last() == Some(&depth) {
                    inline.pop();
                    module.pop();
                }
                depth = depth.saturating_sub(1);
            }
            "crate" | "super" if !follows_path => {
                paths(&tokens, index, &module, &mut found);
            }
            _ => {}
        }
    }
    found
}

/// Reads one path, or the paths of a group, and returns the index of the token after it.
fn paths(tokens: &[String], start: usize, base: &[String], found: &mut Vec<Vec<String>>) -> usize {
    let mut path = base.to_vec();
    let mut index = start;
    loop {
        match tokens.get(index).map(String::as_str) {
            Some("crate") => path.clear(),
            Some("super") => {
                path.pop();
            }
            Some("self") => {}
            Some("{") => {
                index += 1;
                while tokens.get(index).is_some_and(|token| token != "}") {
                    let next = paths(tokens, index, &path, found);
                    // Whatever stands behind a path up to the comma (`as name`, `*`) belongs to it.
                    index = (next..tokens.len())
                        .find(|at| matches!(tokens[*at].as_str(), "," | "}"))
                        .unwrap_or(tokens.len());
                    if tokens.get(index).is_some_and(|token| token == ",") {
                        index += 1;
                    }
                }
                return index + 1;
            }
            Some(word) if word.starts_with(is_word) => path.push(word.to_owned()),
            _ => break,
        }
        index += 1;
        if tokens.get(index).is_none_or(|token| token != "::") {
            break;
        }
        index += 1;
    }
    found.push(path);
    index
}

#[test]
fn text_and_comments_are_not_code() {
    let source = r##"
        // use crate::a;
        /* use crate::b; /* nested */ use crate::c; */
        let text = "use crate::d; \" unsafe";
        let raw = r#"use crate::e; " unsafe"#;
        let quote = '"'; let escaped = '\''; fn life<'a>(x: &'a str) {}
        use crate::f;
    "##;
    assert_eq!(references("src/x/y.rs", source), [["f"]]);
    assert!(!tokens(&code_only(source)).contains(&"unsafe".to_owned()));
}

#[test]
fn groups_and_supers_are_resolved() {
    let of = |path: &str, source: &str| -> Vec<String> {
        references(path, source).into_iter().map(|path| path.join("::")).collect()
    };
    assert_eq!(of("src/x/y.rs", "use crate::{a, b::{self, c as d}, e::*};"), ["a", "b", "b::c", "e"]);
    assert_eq!(of("src/x/y.rs", "use super::z::T; use super::super::w;"), ["x::z::T", "w"]);
    assert_eq!(
        of("src/x/mod.rs", "use super::z; fn f() -> crate::q::T { super::r::S {} }"),
        ["z", "q::T", "r::S"]
    );
    assert_eq!(of("src/x/y.rs", "mod inner { use super::super::z; } use super::v;"), ["x::z", "x::v"]);
    assert_eq!(of("src/x/y.rs", "pub(super) fn f() {} pub(in crate::x) fn g() {}"), ["x", "x"]);
    assert_eq!(of("src/x/y.rs", "macro_rules! m { () => { $crate::a::B } }"), ["a::B"]);
}

#[test]
fn test_modules_may_reach_anywhere() {
    let source =
        "use crate::a;\n#[cfg(test)]\nmod tests { use crate::b; fn f() { if true {} } }\nuse crate::c;";
    assert_eq!(references("src/x/y.rs", source), [["a"], ["c"]]);
}
