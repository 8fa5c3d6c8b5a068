//! The backend that runs; the reason for its choice is in the title and read out by screen readers.

use leptos::prelude::*;

use crate::ui::state::use_state;
use crate::ui::text::t;

#[component]
pub fn Backend() -> impl IntoView {
    let state = use_state();
    let name = move || {
        state.engine.backend().with(|backend| match backend.as_ref().map(|backend| backend.backend.as_str()) {
            Some("cpu") => "CPU".to_owned(),
            Some("webgpu") => "WebGPU".to_owned(),
            Some(other) => other.to_owned(),
            None => "…".to_owned(),
        })
    };
    let detail = move || state.engine.backend_text();
    // The share of the kernels that the GPU has compiled.
    let ready = move || {
        let (ready, total) = state.engine.kernels().get();
        format!("{}%", if ready < total { 100 * ready / total } else { 0 })
    };
    view! {
        <span class="badge" title=detail style=("--ready", ready)>
            <span class="visually-hidden">{move || t("backend")}": "</span>
            {name}
            <span class="visually-hidden">". "{detail}</span>
        </span>
    }
}
