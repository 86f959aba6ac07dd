//! The *Available Test CSV*, which iTEP's administrators export from the screen
//! "Tests Available" (Integration Fulfillment, "Obtaining a Test ID").
//!
//! The documents show that screen and no file, so columns are found by their names
//! wherever they stand, and `Assigned To` is read whether it is JSON, JSON with its
//! quotes lost (as on the screen), or a note. Nothing of it is kept but the
//! reservation that it names; of the password column nothing at all.
//!
//! Spreadsheets save such files with other separators and encodings, put guards in
//! front of texts, and round what looks like a number: `cells` knows their ways.

mod cells;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::io::{self, Read};

use csv::ByteRecord;
use serde_json::Value;
use shared_core::domain::ids::ReservationId;
use shared_core::usecases::import_inventory::{Assigned, Listing, Row, Unreadable};

use crate::vendors::json::without_mark;

/// The largest file, in bytes.
const FILE_MAX: u64 = 64 << 20;
/// The most rows; the largest stock that the documents show is 136.
const ROWS_MAX: usize = 200_000;
/// The largest field that is looked into, in bytes.
const FIELD_MAX: usize = 16 << 10;
/// The longest version that is kept, in characters.
const VERSION_MAX: usize = 80;
/// How many rows may stand above the one that names the columns.
const TITLES_MAX: usize = 20;

/// Why a file is no inventory. Of such a file nothing is used.
#[derive(Debug, thiserror::Error)]
pub enum FileProblem {
    /// It cannot be read.
    #[error("the file cannot be read")]
    Reading(#[source] io::Error),
    /// It is a text in another encoding.
    #[error("the file is not UTF-8 but {0}: save it as \"CSV UTF-8\"")]
    Encoding(&'static str),
    /// It is something else.
    #[error(
        "the file is no Available Test CSV: none of its first {TITLES_MAX} rows names the columns Test ID # and \
         Assigned To"
    )]
    NoColumns,
    /// None of its rows is a test.
    #[error("no test can be read from the file{}", reasons(.0))]
    NoTests(Vec<Unreadable>),
    /// It is larger than any inventory.
    #[error("the file is too large: it may have {ROWS_MAX} rows and {} MiB", FILE_MAX >> 20)]
    TooLarge,
}

/// How many lines of no use are told where nothing else can be.
const REASONS_MAX: usize = 5;

fn reasons(lines: &[Unreadable]) -> String {
    let mut reasons = String::new();
    for Unreadable { line, why } in lines.iter().take(REASONS_MAX) {
        let _ = write!(reasons, "; line {line}: {why}");
    }
    reasons
}

/// Reads a file to its end.
///
/// # Errors
/// See [`FileProblem`]. A row that is of no use is none: it is listed by its line.
pub fn parse_listing(reader: impl Read) -> Result<Listing, FileProblem> {
    let mut file = Vec::new();
    reader.take(FILE_MAX + 1).read_to_end(&mut file).map_err(FileProblem::Reading)?;
    if file.len() as u64 > FILE_MAX {
        return Err(FileProblem::TooLarge);
    }
    let text = cells::utf8(without_mark(&file)).map_err(FileProblem::Encoding)?;
    let listing = listing(text)?;
    if listing.rows.is_empty() { Err(FileProblem::NoTests(listing.unreadable)) } else { Ok(listing) }
}

fn listing(text: &str) -> Result<Listing, FileProblem> {
    let (mut file, columns) = opened(text)?;
    let mut record = ByteRecord::new();
    let mut listing = Listing::default();
    while file.next(&mut record)? {
        if listing.rows.len() + listing.unreadable.len() == ROWS_MAX {
            return Err(FileProblem::TooLarge);
        }
        let line = record.position().map_or(0, csv::Position::line);
        match columns.row(&record, line) {
            Ok(row) => listing.rows.extend(row),
            Err(why) => listing.unreadable.push(Unreadable { line, why: why.to_owned() }),
        }
    }
    Ok(listing)
}

/// Finds the row that names the columns, whatever separates them.
fn opened(text: &str) -> Result<(Rows<'_>, Columns), FileProblem> {
    for separator in [b',', b';', b'\t'] {
        let mut file = Rows::new(text, separator);
        if let Some(columns) = file.columns(separator)? {
            return Ok((file, columns));
        }
    }
    Err(FileProblem::NoColumns)
}

/// The file's records.
struct Rows<'a>(csv::Reader<&'a [u8]>);

impl<'a> Rows<'a> {
    fn new(text: &'a str, separator: u8) -> Self {
        let mut builder = csv::ReaderBuilder::new();
        // Rows differ in length where quotes were lost around JSON; and lines are
        // counted right only where they end in one byte.
        builder.has_headers(false).flexible(true).delimiter(separator).terminator(csv::Terminator::Any(b'\n'));
        Self(builder.from_reader(text.as_bytes()))
    }

    /// Reads the next record; false at the end.
    fn next(&mut self, record: &mut ByteRecord) -> Result<bool, FileProblem> {
        self.0.read_byte_record(record).map_err(|error| FileProblem::Reading(error.into()))
    }

    /// The columns, if one of the first rows names them.
    fn columns(&mut self, separator: u8) -> Result<Option<Columns>, FileProblem> {
        let mut record = ByteRecord::new();
        for _ in 0..=TITLES_MAX {
            if !self.next(&mut record)? {
                break;
            }
            if let Some(columns) = Columns::named_by(&record, separator) {
                return Ok(Some(columns));
            }
        }
        Ok(None)
    }
}

#[derive(Debug)]
struct Columns {
    test_id: usize,
    assigned_to: usize,
    version: Option<usize>,
    status: Option<usize>,
    /// How many there are.
    count: usize,
    /// What stands between them.
    separator: u8,
}

impl Columns {
    /// The columns, if this is the row that names them.
    fn named_by(record: &ByteRecord, separator: u8) -> Option<Self> {
        let names: Vec<_> = record.iter().map(plain).collect();
        let find = |known: &[&str]| names.iter().position(|name| known.contains(&name.as_str()));
        Some(Self {
            test_id: find(&["testid", "testidnumber", "testidno"])?,
            assigned_to: find(&["assignedto", "assigned"])?,
            version: find(&["version", "testversion"]),
            status: find(&["status", "teststatus"]),
            count: names.len(),
            separator,
        })
    }

    /// Reads a row; `None` where it is blank.
    fn row(&self, record: &ByteRecord, line: u64) -> Result<Option<Row>, &'static str> {
        if record.iter().all(|field| field.trim_ascii().is_empty()) {
            return Ok(None);
        }
        if record.iter().any(|field| field.len() > FIELD_MAX) {
            return Err("a field is too long; is a quotation mark missing?");
        }
        // A row that was cut off must not pass for a free test.
        let assigned_to = record.get(self.assigned_to).ok_or("it ends before Assigned To")?;
        let is_ready = |status: &[u8]| matches!(plain(status).as_str(), "" | "ready");
        if !self.status.and_then(|column| record.get(column)).is_none_or(is_ready) {
            return Err("its status is not Ready");
        }
        let test_id = cells::test_id(record.get(self.test_id).unwrap_or_default())?;
        let version = cells::unguarded(self.version.and_then(|column| record.get(column)).unwrap_or_default());
        let spilled = record.iter().skip(self.count);
        let assigned_to: Vec<_> = [cells::unguarded(assigned_to)].into_iter().chain(spilled).collect();
        Ok(Some(Row {
            line,
            test_id,
            version: String::from_utf8_lossy(version).chars().take(VERSION_MAX).collect(),
            assigned: assigned(&String::from_utf8_lossy(&assigned_to.join(&self.separator)))
                .ok_or("it names two reservations")?,
        }))
    }
}

/// A name without what may differ: case, spaces and signs.
fn plain(field: &[u8]) -> String {
    field.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(|byte| char::from(byte.to_ascii_lowercase())).collect()
}

/// What `Assigned To` says; `None` where it is ambiguous. Names in it are the
/// candidates' own, so of JSON only our field counts, and of a text that is none
/// what stands behind our field's name comes first.
fn assigned(text: &str) -> Option<Assigned> {
    if text.trim_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ';')).is_empty() {
        return Some(Assigned::Nobody);
    }
    if let Some(fields) = json(text) {
        let id = fields.get("reservation-id").and_then(Value::as_str).and_then(|id| id.trim().parse().ok());
        return Some(id.map_or(Assigned::Another, Assigned::Ours));
    }
    let named = reservations(text);
    let is_field = |(_, is_field): &&(ReservationId, bool)| *is_field;
    let fields: BTreeSet<_> = named.iter().filter(is_field).map(|(id, _)| id).collect();
    let ids = if fields.is_empty() { named.iter().map(|(id, _)| id).collect() } else { fields };
    match ids.len() {
        0 => Some(Assigned::Another),
        1 => ids.first().map(|id| Assigned::Ours((*id).clone())),
        _ => None,
    }
}

/// The fields of a JSON object, also of one within a JSON string.
fn json(text: &str) -> Option<serde_json::Map<String, Value>> {
    match serde_json::from_str(text).ok()? {
        Value::Object(fields) => Some(fields),
        Value::String(inner) => serde_json::from_str(&inner).ok(),
        _ => None,
    }
}

/// Every reservation in a text, and whether our field's name stands before it.
fn reservations(text: &str) -> Vec<(ReservationId, bool)> {
    const LENGTH: usize = "res_".len() + 26;
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let found = text.match_indices("res_").filter_map(|(at, _)| {
        let (before, rest) = text.split_at(at);
        let (id, after) = rest.split_at_checked(LENGTH)?;
        if before.ends_with(is_word) || after.starts_with(is_word) {
            return None;
        }
        let is_field = before.trim_end_matches(|c: char| !is_word(c)).ends_with("reservation-id");
        Some((id.parse().ok()?, is_field))
    });
    found.collect()
}

#[cfg(test)]
mod tests;
