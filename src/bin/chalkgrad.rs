//! The program that the browser downloads: mounts the page and, started again in a worker, is the engine.
//!
//! One program for both, because two would share much of their code and still be downloaded and compiled twice.

#[cfg(target_arch = "wasm32")]
fn main() {
    if chalkgrad::worker::is_here() {
        return chalkgrad::worker::start();
    }
    console_error_panic_hook::set_once();
    let client = chalkgrad::client::Client::start_for_page();
    chalkgrad::api::install(&client);
    chalkgrad::ui::app::mount(client);
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("This program runs in a browser: cargo xtask serve");
}
