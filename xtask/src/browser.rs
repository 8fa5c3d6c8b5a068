//! The browsers for the tests: found on this machine, or installed if the system allows it.

use std::env;
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};

use crate::shell::{capture, command, find, run, say};

pub struct Browser {
    pub chromium: PathBuf,
    pub chromedriver: PathBuf,
}

/// Finds Chromium and its driver by `CHROMIUM` and `CHROMEDRIVER`, on the PATH, or in the system's packages.
pub fn ensure() -> Result<Browser> {
    if let Some(browser) = look()? {
        return Ok(browser);
    }
    if !can_install() {
        bail!(
            "the tests need Chromium and chromedriver of the same version, and found {} and {}. Install them (Debian: \
             `apt-get install chromium chromium-driver`), or say where they are: CHROMIUM=/path/to/chromium \
             CHROMEDRIVER=/path/to/chromedriver cargo xtask test",
            chromium().map_or("no Chromium".to_owned(), |path| path.display().to_string()),
            chromedriver().map_or("no chromedriver".to_owned(), |path| path.display().to_string()),
        );
    }
    say("Installing Chromium and its driver from the system's packages (once, about 400 MB)");
    install(&["chromium", "chromium-driver"]).context(
        "Chromium could not be installed by apt-get (packages chromium and chromium-driver); check the connection, or \
             install it by other means and set CHROMIUM and CHROMEDRIVER",
    )?;
    look()?
        .context("chromium and chromium-driver were installed, but are not on the PATH; set CHROMIUM and CHROMEDRIVER")
}

/// Finds Firefox by `FIREFOX` or on the PATH, or installs the system's.
pub fn ensure_firefox() -> Result<PathBuf> {
    if let Some(path) = env::var_os("FIREFOX").map(PathBuf::from) {
        ensure!(path.is_file(), "FIREFOX names {}, which is no file", path.display());
        return Ok(path);
    }
    let on_path = || ["firefox-esr", "firefox"].into_iter().find_map(find);
    if let Some(path) = on_path() {
        return Ok(path);
    }
    ensure!(
        can_install(),
        "no Firefox was found; install it (Debian: `apt-get install firefox-esr`), or set FIREFOX to its path"
    );
    say("Installing Firefox from the system's packages (once, about 250 MB)");
    install(&["firefox-esr"]).context("Firefox could not be installed by apt-get (package firefox-esr)")?;
    on_path().context("firefox-esr was installed, but is not on the PATH; set FIREFOX to its path")
}

/// Installs packages of Debian and its derivatives.
fn install(packages: &[&str]) -> Result<()> {
    let apt = |arguments: &[&str]| run(command("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive"));
    apt(&["update", "--quiet", "--quiet"])?;
    apt(&[&["install", "--yes", "--quiet", "--no-install-recommends"], packages].concat())
}

fn look() -> Result<Option<Browser>> {
    let (Some(chromium), Some(chromedriver)) = (chromium(), chromedriver()) else { return Ok(None) };
    for (variable, path) in [("CHROMIUM", &chromium), ("CHROMEDRIVER", &chromedriver)] {
        ensure!(path.is_file(), "{variable} names {}, which is no file", path.display());
    }
    Ok(Some(Browser { chromium, chromedriver }))
}

fn chromium() -> Option<PathBuf> {
    if let Some(path) = env::var_os("CHROMIUM") {
        return Some(path.into());
    }
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
    let application = PathBuf::from("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome");
    names.into_iter().find_map(find).or_else(|| application.is_file().then_some(application))
}

fn chromedriver() -> Option<PathBuf> {
    env::var_os("CHROMEDRIVER").map(PathBuf::from).or_else(|| find("chromedriver"))
}

/// Installs `chromium`, a plain package on Debian and its derivatives; needs root.
fn can_install() -> bool {
    let is_root = capture(command("id").arg("-u")).is_ok_and(|id| id == "0");
    is_root && find("apt-get").is_some()
}
