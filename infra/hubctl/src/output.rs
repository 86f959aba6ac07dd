//! Plain tables for people, JSON for scripts.

use std::env;
use std::io::{self, IsTerminal, Write};

use jiff::Timestamp;
use serde_json::Value;

/// How much of a body is shown, in characters.
const EXCERPT: usize = 2048;

/// Where to print, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    pub(crate) json: bool,
    colour: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        let wanted = env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { json, colour: wanted && io::stdout().is_terminal() }
    }

    /// Prints JSON to a script, or the lines to a person. A closed pipe is no error.
    pub(crate) fn say(self, json: &Value, lines: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        let said = if self.json { writeln!(out, "{json}") } else { writeln!(out, "{}", lines.trim_end()) };
        match said.and_then(|()| out.flush()) {
            Err(closed) if closed.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            said => said,
        }
    }

    /// Lays an object out, a line for each field that is there.
    pub(crate) fn fields(self, object: &Value) -> String {
        let fields = object.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
        let row = |(name, value): (&String, &Value)| {
            vec![name.replace('_', " "), value.as_str().map_or_else(|| value.to_string(), str::to_owned)]
        };
        self.table(&["FIELD", "VALUE"], &fields.map(row).collect::<Vec<_>>())
    }

    /// Sets a text off whole, without what could steer a terminal.
    pub(crate) fn whole(self, title: &str, text: &str) -> String {
        self.set_off(title, &tame(text))
    }

    /// Lays out rows under their headings.
    pub(crate) fn table(self, headings: &[&str], rows: &[Vec<String>]) -> String {
        // Names and reasons come from outside, and must not steer a terminal.
        let tame = |cell: &String| cell.replace(char::is_control, " ");
        let rows: Vec<Vec<_>> = rows.iter().map(|row| row.iter().map(tame).collect()).collect();
        let width = |column: usize| {
            let cells = rows.iter().map(|row| row[column].chars().count());
            cells.chain([headings[column].len()]).max().unwrap_or_default()
        };
        let widths: Vec<_> = (0..headings.len()).map(width).collect();
        let line = |cells: Vec<&str>| {
            let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
            padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        let heading = line(headings.to_vec());
        let heading = if self.colour { format!("\x1b[1m{heading}\x1b[0m") } else { heading };
        let rows = rows.iter().map(|row| line(row.iter().map(String::as_str).collect()));
        [heading].into_iter().chain(rows).map(|line| line + "\n").collect()
    }

    /// Sets text off below a table.
    pub(crate) fn below(self, title: &str, text: &str) -> String {
        self.set_off(title, &excerpt(text))
    }

    fn set_off(self, title: &str, text: &str) -> String {
        let title = if self.colour { format!("\x1b[1m{title}\x1b[0m") } else { title.to_owned() };
        let text: String = text.lines().map(|line| format!("  {line}\n")).collect();
        format!("\n{title}\n{text}")
    }
}

/// The beginning of a text, without what could steer a terminal.
pub(crate) fn excerpt(text: &str) -> String {
    let mut excerpt: String = tame(text).chars().take(EXCERPT).collect();
    if text.chars().count() > EXCERPT {
        excerpt.push_str(" […]");
    }
    excerpt
}

fn tame(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}

/// A time to the second.
pub(crate) fn time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// How long ago, in the largest unit that says enough.
pub(crate) fn age(since: Timestamp, now: Timestamp) -> String {
    let minutes = now.duration_since(since).as_secs().max(0) / 60;
    match minutes {
        0..120 => format!("{minutes} min"),
        120..2_880 => format!("{} h", minutes / 60),
        _ => format!("{} d", minutes / 1_440),
    }
}

/// A text, or a dash.
pub(crate) fn or_dash(text: Option<impl ToString>) -> String {
    text.map_or("-".to_owned(), |text| text.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Output = Output { json: false, colour: false };

    #[test]
    fn columns_are_as_wide_as_what_stands_in_them() {
        let rows = [vec!["acme-x7".to_owned(), "Acmé".to_owned()], vec!["b".to_owned(), "-".to_owned()]];
        assert_eq!(PLAIN.table(&["ID", "NAME"], &rows), "ID       NAME\nacme-x7  Acmé\nb        -\n");
    }

    #[test]
    fn a_body_cannot_steer_the_terminal_and_is_cut() {
        assert_eq!(excerpt("a\x1b[31mb\nc"), "a[31mb\nc");
        assert_eq!(excerpt(&"x".repeat(3000)).len(), EXCERPT + " […]".len());
    }

    #[test]
    fn an_age_is_told_in_one_unit() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let ages = ["2026-11-23T11:59:00Z", "2026-11-23T08:59:00Z", "2026-11-19T12:00:00Z", "2026-11-23T12:01:00Z"];
        assert_eq!(ages.map(|since| age(since.parse().unwrap(), now)), ["1 min", "3 h", "4 d", "0 min"]);
    }
}
