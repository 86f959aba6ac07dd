//! The rules of iTEP's registration table (Integration Fulfillment,
//! "registration"), checked before a call and answered in the table's own words.

use jiff::civil::Date;
use shared_core::domain::candidate::Candidate;
use shared_core::domain::json_pointer;
use shared_core::domain::order::{Fault, Order};

use super::profile::ProductKind;

/// The fields that the table names, beside those with rules of their own.
const FREE_FIELDS: &str = "Last_Name First_Name Middle_Name Email Contact_Phone Address City Country Nationality \
    OIN OIN_Country OIN_Type Language Center Taken_Test DOT_Month DOT_Day DOT_Year Location Admin_Test_Location \
    Agree Honest Applying_To_School Apply_School_Type_1 Apply_School_Name_1 Apply_School_Other_1 \
    Apply_School_Type_2 Apply_School_Name_2 Apply_School_Other_2 Apply_School_Type_3 Apply_School_Name_3 \
    Apply_School_Other_3 Location_Country Location_Region Location_Name trSchoolLevel trReferral trCampus \
    trCollege trDepartment trDegree trStatus trAttribute trStudent_Number trBatch_Number";

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

const DAYS: std::ops::RangeInclusive<i16> = 1..=31;
const MONTHS: std::ops::RangeInclusive<i16> = 1..=12;
const YEARS: std::ops::RangeInclusive<i16> = 1901..=9999;

/// Every rule that an order for iTEP breaks.
pub(crate) fn faults(order: &Order, kind: ProductKind) -> Vec<Fault> {
    let mut faults = Vec::new();
    let Some(candidate) = &order.candidate else { return vec![Fault::new("#/candidate", "was erased.")] };
    if kind == ProductKind::Send && candidate.email.is_none() {
        faults.push(Fault::new(
            "#/candidate/email",
            "email is required, because iTEP mails an STX product to the candidate.",
        ));
    }
    if let Some(date) = candidate.birth_date.as_ref().map(|date| *date.expose())
        && !YEARS.contains(&date.year())
    {
        faults.push(Fault::new("#/candidate/birth_date", out_of_range("Year", &date.year().to_string())));
    }
    for (name, value) in &order.registration {
        let details = broken(candidate, name, value.expose());
        let at = json_pointer::step("#/registration", name);
        faults.extend(details.into_iter().map(|detail| Fault::new(at.clone(), detail)));
    }
    if !order.groups.is_empty() {
        faults.push(Fault::new("#/groups", "iTEP does not support groups."));
    }
    if order.return_url.is_some() {
        faults.push(Fault::new("#/return_url", "iTEP does not support return_url."));
    }
    faults
}

/// What is wrong with one field.
fn broken(candidate: &Candidate, name: &str, value: &str) -> Vec<String> {
    let rule = match name {
        "DOB_Month" => ranged("Month", value, MONTHS),
        "DOB_Day" => ranged("Day", value, DAYS),
        "DOB_Year" => ranged("Year", value, YEARS),
        "Birthday" => birthday(value),
        "Gender" => listed("Gender", value, &GENDERS),
        "Education" => listed("Education", value, &EDUCATIONS),
        "Field_Of_Study" => listed("Study Field", value, &STUDY_FIELDS),
        "trExternal_ID" => vec!["trExternal_ID is reserved for the hub.".to_owned()],
        name if FREE_FIELDS.split_whitespace().any(|known| known == name) => Vec::new(),
        _ => vec!["iTEP has no registration field of this name.".to_owned()],
    };
    if rule.is_empty() { contradiction(candidate, name, value).into_iter().collect() } else { rule }
}

/// A field that the hub fills itself may be given again, if it says the same.
fn contradiction(candidate: &Candidate, name: &str, value: &str) -> Option<String> {
    let born = candidate.birth_date.as_ref().map(|date| *date.expose());
    let part = |part: fn(Date) -> i16| born.map(|date| number(value) == Some(part(date)));
    let agrees = match name {
        "First_Name" => Some(candidate.given_name.expose() == value),
        "Last_Name" => Some(candidate.family_name.expose() == value),
        "Email" => candidate.email.as_ref().map(|email| email.expose().eq_ignore_ascii_case(value)),
        "Birthday" => {
            born.map(|date| birthday_parts(value) == Some((date.day().into(), date.month().into(), date.year())))
        }
        "DOB_Day" => part(|date| date.day().into()),
        "DOB_Month" => part(|date| date.month().into()),
        "DOB_Year" => part(Date::year),
        _ => None,
    };
    (agrees == Some(false)).then(|| format!("{name} differs from `candidate`."))
}

fn ranged(what: &str, value: &str, range: std::ops::RangeInclusive<i16>) -> Vec<String> {
    let fits = number(value).is_some_and(|number| range.contains(&number));
    if fits { Vec::new() } else { vec![out_of_range(what, value)] }
}

fn out_of_range(what: &str, value: &str) -> String {
    format!("Out of range Birth {what} [{value}].")
}

fn listed(what: &str, value: &str, valid: &[&str]) -> Vec<String> {
    let fits = valid.iter().any(|known| known.eq_ignore_ascii_case(value));
    if fits { Vec::new() } else { vec![format!("Invalid {what} [{value}].")] }
}

/// `M/D/YYYY` or `D-M-YYYY`.
fn birthday(value: &str) -> Vec<String> {
    let Some((day, month, year)) = birthday_texts(value) else {
        return vec![format!("Unable to parse Birth Date [{value}].")];
    };
    [ranged("Day", day, DAYS), ranged("Month", month, MONTHS), ranged("Year", year, YEARS)].concat()
}

/// Day, month and year of a birthday that consists of three numbers.
fn birthday_texts(value: &str) -> Option<(&str, &str, &str)> {
    let parts: Vec<_> = value.split(['/', '-']).collect();
    let [first, second, year] = parts[..] else { return None };
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !(is_number(first) && is_number(second) && is_number(year)) {
        return None;
    }
    match (value.contains('/'), value.contains('-')) {
        (true, false) => Some((second, first, year)),
        (false, true) => Some((first, second, year)),
        _ => None,
    }
}

fn birthday_parts(value: &str) -> Option<(i16, i16, i16)> {
    let (day, month, year) = birthday_texts(value)?;
    Some((number(day)?, number(month)?, number(year)?))
}

/// A number of plain digits; the signs that Rust would take are not for iTEP.
fn number(text: &str) -> Option<i16> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests;
