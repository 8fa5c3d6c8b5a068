//! A text for the network: a field for an own one, its words in the colours of their shares in the answer, and the texts of the
//! test part.

use chalkgrad_engine::data::Token;
use chalkgrad_engine::data::text::UNKNOWN;
use chalkgrad_engine::ops::classification::predicted_class;
use chalkgrad_engine::protocol::INPUT_SHARES;
use leptos::prelude::*;

use crate::ui::browser::event_text;
use crate::ui::charts::palette::{ColourScale, Mapping, ink_on, limit};
use crate::ui::components::icon_button::IconButton;
use crate::ui::features::input::store::Source;
use crate::ui::features::inspector::legend::ScaleBar;
use crate::ui::features::inspector::watch::Sight;
use crate::ui::format;
use crate::ui::state::{State, use_state};
use crate::ui::text::{t, t_with};

/// The longest text that the field takes, in UTF-16 units.
const MAX_LENGTH: u32 = 2_000;

/// Field of a text, its words, and the way to the texts of the test part.
#[component]
pub fn TextInput() -> impl IntoView {
    let state = use_state();
    show_first(state);
    follow_vocabulary(state);
    let typed = move |event: web_sys::Event| state.show_text(event_text(&event), Source::Drawing);
    let truth = move || match state.input.source().get() {
        Source::Test { label, .. } => t_with("true_label", &[("label", &state.class_name(label.into()))]),
        Source::Drawing | Source::Picture => t("own_text_truth"),
    };
    view! {
        <div class="own-text">
            <label for="own-text">{move || t("own_text")}</label>
            <textarea
                id="own-text"
                class="input"
                rows="3"
                maxlength=MAX_LENGTH
                placeholder=move || t("own_text_hint")
                prop:value=move || state.input.sentence.text().get()
                on:input=typed
            ></textarea>
            <p class="truth">{truth}</p>
        </div>
        <Words />
        <TestTexts />
    }
}

/// Words of the text in the colours of their shares in the answer.
#[component]
fn Words() -> impl IntoView {
    let state = use_state();
    let shares = RwSignal::new(Vec::<f32>::new());
    let subscription = state.watch(Sight::Input, vec![INPUT_SHARES.to_owned()], move |tensors| {
        shares.set(tensors.first().map(|tensor| tensor.values.clone()).unwrap_or_default());
    });
    subscription.set_seen(true);
    StoredValue::new_local(subscription);
    let scale = Memo::new(move |_| {
        let limit = shares.with(|shares| round_up(limit(shares, false)));
        ColourScale { limit, mapping: Mapping::Linear, is_dark: state.screen.is_dark().get(), has_caps: false }
    });
    let length = Memo::new(move |_| {
        state.engine.training().with(|training| training.text.map_or(usize::MAX, |text| text.sequence_length as usize))
    });
    let words = move || {
        let (scale, length) = (scale.get(), length.get());
        shares.with(|shares| {
            state.input.sentence.sentence().with(|sentence| {
                let words = sentence.tokens.iter().take(length).enumerate();
                words.map(|(at, token)| word(token, shares.get(at).copied(), scale)).collect_view()
            })
        })
    };
    let has_unknown = move || {
        let is_unknown = |token: &Token| token.id == UNKNOWN;
        state.input.sentence.sentence().with(|sentence| sentence.tokens.iter().any(is_unknown))
    };
    let cut =
        move || state.input.sentence.sentence().with(|sentence| sentence.tokens.len().saturating_sub(length.get()));
    let cut_text = move || match cut() {
        0 => String::new(),
        count => t_with("words_cut", &[("count", &format::count(count)), ("length", &format::count(length.get()))]),
    };
    let legend = move || {
        let class = state.input.probabilities().with(|all| all.as_deref().and_then(predicted_class));
        class.map(|class| t_with("words_legend", &[("label", &state.class_name(class))])).unwrap_or_default()
    };
    let is_empty = move || state.input.sentence.sentence().with(|sentence| sentence.tokens.is_empty());
    view! {
        <div class="words-box" hidden=is_empty>
            <ol class="words" aria-label=move || t("words")>{words}</ol>
            <p class="help" hidden=move || cut() == 0>{cut_text}</p>
            <p class="help" hidden=move || !has_unknown()>
                <span class="word unknown" aria-hidden="true">"?"</span>
                " "
                {move || t("words_unknown")}
            </p>
            <ScaleBar scale />
            <p class="help">{legend}</p>
        </div>
    }
}

/// A word, with its share and its being unknown as a text for screen readers.
fn word(token: &Token, share: Option<f32>, scale: ColourScale) -> impl IntoView + use<> {
    let is_unknown = token.id == UNKNOWN;
    let css = |[red, green, blue]: [u8; 3]| format!("rgb({red}, {green}, {blue})");
    let ground = scale.colour(share.unwrap_or_default());
    let said = share.map(|share| t_with("word_share", &[("share", &format::value(share))]));
    let unknown = is_unknown.then(|| t("word_unknown"));
    let said = said.into_iter().chain(unknown).collect::<Vec<_>>().join(", ");
    // A space would be no picture.
    let shown = if token.word.trim().is_empty() { "␣".to_owned() } else { token.word.clone() };
    view! {
        <li class="word" class:unknown=is_unknown title=said.clone() style:background-color=css(ground) style:color=css(ink_on(ground))>
            {shown}
            {is_unknown.then_some(view! { <sup aria-hidden="true">"?"</sup> })}
            <span class="visually-hidden">{format!(" ({said})")}</span>
        </li>
    }
}

/// Rounds up to one digit, so that the ticks of the legend are short.
fn round_up(limit: f32) -> f32 {
    let power = 10f32.powf(limit.max(f32::MIN_POSITIVE).log10().floor());
    (limit / power).ceil() * power
}

/// The way to the texts of the test part.
#[component]
fn TestTexts() -> impl IntoView {
    let state = use_state();
    let count = move || untrack(|| state.dataset()).test_total.max(1) as i64;
    let go = move |places: i64| {
        let at = match state.input.source().get_untracked() {
            Source::Test { index, .. } => i64::from(index),
            Source::Drawing | Source::Picture => -1,
        };
        state.show_test_text((at + places).rem_euclid(count()) as u32);
    };
    let draw = move |_| state.show_test_text((js_sys::Math::random() * count() as f64) as u32);
    let position = move || match state.input.source().get() {
        Source::Test { index, .. } => {
            let (place, count) = (format::count(index as usize + 1), format::count(state.dataset().test_total));
            t_with("row_position", &[("place", &place), ("count", &count)])
        }
        Source::Drawing | Source::Picture => t("test_texts"),
    };
    view! {
        <div class="samples-box" role="group" aria-label=move || t("rows")>
            <div class="samples-way">
                <IconButton text="previous_row" icon="left" on_click=move || go(-1) />
                <span role="status">{position}</span>
                <IconButton text="next_row" icon="right" on_click=move || go(1) />
                <button type="button" class="button quiet" on:click=draw>{move || t("draw_text")}</button>
            </div>
        </div>
    }
}

/// Shows the first text of the test part as soon as the data set is there, unless there is another one.
fn show_first(state: State) {
    Effect::new(move |_| {
        let name = state.engine.training().with(|training| training.dataset.clone());
        let is_there = state.engine.data().with(|data| data.complete && data.dataset == name);
        if is_there && untrack(|| state.has_texts()) && state.input.sentence.text().with_untracked(String::is_empty) {
            state.show_test_text(0);
        }
    });
}

/// Splits the text again when the vocabulary may have changed.
fn follow_vocabulary(state: State) {
    let vocabulary = Memo::new(move |_| {
        let is_fresh = state.run.weights_version().get() == 0 || state.steps() == 0;
        let examples = state.engine.training().with(|training| (training.train_samples, training.validation_split));
        (state.engine.training().with(|training| training.text), examples, is_fresh)
    });
    Effect::new(move |before: Option<()>| {
        vocabulary.track();
        if before.is_some() && untrack(|| state.has_texts()) {
            state.split_soon();
        }
    });
}
