//! The registration rules of iTEP's integration document, "registration", with its error texts.

use serde_json::{Map, Value};

const GENDERS: [&str; 2] = ["Male", "Female"];

const EDUCATIONS: [&str; 6] =
    ["Middle School", "High School", "Vocational School", "Bachelor's Degree", "Master's Degree", "Doctorate"];

const STUDY_FIELDS: [&str; 14] = [
    "Other",
    "Business Communication",
    "Education",
    "English",
    "Engineering",
    "History",
    "Hospitality",
    "Other Languages",
    "Mathematics",
    "Medical",
    "Music",
    "Politics",
    "Recreation",
    "Science",
];

#[derive(Clone, Copy)]
enum Part {
    Month,
    Day,
    Year,
}

/// Checks the fields that have rules, in the document's order; the first fault ends the check.
/// Fields that the document does not name are ignored: it says nothing of them.
pub(super) fn check(registration: &Map<String, Value>) -> Result<(), String> {
    let field = |name| registration.get(name).map(text);
    for (name, part) in [("DOB_Month", Part::Month), ("DOB_Day", Part::Day), ("DOB_Year", Part::Year)] {
        field(name).map_or(Ok(()), |value| in_range(part, &value))?;
    }
    field("Birthday").map_or(Ok(()), |value| birthday(&value))?;
    field("Gender").map_or(Ok(()), |value| listed("Gender", &GENDERS, &value))?;
    field("Education").map_or(Ok(()), |value| listed("Education", &EDUCATIONS, &value))?;
    field("Field_Of_Study").map_or(Ok(()), |value| listed("Study Field", &STUDY_FIELDS, &value))
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn in_range(part: Part, value: &str) -> Result<(), String> {
    let number: Option<u32> = value.parse().ok();
    let (name, good) = match part {
        Part::Month => ("Month", number.is_some_and(|number| (1..=12).contains(&number))),
        Part::Day => ("Day", number.is_some_and(|number| (1..=31).contains(&number))),
        Part::Year => ("Year", number.is_some_and(|number| number > 1900)),
    };
    if good { Ok(()) } else { Err(format!("Out of range Birth {name} [{value}].")) }
}

/// `M/D/YYYY` or `D-M-YYYY`. An ISO date is read as the latter, so its day is out of range.
fn birthday(value: &str) -> Result<(), String> {
    let unreadable = || format!("Unable to parse Birth Date [{value}].");
    let (separator, order) = if value.contains('/') {
        ('/', [Part::Month, Part::Day, Part::Year])
    } else {
        ('-', [Part::Day, Part::Month, Part::Year])
    };
    let numbers: Vec<&str> = value.split(separator).map(str::trim).collect();
    if numbers.len() != 3 || numbers.iter().any(|number| number.parse::<u32>().is_err()) {
        return Err(unreadable());
    }
    order.into_iter().zip(numbers).try_for_each(|(part, number)| in_range(part, number))
}

fn listed(name: &str, values: &[&str], value: &str) -> Result<(), String> {
    let good = values.iter().any(|known| known.eq_ignore_ascii_case(value));
    if good { Ok(()) } else { Err(format!("Invalid {name} [{value}].")) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::check;

    fn fault(registration: serde_json::Value) -> String {
        check(registration.as_object().unwrap()).unwrap_err()
    }

    #[test]
    fn every_rule_answers_in_the_documents_words() {
        assert_eq!(fault(json!({"DOB_Month": 13})), "Out of range Birth Month [13].");
        assert_eq!(fault(json!({"DOB_Day": "0"})), "Out of range Birth Day [0].");
        assert_eq!(fault(json!({"DOB_Year": 1900})), "Out of range Birth Year [1900].");
        assert_eq!(fault(json!({"Birthday": "July"})), "Unable to parse Birth Date [July].");
        assert_eq!(fault(json!({"Birthday": "1955-07-08"})), "Out of range Birth Day [1955].");
        assert_eq!(fault(json!({"Birthday": "13/8/1955"})), "Out of range Birth Month [13].");
        assert_eq!(fault(json!({"Gender": "X"})), "Invalid Gender [X].");
        assert_eq!(fault(json!({"Education": "None"})), "Invalid Education [None].");
        assert_eq!(fault(json!({"Field_Of_Study": "Biology"})), "Invalid Study Field [Biology].");
    }

    #[test]
    fn good_values_pass_in_any_case() {
        let good = json!({"DOB_Month": "7", "DOB_Day": 8, "DOB_Year": 1955, "Birthday": "7/8/1955",
            "Gender": "female", "Education": "bachelor's degree", "Field_Of_Study": "SCIENCE"});
        assert_eq!(check(good.as_object().unwrap()), Ok(()));
        assert_eq!(check(json!({"Birthday": "8-7-1955"}).as_object().unwrap()), Ok(()));
    }
}
