//! The inputs of the GKE module: TCP ports from the control plane.

use super::dice::Dice;
use super::law::{Files, Format, Scope, laws};
use super::world::{Edges, Far, Packet};

laws!(Inputs, 20);

#[derive(Debug, Clone)]
struct Inputs(Vec<(u16, u16)>);

impl Format for Inputs {
    fn random(dice: &mut Dice) -> Self {
        let count = dice.below(4) + 1;
        Self((0..count).map(|_| dice.ports()).collect())
    }

    fn write(&self, dice: &mut Dice) -> Files {
        let mut ports = self.0.clone();
        dice.shuffle(&mut ports);
        let port = |(first, last): &(u16, u16)| match (first == last, dice.below(3)) {
            (true, 0) => first.to_string(),
            (true, 1) => format!("\"{first}\""),
            _ => format!("\"{first}-{last}\""),
        };
        let ports: Vec<String> = ports.iter().map(port).collect();
        let inputs = format!(
            "add_master_webhook_firewall_rules = true # {}\nfirewall_inbound_ports = [\n  {},\n]\n",
            dice.below(9),
            ports.join(",\n  ")
        );
        if dice.once_in(2) {
            return vec![("terraform.tfvars".to_owned(), inputs)];
        }
        let module = format!("module \"gke\" {{\n  source = \"x\"\n{inputs}}}\n");
        vec![("main.tf".to_owned(), module)]
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![("gke-module".to_owned(), false)]
    }

    fn allows(&self, _: &Scope, packet: &Packet) -> bool {
        packet.far == Far::Group("gke-control-plane".to_owned())
            && packet.protocol == 6
            && self.0.iter().any(|(first, last)| (*first..=*last).contains(&packet.detail))
    }

    fn edges(&self, edges: &mut Edges) {
        for _ in 0..8 {
            edges.peer(&Far::Group("gke-control-plane".to_owned()));
        }
        for ports in &self.0 {
            edges.ports(6, *ports);
        }
    }

    fn rewrite(&self, dice: &mut Dice) -> Self {
        let mut ports = Vec::new();
        for (first, last) in self.0.iter().copied() {
            let middle = first + u16::try_from(dice.below(usize::from(last - first) + 1)).unwrap();
            ports.push((first, middle));
            if middle < last || dice.once_in(2) {
                ports.push((middle, last));
            }
        }
        Self(ports)
    }

    fn edit(&self, dice: &mut Dice) -> Self {
        let mut ports = self.0.clone();
        let at = dice.below(ports.len());
        let (first, last) = ports[at];
        match dice.below(3) {
            0 => ports[at] = (first, last.saturating_add(1)),
            1 => ports[at] = (first - 1, last),
            _ => ports.push(dice.ports()),
        }
        Self(ports)
    }
}
