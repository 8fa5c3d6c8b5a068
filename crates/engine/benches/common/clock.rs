//! The time and a line of output, natively and in WebAssembly.

#[cfg(not(target_arch = "wasm32"))]
pub use native::{now_ms, print};
#[cfg(target_arch = "wasm32")]
pub use web::{now_ms, print};

#[cfg(not(target_arch = "wasm32"))]
mod native {
    use std::sync::LazyLock;
    use std::time::Instant;

    static START: LazyLock<Instant> = LazyLock::new(Instant::now);

    /// Milliseconds since the first call.
    pub fn now_ms() -> f64 {
        START.elapsed().as_secs_f64() * 1e3
    }

    pub fn print(line: &str) {
        println!("{line}");
    }
}

#[cfg(target_arch = "wasm32")]
mod web {
    use wasm_bindgen::prelude::wasm_bindgen;

    #[wasm_bindgen]
    extern "C" {
        /// Milliseconds since the page or process started.
        #[wasm_bindgen(js_namespace = performance, js_name = now)]
        pub fn now_ms() -> f64;
    }

    pub fn print(line: &str) {
        wasm_bindgen_test::console_log!("{line}");
    }
}
