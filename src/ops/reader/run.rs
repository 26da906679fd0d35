//! Running an external reader: no shell, an empty environment, a process group of its own, and bounds on all it may take.

use super::ExternalReader;
use crate::diag::{Code, Finding, bound, mask_secrets};
use std::io::{self, Read, Write as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::{Duration, Instant};

/// How long a program may take, in seconds.
const SECONDS: usize = 10;
/// The most bytes of an answer.
const ANSWER: usize = 32 << 20;
/// The most bytes of memory that a program may write to, for each of its processes.
const MEMORY: usize = 2 << 30;
/// The most bytes that are kept of what a program says on standard error.
const SAID: usize = 4 << 10;
/// How many characters of that are shown.
const SHOWN: usize = 1_000;
/// How often a program is looked at.
const PAUSE: Duration = Duration::from_millis(2);
/// How long is waited for what a program that has ended said last.
const REST: Duration = Duration::from_millis(200);
/// What of the environment a program gets.
const PASSED: [&str; 2] = ["PATH", "LANG"];

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum RunError {
    /// It could not be started.
    #[error("the program cannot be started: {}", crate::ops::files::why(.0))]
    Start(io::Error),
    /// It could not be watched.
    #[error("the program cannot be watched: {}", .0.kind())]
    Watch(io::Error),
    /// It took too long.
    #[error("the program was ended after {0} seconds")]
    Slow(usize),
    /// It printed too much.
    #[error("the program printed more than {0} MiB")]
    Large(usize),
    /// It ended with an error.
    #[error("the program ended with {0}: {1}")]
    Status(ExitStatus, String),
    /// It did not read what it was given.
    #[error("the program did not read its input to the end")]
    Unread,
    /// What it printed is no text.
    #[error("the program printed bytes that are not UTF-8")]
    NotText,
}

impl RunError {
    /// The finding that says so. What the program said is in its help.
    pub(super) fn finding(&self, reader: &ExternalReader) -> Finding {
        let (why, help) = match self {
            Self::Status(status, said) => (
                format!("the program ended with {status}"),
                (!said.is_empty()).then(|| format!("it said: {said}")),
            ),
            Self::Slow(_) | Self::Large(_) => (self.to_string(), Some(bound::FLAG.to_owned())),
            Self::Start(_) => {
                let help = "the command is a program and its arguments, split on spaces; no shell is used";
                (self.to_string(), Some(help.to_owned()))
            }
            Self::Watch(_) | Self::Unread | Self::NotText => (self.to_string(), None),
        };
        let finding = Finding::new(Code::ReaderFailed, format!("`{reader}`: {why}"));
        match help {
            Some(help) => finding.help(help),
            None => finding,
        }
    }
}

/// Gives a program its input and returns what it prints. Whatever happens, nothing of its process group is left.
pub(super) fn run(reader: &ExternalReader, input: &str) -> Result<String, RunError> {
    let mut command = Command::new(&reader.program);
    command.args(&reader.arguments).env_clear();
    command.envs(PASSED.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    group::apart(&mut command);
    let mut child = command.spawn().map_err(RunError::Start)?;
    group::bound_memory(&child, bound::of(MEMORY));
    let outcome = watch(&mut child, input);
    // INVARIANT: the program was not waited for yet, so its number is still that of its group.
    group::end(&mut child);
    let status = child.wait().map_err(RunError::Watch);
    let Outcome { answer, said, unread } = outcome?;
    let status = status?;
    if !status.success() {
        return Err(RunError::Status(status, shown(&said)));
    }
    if unread {
        return Err(RunError::Unread);
    }
    String::from_utf8(answer).map_err(|_| RunError::NotText)
}

/// What came of a program that ended by itself.
struct Outcome {
    answer: Vec<u8>,
    said: Vec<u8>,
    unread: bool,
}

/// Waits until a program has ended and all that it printed is there. Does not take its status, so that its number stays
/// its own.
fn watch(child: &mut Child, input: &str) -> Result<Outcome, RunError> {
    let seconds = bound::of(SECONDS);
    let deadline = Instant::now() + Duration::from_secs(u64::try_from(seconds).unwrap_or(u64::MAX));
    let fed = feed(child, input.as_bytes().to_vec());
    let most = bound::of(ANSWER);
    let answer = child.stdout.take().map(|out| collect(out, most.saturating_add(1), false));
    let said = child.stderr.take().map(|err| collect(err, SAID, true));
    let mut ended = None;
    loop {
        if ended.is_none() && group::has_ended(child).map_err(RunError::Watch)? {
            ended = Some(Instant::now());
            // What it left running would hold its output open.
            group::end(child);
        }
        match answer.as_ref().map(Receiver::try_recv) {
            Some(Ok(answer)) if answer.len() > most => return Err(RunError::Large(most >> 20)),
            Some(Ok(answer)) if ended.is_some() => return Ok(rest(answer, said.as_ref(), &fed)),
            Some(Ok(answer)) => {
                while !group::has_ended(child).map_err(RunError::Watch)? {
                    pause(deadline, seconds)?;
                }
                group::end(child);
                return Ok(rest(answer, said.as_ref(), &fed));
            }
            Some(Err(TryRecvError::Empty)) => pause(deadline, seconds)?,
            Some(Err(TryRecvError::Disconnected)) | None => {
                return Err(RunError::Watch(io::ErrorKind::BrokenPipe.into()));
            }
        }
    }
}

fn pause(deadline: Instant, seconds: usize) -> Result<(), RunError> {
    if Instant::now() >= deadline {
        return Err(RunError::Slow(seconds));
    }
    std::thread::sleep(PAUSE);
    Ok(())
}

/// What else is known of a program that has ended.
fn rest(answer: Vec<u8>, said: Option<&Receiver<Vec<u8>>>, fed: &Receiver<bool>) -> Outcome {
    let said = said.and_then(|said| said.recv_timeout(REST).ok()).unwrap_or_default();
    Outcome { answer, said, unread: !fed.recv_timeout(REST).unwrap_or_default() }
}

/// Writes the input, beside all else, and tells whether all of it was taken.
fn feed(child: &mut Child, input: Vec<u8>) -> Receiver<bool> {
    let (done, fed) = channel();
    if let Some(mut stdin) = child.stdin.take() {
        std::thread::spawn(move || done.send(stdin.write_all(&input).is_ok()));
    }
    fed
}

/// Reads so many bytes, beside all else. The rest is read too, and thrown away, where a program must not be kept from
/// saying more.
fn collect(mut from: impl Read + Send + 'static, most: usize, drain: bool) -> Receiver<Vec<u8>> {
    let (done, collected) = channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let most = u64::try_from(most).unwrap_or(u64::MAX);
        // What was read until an error is what there is; a program that ended well is not cut off in between.
        let _ = from.by_ref().take(most).read_to_end(&mut bytes);
        if drain {
            let _ = io::copy(&mut from, &mut io::sink());
        }
        done.send(bytes)
    });
    collected
}

/// What a program said, on one line, without secrets and without what a terminal would obey.
fn shown(said: &[u8]) -> String {
    let text = mask_secrets(&String::from_utf8_lossy(said));
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let line = lines.collect::<Vec<_>>().join(" / ");
    let escaped = line.chars().flat_map(|char| {
        let kept = char == ' ' || !(char.is_control() || char.is_whitespace() || !is_seen(char));
        let (kept, escaped) = if kept { (Some(char), None) } else { (None, Some(char.escape_unicode())) };
        kept.into_iter().chain(escaped.into_iter().flatten())
    });
    escaped.take(SHOWN).collect()
}

fn is_seen(char: char) -> bool {
    !crate::syntax::text::one_line(char.encode_utf8(&mut [0; 4])).is_empty()
}

/// Process groups, which only Unix has.
#[cfg(unix)]
mod group {
    use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
    use std::io;
    use std::os::unix::process::CommandExt as _;
    use std::process::{Child, Command};

    /// Puts what is started into a group of its own.
    pub(super) fn apart(command: &mut Command) {
        command.process_group(0);
    }

    /// Reports whether the program itself has ended, and leaves its status to be taken.
    pub(super) fn has_ended(child: &mut Child) -> io::Result<bool> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        Ok(waitid(WaitId::Pid(Pid::from_child(child)), options)?.is_some())
    }

    /// Ends everything in the group.
    pub(super) fn end(child: &mut Child) {
        // There may be nothing left to end.
        let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
    }

    /// Bounds the memory of the program and of what it starts, where the system can do that from outside.
    pub(super) fn bound_memory(child: &Child, bytes: usize) {
        #[cfg(target_os = "linux")]
        {
            use rustix::process::{Resource, Rlimit, prlimit};
            let most = u64::try_from(bytes).ok();
            let _ = prlimit(
                Some(Pid::from_child(child)),
                Resource::Data,
                Rlimit { current: most, maximum: most },
            );
        }
        #[cfg(not(target_os = "linux"))]
        let _ = (child, bytes);
    }
}

/// Without groups only the program itself is watched and ended.
#[cfg(not(unix))]
mod group {
    use std::io;
    use std::process::{Child, Command};

    pub(super) fn apart(_: &mut Command) {}

    pub(super) fn has_ended(child: &mut Child) -> io::Result<bool> {
        Ok(child.try_wait()?.is_some())
    }

    pub(super) fn end(child: &mut Child) {
        let _ = child.kill();
    }

    pub(super) fn bound_memory(_: &Child, _: usize) {}
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn what_a_program_says_is_one_line_that_no_terminal_obeys_and_holds_no_secret() {
        assert_eq!(shown(b"line 3:\n\n  bad \x1b[31mword\x07\n"), "line 3: / bad \\u{1b}[31mword\\u{7}");
        assert_eq!(shown("a\u{202e}b\u{200b}".as_bytes()), "a\\u{202e}b\\u{200b}");
        assert_eq!(shown(b"\xff\xfe x"), "\u{fffd}\u{fffd} x");
        assert!(!shown(b"api_token = hunter2").contains("hunter2"));
        assert_eq!(shown(&[b'x'; 4000]).len(), 1000);
    }
}
