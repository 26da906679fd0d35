//! A report that is too long is cut where Markdown can be cut.

use crate::support::{has_tools, root};
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

fn cut(text: &str, limit: usize) -> String {
    let mut child = Command::new(root().join("review/cut"))
        .arg(limit.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    let text = text.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success());
    writer.join().expect("no panic").expect("all is read");
    String::from_utf8(output.stdout).expect("no character is cut in half")
}

/// A report with everything that can be open: a table, folds within folds, fences of both kinds, long ones too.
fn report(rows: usize) -> String {
    let mut text = "### Firewall rules: **BROADENED**\n\n|  | scope |\n|---|---|\n".to_owned();
    for row in 0..rows {
        writeln!(text, "| + | `ünï-{row}` |").unwrap();
    }
    text += "\n<details><summary>All</summary>\n\n```text\n| no table |\n<details>\n~~~\n";
    for row in 0..rows {
        writeln!(text, "line {row} `` ` ").unwrap();
    }
    text += "```\n\n<details><summary>More</summary>\n\n~~~~~\n```\n~~~\n";
    for row in 0..rows {
        writeln!(text, "another {row}").unwrap();
    }
    text += "~~~~~\n\n|  | second |\n|---|---|\n| a | b |\n\n</details>\n\n- item\n\n</details>\n";
    text
}

/// What holds of any Markdown that is whole: fences and folds are closed, and each table has a head and a row.
fn whole(text: &str) {
    let (mut fence, mut folds, mut table) = (None::<String>, 0_i32, 0);
    for line in text.lines().chain([""]) {
        if let Some(open) = &fence {
            let closes = line.len() >= open.len() && line.chars().all(|char| open.starts_with(char));
            if closes {
                fence = None;
            }
            continue;
        }
        if line.starts_with('|') {
            table += 1;
            continue;
        }
        assert!(table == 0 || table > 2, "a table without a row in {text}");
        table = 0;
        let marks = |mark: char| line.chars().take_while(|char| *char == mark).collect::<String>();
        if let Some(run) = ['`', '~'].into_iter().map(marks).find(|run| run.len() >= 3) {
            fence = Some(run);
        }
        folds += i32::from(line.starts_with("<details")) - i32::from(line.starts_with("</details"));
        assert!(folds >= 0);
    }
    assert!(fence.is_none() && folds == 0, "{fence:?} {folds} in {text}");
}

#[test]
fn a_report_is_cut_between_lines_and_everything_open_is_closed() {
    if !has_tools(1) {
        return;
    }
    let long = report(12);
    let most = long.len();
    whole(&long);
    for limit in (150..=most + 10).step_by(7).chain([most - 1, most]) {
        let short = cut(&long, limit);
        assert!(short.len() <= limit, "{limit}: {}", short.len());
        whole(&short);
        if limit >= most {
            assert_eq!(short, long);
            continue;
        }
        let (kept, notice) = short.trim_end().rsplit_once("\n\n").expect("a notice");
        let number: usize = notice.trim_start_matches("**").split(' ').next().unwrap().parse().unwrap();
        // As many lines are there as the notice says, each whole, and then only what closes.
        let left = long.lines().count() - number;
        let lines: Vec<&str> = short.lines().take(left).collect();
        assert_eq!(lines, long.lines().take(left).collect::<Vec<_>>(), "{limit}");
        let closers = kept.lines().skip(left).filter(|line| !line.is_empty());
        assert!(closers.clone().all(|line| ["```", "~~~~~", "</details>"].contains(&line)), "{kept}");
    }
}

#[test]
fn a_line_that_is_longer_than_everything_is_left_out_whole() {
    if !has_tools(1) {
        return;
    }
    let short = cut(&format!("{}\nlast\n", "x".repeat(5_000)), 1_000);
    assert_eq!(short, "\n**2 lines are left out here, because no more fits.**\n");
    // What fits is not touched, with or without a last line break.
    assert_eq!(cut("one\ntwo\n", 8), "one\ntwo\n");
    assert_eq!(cut("", 10), "");
}
