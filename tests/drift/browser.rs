//! Reports in a real browser: what a reader meets, with a mouse, a keyboard, on paper, and without a script.

use super::common::hostile::HOSTILE;
use super::common::policies::{addrs, plain};
use super::common::real;
use super::common::verdicts::Verdicts;
use super::html::{ATTRIBUTES, ELEMENTS, hostile_page, large_page, page, rule, set};
use egressor::packet::PeerSet;
use egressor::policy::Policy;
use egressor::syntax::text::one_line;
use serde_json::{Value, json};
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// What the browser of the machine saw of pages, or nothing when there is none.
fn seen(pages: &[(&str, String, &str)]) -> Option<Vec<Value>> {
    let folder = tempfile::tempdir().unwrap();
    let mut asked = Vec::new();
    for (name, page, search) in pages {
        let file = folder.path().join(format!("{name}.html"));
        fs::write(&file, page).unwrap();
        asked.push(json!({"file": file, "search": search}));
    }
    let Some(browser) = ["chromium", "chromium-browser", "google-chrome"]
        .iter()
        .flat_map(|name| ["/usr/bin", "/usr/local/bin"].map(|folder| Path::new(folder).join(name)))
        .find(|path| path.exists())
    else {
        real::skipped("Chromium", pages.len(), "it is not installed");
        return None;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/drift/browser.py");
    let mut child = Command::new("python3")
        .arg(script)
        .arg(browser)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(serde_json::to_string(&asked).unwrap().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

fn words(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|it| it.as_str().unwrap().to_owned()).collect()
}

/// What holds of every page.
fn looks(seen: &Value, rows: usize, claim: &mut dyn FnMut(&str, bool, &Value)) {
    claim("no error, no exception, no request", seen["trouble"] == json!([]), &seen["trouble"]);
    let light = &seen["light"];
    let known = words(&light["tags"]).iter().all(|tag| ELEMENTS.contains(&tag.as_str()));
    claim("only known elements", known, &light["tags"]);
    let known = words(&light["attributes"])
        .iter()
        .all(|it| ATTRIBUTES.iter().any(|known| known.eq_ignore_ascii_case(it)));
    claim("only known attributes", known, &light["attributes"]);
    claim("no link leads out", words(&light["links"]).iter().all(|it| it.starts_with('#')), &light["links"]);
    if rows <= 1000 {
        claim("everything has a name", seen["unnamed"] == json!([]), &seen["unnamed"]);
        claim("there is a main part", words(&seen["roles"]).contains(&"main".to_owned()), &seen["roles"]);
    }
    for view in ["light", "dark"] {
        let contrast = seen[view]["contrast"].as_f64().unwrap();
        claim(&format!("{view} can be read"), contrast >= 4.5, &seen[view]["contrast"]);
    }
    claim("dark is dark", light["paper"] != seen["dark"]["paper"], &seen["dark"]["paper"]);
    claim("a narrow page does not scroll sideways", seen["narrow"]["scrolls"] == json!(false), &Value::Null);
    claim(
        "all rows are there",
        light["rows"] == json!(rows) && light["visible"] == json!(rows),
        &light["rows"],
    );
    let still = seen["without script"].as_str().unwrap();
    claim("without a script nothing filters", !still.contains("Show all"), &seen["without script"]);
    let drawn = ["opens", "closes", "may open"].map(|word| still.matches(word).count()).iter().sum::<usize>();
    // Of many rows only those are drawn that are in sight.
    claim("without a script all rows are drawn", drawn >= rows.min(200), &json!(drawn));
}

/// What holds of a page with rows.
fn filters(seen: &Value, rows: usize, search: &str, claim: &mut dyn FnMut(&str, bool, &Value)) {
    claim("a slash leads to the search", seen["typed"]["focus"] == json!("search"), &seen["typed"]["focus"]);
    let visible = seen["typed"]["visible"].as_u64().unwrap();
    claim(
        &format!("{search} is found"),
        visible > 0 && visible < u64::try_from(rows).unwrap(),
        &json!(visible),
    );
    let told = format!("{visible} of {rows} rows");
    claim("it is told how many", seen["typed"]["told"] == json!(told), &seen["typed"]["told"]);
    let left = words(&seen["unchecked"]["kinds"]);
    claim("what opens can be hidden", !left.contains(&"opens".to_owned()), &seen["unchecked"]["kinds"]);
    claim("nothing is found", seen["nothing"]["visible"] == json!(0), &seen["nothing"]["visible"]);
    claim("all come back", seen["reset"]["visible"] == json!(rows), &seen["reset"]["visible"]);
}

#[test]
fn a_browser_opens_filters_and_prints_a_report() {
    let sources = ["a".to_owned(), "b".to_owned()];
    let few = |port: u16| {
        let why = plain("endpoint");
        Policy::new(vec![
            set(
                "one",
                vec![
                    rule(port, PeerSet::all_addrs(), &why),
                    rule(port + 1, PeerSet::from(addrs(&["203.0.113.0/24"])), &why),
                ],
            ),
            set("two", vec![rule(port + 5, PeerSet::from(addrs(&["10.0.0.0/8"])), &plain("needle"))]),
        ])
    };
    let pages = [
        ("few", page(&few(443), &few(8443), &sources, &[]), "needle"),
        ("equal", page(&few(443), &few(443), &sources, &[]), ""),
        ("hostile", hostile_page(), "<script>"),
        ("large", large_page(5_000), "needle"),
    ];
    let Some(seen) = seen(&pages) else { return };
    let mut verdicts = Verdicts::of("Chromium", "reports");
    for ((name, page, search), seen) in pages.iter().zip(&seen) {
        let mut claim = |what: &str, holds: bool, found: &Value| {
            verdicts.case(holds, || format!("{name}: {what}: {found:.2000}"));
        };
        let rows = page.matches("data-kind=").count();
        looks(seen, rows, &mut claim);
        if rows > 0 {
            filters(seen, rows, search, &mut claim);
        }
    }
    let of = |name: &str| {
        pages.iter().zip(&seen).find(|((page, ..), _)| *page == name).map(|(_, seen)| seen).unwrap()
    };
    assert_eq!(of("large")["typed"]["visible"], json!(1));
    let text = of("hostile")["light"]["text"].as_str().unwrap();
    for hostile in HOSTILE {
        let shown = one_line(hostile);
        let start: String = shown.chars().take(40).collect();
        verdicts.case(text.contains(start.trim()), || format!("`{shown}` is not in the text"));
    }
    let folded = of("hostile")["print"].as_str().unwrap();
    verdicts.case(folded.contains("about this comparison") && folded.contains("read/unmodelled"), || {
        "what is folded is not printed".to_owned()
    });
    verdicts.close();
}
