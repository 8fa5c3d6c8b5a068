//! The page's views: elements, all of one type.
//!
//! leptos's own macro makes a type of every view and of every attribute in it, and for each a copy of the code that
//! builds, updates and removes it: 200 KB of this page's program when it was written that way. Here an element is a plain
//! value with boxed closures. It is a leptos view like any other ([`Render`], [`Mountable`]) and is kept up to date by
//! leptos's effects; an element that goes takes its effects with it.

use std::any::Any;

use leptos::prelude::*;
use leptos::reactive::effect::RenderEffect;
use leptos::tachys::view::{Mountable, Render};
use wasm_bindgen::{JsCast, JsValue};

use crate::ui::browser::callback;
use crate::ui::math::mathml_parts;
use crate::ui::text::t;

/// An element of the page with what it contains and what keeps it up to date.
pub struct Element {
    node: web_sys::Element,
    kept: Vec<Kept>,
}

/// Values that live as long as an element. Nothing reads them again.
enum Kept {
    Child(#[allow(dead_code)] Element),
    Effect(#[allow(dead_code)] RenderEffect<()>),
    Other(#[allow(dead_code)] Box<dyn Any>),
}

type Getter<T> = Box<dyn Fn() -> T>;

/// Makes the content that belongs to a key.
type Content = Box<dyn Fn(&str) -> Option<Element>>;

/// Makes an element that is not in the document yet.
pub fn el(tag: &'static str) -> Element {
    // It fails only for a tag that is no name.
    Element::new(document().create_element(tag).expect("a tag is a name"))
}

/// Makes a `<button type="button">`.
pub fn button(class: &str, on_click: impl Fn() + 'static) -> Element {
    el("button").attr("type", "button").class(class).on("click", move |_| on_click())
}

impl Element {
    fn new(node: web_sys::Element) -> Self {
        Self { node, kept: Vec::new() }
    }

    /// Returns the node of an element that was made by `el("canvas")`.
    pub fn canvas(&self) -> web_sys::HtmlCanvasElement {
        self.node.clone().unchecked_into()
    }

    /// Returns the element's node.
    pub fn node(&self) -> web_sys::Element {
        self.node.clone()
    }

    /// Keeps something for as long as the element is there.
    pub fn keep(mut self, kept: impl Any) -> Self {
        self.kept.push(Kept::Other(Box::new(kept)));
        self
    }

    // Static parts.

    pub fn class(self, class: &str) -> Self {
        self.attr("class", class)
    }

    pub fn attr(self, name: &str, value: &str) -> Self {
        set_attribute(&self.node, name, Some(value));
        self
    }

    pub fn text(self, text: &str) -> Self {
        append(&self.node, &document().create_text_node(text));
        self
    }

    pub fn child(mut self, child: Element) -> Self {
        append(&self.node, &child.node);
        self.kept.push(Kept::Child(child));
        self
    }

    pub fn children(self, children: impl IntoIterator<Item = Element>) -> Self {
        children.into_iter().fold(self, Self::child)
    }

    /// Adds a view of Leptos, which lives as long as the element.
    pub fn view(self, view: impl IntoView + 'static) -> Self {
        let mut state = view.into_view().build();
        state.mount(&self.node, None);
        self.keep(state)
    }

    /// Calls `handler` for every such event.
    pub fn on(self, event: &str, handler: impl Fn(web_sys::Event) + 'static) -> Self {
        self.on_boxed(event, Box::new(move |event| handler(event.unchecked_into())))
    }

    fn on_boxed(self, event: &str, handler: Box<dyn Fn(JsValue)>) -> Self {
        let _ = self.node.add_event_listener_with_callback(event, &callback(handler));
        self
    }

    // Reactive parts.

    /// Runs `run` now and again whenever something changes that it has read.
    pub fn effect(self, run: impl FnMut() + 'static) -> Self {
        self.effect_boxed(Box::new(run))
    }

    fn effect_boxed(mut self, mut run: Box<dyn FnMut()>) -> Self {
        self.kept.push(Kept::Effect(RenderEffect::new(move |_| run())));
        self
    }

    fn text_boxed(self, text: Getter<String>) -> Self {
        let node = document().create_text_node("");
        append(&self.node, &node);
        let mut last = String::new();
        self.effect_boxed(Box::new(move || {
            let text = text();
            if text != last {
                node.set_text_content(Some(&text));
                last = text;
            }
        }))
    }

    /// Sets the content to our own MathML.
    pub fn math(self, formula: &str) -> Self {
        self.node.set_inner_html(&mathml_parts(formula).concat());
        self
    }

    /// Sets the text of a key, in the language of the page.
    pub fn tr(self, key: &'static str) -> Self {
        self.text_boxed(Box::new(move || t(key)))
    }

    /// Sets an `aria-label` from the locale file.
    pub fn label(self, key: &'static str) -> Self {
        self.attr_boxed("aria-label", Box::new(move || Some(t(key))))
    }

    pub fn attr_fn(self, name: &'static str, value: impl Fn() -> String + 'static) -> Self {
        self.attr_boxed(name, Box::new(move || Some(value())))
    }

    fn attr_boxed(self, name: &'static str, value: Getter<Option<String>>) -> Self {
        let node = self.node.clone();
        let mut last = None;
        self.effect_boxed(Box::new(move || {
            let value = value();
            if value != last {
                set_attribute(&node, name, value.as_deref());
                last = value;
            }
        }))
    }

    /// Sets a property of the node, such as the `value` of a field, if it differs.
    pub fn property(self, name: &'static str, value: impl Fn() -> JsValue + 'static) -> Self {
        self.property_boxed(name, Box::new(value))
    }

    fn property_boxed(self, name: &'static str, value: Getter<JsValue>) -> Self {
        let node = self.node.clone();
        self.effect_boxed(Box::new(move || {
            let (value, name) = (value(), JsValue::from(name));
            if js_sys::Reflect::get(&node, &name).is_ok_and(|now| now != value) {
                let _ = js_sys::Reflect::set(&node, &name, &value);
            }
        }))
    }

    /// Sets the whole content to `view` of the key, and makes it again when the key changes, and only then.
    pub fn switch(self, key: impl Fn() -> String + 'static, view: impl Fn(&str) -> Option<Element> + 'static) -> Self {
        self.switch_boxed(Box::new(key), Box::new(view))
    }

    fn switch_boxed(self, key: Getter<String>, view: Content) -> Self {
        let place = self.node.clone();
        let owners = Owners::here();
        let mut last: Option<(String, Option<Element>, Owner)> = None;
        self.effect_boxed(Box::new(move || {
            let key = key();
            if last.as_ref().is_some_and(|(shown, ..)| *shown == key) {
                return;
            }
            place.set_text_content(None);
            last = None;
            let (content, owner) = owners.make(|| view(&key));
            if let Some(content) = &content {
                append(&place, &content.node);
            }
            last = Some((key, content, owner));
        }))
    }
}

/// Makes owners for content that outlives the run of the effect that made it: its signals are disposed with the content.
struct Owners(Option<Owner>);

impl Owners {
    fn here() -> Self {
        Self(Owner::current())
    }

    fn make<T>(&self, make: impl FnOnce() -> T) -> (T, Owner) {
        let owner = self.0.as_ref().map_or_else(Owner::new, Owner::child);
        (owner.with(|| untrack(make)), owner)
    }
}

fn append(place: &web_sys::Node, node: &web_sys::Node) {
    // It fails only for a node inside itself.
    let _ = place.append_child(node);
}

fn set_attribute(node: &web_sys::Element, name: &str, value: Option<&str>) {
    // A content security policy may forbid the attribute; the property is never forbidden.
    if name == "style" {
        let node: &web_sys::HtmlElement = node.unchecked_ref();
        return node.style().set_css_text(value.unwrap_or_default());
    }
    // They fail only for a name that is none.
    let _ = match value {
        Some(value) => node.set_attribute(name, value),
        None => node.remove_attribute(name),
    };
}

impl Render for Element {
    type State = Self;

    fn build(self) -> Self {
        self
    }

    fn rebuild(self, state: &mut Self) {
        // Fails only where `state` has no parent, and then nothing is to be replaced.
        let _ = state.node.replace_with_with_node_1(&self.node);
        *state = self;
    }
}

impl Mountable for Element {
    fn unmount(&mut self) {
        self.node.remove();
    }

    fn mount(&mut self, parent: &web_sys::Element, marker: Option<&web_sys::Node>) {
        let _ = parent.insert_before(&self.node, marker);
    }

    fn insert_before_this(&self, child: &mut dyn Mountable) -> bool {
        let Some(parent) = self.node.parent_element() else { return false };
        child.mount(&parent, Some(&self.node));
        true
    }

    fn elements(&self) -> Vec<web_sys::Element> {
        vec![self.node.clone()]
    }
}
