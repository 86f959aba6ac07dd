//! What spreadsheets do to the cells of a file that passes through them.

use crate::vendors::bounds;

/// A text, if it is UTF-8.
///
/// # Errors
/// What it looks like instead.
pub(super) fn utf8(file: &[u8]) -> Result<&str, &'static str> {
    let start = &file[..file.len().min(64)];
    let zeros = start.iter().filter(|byte| **byte == 0).count();
    // In UTF-16 every other byte of plain English is zero.
    if file.starts_with(b"\xff\xfe") || file.starts_with(b"\xfe\xff") || zeros * 3 > start.len() {
        return Err("UTF-16");
    }
    str::from_utf8(file).map_err(|_| "of one byte per character, such as Latin-1 or Windows-1252")
}

/// A cell without spaces around it and without the guard that keeps a spreadsheet
/// from reading it as a number or a formula: `'A1`, `="A1"`, or a tab.
pub(super) fn unguarded(cell: &[u8]) -> &[u8] {
    let cell = cell.trim_ascii();
    let cell = cell.strip_prefix(b"=\"").and_then(|cell| cell.strip_suffix(b"\"")).unwrap_or(cell).trim_ascii();
    cell.strip_prefix(b"'").unwrap_or(cell).trim_ascii()
}

/// A test ID, if that is what the cell holds: in iTEP's documents each has digits
/// and letters. A total or a word of a footer has not.
///
/// # Errors
/// What is wrong with it.
pub(super) fn test_id(cell: &[u8]) -> Result<String, &'static str> {
    let id = str::from_utf8(unguarded(cell)).unwrap_or_default();
    if is_rounded_number(id) {
        return Err("its test ID looks like a number that a spreadsheet rounded");
    }
    let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let has = |kind: fn(&u8) -> bool| id.as_bytes().iter().any(kind);
    let is_id = bounds::is_id(id) && id.bytes().all(is_sign) && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
    is_id.then(|| id.to_owned()).ok_or("it has no test ID")
}

/// Whether a text is a number as spreadsheets write one that they had to round:
/// with a fraction, with a signed exponent, or beyond their 15 digits.
fn is_rounded_number(text: &str) -> bool {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (number, exponent) = match text.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, Some(exponent)),
        None => (text, None),
    };
    let is_number = number.split(['.', ',']).all(is_digits);
    match exponent {
        Some(exponent) => is_number && exponent.strip_prefix(['+', '-']).is_some_and(is_digits),
        None => is_number && (!is_digits(number) || number.len() > 15),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guard_is_taken_off() {
        for cell in ["A1", "'A1", "=\"A1\"", "\tA1", " ' A1 ", "=\" A1\"", "=\"'A1\""] {
            assert_eq!(test_id(cell.as_bytes()).as_deref(), Ok("A1"), "{cell}");
        }
    }

    #[test]
    fn a_number_that_a_spreadsheet_rounded_is_no_test_id() {
        for cell in ["1.24E+13", "1,24E+13", "'1.24e+13", "124E+11", "123982.0", "1.240.000", "1234567890123450"] {
            assert_eq!(
                test_id(cell.as_bytes()),
                Err("its test ID looks like a number that a spreadsheet rounded"),
                "{cell}"
            );
        }
        assert_eq!(test_id(b"123982E8").as_deref(), Ok("123982E8"), "an ID with a letter in it");
    }

    #[test]
    fn what_has_not_both_digits_and_letters_is_no_test_id() {
        for cell in
            ["", "'", "=\"\"", "136", "Total", "A1'", "=A1", "A1=", "\"A1", "A 1", "A1;", "é1", "\u{feff}A1", "A１"]
        {
            assert_eq!(test_id(cell.as_bytes()), Err("it has no test ID"), "{cell}");
        }
    }

    #[test]
    fn an_encoding_that_is_not_utf_8_is_named() {
        let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        assert_eq!(utf8(&utf16("\u{feff}Test ID")), Err("UTF-16"));
        assert_eq!(utf8(&utf16("Test ID")), Err("UTF-16"));
        assert!(utf8(b"Ren\xe9e").is_err_and(|name| name.contains("Latin-1")));
        assert_eq!(utf8("Renée".as_bytes()), Ok("Renée"));
    }
}
