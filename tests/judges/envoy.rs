//! Envoy itself as the judge: what it takes for valid, and what it lets through to a server, handshake by handshake.
//!
//! The addresses that names have are left out: what is let pass is led to a server of the test.

use crate::by_name::{corpus, hosts, meaning, on_high_ports, packet, shown, some_policies, written};
use crate::egressor_itself::{generate, lock};
use crate::hello::{FarEnd, handshake_arrives, own_address, request_arrives, turn};
use crate::tools::{Server, home, run, write};
use crate::verdicts::Verdicts;
use egressor::packet::{Packet, Peer, Protocol};
use egressor::policy::Bounds;
use serde_json::{Value, json};
use std::fs;
use std::net::{IpAddr, SocketAddrV4};
use std::path::{Path, PathBuf};
use std::process::Command;

const JUDGE: &str = "Envoy";

/// The binary itself, as what starts it would outlive the test.
fn envoy(cases: usize) -> Option<PathBuf> {
    let library = home(JUDGE, cases)?.join("envoy/lib");
    let versions = fs::read_dir(library).into_iter().flatten().flatten();
    let binary = |entry: fs::DirEntry| entry.path().join("site-packages/envoy/_bin/envoy");
    let found = versions.map(binary).find(|path| path.is_file());
    if found.is_none() {
        crate::real::skipped(JUDGE, cases, "`tests/judges/tools/install` has not installed it");
    }
    found
}

/// Checks a configuration as it is.
fn validated(envoy: &Path, file: &Path) -> Result<(), String> {
    let mut command = Command::new(envoy);
    command.args(["--mode", "validate", "-l", "error", "-c"]).arg(file);
    let ran = run(&mut command, "");
    if ran.code == 0 {
        Ok(())
    } else {
        Err(format!("`envoy --mode validate`: {}\n{}{}", ran.code, ran.out, ran.err))
    }
}

struct Proxy {
    ports: Vec<u16>,
    _far: FarEnd,
    _server: Server,
}

fn list<'a>(value: &'a mut Value, keys: [&str; 2]) -> Vec<&'a mut Value> {
    let key = if value.get(keys[0]).is_some() { keys[0] } else { keys[1] };
    value.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten().collect()
}

impl Proxy {
    /// Starts Envoy with a configuration in which all that is led on goes to a server of the test.
    fn start(envoy: &Path, folder: &Path, text: &str) -> Self {
        let far = FarEnd::start();
        let mut conf: Value = serde_saphyr::from_str(text).unwrap();
        let key = if conf.get("static_resources").is_some() { "static_resources" } else { "staticResources" };
        let held = &mut conf[key];
        let mut clusters: Vec<Value> =
            list(held, ["clusters", "clusters"]).into_iter().map(Value::take).collect();
        clusters.retain(|cluster| {
            let ends = ["cluster_type", "load_assignment", "loadAssignment"];
            ends.iter().all(|key| cluster.get(*key).is_none())
        });
        let holes: Vec<Value> = clusters.iter().map(|cluster| cluster["name"].clone()).collect();
        let mut ports = Vec::new();
        for listener in list(held, ["listeners", "listeners"]) {
            let socket = &mut listener["address"];
            let socket = if socket.get("socket_address").is_some() {
                &mut socket["socket_address"]
            } else {
                &mut socket["socketAddress"]
            };
            let port = socket.get("port_value").or(socket.get("portValue")).unwrap().as_u64().unwrap();
            *socket = json!({ "address": own_address().to_string(), "port_value": port });
            ports.push(u16::try_from(port).unwrap());
            let mut chains: Vec<Value> = Vec::new();
            for chain in list(listener, ["filter_chains", "filterChains"]) {
                chains.push(chain.take());
            }
            let mut default = listener.get_mut("default_filter_chain").map(Value::take);
            for chain in chains.iter_mut().chain(&mut default) {
                let filters = chain["filters"].as_array_mut().into_iter().flatten();
                let kept: Vec<Value> = filters
                    .filter(|filter| !filter["name"].as_str().unwrap().ends_with("sni_dynamic_forward_proxy"))
                    .map(|filter| {
                        let mut filter = filter.take();
                        let key =
                            if filter.get("typed_config").is_some() { "typed_config" } else { "typedConfig" };
                        let typed = &mut filter[key];
                        if typed.get("cluster").is_some_and(|cluster| !holes.contains(cluster)) {
                            typed["cluster"] = json!("judge");
                        }
                        filter
                    })
                    .collect();
                chain["filters"] = json!(kept);
            }
            let chains_of = listener.as_object_mut().unwrap();
            chains_of.remove("filterChains");
            chains_of.insert("filter_chains".to_owned(), json!(chains));
            if let Some(default) = default {
                chains_of.insert("default_filter_chain".to_owned(), default);
            }
        }
        let end = json!({ "endpoint": { "address": { "socket_address": { "address": "127.0.0.1", "port_value": far.port } } } });
        clusters.push(json!({
            "name": "judge", "type": "STATIC", "connect_timeout": "5s",
            "load_assignment": { "cluster_name": "judge", "endpoints": [{ "lb_endpoints": [end] }] },
        }));
        held["clusters"] = json!(clusters);
        let file = write(folder, "judge.json", &conf.to_string());
        let mut command = Command::new(envoy);
        command.args(["--disable-hot-restart", "--concurrency", "1", "-l", "off", "-c"]).arg(file);
        let server = Server::answering(&mut command, own_address(), ports[0]);
        ports.push(ports.last().unwrap() + 1);
        Self { ports, _far: far, _server: server }
    }
}

/// Asks for every host on every port, and compares with what is read. Gives how often something was let pass.
fn compare(verdicts: &mut Verdicts, proxy: &Proxy, bounds: &Bounds, nameless: bool, about: &str) -> usize {
    let mut times = 0;
    let mut say = |passes: bool, asked: &Packet<'_>, what: String| {
        let right = if passes { bounds.at_most.at(asked) } else { !bounds.at_least.at(asked) };
        verdicts.case(right, || format!("{what}: Envoy lets it pass: {passes}\n{about}"));
        times += usize::from(passes);
    };
    for port in &proxy.ports {
        let to = SocketAddrV4::new(own_address(), *port);
        for host in hosts(bounds) {
            let passes = handshake_arrives(to, Some(host.as_str()));
            say(passes, &packet(&host, *port), format!("{host}:{port}"));
            let shouted = handshake_arrives(to, Some(&host.as_str().to_uppercase()));
            say(shouted, &packet(&host, *port), format!("{host}:{port} in upper case"));
        }
        if !nameless {
            continue;
        }
        // Without a name, what is asked for is an address.
        let peer = Peer::Addr(IpAddr::V4(own_address()));
        let asked = Packet {
            peer,
            protocol: Protocol::TCP,
            detail: *port,
            source: IpAddr::V4([127, 0, 0, 1].into()),
        };
        let passes = handshake_arrives(to, None) || request_arrives(to, "a.example");
        say(passes, &asked, format!("no name on {port}"));
    }
    times
}

#[test]
fn envoy_takes_the_whole_catalog() {
    let Some(envoy) = envoy(2) else { return };
    let mut verdicts = Verdicts::of(JUDGE, "catalog");
    for more in [&["--region=us"][..], &["--all-regions", "--include-superseded"]] {
        let kept = tempfile::tempdir().unwrap();
        generate("envoy", &lock(), more, kept.path());
        let valid = validated(&envoy, &kept.path().join("envoy.yaml"));
        verdicts.case(valid.is_ok(), || valid.err().unwrap());
    }
    verdicts.close();
}

#[test]
fn files_of_random_policies_let_pass_what_the_policies_ask_for() {
    const POLICIES: usize = 6;
    let Some(envoy) = envoy(POLICIES * 100) else { return };
    let _turn = turn();
    let mut verdicts = Verdicts::of(JUDGE, "policies");
    let mut passed = 0;
    for policy in some_policies("envoy", POLICIES) {
        let policy = on_high_ports(policy);
        let files = written("envoy", &policy, &[]);
        let bounds = meaning("envoy", &files).unwrap();
        if !files[0].1.contains("port_value") {
            continue;
        }
        let kept = tempfile::tempdir().unwrap();
        let valid = validated(&envoy, &write(kept.path(), "envoy.yaml", &files[0].1));
        verdicts.case(valid.is_ok(), || format!("{}\n{}", valid.as_ref().err().unwrap(), shown(&files)));
        let proxy = Proxy::start(&envoy, kept.path(), &files[0].1);
        // The filter that leads by the name is left out here, so a chain for any name would lead on without one.
        let count = |word: &str| files[0].1.matches(word).count();
        let nameless = count("server_names:") == count("filter_chain_match:");
        passed += compare(&mut verdicts, &proxy, &bounds, nameless, &shown(&files));
    }
    assert!(passed > 0, "nothing was let pass");
    verdicts.close();
}

#[test]
fn what_is_read_of_the_corpus_is_what_envoy_lets_pass() {
    let Some(envoy) = envoy(300) else { return };
    let _turn = turn();
    let mut verdicts = Verdicts::of(JUDGE, "reader");
    for (name, files) in corpus("envoy-yaml") {
        let text = &files[0].1;
        // Listeners by themselves are not started, and nobody hands on connections to others here.
        let starts = text.contains("\nstatic_resources")
            || text.starts_with("static_resources")
            || text.contains("staticResources");
        if !starts || name == "empty" || text.contains("original_dst") {
            continue;
        }
        let Some(bounds) = meaning("envoy", &files) else { continue };
        let kept = tempfile::tempdir().unwrap();
        let valid = validated(&envoy, &write(kept.path(), &files[0].0, text));
        verdicts.case(valid.is_ok(), || format!("{name}: {}", valid.as_ref().err().unwrap()));
        let proxy = Proxy::start(&envoy, kept.path(), text);
        compare(&mut verdicts, &proxy, &bounds, true, &format!("{name}\n{}", shown(&files)));
    }
    verdicts.close();
}
