//! What is read, where it stands, and what is refused.

use super::*;

fn read(text: &str) -> (Arc<Source>, Vec<Node>) {
    let source = Arc::new(Source::new("x.yaml", text));
    let documents = parse(&source, Code::ReadSyntax).unwrap();
    (source, documents)
}

fn refused(text: &str) -> (Arc<Source>, Finding) {
    let source = Arc::new(Source::new("x.yaml", text));
    let finding = parse(&source, Code::ReadSyntax).unwrap_err();
    (source, finding)
}

fn at<'a>(node: &'a Node, path: &[&str]) -> &'a Node {
    path.iter().fold(node, |node, step| match &node.kind {
        Kind::Sequence(items) => &items[step.parse::<usize>().unwrap()],
        _ => node.get(step).unwrap(),
    })
}

fn keys(node: &Node) -> Vec<Key> {
    match &node.kind {
        Kind::Mapping(entries) => entries.iter().map(|(key, _)| key.clone()).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn spans_are_bytes_of_the_text_in_block_style() {
    let (source, documents) =
        read("\u{e9}\u{1f600}: \"x\"\nb:\n  - c: 1 # \u{fc}\n    d: no\n  - e\nlast: |\n  \u{df}\n  t\n");
    let slice = |path: &[&str]| source.slice(at(&documents[0], path).span);
    assert_eq!(slice(&["\u{e9}\u{1f600}"]), "\"x\"");
    assert_eq!(slice(&["b", "0", "c"]), "1");
    assert_eq!(slice(&["b", "0", "d"]), "no");
    assert_eq!(slice(&["b", "0"]), "c: 1 # \u{fc}\n    d: no");
    assert_eq!(slice(&["b"]), "- c: 1 # \u{fc}\n    d: no\n  - e");
    let names: Vec<String> =
        keys(&documents[0]).iter().map(|key| source.slice(key.span).to_owned()).collect();
    assert_eq!(names, ["\u{e9}\u{1f600}", "b", "last"]);
    assert_eq!(at(&documents[0], &["last"]).as_str(), Some("\u{df}\nt\n"));
    assert!(source.text()[documents[0].span.start..].starts_with('\u{e9}'));
}

#[test]
fn spans_are_bytes_of_the_text_in_flow_style_and_json() {
    let (source, documents) = read("{\"\u{e9}\": [\"\u{fc}\", {\"a\": null}, 'z'], \"k\": {}}\n");
    let slice = |path: &[&str]| source.slice(at(&documents[0], path).span);
    assert_eq!(slice(&["\u{e9}", "0"]), "\"\u{fc}\"");
    assert_eq!(slice(&["\u{e9}", "1", "a"]), "null");
    assert_eq!(slice(&["\u{e9}", "2"]), "'z'");
    assert!(slice(&["\u{e9}", "1"]).starts_with("{\"a\": null"));
    assert!(slice(&["k"]).starts_with('{'));
    assert_eq!(source.slice(keys(&documents[0])[0].span), "\"\u{e9}\"");
}

#[test]
fn spans_count_from_the_start_of_the_text_in_every_document() {
    let (source, documents) =
        read("\u{feff}a: \u{e9}\n---\n---\n# \u{e9}\nb: &x {q: \"\u{df}\"}\nc: *x\n...\nd: 1\n");
    let slice = |index: usize, path: &[&str]| source.slice(at(&documents[index], path).span).to_owned();
    let documents_with_something = documents.len();
    assert_eq!(slice(0, &["a"]), "\u{e9}");
    assert_eq!(slice(documents_with_something - 2, &["b", "q"]), "\"\u{df}\"");
    assert_eq!(slice(documents_with_something - 2, &["c"]), "*x");
    assert_eq!(slice(documents_with_something - 1, &["d"]), "1");
    assert_eq!(keys(&documents[0])[0].name, "a");
}

#[test]
fn a_key_that_stands_twice_is_refused_where_it_stands_again() {
    for text in ["a: 1\nb: 2\na: 3\n", "{\"a\": 1, \"b\": 2, \"a\": 3}"] {
        let (source, finding) = refused(text);
        let place = finding.place.unwrap();
        assert_eq!(finding.message, "the key `a` stands here twice");
        assert_eq!(place.span.start, text.rfind('a').unwrap() - usize::from(text.starts_with('{')));
        assert!(source.slice(place.span).contains('a'));
    }
}

#[test]
fn a_finding_says_what_is_wrong_without_repeating_where() {
    for text in ["a: [1", "a:\n\t- x\n", "? [x]\n: 1\n", "null: 1\n", "{\"a\":1}{\"b\":2}", "*x", "a: b: c"] {
        let (_, finding) = refused(text);
        assert!(finding.place.is_some(), "{text}");
        assert!(
            !finding.message.contains("line") && !finding.message.contains("Option<"),
            "{}",
            finding.message
        );
    }
}

#[test]
fn an_exploding_text_ends_with_a_finding() {
    let mut laughs = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for level in 1..12 {
        let inner = vec![format!("*a{}", level - 1); 10].join(",");
        writeln!(laughs, "a{level}: &a{level} [{inner}]").unwrap();
    }
    let deep = format!("{}1{}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
    let block = (0..5_000).map(|depth| " ".repeat(depth) + "a:\n").collect::<Vec<_>>().concat();
    for text in [laughs, "[".repeat(200_000), "- ".repeat(200_000), "{".repeat(200_000), deep, block] {
        let (_, finding) = refused(&text);
        assert_eq!(finding.code, Code::ReadSyntax);
        assert!(finding.message.contains("too "), "{}", finding.message);
    }
}

#[test]
fn an_anchor_may_be_shared_by_many() {
    let entries = "- {<<: *d, c: *e}\n".repeat(2_000);
    let (_, documents) = read(&format!("d: &d {{a: 1}}\ne: &e x\nall:\n{}", entries.replace("- ", "  - ")));
    assert_eq!(at(&documents[0], &["all", "1999", "a"]).kind, Kind::Integer(1));
    assert_eq!(at(&documents[0], &["all", "1999", "c"]).as_str(), Some("x"));
}

#[test]
fn every_character_survives_quoting() {
    let every: Vec<char> = ('\0'..=char::MAX).collect();
    for chunk in every.chunks(50_000) {
        let text: String = chunk.iter().collect();
        let quoted = quote(&text);
        assert!(quoted.is_ascii() && !quoted.contains('\n'));
        let (_, documents) = read(&format!("k: {quoted}\n"));
        assert!(at(&documents[0], &["k"]).as_str() == Some(text.as_str()), "from {:?}", chunk[0]);
    }
}

#[test]
fn what_looks_like_another_type_is_a_text_when_quoted() {
    let traps = [
        "", "no", "on", "22:22", "1_000", "0755", "null", "~", "1e3", "- a", "# x", "a: b", "{{ x }}", "*a",
        "&a", "!t",
    ];
    for trap in traps {
        let (_, documents) = read(&format!("- {}\n", quote(trap)));
        assert_eq!(at(&documents[0], &["0"]).as_str(), Some(trap));
    }
}

#[test]
fn plain_words_of_yaml_1_1_are_texts_and_numbers_are_numbers() {
    let (_, documents) = read("[no, 0755, 1_000, 22:22, 0x1F, 0o17, 1.5, true, ~, 2001-01-01]");
    let kinds: Vec<&Kind> = match &documents[0].kind {
        Kind::Sequence(items) => items.iter().map(|item| &item.kind).collect(),
        _ => Vec::new(),
    };
    let text = |text: &str| Kind::String(text.to_owned());
    let expected = [
        text("no"),
        text("0755"),
        text("1_000"),
        text("22:22"),
        Kind::Integer(31),
        Kind::Integer(15),
        Kind::Float(1.5),
        Kind::Bool(true),
        Kind::Null,
        text("2001-01-01"),
    ];
    assert_eq!(kinds, expected.iter().collect::<Vec<_>>());
}

/// The tree of a text as the fast way sees it, where it does, beside that of the whole reader.
fn both(text: &str) -> (Option<Vec<Node>>, Option<Vec<Node>>) {
    let source = Arc::new(Source::new("x.yaml", text));
    (plain::parse(text), whole(&source, Code::ReadSyntax).ok())
}

#[test]
fn what_is_plain_is_read_as_by_the_whole_reader() {
    let texts = [
        "a: 1\n",
        "a: b\nc:\n  - d\n  - 10.0.0.0/8\n  - 443/tcp\n  - {e: f, g: [h, \"i j\"]}\n",
        "a:\n- b: c\n  d: true\n- b: x y\n  e:\n    f: 'g'\n",
        "# x\n\n---\na: b\n---\nc: [1, 2, x]\n\n# y\n",
        "  a: b\n  c: d\n",
        "- a\n-   b: c\n    d: e\n- \"f\"\n",
        "\"a/b\": \"\u{e9}\"\n\"c d\": e\n",
        "a: https://x.example/y\nb: 2001:db8::/32\nc: 2026.11.22\nd: a:b:c\n",
        "a: {b: 1, \"c\": d:e}\n",
        "a: 5919ac5\nb: {c: 54b7f631, d: 1x}\ne:\n  - .svc\n  - .cluster.local\n",
        "a:\n    {b: c, d: [e, f]}\ng:\n  h:\n    \"i\"\n  j:\n   [k, l]\nm:\n  n o\n",
    ];
    for text in texts {
        let (fast, slow) = both(text);
        assert!(fast.is_some(), "{text:?} is plain");
        assert_eq!(fast, slow, "{text:?}");
    }
}

#[test]
fn what_is_not_plain_is_left_to_the_whole_reader() {
    let texts = [
        "",
        "# only\n",
        "a: 1\na: 2\n",
        "a: b\n  c\n",
        "a: \"b\\n\"\n",
        "a: 'b''c'\n",
        "a: |\n  b\n",
        "a: &x b\n",
        "a: *x\n",
        "a: !t b\n",
        "a: b # c\n",
        "a:\n",
        "a: []\n",
        "a: {}\n",
        "a: [b,]\n",
        "a:\tb\n",
        "- - a\n",
        "-\n  a: b\n",
        "? a\n: b\n",
        "null: a\n",
        "a: NULL\n",
        "a: ~\n",
        "a: 0755\n",
        "a: 1_000\n",
        "a: 1.5\n",
        "a: 0x1F\n",
        "a: -1\n",
        "a: True\n",
        "a: .inf\n",
        "a: .NaN\n",
        "a: .5\n",
        "a: 0b1\n",
        "a: 12e03\n",
        "a: nan\n",
        "a: b: c\n",
        "a: b:\n",
        "<<: a\n",
        "a: b\n...\n",
        "--- a\n",
        "---\n---\na: b\n",
        "a: b\r\nc: d\n",
        "a: \"b\u{2028}c\"\n",
        "\u{FEFF}a: b\n",
        "a: [b\n  ,c]\n",
        "a: x,y\n",
        "a: b\n c: d\n",
        "a:\n  b: c\n d: e\n",
        "- a\nb: c\n",
        "a: b\n- c\n",
        "a: 1e3\n",
        "1: a\n",
        "a: \"b\" c\n",
    ];
    for text in texts {
        assert_eq!(both(text).0, None, "{text:?}");
    }
}

/// Lines of plain files and pieces that make them something else.
const PIECES: [&str; 34] = [
    "a: b",
    "c:",
    "- ",
    "d",
    "  ",
    "    ",
    "\n",
    "\n",
    "\n",
    "\n  ",
    "\n- ",
    "[x, y]",
    "{k: v, l: [m]}",
    "\"q r\"",
    "'s'",
    ": ",
    ":",
    " #",
    "---\n",
    "10.0.0.0/8",
    "443",
    "0",
    "true",
    "null",
    "*x",
    "&x ",
    "|",
    "\\",
    "\u{e9}",
    "e: f\n",
    "  g: h\n",
    "  - i\n",
    "-",
    ",",
];

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(4_000))]

    #[test]
    fn the_fast_way_never_reads_what_the_whole_reader_does_not(picks in proptest::collection::vec(0..PIECES.len(), 1..24)) {
        let text: String = picks.into_iter().map(|pick| PIECES[pick]).collect();
        let (fast, slow) = both(&text);
        if fast.is_some() {
            proptest::prop_assert_eq!(fast, slow, "{:?}", text);
        }
    }
}

#[test]
fn shipped_catalogs_and_their_damaged_copies_are_read_alike() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("catalog");
    let mut plain = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let (fast, slow) = both(&text);
        assert!(fast.is_none() || fast == slow, "{}", path.display());
        plain += usize::from(fast.is_some());
        for left_out in (0..lines.len()).step_by(23) {
            let rest = lines.iter().enumerate().filter(|(at, _)| *at != left_out);
            let damaged: Vec<&str> = rest.map(|(_, line)| *line).collect();
            let (fast, slow) = both(&damaged.join("\n"));
            assert!(fast.is_none() || fast == slow, "{} without line {left_out}", path.display());
        }
    }
    assert!(plain > 3, "{plain} of the shipped catalogs are plain");
}
