//! The engine's phrases in the language of the page.
//!
//! Errors that are not typed yet come in English phrases from the engine. For another language a file has each phrase
//! with holes (`{}`) for its arguments (`at most {} layers`), a tab, and its translation; `{1}` there is the second
//! hole. More literal phrases stand first. The tests below find the phrases in the sources, so that none lacks its
//! line.

use chalkgrad_engine::error::Error;
use chalkgrad_engine::protocol::ErrorReport;

/// Maximum depth of phrases within the holes of others.
const MAX_DEPTH: usize = 3;

/// Lines of phrase, tab, translation: the text of such a file.
pub struct Phrases<Text>(pub Text);

impl<Text: AsRef<str>> Phrases<Text> {
    /// Translates a phrase; one without a matching line stays as it is.
    pub fn say(&self, phrase: &str) -> String {
        self.say_within(phrase, MAX_DEPTH)
    }

    fn say_within(&self, phrase: &str, depth: usize) -> String {
        if depth == 0 || phrase.is_empty() {
            return phrase.to_owned();
        }
        for (template, translation) in self.0.as_ref().lines().filter_map(|line| line.split_once('\t')) {
            if let Some(values) = values(template, phrase) {
                let values = values.into_iter().map(|value| self.say_within(value, depth - 1)).collect();
                return fill(translation, values);
            }
        }
        phrase.to_owned()
    }

    /// Writes an error's sentences: `layer, subject: expected this, got that. Hint`. The caller names the subject.
    pub fn sentences(&self, error: &Parts<'_>, subject: &str) -> String {
        let mut text = String::new();
        if let Some(layer) = error.layer.filter(|layer| *layer != error.subject) {
            text = [layer, &self.say(", ")].concat();
        }
        text.push_str(subject);
        let mut before = ": ";
        for (word, part) in [("expected ", error.expected), ("got ", error.got)] {
            if !part.is_empty() {
                text.push_str(&self.say(before));
                text.push_str(&self.say(&[word, part].concat()));
                before = ", ";
            }
        }
        text.push_str(&self.say("."));
        text.push_str(&self.say(error.hint));
        text
    }
}

/// Parts of an error's text.
pub struct Parts<'a> {
    pub layer: Option<&'a str>,
    pub subject: &'a str,
    pub expected: &'a str,
    pub got: &'a str,
    pub hint: &'a str,
}

impl<'a> Parts<'a> {
    pub fn of(error: &'a Error) -> Self {
        Self {
            layer: error.layer.as_deref(),
            subject: &error.subject,
            expected: &error.expected,
            got: &error.got,
            hint: &error.hint,
        }
    }

    /// Splits a report; `None` for a report of the page itself, which is a sentence.
    pub fn of_report(report: &'a ErrorReport) -> Option<Self> {
        let [subject, expected, got, hint] = report.parts.as_slice() else { return None };
        Some(Self { layer: report.layer.as_deref(), subject, expected, got, hint })
    }
}

/// Returns the contents of the holes if a phrase fits the template.
fn values<'a>(template: &str, phrase: &'a str) -> Option<Vec<&'a str>> {
    let mut literals = template.split("{}");
    let mut rest = phrase.strip_prefix(literals.next()?)?;
    let mut values = Vec::new();
    let mut literals = literals.peekable();
    while let Some(literal) = literals.next() {
        let at = match literals.peek() {
            Some(_) => rest.find(literal)?,
            None => rest.strip_suffix(literal)?.len(),
        };
        values.push(&rest[..at]);
        rest = &rest[at + literal.len()..];
    }
    (rest.is_empty() && values.iter().all(|value| !value.is_empty())).then_some(values)
}

/// Puts the values in the place of `{}`, one after the other, or of `{0}`, `{1}`, ...
fn fill(translation: &str, values: Vec<String>) -> String {
    values.iter().enumerate().fold(translation.to_owned(), |text, (index, value)| {
        text.replacen("{}", value, 1).replace(&format!("{{{index}}}"), value)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::ui::text::tests::sources;

    const CHINESE: Phrases<&str> = Phrases(include_str!("../../www/locales/zh.phrases.txt"));

    fn lines() -> Vec<(&'static str, &'static str)> {
        CHINESE.0.lines().map(|line| line.split_once('\t').unwrap_or_else(|| panic!("no tab: {line}"))).collect()
    }

    /// Reads a string literal at the start of `source`, with `{}` for its arguments.
    fn literal(source: &str) -> Option<String> {
        let source = source.trim_start().trim_start_matches('&').trim_start_matches("format!(").trim_start();
        let mut characters = source.strip_prefix('"')?.chars();
        let (mut text, mut is_hole) = (String::new(), false);
        while let Some(character) = characters.next() {
            match character {
                '"' => return Some(text),
                '\\' => text.extend(characters.next()),
                '{' => is_hole = true,
                '}' => {
                    text.push_str("{}");
                    is_hole = false;
                }
                other if !is_hole => text.push(other),
                _ => {}
            }
        }
        None
    }

    /// Returns the texts of errors.
    fn phrases() -> BTreeSet<String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut found = BTreeSet::new();
        for path in ["src", "crates/engine/src"].iter().flat_map(|folder| sources(&root.join(folder))) {
            let source = fs::read_to_string(path).unwrap();
            let source = source.split("#[cfg(test)]").next().unwrap();
            for call in [".expected(", ".got(", ".hint(", ".mismatch(", " unavailable(", "foreign("] {
                found.extend(source.match_indices(call).filter_map(|(at, _)| literal(&source[at + call.len()..])));
            }
            // The second argument of these.
            for call in ["Error::new(", "bad_setting(", "bad_argument(", "bad_file(", "report("] {
                for (at, _) in source.match_indices(call) {
                    let rest = &source[at + call.len()..];
                    found.extend(rest.split_once(", ").and_then(|(_, second)| literal(second)));
                }
            }
        }
        // A phrase without a word needs no translation.
        let english = crate::ui::text::Locale::English.json();
        let is_setting =
            |text: &str| english.contains(&format!("\"setting_{text}\"")) || text.contains(char::is_uppercase);
        found.retain(|text| text.contains(' ') || !is_setting(text));
        let has_word = |text: &String| text.split(|c: char| !c.is_alphabetic()).any(|word| word.len() > 1);
        found.into_iter().filter(has_word).collect()
    }

    #[test]
    fn every_phrase_has_its_line() {
        let phrases = phrases();
        assert!(phrases.len() > 10, "the search finds them: {}", phrases.len());
        let known = |phrase: &str| lines().iter().any(|(template, _)| values(template, phrase).is_some());
        let missing: Vec<_> = phrases.iter().filter(|phrase| !known(&phrase.replace("{}", "7"))).collect();
        assert!(missing.is_empty(), "in www/locales/zh.phrases.txt: {missing:#?}");
    }

    #[test]
    fn no_line_hides_another() {
        for (template, translation) in lines() {
            let count = template.matches("{}").count();
            let values = || (0..count).map(|index| format!("n{index}")).collect::<Vec<_>>();
            let phrase = fill(template, values());
            assert_eq!(CHINESE.say(&phrase), fill(translation, values()), "{template}");
            let filled = fill(translation, values());
            assert!(values().iter().all(|value| filled.contains(value.as_str())), "{template}: a value is lost");
        }
    }

    #[test]
    fn reports_are_translated_part_by_part() {
        let error = Error::new("bad-setting", "batchSize")
            .expected("at most the 500 images that are trained on")
            .got("600")
            .hint("Make the batch smaller or use more images.");
        let report = ErrorReport::from(error);
        let parts = Parts::of_report(&report).unwrap();
        assert_eq!(
            CHINESE.sentences(&parts, "批量"),
            "批量：应为至多为用于训练的 500 张图像，实际为600。请减小批量，或使用更多图像。"
        );
        let restarted =
            "The engine was restarted because it did not answer for ten seconds. No training step was lost.";
        assert_eq!(CHINESE.say(restarted), "引擎已重新启动：它十秒没有回应。没有丢失任何训练步。");
    }
}
