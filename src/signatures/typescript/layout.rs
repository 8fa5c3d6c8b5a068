//! Comments, lines and indentation of TypeScript declarations.

use std::iter::Peekable;
use std::str::Chars;

/// The longest line that a union may fill.
const MAX_WIDTH: usize = 120;

/// Returns a comment for the line below.
pub(super) fn docs(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| format!(" * {}\n", line.trim())).collect();
    format!("/**\n{} */\n", lines.concat())
}

/// Puts every field on a line of its own, indents it, and separates declarations by an empty line.
pub(super) fn lay_out(declarations: &str) -> String {
    let mut lines = Lines::default();
    let mut rest = declarations.chars().peekable();
    while let Some(letter) = rest.next() {
        match letter {
            '/' if rest.peek() == Some(&'*') => lines.comment(&comment(&mut rest)),
            '\n' => lines.end(),
            '{' => {
                lines.line.push('{');
                lines.end();
                lines.depth += 1;
            }
            '}' => {
                lines.end();
                lines.depth -= 1;
                lines.line.push('}');
            }
            ';' => {
                lines.line.push(';');
                lines.end();
            }
            // ts-rs separates fields by commas.
            ',' if lines.depth > 0 && lines.open_brackets() == 0 => {
                lines.line.push(';');
                lines.end();
            }
            ' ' if lines.line.is_empty() => {}
            letter => lines.line.push(letter),
        }
    }
    lines.end();
    lines.text
}

/// Returns the rest of a comment after its first `/`, without its marks.
fn comment(rest: &mut Peekable<Chars<'_>>) -> Vec<String> {
    let mut text = String::new();
    while !text.ends_with("*/") {
        text.extend(rest.next());
    }
    let lines = text.trim_start_matches('*').trim_end_matches("*/").lines();
    lines.map(|line| line.trim().trim_start_matches('*').trim().to_owned()).filter(|line| !line.is_empty()).collect()
}

#[derive(Default)]
struct Lines {
    text: String,
    line: String,
    depth: usize,
    follows_comment: bool,
}

impl Lines {
    /// Ends a line, unless it is empty.
    fn end(&mut self) {
        let line = std::mem::take(&mut self.line);
        let line = line.trim();
        if line.is_empty() {
            return;
        }
        let begins = !line.starts_with('}');
        self.separate(begins && !self.follows_comment);
        self.follows_comment = false;
        match line.split_once(" = ") {
            Some((name, union)) if line.len() > MAX_WIDTH => {
                self.push(&format!("{name} ="));
                for member in union.split(" | ") {
                    self.push(&format!("  | {member}"));
                }
            }
            _ => self.push(line),
        }
    }

    fn comment(&mut self, lines: &[String]) {
        self.end();
        self.separate(true);
        match lines {
            [line] => self.push(&format!("/** {line} */")),
            lines => {
                self.push("/**");
                lines.iter().for_each(|line| self.push(&format!(" * {line}")));
                self.push(" */");
            }
        }
        self.follows_comment = true;
    }

    /// Adds an empty line before a declaration.
    fn separate(&mut self, begins: bool) {
        if begins && self.depth == 0 && !self.text.is_empty() {
            self.text.push('\n');
        }
    }

    fn push(&mut self, line: &str) {
        self.text += &format!("{:indent$}{line}\n", "", indent = 2 * self.depth);
    }

    fn open_brackets(&self) -> usize {
        let count = |bracket: char| self.line.matches(bracket).count();
        (count('(') + count('[')).saturating_sub(count(')') + count(']'))
    }
}
