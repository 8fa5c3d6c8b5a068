//! Mounts the page.

#[cfg(target_arch = "wasm32")]
fn main() {
    console_error_panic_hook::set_once();
    let client = chalkgrad::client::Client::start_for_page();
    chalkgrad::api::install(&client);
    chalkgrad::ui::app::mount(client);
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("The page runs in a browser: cargo xtask serve");
}
