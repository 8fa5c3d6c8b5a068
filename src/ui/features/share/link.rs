//! The address of the page as a link: it opens the same network, training and seed, input, layer and view.

use std::collections::HashMap;

use chalkgrad_engine::checkpoint::Checkpoint;
use chalkgrad_engine::json;
use chalkgrad_engine::model::spec::ModelSpec;
use chalkgrad_engine::protocol::ErrorReport;
use leptos::ev;
use leptos::prelude::*;
use serde_json::{Map, Value};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, spawn_local};

use crate::api;
use crate::error::PageError;
use crate::ui::browser::get;
use crate::ui::features::input::store::Source;
use crate::ui::features::network::history::History;
use crate::ui::features::phone::Part;
use crate::ui::features::share::moment::{Moment, VIEWS};
use crate::ui::state::State;
use crate::ui::stores::messages::NoticeKind;
use crate::ui::text::t_once;

/// Stands before a [`Moment`]: the address may also name a place in the page.
const PREFIX: &str = "#m=";

/// Stands before a configuration as links had it earlier, as JSON.
const OLD_PREFIX: &str = "#c=";

/// More than 200 layers take in an old link; no browser shortens it.
const MAX_LENGTH: usize = 60_000;

/// Makes a link of what the page shows.
fn moment(state: State) -> serde_json::Result<Moment> {
    // A network at fault could not be opened; the engine has the last valid one.
    let model = state.engine_model();
    let moment = Moment::new(&model, &state.engine.training().get_untracked())?;
    let is_pretrained = state.pretrained.accuracy().with_untracked(Option::is_some);
    let is_shown = state.network.history().with_untracked(|history| history.spec() == model);
    let selected = state.network.selected().get_untracked().filter(|_| is_shown);
    let layer = selected.and_then(|id| state.network.history().with_untracked(|history| history.draft().position(id)));
    let view = layer.map(|_| state.network.view().get_untracked().to_owned());
    let moment = Moment { is_pretrained, layer, view, ..moment };
    Ok(match state.input.source().get_untracked() {
        Source::Test { index, .. } => {
            let moment = Moment { test_image: Some(index), ..moment };
            state.input.drawing().with_untracked(|drawing| moment.with_drawing(drawing))
        }
        // A page with the pretrained network shows its example by itself.
        Source::Drawing if !(is_pretrained && state.input.is_example()) => {
            state.input.drawing().with_untracked(|drawing| moment.with_drawing(drawing))
        }
        Source::Drawing | Source::Picture => moment,
    })
}

/// Puts the link into the address and the address into the clipboard.
pub fn copy(state: State) {
    let Ok(text) = moment(state).and_then(|moment| moment.to_text()) else { return };
    let hash = format!("{PREFIX}{text}");
    // Unlike a new hash this tells no listener. The address stays unchanged if the page may not change it, for example in
    // a sandboxed frame.
    if let Ok(history) = window().history() {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&hash));
    }
    let address = window().location().href().unwrap_or_default();
    let address = address.split('#').next().unwrap_or_default().to_owned() + &hash;
    spawn_local(async move {
        // A page without https has no clipboard.
        let clipboard = get(&window().navigator(), "clipboard");
        let is_copied = clipboard.is_object()
            && JsFuture::from(window().navigator().clipboard().write_text(&address)).await.is_ok();
        if is_copied {
            let is_picture = state.input.source().get_untracked() == Source::Picture;
            state.confirm(t_once(if is_picture { "link_copied_without_picture" } else { "link_copied" }, &[]));
        } else {
            state.notify(NoticeKind::Note, PageError::ClipboardRefused { address }.into());
        }
    });
}

/// Applies the link in the address, if there is one, now and whenever a link is pasted into the open tab. On an
/// error, reports it and keeps the current configuration.
pub fn follow(state: State) {
    spawn_local(async move { apply(state, &current()).await });
    // The work of the addresses that were left, for the browser's Back.
    let left = StoredValue::new_local(HashMap::<String, Checkpoint>::new());
    let _ = window_event_listener(ev::hashchange, move |event| {
        let (old, new) = (hash_of(&event.old_url()), current());
        // Other hashes name places in the page.
        if is_link(&new) || left.with_value(|left| left.contains_key(&new)) {
            spawn_local(go(state, left, old, new));
        }
    });
}

/// Leaves the work under its address and goes to another one.
async fn go(state: State, left: StoredValue<HashMap<String, Checkpoint>, LocalStorage>, old: String, new: String) {
    let client = state.client();
    state.drop_pending_edit();
    if let Ok(checkpoint) = client.save().await {
        let steps = checkpoint.snapshot.step;
        left.update_value(|left| drop(left.insert(old, checkpoint)));
        if steps > 0 {
            state.notify(NoticeKind::Note, PageError::LinkTaken { steps }.into());
        }
    }
    match left.with_value(|left| left.get(&new).cloned()) {
        Some(checkpoint) => {
            if let Err(report) = client.open(checkpoint).await {
                state.notify(NoticeKind::Error, report);
            }
        }
        None => apply(state, &new).await,
    }
}

fn current() -> String {
    window().location().hash().unwrap_or_default()
}

fn hash_of(url: &str) -> String {
    url.find('#').map(|at| url[at..].to_owned()).unwrap_or_default()
}

fn is_link(hash: &str) -> bool {
    hash.starts_with(PREFIX) || hash.starts_with(OLD_PREFIX)
}

/// Applies a link as a whole. On an error, reports it and changes nothing.
async fn apply(state: State, hash: &str) {
    let result = if let Some(text) = hash.strip_prefix(PREFIX) {
        match Moment::from_text(text) {
            Ok(moment) => open(state, moment).await,
            Err(error) => Err(error.into()),
        }
    } else if let Some(text) = hash.strip_prefix(OLD_PREFIX) {
        match old_configuration(text) {
            Some(configuration) => api::configure(&state.client(), &configuration).await,
            None => Err(PageError::BadLink.into()),
        }
    } else {
        return;
    };
    if let Err(report) = result {
        state.notify(NoticeKind::Error, report);
    }
}

fn old_configuration(text: &str) -> Option<Value> {
    let text = (text.len() <= MAX_LENGTH).then_some(text)?;
    let text = js_sys::decode_uri_component(text).ok()?;
    json::parse(&String::from(text)).ok().filter(Value::is_object)
}

/// Opens what a link holds.
async fn open(state: State, moment: Moment) -> Result<(), ErrorReport> {
    let drawing = moment.drawing();
    let Moment { model, training, is_pretrained, test_image, layer, view, .. } = moment;
    let is_pretrained = is_pretrained
        && json::read::<ModelSpec>("model", &model).is_ok_and(|model| model == ModelSpec::reference_cnn());
    let mut configuration = Map::from_iter([("training".to_owned(), Value::Object(training))]);
    if !is_pretrained && !model.is_null() {
        configuration.insert("model".to_owned(), model);
    }
    api::configure(&state.client(), &Value::Object(configuration)).await?;
    // A page that has just been opened shows the pretrained network by itself.
    if is_pretrained && state.pretrained.is_replaced().get_untracked() {
        state.return_to_pretrained().await;
    }
    match (test_image, drawing) {
        (Some(index), strokes) => state.input.await_test_image(index, strokes.unwrap_or_default()),
        (None, Some(drawing)) => state.input.draw(|present| *present = drawing),
        (None, None) if is_pretrained => {}
        (None, None) => state.input.clear(),
    }
    if let Some(view) = VIEWS.into_iter().find(|known| view.as_deref() == Some(known)) {
        state.network.show_view(view);
    }
    let selected = layer.and_then(|layer| state.network.history().with_untracked(History::ids).get(layer).copied());
    state.network.select(selected);
    if selected.is_some() {
        state.screen.show(Part::Network);
    }
    Ok(())
}
