//! Who talks: components, and what makes their pods.

use crate::catalog::leaf::{Id, Label, Text};
use crate::catalog::read::{List, Table, document, words};

document! {
    /// Who talks.
    ComponentDocument {
        /// What kind of thing it is.
        required kind: ComponentKind,
        /// The feature that it belongs to; while that is off, nothing is written for it.
        required feature: Id,
        /// The component, for people.
        optional title: Text,
        /// The namespace of the pods.
        optional namespace: Label,
        /// Labels that select the pods; one of them names the application.
        optional selector: Table<Label, Label>,
        /// What makes the pods.
        optional workload: WorkloadDocument,
        /// The pods share their node's network, so that pod policies do not govern them.
        optional host_network: bool,
        /// The variable that holds the addresses.
        optional variable: Id,
        /// Anything else.
        optional note: Text,
    }
}

document! {
    /// What makes the pods of a component.
    WorkloadDocument {
        /// What kind of object it is.
        required kind: WorkloadKind,
        /// Its name, as the vendor installs it.
        required name: Label,
        /// Its containers that open connections.
        required containers: List<Label>,
    }
}

words! {
    /// What makes pods.
    WorkloadKind {
        /// Pods anywhere.
        Deployment = "Deployment",
        /// A pod on every node.
        DaemonSet = "DaemonSet",
        /// Pods with names of their own.
        StatefulSet = "StatefulSet",
    }
}

words! {
    /// What kind of thing a component is.
    ComponentKind {
        /// Pods.
        Pods = "pods",
        /// The node: kubelet, container runtime, bootstrap.
        Node = "node",
        /// A machine outside the cluster: a person's or a CI runner.
        Workstation = "workstation",
        /// Addresses that only you know, given by a variable.
        Variable = "variable",
    }
}
