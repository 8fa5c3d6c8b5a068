//! The project's own commands: `cargo xtask serve`, `cargo xtask test` and their parts.
//!
//! Each command does its own set-up: it reports what is missing, installs it, and repeats no work.

mod bench;
mod browser;
mod data;
mod relaxed;
mod shell;
mod site;
mod test;
mod tools;

use std::process::ExitCode;

use anyhow::{Result, bail};
use lexopt::prelude::*;

const HELP: &str = "\
cargo xtask COMMAND

  serve [--port N]   install what is missing, fetch the data sets, build, serve; prints the address
  build              the same up to a static dist/ that any web server can serve from any folder
  data [--from DIR]  fetch the data sets, check them, cut them into shards under www/data; --from: published files on disk
  test [--only STAGE]...
                     install what is missing and run every test; the stages are
                     format, lint, native, gpu, wasm, build, flows
  measure [--epochs N] [--steps N] [--seed N]
                     train the reference program in the built page, in Chromium, and print its figures
  scaling [--workers 1,2] [--steps N] [--rounds N]
                     the same with several numbers of workers in turn, and with both builds of the program
  bench [--models reference,dense,wide] [--batches 1,32,250] [--tasks training,evaluation,prediction]
        [--only NAME,...] [--rounds N] [--seconds N] [--limit N] [--webgpu] [--python PROGRAM] [--out DIR]
                     train, evaluate and predict side by side with other libraries, in turn on this machine; prints a
                     table, writes target/bench/compare.json and compare.svg
  bench load [--rounds N]
                     measure bytes to download, time until the page is interactive, time from Train to the first step
  bench growth [--rounds N] [--seconds N] [--out DIR]
                     measure how time and memory grow with batch, width, depth and workers; writes growth.json and growth-*.svg
  bench responsiveness
                     check that the page and its API answer in time during training; fails if they do not
  bench ops [WORD]...
                     measure the speed of every op's CPU kernel on its test cases
  panels [--rounds N] [--seconds N]
                     measure how much each open panel slows training down
  tools              install what the build needs: the wasm32 target, trunk, wasm-bindgen
";

fn main() -> ExitCode {
    match relaxed::compile_for_cargo().unwrap_or_else(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nFailed: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let mut arguments = lexopt::Parser::from_env();
    let command = match arguments.next()? {
        Some(Value(command)) => command.string()?,
        Some(Short('h') | Long("help")) | None => {
            print!("{HELP}");
            return Ok(());
        }
        Some(other) => return Err(other.unexpected().into()),
    };
    match command.as_str() {
        "serve" => {
            let mut port = 8080;
            while let Some(argument) = arguments.next()? {
                match argument {
                    Long("port") => port = arguments.value()?.parse()?,
                    other => return Err(other.unexpected().into()),
                }
            }
            site::serve(port)
        }
        "build" => {
            finish(arguments)?;
            site::build()
        }
        "data" => {
            let mut from = None;
            while let Some(argument) = arguments.next()? {
                match argument {
                    Long("from") => from = Some(arguments.value()?.into()),
                    other => return Err(other.unexpected().into()),
                }
            }
            data::ensure(from)
        }
        "test" => {
            let mut only = Vec::new();
            while let Some(argument) = arguments.next()? {
                match argument {
                    Long("only") => only.push(arguments.value()?.string()?),
                    other => return Err(other.unexpected().into()),
                }
            }
            test::test(&only)
        }
        "measure" | "scaling" | "panels" => {
            let rest = arguments.raw_args()?.map(|argument| argument.string()).collect::<Result<Vec<_>, _>>()?;
            test::in_browser(&format!("benches/{command}.js"), &rest)
        }
        "bench" => {
            let rest = arguments.raw_args()?.map(|argument| argument.string()).collect::<Result<Vec<_>, _>>()?;
            bench::bench(&rest)
        }
        "tools" => {
            finish(arguments)?;
            tools::for_build().map(drop)
        }
        "hook" => {
            let stage = arguments.value()?.string()?;
            finish(arguments)?;
            match stage.as_str() {
                "before" => site::before_trunk(),
                "after" => relaxed::add(),
                other => bail!("there is no hook `{other}`"),
            }
        }
        other => bail!("there is no command `{other}`\n\n{HELP}"),
    }
}

fn finish(mut arguments: lexopt::Parser) -> Result<()> {
    match arguments.next()? {
        None => Ok(()),
        Some(other) => Err(other.unexpected().into()),
    }
}
