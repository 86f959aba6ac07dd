//! The fault campaign's short form: the deployed hub under load while vendors, AWS and its processes fail. It needs a
//! stack of its own, with a proxy before its AWS: `cargo dev test` starts one for it after the other tests.

use std::time::Duration;

use campaign::Plan;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a stack of its own, which `cargo dev test` gives it"]
async fn whatever_fails_each_order_is_sold_once_settled_and_graded() {
    let plan = Plan { websites: 24, kill_every: Duration::from_millis(1200), ..Plan::of(200) };
    let outcome = campaign::run(plan, |line| eprintln!("{line}")).await.expect("a stack that answers");
    println!("{}", outcome.report);
    assert!(outcome.plot.ends_with("</svg>\n"));
    assert_eq!(outcome.faults, Vec::<String>::new());
}
