use super::*;

#[test]
fn requests_are_written_as_the_document_spells_them() {
    let groups = ["80843e92-5be1-46aa-9472-2862d11413b3".to_owned()];
    let assign = Assign {
        assessment_id: "c66496f2-35a7-465d-bb3b-58f6af5caedb",
        given_name: "Steve",
        sur_name: "Stevenson",
        unique_identifier: "res_0123456789abcdefghjkmnpqrs",
        student_id: "c-1001",
        assigned_groups: &groups,
        return_url: Some("https://example.com/done"),
    };
    let link = NewLink { unique_identifier: "res_1", user_assessment_id: "79fb94aa" };
    let scores = ScoresQuery {
        include_incomplete_assessments: true,
        started_on_or_after: "2019-11-14T00:00:00Z".to_owned(),
        started_on_or_before: "2019-11-15T00:00:00Z".to_owned(),
    };
    let written = [
        serde_json::to_string(&assign).unwrap(),
        serde_json::to_string(&Assign { assigned_groups: &[], return_url: None, ..assign }).unwrap(),
        serde_json::to_string(&link).unwrap(),
        serde_json::to_string(&ScoreQuery { unique_identifier: "res_1" }).unwrap(),
        serde_json::to_string(&scores).unwrap(),
        serde_json::to_string(&NewGroup { name: "English speaking" }).unwrap(),
        serde_json::to_string(&NewWebhook { url: "https://example.com/webhook/truenorth" }).unwrap(),
    ];
    insta::assert_snapshot!(written.join("\n"), @r#"
    {"assessmentId":"c66496f2-35a7-465d-bb3b-58f6af5caedb","givenName":"Steve","surName":"Stevenson","uniqueIdentifier":"res_0123456789abcdefghjkmnpqrs","studentId":"c-1001","assignedGroups":["80843e92-5be1-46aa-9472-2862d11413b3"],"returnUrl":"https://example.com/done"}
    {"assessmentId":"c66496f2-35a7-465d-bb3b-58f6af5caedb","givenName":"Steve","surName":"Stevenson","uniqueIdentifier":"res_0123456789abcdefghjkmnpqrs","studentId":"c-1001"}
    {"uniqueIdentifier":"res_1","userAssessmentId":"79fb94aa"}
    {"uniqueIdentifier":"res_1"}
    {"includeIncompleteAssessments":true,"startedOnOrAfter":"2019-11-14T00:00:00Z","startedOnOrBefore":"2019-11-15T00:00:00Z"}
    {"name":"English speaking"}
    {"url":"https://example.com/webhook/truenorth"}
    "#);
}

#[test]
fn the_documents_own_answers_are_read() {
    let assigned: Assigned = serde_json::from_str(include_str!("../samples/assigned.json")).unwrap();
    assert_eq!(assigned.user_assessment_id.as_deref(), Some("79fb94aa-344d-43a2-8504-13ed687dd77a"));
    let link: Link = serde_json::from_str(include_str!("../samples/link.json")).unwrap();
    assert_eq!(link.expires_at, "2020-01-17T21:58:33.8677872+00:00");
    let list: Assessments = serde_json::from_str(include_str!("../samples/assessments.json")).unwrap();
    assert_eq!(list.assessments.len(), 4);
}

#[test]
fn errors_are_read_in_every_plausible_shape() {
    let read = |text: &str| errors(text.as_bytes()).join("|");
    assert_eq!(read(r#"["one"," two "]"#), "one|two");
    assert_eq!(read(r#"[{"message":"one","code":1},{"errorMessage":"two"},{"x":1}]"#), "one|two");
    assert_eq!(read(r#"{"errors":["one"]}"#), "one");
    assert_eq!(read(r#"{"title":"t","errors":{"givenName":["one","two"]}}"#), "one|two");
    assert_eq!(read(r#"{"error":{"description":"one"}}"#), "one");
    assert_eq!(read(r#""one""#), "one");
    assert_eq!(read("<html>"), "");
    assert_eq!(read(&format!("{}\"deep\"{}", "[".repeat(9), "]".repeat(9))), "");
}
