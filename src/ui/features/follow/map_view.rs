//! Pictures of what a line comes from, whose cells can be followed.

use std::sync::Arc;

use leptos::html::Canvas;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::factor::LineContext;
use super::maps::{Paint, cell, cell_info, outlined, pixels, term};
use super::names::BATCH_INPUT;
use super::stages::classes;
use crate::ui::charts::canvas::pointer_place;
use crate::ui::charts::palette::{ColourScale, limit};
use crate::ui::components::digit_image::put;
use crate::ui::features::inspector::legend::{ScaleBar, scale_text};
use crate::ui::features::inspector::settings::use_pictures;
use crate::ui::format;
use crate::ui::state::use_state;
use crate::ui::text::{t, t_with};
use chalkgrad_engine::protocol::explanation::Map;

/// Picture of two axes of a tensor, with the cells outlined that are factors of terms.
#[component]
pub fn MapView(
    context: LineContext,
    map: Map,
    /// Tells the pictures of a page apart.
    id: String,
) -> impl IntoView {
    let (state, pictures, canvas) = (use_state(), use_pictures(), NodeRef::<Canvas>::new());
    let map = Arc::new(map);
    let is_input = map.first.cell.tensor == BATCH_INPUT;
    let is_digit = is_input && untrack(|| state.has_images());
    let cursor = RwSignal::new(None::<(u32, u32)>);
    let own = map.clone();
    let scale = Memo::new(move |_| {
        let is_dark = state.screen.is_dark().get();
        let mapping = pictures.scale("", &[], is_dark).mapping;
        ColourScale { limit: limit(&own.values, false), mapping, is_dark, has_caps: false }
    });
    let drawn = map.clone();
    Effect::new(move |_| {
        let scale = scale.get();
        let Some(canvas) = canvas.get() else { return };
        let paint = match is_digit {
            true => Paint::Ink { limit: scale.limit, is_dark: scale.is_dark },
            false => Paint::Scale(scale),
        };
        let picture = pixels(&drawn, &paint);
        if picture.rgba.is_empty() {
            return;
        }
        canvas.set_width(picture.width as u32);
        canvas.set_height(picture.height as u32);
        put(&canvas, &picture.rgba, picture.width);
    });
    let (rows, columns) = (map.rows, map.columns);
    let under = move |event: &web_sys::MouseEvent| {
        let canvas = canvas.get_untracked()?;
        let [x, y] = pointer_place(&canvas, event.unchecked_ref());
        let at = |place: f64, length: i32, count: u32| {
            let share = place / f64::from(length.max(1));
            ((share * f64::from(count)).max(0.0) as u32).min(count.saturating_sub(1))
        };
        Some((at(y, canvas.offset_height(), rows), at(x, canvas.offset_width(), columns)))
    };
    let line = context.at;
    let followed = map.clone();
    let follow = move |(row, column): (u32, u32)| state.follow_from(line, cell(&followed, row, column));
    let follow_key = follow.clone();
    let on_key = move |event: web_sys::KeyboardEvent| {
        let (down, right): (i32, i32) = match event.key().as_str() {
            "ArrowRight" => (0, 1),
            "ArrowLeft" => (0, -1),
            "ArrowDown" => (1, 0),
            "ArrowUp" => (-1, 0),
            "Enter" | " " => {
                event.prevent_default();
                if let Some(at) = cursor.get_untracked() {
                    follow_key(at);
                }
                return;
            }
            _ => return,
        };
        event.prevent_default();
        cursor.set(Some(match cursor.get_untracked() {
            None => (0, 0),
            Some((row, column)) => (
                row.saturating_add_signed(down).min(rows.saturating_sub(1)),
                column.saturating_add_signed(right).min(columns.saturating_sub(1)),
            ),
        }));
    };
    let edge = move |side: usize| {
        let (row, column) = cursor.get()?;
        let share = |at: u32, count: u32| format!("{:.2}%", f64::from(at) / f64::from(count.max(1)) * 100.0);
        Some([share(column, columns), share(row, rows), share(1, columns), share(1, rows)][side].clone())
    };
    let read = (map.clone(), context.clone());
    let readout = move || {
        let (map, context) = &read;
        let Some((row, column)) = cursor.get() else { return t("follow_map_hint") };
        let info = cell_info(map, row, column);
        let (place, value) = (context.words().place(&info), format::value(info.value));
        match term(map, row, column) {
            Some(term) => {
                t_with("follow_map_term", &[("place", &place), ("value", &value), ("term", &format::value(term))])
            }
            None => t_with("follow_map_cell", &[("place", &place), ("value", &value)]),
        }
    };
    let (named, own_context) = (map.clone(), context.clone());
    let title = move || {
        let words = own_context.words();
        let tensor = words.tensor(&named.first.cell.tensor);
        let Some(example) = named.first.example else { return tensor };
        let count = state.classes();
        let label = (is_input && count > 0)
            .then(|| classes(own_context.step.targets()?, count).get(example as usize).copied())
            .flatten();
        let number = example.to_string();
        match label {
            Some(class) => {
                let label = state.class_name(class);
                t_with("follow_map_labelled", &[("tensor", &tensor), ("example", &number), ("label", &label)])
            }
            None => t_with("follow_map_example", &[("tensor", &tensor), ("example", &number)]),
        }
    };
    let label = title.clone();
    let marks = outlined(&map).len();
    let described = move || {
        let (rows, columns, marks) = (rows.to_string(), columns.to_string(), format::count(marks));
        let name = label();
        t_with("follow_map_label", &[("name", &name), ("rows", &rows), ("columns", &columns), ("marks", &marks)])
    };
    let readout_id = format!("{id}-readout");
    view! {
        <figure class="follow-map">
            <figcaption>{title}</figcaption>
            <div class="tensor-place">
                <canvas
                    class="tensor-image"
                    role="img"
                    tabindex="0"
                    aria-label=described
                    aria-describedby=readout_id.clone()
                    width="0"
                    height="0"
                    node_ref=canvas
                    on:pointermove=move |event| cursor.set(under(event.unchecked_ref()))
                    on:pointerleave=move |_| cursor.set(None)
                    on:click=move |event| {
                        if let Some(at) = under(&event) {
                            follow(at);
                        }
                    }
                    on:keydown=on_key
                ></canvas>
                <span
                    class="tensor-cursor"
                    hidden=move || cursor.get().is_none()
                    style:left=move || edge(0)
                    style:top=move || edge(1)
                    style:width=move || edge(2)
                    style:height=move || edge(3)
                ></span>
            </div>
            <p class="help follow-readout" id=readout_id aria-live="polite">{readout}</p>
            {(!is_digit)
                .then(|| {
                    view! {
                        <ScaleBar scale />
                        <p class="visually-hidden">{move || scale_text(&scale.get())}</p>
                    }
                })}
        </figure>
    }
}
