//! A calculator for the notation of formulas, by which a reader would check a printed line.

use std::collections::HashMap;

struct Parser<'a> {
    rest: &'a str,
    letters: &'a HashMap<String, f64>,
}

/// Computes a formula with values for its letters.
pub fn evaluate(formula: &str, letters: &HashMap<String, f64>) -> f64 {
    let mut parser = Parser { rest: formula, letters };
    let value = parser.sum();
    assert_eq!(parser.rest.trim(), "", "in {formula}");
    value
}

impl Parser<'_> {
    fn eat(&mut self, token: &str) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, token: &str) {
        assert!(self.eat(token), "{token} at {}", self.rest);
    }

    fn sum(&mut self) -> f64 {
        let mut value = if self.eat("-") { -self.product() } else { self.product() };
        loop {
            if self.eat("+") {
                value += self.product();
            } else if self.eat("-") {
                value -= self.product();
            } else {
                return value;
            }
        }
    }

    fn product(&mut self) -> f64 {
        let mut value = self.power();
        while self.eat("·") {
            value *= self.power();
        }
        value
    }

    fn power(&mut self) -> f64 {
        let base = self.atom();
        if self.eat("^") { base.powf(self.braces()) } else { base }
    }

    fn braces(&mut self) -> f64 {
        self.expect("{");
        let value = self.sum();
        self.expect("}");
        value
    }

    fn brackets(&mut self) -> f64 {
        self.expect("(");
        let value = self.sum();
        self.expect(")");
        value
    }

    fn pair(&mut self) -> [f64; 2] {
        self.expect("(");
        let one = self.sum();
        self.expect(",");
        let other = self.sum();
        self.expect(")");
        [one, other]
    }

    fn condition(&mut self) -> bool {
        let one = self.sum();
        for (sign, holds) in [
            ("≠", (|a, b| a != b) as fn(f64, f64) -> bool),
            ("≤", |a, b| a <= b),
            ("≥", |a, b| a >= b),
            (">", |a, b| a > b),
            ("<", |a, b| a < b),
            ("=", |a, b| a == b),
        ] {
            if self.eat(sign) {
                return holds(one, self.sum());
            }
        }
        panic!("a sign at {}", self.rest);
    }

    fn atom(&mut self) -> f64 {
        if self.eat(r"\frac") {
            return self.braces() / self.braces();
        }
        for (name, function) in [
            (r"\ln", f64::ln as fn(f64) -> f64),
            (r"\tanh", f64::tanh),
            (r"\erf", |x| chalkgrad_engine::ir::expr::erf(x as f32).into()),
        ] {
            if self.eat(name) {
                return function(self.brackets());
            }
        }
        if self.eat(r"\sqrt") {
            return self.braces().sqrt();
        }
        if self.eat(r"\max") {
            return self.pair().into_iter().fold(f64::MIN, f64::max);
        }
        if self.eat(r"\min") {
            return self.pair().into_iter().fold(f64::MAX, f64::min);
        }
        if self.eat(r"\cases{") {
            let yes = self.sum();
            self.expect("&");
            let holds = self.condition();
            self.expect(r"\\");
            let no = self.sum();
            self.expect("&");
            assert_ne!(holds, self.condition());
            self.expect("}");
            return if holds { yes } else { no };
        }
        if self.eat("e^") {
            return self.braces().exp();
        }
        if self.rest.trim_start().starts_with('(') {
            return self.brackets();
        }
        if self.eat("[") {
            let holds = self.condition();
            self.expect("]");
            return f64::from(u8::from(holds));
        }
        if self.eat("|") {
            let value = self.sum();
            self.expect("|");
            return value.abs();
        }
        if self.eat("-∞") {
            return f64::NEG_INFINITY;
        }
        self.rest = self.rest.trim_start();
        let is_digit = |letter: char| letter.is_ascii_digit() || letter == '.';
        let length = self.rest.find(|letter| !is_digit(letter)).unwrap_or(self.rest.len());
        if length > 0 {
            let (number, rest) = self.rest.split_at(length);
            self.rest = rest;
            return number.parse().unwrap();
        }
        let letter: String = self.rest.chars().take(1).collect();
        self.rest = &self.rest[letter.len()..];
        *self.letters.get(&letter).unwrap_or_else(|| panic!("no {letter} before {}", self.rest))
    }
}
