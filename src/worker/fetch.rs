//! Streams a data set's shards over HTTP, checks them and keeps them in the browser's cache.
//!
//! The folder `<data_url><name>/` holds `manifest.json` and gzipped shards: the inputs of `n` examples, then their targets.
//! Bytes are as they are, numbers little-endian `f32`, texts UTF-8, each ended by a line feed, classes one byte each. A shard is used only if its length is right and, if the browser offers the hash (on https and localhost), its SHA-256
//! is the manifest's. A damaged shard is dropped from the cache and fetched once more.

mod browser;

use self::browser::{Cache, fetch_bytes, gunzip, is_gzip, sha256};
use chalkgrad_engine::data::sources::Source;
use chalkgrad_engine::data::{DatasetInfo, Field, FieldType, Inputs, Part, Schema, Target, Values, sources};
use chalkgrad_engine::error::{DataError, Error, FetchFault, FileFault, Result};
use serde::Deserialize;

/// The cache's name; the number changes when the shards' format does.
const CACHE_NAME: &str = "chalkgrad-data-1";

/// The layout of manifest and shards that this loader reads. Version 1 described images only, version 2 no
/// texts.
const FORMAT_VERSION: u32 = 3;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    /// Version of the shards' layout; at most [`FORMAT_VERSION`].
    format_version: u32,
    name: String,
    /// The shape of an input; none for texts.
    #[serde(default)]
    shape: Vec<usize>,
    #[serde(default)]
    dtype: Dtype,
    /// The number of classes; 0 if the target is no class.
    #[serde(default)]
    classes: usize,
    /// The number of values of a target that is no class.
    #[serde(default)]
    values: usize,
    /// The extents of an image in version 1.
    #[serde(default)]
    height: usize,
    #[serde(default)]
    width: usize,
    #[serde(default)]
    channels: usize,
    shards: Vec<Shard>,
}

/// The type of an input's numbers.
#[derive(Clone, Copy, PartialEq, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Dtype {
    #[default]
    U8,
    F32,
    Text,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shard {
    file: String,
    split: SplitName,
    #[serde(alias = "images")]
    examples: usize,
    size_bytes: f64,
    sha256: String,
    /// The bytes of all texts.
    #[serde(default)]
    text_bytes: usize,
}

#[derive(Clone, Copy, PartialEq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum SplitName {
    Train,
    Test,
}

/// Reason why an attempt to get a file failed.
enum Failure {
    Fetch(FetchFault),
    File(FileFault),
    /// Returned by the callback that is told the bytes.
    Other(Error),
}

impl From<FetchFault> for Failure {
    fn from(fault: FetchFault) -> Self {
        Self::Fetch(fault)
    }
}

impl From<FileFault> for Failure {
    fn from(fault: FileFault) -> Self {
        Self::File(fault)
    }
}

impl Failure {
    /// Turns the failure into the error of the file with this name.
    fn of(self, file: String) -> Error {
        match self {
            Self::Fetch(reason) => DataError::DataUnavailable { file, reason }.into(),
            Self::File(reason) => DataError::DataCorrupt { file, reason }.into(),
            Self::Other(error) => error,
        }
    }
}

/// Report of a [`Loader`].
pub enum Arrival<'a> {
    /// The data set's description; comes before anything else.
    Info(DatasetInfo),
    Bytes {
        loaded_bytes: f64,
        total_bytes: f64,
    },
    /// A checked shard, in file order within its part.
    Shard {
        part: Part,
        inputs: Inputs<'a>,
        targets: Values<'a>,
    },
}

/// Loads a data set shard by shard; after an error it goes on from the shard that failed.
pub struct Loader {
    folder_url: String,
    name: String,
    manifest: Option<Manifest>,
    /// Indices of the shards that are still to come, in the order in which they are wanted.
    wanted: Vec<usize>,
    loaded_bytes: f64,
}

impl Loader {
    /// Makes a loader. `data_url` ends in a slash.
    pub fn new(data_url: &str, name: &str) -> Self {
        Self {
            folder_url: format!("{data_url}{name}/"),
            name: name.to_owned(),
            manifest: None,
            wanted: Vec::new(),
            loaded_bytes: 0.0,
        }
    }

    /// Loads all that is still missing, for as long as it is wanted.
    ///
    /// # Errors
    /// `data-unavailable` or `data-corrupt`, naming the file, after it has been tried twice; what `on_arrival` returns.
    pub async fn run(
        &mut self,
        is_wanted: &dyn Fn() -> bool,
        on_arrival: &mut dyn FnMut(Arrival) -> Result<()>,
    ) -> Result<()> {
        let cache = Cache::open(CACHE_NAME).await;
        let manifest = match &self.manifest {
            Some(manifest) => manifest.clone(),
            None => {
                let manifest = self.load_manifest(cache.as_ref()).await?;
                on_arrival(Arrival::Info(manifest.info()))?;
                self.wanted = manifest.order();
                self.manifest.insert(manifest).clone()
            }
        };
        let total_bytes = manifest.shards.iter().map(|shard| shard.size_bytes).sum();
        while let Some(&index) = self.wanted.first()
            && is_wanted()
        {
            let shard = &manifest.shards[index];
            let before = self.loaded_bytes;
            let mut on_bytes = |bytes: f64| {
                let loaded_bytes = before + bytes.min(shard.size_bytes);
                on_arrival(Arrival::Bytes { loaded_bytes, total_bytes })
            };
            let bytes = self.load_shard(shard, &manifest, cache.as_ref(), &mut on_bytes).await?;
            let (inputs, targets) = bytes.split_at(manifest.input_bytes(shard));
            let own = match manifest.dtype {
                Dtype::U8 => ShardInputs::Bytes(inputs),
                Dtype::F32 => ShardInputs::Numbers(numbers(inputs)),
                Dtype::Text => ShardInputs::Texts(self.texts(shard, inputs)?),
            };
            let target_numbers = (manifest.values > 0).then(|| numbers(targets));
            let part = match shard.split {
                SplitName::Train => Part::Train,
                SplitName::Test => Part::Test,
            };
            self.loaded_bytes = before + shard.size_bytes;
            on_arrival(Arrival::Bytes { loaded_bytes: self.loaded_bytes, total_bytes })?;
            on_arrival(Arrival::Shard {
                part,
                inputs: own.inputs(),
                targets: target_numbers.as_deref().map_or(Values::U8(targets), Values::F32),
            })?;
            self.wanted.remove(0);
        }
        Ok(())
    }

    /// Reads the texts of a shard.
    fn texts<'a>(&self, shard: &Shard, bytes: &'a [u8]) -> Result<Vec<&'a str>> {
        let texts = std::str::from_utf8(bytes).map(|texts| texts.split_terminator('\n').collect::<Vec<_>>());
        texts.ok().filter(|texts| texts.len() == shard.examples).ok_or_else(|| {
            let reason = FileFault::BadTexts { expected: shard.examples };
            Failure::from(reason).of(format!("{}/{}", self.name, shard.file))
        })
    }

    async fn load_manifest(&self, cache: Option<&Cache>) -> Result<Manifest> {
        let url = format!("{}manifest.json", self.folder_url);
        let mut last_failure = Failure::from(FetchFault::NoConnection);
        for attempt in 0..2 {
            // Requests the manifest from the server first, so that a new data set is noticed.
            let fetched = fetch_bytes(&url, attempt > 0, &mut |_| Ok(())).await;
            match fetched.and_then(|bytes| Ok((Manifest::parse(&bytes)?, bytes))) {
                Ok((manifest, bytes)) => {
                    if let Some(cache) = cache {
                        cache.put(&url, &bytes).await;
                    }
                    return Ok(manifest);
                }
                Err(failure) => last_failure = failure,
            }
        }
        if let Some(cache) = cache
            && let Some(bytes) = cache.get(&url).await
            && let Ok(manifest) = Manifest::parse(&bytes)
        {
            return Ok(manifest);
        }
        Err(last_failure.of(format!("{}/manifest.json", self.name)))
    }

    /// Returns the unpacked bytes of a shard.
    async fn load_shard(
        &self,
        shard: &Shard,
        manifest: &Manifest,
        cache: Option<&Cache>,
        on_bytes: &mut dyn FnMut(f64) -> Result<()>,
    ) -> Result<Vec<u8>> {
        let url = format!("{}{}", self.folder_url, shard.file);
        // Another content has another key, so that a new version of a file never meets the old one.
        let key = format!("{url}?sha256={}", shard.sha256);
        if let Some(cache) = cache
            && let Some(bytes) = cache.get(&key).await
        {
            match unpack(&bytes, shard, manifest).await {
                Ok(unpacked) => return Ok(unpacked),
                Err(_) => cache.delete(&key).await,
            }
        }
        let mut last_failure = Failure::from(FetchFault::NoConnection);
        for attempt in 0..2 {
            match fetch_bytes(&url, attempt > 0, on_bytes).await {
                Ok(bytes) => match unpack(&bytes, shard, manifest).await {
                    Ok(unpacked) => {
                        if let Some(cache) = cache {
                            cache.put(&key, &bytes).await;
                        }
                        return Ok(unpacked);
                    }
                    Err(fault) => last_failure = fault.into(),
                },
                Err(failure) => last_failure = failure,
            }
        }
        Err(last_failure.of(format!("{}/{}", self.name, shard.file)))
    }
}

/// The inputs of a shard, read.
enum ShardInputs<'a> {
    Bytes(&'a [u8]),
    Numbers(Vec<f32>),
    Texts(Vec<&'a str>),
}

impl ShardInputs<'_> {
    fn inputs(&self) -> Inputs<'_> {
        match self {
            Self::Bytes(bytes) => Inputs::Values(Values::U8(bytes)),
            Self::Numbers(numbers) => Inputs::Values(Values::F32(numbers)),
            Self::Texts(texts) => Inputs::Texts(texts),
        }
    }
}

impl Manifest {
    fn parse(bytes: &js_sys::Uint8Array) -> Result<Self, FileFault> {
        let mut manifest: Self = serde_json::from_slice(&bytes.to_vec())
            .map_err(|error| FileFault::BadDescription { details: error.to_string() })?;
        if !(1..=FORMAT_VERSION).contains(&manifest.format_version) {
            return Err(FileFault::FormatVersion { expected: FORMAT_VERSION, got: manifest.format_version });
        }
        let is_text = manifest.dtype == Dtype::Text;
        if manifest.shape.is_empty() && !is_text {
            manifest.shape = vec![manifest.height, manifest.width, manifest.channels];
        }
        let sizes: Vec<usize> = manifest.shape.iter().copied().chain([manifest.classes.max(manifest.values)]).collect();
        let values = manifest.shape.iter().fold(1usize, |product, extent| product.saturating_mul(*extent));
        if sizes.iter().any(|size| !(1..=4096).contains(size))
            || values > 1 << 20
            || manifest.classes > 256
            || manifest.examples(SplitName::Train) > 10_000_000
        {
            return Err(FileFault::BadExtents { extents: sizes.iter().collect() });
        }
        Ok(manifest)
    }

    fn examples(&self, split: SplitName) -> usize {
        self.shards.iter().filter(|shard| shard.split == split).map(|shard| shard.examples).sum()
    }

    /// Returns the bytes of the inputs of a shard.
    fn input_bytes(&self, shard: &Shard) -> usize {
        let values = shard.examples * self.shape.iter().product::<usize>();
        match self.dtype {
            Dtype::U8 => values,
            Dtype::F32 => 4 * values,
            Dtype::Text => shard.text_bytes,
        }
    }

    /// Returns the bytes of a target.
    fn target_bytes(&self) -> usize {
        if self.values > 0 { 4 * self.values } else { 1 }
    }

    /// Describes the data set. The names of classes and columns are those of the catalogue, if it has a data set of this
    /// name and kind, else numbers.
    fn info(&self) -> DatasetInfo {
        let text = (self.dtype == Dtype::Text).then(|| sources::find(&self.name).and_then(Source::text));
        let text = text.map(|own| own.unwrap_or_default());
        let numbered = |count: usize| (0..count).map(|index| index.to_string());
        let numbers = |dtype| Field { shape: self.shape.clone(), dtype, columns: Vec::new() };
        let schema = Schema {
            input: match self.dtype {
                Dtype::U8 => numbers(FieldType::U8 { scale: 255.0 }),
                Dtype::F32 => numbers(FieldType::F32),
                Dtype::Text => text.unwrap_or_default().field(),
            },
            target: match self.values {
                0 => Target::classes(numbered(self.classes)),
                values => Target::values(numbered(values)),
            },
        };
        let known = sources::find(&self.name).map(|source| (source.schema)());
        let has_same_kind = |known: &Schema| {
            (&known.input.shape, known.input.dtype) == (&schema.input.shape, schema.input.dtype)
                && (known.target.class_names().len(), known.target.words())
                    == (schema.target.class_names().len(), schema.target.words())
        };
        DatasetInfo {
            name: self.name.clone(),
            schema: known.filter(has_same_kind).unwrap_or(schema),
            train_total: self.examples(SplitName::Train),
            test_total: self.examples(SplitName::Test),
            text,
        }
    }

    /// Returns the order of downloads: the first training shard, so that training can start; then the test examples, for
    /// evaluation; then the rest.
    fn order(&self) -> Vec<usize> {
        let of = |split| (0..self.shards.len()).filter(move |&index| self.shards[index].split == split);
        of(SplitName::Train).take(1).chain(of(SplitName::Test)).chain(of(SplitName::Train).skip(1)).collect()
    }
}

/// Reads little-endian numbers.
fn numbers(bytes: &[u8]) -> Vec<f32> {
    let (words, _) = bytes.as_chunks::<4>();
    words.iter().map(|word| f32::from_le_bytes(*word)).collect()
}

/// Checks and unpacks a shard as it came from the server or the cache.
async fn unpack(bytes: &js_sys::Uint8Array, shard: &Shard, manifest: &Manifest) -> Result<Vec<u8>, FileFault> {
    let unpacked_len = manifest.input_bytes(shard) + shard.examples * manifest.target_bytes();
    // Some servers declare such files as compressed on the way, and the browser has unpacked them already.
    if !is_gzip(bytes) && bytes.length() as usize == unpacked_len {
        return Ok(bytes.to_vec());
    }
    if f64::from(bytes.length()) != shard.size_bytes {
        return Err(FileFault::PackedLength { expected: shard.size_bytes as usize, got: bytes.length() as usize });
    }
    if let Some(hash) = sha256(bytes).await
        && !hash.eq_ignore_ascii_case(&shard.sha256)
    {
        return Err(FileFault::Hash { expected: shard.sha256.clone(), got: hash });
    }
    let unpacked = gunzip(bytes, unpacked_len).await.ok_or(FileFault::NotGzip)?;
    if unpacked.len() != unpacked_len {
        return Err(FileFault::UnpackedLength { expected: unpacked_len, got: unpacked.len() });
    }
    Ok(unpacked)
}
