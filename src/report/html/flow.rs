//! Which rule sets reach what by which service, as a drawing of lines.

use super::diff::kind;
use crate::drift::ScopeDrift;
use crate::report::change::{Group, cut};
use crate::report::words::peers;
use crate::syntax::html::escaped;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// The most rows that are drawn: with more, lines hide each other and the table says it faster.
const MOST_ROWS: usize = 40;
/// The most items of a peer's name.
const MOST_ITEMS: usize = 1;
/// The most characters of a label.
const MOST_OF_A_LABEL: usize = 38;
/// The height of a label's row, in units of the drawing.
const STEP: usize = 26;
/// Where the columns begin, and how wide they are.
const COLUMNS: [(usize, usize); 3] = [(0, 300), (400, 170), (670, 310)];
const WIDTH: usize = 980;

/// The drawing; nothing where it would say less than the table.
pub(super) fn picture(rows: &[(&ScopeDrift, &Group<'_>)]) -> String {
    if rows.len() < 2 || rows.len() > MOST_ROWS {
        return String::new();
    }
    let lines: Vec<([String; 3], &str)> = rows
        .iter()
        .map(|(scope, group)| {
            let labels = [
                format!("{} {}", scope.name, scope.direction),
                group.services(),
                peers(&group.first.row, MOST_ITEMS),
            ];
            (labels, kind(group.effect).0)
        })
        .collect();
    let columns = [0, 1, 2].map(|at| nodes(&lines, at));
    let tallest = columns.iter().map(Vec::len).max().unwrap_or(0);
    let height = tallest * STEP;
    let mut text = format!(
        "<figure>\n<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-labelledby=\"flow\">\n\
         <title id=\"flow\">Rule sets, services and peers of the rows below, joined by lines</title>\n"
    );
    let middle = |column: usize, label: &String| {
        let at = columns.get(column).and_then(|nodes| nodes.iter().position(|node| node == label));
        at.unwrap_or(0) * STEP + STEP / 2
    };
    let drawn: BTreeSet<(usize, usize, usize, &str)> = lines
        .iter()
        .flat_map(|(labels, class)| {
            let [scope, service, peer] = labels;
            let joint = middle(1, service);
            [(0, middle(0, scope), joint, *class), (1, joint, middle(2, peer), *class)]
        })
        .collect();
    for (gap, from, to, class) in drawn {
        let (Some((left, width)), Some((right, _))) = (COLUMNS.get(gap), COLUMNS.get(gap + 1)) else {
            continue;
        };
        let left = left + width;
        let bend = usize::midpoint(left, *right);
        let _ = writeln!(
            text,
            "<path class=\"{class}\" stroke-width=\"3\" d=\"M{left} {from}C{bend} {from} {bend} {to} {right} {to}\"/>"
        );
    }
    for ((left, width), nodes) in COLUMNS.iter().zip(&columns) {
        for (at, label) in nodes.iter().enumerate() {
            let top = at * STEP;
            let _ = writeln!(
                text,
                "<g><title>{}</title><rect class=\"node\" x=\"{left}\" y=\"{}\" width=\"{width}\" height=\"{}\" rx=\"4\"/>\
                 <text x=\"{}\" y=\"{}\">{}</text></g>",
                escaped(label),
                top + 2,
                STEP - 4,
                left + 8,
                top + 17,
                escaped(&cut(label, if *width < 200 { MOST_OF_A_LABEL / 2 } else { MOST_OF_A_LABEL })),
            );
        }
    }
    text.push_str(
        "</svg>\n<figcaption>Which rule sets reach what by which service: whole lines open, dashed lines close, \
         dotted lines are not known.</figcaption>\n</figure>\n",
    );
    text
}

/// The labels of a column, each once, in the order of the rows.
fn nodes(lines: &[([String; 3], &str)], column: usize) -> Vec<String> {
    let mut nodes: Vec<String> = Vec::new();
    for (labels, _) in lines {
        if let Some(label) = labels.get(column).filter(|label| !nodes.contains(label)) {
            nodes.push(label.clone());
        }
    }
    nodes
}
