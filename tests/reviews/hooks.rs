//! The pre-commit hooks: their entries, and pre-commit itself where it is installed.

use crate::support::{EGRESSOR, commit, copy, folder, git, has_tools, program, root, tool, write, yaml};
use crate::verdicts::Verdicts;
use std::path::Path;
use std::process::Command;

/// The PATH with this build of egressor in front.
fn path(front: &Path) -> String {
    format!("{}:{}", front.display(), std::env::var("PATH").unwrap_or_default())
}

/// The example of a project, whose lint has something to say, and whose files are what it gives.
fn project(to: &Path) {
    copy(&root().join("examples/04_project"), to);
}

#[test]
fn the_entries_run_egressor_of_their_own_version() {
    if !has_tools(1) {
        return;
    }
    let manifest = yaml(&root().join(".pre-commit-hooks.yaml"));
    let entry = |id: &str| {
        let hooks = manifest.as_array().expect("hooks");
        let hook = hooks.iter().find(|hook| hook["id"] == id).expect("a hook");
        let words = hook["entry"].as_str().expect("an entry").split(' ').map(str::to_owned);
        words.collect::<Vec<_>>()
    };
    let folder = folder();
    project(&folder.path().join("project"));
    let bin = folder.path().join("bin");
    let run = |entry: &[String], today: &str| {
        let [script, arguments @ ..] = entry else { panic!("an entry") };
        let output = Command::new(root().join(script))
            .args(arguments)
            .current_dir(folder.path().join("project"))
            .env("PATH", path(&bin))
            .env("EGRESSOR_TODAY", today)
            .output()
            .expect("it runs");
        let said = [output.stdout, output.stderr].concat();
        (output.status.code().expect("it ends"), String::from_utf8_lossy(&said).into_owned())
    };
    std::fs::create_dir(&bin).expect("a folder");
    std::os::unix::fs::symlink(EGRESSOR, bin.join("egressor")).expect("a link");
    let (code, said) = run(&entry("egressor-generate"), "2026-11-23");
    assert_eq!(code, 0, "{said}");
    let (code, said) = run(&entry("egressor-lint"), "2026-11-23");
    assert!(code == 1 && said.contains("catalog/expired"), "{said}");
    assert_eq!(run(&entry("egressor-lint"), "2026-10-31").0, 0);
    let rules = folder.path().join("project/out/iptables.rules");
    let text = std::fs::read_to_string(&rules).expect("rules");
    write(&rules, &text.replace("--dport 443", "--dport 444"));
    let (code, said) = run(&entry("egressor-generate"), "2026-11-23");
    assert_eq!(code, 1, "{said}");
    // Another version on the PATH is not taken: what is pinned is built, by a cargo that does not work here.
    std::fs::remove_file(bin.join("egressor")).expect("it is gone");
    program(&bin.join("egressor"), "#!/bin/sh\necho egressor 9.9.9\n");
    let told = folder.path().join("told");
    program(&bin.join("cargo"), &format!("#!/bin/sh\necho \"$*\" >{}\nexit 101\n", told.display()));
    let (code, said) = run(&entry("egressor-generate"), "2026-11-23");
    assert!(code != 0 && !said.contains("9.9.9"), "{said}");
    let told = std::fs::read_to_string(told).expect("cargo was run");
    assert!(told.starts_with("install --locked --quiet --path "), "{told}");
}

#[test]
fn pre_commit_itself_runs_the_hooks_of_the_example() {
    let Some(tool) = tool("pre-commit", 4).filter(|_| has_tools(1)) else { return };
    let mut verdicts = Verdicts::of("pre-commit", "hooks");
    for (validate, file) in [
        ("validate-manifest", ".pre-commit-hooks.yaml"),
        ("validate-config", "examples/07_pre_commit/.pre-commit-config.yaml"),
    ] {
        let output =
            Command::new(&tool).args([validate, file]).current_dir(root()).output().expect("it runs");
        verdicts.case(output.status.success(), || String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let folder = folder();
    let hooks = folder.path().join("hooks");
    copy(&root().join("review"), &hooks.join("review"));
    for file in [".pre-commit-hooks.yaml", "Cargo.toml"] {
        std::fs::copy(root().join(file), hooks.join(file)).expect("a copy");
    }
    let hash = commit(&hooks);
    let here = folder.path().join("project");
    project(&here);
    let config = root().join("examples/07_pre_commit/.pre-commit-config.yaml");
    let config = std::fs::read_to_string(config).expect("the example");
    let local = config
        .replace("https://git.example/OWNER/egressor", &hooks.display().to_string())
        .replace(&"0".repeat(40), &hash);
    assert!(local.contains(&hash) && local.contains(&hooks.display().to_string()), "{local}");
    write(&here.join(".pre-commit-config.yaml"), &local);
    commit(&here);
    let bin = folder.path().join("bin");
    std::fs::create_dir(&bin).expect("a folder");
    std::os::unix::fs::symlink(EGRESSOR, bin.join("egressor")).expect("a link");
    let run = |today: &str| {
        let output = Command::new(&tool)
            .args(["run", "--all-files", "--verbose", "--color", "never"])
            .current_dir(&here)
            .env("PATH", path(&bin))
            .env("PRE_COMMIT_HOME", folder.path().join("cache"))
            .env("EGRESSOR_TODAY", today)
            .output()
            .expect("it runs");
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&said).into_owned())
    };
    // The older mirror expired at the end of October.
    let (code, said) = run("2026-11-23");
    let lines: Vec<&str> = said.lines().filter(|line| line.contains("....")).collect();
    let fits =
        code == Some(1) && lines.len() == 2 && lines[0].ends_with("Passed") && lines[1].ends_with("Failed");
    verdicts.case(fits, || said);
    git(&here, &["rm", "--quiet", "out/squid.conf"]);
    let (code, said) = run("2026-11-23");
    let failed = said.lines().filter(|line| line.ends_with("Failed")).count();
    verdicts.case(code == Some(1) && failed == 2, || said);
    verdicts.close();
}
