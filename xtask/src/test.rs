//! `cargo xtask test`: all tests that a change must pass.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::shell::{command, find, root, run, say, target};
use crate::tools::WASM_TARGET;
use crate::{browser, data, site, tools};

struct Stage {
    name: &'static str,
    what: &'static str,
    run: fn() -> Result<()>,
}

const STAGES: &[Stage] = &[
    Stage { name: "format", what: "rustfmt has nothing to change", run: format },
    Stage { name: "lint", what: "clippy, for this machine and for WebAssembly", run: lint },
    Stage { name: "native", what: "all tests that need no browser", run: native },
    Stage { name: "types", what: "tests/types: TypeScript programs against the declarations of the API", run: types },
    Stage { name: "gpu", what: "every op and a hundred training steps on the GPU there is, against the CPU", run: gpu },
    Stage { name: "wasm", what: "tests/web.rs: the SIMD kernels as WebAssembly in Chromium", run: wasm },
    Stage { name: "build", what: "the page as users get it, in dist/", run: site::build },
    Stage { name: "flows", what: "tests/e2e: the built page, used as a person would, in Chromium", run: flows },
    Stage { name: "firefox", what: "tests/firefox: a short set of flows in Firefox", run: firefox },
];

/// Names of the stages for `--only`.
pub fn stage_names() -> String {
    STAGES.iter().map(|stage| stage.name).collect::<Vec<_>>().join(", ")
}

/// Runs the named stages, or all of them. A stage that fails does not stop the others.
pub fn test(only: &[String]) -> Result<()> {
    if let Some(unknown) = only.iter().find(|name| STAGES.iter().all(|stage| stage.name != name.as_str())) {
        bail!("there is no stage `{unknown}`; the stages are {}", stage_names());
    }
    let mut results = Vec::new();
    for stage in STAGES.iter().filter(|stage| only.is_empty() || only.iter().any(|name| name == stage.name)) {
        println!("\n── {}: {}", stage.name, stage.what);
        let start = Instant::now();
        let result = (stage.run)();
        let elapsed = start.elapsed();
        match &result {
            Ok(()) => println!("── {} passed after {}", stage.name, seconds(elapsed)),
            Err(error) => println!("── {} failed after {}: {error:#}", stage.name, seconds(elapsed)),
        }
        results.push((stage.name, elapsed, result));
    }
    println!("\nSummary");
    for (name, elapsed, result) in &results {
        println!("  {} {name:<8} {:>8}", if result.is_ok() { "passed" } else { "FAILED" }, seconds(*elapsed));
        if let Err(error) = result {
            println!("    {error:#}");
        }
    }
    let failed: Vec<_> = results.iter().filter(|(_, _, result)| result.is_err()).map(|(name, _, _)| *name).collect();
    if !failed.is_empty() {
        bail!("{} of {} stages: {}", failed.len(), results.len(), failed.join(", "));
    }
    Ok(())
}

fn seconds(elapsed: Duration) -> String {
    format!("{:.0} s", elapsed.as_secs_f64())
}

fn format() -> Result<()> {
    tools::component("rustfmt")?;
    // `cargo fmt` does not see the modules that a catalogue's macro declares.
    let listed = command("git").args(["ls-files", "*.rs"]).output().context("could not start git")?;
    let files = String::from_utf8(listed.stdout).context("git names a file that is no text")?;
    if files.is_empty() {
        bail!("git lists no files; the check needs a clone of the repository");
    }
    let checked = command("rustfmt").arg("--check").args(files.lines()).status().context("could not start rustfmt")?;
    if !checked.success() {
        bail!("`rustfmt $(git ls-files '*.rs')` puts it right");
    }
    Ok(())
}

fn lint() -> Result<()> {
    tools::component("clippy")?;
    tools::wasm_target()?;
    let clippy =
        |scope: &[&str]| run(command("cargo").args(["clippy", "--quiet"]).args(scope).args(["--", "-D", "warnings"]));
    clippy(&["--workspace", "--all-targets", "--features", "gpu"])?;
    clippy(&["--package", "chalkgrad", "--target", WASM_TARGET, "--lib", "--bins", "--features", "gpu"])
}

fn native() -> Result<()> {
    // With the GPU backend, so that the stage `gpu` needs no build of its own.
    run(command("cargo").args(["test", "--workspace", "--features", "gpu", "--quiet", "--lib", "--bins", "--tests"]))
}

/// Compiles the programs under tests/types. A test of the stage `native` checks that the declarations are current.
fn types() -> Result<()> {
    tools::npm_packages()?;
    run(command(node()?).args(["node_modules/typescript/bin/tsc", "--project", "tests/types"]))
}

/// Runs the GPU tests. If there is no adapter, tries Debian's software one. Without any adapter the tests report that
/// they are skipped.
fn gpu() -> Result<()> {
    let drivers = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d"];
    let has_driver = drivers.iter().any(|folder| fs::read_dir(folder).is_ok_and(|mut files| files.next().is_some()));
    if !has_driver && find("apt-get").is_some() {
        say("No Vulkan driver is here; installing Debian's mesa-vulkan-drivers");
        if let Err(error) = run(command("apt-get").args(["install", "--yes", "mesa-vulkan-drivers"])) {
            say(format!("Going on without it: {error:#}"));
        }
    }
    // One of the tests trains on it; without it, that test reports that it is skipped.
    if let Err(error) = data::ensure(None) {
        say(format!("Going on without MNIST: {error:#}"));
    }
    run(command("cargo").args(["test", "--workspace", "--features", "gpu", "--test", "gpu", "--", "--nocapture"]))
}

fn wasm() -> Result<()> {
    tools::for_build()?;
    let browser = browser::ensure()?;
    let capabilities = target().join("webdriver.json");
    let options = json!({ "goog:chromeOptions": { "binary": browser.chromium, "args": QUIET_CHROMIUM } });
    fs::write(&capabilities, options.to_string()).context("target/webdriver.json cannot be written")?;
    run(command("cargo")
        .args(["test", "--package", "chalkgrad-engine", "--target", WASM_TARGET, "--test", "web"])
        .env("CHROMEDRIVER", &browser.chromedriver)
        .env("WASM_BINDGEN_TEST_WEBDRIVER_JSON", capabilities)
        .env("WASM_BINDGEN_TEST_TIMEOUT", "120"))
}

/// Options that keep Chromium from connecting to anything but the page; the flows use the same
/// (tests/e2e/playwright.config.js).
const QUIET_CHROMIUM: &[&str] = &[
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// Runs the flows. The error names each flow that failed and why, so that the end of a log tells enough.
fn flows() -> Result<()> {
    let report = root().join("test-results/flows.json");
    // A report of an earlier run must not speak for this one.
    if report.exists() {
        fs::remove_file(&report).context("test-results/flows.json cannot be replaced")?;
    }
    let result = playwright("tests/e2e/playwright.config.js", &[]);
    let Ok(text) = fs::read_to_string(report) else { return result };
    for flow in flows_of(&text, |spec| spec["ok"] == true && spec["tests"][0]["status"] == "flaky")? {
        say(format!("Needed a second try, which is a defect: {flow}"));
    }
    let failures = flows_of(&text, |spec| spec["ok"] == false)?;
    if result.is_err() && !failures.is_empty() {
        bail!("{}", failures.join("\n    "));
    }
    result
}

/// Lists some flows of a report by Playwright's reporter `json`: file, line, title and the first lines of the first error.
fn flows_of(report: &str, is_listed: fn(&Value) -> bool) -> Result<Vec<String>> {
    let report: Value = serde_json::from_str(report).context("test-results/flows.json is not JSON")?;
    let mut flows = Vec::new();
    collect_flows(&report, is_listed, &mut flows);
    Ok(flows)
}

fn collect_flows(suite: &Value, is_listed: fn(&Value) -> bool, flows: &mut Vec<String>) {
    let list = |key: &str| suite[key].as_array().map(Vec::as_slice).unwrap_or_default();
    for spec in list("specs").iter().filter(|spec| is_listed(spec)) {
        let message = spec.pointer("/tests/0/results/0/error/message").and_then(Value::as_str).unwrap_or_default();
        let message: Vec<_> = message.lines().filter(|line| !line.trim().is_empty()).take(ERROR_LINES).collect();
        let text = |key: &str| spec[key].as_str().unwrap_or_default();
        flows.push(format!("{}:{} {}: {}", text("file"), spec["line"], text("title"), message.join(" | ")));
    }
    for inner in list("suites") {
        collect_flows(inner, is_listed, flows);
    }
}

/// Lines of a flow's error that the summary repeats: assertion, locator, expected and received.
const ERROR_LINES: usize = 6;

/// Runs the flows of tests/firefox. Without a Firefox they report that they are skipped.
fn firefox() -> Result<()> {
    ensure_dist()?;
    data::ensure(None)?;
    tools::npm_packages()?;
    let chromium = browser::ensure()?.chromium;
    let mut tests = command(node()?);
    tests.args(["--test", "--test-reporter=spec", "tests/firefox/flows.test.js"]).env("CHROMIUM", chromium);
    match browser::ensure_firefox() {
        Ok(firefox) => tests.env("FIREFOX", firefox),
        Err(error) => {
            say(format!("Going on without Firefox: {error:#}"));
            tests.env_remove("FIREFOX")
        }
    };
    run(&mut tests)
}

/// Runs Playwright's tests on the built page.
pub fn playwright(config: &str, arguments: &[String]) -> Result<()> {
    let mut all = vec!["test".to_owned(), "--config".to_owned(), config.to_owned()];
    all.extend_from_slice(arguments);
    in_browser("node_modules/@playwright/test/cli.js", &all)
}

/// Runs a script that drives the built page.
pub fn in_browser(script: &str, arguments: &[String]) -> Result<()> {
    ensure_dist()?;
    data::ensure(None)?;
    tools::npm_packages()?;
    let chromium = browser::ensure()?.chromium;
    say(format!("Driving {}", chromium.display()));
    run(command(node()?).arg(script).args(arguments).env("CHROMIUM", chromium))
}

fn ensure_dist() -> Result<()> {
    if site::is_current()? { Ok(()) } else { site::build() }
}

fn node() -> Result<PathBuf> {
    find("node")
        .context("Node.js 20 or newer is needed to run TypeScript and to drive the browser (https://nodejs.org)")
}
