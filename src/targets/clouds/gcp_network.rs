//! What is the same of all rules of a VPC network of Google Cloud: the rules that stand behind them, and the two stages of a
//! Terraform plan.

use crate::diag::{Finding, Source};
use crate::packet::{PeerSet, Set as _};
use crate::policy::{Action, Direction, Match, Origin, Rule, RuleSet, Scope, Subject, Traffic};
use crate::syntax::hcl::Block;
use crate::syntax::terraform::{self, Asked, Stage};
use std::sync::Arc;

/// The rules of a scope in their order, and behind them what the network implies: all egress is allowed, and nothing comes
/// in. `peers` are those that rules can name besides groups of instances, which a source can be.
///
/// <https://cloud.google.com/firewall/docs/firewalls#default_firewall_rules>.
pub(in crate::targets) fn implied(
    name: String,
    direction: Direction,
    peers: PeerSet,
    mut rules: Vec<Rule>,
) -> RuleSet {
    let universe = match direction {
        Direction::Egress => peers,
        Direction::Ingress => peers.union(&PeerSet::all_groups()),
    };
    if direction == Direction::Egress {
        rules.push(Rule {
            action: Action::Allow,
            matches: Match::ANY,
            traffic: Traffic::New,
            unmodelled: Vec::new(),
            origin: Origin::System("the network's implied rule allows all egress".to_owned()),
        });
    }
    RuleSet {
        scope: Scope { name, direction },
        subject: Subject::Host,
        universe,
        rules,
        default: Action::Deny,
    }
}

/// The resources of one stage.
#[derive(Debug, Default)]
pub(in crate::targets) struct Stated {
    pub(in crate::targets) blocks: Vec<Block>,
    pub(in crate::targets) findings: Vec<Finding>,
}

/// The resources before, where one of the files is a plan, and after. Lists of objects become the blocks that they are in
/// HCL by `with_blocks`.
pub(in crate::targets) fn stages(
    sources: &[Arc<Source>],
    asked: Asked<'_>,
    with_blocks: fn(Block) -> Block,
) -> (Option<Stated>, Stated) {
    let (mut before, mut after, mut is_plan) = (Stated::default(), Stated::default(), false);
    for source in sources {
        let read = terraform::read(source, Stage::After, asked);
        let was = if read.is_plan {
            is_plan = true;
            terraform::read(source, Stage::Before, asked)
        } else {
            read.clone()
        };
        for (read, into) in [(was, &mut before), (read, &mut after)] {
            into.blocks.extend(read.resources.into_iter().map(|resource| with_blocks(resource.block)));
            into.findings.extend(read.findings);
        }
    }
    (is_plan.then_some(before), after)
}
