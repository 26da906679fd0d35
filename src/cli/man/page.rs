//! One manual page: what the arguments say of themselves, and what stands in `texts` beside it.

use super::texts::{self, EVERYWHERE, EXIT, FILES};
use clap::{Arg, Command};
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};

/// The page of a command, in the macros of man(7), of a day or of none.
pub(super) fn page(command: &Command, root: &Command, day: &str) -> String {
    let command = command
        .clone()
        .subcommand_help_heading("COMMANDS")
        .mut_args(|arg| if arg.is_global_set() { arg.help_heading("Options of every command") } else { arg });
    let man = Man::new(command.clone())
        .title(name(&command).to_uppercase())
        .date(quoted(day))
        .source(format!("egressor {}", env!("CARGO_PKG_VERSION")))
        .manual("egressor manual");
    let mut text = Vec::new();
    // Writing to memory cannot fail.
    let _ = man.render_title(&mut text);
    let _ = man.render_name_section(&mut text);
    let _ = synopsis(&command).to_writer(&mut text);
    let _ = man.render_description_section(&mut text);
    let _ = described(&command).to_writer(&mut text);
    let _ = man.render_options_section(&mut text);
    if command.has_subcommands() {
        let _ = man.render_subcommands_section(&mut text);
    }
    let _ = rest(&command, root).to_writer(&mut text);
    marked(&spaced(&once(&String::from_utf8_lossy(&text))))
}

/// The name of a command's page: `egressor-catalog-diff`.
pub(super) fn name(command: &Command) -> &str {
    command.get_display_name().unwrap_or_else(|| command.get_name())
}

/// The words of a command behind the program's name: `catalog diff`.
pub(super) fn words(command: &Command) -> String {
    let all = command.get_bin_name().unwrap_or_else(|| command.get_name());
    all.strip_prefix("egressor").unwrap_or(all).trim_start().to_owned()
}

fn synopsis(command: &Command) -> Roff {
    let usage = command.clone().render_usage().to_string();
    let forms = usage.trim_start_matches("Usage:").lines().map(str::trim).filter(|form| !form.is_empty());
    let program = command.get_bin_name().unwrap_or_else(|| command.get_name());
    let mut roff = Roff::new();
    roff.control("SH", ["SYNOPSIS"]);
    for (number, form) in forms.enumerate() {
        if number > 0 {
            roff.control("br", []);
        }
        match form.strip_prefix(program) {
            Some(rest) => roff.text([bold(program), roman(rest)]),
            None => roff.text([roman(form)]),
        };
    }
    roff
}

/// What there is to say beyond the sentence that `--help` has.
fn described(command: &Command) -> Roff {
    let mut roff = Roff::new();
    for paragraph in texts::of(&words(command)).into_iter().flat_map(|texts| texts.says) {
        roff.control("PP", []).text([roman(*paragraph)]);
    }
    roff
}

fn rest(command: &Command, root: &Command) -> Roff {
    let texts = texts::of(&words(command));
    let mut roff = Roff::new();
    roff.control("SH", ["EXIT STATUS"]);
    for (code, means) in texts.and_then(|texts| texts.exit).unwrap_or(EXIT) {
        entry(&mut roff, bold(*code), means);
    }
    roff.control("SH", ["FILES"]);
    for (file, holds) in texts.into_iter().flat_map(|texts| texts.files).chain(FILES) {
        entry(&mut roff, italic(*file), holds);
    }
    roff.control("SH", ["ENVIRONMENT"]);
    for (variable, option) in variables(command) {
        entry(&mut roff, bold(variable), &format!("Stands for `--{option}` where that is not given."));
    }
    for (variable, does) in texts.into_iter().flat_map(|texts| texts.environment).chain(EVERYWHERE) {
        entry(&mut roff, bold(*variable), does);
    }
    roff.control("SH", ["EXAMPLES"]);
    for (number, (does, line)) in texts.into_iter().flat_map(|texts| texts.examples).enumerate() {
        if number > 0 {
            roff.control("PP", []);
        }
        roff.text([roman(*does)]);
        roff.control("PP", []).control("RS", ["4"]).control("EX", []);
        roff.text([roman(*line)]);
        roff.control("EE", []).control("RE", []);
    }
    roff.control("SH", ["SEE ALSO"]);
    let others = texts.into_iter().flat_map(|texts| texts.see).map(|page| (*page).to_owned());
    let pages: Vec<String> = related(command, root).into_iter().chain(others).collect();
    let last = pages.len().saturating_sub(1);
    for (number, page) in pages.iter().enumerate() {
        let (page, section) = page.split_once('(').unwrap_or((page, "1)"));
        let comma = if number < last { "," } else { "" };
        roff.text([bold(page), roman(format!("({section}{comma}"))]);
    }
    roff
}

/// A term and what it stands for.
fn entry(roff: &mut Roff, term: Inline, text: &str) {
    roff.control("TP", []).text([term]).text([roman(text)]);
}

/// The environment variables that arguments of a command can come from, with the option of each.
fn variables(command: &Command) -> Vec<(String, &str)> {
    let of = |arg: &'_ Arg| Some(arg.get_env()?.to_string_lossy().into_owned());
    command.get_arguments().filter_map(|arg| Some((of(arg)?, arg.get_long()?))).collect()
}

/// The page above a command's, and those beside it; of the program itself, those below it.
fn related(command: &Command, root: &Command) -> Vec<String> {
    let mut above = root;
    let words = words(command);
    for word in words.split(' ').take(words.split(' ').count().saturating_sub(1)) {
        above = above.find_subcommand(word).unwrap_or(above);
    }
    let beside = above.get_subcommands().chain(command.get_subcommands());
    let pages = std::iter::once(above).chain(beside.filter(|command| !command.is_hide_set())).map(name);
    pages.filter(|page| *page != name(command)).map(|page| format!("{page}(1)")).collect()
}

/// An argument of a macro that may be empty.
fn quoted(text: &str) -> String {
    if text.is_empty() { "\"\"".to_owned() } else { text.to_owned() }
}

/// The definition of the apostrophe once at the head, and not before every section.
fn once(text: &str) -> String {
    let preamble = Roff::new().render();
    format!("{preamble}{}", text.replace(&preamble, ""))
}

/// One empty line before a list of values, and not a break on either side of it.
fn spaced(text: &str) -> String {
    text.replace("\n.br\n\n.br\n", "\n.sp\n")
}

/// What stands in backticks in bold letters: they are quotation marks to the formatter.
fn marked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let mut parts = line.split('`');
        out.extend(parts.next());
        for (number, part) in parts.enumerate() {
            out.push_str(if number % 2 == 0 { "\\fB" } else { "\\fR" });
            out.push_str(part);
        }
        out.push('\n');
    }
    out
}
