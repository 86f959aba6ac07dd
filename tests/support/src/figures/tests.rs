//! Documents quote figures as `<!-- model.runs.*.states -->512,055<!-- / -->`: a file of `tests/figures`, then keys.
//! `*` adds up the numbers below every key; an object is quoted by how many entries it has. `<!-- bill -->` and
//! `<!-- rows -->` are whole tables.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::{are_updated, bill, grouped, merge, read, rows};

const DOCUMENTS: [&str; 6] = [
    "README.md",
    "infra/COSTS.md",
    "shared/README.md",
    "shared/core/tests/model/README.md",
    "shared/core/tests/simulation/README.md",
    "tests/PROMISES.md",
];

const OPEN: &str = "<!-- ";
const CLOSE: &str = "<!-- / -->";

#[test]
fn documents_quote_the_figures_that_were_recorded() {
    for document in DOCUMENTS {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(document);
        let text = fs::read_to_string(&path).expect("a document");
        let rendered = render(&text, read).unwrap_or_else(|problem| panic!("{document}: {problem}"));
        if are_updated() {
            fs::write(&path, &rendered).expect("a document that can be written");
        }
        let is_current = are_updated() || text == rendered;
        assert!(
            is_current,
            "{document} and tests/figures differ: run `UPDATE_FIGURES=1 cargo test -p test-support figures`"
        );
    }
}

fn render(text: &str, read: impl Fn(&str) -> Value) -> Result<String, String> {
    let render_one = |piece: &str| {
        let Some(quoted) = piece.strip_suffix(CLOSE) else { return Ok(piece.to_owned()) };
        let marker = quoted.rsplit_once(OPEN).and_then(|(before, rest)| Some((before, rest.split_once(" -->")?.0)));
        let (before, path) = marker.ok_or(format!("`{CLOSE}` closes nothing"))?;
        Ok(format!("{before}{OPEN}{path} -->{}{CLOSE}", quote(path, &read)?))
    };
    text.split_inclusive(CLOSE).map(render_one).collect()
}

fn quote(path: &str, read: impl Fn(&str) -> Value) -> Result<String, String> {
    match path {
        "bill" => return bill::Figures::read(read).table(),
        "rows" => return rows::table(&read("rows")),
        _ => {}
    }
    let (name, keys) = path.split_once('.').ok_or(format!("`{path}` names no figure"))?;
    let file = read(name);
    let below = |value: &Value, key: &str| match value {
        Value::Object(map) if key == "*" => map.values().cloned().collect(),
        _ => value.get(key).into_iter().cloned().collect::<Vec<_>>(),
    };
    let found = keys
        .split('.')
        .fold(vec![file.clone()], |values, key| values.iter().flat_map(|value| below(value, key)).collect());
    let sum = || found.iter().map(Value::as_u64).sum::<Option<u64>>();
    match &found[..] {
        [] => {
            let command = file["command"].as_str().unwrap_or("a command of tests/README.md");
            Err(format!("tests/figures/{name}.json lacks `{keys}`: run {command} with UPDATE_FIGURES=1"))
        }
        [Value::String(text)] => Ok(text.clone()),
        [Value::Object(map)] => Ok(grouped(map.len() as u64)),
        [Value::Number(number)] if !number.is_u64() => Ok(number.to_string()),
        _ => sum().map(grouped).ok_or(format!("`{path}` is no figure")),
    }
}

fn sample(name: &str) -> Value {
    assert_eq!(name, "model");
    json!({"command": "`a command`", "share": 94.5, "runs": {"a": {"states": 1_000}, "b, c": {"states": 234}}})
}

#[test]
fn markers_are_replaced_and_nothing_else() {
    let text = "<!-- model.share -->1<!-- / --> % of <!-- model.runs.*.states --><!-- / -->\n\
        in <!-- model.runs -->7<!-- / --> runs, <!-- model.runs.b, c.states -->x<!-- / --> in the last";
    let expected = "<!-- model.share -->94.5<!-- / --> % of <!-- model.runs.*.states -->1,234<!-- / -->\n\
        in <!-- model.runs -->2<!-- / --> runs, <!-- model.runs.b, c.states -->234<!-- / --> in the last";
    assert_eq!(render(text, sample).as_deref(), Ok(expected));
}

#[test]
fn a_figure_that_was_not_recorded_names_the_command_that_records_it() {
    let problem = render("<!-- model.faults -->0<!-- / -->", sample).expect_err("no such figure");
    assert!(problem.contains("lacks `faults`: run `a command`"), "{problem}");
    assert!(render("0<!-- / -->", sample).is_err());
    assert!(render("<!-- model -->0<!-- / -->", sample).is_err());
}

#[test]
fn numbers_are_grouped() {
    let texts = [0, 999, 1_000, 10_000, 8_493_330].map(grouped);
    assert_eq!(texts, ["0", "999", "1,000", "10,000", "8,493,330"]);
}

#[test]
fn what_several_tests_of_a_command_record_is_merged() {
    let mut file = json!({"runs": {"a": 1, "b": 2}});
    merge(&mut file, json!({"runs": {"b": 3, "c": 4}, "faults": 0}));
    assert_eq!(file, json!({"runs": {"a": 1, "b": 3, "c": 4}, "faults": 0}));
}
