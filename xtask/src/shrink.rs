//! What a released page does without: readable names between a program's two halves, and readable scripts and styles.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{ImportSection, Module, RawSection};
use wasmparser::{Parser, Payload};

use crate::shell::{command, find, run};

/// Gives what a program imports from its JavaScript half short names, in both: half of the bytes of an import are its name,
/// which ends in a hash that does not compress.
pub fn shorten_imports(script: &Path, program: &Path) -> Result<()> {
    let bytes = fs::read(program).with_context(|| format!("{} cannot be read", program.display()))?;
    let (shortened, names) = rename_imports(&bytes).with_context(|| format!("{} is no module", program.display()))?;
    let text = fs::read_to_string(script).with_context(|| format!("{} cannot be read", script.display()))?;
    fs::write(script, rename_keys(&text, &names)?)?;
    fs::write(program, shortened).with_context(|| format!("{} cannot be written", program.display()))
}

/// The module with short names for its imports, and which is whose.
fn rename_imports(module: &[u8]) -> Result<(Vec<u8>, BTreeMap<String, String>)> {
    let mut names = BTreeMap::new();
    let mut renamed = Module::new();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        if let Payload::ImportSection(reader) = &payload {
            let mut imports = ImportSection::new();
            for import in reader.clone().into_imports() {
                let import = import?;
                // What loads the chunks is called as the splitter calls it.
                if !import.module.ends_with("_bg.js") {
                    imports.import(import.module, import.name, RoundtripReencoder.entity_type(import.ty)?);
                    continue;
                }
                let next = short_name(names.len());
                let name = names.entry(import.name.to_owned()).or_insert(next);
                imports.import(import.module, name, RoundtripReencoder.entity_type(import.ty)?);
            }
            renamed.section(&imports);
        } else if let Some((id, range)) = payload.as_section() {
            renamed.section(&RawSection { id, data: &module[range.start as usize..range.end as usize] });
        }
    }
    Ok((renamed.finish(), names))
}

/// The script with these names for the properties that it hands to the program.
fn rename_keys(script: &str, names: &BTreeMap<String, String>) -> Result<String> {
    let is_part_of_name = |character: char| character.is_alphanumeric() || character == '_' || character == '$';
    let mut found = 0;
    let mut renamed = String::with_capacity(script.len());
    for line in script.split_inclusive('\n') {
        let indent = line.len() - line.trim_start().len();
        let end = line[indent..].find(|character| !is_part_of_name(character)).map_or(line.len(), |end| indent + end);
        match names.get(&line[indent..end]).filter(|_| line[end..].starts_with(':')) {
            Some(name) => {
                found += 1;
                renamed.extend([&line[..indent], name, &line[end..]]);
            }
            None => renamed.push_str(line),
        }
    }
    ensure!(found == names.len(), "the script defines {found} of the {} imports of its program", names.len());
    Ok(renamed)
}

/// a, b, ..., z, aa, ab, ...
fn short_name(mut index: usize) -> String {
    let mut letters = Vec::new();
    loop {
        letters.push(char::from(b'a' + (index % 26) as u8));
        if index < 26 {
            return letters.iter().rev().collect();
        }
        index = index / 26 - 1;
    }
}

/// Takes out of scripts and styles what only people read. Without esbuild they stay as they are.
pub fn minify(file: &Path) -> Result<()> {
    let Some(esbuild) = find("esbuild") else { return Ok(()) };
    let mut esbuild = command(esbuild);
    run(esbuild
        .arg(file)
        .args(["--minify", "--log-level=warning", "--allow-overwrite", "--target=es2022"])
        .arg(format!("--outfile={}", file.display())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_encoder::{EntityType, TypeSection};

    #[test]
    fn names_are_short_and_never_the_same() {
        let names: Vec<String> = (0..2000).map(short_name).collect();
        assert_eq!((names[0].as_str(), names[25].as_str(), names[26].as_str()), ("a", "z", "aa"));
        assert_eq!(names[27 * 26], "aaa");
        let unique: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(unique.len(), names.len());
    }

    #[test]
    fn both_halves_agree_on_the_new_names() {
        let mut module = Module::new();
        let mut types = TypeSection::new();
        types.ty().function([], []);
        module.section(&types);
        let mut imports = ImportSection::new();
        for name in ["__wbg_log_0123456789abcdef", "__wbg_now_fedcba9876543210"] {
            imports.import("./program_bg.js", name, EntityType::Function(0));
        }
        module.section(&imports);
        let (renamed, names) = rename_imports(&module.finish()).unwrap();
        let found: Vec<String> = Parser::new(0)
            .parse_all(&renamed)
            .filter_map(|payload| match payload.unwrap() {
                Payload::ImportSection(imports) => Some(imports.into_imports()),
                _ => None,
            })
            .flatten()
            .map(|import| import.unwrap().name.to_owned())
            .collect();
        assert_eq!(found, ["a", "b"]);
        let script = "const imports = {\n    __wbg_log_0123456789abcdef: function() {},\n    __wbg_now_fedcba9876543210: f,\n};\n";
        assert_eq!(rename_keys(script, &names).unwrap(), "const imports = {\n    a: function() {},\n    b: f,\n};\n");
        assert!(rename_keys("const imports = {};\n", &names).is_err());
    }
}
