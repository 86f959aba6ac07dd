//! Normalised results. Absent is `None`, never zero.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::forward::{Extra, Word, has_extra};
use super::sensitive::Sensitive;

/// The normalised scores of one attempt.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TestResult {
    /// The test as a whole.
    pub overall: Option<Score>,
    /// The sections that the vendor scored.
    pub skills: Vec<SkillScore>,
    /// What the score corresponds to elsewhere, in the vendor's words.
    pub equivalents: Equivalents,
    /// WebCAPE's placement, such as `Semester 4`.
    pub placement: Option<String>,
    /// The vendor's formatted report. Whoever has the address sees the report.
    pub report_url: Option<Sensitive<String>>,
    /// How long the candidate sat, in seconds.
    pub duration_seconds: Option<f64>,
    /// When the candidate began, where the vendor says.
    pub started_at: Option<Timestamp>,
    /// When the candidate finished, where the vendor says.
    pub finished_at: Option<Timestamp>,
    /// The day on which the candidate finished, where the vendor says only that.
    pub finished_on: Option<Date>,
    /// The vendor's version of the assessment.
    pub assessment_version: Option<String>,
    #[serde(flatten)]
    pub extra: Extra,
}

has_extra!(TestResult: overall, skills, equivalents, extra);

/// One score on its scale.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Where the value lies.
    pub scale: Scale,
    /// The value; `None` where a section has no score of its own.
    pub value: Option<f64>,
    /// The CEFR level, where the vendor names one.
    pub cefr: Option<CefrBand>,
    /// Also of the section whose score it is.
    #[serde(flatten)]
    pub extra: Extra,
}

has_extra!(Score: cefr, extra);

impl Score {
    pub fn new(scale: Scale, value: Option<f64>, cefr: Option<CefrBand>) -> Self {
        Self { scale, value, cefr, extra: Extra::default() }
    }
}

/// The score of one section.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SkillScore {
    pub skill: Skill,
    #[serde(flatten)]
    pub score: Score,
    /// The vendor's raw points.
    pub raw_score: Option<f64>,
    /// Percent of correct answers, 0 to 100.
    pub percent: Option<f64>,
    pub correct: Option<u32>,
    /// Items in the section; `None`, never zero, where it had none.
    pub total: Option<u32>,
}

has_extra!(SkillScore: score);

/// A section of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Skill {
    Grammar,
    Listening,
    Reading,
    Writing,
    Speaking,
    Vocabulary,
    /// A word of a later release.
    #[serde(untagged)]
    Other(Word),
}

impl Skill {
    const ALL: [Skill; 6] =
        [Skill::Grammar, Skill::Listening, Skill::Reading, Skill::Writing, Skill::Speaking, Skill::Vocabulary];

    fn as_str(&self) -> &str {
        match self {
            Skill::Grammar => "grammar",
            Skill::Listening => "listening",
            Skill::Reading => "reading",
            Skill::Writing => "writing",
            Skill::Speaking => "speaking",
            Skill::Vocabulary => "vocabulary",
            Skill::Other(word) => word.as_str(),
        }
    }
}

impl FromStr for Skill {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|skill| skill.as_str().eq_ignore_ascii_case(text)).ok_or(())
    }
}

/// What of a vendor's report has a score: the test as a whole, or a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScoreField {
    Overall,
    #[serde(untagged)]
    Section(Skill),
}

impl From<Skill> for ScoreField {
    fn from(skill: Skill) -> Self {
        ScoreField::Section(skill)
    }
}

impl fmt::Display for ScoreField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ScoreField::Overall => "overall",
            ScoreField::Section(skill) => skill.as_str(),
        })
    }
}

/// A vendor's scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scale {
    /// iTEP levels, 0.0 to 6.0.
    Itep,
    /// TrueNorth, 0 to 10 in steps of 0.1.
    Truenorth,
    /// WebCAPE, 0 to 1000 in whole numbers.
    Webcape,
    /// Correct answers out of a number of items: no scale of its own.
    Items,
    /// A word of a later release.
    #[serde(untagged)]
    Other(Word),
}

impl Scale {
    /// The lowest and the highest value, where the scale has them.
    pub fn bounds(self) -> Option<(f64, f64)> {
        match self {
            Scale::Itep => Some((0.0, 6.0)),
            Scale::Truenorth => Some((0.0, 10.0)),
            Scale::Webcape => Some((0.0, 1000.0)),
            Scale::Items | Scale::Other(_) => None,
        }
    }
}

/// A CEFR level in order, `A1` lowest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Cefr {
    PreA1,
    A1,
    A2,
    B1,
    B2,
    C1,
    C2,
}

impl FromStr for Cefr {
    type Err = ();
    /// Reads a level, also with the `+` or `-` of a finer scale.
    fn from_str(text: &str) -> Result<Self, ()> {
        let text = text.to_ascii_uppercase().replace(' ', "");
        match text.strip_suffix(['+', '-']).unwrap_or(&text) {
            "A0" | "PREA1" | "PRE-A1" | "<A1" => Ok(Cefr::PreA1),
            "A1" => Ok(Cefr::A1),
            "A2" => Ok(Cefr::A2),
            "B1" => Ok(Cefr::B1),
            "B2" => Ok(Cefr::B2),
            "C1" => Ok(Cefr::C1),
            "C2" => Ok(Cefr::C2),
            _ => Err(()),
        }
    }
}

impl fmt::Display for Cefr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Cefr::PreA1 => "pre-A1",
            Cefr::A1 => "A1",
            Cefr::A2 => "A2",
            Cefr::B1 => "B1",
            Cefr::B2 => "B2",
            Cefr::C1 => "C1",
            Cefr::C2 => "C2",
        })
    }
}

/// A CEFR level or range: the vendor's spelling beside the levels it names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CefrBand {
    /// As the vendor wrote it, such as `B2-C1`.
    pub text: String,
    /// The lowest level named; `None` in what was stored of a text that is no level.
    pub min: Option<Cefr>,
    /// The highest level named.
    pub max: Option<Cefr>,
    #[serde(flatten)]
    pub extra: Extra,
}

has_extra!(CefrBand: extra);

impl CefrBand {
    /// The longest text that is a level or a range, in bytes.
    const TEXT_MAX: usize = 24;

    /// Reads a vendor's text; `None` where it names no level.
    pub fn parse(text: &str) -> Option<Self> {
        let text = Some(text.trim()).filter(|text| text.len() <= Self::TEXT_MAX)?;
        let (low, high) = match text.parse::<Cefr>() {
            Ok(level) => (level, level),
            Err(()) => text.match_indices(['-', '–', '/']).find_map(|(at, sign)| {
                let (low, high) = (&text[..at], &text[at + sign.len()..]);
                Some((low.parse().ok()?, high.parse().ok()?))
            })?,
        };
        let (min, max) = (Some(low.min(high)), Some(low.max(high)));
        Some(Self { text: text.to_owned(), min, max, extra: Extra::default() })
    }
}

/// Equivalent levels elsewhere, in the vendor's words.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Equivalents {
    pub actfl: Option<String>,
    pub toefl_speaking: Option<String>,
    pub ielts_speaking: Option<String>,
    pub toeic_speaking: Option<String>,
    #[serde(flatten)]
    pub extra: Extra,
}

has_extra!(Equivalents: extra);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_is_read_as_it_is_written() {
        let levels = ["pre-A1", "A1", "A2", "B1", "B2", "C1", "C2"];
        let read = levels.map(|text| text.parse::<Cefr>().unwrap());
        assert!(read.is_sorted_by(|low, high| low < high), "each is higher than the one before");
        assert_eq!(read.map(|level| level.to_string()), levels);
        let variants = ["<a1", "b1+", "C 2", "A0", "PRE A1", "B2-"].map(str::parse);
        let expected = [Cefr::PreA1, Cefr::B1, Cefr::C2, Cefr::PreA1, Cefr::PreA1, Cefr::B2];
        assert_eq!(variants, expected.map(Ok));
    }

    #[test]
    fn a_scale_has_its_vendors_bounds_and_items_have_none() {
        let scales = [Scale::Itep, Scale::Truenorth, Scale::Webcape, Scale::Items];
        let bounds = scales.map(Scale::bounds);
        assert_eq!(bounds, [Some((0.0, 6.0)), Some((0.0, 10.0)), Some((0.0, 1000.0)), None]);
    }

    #[test]
    fn a_cefr_range_keeps_the_vendors_spelling_and_names_both_ends() {
        let band = CefrBand::parse("B2-C1").unwrap();
        assert_eq!((band.min, band.max), (Some(Cefr::B2), Some(Cefr::C1)));
        assert_eq!(band.text, "B2-C1");
    }

    #[test]
    fn a_range_is_read_however_it_is_joined() {
        for text in ["B2-C1", "C1 - B2", "B2–C1", "B2/C1", "b2+ - c1-"] {
            let band = CefrBand::parse(text).unwrap();
            assert_eq!((band.min, band.max), (Some(Cefr::B2), Some(Cefr::C1)), "{text}");
        }
        let band = CefrBand::parse("pre-A1-A2").unwrap();
        assert_eq!((band.min, band.max), (Some(Cefr::PreA1), Some(Cefr::A2)));
    }

    #[test]
    fn a_text_that_is_no_level_is_none() {
        // The last but one is Cyrillic, the last in full-width digits.
        for text in ["", " ", "*", "upper", "n/a", "A3", "B", "C1-D1", "B2-C1-C2", "B1++", "B1 (low)", "А1", "B２"] {
            assert_eq!(CefrBand::parse(text), None, "{text}");
        }
    }
}
