//! The page on a phone: one part at a time, the run bar that stays in view, and the way between the parts.

mod part_tabs;
mod run_bar;

pub use part_tabs::PartTabs;
pub use run_bar::RunBar;

/// Part of the page that fills a phone's screen.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Part {
    #[default]
    Input,
    Network,
    Results,
    Training,
}

impl Part {
    pub const ALL: [Self; 4] = [Self::Input, Self::Network, Self::Results, Self::Training];

    /// Returns the key by which the style sheet knows the part.
    pub fn key(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Network => "network",
            Self::Results => "results",
            Self::Training => "training",
        }
    }

    /// Returns the key of its name.
    fn title(self) -> &'static str {
        match self {
            Self::Results => "part_results",
            other => other.key(),
        }
    }

    fn icon(self) -> &'static str {
        match self {
            Self::Input => "pen",
            Self::Network => "layers",
            Self::Results => "curve",
            Self::Training => "sliders",
        }
    }
}
