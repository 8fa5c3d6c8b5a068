//! Formulas as MathML, which browsers typeset and screen readers read, from the notation of `model::formula`.

/// Converts a formula to `<math>`.
pub fn mathml(formula: &str) -> String {
    let mut parser = Parser { rest: formula, out: String::with_capacity(formula.len() * 8) };
    parser.out.push_str("<math displaystyle=\"true\">");
    parser.row("");
    parser.out.push_str("</math>");
    parser.out
}

/// Converts a formula to several `<math>`, between which a line may break: before relations, sums and signs outside of
/// brackets, and between factors.
pub fn mathml_parts(formula: &str) -> Vec<String> {
    let mut parser = Parser { rest: formula, out: String::new() };
    let (mut parts, mut part) = (Vec::new(), String::new());
    let (mut depth, mut has_operand) = (0usize, false);
    loop {
        parser.rest = parser.rest.trim_start_matches(' ');
        let Some(first) = parser.rest.chars().next() else { break };
        let is_space = parser.rest.starts_with(r"\,");
        let is_operator = "=+-−<>≤≥".contains(first);
        let is_big = ["\\sum", "\\max_"].iter().any(|big| parser.rest.starts_with(big));
        if depth == 0 && has_operand && (is_space || is_operator || is_big) {
            parts.push(std::mem::take(&mut part));
            has_operand = false;
        }
        let start = parser.out.len();
        parser.item();
        part.push_str(&parser.out.split_off(start));
        match first {
            '(' | '[' | '⌊' => depth += 1,
            ')' | ']' | '⌋' => depth = depth.saturating_sub(1),
            _ => {}
        }
        // A sum stays with its summand.
        has_operand |= !is_space && !is_operator && !is_big;
    }
    parts.push(part);
    let math = |part: String| ["<math displaystyle=\"true\"><mrow>", &part, "</mrow></math>"].concat();
    parts.into_iter().map(math).collect()
}

struct Parser<'a> {
    rest: &'a str,
    out: String,
}

impl<'a> Parser<'a> {
    /// Converts everything up to one of the `end`s, which is consumed.
    fn row(&mut self, ends: &str) -> Option<char> {
        self.out.push_str("<mrow>");
        let end = loop {
            self.rest = self.rest.trim_start_matches(' ');
            match self.rest.chars().next() {
                None => break None,
                Some(first) if ends.contains(first) => {
                    self.rest = &self.rest[first.len_utf8()..];
                    break Some(first);
                }
                Some(_) if ends.contains('&') && self.rest.starts_with(r"\\") => {
                    self.rest = &self.rest[2..];
                    break Some('\\');
                }
                Some(_) => self.item(),
            }
        };
        self.out.push_str("</mrow>");
        end
    }

    /// Converts an atom with its subscript and superscript.
    fn item(&mut self) {
        let start = self.out.len();
        let is_big = ["\\sum", "\\max_"].iter().any(|big| self.rest.starts_with(big));
        self.atom();
        let base = self.out.split_off(start);
        let below = self.script('_');
        let above = self.script('^');
        let tag = match (below.is_some(), above.is_some(), is_big) {
            (false, false, _) => return self.out.push_str(&base),
            (true, false, false) => "msub",
            (false, true, false) => "msup",
            (true, true, false) => "msubsup",
            (true, false, true) => "munder",
            (false, true, true) => "mover",
            (true, true, true) => "munderover",
        };
        let parts = [below, above].into_iter().flatten().collect::<String>();
        self.out.push_str(&["<", tag, ">", &base, &parts, "</", tag, ">"].concat());
    }

    fn script(&mut self, sign: char) -> Option<String> {
        self.rest = self.rest.strip_prefix(sign)?;
        let start = self.out.len();
        self.atom();
        Some(self.out.split_off(start))
    }

    fn atom(&mut self) {
        let Some(first) = self.rest.chars().next() else { return };
        if first == '{' {
            self.rest = &self.rest[1..];
            self.row("}");
            return;
        }
        if first == '\\' {
            return self.command();
        }
        let length = if first.is_ascii_digit() {
            self.rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != 'e').unwrap_or(self.rest.len())
        } else if self.rest.starts_with("filters") || self.rest.starts_with("units") {
            self.rest.find(' ').unwrap_or(self.rest.len())
        } else {
            first.len_utf8()
        };
        let (token, rest) = self.rest.split_at(length);
        self.rest = rest;
        let tag = if first.is_ascii_digit() {
            "mn"
        } else if first.is_alphabetic() && first != '∂' {
            "mi"
        } else {
            "mo"
        };
        let token = match token {
            "-" => "−",
            "<" => "&lt;",
            ">" => "&gt;",
            token => token,
        };
        // A bracket of a formula this small need not grow.
        let fence = if "()[]⌊⌋⌈⌉".contains(first) { " stretchy=\"false\"" } else { "" };
        self.out.push_str(&["<", tag, fence, ">", token, "</", tag, ">"].concat());
    }

    fn command(&mut self) {
        let name = &self.rest[1..];
        let length = name.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(name.len());
        if length == 0 {
            // A thin space, `\,`.
            self.rest = name.get(1..).unwrap_or_default();
            return self.out.push_str("<mspace width=\"0.2em\"></mspace>");
        }
        let (name, rest) = name.split_at(length);
        self.rest = rest;
        match name {
            "frac" => self.element("mfrac", 2),
            "sqrt" => self.element("msqrt", 1),
            "sum" => self.out.push_str("<mo>∑</mo>"),
            "cases" => self.cases(),
            function => self.out.push_str(&["<mo lspace=\"0\" rspace=\"0.1em\">", function, "</mo>"].concat()),
        }
    }

    fn element(&mut self, tag: &str, arguments: usize) {
        self.out.push_str(&["<", tag, ">"].concat());
        (0..arguments).for_each(|_| self.atom());
        self.out.push_str(&["</", tag, ">"].concat());
    }

    /// Converts `\cases{value & condition \\ value & condition}`.
    fn cases(&mut self) {
        self.rest = self.rest.strip_prefix('{').unwrap_or(self.rest);
        self.out.push_str("<mrow><mo>{</mo><mtable><mtr><mtd>");
        loop {
            match self.row("&}") {
                Some('&') => self.out.push_str("</mtd><mtd>"),
                Some('\\') => self.out.push_str("</mtd></mtr><mtr><mtd>"),
                _ => break,
            }
        }
        self.out.push_str("</mtd></mtr></mtable></mrow>");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chalkgrad_engine::model::activations::{ACTIVATIONS, formula};
    use chalkgrad_engine::model::catalogue::resolve;
    use chalkgrad_engine::presets::PRESETS;

    /// Returns true if every opened element is closed, in order.
    fn is_balanced(markup: &str) -> bool {
        let mut open: Vec<&str> = Vec::new();
        for tag in markup.split('<').skip(1) {
            let tag = tag.split('>').next().unwrap();
            match tag.strip_prefix('/') {
                Some(name) => {
                    if open.pop() != Some(name) {
                        return false;
                    }
                }
                None => open.push(tag.split(' ').next().unwrap()),
            }
        }
        open.is_empty()
    }

    #[test]
    fn scripts_fractions_and_sums() {
        assert_eq!(
            mathml(r"y_k = \frac{1}{2}"),
            "<math displaystyle=\"true\"><mrow><msub><mi>y</mi><mi>k</mi></msub><mo>=</mo>\
             <mfrac><mrow><mn>1</mn></mrow><mrow><mn>2</mn></mrow></mfrac></mrow></math>"
        );
        assert!(
            mathml(r"\sum_{i,j} x^2")
                .contains("<munder><mo>∑</mo><mrow><mi>i</mi><mo>,</mo><mi>j</mi></mrow></munder>")
        );
        assert!(mathml(r"σ_c^2").contains("<msubsup><mi>σ</mi><mi>c</mi><mn>2</mn></msubsup>"));
        assert!(mathml("z > 0").contains("<mo>&gt;</mo>"));
    }

    #[test]
    fn long_formulas_break_before_signs_and_sums() {
        assert_eq!(mathml_parts(r"z_{i,j} = b_k + \sum_{u,v} x_{i+u,j}\,w_{u,v}").len(), 4);
        assert_eq!(mathml_parts(r"y = max(0, a + b)").len(), 2);
        assert_eq!(mathml_parts(r"-x").len(), 1);
        assert_eq!(mathml_parts("x"), [mathml("x")]);
    }

    #[test]
    fn every_formula_of_the_catalogue_is_well_formed() {
        let mut formulas: Vec<String> = Vec::new();
        for activation in ACTIVATIONS {
            let (value, delta) = formula(activation);
            formulas.extend([value.to_owned(), delta.to_owned()]);
        }
        for layer in PRESETS.iter().flat_map(|preset| resolve(&preset.model()).unwrap()) {
            let formula = layer.formula();
            formulas.extend(formula.forward.into_iter().chain(formula.backward).chain(formula.ranges));
        }
        for formula in formulas {
            let markup = mathml(&formula);
            let parts = mathml_parts(&formula);
            assert!(parts.iter().all(|part| is_balanced(part)), "{formula}: {parts:?}");
            let text = |markup: &str| {
                let texts = markup.split('<').filter_map(|tag| tag.split_once('>'));
                texts.map(|(_, text)| text).collect::<String>()
            };
            assert_eq!(text(&parts.concat()), text(&markup), "the parts are the formula");
            assert!(is_balanced(&markup), "{formula}: {markup}");
            // Nothing of the notation is left, and no brace is but that of a case distinction.
            assert!(
                !markup.contains(['\\', '_', '^', '&']) || markup.contains("&gt;") || markup.contains("&lt;"),
                "{markup}"
            );
            assert!(!markup.replace("<mo>{</mo>", "").contains(['{', '}']), "{formula}: {markup}");
        }
    }
}
