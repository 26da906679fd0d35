//! Overlays: each kind of change, their order, where each comes from, and what is refused.

use crate::never_wider::{damages, keys, name};
use crate::projects::OVERLAY;
use crate::shipped::castai_tree;
use egressor::catalog::{Catalog, EndpointDocument, How, Overlay, SHIPPED, Selection, select, with_overlays};
use egressor::diag::{Code, Finding, Severity, Source, any_error};
use egressor::syntax::yaml;
use std::sync::Arc;

fn base() -> Arc<Source> {
    Arc::new(Source::new("castai (shipped)", SHIPPED[0].1))
}

/// The shipped catalog with overlays, named `1.yaml`, `2.yaml`, …, unless anything is wrong.
fn with(overlays: &[&str]) -> Result<Catalog, Vec<Finding>> {
    let (catalog, findings) = loaded(overlays);
    catalog.filter(|_| !any_error(&findings)).ok_or(findings)
}

/// The shipped catalog with overlays, and all that is found.
fn loaded(overlays: &[&str]) -> (Option<Catalog>, Vec<Finding>) {
    let mut all = Vec::new();
    for (text, number) in overlays.iter().zip(1..) {
        let source = Arc::new(Source::new(format!("{number}.yaml"), *text));
        let root = yaml::parse(&source, Code::CatalogSyntax).expect("YAML").remove(0);
        let (overlay, findings) = Overlay::read(root, &source);
        match overlay {
            Some(overlay) => all.push(overlay),
            None => return (None, findings),
        }
    }
    with_overlays(&castai_tree(), &base(), &all)
}

fn overlay(body: &str) -> String {
    let mut text = "schema: egressor/overlay/v1\nextends: castai\n".to_owned();
    for (key, default) in
        [("disable:", "disable: none\n"), ("override:", "override: none\n"), ("set:", "set: none\n")]
    {
        if !body.contains(key) {
            text.push_str(default);
        }
    }
    text + body
}

fn endpoint<'a>(catalog: &'a Catalog, id: &str) -> &'a EndpointDocument {
    catalog.endpoints().find(|endpoint| endpoint.id.value.as_str() == id).expect("the endpoint")
}

#[test]
fn every_kind_of_change_is_made_and_keeps_its_place() {
    let catalog = with(&[OVERLAY]).expect("sound");
    assert_eq!(endpoint(&catalog, "registry").hosts_in(&[])[0].as_str(), "registry.example.com");
    assert!(endpoint(&catalog, "registry").image_namespace.is_none());
    assert_eq!(endpoint(&catalog, "old-mirror").hosts_in(&[])[0].as_str(), "old.example.com");
    assert_eq!(catalog.document.owner.as_ref().expect("an owner").value.as_str(), "platform");
    assert_eq!(catalog.settings["api_server"].0, "10.8.0.1/32");
    let tags = |id: &str| endpoint(&catalog, id).tags.as_ref().expect("tags").value.0.len();
    assert!(tags("api") >= 2 && tags("old-mirror") == 1);
    // The earlier of the endpoint's day and the catalog's.
    let last = |id: &str| catalog.expires(endpoint(&catalog, id)).expect("a day").to_string();
    assert_eq!((last("helm-archive").as_str(), last("api").as_str()), ("2026-11-21", "2027-06-30"));
    let place =
        &catalog.changes.iter().find(|change| change.key.as_deref() == Some("host")).expect("the change");
    assert_eq!((place.how, place.was.as_deref()), (How::Changed, Some("us-docker.pkg.dev")));
    let line = place.place.source.line_column(place.place.span.start).0;
    assert_eq!((place.place.source.name(), line), ("1.yaml", 7));
    let selection = Selection { regions: vec!["us".to_owned()], all_regions: false, ..Selection::default() };
    let catalogs = [catalog];
    let (selected, _) = select(&catalogs, &selection);
    let left: Vec<&str> = selected[0].left_out.iter().map(|left| left.why.as_str()).collect();
    assert_eq!(left.iter().filter(|why| **why == "disabled by 1.yaml:5").count(), 2, "{left:?}");
}

#[test]
fn the_last_of_several_overlays_wins_and_all_are_told() {
    let first = overlay(
        "override: [{id: registry, key: host, value: a.example.com}]\nset: {owner: a, expires: keep}\n",
    );
    let second = overlay(
        "override: [{id: registry, key: host, value: b.example.com}]\nset: {owner: b, expires: keep}\n",
    );
    let catalog = with(&[&first, &second]).expect("sound");
    assert_eq!(endpoint(&catalog, "registry").hosts_in(&[])[0].as_str(), "b.example.com");
    assert_eq!(catalog.document.owner.as_ref().expect("an owner").value.as_str(), "b");
    let told: Vec<(&str, &str)> = catalog
        .changes
        .iter()
        .filter(|change| change.key.as_deref() == Some("host"))
        .map(|change| (change.place.source.name(), change.was.as_deref().expect("a value before")))
        .collect();
    assert_eq!(told, [("1.yaml", "us-docker.pkg.dev"), ("2.yaml", "a.example.com")]);
    assert_ne!(
        catalog.canonical,
        with(&[&second, &first]).expect("sound").canonical,
        "the order is in the digest"
    );
}

#[test]
fn an_overlay_that_names_what_is_not_there_is_refused_where_it_does() {
    for (body, words) in [
        ("disable: [registri]\n", "did you mean `registry`?"),
        ("override: [{id: apy, key: host, value: x.example.com}]\n", "did you mean `api`?"),
        ("override: [{id: api, key: hots, value: x.example.com}]\n", "did you mean `host`?"),
        ("override: [{id: api, key: paths, remove: true}]\n", "has no `paths`"),
        ("override: [{id: api, key: ports}]\n", "exactly one of `value` and `remove: true`"),
        ("override: [{id: api, key: ports, value: [443/tcp], remove: true}]\n", "exactly one of"),
        ("override: [{id: api, key: ports, remove: false}]\n", "exactly one of"),
        ("override: [{id: api, key: id, value: x}]\n", "no key of an endpoint that can be changed"),
        ("override: [{id: api, key: ports, value: [70000/tcp]}]\n", "70000"),
        ("override: [{id: api, key: feature, value: cor}]\n", "the feature `cor` is not defined"),
        ("override: [{id: registry, key: image_namespace, remove: true}]\n", "a shared host needs"),
        ("override: [{id: api, key: expires, value: 31.12.2026}]\n", "is not a date"),
        ("set: {owner: a}\n", "`expires` is missing"),
        ("set: {expires: nevr}\n", "did you mean `never`?"),
        ("disable:\n", "not nothing"),
        ("disable: []\n", "the list is empty"),
        ("sources: {page: {title: x}}\n", "in `sources` of the catalog already"),
        ("disabel: none\n", "did you mean `disable`?"),
    ] {
        let findings = with(&[&overlay(body)]).expect_err(body);
        let said: Vec<String> =
            findings.iter().map(|finding| egressor::report::human(finding, false)).collect();
        assert!(said.iter().any(|said| said.contains(words)), "{body}: {said:?}");
        let placed =
            |finding: &Finding| finding.place.as_ref().is_some_and(|place| place.source.name() == "1.yaml");
        // What the merged catalog lacks is told where the catalog should have it.
        assert!(findings.iter().any(placed) || words == "a shared host needs", "{body}: {said:?}");
    }
}

#[test]
fn a_later_overlay_overrides_a_variable_and_both_are_told() {
    let variable = |cidr: &str| overlay(&format!("variables: {{pod_cidr: {cidr}}}\n"));
    let (wide, narrow) = (variable("10.0.0.0/8"), variable("10.4.0.0/14"));
    for (first, second, severity) in [(&wide, &narrow, Severity::Note), (&narrow, &wide, Severity::Warning)] {
        // Without the word for it, it is an error: the line would be lost without a trace, and the earlier value be back.
        let refused = with(&[first, second]).expect_err("twice");
        assert!(refused.iter().any(|it| it.code == Code::CatalogDuplicate), "{refused:?}");
        let second = &format!("{second}overrides: [pod_cidr]\n");
        let (catalog, findings) = loaded(&[first, second]);
        let catalog = catalog.expect("sound");
        let (value, place) = &catalog.settings["pod_cidr"];
        assert!(second.contains(value.as_str()));
        assert_eq!(place.source.name(), "2.yaml");
        let told: Vec<_> = findings.iter().filter(|it| it.code == Code::CatalogOverridden).collect();
        assert_eq!(told.len(), 1, "{findings:?}");
        assert_eq!(told[0].severity, severity, "{}", told[0].message);
        assert!(told[0].message.contains("of `1.yaml:"), "{}", told[0].message);
        assert_eq!(told[0].place.as_ref().expect("a place").source.name(), "2.yaml");
        let set = catalog.changes.iter().filter(|change| change.key.as_deref() == Some("variables.pod_cidr"));
        let set: Vec<(&str, Option<&str>)> =
            set.map(|change| (change.place.source.name(), change.was.as_deref())).collect();
        let was = if severity == Severity::Note { "10.0.0.0/8" } else { "10.4.0.0/14" };
        assert_eq!(set, [("1.yaml", None), ("2.yaml", Some(was))]);
    }
    // The word without the value, or without an earlier one, is an error.
    for overlays in [
        [wide.as_str(), &overlay("overrides: [pod_cidr]\n")],
        [&overlay(""), &format!("{wide}overrides: [pod_cidr]\n")],
    ] {
        let refused = with(&overlays).expect_err("nothing is overridden");
        assert!(refused.iter().any(|it| it.code == Code::CatalogReference), "{refused:?}");
    }
    // The same value twice is said twice, and nothing else.
    let (_, findings) = loaded(&[&wide, &wide]);
    assert!(findings.iter().all(|finding| finding.code != Code::CatalogOverridden), "{findings:?}");
}

#[test]
fn a_variable_that_is_no_block_is_told_when_it_is_overridden_and_no_password_is() {
    let proxy = |url: &str| overlay(&format!("variables: {{proxy: \"{url}\"}}\n"));
    let second = proxy("http://10.0.0.2:3128") + "overrides: [proxy]\n";
    let (catalog, findings) = loaded(&[&proxy("http://me:hunter2@10.0.0.1:3128"), &second]);
    let told = findings.iter().find(|it| it.code == Code::CatalogOverridden).expect("a finding");
    assert_eq!(told.severity, Severity::Warning);
    assert!(told.message.contains("10.0.0.1") && !told.message.contains("hunter2"), "{}", told.message);
    let changes =
        format!("{:?}", catalog.expect("sound").changes.iter().map(|it| &it.was).collect::<Vec<_>>());
    assert!(changes.contains("10.0.0.1") && !changes.contains("hunter2"), "{changes}");
}

#[test]
fn a_variable_twice_in_one_overlay_is_refused() {
    let text = overlay("variables: {pod_cidr: 10.0.0.0/8, pod_cidr: 10.4.0.0/14}\n");
    let source = Arc::new(Source::new("1.yaml", text));
    let finding = yaml::parse(&source, Code::CatalogSyntax).expect_err("twice");
    assert!(finding.message.contains("pod_cidr"), "{}", finding.message);
}

#[test]
fn no_damage_to_a_later_overlay_brings_back_what_the_earlier_one_said() {
    let first = overlay("variables: {pod_cidr: 10.0.0.0/8}\n");
    let second = overlay("variables: {pod_cidr: 10.4.0.0/14}\noverrides: [pod_cidr]\n");
    let read = |text: &str, number: u8| {
        let source = Arc::new(Source::new(format!("{number}.yaml"), text));
        (yaml::parse(&source, Code::CatalogSyntax).expect("YAML").remove(0), source)
    };
    let ((first, first_source), (original, source)) = (read(&first, 1), read(&second, 2));
    let mut ways = Vec::new();
    keys(&original, &mut Vec::new(), &mut ways);
    let (mut refused, mut accepted) = (0, 0);
    for way in &ways {
        for (what, mutant) in damages(&original, way) {
            let (earlier, _) = Overlay::read(first.clone(), &first_source);
            let (later, found) = Overlay::read(mutant, &source);
            let overlays: Vec<Overlay> = earlier.into_iter().chain(later).collect();
            let (catalog, more) = with_overlays(&castai_tree(), &base(), &overlays);
            let sound = overlays.len() == 2 && !any_error(&found) && !any_error(&more);
            match catalog.filter(|_| sound) {
                None => refused += 1,
                Some(catalog) => {
                    accepted += 1;
                    assert_ne!(
                        catalog.settings["pod_cidr"].0,
                        "10.0.0.0/8",
                        "{} {what}",
                        name(&original, way)
                    );
                }
            }
        }
    }
    assert!(refused > 30 && accepted > 0, "{refused} refused, {accepted} accepted");
}
