//! Templates lay out and never decide: no comparison of values, and no string that its syntax does not quote.

use super::tree;

/// What templates print without a filter because it is not a string that anybody writes: template, expression, why.
const NOT_STRINGS: &[(&str, &str, &str)] = &[
    ("aws-network-firewall-domains.tf.tera", "capacity", "a number"),
    ("aws-network-firewall.tf.tera", "capacity", "a number"),
    ("aws-security-group.tf.tera", "range.from", "a number"),
    ("aws-security-group.tf.tera", "range.to", "a number"),
    ("calico.yaml.tera", "policy.order", "a number"),
    ("change-request.csv.tera", "generated", "a block of the template, whose lines are quoted"),
    ("csv.csv.tera", "generated", "a block of the template, whose lines are quoted"),
    ("calico.yaml.tera", "way.field", "`egress` or `ingress`, a key of the format"),
    ("calico.yaml.tera", "way.peers", "`destination` or `source`, a key of the format"),
    ("calico.yaml.tera", "rule.number", "a number"),
    ("calico.yaml.tera", "rule.kind", "a number"),
    ("calico.yaml.tera", "rule.code", "a number"),
    ("cilium.yaml.tera", "way.field", "`egress` or `ingress`, a key of the format"),
    ("cilium.yaml.tera", "way.entities", "`toEntities` or `fromEntities`, a key of the format"),
    ("cilium.yaml.tera", "way.endpoints", "`toEndpoints` or `fromEndpoints`, a key of the format"),
    ("cilium.yaml.tera", "way.blocks", "`toCIDRSet` or `fromCIDRSet`, a key of the format"),
    ("cilium.yaml.tera", "name.field", "`matchName` or `matchPattern`, a key of the format"),
    ("cilium.yaml.tera", "port.last", "a number"),
    ("cilium.yaml.tera", "type.number", "a number"),
    ("azure-nsg.tf.tera", "rule.priority", "a number"),
    ("gcp-firewall.tf.tera", "rule.priority", "a number"),
    ("gcp-network-policy.tf.tera", "rule.priority", "a number"),
    ("azure-firewall.tf.tera", "priority", "a number"),
    ("azure-firewall.tf.tera", "protocol.port", "a number"),
    ("envoy.yaml.tera", "listener.port", "a number"),
    ("istio.yaml.tera", "port.number", "a number"),
    ("tinyproxy.conf.tera", "port", "a number"),
    ("network-policy.yaml.tera", "port.first", "a number"),
    ("network-policy.yaml.tera", "port.last", "a number"),
    ("network-policy.yaml.tera", "way.field", "`egress` or `ingress`, a key of the format"),
    ("network-policy.yaml.tera", "way.peers", "`to` or `from`, a key of the format"),
    ("openshift-egress-firewall.yaml.tera", "port.number", "a number"),
];

/// What stands between the marks of a template: `{{ … }}` and `{% … %}`, comments left out, strings blanked.
#[derive(Debug, PartialEq)]
enum Tag {
    /// Prints a value.
    Print(String),
    /// Loops, conditions and the like.
    Statement(String),
}

fn tags(template: &str) -> Vec<Tag> {
    let mut tags = Vec::new();
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        rest = &rest[open..];
        let close = match rest.get(..2) {
            Some("{{") => "}}",
            Some("{%") => "%}",
            Some("{#") => "#}",
            _ => {
                rest = &rest[1..];
                continue;
            }
        };
        let body = &rest[2..];
        let inner = blank_strings(body);
        let end = if close == "#}" { body.find(close) } else { inner.find(close) }.unwrap_or(body.len());
        let text = inner[..end].trim_matches('-').trim().to_owned();
        match close {
            "}}" => tags.push(Tag::Print(text)),
            "%}" => tags.push(Tag::Statement(text)),
            _ => {}
        }
        rest = body.get(end + 2..).unwrap_or_default();
    }
    tags
}

/// The text with what stands in quotes replaced, byte for byte. Only the first tag of it is looked at.
fn blank_strings(text: &str) -> String {
    let mut open = None;
    text.chars()
        .map(|char| match open {
            Some(quote) if char == quote => {
                open = None;
                char.to_string()
            }
            Some(_) => "_".repeat(char.len_utf8()),
            None => {
                open = Some(char).filter(|char| matches!(char, '"' | '\'' | '`'));
                char.to_string()
            }
        })
        .collect()
}

/// Comparisons of values in a template.
fn comparisons(name: &str, template: &str) -> Vec<String> {
    let compares = |text: &str| {
        let words: Vec<&str> = text.split_whitespace().collect();
        let decides = matches!(words.first(), Some(&("if" | "elif")));
        text.contains("==")
            || text.contains("!=")
            || text.contains(['<', '>'])
            || (decides && words.contains(&"in"))
    };
    tags(template)
        .into_iter()
        .map(|tag| match tag {
            Tag::Print(text) | Tag::Statement(text) => text,
        })
        .filter(|text| compares(text))
        .map(|text| format!("{name} compares values: {text}"))
        .collect()
}

/// Values that are printed as they are, or through something that is no quoting filter, or not through it last.
fn unquoted(name: &str, template: &str, filters: &[String], allowed: &[(&str, &str, &str)]) -> Vec<String> {
    let quoted = |text: &str| {
        let last = text.rsplit_once('|').map(|(_, filter)| filter.trim());
        last.is_some_and(|last| filters.iter().any(|filter| filter == last))
    };
    let excused =
        |text: &str| allowed.iter().any(|(template, expression, _)| *template == name && *expression == text);
    tags(template)
        .into_iter()
        .filter_map(|tag| match tag {
            Tag::Print(text) if !quoted(&text) && !excused(&text) => {
                Some(format!("{name} prints unquoted: {text}"))
            }
            Tag::Print(_) | Tag::Statement(_) => None,
        })
        .collect()
}

/// Entries of the table that the template does not print any more.
fn stale(name: &str, template: &str, allowed: &[(&str, &str, &str)]) -> Vec<String> {
    let printed = tags(template);
    let of_this = allowed.iter().filter(|(template, _, _)| *template == name);
    of_this
        .filter(|(_, expression, _)| !printed.contains(&Tag::Print((*expression).to_owned())))
        .map(|(_, expression, _)| format!("{name} does not print {expression}"))
        .collect()
}

/// The quoting filters, by the lines that register them.
fn registered_filters(render: &str) -> Vec<String> {
    let lines = render.lines().filter_map(|line| line.trim().strip_prefix("filter(tera, \""));
    lines.filter_map(|line| line.split_once('"')).map(|(name, _)| name.to_owned()).collect()
}

fn all_templates() -> Vec<(String, String)> {
    let files = tree::files("templates").into_iter();
    files.map(|(path, text)| (path.trim_start_matches("templates/").to_owned(), text)).collect()
}

#[test]
fn templates_compare_nothing_and_quote_everything() {
    let render = tree::files("src/render");
    let filters: Vec<String> = render.iter().flat_map(|(_, text)| registered_filters(text)).collect();
    assert!(filters.contains(&"yaml".to_owned()), "{filters:?}");
    let mut wrong = Vec::new();
    for (name, text) in all_templates() {
        wrong.extend(comparisons(&name, &text));
        wrong.extend(unquoted(&name, &text, &filters, NOT_STRINGS));
        wrong.extend(stale(&name, &text, NOT_STRINGS));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn tags_are_found_whatever_surrounds_them() {
    let template =
        "a { b } {{- x | yaml -}} {# {{ not | this }} == #} {%- if y %}{{ z | f(a=\"}}\") }}{% endif %}{";
    let print = |text: &str| Tag::Print(text.to_owned());
    let statement = |text: &str| Tag::Statement(text.to_owned());
    assert_eq!(
        tags(template),
        [print("x | yaml"), statement("if y"), print("z | f(a=\"__\")"), statement("endif")]
    );
}

#[test]
fn templates_that_decide_are_refused() {
    let compares = |template: &str| comparisons("t", template).len();
    assert_eq!(compares("{% for rule in rules %}{% if rule.last %}a == b < c{% endif %}{% endfor %}"), 0);
    assert_eq!(compares("{% if rule.action == \"allow\" %}"), 1);
    assert_eq!(compares("{%- if a != b -%}"), 1);
    assert_eq!(compares("{% if n > 3 %}{% elif n <= 2 %}"), 2);
    assert_eq!(compares("{{ a < b }}"), 1);
    assert_eq!(compares("{% if x in list %}{% if not x in list %}"), 2);
}

#[test]
fn strings_that_nothing_quotes_are_refused() {
    let filters = ["yaml".to_owned(), "line".to_owned()];
    let table = [("t", "port.first", "a number")];
    let refused = |name: &str, template: &str| unquoted(name, template, &filters, &table).len();
    assert_eq!(refused("t", "{{ a | yaml }}{{ b.c | trim | line }}{{ port.first }}{{- d|yaml -}}"), 0);
    assert_eq!(refused("t", "{{ a }}"), 1);
    assert_eq!(refused("t", "{{ a | upper }}"), 1);
    assert_eq!(refused("t", "{{ a | yaml | upper }}"), 1);
    assert_eq!(refused("t", "{{ a | safe }}"), 1);
    assert_eq!(refused("t", "{{ \"| yaml\" }}"), 1);
    // The table speaks of one template only.
    assert_eq!(refused("other", "{{ port.first }}"), 1);
    assert_eq!(stale("t", "{{ a | yaml }}", &table).len(), 1);
    assert_eq!(stale("t", "{{ port.first }}", &table).len(), 0);
}

#[test]
fn filters_are_read_from_where_they_are_registered() {
    let source =
        "    filter(tera, \"line\", text::one_line);\n    filter(tera, \"hcl\", hcl::quote);\nfn filter(tera";
    assert_eq!(registered_filters(source), ["line", "hcl"]);
}
