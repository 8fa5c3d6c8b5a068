//! The misclassified test images, the most confident mistakes first.

use leptos::prelude::*;

use super::gallery::{EvaluationNote, Gallery, MAX_SHOWN, Shown};
use crate::ui::format;
use crate::ui::state::use_state;
use crate::ui::text::{t, t_with};

#[component]
pub fn Mistakes() -> impl IntoView {
    let state = use_state();
    let mistakes = move || {
        let wrong = state.results.latest().with(|result| {
            let rank = |image: &Shown| if image.confidence.is_finite() { image.confidence } else { -1.0 };
            let mut wrong: Vec<Shown> = Shown::all(result.as_ref()?).filter(|image| !image.is_right()).collect();
            wrong.sort_by(|one, other| rank(other).total_cmp(&rank(one)));
            Some(wrong)
        })?;
        let (count, shown) = (format::count(wrong.len()), format::count(wrong.len().min(MAX_SHOWN)));
        let summary = move || t_with("mistakes_summary", &[("count", &count), ("shown", &shown)]);
        Some(view! {
            <p class="help">{summary}</p>
            <Gallery shown=wrong />
        })
    };
    view! {
        <section aria-labelledby="mistakes-title">
            <h3 id="mistakes-title" class="visually-hidden">{move || t("tab_mistakes")}</h3>
            <Show
                when=move || { state.classes() > 0 }
                fallback=|| view! { <p class="help">{move || t("mistakes_need_classes")}</p> }
            >
                <EvaluationNote />
                {mistakes}
            </Show>
        </section>
    }
}
