//! What operations cost as the table grows, as `tests/figures/rows.json` has it.

use serde_json::{Map, Value};

use super::grouped;

/// One line for each operation, one column for each number of reservations.
pub(super) fn table(file: &Value) -> Result<String, String> {
    let columns = file["columns"].as_array().ok_or("tests/figures/rows.json has no columns")?;
    let mut table = "\n\n| reservations |".to_owned();
    columns.iter().for_each(|column| table += &format!(" {} |", grouped(column["reservations"].as_u64().unwrap_or(0))));
    table += &format!("\n| --- |{}\n", " ---: |".repeat(columns.len()));
    let operations = columns[0]["operations"].as_object().map(Map::keys).into_iter().flatten();
    for operation in operations {
        table += &format!("| {operation} |");
        for column in columns {
            let [read, written, ms] = ["read", "written", "ms"].map(|key| &column["operations"][operation][key]);
            let units = match (read.as_f64(), written.as_f64()) {
                (_, Some(0.0) | None) => format!("{read} r"),
                (Some(0.0), _) => format!("{written} w"),
                _ => format!("{read} r + {written} w"),
            };
            table += &format!(" {units}, {ms} ms |");
        }
        table += "\n";
    }
    Ok(table + "\n")
}
