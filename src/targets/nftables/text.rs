//! The text of `nft list ruleset` and of files for `nft -f`: tables with their sets and chains.
//!
//! A file is a script. The commands that make, replace and empty tables are followed, as are `define` and `$NAME`; any
//! other command is refused, for what it leaves behind is not in the text.

use super::model::{Base, Line, NamedSet, Ruleset, TableFamily};
use super::token::{self, Kind, Token, Unreadable, place};
use crate::diag::{Code, Finding, Source, Span, bound};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many pieces the definitions of a file may stand for.
const MOST_PIECES: usize = 4_000_000;

/// Reports whether a text is a ruleset.
pub(super) fn recognizes(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let Some(first) = lines.next() else { return false };
    let defines = first.starts_with("define ") || first.starts_with("include ");
    begins(first) || (defines && lines.any(begins))
}

/// Reports whether a line is a command about tables.
fn begins(line: &str) -> bool {
    let words: Vec<&str> = line.split([' ', '\t', ';', '{']).filter(|word| !word.is_empty()).collect();
    let verbs = ["add", "create", "delete", "destroy", "flush"];
    let rest = match words.as_slice() {
        ["flush", "ruleset", ..] => return true,
        [first, rest @ ..] if verbs.contains(first) => rest,
        rest => rest,
    };
    match rest {
        ["table", family, name, ..] if TableFamily::of(family).is_some() => is_name(name),
        ["table", name] => is_name(name) && line.ends_with('{'),
        _ => false,
    }
}

fn is_name(word: &str) -> bool {
    word.chars().all(|char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-' | '.' | '/'))
}

/// The ruleset of a file. What is not understood is a finding, and an error.
pub(super) fn parse<'a>(source: &'a Arc<Source>, findings: &mut Vec<Finding>) -> Ruleset<'a> {
    let mut ruleset = Ruleset::new(source);
    let outcome = token::split(source.text()).and_then(expand);
    let outcome =
        outcome.map_err(|Unreadable { message, span }| (message.to_owned(), span)).and_then(|tokens| {
            let mut parser = Parser { tokens: &tokens, at: 0, ruleset: &mut ruleset };
            parser.file()
        });
    if let Err((message, span)) = outcome {
        // What stands before would be taken for the whole.
        ruleset.remove(None);
        findings.push(Finding::new(Code::ReadSyntax, message).at(source, span));
    }
    ruleset
}

/// Puts what is defined in the place of `$NAME`.
fn expand(tokens: Vec<Token<'_>>) -> Result<Vec<Token<'_>>, Unreadable> {
    if !tokens.iter().any(|token| token.is_word("define")) {
        return match tokens.iter().find(|token| token.kind == Kind::Word && token.text.starts_with('$')) {
            Some(token) => Err(Unreadable { message: "a name that is not defined", span: token.span }),
            None => Ok(tokens),
        };
    }
    let mut known: BTreeMap<String, Vec<Token<'_>>> = BTreeMap::new();
    let mut out: Vec<Token<'_>> = Vec::with_capacity(tokens.len());
    // The definition that is open: its name, what it stands for so far, and how deep in braces it is.
    let mut open: Option<(String, Vec<Token<'_>>, usize)> = None;
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let starts = out.last().is_none_or(|token: &Token<'_>| token.kind == Kind::End);
        if open.is_none() && token.is_word("define") && starts {
            let name = tokens.next_if(|token| token.kind == Kind::Word);
            let Some(name) = name.filter(|_| tokens.next_if(|token| token.is_sign("=")).is_some()) else {
                return Err(Unreadable { message: "`define NAME = VALUE` is expected", span: token.span });
            };
            open = Some((name.text.into_owned(), Vec::new(), 0));
            continue;
        }
        let depth = open.as_ref().map(|(_, _, depth)| *depth);
        if depth == Some(0) && token.kind == Kind::End {
            known.extend(open.take().map(|(name, value, _)| (name, value)));
            continue;
        }
        let place = match &mut open {
            Some((_, value, depth)) => {
                *depth = match token.text.as_ref() {
                    "{" if token.kind == Kind::Sign => depth.saturating_add(1),
                    "}" if token.kind == Kind::Sign => depth.saturating_sub(1),
                    _ => *depth,
                };
                value
            }
            None => &mut out,
        };
        match token.text.strip_prefix('$').filter(|_| token.kind == Kind::Word) {
            None => place.push(token),
            Some(name) => {
                let Some(value) = known.get(name) else {
                    return Err(Unreadable { message: "a name that is not defined", span: token.span });
                };
                if place.len().saturating_add(value.len()) > bound::of(MOST_PIECES) {
                    return Err(Unreadable {
                        message: "the definitions stand for too much",
                        span: token.span,
                    });
                }
                place.extend(value.iter().map(|part| Token { span: token.span, ..part.clone() }));
            }
        }
    }
    known.clear();
    Ok(out)
}

type Parsed<T> = Result<T, (String, Span)>;

struct Parser<'t, 'a, 'r> {
    tokens: &'t [Token<'a>],
    at: usize,
    ruleset: &'r mut Ruleset<'a>,
}

impl<'t, 'a> Parser<'t, 'a, '_> {
    fn peek(&self) -> Option<&'t Token<'a>> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<&'t Token<'a>> {
        let token = self.tokens.get(self.at);
        self.at = self.at.saturating_add(1);
        token
    }

    fn takes(&mut self, fits: impl Fn(&Token<'a>) -> bool) -> bool {
        let next = self.peek().is_some_and(fits);
        self.at = self.at.saturating_add(usize::from(next));
        next
    }

    fn blank(&mut self) {
        while self.takes(|token| token.kind == Kind::End) {}
    }

    /// The place of what comes next, or of the end.
    fn here(&self) -> Span {
        let last = || self.tokens.last().map(|token| Span::new(token.span.end, token.span.end));
        self.peek().map(|token| token.span).or_else(last).unwrap_or_default()
    }

    fn refuse<T>(&self, message: impl Into<String>) -> Parsed<T> {
        Err((message.into(), self.here()))
    }

    fn name(&mut self, what: &str) -> Parsed<&'t Token<'a>> {
        match self.peek().filter(|token| matches!(token.kind, Kind::Word | Kind::Text)) {
            Some(token) => {
                self.at = self.at.saturating_add(1);
                Ok(token)
            }
            None => self.refuse(format!("{what} is expected")),
        }
    }

    fn opens(&mut self) -> Parsed<()> {
        if self.takes(|token| token.is_sign("{")) { Ok(()) } else { self.refuse("`{` is expected") }
    }

    fn file(&mut self) -> Parsed<()> {
        loop {
            self.blank();
            let Some(token) = self.peek() else { return Ok(()) };
            let word = if token.kind == Kind::Word { token.text.as_ref() } else { "" };
            self.at = self.at.saturating_add(1);
            match word {
                "table" => self.table()?,
                "add" | "create" if self.takes(|token| token.is_word("table")) => self.table()?,
                "delete" | "destroy" if self.takes(|token| token.is_word("table")) => {
                    let (family, name) = self.table_name()?;
                    self.ruleset.remove(Some((family, name.text.as_ref())));
                }
                "flush" if self.takes(|token| token.is_word("ruleset")) => self.ruleset.remove(None),
                "flush" if self.takes(|token| token.is_word("table")) => {
                    let (family, name) = self.table_name()?;
                    // Its rules go; its chains and their policies stay.
                    let table = self.ruleset.table(family, &name.text, name.span);
                    table
                        .into_iter()
                        .flat_map(|table| &mut table.chains)
                        .for_each(|chain| chain.rules.clear());
                }
                "include" => {
                    return Err((
                        "a file that is included is not read; give it all in one".to_owned(),
                        token.span,
                    ));
                }
                _ => {
                    return Err((
                        format!("`{}` is not a command that is followed", token.text.trim()),
                        token.span,
                    ));
                }
            }
            if self.peek().is_some_and(|token| token.kind != Kind::End) {
                return self.refuse("the end of the line is expected");
            }
        }
    }

    fn table_name(&mut self) -> Parsed<(TableFamily, &'t Token<'a>)> {
        let first = self.name("a family and a name")?;
        match TableFamily::of(&first.text).filter(|_| first.kind == Kind::Word) {
            Some(family) => Ok((family, self.name("the name of the table")?)),
            None => Ok((TableFamily::Ip, first)),
        }
    }

    fn table(&mut self) -> Parsed<()> {
        let (family, name) = self.table_name()?;
        let key = (family, name);
        self.ruleset.table(family, &name.text, name.span);
        if !self.takes(|token| token.is_sign("{")) {
            return Ok(());
        }
        loop {
            self.blank();
            if self.takes(|token| token.is_sign("}")) {
                return Ok(());
            }
            let Some(token) = self.next() else {
                return self.refuse("the table is not closed: the file is cut off");
            };
            let word = if token.kind == Kind::Word { token.text.as_ref() } else { "" };
            match word {
                "chain" => self.chain(key)?,
                "set" | "map" => self.set(key)?,
                "flags" => {
                    let is_dormant = self.rest().iter().any(|token| token.is_word("dormant"));
                    if let Some(table) = self.ruleset.table(family, &name.text, name.span) {
                        table.is_dormant = is_dormant;
                    }
                }
                "comment" => {
                    self.rest();
                }
                "counter" | "quota" | "limit" | "ct" | "synproxy" | "secmark" | "flowtable" | "tunnel" => {
                    self.object()?;
                }
                _ => return Err((format!("`{}` is not a part of a table", token.text.trim()), token.span)),
            }
        }
    }

    /// What is left of the line.
    fn rest(&mut self) -> &'t [Token<'a>] {
        let from = self.at;
        while self.peek().is_some_and(|token| token.kind != Kind::End && !token.is_sign("}")) {
            self.at = self.at.saturating_add(1);
        }
        self.tokens.get(from..self.at).unwrap_or_default()
    }

    /// An object that rules name and that decides nothing by itself.
    fn object(&mut self) -> Parsed<()> {
        while let Some(token) = self.peek() {
            if token.is_sign("{") {
                self.at = self.at.saturating_add(1);
                return self.inside().map(|_| ());
            }
            if token.kind == Kind::End || token.is_sign("}") {
                break;
            }
            self.at = self.at.saturating_add(1);
        }
        self.refuse("`{` is expected")
    }

    /// What stands up to the brace that closes the one before, which is left out.
    fn inside(&mut self) -> Parsed<&'t [Token<'a>]> {
        let from = self.at;
        let mut depth = 1_usize;
        while let Some(token) = self.next() {
            if token.is_sign("{") {
                depth = depth.saturating_add(1);
            } else if token.is_sign("}") {
                depth = depth.saturating_sub(1);
            }
            if depth == 0 {
                return Ok(self.tokens.get(from..self.at.saturating_sub(1)).unwrap_or_default());
            }
        }
        self.refuse("a brace is not closed: the file is cut off")
    }

    fn set(&mut self, (family, table): (TableFamily, &'t Token<'a>)) -> Parsed<()> {
        let name = self.name("the name of the set")?;
        self.opens()?;
        let mut set = NamedSet { elements: Vec::new(), doubt: None };
        loop {
            self.blank();
            if self.takes(|token| token.is_sign("}")) {
                break;
            }
            let Some(token) = self.next() else {
                return self.refuse("the set is not closed: the file is cut off");
            };
            match token.text.as_ref() {
                "elements" => {
                    if !self.takes(|token| token.is_sign("=")) {
                        return self.refuse("`=` is expected");
                    }
                    self.opens()?;
                    set.elements.extend_from_slice(self.inside()?);
                }
                "flags" => {
                    let rest = self.rest();
                    if rest.iter().any(|flag| flag.is_word("timeout") || flag.is_word("dynamic")) {
                        set.doubt = Some(COMES_AND_GOES);
                    }
                }
                "type" | "typeof" | "timeout" | "gc-interval" | "size" | "policy" | "auto-merge"
                | "comment" | "counter" => {
                    self.rest();
                }
                other => return Err((format!("`{}` is not a part of a set", other.trim()), token.span)),
            }
        }
        let known = self.ruleset.table(family, &table.text, table.span);
        if let Some(table) = known {
            table.sets.insert(name.text.clone().into_owned(), set);
        }
        Ok(())
    }

    fn chain(&mut self, (family, table): (TableFamily, &'t Token<'a>)) -> Parsed<()> {
        let name = self.name("the name of the chain")?;
        self.opens()?;
        let mut base: Option<Base> = None;
        let mut drops = None;
        let mut rules = Vec::new();
        loop {
            self.blank();
            if self.takes(|token| token.is_sign("}")) {
                break;
            }
            let Some(first) = self.peek() else {
                return self.refuse("the chain is not closed: the file is cut off");
            };
            if first.is_word("type") && base.is_none() && rules.is_empty() {
                base = Some(self.base()?);
            } else if first.is_word("policy") {
                self.at = self.at.saturating_add(1);
                let policy = self.name("a policy")?;
                drops = match policy.text.as_ref() {
                    "accept" => Some(false),
                    "drop" => Some(true),
                    other => {
                        return Err((
                            format!("`{other}` is not a policy: accept or drop is expected"),
                            policy.span,
                        ));
                    }
                };
            } else if rules.is_empty()
                && ["comment", "flags", "devices"].iter().any(|word| first.is_word(word))
            {
                self.rest();
            } else {
                rules.push(self.rule()?);
            }
        }
        let Some(table) = self.ruleset.table(family, &table.text, table.span) else { return Ok(()) };
        let Some(chain) = table.chain(&name.text, name.span) else { return Ok(()) };
        if let Some(base) = base {
            chain.base = Some(base);
        }
        if let (Some(drops), Some(base)) = (drops, &mut chain.base) {
            base.drops = drops;
        }
        chain.rules.extend(rules);
        Ok(())
    }

    /// `type filter hook output priority filter; policy drop;`
    fn base(&mut self) -> Parsed<Base> {
        let line = self.rest();
        let word = |after: &str| {
            let at = line.iter().position(|token| token.is_word(after))?;
            line.get(at.checked_add(1)?).map(|token| token.text.clone().into_owned())
        };
        match (word("type"), word("hook"), word("priority")) {
            (Some(kind), Some(hook), Some(_)) => Ok(Base { kind, hook, drops: false, span: place(line) }),
            _ => Err(("`type KIND hook HOOK priority NUMBER` is expected".to_owned(), place(line))),
        }
    }

    /// A rule: everything up to the end of the line that is not inside of braces.
    fn rule(&mut self) -> Parsed<Line<'a>> {
        let from = self.at;
        let mut depth = 0_usize;
        while let Some(token) = self.peek() {
            if token.is_sign("{") {
                depth = depth.saturating_add(1);
            } else if token.is_sign("}") {
                let Some(less) = depth.checked_sub(1) else { break };
                depth = less;
            } else if token.kind == Kind::End && depth == 0 {
                break;
            }
            self.at = self.at.saturating_add(1);
        }
        if depth > 0 {
            return self.refuse("a brace is not closed: the file is cut off");
        }
        let tokens = self.tokens.get(from..self.at).unwrap_or_default();
        Ok(Line { tokens: tokens.to_vec(), span: place(tokens) })
    }
}

/// Why a set whose elements expire or are added by rules is not modelled.
pub(super) const COMES_AND_GOES: &str = "elements of the set come and go";

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<String>, Vec<String>) {
        let source = Arc::new(Source::new("rules", text));
        let mut findings = Vec::new();
        let ruleset = parse(&source, &mut findings);
        let chains = ruleset.tables.iter().flat_map(|table| {
            table.chains.iter().map(|chain| format!("{}/{}: {}", table.name, chain.name, chain.rules.len()))
        });
        (chains.collect(), findings.into_iter().map(|finding| finding.message).collect())
    }

    #[test]
    fn tables_are_made_replaced_and_filled_as_a_script_does_it() {
        let chain = "chain c {\ntype filter hook output priority 0; policy drop;\naccept\n}";
        let text = format!(
            "table inet a\ndelete table inet a\ntable inet a {{\n{chain}\n}}\ntable inet a {{\nchain c {{\ndrop\n}}\n}}\n"
        );
        assert_eq!(read(&text), (vec!["a/c: 2".to_owned()], vec![]));
        let text = format!("table inet b {{\n{chain}\n}}\nflush ruleset\ntable x {{\n{chain}\n}}\n");
        assert_eq!(read(&text), (vec!["x/c: 1".to_owned()], vec![]));
    }

    #[test]
    fn what_is_defined_is_put_in_its_place() {
        let text =
            "define a = { 1, 2 }\ndefine b = $a\ntable ip t {\nchain c {\ntcp dport $b accept; drop\n}\n}\n";
        assert_eq!(read(text), (vec!["t/c: 2".to_owned()], vec![]));
        assert_eq!(
            read("table ip t {\nchain c {\ntcp dport $a accept\n}\n}\n").1,
            ["a name that is not defined"]
        );
        let define = |number: usize| format!("define a{number} = {{ $a{0}, $a{0} }}\n", number - 1);
        let text = (1..40).map(define).fold("define a0 = { 1, 2 }\n".to_owned(), |text, line| text + &line);
        assert_eq!(read(&text).1, ["the definitions stand for too much"]);
    }

    #[test]
    fn a_file_that_is_cut_off_or_does_more_is_an_error_and_nothing_of_it_is_used() {
        let whole =
            "table ip t {\nset s {\ntype ipv4_addr\nelements = { 1.1.1.1 }\n}\nchain c {\naccept\n}\n}\n";
        assert_eq!(read(whole).1, [""; 0]);
        for end in [12, 20, 40, 60, whole.len() - 3] {
            let (chains, findings) = read(&whole[..end]);
            assert_eq!((chains.len(), findings.len()), (0, 1), "{}", &whole[..end]);
        }
        for text in ["add rule ip t c accept\n", "include \"x\"\n", "table ip t { } }\n", "list ruleset\n"] {
            assert_eq!(read(text).1.len(), 1, "{text}");
        }
    }
}
