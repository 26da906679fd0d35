//! The installed judges, and how they are run.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Where the judges are: `EGRESSOR_JUDGES`, else the folder that `.ci/run` installs them into. Nothing, and a line that
/// says so, when they are not there.
pub(crate) fn home(judge: &str, cases: usize) -> Option<PathBuf> {
    let cargo = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let cargo = cargo.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    let home = std::env::var_os("EGRESSOR_JUDGES")
        .map(PathBuf::from)
        .or_else(|| Some(cargo?.join("egressor-tools/judges")))
        .filter(|home| home.join("stamp").is_file());
    if home.is_none() {
        crate::real::skipped(
            judge,
            cases,
            "run `tests/judges/tools/install FOLDER`, and set EGRESSOR_JUDGES to it",
        );
    }
    home
}

/// A file of `tests/judges/tools`.
pub(crate) fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/judges/tools").join(name)
}

/// A Python script of ours, with the packages of an environment.
pub(crate) fn python(home: &Path, environment: &str, name: &str) -> Command {
    let mut command = Command::new(home.join(environment).join("bin/python3"));
    command.arg(script(name));
    command
}

/// What a command printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs a command to its end, with a text on its standard input.
pub(crate) fn run(command: &mut Command, input: &str) -> Ran {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // A command that does not read its input may close it, which is no failure.
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()).is_ok());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs a command that must succeed.
pub(crate) fn must(command: &mut Command, input: &str) -> String {
    let ran = run(command, input);
    assert_eq!(ran.code, 0, "{command:?}\n{}\n{}", ran.out, ran.err);
    ran.out
}

/// The command line of the first of these programs that is there, as a user without rights, or nothing and a line that
/// says why.
pub(crate) fn without_rights(judge: &str, cases: usize, programs: &[&str]) -> Option<Vec<String>> {
    for path in programs {
        if !Command::new(path).arg("-v").output().is_ok_and(|ran| ran.status.success()) {
            continue;
        }
        let root = must(Command::new("id").arg("-u"), "").trim() == "0";
        let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
        let words = nobody.into_iter().filter(|_| root).chain([*path]);
        return Some(words.map(str::to_owned).collect());
    }
    crate::real::skipped(judge, cases, &format!("there is no `{}`", programs.first().unwrap_or(&"program")));
    None
}

/// A program that serves until this is dropped.
#[derive(Debug)]
pub(crate) struct Server(Child);

impl Server {
    /// Starts a program that says nothing, and waits until it answers on a port of the loopback.
    pub(crate) fn listening(command: &mut Command, port: u16) -> Self {
        Self::answering(command, Ipv4Addr::LOCALHOST, port)
    }

    /// The same on an address of its own.
    pub(crate) fn answering(command: &mut Command, address: Ipv4Addr, port: u16) -> Self {
        let server =
            Self(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        let since = Instant::now();
        while TcpStream::connect((address, port)).is_err() {
            assert!(since.elapsed() < Duration::from_mins(1), "nothing answers on port {port}: {command:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }

    /// Starts a program that tells in its first line how it is reached.
    pub(crate) fn announced(command: &mut Command) -> (Self, String) {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        (Self(child), line.trim().to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Writes a file into a folder that is made for it.
pub(crate) fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    fs::create_dir_all(folder).unwrap();
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path
}

/// A port of the loopback that nobody uses now.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}
