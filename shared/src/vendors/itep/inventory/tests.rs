use proptest::prelude::*;

use super::*;

const OURS: &str = "res_g7d442a7d8xhsmmtbhbsabjd1r";
const OTHER: &str = "res_0000000000000000000000000a";
const HEADER: &str = "Date Purchased,Test ID #,Password,Version,Assigned To\n";

fn rows(file: &str) -> Vec<Row> {
    let listing = parse_listing(file.as_bytes()).unwrap();
    assert_eq!(listing.unreadable, []);
    listing.rows
}

fn ours() -> Assigned {
    Assigned::Ours(OURS.parse().unwrap())
}

fn assigned_in(field: &str) -> Assigned {
    let field = field.replace('"', "\"\"");
    rows(&format!("{HEADER}26-Jul-2024,123982B8AP,64778,Academic-Plus,\"{field}\"\n")).remove(0).assigned
}

#[test]
fn the_documents_screen_is_read_as_a_file() {
    let file = format!(
        "{HEADER}26-Jul-2024,123982B8AP,64778,Academic-Plus,\n\
         26-Jul-2024,123983B9AP,55541,Academic-Plus,\"{{\n  Actual-Email: \"\"candidate@example.com\"\",\n  \
         WC-order-number: \"\"100809\"\" }}\"\n\
         29-Jul-2024,124027B8AP,56085,Academic-Plus,\"{{ reservation-id: \"\"{OURS}\"\", expire: \"\"x\"\" }}\"\n"
    );
    let row =
        |line, id: &str, assigned| Row { line, test_id: id.to_owned(), version: "Academic-Plus".to_owned(), assigned };
    let expected =
        [row(2, "123982B8AP", Assigned::Nobody), row(3, "123983B9AP", Assigned::Another), row(6, "124027B8AP", ours())];
    assert_eq!(rows(&file), expected);
}

#[test]
fn lines_may_end_in_windows_manner() {
    let file = format!(
        "{HEADER}x,A1,1,Plus,\n\nx,A2,1,Plus,\"{{\n \"\"reservation-id\"\": \"\"{OURS}\"\" }}\"\nx,A3,1,Plus,note"
    );
    let read = rows(&file.replace('\n', "\r\n"));
    let read: Vec<_> = read.iter().map(|row| (row.line, row.test_id.as_str(), row.assigned.clone())).collect();
    assert_eq!(read, [(2, "A1", Assigned::Nobody), (4, "A2", ours()), (6, "A3", Assigned::Another)]);
}

#[test]
fn commas_semicolons_and_tabs_are_read() {
    let header = HEADER.replace(',', ";");
    let json = format!("\"{{\"\"reservation-id\"\": \"\"{OURS}\"\", \"\"expire\"\": \"\"x\"\"}}\"");
    let file =
        format!("{header}x;A1;1;Plus;\nx;A2;1;Plus;{json}\nx;A3;1;Plus;{{ reservation-id: {OURS}; expire: 1 }}\n");
    for file in [file.clone(), format!("sep=;\n{file}"), format!("\u{feff}{file}"), file.replace(';', "\t")] {
        let read: Vec<_> = rows(&file).into_iter().map(|row| (row.test_id, row.assigned)).collect();
        let expected = [("A1", Assigned::Nobody), ("A2", ours()), ("A3", ours())];
        assert_eq!(read, expected.map(|(id, assigned)| (id.to_owned(), assigned)), "{file}");
    }
}

#[test]
fn the_guards_of_spreadsheets_are_taken_off() {
    for cell in ["'A1", "\"=\"\"A1\"\"\"", "=\"A1\"", "\tA1", "\"\tA1\""] {
        let row = rows(&format!("{HEADER}x,{cell},1,'Plus,'{OURS}\n")).remove(0);
        assert_eq!((row.test_id.as_str(), row.version.as_str(), row.assigned), ("A1", "Plus", ours()), "{cell}");
    }
}

#[test]
fn totals_and_footers_are_no_tests() {
    let footers = "Total,2,,,\n,Total,,,\n,2 tests,,,\nPrinted on 2026-11-20\nPage 1 of 3,,,,\n";
    let listing = parse_listing(format!("{HEADER}x,A1,1,P,\n{footers}").as_bytes()).unwrap();
    assert_eq!((listing.rows.len(), listing.unreadable.len()), (1, 5), "{listing:?}");
}

#[test]
fn a_file_from_which_no_test_can_be_read_is_refused_and_says_why() {
    let why = |file: &[u8]| parse_listing(file).unwrap_err().to_string();
    let rounded = why(format!("{HEADER}x,1.24E+13,1,P,\nx,,1,P,\n").as_bytes());
    let lines = "line 2: its test ID looks like a number that a spreadsheet rounded; line 3: it has no test ID";
    assert_eq!(rounded, format!("no test can be read from the file; {lines}"));
    assert_eq!(why(HEADER.as_bytes()), "no test can be read from the file");
    let utf16: Vec<_> = format!("\u{feff}{HEADER}x,A1,1,P,\n").encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert!(why(&utf16).contains("UTF-16"));
    assert!(why(&[HEADER.as_bytes(), b"x,A1,1,P,Ren\xe9e\n"].concat()).contains("Latin-1"));
}

#[test]
fn columns_are_found_by_name_wherever_they_stand() {
    let file =
        format!("Tests Available\n,,\n assigned-to ,PASSWORD,\"test id\",#\n\"{OURS}\",64778,A1,1\n,64779,A2,2\n");
    let rows = rows(&format!("\u{feff}{file}"));
    let read: Vec<_> = rows.iter().map(|row| (row.line, row.test_id.as_str(), row.assigned.clone())).collect();
    assert_eq!(read, [(4, "A1", ours()), (5, "A2", Assigned::Nobody)]);
}

#[test]
fn our_reservation_is_found_in_json_and_in_what_is_left_of_it() {
    for field in [
        format!(r#"{{"reservation-id":"{OURS}","student-name":"Mary","expire":"2027-01-31"}}"#),
        format!(r#""{{\"reservation-id\":\"{OURS}\"}}""#),
        format!("{{ reservation-id: {OURS}, student-name: Mary }}"),
        format!(r"{{\n  reservation-id: \n {OURS} }}"),
        format!("<pre>reservation-id = {OURS}</pre>"),
        OURS.to_owned(),
    ] {
        assert_eq!(assigned_in(&field), ours(), "{field}");
    }
}

#[test]
fn an_assignment_by_hand_names_nobody_of_ours() {
    for field in
        ["Mary Poppins", "{}", "{ \"Order-Email\": \"x\" }", "res_short", &format!("x{OURS}"), &OURS.to_uppercase()]
    {
        assert_eq!(assigned_in(field), Assigned::Another, "{field}");
    }
}

#[test]
fn a_candidate_cannot_pass_for_another_reservation() {
    let json = format!(r#"{{"reservation-id":"{OURS}","student-name":"reservation-id: {OTHER}"}}"#);
    assert_eq!(assigned_in(&json), ours());
    assert_eq!(assigned_in(&json.replace("reservation-id\":\"res_g7", "order\":\"res_g7")), Assigned::Another);
    assert_eq!(assigned_in(&format!("{{ student-name: {OTHER}, reservation-id: {OURS} }}")), ours());
    let unclear = format!("{HEADER},A1,,,{{ reservation-id: {OURS}  reservation-id: {OTHER} }}\n,A2,,,\n");
    let unclear = parse_listing(unclear.as_bytes());
    assert_eq!(unclear.unwrap().unreadable[0].why, "it names two reservations");
}

#[test]
fn json_that_lost_its_outer_quotes_spills_over_and_is_still_read() {
    let rows =
        rows(&format!("{HEADER}x,A1,64778,Plus,{{ student-name: Poppins, reservation-id: {OURS}, expire: 1 }}\n"));
    assert_eq!(rows[0].assigned, ours());
}

#[test]
fn a_row_of_no_use_is_told_by_its_line_and_the_others_are_read() {
    let long = "x".repeat(FIELD_MAX + 1);
    let file = format!("{HEADER},,,,\nx,,1,P,note\nx,A1,1\nx,A 2,1,P,\nx,A3,1,P,{long}\nx,A4,1,P,\n");
    let listing = parse_listing(file.as_bytes()).unwrap();
    let told: Vec<_> = listing.unreadable.iter().map(|row| (row.line, row.why.as_str())).collect();
    let (nameless, long) = ("it has no test ID", "a field is too long; is a quotation mark missing?");
    assert_eq!(told, [(3, nameless), (4, "it ends before Assigned To"), (5, nameless), (6, long)]);
    assert_eq!(listing.rows.len(), 1);
}

#[test]
fn a_test_that_is_not_ready_is_not_taken_for_available() {
    let listing = parse_listing("Test ID,Status,Assigned To\nA1,Ready,\nA2,Complete,\n".as_bytes()).unwrap();
    assert_eq!((listing.rows.len(), listing.unreadable[0].why.as_str()), (1, "its status is not Ready"));
}

#[test]
fn what_is_no_inventory_is_refused_as_a_whole() {
    for file in ["", "<html><body>Log in</body></html>", "Test ID,Password\nA1,1\n", "\0\u{1}\u{2}"] {
        assert!(matches!(parse_listing(file.as_bytes()), Err(FileProblem::NoColumns)), "{file:?}");
    }
    let rows = "x,A1,1,P,\n".repeat(ROWS_MAX + 1);
    assert!(matches!(parse_listing(format!("{HEADER}{rows}").as_bytes()), Err(FileProblem::TooLarge)));
    let endless = io::Cursor::new(HEADER).chain(io::repeat(b'"'));
    assert!(matches!(parse_listing(endless), Err(FileProblem::TooLarge)));
}

#[test]
fn of_the_password_and_the_person_nothing_is_kept() {
    let file = format!(
        "{HEADER}x,A1,pass-canary,Plus,\"{{\"\"reservation-id\"\":\"\"{OURS}\"\",\"\"n\"\":\"\"name-canary\"\"}}\"\n"
    );
    let kept = format!("{:?}", parse_listing(file.as_bytes()).unwrap());
    assert!(kept.contains("A1") && !kept.contains("canary"), "{kept}");
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let _ = parse_listing(bytes.as_slice());
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let _ = parse_listing(format!("{HEADER}x,A1,1,P,\n{text}").as_bytes()).map(|listing| assert!(!listing.rows.is_empty()));
        if let Ok(listing) = parse_listing([HEADER.as_bytes(), &bytes].concat().as_slice()) {
            prop_assert!(!listing.rows.is_empty());
            prop_assert!(listing.rows.iter().all(|row| cells::test_id(row.test_id.as_bytes()).is_ok()));
        }
    }

    #[test]
    fn nothing_near_to_assigned_to_makes_the_reader_panic(text in "[{}\":, \\n\\\\é]{0,20}(reservation-id)?[\": ]{0,3}res_[0-9a-zé]{20,30}.{0,40}") {
        assigned(&text);
    }
}
