//! Istio on GKE: the inputs of the module, and the same as a rule of every target that has rules for ingress.

use crate::run::{egressor, generated, quickstart_lock};

const ISTIO: [&str; 10] = [
    "--region",
    "us",
    "--component",
    "istiod",
    "--feature",
    "istio-gke",
    "--set",
    "control_plane_cidr=172.16.0.0/28",
    "--set",
    "gcp.target_tags=gke-nodes",
];

#[test]
fn the_webhook_is_open_from_the_control_plane_alone_in_every_form() {
    let files =
        generated(&[&ISTIO[..], &["-t", "gcp-firewall,aws-security-group,iptables,network-policy"]].concat());
    let expected = [
        ("gcp-firewall.tf", vec!["\"INGRESS\"", "\"172.16.0.0/28\"", "[\"15017\"]", "\"gke-nodes\""]),
        ("aws-security-group.tf", vec!["ingress_rule", "\"172.16.0.0/28\"", "= 15017"]),
        ("iptables.rules", vec!["-A EGRESSOR-IN -s 172.16.0.0/28 -p tcp -m tcp --dport 15017"]),
        (
            "network-policy.yaml",
            vec!["\"Ingress\"", "\"172.16.0.0/28\"", "port: 15017", "\"app\": \"istiod\""],
        ),
    ];
    let lock = quickstart_lock();
    for (name, parts) in expected {
        let text = files.text(name);
        for part in parts {
            assert!(text.contains(part), "{name}: {part}\n{text}");
        }
        for other in ["8443", "9443"] {
            assert!(!crate::run::rules(&text).contains(other), "{name}: {other}");
        }
        // Read back, it is what the project wants; with another port it is not.
        let path = files.out.join(name).display().to_string();
        let diff = [&["diff", &path, "--lock", &lock][..], &ISTIO[..]].concat();
        let run = egressor(&diff);
        assert_eq!(run.code, 0, "{name}: {}{}", run.stdout, run.stderr);
        std::fs::write(&path, text.replace("15017", "15018")).unwrap();
        let run = egressor(&diff);
        assert_eq!(run.code, 1, "{name}: {}{}", run.stdout, run.stderr);
        assert!(run.stdout.contains("15018") && run.stdout.contains("15017"), "{name}: {}", run.stdout);
    }
}

#[test]
fn the_modules_inputs_are_the_union_with_its_defaults_and_the_webhooks_in_use() {
    let files = generated(&[&ISTIO[..6], &["-t", "gke-module"]].concat());
    let text = files.text("gke-module.tfvars");
    assert!(text.contains("add_master_webhook_firewall_rules = true"));
    assert!(text.contains(r#"["8443", "9443", "15017"]"#), "{text}");
    assert!(text.contains(r#"# Not ["15017"] alone: a list replaces the module's own"#), "{text}");
    // With the other webhooks in use the list is the same, and so is what is wrong with a shorter one.
    let all = generated(&["--region", "us", "--feature", "istio-gke", "-t", "gke-module"]);
    let all = all.text("gke-module.tfvars");
    assert!(
        all.contains(r#"["8443", "9443", "15017"]"#) && all.contains(r#"# Not ["15017"] alone: "#),
        "{all}"
    );
    assert!(all.contains("# 8443, 9443 would be cut off."), "{all}");
    assert!(all.contains("# Port 8443: castai/webhook-8443: "), "{all}");
    let path = files.out.join("gke-module.tfvars").display().to_string();
    let run = egressor(&[&["diff", &path][..], &ISTIO[..6]].concat());
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    std::fs::write(&path, text.replace(r#"["8443", "9443", "15017"]"#, r#"["15017"]"#)).unwrap();
    assert_eq!(
        egressor(&[&["diff", &path][..], &ISTIO[..6]].concat()).code,
        1,
        "the page's own line closes two ports"
    );
}
