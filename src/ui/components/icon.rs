//! The icons: strokes on a field of 20x20, in the colour of the text.

use leptos::prelude::*;

/// Icon of this name, hidden from screen readers; empty for an unknown name.
#[component]
pub fn Icon(name: &'static str) -> impl IntoView {
    view! {
        <svg class=class(name) viewBox="0 0 20 20" width="18" height="18" aria-hidden="true">
            <path d=path(name)></path>
        </svg>
    }
}

/// Returns the classes of an icon.
pub fn class(name: &str) -> &'static str {
    if name == "train" || name.starts_with("step") { "icon icon-solid" } else { "icon" }
}

/// Returns the strokes of an icon.
pub fn path(name: &str) -> &'static str {
    match name {
        "train" => "M6 4.2v11.6l9.5-5.8z",
        "pause" => "M7 4.5v11M13 4.5v11",
        "step" => "M4.5 4.5v11l7.5-5.5zM15.5 4.5v11",
        "step-epoch" => "M3.500 4.500v11l6-5.500zM10 4.500v11l6-5.500zM17 4.500v11",
        "reset" => "M4.6 8.2A6 6 0 1 1 4 10.6M4.2 4v4.4h4.4",
        "evaluate" => "M3.5 10.5l4 4 9-9",
        "undo" => "M7.5 4.5l-4 4 4 4M4 8.5h7.5a4 4 0 0 1 0 8H9",
        "redo" => "M12.5 4.5l4 4-4 4M16 8.5H8.500a4 4 0 0 0 0 8H11",
        "up" => "M10 16V4.500M5 9.200l5-5 5 5",
        "down" => "M10 4v11.500M5 10.800l5 5 5-5",
        "duplicate" => "M7.500 7.500h8.500v8.500H7.500zM12.500 4H4v8.500",
        "delete" => "M4 5.500h12M8 5.500V4h4v1.500M5.500 5.500l.8 10.500h7.400l.8-10.500",
        "plus" => "M10 4.500v11M4.500 10h11",
        "close" => "M5 5l10 10M15 5L5 15",
        "sun" => {
            "M10 6.800a3.200 3.200 0 1 0 .01 0M10 2v1.800M10 16.200V18M2 10h1.800M16.200 10H18M4.300 4.300l1.300 1.300M14.400 14.400l1.300 1.300M4.300 15.700l1.300-1.300M14.400 5.600l1.300-1.300"
        }
        "moon" => "M15.800 12.200A6.500 6.500 0 0 1 7.800 4.200a6.500 6.500 0 1 0 8 8z",
        "warning" => "M10 3.500l7 12.500H3zM10 8.200v3.600M10 13.700v.3",
        "shuffle" => {
            "M3 6h3l7.500 8.500H17M3 14.500h3L13.500 6H17M14.800 3.800L17 6l-2.200 2.200M14.800 12.300L17 14.500l-2.200 2.200"
        }
        "link" => {
            "M8.500 11.500a3 3 0 0 0 4.300 0l2.700-2.700a3 3 0 0 0-4.300-4.300l-.9.9M11.500 8.500a3 3 0 0 0-4.300 0l-2.700 2.700a3 3 0 0 0 4.300 4.300l.9-.9"
        }
        "left" => "M12 4.500l-5.500 5.500 5.500 5.500",
        "right" => "M8 4.500l5.500 5.500-5.500 5.500",
        "picture" => "M3 4.500h14v11H3zM3.500 13.500l4-4 3 3 2.500-2.500 3.500 3.500M12.500 7.800v.2",
        "grip" => "M8 5v.01M12 5v.01M8 10v.01M12 10v.01M8 15v.01M12 15v.01",
        "fix" => {
            "M4 16l7.500-7.500M12.500 3.500v3M12.500 10.500v3M8 8.500h-1M18 8.500h-3M16 5l-1.500 1.500M16 12l-1.500-1.500"
        }
        "save" => "M10 3.500v9M6 8.800l4 4 4-4M3.500 15.500h13",
        "open" => "M10 12.800v-9M6 7.500l4-4 4 4M3.500 15.500h13",
        "minus" => "M4.500 10h11",
        "fit" => "M3 6v8M17 6v8M5.500 10h9M8 7.500L5.500 10 8 12.500M12 7.500l2.500 2.500-2.500 2.500",
        "unfold" => "M8 5.500L3.500 10 8 14.500M12 5.500l4.500 4.500-4.500 4.500",
        "fold" => "M3.500 5.500L8 10l-4.500 4.500M16.500 5.500L12 10l4.500 4.500",
        "more" => "M4.500 10v.01M10 10v.01M15.500 10v.01",
        "pen" => "M4 16l1-4 8.500-8.500 3 3L8 15zM11.500 5.500l3 3",
        "layers" => "M4 4.500v11M8 6.500v7M12 4.500v11M16 6.500v7",
        "curve" => "M3.500 3.500v13h13M5.500 6c1.500 6 4 8 10.500 8",
        "sliders" => {
            "M3.500 6h7M14.500 6h2M3.500 14h2M9.500 14h7M10.500 6a2 2 0 1 0 4 0 2 2 0 1 0-4 0M5.500 14a2 2 0 1 0 4 0 2 2 0 1 0-4 0"
        }
        "help" => "M7.500 7.500a2.500 2.500 0 1 1 3.800 2.100c-.9.6-1.300 1-1.300 2.200M10 14.500v.01",
        "present" => "M3 4h14v9H3zM10 13v3.500M6.500 16.500h7",
        "down-arrow" => "M5 8l5 5 5-5",
        _ => "",
    }
}
