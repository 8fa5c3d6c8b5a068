//! Predictions, and with them the outputs of all layers.

use super::plans::PlanKey;
use super::{Session, graphs};
use crate::backend::RunStatus;
use crate::data::scale_pixels;
use crate::error::{Error, Result};

/// Pixels to predict for, `[k, input shape]`.
pub enum Pixels {
    /// 0 to 255, scaled by 1/255.
    U8(Vec<u8>),
    /// As they are.
    F32(Vec<f32>),
}

impl Session {
    /// Class probabilities, `[k, classes]`, and the number of classes. The outputs of all layers can be read afterwards;
    /// where k is so large that it is done in parts, those of the last part.
    ///
    /// # Errors
    /// `wrong-length` if the pixels are not a whole number of inputs, at least one.
    pub fn predict(&mut self, pixels: Pixels) -> Result<(Vec<f32>, usize)> {
        let input_len: usize = self.spec.input_shape.iter().product();
        let len = match &pixels {
            Pixels::U8(pixels) => pixels.len(),
            Pixels::F32(pixels) => pixels.len(),
        };
        if len == 0 || len % input_len != 0 {
            return Err(Error::new("wrong-length", "pixels")
                .expected(format!("a multiple of the input size {input_len}"))
                .got(len.to_string()));
        }
        let (count, classes, part) = (len / input_len, self.classes(), self.largest_prediction());
        let output = match self.layers.last() {
            Some(last) => format!("{}.output", last.name),
            None => String::new(),
        };
        let mut probabilities = Vec::with_capacity(count * classes);
        let mut done = 0;
        while done < count {
            let images = part.min(count - done);
            let loaded = self.plan(PlanKey::Prediction(images))?;
            let range = done * input_len..(done + images) * input_len;
            self.backend.write_input(loaded.handle, graphs::IMAGES, &mut |words| match &pixels {
                Pixels::U8(pixels) => scale_pixels(&pixels[range.clone()], words),
                Pixels::F32(pixels) => words.copy_from_slice(&pixels[range.clone()]),
            })?;
            while self.backend.run(loaded.handle, &mut || true)? == RunStatus::Unfinished {}
            probabilities.extend_from_slice(self.backend.read(loaded.handle, &output)?.words());
            self.outputs = Some(loaded.handle);
            done += images;
        }
        Ok((probabilities, classes))
    }

    /// How many images are predicted at once, so that the outputs of all layers take 32 MiB at most.
    fn largest_prediction(&self) -> usize {
        let outputs = self.layers.iter().map(|layer| layer.output_shape.iter().product::<usize>() as u64);
        ((1 << 23) / outputs.sum::<u64>().max(1)).clamp(1, 256) as usize
    }
}
