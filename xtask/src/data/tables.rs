//! Tables of scikit-learn: breast cancer, wine, diabetes.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use flate2::read::GzDecoder;

use super::pip::Package;
use super::{Cut, Source, TargetKind, Width, mixing_step, sha256};
use crate::shell::{capture, command, find, target};

/// The wheel for CPython 3.11 on Linux, on every machine, so that its hash is known. The tables are the same in every wheel of the
/// version.
static PACKAGE: Package = Package {
    requirement: "scikit-learn==1.7.2",
    file: "scikit_learn-1.7.2-cp311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
    sha256: "89877e19a80c7b11a2891a27c21c4894fb18e2c2e077815bcade10d34287b20d",
    choice: &["--only-binary=:all:", "--platform=manylinux2014_x86_64", "--python-version=3.11"],
    contents: "tables",
    size: "10 MB",
};
const FOLDER: &str = "sklearn/datasets/data";

/// A table in CSV files.
#[derive(Clone, Copy)]
pub struct Table {
    name: &'static str,
    /// The files with their SHA-256, unpacked: one of inputs and targets, or one of each.
    files: &'static [(&'static str, &'static str)],
    /// The first line names the number of rows and the classes.
    has_header: bool,
    columns: usize,
    target: TargetKind,
    separator: char,
}

pub static BREAST_CANCER: Table = Table {
    name: "breast-cancer",
    files: &[("breast_cancer.csv", "fed3eb72d0575ef6192293f5093c6e801b1476b577d0386bf4455504522172ed")],
    has_header: true,
    columns: 30,
    target: TargetKind::Classes(2),
    separator: ',',
};

pub static WINE: Table = Table {
    name: "wine",
    files: &[("wine_data.csv", "10e8a802908b34f86e5da8ce962f3c806694bc98450a18f61851af59f324bede")],
    has_header: true,
    columns: 13,
    target: TargetKind::Classes(3),
    separator: ',',
};

pub static DIABETES: Table = Table {
    name: "diabetes",
    files: &[
        ("diabetes_data_raw.csv", "ec2683754c379fdffc39f53922c475eff67e2fb9c94c7c27207b7c4371d51726"),
        ("diabetes_target.csv", "244713a551f62a291a354212d8a048adec6cb1244b2bc44e66a0698f5006d26d"),
    ],
    has_header: false,
    columns: 10,
    target: TargetKind::Values(1),
    separator: ' ',
};

impl Source for Table {
    fn name(&self) -> &'static str {
        self.name
    }

    fn read(&self, from: Option<&Path>) -> Result<Cut> {
        let texts = match from.and_then(|from| self.texts(from).ok()) {
            Some(texts) => texts,
            None => self.texts(&fetch()?.join(FOLDER))?,
        };
        self.cut(&texts)
    }
}

impl Table {
    /// Reads the files of a folder, raw or gzipped.
    fn texts(&self, folder: &Path) -> Result<Vec<String>> {
        let read = |(name, expected): &(&str, &str)| {
            let (raw, gzipped) = (folder.join(name), folder.join(format!("{name}.gz")));
            let bytes = match fs::read(&raw) {
                Ok(bytes) => bytes,
                Err(_) => {
                    let file = File::open(&gzipped)
                        .with_context(|| format!("{} holds neither {name} nor {name}.gz", folder.display()))?;
                    let mut bytes = Vec::new();
                    GzDecoder::new(file).read_to_end(&mut bytes)?;
                    bytes
                }
            };
            let got = sha256(&bytes);
            ensure!(got == *expected, "{name} is not the published file: its SHA-256 is {got}, expected {expected}");
            String::from_utf8(bytes).with_context(|| format!("{name} is no text"))
        };
        self.files.iter().map(read).collect()
    }

    /// Cuts the rows into inputs and targets. The last fifth, in an order that mixes the classes, is the test part.
    fn cut(&self, texts: &[String]) -> Result<Cut> {
        let parse = |text: &String| -> Result<Vec<Vec<f32>>> {
            let lines = text.lines().skip(usize::from(self.has_header)).filter(|line| !line.trim().is_empty());
            let number = |word: &str| word.trim().parse::<f32>().with_context(|| format!("\"{word}\" is no number"));
            let row = |line: &str| {
                line.split(self.separator).filter(|word| !word.is_empty()).map(number).collect::<Result<Vec<f32>>>()
            };
            lines.map(row).collect()
        };
        let mut rows = texts.first().map(parse).transpose()?.unwrap_or_default();
        if let Some(targets) = texts.get(1) {
            rows.iter_mut().zip(parse(targets)?).for_each(|(row, target)| row.extend(target));
        }
        let count = rows.len();
        ensure!(
            count > 0 && rows.iter().all(|row| row.len() == self.columns + 1),
            "{} should have {} columns and a target in every row",
            self.name,
            self.columns
        );
        let mut parts = <[[Vec<u8>; 2]; 2]>::default();
        let step = mixing_step(count);
        for place in 0..count {
            let (inputs, target) = rows[place * step % count].split_at(self.columns);
            let [part_inputs, part_targets] = &mut parts[usize::from(place >= count - count / 5)];
            part_inputs.extend(inputs.iter().flat_map(|value| value.to_le_bytes()));
            match self.target {
                TargetKind::Classes(_) => part_targets.extend(target.iter().map(|class| *class as u8)),
                TargetKind::Values(_) => part_targets.extend(target.iter().flat_map(|value| value.to_le_bytes())),
            }
        }
        let target_bytes = if matches!(self.target, TargetKind::Classes(_)) { 1 } else { 4 };
        Ok(Cut {
            shape: vec![self.columns],
            dtype: "f32",
            target: self.target,
            input: Width::Bytes(4 * self.columns),
            target_bytes,
            parts,
            shard: count,
        })
    }
}

/// Downloads scikit-learn's wheel, and unpacks it.
fn fetch() -> Result<PathBuf> {
    let folder = target().join("scikit-learn");
    if folder.join(FOLDER).is_dir() {
        return Ok(folder);
    }
    let download = target().join("scikit-learn.download");
    let wheel = PACKAGE.download(&download)?;
    let python = find("python3").context("python3 is needed to unpack the tables")?;
    let unpacked = capture(command(&python).args(["-m", "zipfile", "-e"]).arg(&wheel).arg(&folder));
    // The tables are unpacked, or the next run fetches the wheel again.
    let _ = fs::remove_dir_all(&download);
    unpacked.with_context(|| format!("{} cannot be unpacked; run the command again", wheel.display()))?;
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_mixed_and_the_last_fifth_is_for_testing() {
        let table = Table { files: &[], columns: 2, ..WINE };
        let text: String = (0..10).map(|row| format!("{row},{}.5,{}\n", row * 10, row / 5)).collect();
        let cut = table.cut(&["10,2,a,b\n".to_owned() + &text]).unwrap();
        let rows = |part: usize| -> Vec<[f32; 2]> {
            let (words, _) = cut.parts[part][0].as_chunks::<4>();
            let numbers: Vec<f32> = words.iter().map(|word| f32::from_le_bytes(*word)).collect();
            numbers.as_chunks::<2>().0.to_vec()
        };
        let (train, test) = (rows(0), rows(1));
        assert_eq!((train.len(), test.len(), train[0]), (8, 2, [0.0, 0.5]));
        let mut all: Vec<u32> = train.iter().chain(&test).map(|row| row[0] as u32).collect();
        all.sort_unstable();
        assert_eq!(all, (0..10).collect::<Vec<_>>(), "every row once");
        let classes: Vec<u8> = train.iter().map(|row| u8::from(row[0] >= 5.0)).collect();
        assert_eq!(cut.parts[0][1], classes);
    }
}
