//! chalkgrad's page: a neural network playground for the browser.
//!
//! The engine, everything that needs no browser, is the crate [`chalkgrad_engine`]. This one is what talks to the browser.
//! The page and its worker run the same program (`src/bin/chalkgrad.rs`): two programs would share a third of their code, and
//! be downloaded and compiled twice. The worker is handed the module that the page has compiled.
//!
//! | module | contents |
//! |---|---|
//! | `worker` | the message loop round the engine, in the worker; the download of data sets |
//! | `transport` | protocol messages as JavaScript values |
//! | `client`, `api` | the page's side of the worker, and `window.chalkgrad`, the public JavaScript API |
//! | [`ui`] | the page: state, widgets, one file a panel; only here is leptos named |

pub mod ui;

cfg_if::cfg_if! {
    if #[cfg(target_arch = "wasm32")] {
        pub mod api;
        pub mod client;
        pub mod transport;
        pub mod wire_js;
        pub mod worker;
    }
}
