//! The image: what the Containerfile says, and the program in a root with only what it copies.

use crate::archive::{archive, can_pack, unpacked};
use crate::real::skipped;
use crate::run::{EGRESSOR, command, file, files, printed, text, works};
use std::path::Path;

/// The instructions of the Containerfile, each with its words.
fn instructions() -> Vec<(String, String)> {
    let text = text("packaging/Containerfile").replace("\\\n", " ");
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| line.split_once(' ').expect("an instruction has words"))
        .map(|(name, words)| (name.to_owned(), words.trim().to_owned()))
        .collect()
}

#[test]
fn the_image_is_of_nothing_but_the_program_and_its_user_is_nobody() {
    let instructions = instructions();
    let of = |name: &str| -> Vec<&str> {
        instructions.iter().filter(|(it, _)| it == name).map(|(_, words)| words.as_str()).collect()
    };
    assert_eq!(of("FROM"), ["scratch"], "another image would have to be pinned by its digest");
    assert_eq!(of("COPY"), ["egressor LICENSE-APACHE LICENSE-MIT NOTICES /"]);
    assert_eq!(of("ENTRYPOINT"), ["[\"/egressor\"]"], "there is no shell that could split words");
    let (user, group) = of("USER")[0].split_once(':').expect("a user and a group");
    assert!(user.parse::<u32>().expect("a number") > 0 && group.parse::<u32>().expect("a number") > 0);
    assert!(of("RUN").is_empty() && of("ADD").is_empty());
    let labels = of("LABEL").join(" ");
    for label in ["title", "description", "licenses", "version"] {
        assert!(labels.contains(&format!("org.opencontainers.image.{label}=\"")), "{label}");
    }
    assert!(labels.contains("\"MIT OR Apache-2.0\""), "{labels}");
}

#[test]
fn in_a_root_with_only_what_the_image_holds_rules_are_written() {
    if !can_pack() {
        return;
    }
    if !works("unshare", &["-rn", "true"]) || !works("ldd", &[EGRESSOR]) {
        skipped("a root of its own", 1, "unshare -r is refused, or ldd is not installed");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("context");
    std::fs::create_dir(&place).expect("a folder");
    let context = unpacked(&archive(folder.path()), &place);
    let root = tempfile::tempdir().expect("a folder");
    printed(command("packaging/rootfs").arg(&context).arg(root.path()));
    let held: Vec<String> = files(root.path()).into_iter().collect();
    assert_eq!(held, ["LICENSE-APACHE", "LICENSE-MIT", "NOTICES", "egressor"]);

    // The program of a release is linked with everything it needs, which `packaging/release` demands. That of the tests
    // needs its libraries beside it.
    for library in
        printed(command("ldd").arg(EGRESSOR)).split_whitespace().filter(|word| word.starts_with('/'))
    {
        let place = root.path().join(library.trim_start_matches('/'));
        std::fs::create_dir_all(place.parent().expect("a parent")).expect("a folder");
        std::fs::copy(library, place).expect("a copy");
    }
    let work = root.path().join("work");
    std::fs::copy(file("examples/01_quickstart/egressor.lock"), work.join("egressor.lock")).expect("a copy");
    printed(command("unshare").env_clear().arg("-rnR").arg(root.path()).args([
        "-w",
        "/work",
        "/egressor",
        "generate",
        "-q",
        "--region",
        "us",
        "--out",
        "rules",
    ]));
    assert_eq!(iptables(&work.join("rules")), outside());
}

fn iptables(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("iptables.rules")).expect("rules")
}

/// What the same command writes without any walls.
fn outside() -> String {
    let place = tempfile::tempdir().expect("a folder");
    std::fs::copy(file("examples/01_quickstart/egressor.lock"), place.path().join("egressor.lock"))
        .expect("a copy");
    let arguments = ["generate", "-q", "--region", "us", "--out", "rules"];
    printed(command(EGRESSOR).current_dir(place.path()).args(arguments));
    iptables(&place.path().join("rules"))
}
