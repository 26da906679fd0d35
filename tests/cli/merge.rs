//! `merge`: lists of prefixes in, the shortest list out.

use crate::run::egressor;
use serde_json::Value;

/// Runs `merge` on lists; arguments that name one of them by its number become its path.
fn merge(lists: &[&str], arguments: &[&str]) -> (i32, String, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |at: usize| folder.path().join(at.to_string()).display().to_string();
    lists.iter().enumerate().for_each(|(at, list)| std::fs::write(path(at), list).expect("a file"));
    let named = |argument: &&str| argument.parse().map_or_else(|_| (*argument).to_owned(), path);
    let arguments: Vec<String> = arguments.iter().map(named).collect();
    let mut all = vec!["merge"];
    all.extend(arguments.iter().map(String::as_str));
    let run = egressor(&all);
    (run.code, run.stdout, run.stderr)
}

const A: &str = "10.0.0.0/25\n10.0.0.128/25 # the rest\n2001:db8::1\n";
const B: &str = "10.0.0.64-10.0.0.127\n192.0.2.1\n";

#[test]
fn lists_are_joined_met_subtracted_and_compared() {
    let cases: [(&[&str], &str); 5] = [
        (&["0", "1"], "10.0.0.0/24\n192.0.2.1/32\n2001:db8::1/128\n"),
        (&["0", "1", "--common"], "10.0.0.64/26\n"),
        (&["0", "--except", "1"], "10.0.0.0/26\n10.0.0.128/25\n2001:db8::1/128\n"),
        (&["0", "--diff", "1"], "10.0.0.0/26\n10.0.0.128/25\n192.0.2.1/32\n2001:db8::1/128\n"),
        (&["0", "--diff", "0"], ""),
    ];
    for (arguments, expected) in cases {
        let (code, out, errors) = merge(&[A, B], arguments);
        let differs = arguments.contains(&"--diff") && !expected.is_empty();
        assert_eq!((code, out.as_str()), (i32::from(differs), expected), "{arguments:?}: {errors}");
    }
}

#[test]
fn a_merged_list_stays_as_it_is() {
    let (_, once, _) = merge(&[A, B], &["0", "1"]);
    assert_eq!(merge(&[&once], &["0"]).1, once);
}

#[test]
fn a_wrong_line_is_named_and_nothing_is_printed() {
    let (code, out, errors) = merge(&["10.0.0.0/8\n10.0.0.1/8\n"], &["0"]);
    assert!(code == 2 && out.is_empty() && errors.contains(":2:1"), "{errors}");
    assert!(errors.contains("write `10.0.0.0/8` for the network"), "{errors}");
    assert_eq!(merge(&[A], &["0", "--common", "--diff", "0"]).0, 2);
}

#[test]
fn as_json_it_counts_the_addresses() {
    let (code, out, _) = merge(&[A], &["0", "--format", "json"]);
    let document: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((code, &document["addresses"]), (0, &Value::from("257")));
    assert_eq!(document["prefixes"], serde_json::json!(["10.0.0.0/24", "2001:db8::1/128"]));
}

#[test]
fn a_list_longer_than_what_is_read_at_once_is_read_whole() {
    let addresses: Vec<String> =
        (0..60_000_u32).map(|at| std::net::Ipv4Addr::from(at * 2).to_string()).collect();
    let long = addresses.join("\n") + "\n";
    let (code, out, errors) = merge(&[&long], &["0"]);
    assert_eq!((code, out.lines().count()), (0, 60_000), "{errors}");
    assert!(out.lines().eq(addresses.iter().map(|address| format!("{address}/32"))));
    // The last line is named by its number, though it was read long after the first.
    let (code, out, errors) = merge(&[&format!("{long}10.0.0.1/8")], &["0"]);
    assert!(code == 2 && out.is_empty() && errors.contains(":60001:1"), "{errors}");
    // A line longer than what is read at once is taken too.
    let (code, out, _) =
        merge(&[&format!("# {}\n10.0.0.0/8 # {}", "x".repeat(400_000), "y".repeat(400_000))], &["0"]);
    assert_eq!((code, out.as_str()), (0, "10.0.0.0/8\n"));
}
