//! Values of expressions: literals, templates of literals, references to locals and variables, `for` over literals.

use super::parse::File;
use super::variables::is_variables;
use super::{Kind, SENSITIVE, Value};
use crate::diag::{Place, bound};
use hcl_edit::expr::{
    Conditional, Expression, ForExpr, ObjectKey, Traversal, TraversalOperator, UnaryOp, UnaryOperator,
};
use hcl_edit::template::{Element, StringTemplate};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The most that a module may expand to, in values. Far above a real module, far below what fills memory.
const LARGEST: usize = 4_000_000;
/// How deep expressions and the definitions that they refer to may nest.
const DEEPEST: usize = 256;

/// A name that stands for a value inside a repetition.
#[derive(Debug, Clone)]
pub(super) struct Binding {
    pub(super) name: String,
    pub(super) value: Arc<Value>,
    /// The key or index of the turn, which tells texts of different turns apart.
    pub(super) turn: String,
}

/// What the expressions of one module can refer to.
#[derive(Debug)]
pub(super) struct Definitions<'a> {
    /// `local.x` and `var.x` with their expressions.
    pub(super) expressions: BTreeMap<String, (&'a Expression, &'a File)>,
    /// Those that were evaluated; `None` while that is going on, so that a cycle is seen.
    known: RefCell<BTreeMap<String, Option<Arc<Value>>>>,
    /// Those that are not to be shown, each with the file of its value.
    concealed: BTreeMap<String, String>,
    /// The files of such values, each time that one was met.
    met: RefCell<Vec<String>>,
    spent: Cell<usize>,
    depth: Cell<usize>,
    exceeded: Cell<bool>,
    too_deep: Cell<bool>,
}

/// Where an expression stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Site<'a> {
    pub(super) file: &'a File,
    pub(super) bindings: &'a [Binding],
}

impl<'a> Definitions<'a> {
    pub(super) fn new(
        expressions: BTreeMap<String, (&'a Expression, &'a File)>,
        concealed: BTreeMap<String, String>,
    ) -> Self {
        Self {
            expressions,
            concealed,
            met: RefCell::default(),
            known: RefCell::default(),
            spent: Cell::new(0),
            depth: Cell::new(0),
            exceeded: Cell::new(false),
            too_deep: Cell::new(false),
        }
    }

    /// Which limit was passed, if any: what was evaluated since then is not to be used.
    pub(super) fn exceeded(&self) -> Option<String> {
        let deep = || format!("expressions and what they refer to are nested deeper than {DEEPEST} levels");
        let large = || format!("the module expands beyond {} values", bound::of(LARGEST));
        self.exceeded.get().then(|| if self.too_deep.get() { deep() } else { large() })
    }

    /// Reports whether expressions were nested too deeply, which no flag changes.
    pub(super) fn too_deep(&self) -> bool {
        self.too_deep.get()
    }

    /// Counts values; false when the limit is passed.
    pub(super) fn charge(&self, values: usize) -> bool {
        self.spent.set(self.spent.get().saturating_add(values));
        if self.spent.get() >= bound::of(LARGEST) {
            self.exceeded.set(true);
        }
        !self.exceeded.get()
    }

    /// The value of an expression.
    pub(super) fn evaluate(&self, expr: &Expression, site: Site<'_>) -> Value {
        let depth = self.depth.get() + 1;
        if depth > DEEPEST {
            self.too_deep.set(true);
            self.exceeded.set(true);
        }
        let place = site.file.place(expr);
        if !self.charge(1) {
            return Value { place, kind: Kind::Unresolvable(String::new()) };
        }
        self.depth.set(depth);
        let before = self.met.borrow().len();
        let value = self.kind(expr, site).map_or_else(
            || {
                let text = self.text(expr, site) + &self.mark(before);
                Value { kind: Kind::Unresolvable(text), place: place.clone() }
            },
            |found| found.at(&place),
        );
        self.meet(&value);
        self.depth.set(depth - 1);
        value
    }

    /// Notes a value that is not to be shown.
    fn meet(&self, value: &Value) {
        let files = value.unknown().and_then(|text| text.rsplit_once(SENSITIVE)).map(|(_, files)| files);
        self.met.borrow_mut().extend(files.map(str::to_owned));
    }

    /// The value of an expression, and what is to stand in a text about it when it rests on what is not to be shown.
    pub(super) fn marked(&self, expr: &Expression, site: Site<'_>) -> (Value, String) {
        let before = self.met.borrow().len();
        let value = self.evaluate(expr, site);
        (value, self.mark(before))
    }

    /// The value of an argument. In a file of variables it is that of the variable.
    pub(super) fn argument(&self, name: &str, expr: &Expression, site: Site<'_>) -> Value {
        let variable = format!("var.{name}");
        match self.concealed.get(&variable).filter(|_| is_variables(site.file.source.name())) {
            Some(file) => concealed(&variable, file, site.file.place(expr)),
            None => self.evaluate(expr, site),
        }
    }

    /// The files of the values that are not to be shown and were met since then, as the texts of values have them: two texts
    /// that read the same are the same value, and from one run to another such a value can change.
    fn mark(&self, since: usize) -> String {
        let met = self.met.borrow();
        let files: BTreeSet<&str> = met.iter().skip(since).map(String::as_str).collect();
        if files.is_empty() {
            return String::new();
        }
        format!("{SENSITIVE}{}", files.into_iter().collect::<Vec<_>>().join(" and "))
    }

    /// The text of an expression that is not known, with the turns of the repetitions that it depends on.
    fn text(&self, expr: &impl hcl_edit::Span, site: Site<'_>) -> String {
        let mut text = site.file.text(expr);
        for binding in site.bindings {
            if text.contains(&binding.name) {
                text.extend([" with ", &binding.name, " ", &binding.turn]);
            }
        }
        self.charge(text.len() / 16);
        text
    }

    /// What the expression is, or `None` where only Terraform can tell.
    fn kind(&self, expr: &Expression, site: Site<'_>) -> Option<Found> {
        match expr {
            Expression::Null(_) => Some(Found::New(Kind::Null)),
            Expression::Bool(flag) => Some(Found::New(Kind::Bool(*flag.value()))),
            Expression::Number(number) => Some(Found::New(Kind::Number(number.value().as_i64()?))),
            Expression::String(text) => Some(Found::New(Kind::String(text.value().clone()))),
            Expression::Array(items) => {
                Some(Found::New(Kind::List(items.iter().map(|item| self.evaluate(item, site)).collect())))
            }
            Expression::Object(entries) => {
                let mut map = BTreeMap::new();
                for (key, value) in entries {
                    let key = match key {
                        ObjectKey::Ident(name) => name.value().to_string(),
                        ObjectKey::Expression(expr) => self.evaluate(expr, site).as_text()?,
                    };
                    map.insert(key, self.evaluate(value.expr(), site));
                }
                Some(Found::New(Kind::Map(map)))
            }
            Expression::StringTemplate(template) => self.template(template, site),
            Expression::Parenthesis(inner) => Some(Found::Same(self.evaluate(inner.inner(), site))),
            Expression::Variable(name) => site.bound(name.value()).map(|value| self.copy(&value)),
            Expression::Traversal(traversal) => self.traversal(traversal, site),
            Expression::UnaryOp(operation) => self.unary(operation, site).map(Found::New),
            Expression::Conditional(conditional) => self.conditional(conditional, site).map(Found::Same),
            Expression::ForExpr(repetition) => self.repeat(repetition, site).map(Found::New),
            Expression::FuncCall(call) => {
                let name = (!call.name.is_namespaced()).then(|| call.name.name.value().as_str())?;
                if name == "sensitive" {
                    self.met.borrow_mut().push(site.file.source.name().to_owned());
                    return None;
                }
                let plain = !call.args.expand_final();
                let args = call.args.iter().map(|arg| self.evaluate(arg, site)).collect();
                plain.then(|| super::function::call(name, args)).flatten().map(Found::New)
            }
            Expression::HeredocTemplate(text) => self.joined(&text.template.iter().collect::<Vec<_>>(), site),
            Expression::BinaryOp(_) => None,
        }
    }

    fn template(&self, template: &StringTemplate, site: Site<'_>) -> Option<Found> {
        let elements: Vec<&Element> = template.iter().collect();
        if let [Element::Interpolation(only)] = elements.as_slice() {
            return Some(Found::Same(self.evaluate(&only.expr, site)));
        }
        self.joined(&elements, site)
    }

    /// The text that the parts of a template make, if each of them is known.
    fn joined(&self, elements: &[&Element], site: Site<'_>) -> Option<Found> {
        let mut text = String::new();
        for element in elements {
            match element {
                Element::Literal(literal) => text.push_str(literal.value()),
                Element::Interpolation(part) if part.strip == hcl_edit::template::Strip::None => {
                    text.push_str(&self.evaluate(&part.expr, site).as_text()?);
                }
                Element::Interpolation(_) | Element::Directive(_) => return None,
            }
        }
        self.charge(text.len() / 16);
        Some(Found::New(Kind::String(text)))
    }

    fn unary(&self, operation: &UnaryOp, site: Site<'_>) -> Option<Kind> {
        match (operation.operator.value(), self.evaluate(&operation.expr, site).kind) {
            (UnaryOperator::Neg, Kind::Number(number)) => number.checked_neg().map(Kind::Number),
            (UnaryOperator::Not, Kind::Bool(flag)) => Some(Kind::Bool(!flag)),
            (UnaryOperator::Neg | UnaryOperator::Not, _) => None,
        }
    }

    fn conditional(&self, conditional: &Conditional, site: Site<'_>) -> Option<Value> {
        let holds = self.evaluate(&conditional.cond_expr, site).as_bool()?;
        let branch = if holds { &conditional.true_expr } else { &conditional.false_expr };
        Some(self.evaluate(branch, site))
    }

    fn repeat(&self, repetition: &ForExpr, site: Site<'_>) -> Option<Kind> {
        let collection = self.evaluate(&repetition.intro.collection_expr, site);
        let (mut list, mut map) = (Vec::new(), BTreeMap::new());
        for (key, value) in turns(collection)? {
            let mut bindings = site.bindings.to_vec();
            let turn = key.as_text().unwrap_or_default();
            if let Some(name) = &repetition.intro.key_var {
                let name = name.value().to_string();
                bindings.push(Binding { name, value: Arc::new(key), turn: turn.clone() });
            }
            let name = repetition.intro.value_var.value().to_string();
            bindings.push(Binding { name, value: Arc::new(value), turn });
            let inner = Site { bindings: &bindings, ..site };
            if let Some(condition) = &repetition.cond
                && !self.evaluate(&condition.expr, inner).as_bool()?
            {
                continue;
            }
            let value = self.evaluate(&repetition.value_expr, inner);
            match &repetition.key_expr {
                None => list.push(value),
                Some(_) if repetition.grouping => return None,
                Some(key) => drop(map.insert(self.evaluate(key, inner).as_text()?, value)),
            }
        }
        Some(if repetition.key_expr.is_some() { Kind::Map(map) } else { Kind::List(list) })
    }

    fn traversal(&self, traversal: &Traversal, site: Site<'_>) -> Option<Found> {
        let Expression::Variable(root) = &traversal.expr else { return None };
        let steps: Vec<Step> = traversal.operators.iter().map(|step| self.step(step.value(), site)).collect();
        let (value, rest) = match (site.bound(root.value()), steps.split_first()) {
            (Some(value), _) => (value, steps.as_slice()),
            (None, Some((Step::Key(name), rest))) => {
                match self.defined(&format!("{}.{name}", root.value().as_str())) {
                    Some(value) => (value, rest),
                    None => return Some(Found::New(Kind::Reference(written(root.value(), &steps)))),
                }
            }
            (None, _) => return Some(Found::New(Kind::Reference(written(root.value(), &steps)))),
        };
        let mut value = value.as_ref();
        let mut rest = rest.iter();
        while let Some(step) = rest.next() {
            value = match (&value.kind, step) {
                (Kind::Map(map), Step::Key(key)) => map.get(key)?,
                (Kind::Map(map), Step::Index(index)) => map.get(&index.to_string())?,
                (Kind::List(list), Step::Index(index)) => list.get(*index)?,
                (Kind::Reference(text), step) => {
                    let steps: Vec<Step> = std::iter::once(step).chain(rest).cloned().collect();
                    return Some(Found::New(Kind::Reference(written(text, &steps))));
                }
                _ => {
                    self.meet(value);
                    return None;
                }
            };
        }
        Some(self.copy(value))
    }

    fn step(&self, operator: &TraversalOperator, site: Site<'_>) -> Step {
        match operator {
            TraversalOperator::GetAttr(name) => Step::Key(name.value().to_string()),
            TraversalOperator::Index(expr) => match self.evaluate(expr, site).kind {
                Kind::String(key) => Step::Key(key),
                Kind::Number(index) => match usize::try_from(index) {
                    Ok(index) => Step::Index(index),
                    Err(_) => Step::Other(format!("[{index}]")),
                },
                _ => Step::Other(format!("[{}]", self.text(expr, site))),
            },
            TraversalOperator::LegacyIndex(index) => match usize::try_from(*index.value()) {
                Ok(index) => Step::Index(index),
                Err(_) => Step::Other(format!("[{}]", index.value())),
            },
            TraversalOperator::AttrSplat(_) => Step::Other(".*".to_owned()),
            TraversalOperator::FullSplat(_) => Step::Other("[*]".to_owned()),
        }
    }

    /// The value of `local.x` or `var.x`; an unknown one when it is defined in terms of itself.
    fn defined(&self, name: &str) -> Option<Arc<Value>> {
        let (expr, file) = self.expressions.get(name)?;
        if let Some(from) = self.concealed.get(name) {
            self.met.borrow_mut().push(from.clone());
            return Some(Arc::new(concealed(name, from, file.place(*expr))));
        }
        let known = self.known.borrow().get(name).cloned();
        match known {
            Some(Some(value)) => Some(value),
            Some(None) => {
                Some(Arc::new(Value { place: file.place(*expr), kind: Kind::Unresolvable(file.text(*expr)) }))
            }
            None => {
                self.known.borrow_mut().insert(name.to_owned(), None);
                let value = Arc::new(self.evaluate(expr, Site { file, bindings: &[] }));
                self.known.borrow_mut().insert(name.to_owned(), Some(Arc::clone(&value)));
                Some(value)
            }
        }
    }

    /// A copy of a value, if there is room for it.
    fn copy(&self, value: &Value) -> Found {
        let room = self.charge(weight(value, DEEPEST));
        if room { Found::Same(value.clone()) } else { Found::New(Kind::Null) }
    }
}

impl Site<'_> {
    /// The value that a name is bound to by the innermost repetition that binds it.
    fn bound(self, name: &str) -> Option<Arc<Value>> {
        let binding = self.bindings.iter().rev().find(|binding| binding.name == name);
        binding.map(|binding| Arc::clone(&binding.value))
    }
}

/// A value that is not to be shown.
fn concealed(name: &str, file: &str, place: Place) -> Value {
    Value { place, kind: Kind::Unresolvable(format!("{name}{SENSITIVE}{file}")) }
}

/// A value that has a place of its own, or one that takes the place of its expression.
enum Found {
    Same(Value),
    New(Kind),
}

impl Found {
    fn at(self, place: &Place) -> Value {
        match self {
            Self::Same(value) => value,
            Self::New(kind) => Value { place: place.clone(), kind },
        }
    }
}

/// One step from a value into it.
#[derive(Debug, Clone)]
enum Step {
    Key(String),
    Index(usize),
    Other(String),
}

/// A reference in one spelling: `a.b`, `a["b c"]`, `a[0]`.
fn written(root: &str, steps: &[Step]) -> String {
    let mut text = root.to_owned();
    for step in steps {
        match step {
            Step::Key(key) if is_identifier(key) => text.extend([".", key]),
            Step::Key(key) => text.extend(["[", &super::quote(key), "]"]),
            Step::Index(index) => text.extend(["[", &index.to_string(), "]"]),
            Step::Other(other) => text.push_str(other),
        }
    }
    text
}

fn is_identifier(text: &str) -> bool {
    text.starts_with(|char: char| char.is_ascii_alphabetic() || char == '_')
        && text.chars().all(|char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-'))
}

/// The turns that a repetition over a value takes, with key and value; `None` when the value is not known or no
/// collection.
pub(super) fn turns(collection: Value) -> Option<Vec<(Value, Value)>> {
    let key = |kind: Kind, value: &Value| Value { place: value.place.clone(), kind };
    match collection.kind {
        Kind::List(items) => {
            Some((0_i64..).zip(items).map(|(index, item)| (key(Kind::Number(index), &item), item)).collect())
        }
        Kind::Map(map) => {
            Some(map.into_iter().map(|(name, item)| (key(Kind::String(name), &item), item)).collect())
        }
        Kind::Null
        | Kind::Bool(_)
        | Kind::Number(_)
        | Kind::String(_)
        | Kind::Reference(_)
        | Kind::Unresolvable(_) => None,
    }
}

/// How many values a value holds. One that nests deeper than `room` is as good as endless: a copy of it could exhaust
/// the stack.
fn weight(value: &Value, room: usize) -> usize {
    let Some(room) = room.checked_sub(1) else { return bound::of(LARGEST) };
    let inner = |item| weight(item, room);
    match &value.kind {
        Kind::List(items) => items.iter().map(inner).fold(1, usize::saturating_add),
        Kind::Map(map) => map.values().map(inner).fold(1, usize::saturating_add),
        Kind::String(text) | Kind::Reference(text) | Kind::Unresolvable(text) => 1 + text.len() / 16,
        Kind::Null | Kind::Bool(_) | Kind::Number(_) => 1,
    }
}
