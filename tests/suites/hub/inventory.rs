//! The operator imports iTEP's Available Test CSV: what was in doubt is settled.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};
use shared::vendors::itep::inventory::{FileProblem, parse_listing};
use shared_core::domain::ids::Vendor;
use shared_core::usecases::import_inventory::{Import, Kind, Report, import_inventory};

use crate::expiry::soon;
use crate::in_process;
use crate::operating::{hubctl, refused};
use crate::world::{ITEP_PRODUCT, World, reference};

const HEADER: &str = "Date Purchased,Test ID #,Password,Version,Assigned To\r\n";
const FREE: &str = "26-Jul-2024,123982B8AP,64778,Academic-Plus,\r\n";

/// The file as iTEP would export it: what it sold to this account, and one test
/// that is free.
pub(crate) async fn exported(world: &World) -> String {
    let mut file = HEADER.to_owned();
    for sale in world.sales(Vendor::Itep).await {
        let path = format!("tests/{}?account={}", sale["reference"].as_str().expect("a test"), world.account);
        let test = &world.sim(Vendor::Itep, Method::GET, &path, Value::Null).await["test"];
        let assigned = test["assigned_to"].to_string().replace('"', "\"\"");
        let text = |name: &str| test[name].as_str().unwrap_or_default();
        file += &format!("26-Jul-2024,{},{},Academic-Plus,\"{assigned}\"\r\n", text("test_id"), text("password"));
    }
    file + FREE
}

async fn import(world: &World, file: &str, dry_run: bool) -> Report {
    let hub = in_process::hub();
    let import = Import {
        account: world.account_at(Vendor::Itep),
        operator: "ada".to_owned(),
        exported_at: Some(Timestamp::now()),
        grace: Duration::ZERO,
        watch: None,
        dry_run,
    };
    let listing = parse_listing(file.as_bytes()).expect("an inventory");
    assert_eq!(listing.unreadable, [], "{file}");
    let (report, done) = import_inventory(&hub, &import, &listing, || {}).await;
    done.expect("storage");
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sale_whose_answer_was_lost_is_settled_by_the_file() {
    let world = World::new().await;
    let bought = world.buy(Vendor::Itep).await;
    let lost = world.in_doubt(Vendor::Itep, "5xx-after").await;
    let file = exported(&world).await;

    let foreseen = import(&world, &file, true).await;
    assert_eq!(world.reservation(&lost).await["status"], "in_doubt", "a dry run writes nothing");
    let report = import(&world, &file, false).await;
    assert_eq!(foreseen, report);
    let counts = [Kind::Known, Kind::Settled, Kind::Free].map(|kind| report.count(kind));
    assert_eq!((report.rows, counts), (3, [1, 1, 1]));

    let settled = world.reservation(&lost).await;
    assert_eq!(settled["status"], "ready", "{settled:#}");
    let sales = world.sales(Vendor::Itep).await;
    assert_eq!(sales.len(), 2, "and nothing was bought again");
    let sold = sales.iter().find(|sale| sale["reservation_id"] == lost.as_str()).expect("its sale");
    assert_eq!(sold["reference"], reference(&settled).as_str());
    let last = world.history(&lost).await.pop().expect("an entry");
    assert_eq!((&last["event"], &last["source"]), (&json!("call_confirmed"), &json!("operator")));

    assert_eq!(import(&world, &file, false).await.count(Kind::Known), 2, "a second import finds it known");
    assert_eq!(world.reservation(&bought.id()).await["version"], bought.body["version"]);
    world.happens(Vendor::Itep, &reference(&settled), "grade").await;
    world.until_status(&lost, "completed").await;
}

/// A test that is bought and expires unused.
async fn expired(world: &World) -> (String, String) {
    let mut order = world.itep_order();
    order["expires_at"] = soon();
    let bought = world.reserve("order", &order).await;
    world.until_swept(&bought.id(), "expired").await;
    (bought.id(), reference(&bought.body))
}

/// A file on disk for the operator's command, with the time of its export.
pub(crate) fn saved(world: &World, file: &str) -> (String, String) {
    let path = std::env::temp_dir().join(format!("inventory-{}.csv", world.account));
    std::fs::write(&path, file).expect("a file");
    (path.display().to_string(), Timestamp::now().to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_expired_and_still_stands_ready_is_reclaimable() {
    let world = World::new().await;
    let (id, test) = expired(&world).await;
    let report = import(&world, &exported(&world).await, false).await;
    let reclaimable: Vec<_> = report.reclaimable().map(|finding| finding.test_id.clone()).collect();
    assert_eq!((reclaimable, report.perhaps_sat), (vec![test], vec![]));
    assert_eq!(world.reservation(&id).await["status"], "expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_expired_and_is_missing_from_the_file_was_perhaps_sat() {
    let world = World::new().await;
    let (id, test) = expired(&world).await;
    let file = format!("{HEADER}{FREE}");
    let report = import(&world, &file, true).await;
    let missing: Vec<_> =
        report.perhaps_sat.iter().map(|m| (m.test_id.clone(), m.reservation_id.to_string())).collect();
    assert_eq!(missing, [(test.clone(), id.clone())]);
    world.happens(Vendor::Itep, &test, "grade").await;
    world.until_status(&id, "completed").await;
    assert_eq!(import(&world, &file, true).await.perhaps_sat, [], "its result came");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reclaimed_test_is_sold_again_and_its_reports_are_its_new_owners() {
    let world = World::new().await;
    let (old, test) = expired(&world).await;
    let (file, exported_at) = saved(&world, &exported(&world).await);
    let reclaim = ["inventory", "reclaim", &file, "--account", &world.account, "--exported-at", &exported_at];
    let reclaim = [reclaim.as_slice(), &["--grace-days", "0", "--why", "nobody came"]].concat();
    let dry = hubctl(&[reclaim.as_slice(), &["--dry-run"]].concat()).await;
    assert_eq!(dry["reclaimable"][0]["test_id"], test.as_str(), "{dry:#}");
    assert_eq!(reference(&world.reservation(&old).await), test, "a dry run writes nothing");
    assert!(refused(&[reclaim.as_slice(), &["--yes"]].concat()).await.contains("--by"), "what is written has a name");
    let reclaim = [reclaim.as_slice(), &["--by", "ada"]].concat();
    let done = hubctl(&[reclaim.as_slice(), &["--yes"]].concat()).await;
    assert_eq!(done["data"][0]["outcome"], "reclaimed", "{done:#}");
    let last = world.history(&old).await.pop().expect("an entry");
    assert_eq!((&last["event"], &last["source"]), (&json!("reclaimed"), &json!("operator")));

    // iTEP has it free again, and sells it to the next order.
    let stock = json!({ "product": ITEP_PRODUCT, "test_ids": [test] });
    world.sim(Vendor::Itep, Method::PUT, &format!("accounts/{}/stock", world.account), stock).await;
    let next = world.reserve("the-next-order", &world.itep_order()).await;
    assert_eq!((next.status.as_u16(), reference(&next.body)), (201, test.clone()));
    let again = hubctl(&[reclaim.as_slice(), &["--yes"]].concat()).await;
    assert_eq!(again["reclaimable"], json!([]), "the old file takes nothing from the new owner");
    world.happens(Vendor::Itep, &test, "grade").await;
    world.until_status(&next.id(), "completed").await;
    assert_eq!(world.reservation(&old).await["status"], "expired");
    let _ = std::fs::remove_file(file);
}

#[tokio::test(flavor = "multi_thread")]
async fn low_stock_is_told_to_the_operator() {
    let world = World::new().await;
    let (file, exported_at) = saved(&world, &exported(&world).await);
    let import = ["inventory", "import", &file, "--account", &world.account, "--exported-at", &exported_at];
    let said = hubctl(&[import.as_slice(), &["--by", "ada"]].concat()).await;
    let low = json!([{ "version": "Academic-Plus", "free": 1, "below": 10 }]);
    assert_eq!(said["report"]["low_stock"], low, "{said:#}");
    let _ = std::fs::remove_file(file);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_passed_through_a_spreadsheet_settles_a_doubt_by_the_right_test_id() {
    let world = World::new().await;
    let lost = world.in_doubt(Vendor::Itep, "5xx-after").await;
    let sold = world.sales(Vendor::Itep).await[0]["reference"].as_str().expect("a test").to_owned();
    let row = format!("26-Jul-2024;'{sold};1;Academic-Plus;\"{{\"\"reservation-id\"\": \"\"{lost}\"\"}}\"\r\n");
    let file = format!("\u{feff}Date Purchased;Test ID #;Password;Version;Assigned To\r\n{row}");
    assert_eq!(import(&world, &file, false).await.count(Kind::Settled), 1);
    assert_eq!(reference(&world.reservation(&lost).await), sold);
    world.happens(Vendor::Itep, &sold, "grade").await;
    world.until_status(&lost, "completed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_from_which_nothing_can_be_read_is_an_error() {
    let world = World::new().await;
    let header = "Date Purchased,Test ID #,Password,Version,Assigned To\n";
    for (rows, why) in [
        (
            "24-Nov-2026,1.24E+13,64778,Academic-Plus,\n",
            "line 2: its test ID looks like a number that a spreadsheet rounded",
        ),
        ("Total,136,,,\n", "line 2: it has no test ID"),
        ("", "if iTEP has none left, add --allow-empty"),
    ] {
        let (file, exported_at) = saved(&world, &format!("{header}{rows}"));
        let import = ["inventory", "import", &file, "--account", &world.account, "--exported-at", &exported_at];
        let told = refused(&[import.as_slice(), &["--by", "ada"]].concat()).await;
        assert!(told.contains(why) && told.contains("nothing was imported"), "{told}");
        let _ = std::fs::remove_file(file);
    }
    let (file, exported_at) = saved(&world, header);
    let empty = ["inventory", "import", &file, "--account", &world.account, "--exported-at", &exported_at];
    let told = hubctl(&[empty.as_slice(), &["--allow-empty", "--dry-run"]].concat()).await;
    assert_eq!(told["report"]["rows"], 0, "{told:#}");
    let _ = std::fs::remove_file(file);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_inventory_changes_nothing_and_says_why() {
    let world = World::new().await;
    let lost = world.in_doubt(Vendor::Itep, "5xx-after").await;
    let page = format!("<html><body>{}</body></html>", exported(&world).await.replace("Test ID #", "Log in"));
    let problem = parse_listing(page.as_bytes()).expect_err("no inventory");
    assert!(matches!(problem, FileProblem::NoColumns));
    assert!(problem.to_string().contains("names the columns Test ID # and Assigned To"), "{problem}");
    assert_eq!(world.reservation(&lost).await["status"], "in_doubt");
}
