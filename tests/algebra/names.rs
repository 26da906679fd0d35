//! Names against a naive model of them: texts, compared label by label.

use super::pieces::{
    GROUPS, Op, PATHS, combined, group_points, groups, hosts, name_points, names, pattern, patterns_of,
};
use egressor::packet::{GroupSet, Hostname, NamePattern, NameSet};
use proptest::prelude::*;

/// What a pattern means, said without any key.
fn means(pattern: &NamePattern, host: &Hostname, path: &str) -> bool {
    let below = |parent: &Hostname| host.as_str().strip_suffix(&format!(".{parent}")).map(str::to_owned);
    match pattern {
        NamePattern::Any => true,
        NamePattern::Host(only) => host == only,
        NamePattern::Path(only, prefix) => host == only && path.starts_with(prefix.as_str()),
        NamePattern::Tree(top) => host == top || below(top).is_some(),
        NamePattern::Below(top) => below(top).is_some(),
        NamePattern::OneBelow(top) => below(top).is_some_and(|head| !head.contains('.')),
    }
}

/// The set that the rows of `patterns` stand for, after checking that no two of them overlap.
fn rebuild(set: &NameSet) -> NameSet {
    let mut rebuilt = NameSet::default();
    for (names, except) in set.patterns() {
        assert!(!names.is_empty(), "a row without names");
        let row = NameSet::of(&names).subtract(&NameSet::of(&except));
        assert!(row.intersect(&rebuilt).is_empty(), "rows overlap: {:?}", set.patterns());
        assert!(!row.is_empty(), "an empty row: {:?}", set.patterns());
        rebuilt = rebuilt.union(&row);
    }
    rebuilt
}

fn written(set: &NameSet) -> Vec<(Vec<String>, Vec<String>)> {
    let text = |patterns: Vec<NamePattern>| patterns.iter().map(ToString::to_string).collect();
    set.patterns().into_iter().map(|(names, except)| (text(names), text(except))).collect()
}

fn every_pattern() -> Vec<NamePattern> {
    let mut patterns: Vec<NamePattern> = hosts().iter().flat_map(patterns_of).collect();
    patterns.push(NamePattern::Any);
    patterns
}

#[test]
fn every_pattern_means_what_the_model_says() {
    for pattern in every_pattern() {
        let set = pattern.names();
        for (host, path) in name_points() {
            let asked = means(&pattern, &host, &path);
            assert_eq!(set.contains_host(&host, &path), asked, "{pattern} of {host}{path}");
        }
        assert_eq!(rebuild(&set), set, "{pattern}");
    }
}

#[test]
fn every_two_patterns_combine_and_decompose() {
    // Patterns about the same host, about a host and one below it, and about strangers.
    let few: Vec<NamePattern> = ["a", "a.a", "b.a", "a.a.a", "b"]
        .iter()
        .flat_map(|host| patterns_of(&host.parse().unwrap()))
        .chain([NamePattern::Any])
        .collect();
    let points = name_points();
    for left in &few {
        for right in &few {
            for op in [Op::Union, Op::Intersect, Op::Subtract] {
                let set = op.apply(&left.names(), &right.names());
                assert_eq!(rebuild(&set), set, "{left} {op:?} {right}: {:?}", written(&set));
                for (host, path) in points.iter().step_by(7) {
                    let asked = op.holds(means(left, host, path), means(right, host, path));
                    assert_eq!(set.contains_host(host, path), asked, "{left} {op:?} {right} at {host}{path}");
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_combination_decomposes_exactly(set in names()) {
        prop_assert_eq!(rebuild(&set), set.clone(), "{:?}", written(&set));
        let rest = set.complement();
        prop_assert_eq!(rebuild(&rest), rest.clone(), "{:?}", written(&rest));
    }

    #[test]
    fn combinations_mean_what_the_model_says(
        pieces in prop::collection::vec((super::pieces::op(), pattern()), 1..8),
    ) {
        let set = pieces.iter().fold(NameSet::default(), |set, (op, pattern)| op.apply(&set, &pattern.names()));
        for (host, path) in name_points().iter().step_by(3) {
            let asked = pieces.iter().fold(false, |held, (op, pattern)| op.holds(held, means(pattern, host, path)));
            prop_assert_eq!(set.contains_host(host, path), asked, "{}{}", host, path);
        }
    }

    #[test]
    fn patterns_do_not_depend_on_how_the_set_was_made(a in names(), b in names()) {
        prop_assert_eq!(written(&a.union(&b)), written(&b.union(&a)));
    }

    #[test]
    fn paths_of_one_host_decompose_exactly(
        pieces in prop::collection::vec((super::pieces::op(), "/[abc]{0,3}"), 1..10),
    ) {
        let host: Hostname = "h.example".parse().unwrap();
        let set = pieces.iter().fold(NamePattern::Host(host.clone()).names(), |set, (op, path)| {
            op.apply(&set, &NamePattern::Path(host.clone(), path.parse().unwrap()).names())
        });
        prop_assert_eq!(rebuild(&set), set.clone(), "{:?}", written(&set));
        let rest = set.complement();
        prop_assert_eq!(rebuild(&rest), rest.clone(), "{:?}", written(&rest));
    }

    #[test]
    fn groups_decompose_exactly(set in combined(groups())) {
        let (held, left_out) = set.names();
        prop_assert_eq!(held.is_empty(), set.is_empty());
        prop_assert_eq!(rebuild_groups(&held, &left_out), set);
    }
}

/// The set that `GroupSet::names` stands for; a group whose name begins like an escape or is a star is written with
/// a backslash before it.
pub(crate) fn rebuild_groups(held: &[String], left_out: &[String]) -> GroupSet {
    let plain = |names: &[String]| {
        let names: Vec<String> =
            names.iter().map(|name| name.strip_prefix('\\').unwrap_or(name).to_owned()).collect();
        GroupSet::of(names.iter().map(String::as_str))
    };
    if held == ["*"] { GroupSet::full().subtract(&plain(left_out)) } else { plain(held) }
}

fn set_of(patterns: &[NamePattern]) -> NameSet {
    NameSet::of(patterns)
}

fn host(name: &str) -> Hostname {
    name.parse().unwrap()
}

fn path(name: &str, path: &str) -> NamePattern {
    NamePattern::Path(host(name), path.parse().unwrap())
}

fn row(names: &[&str], except: &[&str]) -> (Vec<String>, Vec<String>) {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    (owned(names), owned(except))
}

#[test]
fn a_tree_without_the_hosts_one_below_keeps_itself_and_the_deeper_ones() {
    let set = NamePattern::Tree(host("a.b")).names().subtract(&NamePattern::OneBelow(host("a.b")).names());
    assert_eq!(written(&set), [row(&[".a.b"], &["?.a.b"])]);
    assert!(set.contains_host(&host("a.b"), "/") && set.contains_host(&host("x.y.a.b"), "/"));
    assert!(!set.contains_host(&host("x.a.b"), "/"));
}

#[test]
fn paths_that_touch_are_all_named() {
    let three = set_of(&[path("h.b", "/a"), path("h.b", "/b"), path("h.b", "/c"), path("h.b", "/d")]);
    assert_eq!(written(&three), [row(&["=h.b/a", "=h.b/b", "=h.b/c", "=h.b/d"], &[])]);
    let rest = NamePattern::Host(host("h.b")).names().subtract(&three);
    assert_eq!(written(&rest), [row(&["=h.b"], &["=h.b/a", "=h.b/b", "=h.b/c", "=h.b/d"])]);
    // The middle one begins inside what its neighbour leaves open.
    let hole = set_of(&[path("h.b", "/`"), path("h.b", "/a"), path("h.b", "/b")])
        .subtract(&path("h.b", "/aa").names());
    assert_eq!(written(&hole), [row(&["=h.b/`", "=h.b/a", "=h.b/b"], &["=h.b/aa"])]);
}

#[test]
fn exceptions_may_have_exceptions() {
    let set = NameSet::full()
        .subtract(&NamePattern::Tree(host("b")).names())
        .union(&NamePattern::Tree(host("a.b")).names())
        .union(&NamePattern::Host(host("c.b")).names())
        .subtract(&NamePattern::Host(host("x.a.b")).names())
        .union(&path("x.a.b", "/p/").names());
    assert_eq!(rebuild(&set), set);
    assert_eq!(
        written(&set),
        [row(&["*"], &[".b"]), row(&[".a.b", "=c.b"], &["=x.a.b"]), row(&["=x.a.b/p/"], &[])],
        "as many rows as levels"
    );
}

#[test]
fn a_star_without_a_host_and_an_empty_set() {
    let set = NameSet::full().subtract(&NamePattern::Host(host("a.b")).names());
    assert_eq!(written(&set), [row(&["*"], &["=a.b"])]);
    assert!(NameSet::default().patterns().is_empty());
    assert_eq!(written(&NameSet::full()), [row(&["*"], &[])]);
    // Naming every top-level domain there is in the model is not the same as naming everything.
    let tops = set_of(&[NamePattern::Tree(host("a")), NamePattern::Tree(host("b"))]);
    assert_ne!(tops, NameSet::full());
}

#[test]
fn labels_that_begin_alike_are_strangers() {
    let tree = NamePattern::Tree(host("ample.com")).names();
    for stranger in ["example.com", "ample.co", "ample.com.evil", "ample.comx", "x-ample.com", "ample", "com"]
    {
        assert!(!tree.contains_host(&host(stranger), "/"), "{stranger}");
    }
    for member in ["ample.com", "x.ample.com", "_x.ample.com"] {
        assert!(tree.contains_host(&host(member), "/"), "{member}");
    }
}

#[test]
fn a_path_may_hold_any_bytes_behind_its_prefix() {
    let set = path("h.b", "/a").names();
    for inside in ["/a", "/a/", "/a\u{7f}", "/a\u{10FFFF}", "/a\0", "/a b", "/aaaa", "a", "a/b"] {
        assert!(set.contains_host(&host("h.b"), inside), "{inside:?}");
    }
    for outside in ["/", "", "*", "/b", "//a", "/A", "A"] {
        assert!(!set.contains_host(&host("h.b"), outside), "{outside:?}");
    }
    // A host stands for all of its paths, and a path that does not start at the root is read as if it did.
    let whole = NamePattern::Host(host("h.b")).names();
    for any in ["/", "", "a", "*", "\u{10FFFF}", "0", "\0"] {
        assert!(whole.contains_host(&host("h.b"), any), "{any:?}");
    }
}

#[test]
fn the_longest_names_have_their_place() {
    let label = "a".repeat(63);
    let longest = host(&format!("{label}.{label}.{label}.{}", "a".repeat(61)));
    let set = NamePattern::Host(longest.clone()).names();
    assert!(set.contains_host(&longest, "/") && !set.contains_host(&host(&label), "/"));
    assert_eq!(written(&set), [row(&[&format!("={longest}")], &[])]);
}

#[test]
fn many_patterns_are_decomposed_in_near_linear_time() {
    let hosts: Vec<NamePattern> =
        (0..20_000).map(|n| NamePattern::Tree(host(&format!("h{n}.example.com")))).collect();
    let set = NamePattern::Below(host("example.com")).names().subtract(&set_of(&hosts));
    let rows = set.patterns();
    assert_eq!(
        rows.iter().map(|(names, except)| (names.len(), except.len())).collect::<Vec<_>>(),
        [(1, 20_000)]
    );
}

#[test]
fn every_finite_and_cofinite_set_of_awkward_groups_decomposes() {
    for mask in 0..1_u32 << GROUPS.len() {
        let chosen = GROUPS.iter().enumerate().filter(|(bit, _)| mask >> bit & 1 == 1).map(|(_, name)| *name);
        let set = GroupSet::of(chosen.clone());
        let (held, left_out) = set.names();
        assert_eq!(rebuild_groups(&held, &left_out), set);
        assert_eq!(held.len(), chosen.clone().count());
        let rest = set.complement();
        let (held, left_out) = rest.names();
        assert_eq!(rebuild_groups(&held, &left_out), rest);
        for name in group_points() {
            assert_eq!(set.contains_group(name), chosen.clone().any(|chosen| chosen == name));
            assert_eq!(rest.contains_group(name), !set.contains_group(name));
        }
    }
}

#[test]
fn the_paths_of_the_model_touch_and_nest() {
    // What the other tests lean on: neighbours without a gap, and prefixes of prefixes.
    assert!(PATHS.windows(2).all(|pair| pair[0] < pair[1]));
    assert!(["/a", "/b", "/c", "/d"].iter().all(|path| PATHS.contains(path)));
}
