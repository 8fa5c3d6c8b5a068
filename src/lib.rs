//! chalkgrad's page: the user interface, the public JavaScript API, and the browser side of the worker.
//!
//! The crate [`chalkgrad_engine`] holds everything that needs no browser. `docs/architecture.md` describes both.
//!
//! | module | contents |
//! |---|---|
//! | [`ui`] | user interface in Leptos |
//! | `api` | the public JavaScript API `window.chalkgrad` |
//! | [`signatures`] | arguments, results and events of that API as Rust types |
//! | [`error`] | errors of the page, beside the engine's |
//! | `client` | the page's side of the worker: requests, events, replacement of a worker that dies |
//! | `worker` | the browser side of the engine: message loop, downloads, worker pool |
//! | [`shared_history`] | the page's one copy of the training history |
//! | `transport` | protocol messages as JavaScript values |

#[cfg(feature = "page")]
pub mod error;
#[cfg(feature = "page")]
pub mod shared_history;
#[cfg(feature = "page")]
pub mod signatures;
#[cfg(feature = "page")]
pub mod ui;

cfg_if::cfg_if! {
    if #[cfg(target_arch = "wasm32")] {
        #[cfg(feature = "page")]
        pub mod api;
        #[cfg(feature = "page")]
        pub mod client;
        pub mod transport;
        pub mod worker;
    }
}
