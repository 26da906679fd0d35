//! The chains of one table, as the lines of a file build them up.

use super::form::{Forms, Shape};
use super::rule;
use super::save::{Line, Table};
use super::spec::{Context, Interface, Placed, Refusal, Spec};
use super::verdict::Verdict;
use crate::diag::{Code, Finding, Source, Span};
use crate::syntax::words::{self, Word, WordsError};
use crate::targets::packet_filters::ip_sets::Sets;
use crate::targets::packet_filters::region::Family;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What happens to a packet that falls off the end of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The policy of a built-in chain: it passes.
    Accept,
    /// The policy of a built-in chain: it stops.
    Drop,
    /// A built-in chain whose policy the file leaves as it is.
    Unstated,
    /// It goes back to the chain that it came from.
    Caller,
}

/// A chain.
#[derive(Debug)]
pub(super) struct Chain {
    /// Its name.
    pub(super) name: String,
    /// What is behind its last rule.
    pub(super) end: End,
    /// Its rules, in order.
    pub(super) rules: Vec<Placed>,
    /// Where it is declared, or first used.
    pub(super) span: Span,
}

/// The chains of a table.
#[derive(Debug)]
pub(super) struct Chains {
    /// The family.
    pub(super) family: Family,
    /// The file.
    pub(super) source: Arc<Source>,
    list: Vec<Chain>,
    index: BTreeMap<String, usize>,
    /// What lines say, each once where many have the same form.
    specs: Vec<Spec>,
}

/// The built-in chains of the filter table.
pub(super) const BUILT_IN: [&str; 3] = ["FORWARD", "INPUT", "OUTPUT"];

impl Chains {
    /// A table without chains.
    pub(super) fn new(family: Family, source: &Arc<Source>) -> Self {
        Self {
            family,
            source: Arc::clone(source),
            list: Vec::new(),
            index: BTreeMap::new(),
            specs: Vec::new(),
        }
    }

    /// Reads the lines of a table.
    pub(super) fn read(
        table: &Table<'_>,
        family: Family,
        source: &Arc<Source>,
        sets: &Sets,
        findings: &mut Vec<Finding>,
    ) -> Self {
        let mut chains = Self::new(family, source);
        let mut forms = Forms::default();
        for line in &table.lines {
            let outcome = match line {
                Line::Chain { name, policy, span } => chains.declare(name, policy, *span),
                Line::Rule { text, span } => match chains.line(text, *span, sets, &mut forms) {
                    Ok(outcome) => outcome,
                    Err(error @ (WordsError::Unclosed { span } | WordsError::Shell { span })) => {
                        findings.push(Finding::new(Code::ReadSyntax, error.to_string()).at(source, span));
                        continue;
                    }
                },
            };
            if let Err(Refusal { message, span }) = outcome {
                findings.push(Finding::new(Code::ReadRefused, message).at(source, span));
            }
        }
        chains.check(findings);
        chains
    }

    /// Follows the command of one line, at once when it has the form of one before.
    fn line(
        &mut self,
        text: &str,
        span: Span,
        sets: &Sets,
        forms: &mut Forms,
    ) -> Result<Result<(), Refusal>, WordsError> {
        let shape = Shape::of(text);
        if !text.starts_with("-A ") {
            // Another command may move the chains that forms point to.
            *forms = Forms::default();
        }
        if let Some((chain, spec, address)) = shape.and_then(|shape| forms.read(&shape, self.family))
            && let Some(chain) = self.list.get_mut(chain)
        {
            chain.rules.push(Placed { spec, address: Some(address), span });
            return Ok(Ok(()));
        }
        let words = words::split(text, span.start)?;
        let outcome = self.command(&words, span, sets);
        if let (Some(shape), Ok(())) = (shape.filter(|_| forms.are_wanted()), &outcome) {
            self.learn(&shape, span, sets, forms)?;
        }
        Ok(outcome)
    }

    /// Remembers the form of the line that was read last, where it has one.
    fn learn(
        &mut self,
        shape: &Shape<'_>,
        span: Span,
        sets: &Sets,
        forms: &mut Forms,
    ) -> Result<(), WordsError> {
        let text = shape.without_address();
        let words = words::split(&text, 0)?;
        let context = Context { family: self.family, sets };
        let Ok(bare) = rule::parse(words.get(2..).unwrap_or_default(), span, context) else { return Ok(()) };
        let chain = words.get(1).and_then(|name| self.find(&name.text));
        let read = chain.and_then(|(index, chain)| Some((index, self.spec(chain.rules.last()?)?)));
        if let Some((index, read)) = read
            && forms.fits(shape, self.family, read, &bare)
        {
            forms.learn(shape, index, self.specs.len());
            self.specs.push(bare);
        }
        Ok(())
    }

    /// What the line of a rule says, but for the address that it leaves out.
    pub(super) fn spec(&self, rule: &Placed) -> Option<&Spec> {
        self.specs.get(rule.spec)
    }

    /// How many specs there are.
    pub(super) fn specs(&self) -> usize {
        self.specs.len()
    }

    /// The chain of that name.
    pub(super) fn find(&self, name: &str) -> Option<(usize, &Chain)> {
        let index = *self.index.get(name)?;
        self.list.get(index).map(|chain| (index, chain))
    }

    /// Every chain, with its place.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &Chain)> {
        self.list.iter().enumerate()
    }

    /// The chain at that place.
    pub(super) fn at(&self, index: usize) -> Option<&Chain> {
        self.list.get(index)
    }

    fn declare(&mut self, name: &str, policy: &str, span: Span) -> Result<(), Refusal> {
        let end = Self::end(name, policy, span)?;
        if self.index.contains_key(name) {
            return refuse(format!("the chain `{name}` is declared twice"), span);
        }
        self.add(name, end, span);
        Ok(())
    }

    /// What a policy word says about a chain.
    fn end(name: &str, policy: &str, span: Span) -> Result<End, Refusal> {
        match (BUILT_IN.contains(&name), policy) {
            (true, "ACCEPT") => Ok(End::Accept),
            (true, "DROP") => Ok(End::Drop),
            (true, "-") => Ok(End::Unstated),
            (true, _) => refuse(format!("`{policy}` is not a policy: ACCEPT or DROP is expected"), span),
            (false, "-") => name_of_chain(name, span).map(|()| End::Caller),
            (false, _) => refuse(format!("the chain `{name}` is not built in, so it has no policy"), span),
        }
    }

    fn add(&mut self, name: &str, end: End, span: Span) -> usize {
        let index = self.list.len();
        self.index.insert(name.to_owned(), index);
        self.list.push(Chain { name: name.to_owned(), end, rules: Vec::new(), span });
        index
    }

    /// Follows one command: `-A`, `-I`, `-N`, `-P`, `-F` and their long forms.
    pub(super) fn command(&mut self, words: &[Word<'_>], span: Span, sets: &Sets) -> Result<(), Refusal> {
        let mut words = words;
        // A rule that is meant for one family only is skipped by the tool of the other.
        while let Some((word, rest)) = words.split_first() {
            let family = match &*word.text {
                "-4" | "--ipv4" => Family::V4,
                "-6" | "--ipv6" => Family::V6,
                _ => break,
            };
            if family != self.family {
                return Ok(());
            }
            words = rest;
        }
        let Some((command, rest)) = words.split_first() else { return Ok(()) };
        let name =
            || rest.first().ok_or_else(|| refusal(format!("`{}` needs a chain", command.text), command.span));
        let behind = rest.get(1..).unwrap_or_default();
        match &*command.text {
            "-A" | "--append" => {
                let chain = self.known(name()?)?;
                self.insert(chain, None, behind, span, sets)
            }
            "-I" | "--insert" => {
                let chain = self.known(name()?)?;
                let number = behind.first().and_then(|word| word.text.parse::<usize>().ok());
                let behind = if number.is_some() { behind.get(1..).unwrap_or_default() } else { behind };
                let place = number.unwrap_or(1).checked_sub(1);
                let place = place.ok_or_else(|| refusal("rules are counted from 1", command.span))?;
                self.insert(chain, Some(place), behind, span, sets)
            }
            "-N" | "--new-chain" | "--new" => {
                let name = name()?;
                if self.index.contains_key(&*name.text) || BUILT_IN.contains(&&*name.text) {
                    return refuse(format!("the chain `{}` is there already", name.text), name.span);
                }
                name_of_chain(&name.text, name.span)?;
                self.add(&name.text, End::Caller, span);
                Ok(())
            }
            "-P" | "--policy" => {
                let (name, policy) = (name()?, behind.first());
                let policy = policy.ok_or_else(|| refusal("`-P` needs a policy", command.span))?;
                if !BUILT_IN.contains(&&*name.text) {
                    return refuse(
                        format!("the chain `{}` is not built in, so it has no policy", name.text),
                        name.span,
                    );
                }
                let end = Self::end(&name.text, &policy.text, policy.span)?;
                let chain = self.known(name)?;
                if let Some(chain) = self.list.get_mut(chain) {
                    chain.end = end;
                }
                Ok(())
            }
            "-F" | "--flush" => {
                let only = match rest.first() {
                    None => None,
                    Some(name) => Some(self.known(name)?),
                };
                for (index, chain) in self.list.iter_mut().enumerate() {
                    if only.is_none_or(|only| only == index) {
                        chain.rules.clear();
                    }
                }
                Ok(())
            }
            "-Z" | "--zero" => Ok(()),
            "-X" | "--delete-chain" => self.delete(rest.first()),
            other => {
                refuse(format!("`{other}` is not a command that a rule file is read with"), command.span)
            }
        }
    }

    /// The place of a chain that is declared or built in.
    fn known(&mut self, name: &Word<'_>) -> Result<usize, Refusal> {
        if let Some(index) = self.index.get(&*name.text) {
            return Ok(*index);
        }
        if BUILT_IN.contains(&&*name.text) {
            return Ok(self.add(&name.text, End::Unstated, name.span));
        }
        refuse(format!("there is no chain `{}`", name.text), name.span)
    }

    fn insert(
        &mut self,
        chain: usize,
        place: Option<usize>,
        words: &[Word<'_>],
        span: Span,
        sets: &Sets,
    ) -> Result<(), Refusal> {
        let spec = rule::parse(words, span, Context { family: self.family, sets })?;
        let Some(chain) = self.list.get_mut(chain) else { return Ok(()) };
        // Only a chain of the user's can be reached from every built-in one.
        let wrong = |interface: &Option<Interface>, built_in: &str| {
            interface.as_ref().filter(|_| chain.name == built_in).map(|interface| interface.span)
        };
        if let Some(span) = wrong(&spec.input, "OUTPUT").or(wrong(&spec.output, "INPUT")) {
            return refuse(
                format!("packets of `{}` have no such interface, and iptables refuses it", chain.name),
                span,
            );
        }
        let rule = Placed { spec: self.specs.len(), address: None, span };
        match place {
            None => chain.rules.push(rule),
            Some(place) if place <= chain.rules.len() => chain.rules.insert(place, rule),
            Some(_) => return refuse("the chain has fewer rules than that", span),
        }
        self.specs.push(spec);
        Ok(())
    }

    fn delete(&mut self, name: Option<&Word<'_>>) -> Result<(), Refusal> {
        let Some(name) = name else {
            // Every chain of the user's goes, which works only when nothing jumps to them.
            self.list.retain(|chain| BUILT_IN.contains(&chain.name.as_str()));
            self.reindex();
            return Ok(());
        };
        let index = self.known(name)?;
        if index < self.list.len() {
            self.list.remove(index);
        }
        self.reindex();
        Ok(())
    }

    fn reindex(&mut self) {
        self.index = self.list.iter().enumerate().map(|(index, chain)| (chain.name.clone(), index)).collect();
    }

    /// Names the jumps to chains that are not there, and the rules that cannot match.
    pub(super) fn check(&self, findings: &mut Vec<Finding>) {
        for rule in self.list.iter().flat_map(|chain| &chain.rules) {
            let Some(spec) = self.spec(rule) else { continue };
            if spec.is_impossible() {
                let message = "a rule that no packet matches";
                findings.push(Finding::new(Code::ReadNotCompared, message).at(&self.source, rule.span));
            }
            let (Verdict::Jump(target) | Verdict::Goto(target)) = &spec.verdict else { continue };
            let message = if BUILT_IN.contains(&target.as_str()) {
                format!("`{target}` is built in, and no rule can jump there")
            } else if self.index.contains_key(target) {
                continue;
            } else {
                format!("there is no chain `{target}`, and no such target is known")
            };
            findings.push(Finding::new(Code::ReadRefused, message).at(&self.source, rule.span));
        }
    }
}

fn name_of_chain(name: &str, span: Span) -> Result<(), Refusal> {
    if name.len() > super::CHAIN_NAME {
        return refuse(
            format!("the chain name `{name}` is longer than {} characters", super::CHAIN_NAME),
            span,
        );
    }
    let is_target = !matches!(Verdict::jump(name), Verdict::Jump(_));
    if name.is_empty() || name.starts_with(['-', '!']) || is_target {
        return refuse(format!("`{name}` cannot be the name of a chain"), span);
    }
    Ok(())
}

fn refusal(message: impl Into<String>, span: Span) -> Refusal {
    Refusal { message: message.into(), span }
}

fn refuse<T>(message: impl Into<String>, span: Span) -> Result<T, Refusal> {
    Err(refusal(message, span))
}
