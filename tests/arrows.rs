//! Keeps the arrows between the modules: reads every path under `src/` that starts in this crate and fails on one that
//! [`ALLOWED`] does not name. `#[cfg(test)]` modules may use whatever they need.

use std::fs;
use std::path::Path;

/// Each module and the modules it may use, itself aside. `model` is two: its schema (what the page needs to show and check
/// a model) and the rest, which lowers a model to a graph and would pull every kernel into the page's program.
const ALLOWED: &[(&str, &[&str])] = &[
    // Errors show shapes, and shapes are checked: the two are one ground floor.
    ("error", &["tensor"]),
    ("tensor", &["error"]),
    ("wire", &["error"]),
    ("random", &["error", "tensor"]),
    ("ir", &["tensor", "error"]),
    ("ops", &["simd", "ir", "tensor", "error", "random"]),
    ("autograd", &["ir", "tensor", "error"]),
    ("plan", &["ir", "tensor", "error"]),
    ("backend", &["simd", "plan", "ir", "tensor", "error", "random"]),
    ("model schema", &["model layers", "wire", "error", "tensor"]),
    // A layer's file holds its schema and how it lowers. Nothing but `model::lower` refers to the second part, so the
    // page's program does not hold it.
    ("model layers", &["model", "model schema", "ops", "ir", "error", "tensor"]),
    ("model", &["model schema", "model layers", "ops", "ir", "tensor", "error", "random"]),
    ("data", &["simd", "wire", "tensor", "error", "random"]),
    ("protocol", &["model schema", "wire", "error"]),
    ("checkpoint", &["protocol", "model schema", "wire", "error"]),
    (
        "train",
        &[
            "model",
            "model schema",
            "data",
            "autograd",
            "plan",
            "backend",
            "ops",
            "ir",
            "simd",
            "tensor",
            "error",
            "random",
            "protocol",
            "checkpoint",
        ],
    ),
    ("transport", &["protocol", "wire", "error"]),
    ("worker", &["train", "data", "transport", "protocol", "model schema", "tensor", "error"]),
    ("client", &["checkpoint", "transport", "protocol", "model schema", "error"]),
    ("api", &["client", "checkpoint", "transport", "protocol", "model schema", "wire", "error"]),
    (
        "ui",
        &[
            "api",
            "client",
            "checkpoint",
            "transport",
            "protocol",
            "model schema",
            "model layers",
            "wire",
            "tensor",
            "error",
        ],
    ),
    ("bin/chalkgrad", &["ui", "api", "client", "worker"]),
    ("bin/gpu_worker", &["worker"]),
];

const MODEL_SCHEMA: &[&str] = &["spec", "catalogue", "settings", "activations", "training", "formula", "cost", "fixes"];

/// Libraries that only one part may name.
const FENCED: &[(&str, &[&str])] = &[("leptos", &["ui"]), ("wgpu", &["backend::gpu"])];

#[test]
fn the_modules_keep_the_arrows() {
    let mut faults = Vec::new();
    let mut files = 0;
    visit(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut Vec::new(), &mut |module, text| {
        files += 1;
        faults.extend(check(module, text));
    });
    assert!(files > 10, "only {files} files found");
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

/// Calls `f` with the module path and the text of every source file.
fn visit(folder: &Path, module: &mut Vec<String>, f: &mut impl FnMut(&[String], &str)) {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            module.push(stem);
            visit(&path, module, f);
            module.pop();
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = !["lib", "mod"].contains(&stem.as_str());
            if name {
                module.push(stem);
            }
            f(module, &fs::read_to_string(&path).unwrap());
            if name {
                module.pop();
            }
        }
    }
}

/// The faults of one file, each a sentence.
fn check(module: &[String], text: &str) -> Vec<String> {
    let tokens = without_tests(tokens(text));
    let here = module.join("::");
    let from = part(module);
    let Some(from) = from else { return Vec::new() }; // lib.rs declares the modules and uses none.
    let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == from) else {
        return vec![format!("{here}: module `{from}` has no row in ALLOWED (tests/arrows.rs)")];
    };
    let mut faults = Vec::new();
    for path in paths(module, &tokens) {
        let Some(to) = part(&path) else { continue };
        if to != from && !allowed.contains(&to.as_str()) {
            faults.push(format!("{here}: `{from}` must not use `{to}` (crate::{})", path.join("::")));
        }
    }
    for (library, homes) in FENCED {
        let at_home = homes.iter().any(|home| *home == from || here.starts_with(home));
        if !at_home && tokens.iter().any(|token| token == library || token.starts_with(&format!("{library}_"))) {
            faults.push(format!("{here}: only {} may name {library}", homes.join(" and ")));
        }
    }
    faults.dedup();
    faults
}

/// The row of [`ALLOWED`] that a path belongs to.
fn part(path: &[String]) -> Option<String> {
    let first = path.first()?.as_str();
    let second = path.get(1).map(String::as_str);
    Some(match (first, second) {
        ("model", Some("layers")) => "model layers".to_owned(),
        ("model", Some(second)) if MODEL_SCHEMA.contains(&second) => "model schema".to_owned(),
        ("bin", Some(second)) => format!("bin/{second}"),
        _ => first.to_owned(),
    })
}

/// Every path in the file that starts in this crate, from its root: `crate::a::b`, `super::b` and, in the programs under
/// `bin`, `chalkgrad::a`; groups are taken apart.
fn paths(module: &[String], tokens: &[String]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let starts_path = index == 0 || tokens[index - 1] != "::";
        let base = match token.as_str() {
            "crate" if starts_path => Vec::new(),
            "chalkgrad" if starts_path && module.first().is_some_and(|first| first == "bin") => Vec::new(),
            "super" if starts_path => module[..module.len().saturating_sub(1)].to_vec(),
            _ => continue,
        };
        if tokens.get(index + 1).is_some_and(|token| token == "::") {
            follow(base, tokens, index + 2, &mut found);
        }
    }
    found
}

/// Follows a path from the token after its `::`; returns the index after its end.
fn follow(mut path: Vec<String>, tokens: &[String], mut index: usize, found: &mut Vec<Vec<String>>) -> usize {
    while let Some(token) = tokens.get(index) {
        match token.as_str() {
            "super" => drop(path.pop()),
            "{" => {
                index += 1;
                while tokens.get(index).is_some_and(|token| token != "}") {
                    if tokens[index] == "," {
                        index += 1;
                    } else {
                        index = follow(path.clone(), tokens, index, found);
                    }
                }
                return index + 1;
            }
            name if is_name(name) => path.push(name.to_owned()),
            _ => {
                index += 1; // `*`, or the `<` of generic arguments
                break;
            }
        }
        index += 1;
        if tokens.get(index).is_some_and(|token| token == "::") {
            index += 1;
        } else {
            break;
        }
    }
    found.push(path);
    // What follows `as` in a `use` is not a path.
    if tokens.get(index).is_some_and(|token| token == "as") { index + 2 } else { index }
}

fn is_name(token: &str) -> bool {
    token.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// Names, `::` and single signs; no comments, strings or characters.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if first == '"' {
            string_length(rest)
        } else if let Some(hashes) = raw_string_hashes(rest) {
            let end = format!("\"{}", "#".repeat(hashes));
            let start = hashes + 2;
            rest[start..].find(&end).map_or(rest.len(), |at| start + at + end.len())
        } else if first == '\'' {
            character_length(rest)
        } else if first.is_alphanumeric() || first == '_' {
            let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            tokens.push(rest[..length].to_owned());
            length
        } else {
            let length = if rest.starts_with("::") { 2 } else { first.len_utf8() };
            if !first.is_whitespace() {
                tokens.push(rest[..length].to_owned());
            }
            length
        };
        rest = &rest[length..];
    }
    tokens
}

fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (index, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return index + 1,
            _ => escaped = c == '\\' && !escaped,
        }
    }
    text.len()
}

fn raw_string_hashes(text: &str) -> Option<usize> {
    let after = text.strip_prefix('r')?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    after[hashes..].starts_with('"').then_some(hashes)
}

/// A character literal's length, or one for the quote of a lifetime.
fn character_length(text: &str) -> usize {
    let mut characters = text.char_indices().skip(1);
    match (characters.next(), characters.next()) {
        (Some((_, '\\')), Some((at, _))) => text[at + 1..].find('\'').map_or(1, |end| at + 1 + end + 1),
        (Some(_), Some((at, '\''))) => at + 1,
        _ => 1,
    }
}

/// Drops every `#[cfg(test)] mod name { .. }`.
fn without_tests(tokens: Vec<String>) -> Vec<String> {
    const ATTRIBUTE: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut kept = Vec::new();
    let mut index = 0;
    while index < tokens.len() {
        let rest = &tokens[index..];
        let is_test_module = rest.len() > 9 && rest.iter().zip(ATTRIBUTE).all(|(a, b)| a == b) && rest[7] == "mod";
        if !is_test_module {
            kept.push(tokens[index].clone());
            index += 1;
            continue;
        }
        index += 9;
        let mut depth = 0_i32;
        loop {
            match tokens.get(index).map(String::as_str) {
                Some("{") => depth += 1,
                Some("}") => depth -= 1,
                Some(_) => {}
                None => return kept,
            }
            index += 1;
            if depth == 0 {
                break;
            }
        }
    }
    kept
}

fn faults_of(module: &str, text: &str) -> Vec<String> {
    let module: Vec<String> = module.split("::").map(str::to_owned).collect();
    check(&module, text)
}

#[test]
fn the_checker_finds_reversed_arrows() {
    for (module, text, word) in [
        ("autograd", "use crate::ops::matmul::MatMul;", "ops"),
        ("plan::fuse", "use crate::{error::Error, ir::{Graph, Node}, ops};", "ops"),
        ("plan", "fn f() { let _ = crate::ops::registry(); }", "ops"),
        ("ir::graph", "use super::super::autograd::gradient;", "autograd"),
        ("model::catalogue", "use crate::ops::matmul;", "ops"),
        ("model::catalogue", "use super::lower::lower;", "model"),
        ("ui::app", "use crate::train::Session;", "train"),
        ("ui", "use crate::model::lower;", "model"),
        ("bin::chalkgrad", "fn main() { chalkgrad::train::start() }", "train"),
        ("train", "use leptos::prelude::*;", "leptos"),
        ("worker", "use leptos_i18n::t;", "leptos"),
        ("backend::cpu", "use wgpu::Device;", "wgpu"),
        ("surprise", "", "row"),
    ] {
        let faults = faults_of(module, text);
        assert_eq!(faults.len(), 1, "{module}: {text}: {faults:?}");
        assert!(faults[0].contains(&format!("`{word}`")) || faults[0].contains(word), "{faults:?}");
    }
}

#[test]
fn the_checker_lets_pass_what_is_allowed() {
    for (module, text) in [
        ("ops::matmul", "use crate::simd::gemm; use crate::ir::{Graph, op::Op as _}; use super::reduce;"),
        (
            "plan",
            "// use crate::ops;\n/* crate::ops */ const TEXT: &str = \"crate::ops\"; const RAW: &str = r#\"crate::ops\"#;",
        ),
        ("plan", "const C: char = '\"'; fn f<'a>(x: &'a str) {}  #[cfg(test)] mod tests { use crate::ops::{matmul}; }"),
        (
            "ui::panels::network",
            "use leptos::prelude::*; use crate::model::{catalogue::find, spec::ModelSpec}; use super::super::state;",
        ),
        ("backend::gpu::device", "use wgpu::Device;"),
        ("bin::chalkgrad", "fn main() { chalkgrad::worker::start() }"),
    ] {
        assert_eq!(faults_of(module, text), Vec::<String>::new(), "{module}: {text}");
    }
    // What comes after a test module counts again.
    assert_eq!(faults_of("plan", "#[cfg(test)] mod tests { fn f() { {} } } use crate::ops;").len(), 1);
}
