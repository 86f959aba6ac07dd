//! The plot of statuses over time: stacked areas, from the reservations' histories.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use test_support::figures::grouped;

use super::books::{Books, Reservation};
use super::report::Course;

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 480.0;
/// Left, top, right, bottom.
const MARGINS: [f64; 4] = [76.0, 56.0, 168.0, 56.0];
/// How many points in time are drawn at most.
const STEPS: usize = 600;

/// What is drawn, from the bottom up: name, states, colour (Okabe and Ito's, which the colour-blind tell apart).
const BANDS: [(&str, &[&str], &str); 6] = [
    ("completed", &["completed"], "#009E73"),
    ("sat, not graded", &["in_progress", "awaiting_score", "under_review"], "#56B4E9"),
    ("ready", &["ready"], "#0072B2"),
    ("in doubt", &["in_doubt"], "#D55E00"),
    ("pending", &["pending"], "#E69F00"),
    ("rejected and others", &[], "#999999"),
];

pub(crate) fn draw(books: &Books, course: &Course) -> String {
    let end = course.ended.duration_since(course.began).as_secs_f64().max(1.0);
    let counts = counts(books, course, end);
    let chart = Chart { end, most: books.len().max(1) as f64 };
    let peace = course.peace.duration_since(course.began).as_secs_f64();
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" \
         font-family=\"Helvetica, Arial, sans-serif\" font-size=\"13\" fill=\"#222\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    chart.title(&mut svg, books.len());
    chart.areas(&mut svg, &counts);
    chart.axes(&mut svg);
    chart.phases(&mut svg, peace);
    chart.legend(&mut svg);
    svg.push_str("</svg>\n");
    svg
}

/// How many reservations stand in each band at each point in time.
fn counts(books: &Books, course: &Course, end: f64) -> Vec<[f64; BANDS.len()]> {
    let step = end / STEPS as f64;
    let mut changes: BTreeMap<usize, [i64; BANDS.len()]> = BTreeMap::new();
    for reservation in books.values() {
        let mut stands: Option<usize> = None;
        for (at, band) in course_of(reservation) {
            let seconds = at.duration_since(course.began).as_secs_f64().max(0.0);
            let change = changes.entry((seconds / step).ceil() as usize).or_default();
            if let Some(before) = stands {
                change[before] -= 1;
            }
            change[band] += 1;
            stands = Some(band);
        }
    }
    let mut now = [0_i64; BANDS.len()];
    let at = |step: usize| {
        let change = changes.get(&step).copied().unwrap_or_default();
        now.iter_mut().zip(change).for_each(|(count, change)| *count += change);
        now.map(|count| count as f64)
    };
    (0..=STEPS).map(at).collect()
}

fn course_of(reservation: &Reservation) -> Vec<(jiff::Timestamp, usize)> {
    let mut course = vec![(reservation.created_at, band("pending"))];
    course.extend(reservation.history.iter().filter(|entry| entry.applied).map(|entry| (entry.at, band(&entry.to))));
    course
}

fn band(status: &str) -> usize {
    BANDS.iter().position(|(_, states, _)| states.contains(&status)).unwrap_or(BANDS.len() - 1)
}

struct Chart {
    /// Seconds on the whole x axis.
    end: f64,
    /// Reservations on the whole y axis.
    most: f64,
}

impl Chart {
    fn x(&self, seconds: f64) -> f64 {
        MARGINS[0] + seconds / self.end * (WIDTH - MARGINS[0] - MARGINS[2])
    }

    fn y(&self, count: f64) -> f64 {
        HEIGHT - MARGINS[3] - count / self.most * (HEIGHT - MARGINS[1] - MARGINS[3])
    }

    fn title(&self, svg: &mut String, count: usize) {
        let (x, text) = (MARGINS[0], format!("Where {} reservations stood", grouped(count as u64)));
        let _ = writeln!(svg, "<text x=\"{x}\" y=\"24\" font-size=\"17\" font-weight=\"bold\">{text}</text>");
    }

    fn areas(&self, svg: &mut String, counts: &[[f64; BANDS.len()]]) {
        let seconds = |index: usize| index as f64 / STEPS as f64 * self.end;
        for (number, (_, _, colour)) in BANDS.iter().enumerate() {
            let edge = |bands: usize| {
                counts.iter().enumerate().map(move |(index, at)| (seconds(index), at[..bands].iter().sum::<f64>()))
            };
            let lower: Vec<_> = edge(number).collect();
            let points = edge(number + 1).chain(lower.into_iter().rev());
            let points: String = points.map(|(x, y)| format!("{:.1},{:.1} ", self.x(x), self.y(y))).collect();
            let _ = writeln!(svg, "<polygon fill=\"{colour}\" points=\"{}\"/>", points.trim_end());
        }
    }

    fn axes(&self, svg: &mut String) {
        let (left, right, bottom) = (self.x(0.0), self.x(self.end), self.y(0.0));
        for count in ticks(self.most) {
            let y = self.y(count);
            let _ = writeln!(
                svg,
                "<path d=\"M{left} {y:.1}H{right}\" stroke=\"#000\" stroke-opacity=\".15\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                left - 8.0,
                y + 4.5,
                grouped(count.round() as u64)
            );
        }
        for minutes in ticks(self.end / 60.0) {
            let x = self.x(minutes * 60.0);
            let _ = writeln!(
                svg,
                "<path d=\"M{x:.1} {bottom}v5\" stroke=\"#222\"/>\
                 <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{minutes}</text>",
                bottom + 20.0
            );
        }
        let (middle_x, middle_y) = ((left + right) / 2.0, (bottom + MARGINS[1]) / 2.0);
        let _ = writeln!(
            svg,
            "<path d=\"M{left} {}V{bottom}H{right}\" fill=\"none\" stroke=\"#222\"/>\n\
             <text x=\"{middle_x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">time since the first order (minutes)</text>\n\
             <text transform=\"translate(18 {middle_y:.1}) rotate(-90)\" text-anchor=\"middle\">reservations</text>",
            MARGINS[1],
            HEIGHT - 14.0
        );
    }

    /// When faults lasted, and when they were over.
    fn phases(&self, svg: &mut String, peace: f64) {
        let (x, top, bottom) = (self.x(peace), MARGINS[1] - 14.0, self.y(0.0));
        let _ = writeln!(
            svg,
            "<path d=\"M{x:.1} {top}V{bottom}\" stroke=\"#222\" stroke-width=\"1.5\" stroke-dasharray=\"5 3\"/>\n\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">orders under faults</text>\n\
             <text x=\"{:.1}\" y=\"{:.1}\">no more faults</text>",
            x - 8.0,
            top + 4.0,
            x + 8.0,
            top + 4.0
        );
    }

    /// In the order of the bands as they are seen: the topmost first.
    fn legend(&self, svg: &mut String) {
        let x = WIDTH - MARGINS[2] + 18.0;
        for (row, (name, _, colour)) in BANDS.iter().rev().enumerate() {
            let y = MARGINS[1] + 8.0 + row as f64 * 24.0;
            let _ = writeln!(
                svg,
                "<rect x=\"{x}\" y=\"{y}\" width=\"14\" height=\"14\" fill=\"{colour}\"/>\
                 <text x=\"{}\" y=\"{}\">{name}</text>",
                x + 21.0,
                y + 12.0
            );
        }
    }
}

/// Round numbers from 0 to the most, four to eight of them.
fn ticks(most: f64) -> Vec<f64> {
    let rough = most / 6.0;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|n| n * power).find(|step| *step >= rough).unwrap_or(rough);
    let count = (most / step + 1e-9).floor() as u32;
    (0..=count).map(|n| (f64::from(n) * step * 1e6).round() / 1e6).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(ticks(10_000.0), [0.0, 2000.0, 4000.0, 6000.0, 8000.0, 10_000.0]);
        assert_eq!(ticks(2.5), [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]);
    }
}
