//! Which rules decide some packets, in the order in which they are tried.

use super::{Action, Decision, RuleSet, Traffic};
use crate::packet::{PacketSet, Set};

/// One rule on the way of some packets, and those of them that it decides or may decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The rule, counted from 1, or 0 where no rule matches and the default decides.
    pub decision: Decision,
    /// The packets that reach the rule and that it matches.
    pub packets: PacketSet,
    /// What happens to them.
    pub action: Action,
    /// Whether it surely happens. A rule with a condition that is not modelled may let the packets go on.
    pub certain: bool,
}

impl RuleSet {
    /// Follows packets through the rules. Packets stay on the way behind a rule that only may match them.
    pub fn trace(&self, asked: &PacketSet) -> Vec<Step> {
        let mut left = asked.clone();
        let mut steps = Vec::new();
        for (decision, rule) in (1..).zip(&self.rules) {
            if left.is_empty() {
                return steps;
            }
            if rule.traffic != Traffic::New {
                continue;
            }
            let packets = self.packets(&rule.matches).within(&left);
            if packets.is_empty() {
                continue;
            }
            let certain = rule.unmodelled.is_empty();
            if certain {
                left = left.subtract(&packets);
            }
            steps.push(Step { decision, packets, action: rule.action, certain });
        }
        if !left.is_empty() {
            steps.push(Step { decision: 0, packets: left, action: self.default, certain: true });
        }
        steps
    }
}
