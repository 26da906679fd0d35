//! What the ACLs of a line ask of a request of one form, groups of ACLs included.

use super::acl::Acl;
use super::condition::{doubt, single, unmodelled};
use super::conf::{Conf, Test};
use super::form::Form;
use super::kind::Kind;
use crate::policy::Action;
use crate::targets::proxies::case::{Case, MOST_CASES, cross};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// How deep groups of ACLs may name each other.
const DEEPEST_GROUP: usize = 16;

/// An ACL, whether it must not match, and the form of the request.
type Question = (String, bool, Form);

/// Judges ACLs, and remembers what each came to.
#[derive(Debug)]
pub(super) struct Judge<'a> {
    conf: &'a Conf,
    /// What the lines do whose ACLs are judged.
    action: Action,
    /// The lines see the name in the TLS handshake.
    sees_handshake: bool,
    known: RefCell<BTreeMap<Question, Rc<[Case]>>>,
    /// The groups that are being judged.
    open: RefCell<BTreeSet<String>>,
}

impl<'a> Judge<'a> {
    /// Of lines that do this to requests.
    pub(super) fn of_requests(conf: &'a Conf, action: Action) -> Self {
        Self { conf, action, sees_handshake: false, known: RefCell::default(), open: RefCell::default() }
    }

    /// Of lines that do this to tunnels of which the name in the handshake is known.
    pub(super) fn of_handshakes(conf: &'a Conf, action: Action) -> Self {
        Self { sees_handshake: true, ..Self::of_requests(conf, action) }
    }

    /// The cases in which all of these ACLs hold.
    pub(super) fn all(&self, tests: &[Test], form: &Form) -> Vec<Case> {
        self.every(tests, form).unwrap_or_else(|| {
            let why = "the ACLs of the line combine in too many ways";
            vec![Case::default().doubted(Some(&unmodelled(&self.text(tests), why)))]
        })
    }

    /// The same; nothing when there are too many.
    fn every(&self, tests: &[Test], form: &Form) -> Option<Vec<Case>> {
        tests.iter().try_fold(vec![Case::default()], |cases, test| cross(&cases, &self.one(test, form)))
    }

    /// The conditions as written, in one line.
    fn text(&self, tests: &[Test]) -> String {
        let text = |test: &Test| {
            let sign = if test.negated { "!" } else { "" };
            format!("{sign}{}", self.conf.acls.get(&test.acl).map(Acl::text).unwrap_or_default())
        };
        tests.iter().map(text).collect::<Vec<_>>().join(" ")
    }

    fn one(&self, test: &Test, form: &Form) -> Rc<[Case]> {
        // `conf` makes no test of an ACL that is not defined.
        let Some(acl) = self.conf.acls.get(&test.acl) else { return Rc::from([]) };
        // What does not look at the form of a request is the same for all forms.
        let form = if acl.kind.looks_at_form() { form } else { &Form::Connect };
        let key = (test.acl.clone(), test.negated, form.clone());
        if let Some(known) = self.known.borrow().get(&key) {
            return Rc::clone(known);
        }
        let cases: Rc<[Case]> = match &acl.kind {
            Kind::AnyOf | Kind::AllOf if !acl.conditional => self.group(acl, &test.acl, test.negated, form),
            Kind::ServerName | Kind::ServerNameRegex if self.conf.bumped && !self.sees_handshake => {
                let why = "the name in the TLS handshake is not the one that is asked for";
                vec![Case::default().doubted(Some(&doubt(acl, test.negated, why)))]
            }
            _ => single(self.conf, acl, test.negated, form, self.action),
        }
        .into();
        self.known.borrow_mut().insert(key, Rc::clone(&cases));
        cases
    }

    fn group(&self, acl: &Acl, key: &str, negated: bool, form: &Form) -> Vec<Case> {
        let opaque = |why: &str| {
            let members: Vec<String> = acl.groups.iter().map(|group| self.text(group)).collect();
            let sign = if negated { "!" } else { "" };
            let text = format!("{sign}{} ({})", acl.text(), members.join(" | "));
            vec![Case::default().doubted(Some(&unmodelled(&text, why)))]
        };
        let too_deep = self.open.borrow().len() >= DEEPEST_GROUP;
        if too_deep || !self.open.borrow_mut().insert(key.to_owned()) {
            return opaque("groups of ACLs name each other too deep, or in a circle");
        }
        let cases = if negated { self.none_of(&acl.groups, form) } else { self.some_of(&acl.groups, form) };
        self.open.borrow_mut().remove(key);
        cases.unwrap_or_else(|| opaque("its members combine in too many ways"))
    }

    fn some_of(&self, groups: &[Vec<Test>], form: &Form) -> Option<Vec<Case>> {
        let mut cases = Vec::new();
        for group in groups {
            cases.extend(self.every(group, form)?);
            if cases.len() > MOST_CASES {
                return None;
            }
        }
        Some(cases)
    }

    /// Not (A or B) is not A and not B; not (a and b) is not a or not b.
    fn none_of(&self, groups: &[Vec<Test>], form: &Form) -> Option<Vec<Case>> {
        groups.iter().try_fold(vec![Case::default()], |cases, group| {
            let turned = group.iter().map(|test| Test { negated: !test.negated, acl: test.acl.clone() });
            let choices: Vec<Case> = turned.flat_map(|test| self.one(&test, form).to_vec()).collect();
            cross(&cases, &choices)
        })
    }
}
