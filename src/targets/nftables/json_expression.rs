//! Statements and expressions of the JSON as the words that `nft` prints for them.
//!
//! So both forms are understood by one reader. What has no words here becomes one that no reader knows, which makes the
//! rule a rule with an unmodelled condition.

use super::json::{elements, list, only, token};
use super::token::{Kind, Token};
use crate::syntax::yaml::{self, Node};

type Words = Vec<Token<'static>>;

/// The words of a statement.
pub(super) fn statement(node: &Node) -> Words {
    if let Some(words) = verdict(node) {
        return words;
    }
    let Some((kind, body)) = only(node) else {
        // A chain without a name is printed as text.
        let is_jump = node.as_str().is_some_and(|text| text.starts_with("jump") || text.starts_with("goto"));
        return if is_jump {
            vec![token("jump", Kind::Word, node), token("{", Kind::Sign, node)]
        } else {
            unknown(node)
        };
    };
    match kind {
        "match" => matching(body),
        "vmap" => {
            let mut words = part(body, "key");
            words.push(token("vmap", Kind::Word, body));
            words.extend(part(body, "data"));
            words
        }
        "counter" => vec![token("counter", Kind::Word, body)],
        "log" => vec![token("log", Kind::Word, body)],
        "notrack" => vec![token("notrack", Kind::Word, body)],
        "mangle" => {
            let mut words = part(body, "key");
            words.push(token("set", Kind::Word, body));
            words.extend(part(body, "value"));
            words
        }
        "limit" => amount("limit rate", body),
        "quota" => amount("quota", body),
        "ct count" => amount("ct count", body),
        "xt" => {
            let text = |key: &str| body.get(key).and_then(Node::as_str).unwrap_or("match").to_owned();
            let words = ["xt".to_owned(), text("type")].map(|word| token(word, Kind::Word, body));
            words.into_iter().chain([token(text("name"), Kind::Text, body)]).collect()
        }
        "set" => {
            let op = body.get("op").and_then(Node::as_str).unwrap_or("add").to_owned();
            let name = body.get("set").and_then(Node::as_str).unwrap_or("@").to_owned();
            let mut words = vec![
                token(op, Kind::Word, body),
                token(name, Kind::Word, body),
                token("{", Kind::Sign, body),
            ];
            words.extend(part(body, "elem"));
            words.extend(body.get("stmt").and_then(list).into_iter().flatten().flat_map(statement));
            words.push(token("}", Kind::Sign, body));
            words
        }
        "queue" | "synproxy" | "tproxy" | "masquerade" | "snat" | "dnat" | "redirect" | "fwd" => {
            vec![token(kind, Kind::Word, body)]
        }
        "flow" => vec!["flow", "add", "flow"].into_iter().map(|word| token(word, Kind::Word, body)).collect(),
        _ => unknown(node),
    }
}

/// The words of a verdict.
pub(super) fn verdict(node: &Node) -> Option<Words> {
    let (kind, body) = only(node)?;
    match kind {
        "accept" | "drop" | "return" | "continue" => Some(vec![token(kind, Kind::Word, node)]),
        "reject" => {
            let answer = body.get("type").and_then(Node::as_str).unwrap_or("icmpx");
            let words = ["reject", "with"].into_iter().chain(answer.split(' '));
            Some(words.map(|word| token(word.to_owned(), Kind::Word, node)).collect())
        }
        "jump" | "goto" => {
            let target = body.get("target").and_then(Node::as_str)?;
            Some(vec![token(kind, Kind::Word, node), token(target, Kind::Text, body)])
        }
        _ => None,
    }
}

/// Something that no reader knows, as it is written.
fn unknown(node: &Node) -> Words {
    vec![token("json", Kind::Word, node), token(node.canonical(), Kind::Text, node)]
}

fn part(body: &Node, key: &str) -> Words {
    body.get(key).map(words).unwrap_or_default()
}

fn matching(body: &Node) -> Words {
    let op = body.get("op").and_then(Node::as_str).unwrap_or("==");
    let mut words = part(body, "left");
    let is_bits = matches!(words.as_slice(), [.., first, second] if (first.text == "ct" && second.text == "state")
        || (first.text == "tcp" && second.text == "flags"));
    // Only for bits is it another thing to be equal than to be among.
    match op {
        "in" => {}
        "==" if !is_bits && !words.iter().any(|word| word.is_sign("&")) => {}
        "==" if is_bits && body.get("right").is_some_and(|right| only(right).is_some()) => {}
        _ => words.push(token(op, Kind::Sign, body)),
    }
    words.extend(part(body, "right"));
    words
}

/// `limit rate over 3/minute`, `quota over 100 mbytes`, `ct count over 10`.
fn amount(head: &str, body: &Node) -> Words {
    let mut words: Words = head.split(' ').map(|word| token(word, Kind::Word, body)).collect();
    let of = |key: &str| body.get(key).map(scalar);
    if matches!(body.get("inv").map(|inv| &inv.kind), Some(yaml::Kind::Bool(true))) {
        words.push(token("over", Kind::Word, body));
    }
    match (of("rate"), of("per"), of("val"), of("val_unit")) {
        (Some(rate), Some(per), ..) => match of("rate_unit").filter(|unit| unit != "packets") {
            Some(unit) => {
                words.extend([rate, format!("{unit}/{per}")].map(|word| token(word, Kind::Word, body)));
            }
            None => words.push(token(format!("{rate}/{per}"), Kind::Word, body)),
        },
        (_, _, Some(value), unit) => {
            words.push(token(value, Kind::Word, body));
            words.extend(unit.map(|unit| token(unit, Kind::Word, body)));
        }
        _ => words.push(token(body.canonical(), Kind::Text, body)),
    }
    // A dump has no words for the burst where it is the usual one.
    let unit = of("burst_unit").unwrap_or_else(|| "packets".to_owned());
    if let Some(burst) = of("burst").filter(|burst| (burst.as_str(), unit.as_str()) != ("5", "packets")) {
        words.extend(["burst".to_owned(), burst, unit].map(|word| token(word, Kind::Word, body)));
    }
    words
}

fn scalar(node: &Node) -> String {
    match &node.kind {
        yaml::Kind::String(text) => text.clone(),
        yaml::Kind::Integer(number) => number.to_string(),
        _ => node.canonical(),
    }
}

/// The words of an expression.
pub(super) fn words(node: &Node) -> Words {
    match &node.kind {
        yaml::Kind::String(text) if text.starts_with('@') || text == "*" => {
            vec![token(text.clone(), Kind::Word, node)]
        }
        yaml::Kind::String(text) => vec![token(text.clone(), Kind::Text, node)],
        yaml::Kind::Bool(true) => vec![token("exists", Kind::Word, node)],
        yaml::Kind::Bool(false) => vec![token("missing", Kind::Word, node)],
        yaml::Kind::Integer(number) => vec![token(number.to_string(), Kind::Word, node)],
        yaml::Kind::Sequence(items) => joined(items, ","),
        yaml::Kind::Mapping(_) => match only(node) {
            Some((kind, body)) => expression(kind, body).unwrap_or_else(|| unknown(node)),
            None => unknown(node),
        },
        yaml::Kind::Null | yaml::Kind::Float(_) => unknown(node),
    }
}

fn joined(items: &[Node], sign: &str) -> Words {
    let mut all = Words::new();
    for item in items {
        if !all.is_empty() {
            all.push(token(sign, Kind::Sign, item));
        }
        all.extend(words(item));
    }
    all
}

fn expression(kind: &str, body: &Node) -> Option<Words> {
    let bare = |text: &str| text.split(' ').map(|word| token(word, Kind::Word, body)).collect::<Words>();
    let text = |key: &str| body.get(key).and_then(Node::as_str);
    Some(match kind {
        "payload" => bare(&format!("{} {}", text("protocol")?, text("field")?)),
        "meta" => match text("key")? {
            key @ ("iif" | "iifname" | "oif" | "oifname") => bare(key),
            key => bare(&format!("meta {key}")),
        },
        "ct" => match text("dir") {
            Some(direction) => bare(&format!("ct {direction} {}", text("key")?)),
            None => bare(&format!("ct {}", text("key")?)),
        },
        "socket" => bare(&format!("socket {}", text("key")?)),
        "fib" => {
            let flags = body.get("flags").map(words).unwrap_or_default();
            let flags = flags.iter().filter(|flag| flag.kind != Kind::Sign).map(|flag| flag.text.as_ref());
            bare(&format!("fib {} {}", flags.collect::<Vec<_>>().join(" . "), text("result")?))
        }
        "exthdr" => match text("field") {
            Some(field) => bare(&format!("{} {field}", text("name")?)),
            None => bare(&format!("exthdr {}", text("name")?)),
        },
        "tcp option" => match text("field") {
            Some(field) => bare(&format!("tcp option {} {field}", text("name")?)),
            None => bare(&format!("tcp option {}", text("name")?)),
        },
        "prefix" => {
            let (addr, len) = (text("addr")?, body.get("len").map(scalar)?);
            vec![token(format!("{addr}/{len}"), Kind::Text, body)]
        }
        "range" => match list(body)? {
            [first, last] => {
                vec![token(format!("{}-{}", scalar(first), scalar(last)), Kind::Text, body)]
            }
            _ => return None,
        },
        "concat" => joined(list(body)?, "."),
        "set" => {
            let inner = match list(body) {
                Some(items) => elements(items),
                None => words(body),
            };
            let ends = |sign: &str| std::iter::once(token(sign, Kind::Sign, body));
            ends("{").chain(inner).chain(ends("}")).collect()
        }
        "elem" => {
            let mut inner = words(body.get("val")?);
            for key in ["timeout", "expires"] {
                inner.extend(body.get(key).map(|value| token(key, Kind::Word, value)));
            }
            inner
        }
        "&" | "|" => match list(body)? {
            [left, right] => {
                let ends = |sign: &str| std::iter::once(token(sign, Kind::Sign, body));
                let right: Words = match list(right) {
                    Some(items) => ends("(").chain(joined(items, "|")).chain(ends(")")).collect(),
                    None => words(right),
                };
                words(left).into_iter().chain(ends(kind)).chain(right).collect()
            }
            _ => return None,
        },
        _ => return None,
    })
}
