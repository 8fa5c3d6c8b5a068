//! Predictions, and with them the outputs of all layers.

use super::plans::{Loaded, PlanKey};
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

/// A prediction on its way.
pub struct Prediction {
    pixels: Pixels,
    count: usize,
    done: usize,
    probabilities: Vec<f32>,
    /// The plan that runs for the next part.
    running: Option<Loaded>,
}

impl Session {
    /// Class probabilities, `[k, classes]`, and the number of classes. The outputs of all layers can be read afterwards;
    /// where k is so large that it is done in parts, those of the last part.
    ///
    /// # Errors
    /// `wrong-length` if the pixels are not a whole number of inputs, at least one.
    pub fn predict(&mut self, pixels: Pixels) -> Result<(Vec<f32>, usize)> {
        self.start_prediction(pixels)?;
        loop {
            if let Some(result) = self.go_on_predicting(&mut || true)? {
                return Ok(result);
            }
        }
    }

    /// Begins a prediction, in place of one that is not done.
    ///
    /// # Errors
    /// As [`Session::predict`].
    pub fn start_prediction(&mut self, pixels: Pixels) -> Result<()> {
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
        self.prediction =
            Some(Prediction { pixels, count: len / input_len, done: 0, probabilities: Vec::new(), running: None });
        Ok(())
    }

    /// Goes on with a prediction until `has_time` says no; its result once it is done. `None` means: ask again, when woken
    /// where the backend works by itself.
    ///
    /// # Errors
    /// Those of the backend.
    pub fn go_on_predicting(&mut self, has_time: &mut dyn FnMut() -> bool) -> Result<Option<(Vec<f32>, usize)>> {
        let Some(mut prediction) = self.prediction.take() else { return Ok(Some((Vec::new(), self.classes()))) };
        while prediction.done < prediction.count {
            let images = self.largest_prediction().min(prediction.count - prediction.done);
            let loaded = match prediction.running.take() {
                Some(loaded) => loaded,
                None => {
                    let loaded = self.plan(PlanKey::Prediction(images))?;
                    let input_len: usize = self.spec.input_shape.iter().product();
                    let range = prediction.done * input_len..(prediction.done + images) * input_len;
                    self.backend.write_input(loaded.handle, graphs::IMAGES, &mut |words| match &prediction.pixels {
                        Pixels::U8(pixels) => scale_pixels(&pixels[range.clone()], words),
                        Pixels::F32(pixels) => words.copy_from_slice(&pixels[range.clone()]),
                    })?;
                    loaded
                }
            };
            if self.backend.run(loaded.handle, has_time)? == RunStatus::Unfinished {
                prediction.running = Some(loaded);
                self.prediction = Some(prediction);
                return Ok(None);
            }
            let output = self.layers.last().map_or(String::new(), |last| format!("{}.output", last.name));
            prediction.probabilities.extend_from_slice(self.backend.read(loaded.handle, &output)?.words());
            self.outputs = Some(loaded.handle);
            prediction.done += images;
            if prediction.done < prediction.count && !has_time() {
                self.prediction = Some(prediction);
                return Ok(None);
            }
        }
        Ok(Some((prediction.probabilities, self.classes())))
    }

    /// How many images are predicted at once, so that the outputs of all layers take 32 MiB at most.
    fn largest_prediction(&self) -> usize {
        let outputs = self.layers.iter().map(|layer| layer.output_shape.iter().product::<usize>() as u64);
        ((1 << 23) / outputs.sum::<u64>().max(1)).clamp(1, 256) as usize
    }
}
