//! Cuts the program that the linker made: what every visitor downloads, and chunks that are downloaded when they are opened.
//!
//! Where the cuts are is marked in the source (`src/ui/widgets/later.rs`). A chunk shares memory and table of functions with
//! the main part. The linker has to leave relocations in the program (`--emit-relocs`): by them it is known which function
//! or constant needs which.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, ensure};
use wasm_split_cli_support::{Options, transform};

/// What the program imports from to load its chunks.
const LINK: &str = "./chunks.js";

/// A program in parts, each a file.
pub struct Parts {
    /// Still to be given to wasm-bindgen.
    pub main: PathBuf,
    pub chunks: Vec<PathBuf>,
    link: String,
}

/// Cuts `linked` into files in `folder`.
pub fn split(linked: &Path, folder: &Path) -> Result<Parts> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("{} cannot be emptied", folder.display()))?;
    }
    let program = fs::read(linked).with_context(|| format!("{} cannot be read", linked.display()))?;
    let main = folder.join("main.wasm");
    let mut options = Options::new(&program);
    options.output_dir = folder;
    options.main_out_path = &main;
    options.link_name = LINK;
    let done = transform(options).map_err(|error| anyhow!("{} cannot be split: {error:#}", linked.display()))?;
    let mut chunks = done.split_modules;
    chunks.sort();
    let link = fs::read_to_string(folder.join(LINK)).context("the splitter wrote no script")?;
    Ok(Parts { main, chunks, link })
}

impl Parts {
    /// Puts what loads the chunks into the script that wasm-bindgen made, so that both come as one file.
    ///
    /// `names`: of each chunk's file as it was made, and as it is to be called.
    pub fn join(&self, script: &str, names: &[(String, String)]) -> Result<String> {
        // One import for each function that it takes from there.
        let (imports, rest): (Vec<&str>, Vec<&str>) =
            script.lines().partition(|line| line.starts_with("import * as ") && line.contains(LINK));
        let spaces: Vec<&str> = imports.iter().filter_map(|import| import.split(' ').nth(3)).collect();
        ensure!(!spaces.is_empty(), "wasm-bindgen's script does not load the chunks");
        let mut loaders = Vec::new();
        let mut link = String::new();
        for line in self.link.lines().filter(|line| !line.starts_with("import ")) {
            let line =
                line.strip_prefix("export ").inspect(|line| loaders.extend(line.split(' ').nth(1))).unwrap_or(line);
            link.extend([line, "\n"]);
        }
        // A server may call the chunks what it likes.
        const STREAMED: &str = "WebAssembly.instantiateStreaming(src, imports)";
        ensure!(names.is_empty() || link.contains(STREAMED), "the splitter's script loads chunks in an unknown way");
        link = link.replace(STREAMED, "WebAssembly.instantiate(await (await src).arrayBuffer(), imports)");
        for (from, to) in names {
            let from = format!("\"./{from}\"");
            ensure!(link.contains(&from), "the splitter's script does not load {from}");
            link = link.replace(&from, &format!("\"./{to}\""));
        }
        let rest = without_repeats(&rest);
        let mut joined = format!(
            "{}\nconst __chunks = (() => {{\n{link}return {{ {} }};\n}})();\n",
            rest.join("\n"),
            loaders.join(", ")
        );
        spaces.iter().for_each(|space| joined.extend(["const ", space, " = __chunks;\n"]));
        Ok(joined)
    }
}

/// Of the lines that hand over what the program imports from [`LINK`], which are all the same, the first.
fn without_repeats<'a>(script: &[&'a str]) -> Vec<&'a str> {
    let key = format!("\"{LINK}\":");
    let mut is_there = false;
    let mut is_new = |line: &&str| !line.trim_start().starts_with(&key) || !std::mem::replace(&mut is_there, true);
    script.iter().copied().filter(|line| is_new(line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loader_stands_in_the_script_and_asks_for_the_files_as_they_are_called() {
        let link = "import { initSync } from \"./main.js\";\nfunction makeLoad(load) {}\n\
                    const __chunk_2 = makeLoad(() => fetch(new URL(\"./chunk_2.wasm\", import.meta.url)));\n\
                    const go = () => WebAssembly.instantiateStreaming(src, imports);\n\
                    export const __wasm_split_load_dock = makeLoad(go, [__chunk_2]);\n";
        let parts = Parts { main: PathBuf::new(), chunks: Vec::new(), link: link.to_owned() };
        let script = "import * as import1 from \"./chunks.js\"\nimport * as import2 from \"./chunks.js\"\nconst all = {\n    \"./chunks.js\": import1,\n    \"./chunks.js\": import2,\n};\n";
        let names = [("chunk_2.wasm".to_owned(), "chunks/shared-1234.wasm".to_owned())];
        let joined = parts.join(script, &names).unwrap();
        assert!(!joined.contains("import * as") && !joined.contains("from \"./main.js\""), "{joined}");
        assert!(joined.contains("new URL(\"./chunks/shared-1234.wasm\", import.meta.url)"), "{joined}");
        assert!(joined.contains("return { __wasm_split_load_dock };"), "{joined}");
        assert!(joined.contains("const import1 = __chunks;\nconst import2 = __chunks;\n"), "{joined}");
        assert_eq!(joined.matches("\"./chunks.js\":").count(), 1, "{joined}");
        assert!(parts.join("export {};\n", &names).is_err());
        assert!(parts.join(script, &[("split_gone.wasm".to_owned(), String::new())]).is_err());
    }
}
