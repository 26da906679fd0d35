//! The words of one rule, read into what it asks of a packet and what it does.

use super::services;
use super::spec::{Among, Context, End, Interface, Refusal, Spec};
use super::states;
use super::unmodelled::{self, Condition};
use super::verdict::Verdict;
use crate::diag::Span;
use crate::packet::{AddrSet, Protocol, Set, TransportSet};
use crate::syntax::words::Word;
use crate::targets::packet_filters::addresses::{self, Block};
use crate::targets::packet_filters::ip_sets::{Dimension, Membership};
use crate::targets::packet_filters::region::{Family, States};

/// Reads the words that follow the name of the chain.
pub(super) fn parse(words: &[Word<'_>], span: Span, context: Context<'_>) -> Result<Spec, Refusal> {
    let spec = Spec {
        source: None,
        destination: None,
        transport: None,
        among: None,
        states: States::ALL,
        input: None,
        output: None,
        conditions: Vec::new(),
        verdict: Verdict::Continue,
        changes: None,
        span,
    };
    let mut parser = Parser {
        words,
        context,
        spec,
        protocol: None,
        services: Vec::new(),
        modules: Vec::new(),
        open: Open::Nothing,
        negated: None,
        targeted: false,
    };
    while let Some(word) = parser.next() {
        if is_bang(word) {
            if parser.negated.replace(word.span).is_some() {
                return refuse("two `!` in a row", word.span);
            }
        } else {
            parser.option(word)?;
        }
    }
    parser.finish()
}

/// Whose options may follow without a name of their own.
enum Open {
    /// Nobody's.
    Nothing,
    /// Those of a module that is not modelled, at this place among the conditions.
    Condition(usize),
    /// Those of the target.
    Target,
}

/// Ports or types that wait for the protocol.
struct Service {
    option: String,
    value: String,
    negated: bool,
    span: Span,
}

struct Parser<'w, 'a, 'c> {
    words: &'w [Word<'a>],
    context: Context<'c>,
    spec: Spec,
    protocol: Option<(bool, Protocol, Span)>,
    services: Vec<Service>,
    modules: Vec<(String, Span)>,
    open: Open,
    negated: Option<Span>,
    targeted: bool,
}

impl<'w, 'a> Parser<'w, 'a, '_> {
    fn next(&mut self) -> Option<&'w Word<'a>> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        Some(first)
    }

    fn value(&mut self, option: &Word<'_>) -> Result<&'w Word<'a>, Refusal> {
        self.next().ok_or_else(|| refusal(format!("`{}` needs a value", option.text), option.span))
    }

    /// Takes the `!` that stands before an option.
    fn not(&mut self) -> bool {
        self.negated.take().is_some()
    }

    fn option(&mut self, word: &'w Word<'a>) -> Result<(), Refusal> {
        let option: &str = if word.quoted { "" } else { &word.text };
        match option {
            "-s" | "--source" | "--src" => self.address(word, true),
            "-d" | "--destination" | "--dst" => self.address(word, false),
            "-p" | "--protocol" => self.protocol(word),
            "--proto" if !matches!(self.open, Open::Condition(_)) => self.protocol(word),
            "-i" | "--in-interface" | "-o" | "--out-interface" => self.interface(word),
            "-m" | "--match" => self.module(word),
            "-j" | "--jump" | "-g" | "--goto" => self.target(word),
            "-c" | "--set-counters" => {
                self.value(word)?;
                self.value(word).map(|_| ())
            }
            "-f" | "--fragment" => {
                self.condition("-f", &[], word.span);
                Ok(())
            }
            "--comment" if self.has("comment") => self.value(word).map(|_| ()),
            "--dport"
            | "--destination-port"
            | "--dports"
            | "--destination-ports"
            | "--icmp-type"
            | "--icmpv6-type" => self.service(word),
            "--sport" | "--source-port" if self.has_ports() => self.source_port(word),
            "--sports" | "--source-ports" | "--ports" if self.has("multiport") => {
                let value = self.value(word)?;
                services::port_list(&value.text).map_err(|message| refusal(message, value.span))?;
                self.condition("-m multiport", &[word, value], word.span);
                Ok(())
            }
            "--syn" | "--tcp-flags" | "--ctstate" | "--state" => self.state(word),
            "--src-range" | "--dst-range" if self.has("iprange") => self.range(word),
            "--match-set" | "--set" if self.has("set") && !matches!(self.open, Open::Condition(_)) => {
                self.set(word)
            }
            _ => self.other(word),
        }
    }

    fn has(&self, module: &str) -> bool {
        self.modules.iter().any(|(name, _)| name == module)
    }

    fn has_ports(&self) -> bool {
        self.protocol.is_some_and(|(negated, protocol, _)| !negated && protocol.has_ports())
    }

    fn address(&mut self, option: &Word<'_>, is_source: bool) -> Result<(), Refusal> {
        let value = self.value(option)?;
        let negated = self.not();
        if negated && value.text.contains(',') {
            return refuse("`!` before several addresses, which iptables refuses", value.span);
        }
        let mut set = AddrSet::default();
        let mut scattered = Vec::new();
        for item in value.text.split(',') {
            match addresses::block(item, self.context.family)
                .map_err(|message| refusal(message, value.span))?
            {
                Block::Exact(exact) => set = set.union(&exact),
                Block::Within(bound, text) => {
                    set = set.union(&bound);
                    scattered.push(text);
                }
            }
        }
        let slot = if is_source { &mut self.spec.source } else { &mut self.spec.destination };
        if slot.is_some() {
            return refuse(format!("`{}` is given twice", option.text), option.span);
        }
        if scattered.is_empty() {
            *slot = Some(if negated { self.context.family.all().subtract(&set) } else { set });
        } else {
            // What is outside of the bound surely matches `!`, but the rest of the rule has no room for two cases.
            *slot = Some(if negated { self.context.family.all() } else { set });
            let why = "the mask is scattered over too many bits";
            let text =
                unmodelled::text(negated, &[if is_source { "-s" } else { "-d" }, &scattered.join(",")]);
            self.spec.conditions.push(Condition::new(text, why, value.span));
        }
        Ok(())
    }

    fn protocol(&mut self, option: &Word<'_>) -> Result<(), Refusal> {
        let value = self.value(option)?;
        let negated = self.not();
        let protocol = services::protocol(&value.text)
            .ok_or_else(|| refusal(format!("`{}` is not a protocol", value.text), value.span))?;
        if self.protocol.is_some() {
            return refuse("`-p` is given twice", option.span);
        }
        match protocol {
            Some(protocol) => self.protocol = Some((negated, protocol, value.span)),
            None if negated => {
                return refuse("`! -p all` matches nothing, and iptables refuses it", value.span);
            }
            None => {}
        }
        Ok(())
    }

    fn interface(&mut self, option: &Word<'_>) -> Result<(), Refusal> {
        let value = self.value(option)?;
        let negated = self.not();
        let interface = Interface { name: value.text.clone().into_owned(), negated, span: value.span };
        let is_input = matches!(&*option.text, "-i" | "--in-interface");
        let slot = if is_input { &mut self.spec.input } else { &mut self.spec.output };
        if slot.replace(interface).is_some() {
            return refuse(format!("`{}` is given twice", option.text), option.span);
        }
        Ok(())
    }

    fn module(&mut self, option: &Word<'_>) -> Result<(), Refusal> {
        let value = self.value(option)?;
        if let Some(span) = self.negated.take() {
            return refuse("`!` before `-m`", span);
        }
        let name = value.text.clone().into_owned();
        if unmodelled::is_modelled(&name) {
            self.open = Open::Nothing;
        } else {
            let text = unmodelled::text(false, &["-m", &name]);
            self.open = Open::Condition(self.spec.conditions.len());
            self.spec.conditions.push(Condition::new(text, unmodelled::why(&name), option.span));
        }
        self.modules.push((name, value.span));
        Ok(())
    }

    fn target(&mut self, option: &Word<'_>) -> Result<(), Refusal> {
        let value = self.value(option)?;
        if let Some(span) = self.negated.take() {
            return refuse("`!` before a target", span);
        }
        if std::mem::replace(&mut self.targeted, true) {
            return refuse("a rule with two targets", option.span);
        }
        let goto = matches!(&*option.text, "-g" | "--goto");
        let name = value.text.clone().into_owned();
        self.spec.verdict = if goto { Verdict::Goto(name) } else { Verdict::jump(&name) };
        self.open = if self.spec.verdict.takes_options() { Open::Target } else { Open::Nothing };
        Ok(())
    }

    fn service(&mut self, option: &Word<'_>) -> Result<(), Refusal> {
        let value = self.value(option)?;
        let negated = self.not();
        let (option, value, span) =
            (option.text.clone().into_owned(), value.text.clone().into_owned(), value.span);
        self.services.push(Service { option, value, negated, span });
        Ok(())
    }

    fn source_port(&mut self, option: &Word<'_>) -> Result<(), Refusal> {
        let value = self.value(option)?;
        let range = services::ports(&value.text).map_err(|message| refusal(message, value.span))?;
        let negated = self.negated.is_some();
        if (range.first(), range.last()) == (0, u16::MAX) && !negated {
            return Ok(());
        }
        let ports = if range.first() == range.last() {
            range.first().to_string()
        } else {
            format!("{}:{}", range.first(), range.last())
        };
        let module = self.protocol.and_then(|(_, protocol, _)| protocol.name()).unwrap_or("tcp");
        let negated = self.not();
        let text = format!("-m {module} {}", unmodelled::text(negated, &["--sport", &ports]));
        self.spec.conditions.push(Condition::new(text, unmodelled::SOURCE_PORT, option.span));
        Ok(())
    }

    fn state(&mut self, option: &Word<'_>) -> Result<(), Refusal> {
        let found = match &*option.text {
            "--syn" => states::syn(self.not()),
            "--tcp-flags" => {
                let (mask, set) = (self.value(option)?, self.value(option)?);
                let negated = self.not();
                states::flags(&mask.text, &set.text, negated)
                    .map_err(|message| refusal(message, mask.span))?
            }
            _ => {
                let value = self.value(option)?;
                let negated = self.not();
                states::tracked(&value.text, negated).map_err(|message| refusal(message, value.span))?
            }
        };
        if matches!(&*option.text, "--syn" | "--tcp-flags") && !self.is_tcp() {
            return refuse(format!("`{}` needs `-p tcp`", option.text), option.span);
        }
        self.spec.states = self.spec.states.and(found.states);
        if let Some(text) = found.unmodelled {
            self.spec.conditions.push(Condition::new(text, unmodelled::STATE, option.span));
        }
        Ok(())
    }

    fn is_tcp(&self) -> bool {
        self.protocol.is_some_and(|(negated, protocol, _)| !negated && protocol == Protocol::TCP)
    }

    fn range(&mut self, option: &Word<'_>) -> Result<(), Refusal> {
        let value = self.value(option)?;
        let negated = self.not();
        let range = addresses::range(&value.text, self.context.family)
            .map_err(|message| refusal(message, value.span))?;
        let set = if negated { self.context.family.all().subtract(&range) } else { range };
        let slot =
            if option.text == "--src-range" { &mut self.spec.source } else { &mut self.spec.destination };
        *slot = Some(slot.as_ref().map_or_else(|| set.clone(), |had| had.intersect(&set)));
        Ok(())
    }

    fn set(&mut self, option: &Word<'_>) -> Result<(), Refusal> {
        let (name, flags) = (self.value(option)?, self.value(option)?);
        let negated = self.not();
        let end = match &*flags.text {
            "src,dst" => Some(End::Source),
            "dst,dst" => Some(End::Destination),
            _ => None,
        };
        // Two such matches in one rule, or one that is negated, stay conditions.
        if let Some(end) = end.filter(|_| !negated && self.spec.among.is_none())
            && let Ok(products) = self.context.sets.products(&name.text, self.context.family)
        {
            self.spec.among = Some(Among { end, products });
            return Ok(());
        }
        match self.context.sets.members(&name.text, &flags.text, negated, self.context.family) {
            Ok(Membership { dimension: Dimension::Source, addrs }) => {
                self.spec.source = Some(
                    self.spec.source.as_ref().map_or_else(|| addrs.clone(), |had| had.intersect(&addrs)),
                );
            }
            Ok(Membership { dimension: Dimension::Destination, addrs }) => {
                self.spec.destination = Some(
                    self.spec.destination.as_ref().map_or_else(|| addrs.clone(), |had| had.intersect(&addrs)),
                );
            }
            Err(why) => {
                let text = unmodelled::text(negated, &["--match-set", &name.text, &flags.text]);
                self.spec.conditions.push(Condition::new(format!("-m set {text}"), why, option.span));
            }
        }
        Ok(())
    }

    /// An option that is not modelled: of the module before it, or of the target.
    fn other(&mut self, word: &'w Word<'a>) -> Result<(), Refusal> {
        if word.quoted || !word.text.starts_with('-') || word.text.len() < 2 {
            return refuse(format!("`{}` is not an option", word.text), word.span);
        }
        let end =
            self.words.iter().position(|word| is_bang(word) || (!word.quoted && word.text.starts_with('-')));
        let (values, rest) =
            self.words.split_at_checked(end.unwrap_or(self.words.len())).unwrap_or((self.words, &[]));
        self.words = rest;
        let option: Vec<&str> = std::iter::once(word).chain(values).map(|word| &*word.text).collect();
        if let Open::Target = self.open {
            if matches!(&*word.text, "--add-set" | "--del-set" | "--map-set") {
                self.spec.changes = values.first().map(|name| name.text.clone().into_owned());
            }
            return Ok(());
        }
        let negated = self.not();
        // The option belongs to the module named last; if that one is modelled and does not have it, to an earlier one.
        let open = match self.open {
            Open::Condition(index) => Some(index),
            Open::Nothing | Open::Target => {
                self.spec.conditions.iter().rposition(|condition| condition.text.starts_with("-m "))
            }
        };
        // `-p tcp` opens the module of its name without `-m tcp`.
        let implied =
            self.protocol.filter(|(negated, ..)| !negated).and_then(|(_, protocol, _)| protocol.name());
        let modules = self.modules.last().map(|(module, _)| module.as_str()).into_iter().chain(implied);
        if let Some(module) = modules.into_iter().find(|module| unmodelled::has_option(module, &word.text)) {
            let text = format!("-m {module} {}", unmodelled::text(negated, &option));
            self.spec.conditions.push(Condition::new(text, unmodelled::why(module), word.span));
            return Ok(());
        }
        let Some(condition) = open.and_then(|index| self.spec.conditions.get_mut(index)) else {
            return refuse(format!("unknown option `{}`", word.text), word.span);
        };
        let module = condition.text.split(' ').nth(1).unwrap_or_default();
        let text = unmodelled::option(module, negated, &option);
        if !text.is_empty() {
            condition.text.push(' ');
            condition.text.push_str(&text);
        }
        Ok(())
    }

    fn condition(&mut self, head: &str, words: &[&Word<'_>], span: Span) {
        let negated = self.not();
        let mut text = String::from(head);
        if negated && words.is_empty() {
            text = format!("! {head}");
        } else if !words.is_empty() {
            let words: Vec<&str> = words.iter().map(|word| &*word.text).collect();
            text = format!("{head} {}", unmodelled::text(negated, &words));
        }
        let why = if head == "-f" { unmodelled::why("frag") } else { unmodelled::SOURCE_PORT };
        self.spec.conditions.push(Condition::new(text, why, span));
    }

    fn finish(mut self) -> Result<Spec, Refusal> {
        if let Some(span) = self.negated {
            return refuse("`!` without an option behind it", span);
        }
        for (module, span) in &self.modules {
            let fits = match (module.as_str(), self.protocol) {
                ("tcp" | "udp" | "sctp" | "dccp" | "icmp" | "udplite", protocol) => {
                    protocol.is_some_and(|(negated, found, _)| !negated && found.name() == Some(module))
                }
                ("icmp6" | "icmpv6", protocol) => {
                    protocol.is_some_and(|(negated, found, _)| !negated && found == Protocol::ICMPV6)
                }
                ("multiport", _) => self.has_ports(),
                _ => true,
            };
            if !fits {
                return refuse(format!("`-m {module}` needs its protocol: `-p`"), *span);
            }
        }
        // Ports and types are part of their protocol, so the whole of it matters only where none are asked for.
        let mut transport: Option<TransportSet> = None;
        for service in &self.services {
            let set = self.services_of(service)?;
            transport = Some(transport.map_or_else(|| set.clone(), |had| had.intersect(&set)));
        }
        self.spec.transport = transport.or_else(|| self.whole_protocol());
        Ok(self.spec)
    }

    fn whole_protocol(&self) -> Option<TransportSet> {
        let (negated, protocol, _) = self.protocol?;
        // ip6tables looks behind these headers for the protocol, so no packet has one of them as its own.
        let unseen = self.context.family == Family::V6 && services::is_extension_header(protocol);
        let whole = if unseen { TransportSet::default() } else { TransportSet::protocol(protocol) };
        Some(if negated { TransportSet::full().subtract(&whole) } else { whole })
    }

    fn services_of(&self, service: &Service) -> Result<TransportSet, Refusal> {
        let at = |message: String| refusal(message, service.span);
        let needs = |what: &str| refusal(format!("`{}` needs {what}", service.option), service.span);
        let protocol = self.protocol.filter(|(negated, ..)| !negated).map(|(_, protocol, _)| protocol);
        let (protocol, set) = match (service.option.as_str(), protocol) {
            ("--icmp-type", Some(icmp @ Protocol::ICMP))
            | ("--icmpv6-type", Some(icmp @ Protocol::ICMPV6)) => {
                (icmp, services::icmp(icmp, &service.value).map_err(at)?)
            }
            ("--icmp-type", _) => return Err(needs("`-p icmp`")),
            ("--icmpv6-type", _) => return Err(needs("`-p ipv6-icmp`")),
            (option, Some(protocol)) if protocol.has_ports() => {
                let list = matches!(option, "--dports" | "--destination-ports");
                if list && !self.has("multiport") {
                    return Err(needs("`-m multiport`"));
                }
                let ports = if list {
                    services::port_list(&service.value).map_err(at)?
                } else {
                    crate::packet::PortSet::of([services::ports(&service.value).map_err(at)?])
                };
                (protocol, TransportSet::ports(protocol, &ports))
            }
            _ => return Err(needs("a protocol with ports: `-p tcp`")),
        };
        Ok(if service.negated { services::others(protocol, &set) } else { set })
    }
}

fn is_bang(word: &Word<'_>) -> bool {
    !word.quoted && word.text == "!"
}

fn refusal(message: impl Into<String>, span: Span) -> Refusal {
    Refusal { message: message.into(), span }
}

fn refuse<T>(message: impl Into<String>, span: Span) -> Result<T, Refusal> {
    Err(refusal(message, span))
}
