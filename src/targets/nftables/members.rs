//! The elements of sets and maps, and the packets that they stand for.

use super::field::{Bad, Field, Value};
use super::model::Table;
use super::pattern::Pattern;
use super::rule::Verdict;
use super::statement::{self, After};
use super::text::COMES_AND_GOES;
use super::token::{Kind, Token, place};
use crate::diag::Span;
use crate::packet::{Set, TransportSet};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// One element of a set or a map.
#[derive(Debug, Clone)]
struct Element<'t, 'a> {
    /// Its values, one for each field; none for `*`, which is everything else.
    values: Option<Vec<Value>>,
    /// What a map has for it.
    data: &'t [Token<'a>],
}

/// Why elements are not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unread {
    /// `nft` would refuse them.
    Wrong(String, Span),
    /// They cannot be known, for this reason.
    Doubt(&'static str),
}

/// What stands behind the values of an element.
const ATTRIBUTES: [&str; 8] = ["timeout", "expires", "comment", "counter", "limit", "quota", "ct", "last"];
/// Why a name is not modelled.
const UNKNOWN_NAME: &str = "what a name stands for is known to the host only";
/// Why the rest of a set is not modelled.
const NOT_THE_SET: &str = "what several fields together are not is not modelled";
/// How deep sets may stand within sets.
const DEEPEST: usize = 16;
/// How many products one match may be.
const MOST_PRODUCTS: usize = 200_000;

/// The sets of a table, each read once for the fields that are looked up in it.
#[derive(Debug)]
pub(super) struct Sets<'t, 'a> {
    table: &'t Table<'a>,
    /// The sets that rules change.
    changed: BTreeSet<String>,
    known: RefCell<BTreeMap<Key, Looked>>,
    maps: RefCell<BTreeMap<(String, Vec<Field>), Told>>,
}

type Key = (String, Vec<Field>, bool);
type Looked = Rc<Result<Vec<Pattern>, Unread>>;
/// What a map tells to do, with the packets that it tells it for.
type Told = Rc<Result<Vec<(Verdict, Vec<Pattern>)>, Unread>>;

impl<'t, 'a> Sets<'t, 'a> {
    /// The sets of a table.
    pub(super) fn new(table: &'t Table<'a>) -> Self {
        let mut changed = BTreeSet::new();
        for line in table.chains.iter().flat_map(|chain| &chain.rules) {
            let pairs = line.tokens.iter().zip(line.tokens.iter().skip(1));
            let verbs = pairs
                .filter(|(word, _)| ["add", "update", "delete", "set"].iter().any(|verb| word.is_word(verb)));
            changed.extend(verbs.filter_map(|(_, name)| name.text.strip_prefix('@').map(str::to_owned)));
        }
        Self { table, changed, known: RefCell::default(), maps: RefCell::default() }
    }

    /// What the map of that name tells to do.
    pub(super) fn map(&self, name: &str, at: Span, fields: &[Field], text: &str) -> Told {
        let key = (name.to_owned(), fields.to_vec());
        if let Some(known) = self.maps.borrow().get(&key) {
            return Rc::clone(known);
        }
        let told = Rc::new(self.elements(name, at).and_then(|tokens| verdicts(tokens, fields, text)));
        self.maps.borrow_mut().insert(key, Rc::clone(&told));
        told
    }

    /// The tokens of a set's or a map's elements.
    fn elements(&self, name: &str, at: Span) -> Result<&'t [Token<'a>], Unread> {
        let set = self.table.sets.get(name);
        let set = set.ok_or_else(|| Unread::Wrong(format!("there is no set `{name}` in the table"), at))?;
        let doubt = set.doubt.or_else(|| self.changed.contains(name).then_some("rules change the set"));
        doubt.map_or(Ok(set.elements.as_slice()), |why| Err(Unread::Doubt(why)))
    }

    /// The packets in which the fields are, or are not, in the set of that name.
    pub(super) fn lookup(&self, name: &str, at: Span, fields: &[Field], negated: bool, text: &str) -> Looked {
        let key = (name.to_owned(), fields.to_vec(), negated);
        if let Some(known) = self.known.borrow().get(&key) {
            return Rc::clone(known);
        }
        let looked = self.elements(name, at).and_then(|tokens| patterns(tokens, fields, negated, text));
        let looked = Rc::new(looked);
        self.known.borrow_mut().insert(key, Rc::clone(&looked));
        looked
    }
}

/// The packets in which the fields are, or are not, among the elements between two braces.
pub(super) fn patterns(
    tokens: &[Token<'_>],
    fields: &[Field],
    negated: bool,
    text: &str,
) -> Result<Vec<Pattern>, Unread> {
    let elements = elements(tokens, fields, 0)?;
    chosen(
        &elements.iter().map(|element| element.values.as_deref()).collect::<Vec<_>>(),
        fields,
        negated,
        text,
    )
}

/// The packets in which the fields have the values of one of some elements, or of none; `None` is everything.
pub(super) fn chosen(
    elements: &[Option<&[Value]>],
    fields: &[Field],
    negated: bool,
    text: &str,
) -> Result<Vec<Pattern>, Unread> {
    if let [field] = fields {
        let all = vec![Value::Range(0, field.greatest())];
        let values: Vec<Value> = elements.iter().flat_map(|values| values.unwrap_or(&all)).cloned().collect();
        let named = matches!(field, Field::Interface(_)) && elements.iter().any(Option::is_none);
        if named {
            return Err(Unread::Doubt("every other interface"));
        }
        return Ok(field.patterns(&values, negated, text));
    }
    if negated || elements.iter().any(Option::is_none) {
        return Err(Unread::Doubt(NOT_THE_SET));
    }
    products(&elements.iter().copied().flatten().collect::<Vec<_>>(), fields, text)
}

/// The products of elements of several fields. Elements that differ in their addresses only are one product, and so are
/// those that differ in their services only.
fn products(elements: &[&[Value]], fields: &[Field], text: &str) -> Result<Vec<Pattern>, Unread> {
    let at = fields.iter().position(|field| matches!(field, Field::Address(..)));
    let mut alike: BTreeMap<Vec<&Value>, Vec<Value>> = BTreeMap::new();
    for values in elements {
        let others =
            values.iter().enumerate().filter(|(index, _)| Some(*index) != at).map(|(_, value)| value);
        let address = at.and_then(|at| values.get(at).cloned());
        alike.entry(others.collect()).or_default().extend(address);
    }
    if alike.len() > MOST_PRODUCTS {
        return Err(Unread::Doubt("the set combines to too many products"));
    }
    let mut merged: BTreeMap<Pattern, Vec<TransportSet>> = BTreeMap::new();
    for (others, addresses) in alike {
        let mut others = others.into_iter();
        let mut met = vec![Pattern::ALL];
        for (index, field) in fields.iter().enumerate() {
            let values = if Some(index) == at {
                addresses.clone()
            } else {
                others.next().cloned().into_iter().collect()
            };
            let ways = field.patterns(&values, false, text);
            met = met.iter().flat_map(|met| ways.iter().filter_map(|way| met.meet(way))).collect();
        }
        for pattern in met {
            let transport = pattern.transport.clone().unwrap_or_else(TransportSet::full);
            merged.entry(Pattern { transport: None, ..pattern }).or_default().push(transport);
        }
    }
    let whole = |set: TransportSet| if set.is_full() { None } else { Some(set) };
    Ok(merged
        .into_iter()
        .map(|(pattern, services)| Pattern { transport: whole(Set::union_all(&services)), ..pattern })
        .collect())
}

/// What the elements of a map tell to do, each with the packets that it is told for. Elements do not overlap, so no order
/// matters but that `*` is what the others leave.
pub(super) fn verdicts(
    tokens: &[Token<'_>],
    fields: &[Field],
    text: &str,
) -> Result<Vec<(Verdict, Vec<Pattern>)>, Unread> {
    let elements = elements(tokens, fields, 0)?;
    let mut groups: BTreeMap<Option<Verdict>, Vec<Option<&[Value]>>> = BTreeMap::new();
    let mut rest = None;
    for element in &elements {
        let wrong = || {
            let message = "what a map tells to do is not understood".to_owned();
            Unread::Wrong(message, place(element.data))
        };
        let verdict = match statement::after(element.data).map_err(|_| wrong())? {
            After::Verdict(verdict, count) if count == element.data.len() => Some(verdict),
            After::Nothing(1) if element.data.len() == 1 => None,
            _ => return Err(wrong()),
        };
        match &element.values {
            None => rest = Some(verdict),
            Some(values) => groups.entry(verdict).or_default().push(Some(values)),
        }
    }
    let mut told = Vec::new();
    for (verdict, group) in &groups {
        if let Some(verdict) = verdict {
            told.push((verdict.clone(), chosen(group, fields, false, text)?));
        }
    }
    if let Some(Some(verdict)) = rest {
        let all: Vec<Option<&[Value]>> = groups.into_values().flatten().collect();
        let others = chosen(&all, fields, true, text).or_else(|unread| match unread {
            Unread::Doubt(why) => Ok(vec![Pattern::when(format!("other than {text}"), why)]),
            Unread::Wrong(..) => Err(unread),
        });
        told.push((verdict, others?));
    }
    Ok(told)
}

/// The elements between two braces, as values of some fields. Sets within sets are as if they were written out.
fn elements<'t, 'a>(
    tokens: &'t [Token<'a>],
    fields: &[Field],
    depth: usize,
) -> Result<Vec<Element<'t, 'a>>, Unread> {
    let mut elements = Vec::new();
    if depth > DEEPEST {
        return Err(Unread::Wrong(format!("sets within sets, deeper than {DEEPEST}"), place(tokens)));
    }
    let mut rest = tokens;
    while !rest.is_empty() {
        let mut open = 0_usize;
        let end = rest.iter().position(|token| {
            if token.is_sign("{") {
                open = open.saturating_add(1);
            } else if token.is_sign("}") {
                open = open.saturating_sub(1);
            }
            open == 0 && token.is_sign(",")
        });
        let (one, behind) = rest.split_at_checked(end.unwrap_or(rest.len())).unwrap_or((rest, &[]));
        rest = behind.get(1..).unwrap_or_default();
        let one = trimmed(one);
        match one {
            [] => {}
            [first, inner @ .., last] if first.is_sign("{") && last.is_sign("}") => {
                elements.extend(self::elements(inner, fields, depth.saturating_add(1))?);
            }
            _ => elements.push(element(one, fields)?),
        }
    }
    Ok(elements)
}

/// The tokens without the ends of lines around them.
fn trimmed<'t, 'a>(tokens: &'t [Token<'a>]) -> &'t [Token<'a>] {
    let is_end = |token: &Token<'_>| token.kind == Kind::End;
    let from = tokens.iter().position(|token| !is_end(token)).unwrap_or(tokens.len());
    let to = tokens.iter().rposition(|token| !is_end(token)).map_or(0, |at| at.saturating_add(1));
    tokens.get(from..to).unwrap_or_default()
}

fn element<'t, 'a>(tokens: &'t [Token<'a>], fields: &[Field]) -> Result<Element<'t, 'a>, Unread> {
    let colon = tokens.iter().position(|token| token.is_sign(":"));
    let (key, data) = tokens.split_at_checked(colon.unwrap_or(tokens.len())).unwrap_or((tokens, &[]));
    let data = trimmed(data.get(1..).unwrap_or_default());
    let end =
        key.iter().position(|token| token.kind == Kind::Word && ATTRIBUTES.contains(&token.text.as_ref()));
    let (key, attributes) = key.split_at_checked(end.unwrap_or(key.len())).unwrap_or((key, &[]));
    if attributes.iter().any(|token| token.is_word("timeout") || token.is_word("expires")) {
        return Err(Unread::Doubt(COMES_AND_GOES));
    }
    let key = trimmed(key);
    if let [only] = key
        && only.text == "*"
        && only.kind == Kind::Word
    {
        return Ok(Element { values: None, data });
    }
    let parts: Vec<&[Token<'_>]> = key.split(|token| token.is_sign(".")).map(trimmed).collect();
    if parts.len() != fields.len() {
        let message = format!("{} values where {} are looked up", parts.len(), fields.len());
        return Err(Unread::Wrong(message, place(key)));
    }
    let values: Result<Vec<Value>, Unread> =
        parts.into_iter().zip(fields).map(|(part, field)| value(part, *field)).collect();
    Ok(Element { values: Some(values?), data })
}

/// The value that one part of an element, or the right side of a match, stands for.
pub(super) fn value(tokens: &[Token<'_>], field: Field) -> Result<Value, Unread> {
    let at = place(tokens);
    let wrong = |bad: Bad| match bad {
        Bad::Wrong(message) => Unread::Wrong(message, at),
        Bad::Unknown => Unread::Doubt(UNKNOWN_NAME),
    };
    match tokens {
        [one] if matches!(one.kind, Kind::Word | Kind::Text) => field.value(&one.text).map_err(wrong),
        // Blanks may stand around the sign of a range and of a block.
        [first, sign, last] if sign.is_sign("-") || sign.is_sign("/") => {
            field.value(&format!("{}{}{}", first.text, sign.text, last.text)).map_err(wrong)
        }
        _ => Err(Unread::Wrong("a value is expected".to_owned(), at)),
    }
}
