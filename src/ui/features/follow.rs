//! One number of the last step, followed line by line back to where it comes from; and the step itself, stage by stage.

pub mod amounts;
pub mod maps;
pub mod names;
pub mod route;
pub mod stages;
pub mod trail;

#[cfg(test)]
mod fixture;

cfg_if::cfg_if! {
    if #[cfg(target_arch = "wasm32")] {
        mod check_view;
        mod controls;
        mod entry;
        mod factor;
        mod line;
        mod map_view;
        mod panel;
        mod parts;
        mod requests;
        mod slow_step;
        mod stage_picture;
        mod stage_requests;
        mod trouble;

        pub use entry::{FollowGradient, FollowNumber};
        pub use panel::FollowPanel;
        pub use stage_picture::StagePicture;
    }
}
