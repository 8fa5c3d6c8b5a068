//! Contents of a link: network, training with its seed, the input, and the layer and view that are open.
//!
//! A link is JSON, compressed by deflate and written in base64url. It names a network of the menu and writes any other one out, so
//! that every preset takes less than 400 characters. The whole of it is checked before anything is applied.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chalkgrad_engine::json;
use chalkgrad_engine::model::spec::{ModelSpec, TrainingConfig};
use chalkgrad_engine::presets::{self, PRESETS, Preset};
use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::decompress_to_vec_with_limit;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::PageError;
use crate::ui::features::input::digit::{Drawing, Point};

/// Views of a layer, in their order.
pub const VIEWS: [&str; 5] = ["settings", "weights", "activations", "gradients", "formula"];

/// The longest link; no browser shortens it.
const MAX_LENGTH: usize = 60_000;
/// The most bytes that a link may unpack to, which thousands of layers do not reach.
const MAX_BYTES: usize = 1 << 20;
/// The most points of a drawing.
const MAX_POINTS: usize = 5_000;
/// Places along a side of the pad that a link tells apart.
const PLACES: f32 = 250.0;

/// See the [module](self).
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Moment {
    /// As the API's `setModel` takes it.
    #[serde(rename = "m", skip_serializing_if = "Value::is_null")]
    pub model: Value,
    /// Name of the model in [`PRESETS`], in the text of a link only.
    #[serde(rename = "n", skip_serializing_if = "Option::is_none")]
    pub(super) preset: Option<String>,
    /// The fields that differ from the defaults, as the API's `setTraining` takes them.
    #[serde(rename = "t", skip_serializing_if = "Map::is_empty")]
    pub training: Map<String, Value>,
    /// The weights are those of the network that was trained in advance.
    #[serde(rename = "p", skip_serializing_if = "is_false")]
    pub is_pretrained: bool,
    /// Index of the test image.
    #[serde(rename = "i", skip_serializing_if = "Option::is_none")]
    pub test_image: Option<u32>,
    /// Each stroke as places x, y, x, y and so on.
    #[serde(rename = "d", skip_serializing_if = "Vec::is_empty")]
    pub strokes: Vec<Vec<u8>>,
    /// Index of the selected layer.
    #[serde(rename = "l", skip_serializing_if = "Option::is_none")]
    pub layer: Option<usize>,
    /// One of [`VIEWS`].
    #[serde(rename = "v", skip_serializing_if = "Option::is_none")]
    pub view: Option<String>,
}

fn preset_value(preset: &Preset) -> Option<Value> {
    serde_json::to_value(preset.model()).ok()
}

/// Returns the model of a preset as a link writes it; `None` for an unknown name.
fn preset_model(name: &str) -> Option<Value> {
    presets::find(name).and_then(preset_value)
}

fn is_false(flag: &bool) -> bool {
    !flag
}

impl Moment {
    /// Makes the part of a moment that every link has.
    ///
    /// # Errors
    /// If JSON has no text for the model or the configuration.
    pub fn new(model: &ModelSpec, training: &TrainingConfig) -> serde_json::Result<Self> {
        let usual = serde_json::to_value(TrainingConfig::default())?;
        let training = match serde_json::to_value(training)? {
            Value::Object(fields) => {
                fields.into_iter().filter(|(name, value)| usual.get(name) != Some(value)).collect()
            }
            _ => Map::new(),
        };
        Ok(Self { model: serde_json::to_value(model)?, training, ..Self::default() })
    }

    /// Puts a drawing into the link.
    pub fn with_drawing(mut self, drawing: &Drawing) -> Self {
        let place = |share: f32| (share.clamp(0.0, 1.0) * PLACES).round() as u8;
        let stroke = |points: &Vec<Point>| points.iter().flat_map(|point| [place(point.x), place(point.y)]).collect();
        self.strokes = drawing.strokes().iter().map(stroke).collect();
        self
    }

    /// Returns the drawing, if there is one.
    pub fn drawing(&self) -> Option<Drawing> {
        let share = |place: u8| f32::from(place) / PLACES;
        let point = |pair: &[u8; 2]| Point { x: share(pair[0]), y: share(pair[1]) };
        let stroke = |places: &Vec<u8>| places.as_chunks().0.iter().map(point).collect();
        let drawing = Drawing::of_strokes(self.strokes.iter().map(stroke).collect());
        (!drawing.is_empty()).then_some(drawing)
    }

    /// Writes the moment as the text of a link.
    ///
    /// # Errors
    /// If JSON has no text for it.
    pub fn to_text(&self) -> serde_json::Result<String> {
        const SMALLEST: u8 = 10;
        let mut packed = self.clone();
        if let Some(preset) = PRESETS.iter().find(|preset| preset_value(preset).as_ref() == Some(&self.model)) {
            (packed.model, packed.preset) = (Value::Null, Some(preset.name.to_owned()));
        }
        Ok(BASE64_URL_SAFE_NO_PAD.encode(compress_to_vec(&serde_json::to_vec(&packed)?, SMALLEST)))
    }

    /// Reads the text of a link. Model and training are checked where they are applied.
    ///
    /// # Errors
    /// [`PageError::BadLink`] if the text is damaged or too long, or names a layer or a view that does not exist.
    pub fn from_text(text: &str) -> Result<Self, PageError> {
        let read = || {
            let text = (text.len() <= MAX_LENGTH).then_some(text)?;
            let packed = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
            let bytes = decompress_to_vec_with_limit(&packed, MAX_BYTES).ok()?;
            let value = json::parse(std::str::from_utf8(&bytes).ok()?).ok()?;
            let mut moment: Self = serde_json::from_value(value).ok()?;
            if let Some(name) = moment.preset.take() {
                moment.model = preset_model(&name).filter(|_| moment.model.is_null())?;
            }
            moment.is_coherent().then_some(moment)
        };
        read().ok_or(PageError::BadLink)
    }

    fn is_coherent(&self) -> bool {
        let layers = self.model.get("layers").and_then(Value::as_array).map_or(0, Vec::len);
        let points: usize = self.strokes.iter().map(Vec::len).sum();
        self.layer.is_none_or(|layer| layer < layers)
            && self.view.as_deref().is_none_or(|view| VIEWS.contains(&view))
            && points <= 2 * MAX_POINTS
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chalkgrad_engine::model::spec::OptimizerSpec;

    /// A moment in which nothing is left out but the drawing.
    fn full(model: &ModelSpec) -> Moment {
        let training = TrainingConfig { seed: 4_294_967_295, epochs: 12, batch_size: 128, ..TrainingConfig::default() };
        let moment = Moment::new(model, &training).unwrap();
        let view = Some("activations".to_owned());
        Moment { is_pretrained: true, test_image: Some(9_999), layer: Some(1), view, ..moment }
    }

    fn normalised() -> ModelSpec {
        presets::find("preset_normalised").unwrap().model()
    }

    #[test]
    fn every_preset_is_short_and_comes_back() {
        for preset in PRESETS {
            let (name, model) = (preset.name, preset.model());
            let own = Moment::new(&model, &preset.config().unwrap()).unwrap();
            let own = Moment { layer: Some(1), view: Some("activations".to_owned()), ..own };
            for moment in [full(&model), own] {
                let text = moment.to_text().unwrap();
                assert!(text.len() < 400 - "#m=".len(), "{name}: {} characters", text.len());
                let read = Moment::from_text(&text).unwrap();
                assert_eq!(read, moment);
                assert_eq!(json::read::<ModelSpec>("model", &read.model).unwrap(), model);
            }
        }
    }

    #[test]
    fn a_network_of_ones_own_is_written_out_and_an_unknown_name_is_refused() {
        let mut model = normalised();
        model.layers.remove(1);
        let moment = full(&model);
        let text = moment.to_text().unwrap();
        assert!(text.len() < 500, "{} characters", text.len());
        assert_eq!(Moment::from_text(&text), Ok(moment.clone()));
        let named = |model: Value, name: &str| Moment { model, preset: Some(name.to_owned()), ..moment.clone() };
        for wrong in [named(Value::Null, "preset_of_old"), named(moment.model.clone(), "preset_cnn")] {
            assert_eq!(Moment::from_text(&wrong.to_text().unwrap()), Err(PageError::BadLink));
        }
    }

    #[test]
    fn only_what_differs_from_the_defaults_is_in_the_link() {
        let optimizer: OptimizerSpec = serde_json::from_str(r#"{"type":"SGD","learningRate":0.25}"#).unwrap();
        let training = TrainingConfig { seed: 7, optimizer, ..TrainingConfig::default() };
        let moment = Moment::new(&ModelSpec::reference_cnn(), &training).unwrap();
        assert_eq!(moment.training.keys().collect::<Vec<_>>(), ["optimizer", "seed"]);
    }

    #[test]
    fn a_drawing_comes_back_as_the_network_sees_it() {
        let moment = Moment::default().with_drawing(&Drawing::sample());
        let read = Moment::from_text(&moment.to_text().unwrap()).unwrap().drawing().unwrap();
        // Half a place is less than a tenth of a pixel of the image.
        let pixels = read.image(0.042).into_iter().zip(Drawing::sample().image(0.042));
        let most = pixels.map(|(one, other)| one.abs_diff(other)).max();
        assert!(most < Some(40), "{most:?}");
        assert_eq!(Moment::default().drawing(), None);
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        let good = full(&ModelSpec::reference_cnn());
        let bad = [
            Moment { layer: Some(8), ..good.clone() },
            Moment { view: Some("everything".to_owned()), ..good.clone() },
            Moment { test_image: None, strokes: vec![vec![0; 2 * MAX_POINTS + 2]], ..good },
        ];
        for moment in bad {
            assert_eq!(Moment::from_text(&moment.to_text().unwrap()), Err(PageError::BadLink), "{moment:?}");
        }
    }

    #[test]
    fn a_link_that_unpacks_to_more_than_the_limit_is_refused() {
        let bomb = compress_to_vec(&vec![b' '; 64 << 20], 6);
        let text = BASE64_URL_SAFE_NO_PAD.encode(&bomb[..bomb.len().min(MAX_LENGTH / 2)]);
        assert_eq!(Moment::from_text(&text), Err(PageError::BadLink));
        let mut spaces = vec![b' '; MAX_BYTES];
        spaces.extend(b"{}");
        let text = BASE64_URL_SAFE_NO_PAD.encode(compress_to_vec(&spaces, 6));
        assert!(text.len() < MAX_LENGTH);
        assert_eq!(Moment::from_text(&text), Err(PageError::BadLink));
        assert_eq!(Moment::from_text(&"A".repeat(MAX_LENGTH + 1)), Err(PageError::BadLink));
    }

    #[test]
    fn damaged_links_are_refused_or_are_links() {
        // A linear congruential generator (Knuth, MMIX).
        let mut state = 1_u64;
        let mut random = move |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % below
        };
        let whole = full(&normalised());
        let whole = [whole.clone(), Moment { test_image: None, ..whole }.with_drawing(&Drawing::sample())];
        let mut refused = 0;
        for round in 0..10_000 {
            let moment = &whole[round % 2];
            // Damage to the text, and to the JSON under it, which the text's own checks would otherwise hide.
            let mut bytes = match round % 4 {
                0 | 1 => moment.to_text().unwrap().into_bytes(),
                _ => serde_json::to_vec(moment).unwrap(),
            };
            for _ in 0..=random(3) {
                let at = random(bytes.len());
                match random(4) {
                    0 => bytes.truncate(at.max(1)),
                    1 => drop(bytes.remove(at)),
                    2 => bytes.insert(at, b' ' + random(95) as u8),
                    _ => bytes[at] = b' ' + random(95) as u8,
                }
                if bytes.is_empty() {
                    bytes.push(b'0');
                }
            }
            let text = match round % 4 {
                0 | 1 => String::from_utf8(bytes).unwrap(),
                _ => BASE64_URL_SAFE_NO_PAD.encode(compress_to_vec(&bytes, 1)),
            };
            match Moment::from_text(&text) {
                Ok(read) => assert_eq!(Moment::from_text(&read.to_text().unwrap()), Ok(read)),
                Err(error) => {
                    assert_eq!(error, PageError::BadLink);
                    refused += 1;
                }
            }
        }
        assert!((5_000..10_000).contains(&refused), "{refused}");
    }
}
