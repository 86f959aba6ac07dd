use super::*;

const ID: &str = "res_1";

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).expect("a time")
}

fn call(second: i64, fault: Option<&str>, outcome: &str) -> Call {
    Call {
        account: Some("i00".to_owned()),
        path: "/requests/ecommerce_webhook.php".to_owned(),
        reservation_id: Some(ID.to_owned()),
        outcome: outcome.to_owned(),
        fault: fault.map(str::to_owned),
        at: at(second),
        took_ms: Some(5),
    }
}

fn sale(second: i64, reference: &str) -> Sale {
    let (account, id) = ("i00".to_owned(), Some(ID.to_owned()));
    Sale { account, reference: reference.to_owned(), reservation_id: id, at: at(second) }
}

fn entry(second: i64, source: &str, event: &str, to: &str) -> Entry {
    let [source, event, from, to] = [source, event, "pending", to].map(str::to_owned);
    Entry { seq: second.unsigned_abs(), at: at(second), source, event, applied: true, from, to }
}

fn judged(state: &str, reference: Option<&str>, history: Vec<Entry>, ledger: Ledger) -> Judgement {
    let reservation = Reservation {
        id: ID.to_owned(),
        vendor: Vendor::Itep,
        account: "i00".to_owned(),
        order: "0".to_owned(),
        state: state.to_owned(),
        created_at: at(0),
        reference: reference.map(str::to_owned),
        surplus: Vec::new(),
        score: Some(4.5),
        history,
    };
    let books = Books::from([(ID.to_owned(), reservation)]);
    let score = |sale: &Sale| ((Vendor::Itep, sale.account.clone(), sale.reference.clone()), 4.5);
    let scores = ledger.sales.iter().map(score).collect();
    let ledgers = [(Vendor::Itep, ledger)];
    judge(&Evidence { orders: 1, books: &books, ledgers: &ledgers, scores: &scores })
}

fn found(judgement: &Judgement) -> Vec<&'static str> {
    judgement.faults().into_iter().filter(|(_, findings)| findings.count > 0).map(|(name, _)| name).collect()
}

#[test]
fn an_ordinary_sale_is_good() {
    let ledger = Ledger { sales: vec![sale(1, "A")], calls: vec![call(1, None, "200")] };
    let judgement = judged("completed", Some("A"), vec![entry(2, "vendor_answer", "call_confirmed", "ready")], ledger);
    assert!(found(&judgement).is_empty(), "{judgement:?}");
    assert_eq!((judgement.sales, judgement.results, judgement.ambiguous), (1, 1, 0));
}

#[test]
fn a_second_purchase_without_a_finding_in_between_is_blind_and_doubled_and_its_test_lost() {
    let calls = vec![call(1, Some("reset-after"), "reset"), call(3, None, "200")];
    let ledger = Ledger { sales: vec![sale(1, "A"), sale(3, "B")], calls };
    let history = vec![entry(2, "vendor_answer", "call_unknown", "in_doubt")];
    let judgement = judged("completed", Some("B"), history, ledger);
    assert_eq!(found(&judgement), ["lost", "doubled", "bought again blindly"]);
    assert_eq!((judgement.ambiguous, judgement.seen_in_doubt), (1, 1));
}

#[test]
fn a_second_purchase_that_the_operator_decided_is_counted_apart() {
    let calls = vec![call(1, Some("hang"), "hang"), call(9, None, "200")];
    let ledger = Ledger { sales: vec![sale(1, "A"), sale(9, "A")], calls };
    let history =
        vec![entry(2, "vendor_answer", "call_unknown", "in_doubt"), entry(5, "operator", "nothing_sold", "pending")];
    let judgement = judged("completed", Some("A"), history, ledger);
    assert!(found(&judgement).is_empty(), "{judgement:?}");
    assert_eq!(judgement.doubled_by_operator.count, 1);
}

#[test]
fn an_ambiguous_call_that_never_was_in_doubt_is_found() {
    let ledger = Ledger { sales: vec![sale(1, "A")], calls: vec![call(1, Some("garbage"), "200")] };
    let judgement = judged("completed", Some("A"), vec![entry(2, "vendor_answer", "call_confirmed", "ready")], ledger);
    assert_eq!(found(&judgement), ["ambiguous calls not seen in doubt"]);
}

#[test]
fn what_hangs_is_stuck_and_a_wrong_score_is_a_lost_result() {
    let ledger = Ledger { sales: vec![sale(1, "A")], calls: vec![call(1, None, "200")] };
    let judgement = judged("ready", Some("A"), Vec::new(), ledger.clone());
    assert_eq!(found(&judgement), ["stuck"]);
    let mut late = call(1, Some("delay"), "200");
    late.took_ms = Some(5000);
    assert!(late.is_ambiguous() && !call(1, Some("delay"), "200").is_ambiguous());
    let ledger = Ledger { sales: Vec::new(), calls: Vec::new() };
    assert!(judged("in_doubt", None, Vec::new(), ledger).stuck.count == 1);
}
