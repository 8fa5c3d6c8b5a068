//! Predictions, and with them the outputs of all layers.

use std::ops::Range;

use super::plans::{Loaded, PlanKey};
use super::replicas::Kind;
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
    /// What runs for the next part.
    running: Option<Running>,
}

/// A part of a prediction on its way.
struct Running {
    loaded: Loaded,
    images: usize,
    /// Each worker has a slice of it.
    is_shared: bool,
}

impl Prediction {
    /// Writes the pixels of a range of inputs.
    fn write(&self, range: Range<usize>, input_len: usize, words: &mut [f32]) {
        let range = range.start * input_len..range.end * input_len;
        match &self.pixels {
            Pixels::U8(pixels) => scale_pixels(&pixels[range], words),
            Pixels::F32(pixels) => words.copy_from_slice(&pixels[range]),
        }
    }
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
        if len / input_len > self.shared_prediction() {
            self.take_back_slices();
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
            let running = match prediction.running.take() {
                Some(running) => running,
                None => self.begin_part(&prediction)?,
            };
            let Running { loaded, images, is_shared } = &running;
            let status = match is_shared {
                true => self.gather(Kind::Prediction, *images, loaded, has_time),
                false => self.backend.run(loaded.handle, has_time),
            };
            match status {
                Ok(RunStatus::Unfinished) => {
                    prediction.running = Some(running);
                    self.prediction = Some(prediction);
                    return Ok(None);
                }
                Ok(RunStatus::Done) if *is_shared => prediction.probabilities.extend_from_slice(self.gathered()),
                Ok(RunStatus::Done) => {
                    let output = self.layers.last().map_or(String::new(), |last| format!("{}.output", last.name));
                    prediction.probabilities.extend_from_slice(self.backend.read(loaded.handle, &output)?.words());
                    self.outputs = Some(loaded.handle);
                }
                // The part begins again, without the others.
                Err(error) if *is_shared => {
                    self.dismiss(error);
                    continue;
                }
                Err(error) => return Err(error),
            }
            prediction.done += images;
            if prediction.done < prediction.count && !has_time() {
                self.prediction = Some(prediction);
                return Ok(None);
            }
        }
        Ok(Some((prediction.probabilities, self.classes())))
    }

    /// Begins the next part of a prediction. The last one is never shared: the outputs of its layers can be read.
    fn begin_part(&mut self, prediction: &Prediction) -> Result<Running> {
        let input_len: usize = self.spec.input_shape.iter().product();
        let (begin, left) = (prediction.done, prediction.count - prediction.done);
        let images = self.shared_prediction();
        if left > images && self.may_share_prediction() {
            let shared = self.hand_out(Kind::Prediction, images, [0; 2], &mut |_, range, words, _| {
                prediction.write(begin + range.start..begin + range.end, input_len, words);
                Ok(())
            })?;
            if let Some(loaded) = shared {
                return Ok(Running { loaded, images, is_shared: true });
            }
        }
        let images = self.largest_prediction().min(left);
        let loaded = self.plan(PlanKey::Prediction(images))?;
        self.backend.write_input(loaded.handle, graphs::IMAGES, &mut |words| {
            prediction.write(begin..begin + images, input_len, words);
        })?;
        Ok(Running { loaded, images, is_shared: false })
    }

    /// A part that is shared has to begin again.
    pub(super) fn restart_prediction(&mut self) {
        let running = self.prediction.as_mut().and_then(|prediction| prediction.running.take_if(|own| own.is_shared));
        if let Some(running) = running {
            self.backend.cancel(running.loaded.handle);
        }
    }

    /// Whether others have a part in what is predicted now.
    pub(super) fn is_prediction_shared(&self) -> bool {
        let running = self.prediction.as_ref().and_then(|prediction| prediction.running.as_ref());
        running.is_some_and(|running| running.is_shared)
    }

    /// How many images all workers predict at once.
    fn shared_prediction(&self) -> usize {
        self.workers() * self.largest_prediction()
    }

    /// How many images are predicted at once, so that the outputs of all layers take 32 MiB at most.
    fn largest_prediction(&self) -> usize {
        let outputs = self.layers.iter().map(|layer| layer.output_shape.iter().product::<usize>() as u64);
        ((1 << 23) / outputs.sum::<u64>().max(1)).clamp(1, 256) as usize
    }
}
