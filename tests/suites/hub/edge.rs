//! The HTTP API in front of the functions: what it lets through, counts and tells.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::webhooks::delivery;
use crate::world::{Vendor, World, eventually};

const WEBHOOKS: [&str; 2] = ["ANY /webhooks/itep/{account}/{token}", "ANY /webhooks/truenorth/{account}/{token}"];

/// A setting by its name, whichever way it is capitalised, and a number however it is written.
fn number(settings: &Value, name: &str) -> f64 {
    let mut fields = settings.as_object().into_iter().flatten();
    let (_, value) = fields.find(|(key, _)| key.eq_ignore_ascii_case(name)).expect("a setting");
    value.as_f64().or_else(|| value.as_str()?.parse().ok()).expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deployed_stage_gives_each_webhook_route_a_throttle_of_its_own() {
    let stage = World::new().await.stage().await;
    for route in WEBHOOKS {
        let settings = &stage["routeSettings"][route];
        for name in ["ThrottlingRateLimit", "ThrottlingBurstLimit"] {
            assert_eq!(number(settings, name), 100.0, "{route}: {stage}");
            assert_eq!(number(&stage["defaultRouteSettings"], name), 200.0, "{stage}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_access_log_names_the_caller_and_the_route_and_never_the_path() {
    let stage = World::new().await.stage().await;
    let format = stage["accessLogSettings"]["format"].as_str().expect("a format");
    let fields: Value = serde_json::from_str(format).expect("each line is JSON");
    assert_eq!(fields["sourceIp"], "$context.identity.sourceIp");
    assert_eq!((&fields["routeKey"], &fields["status"]), (&json!("$context.routeKey"), &json!("$context.status")));
    assert!(!format.contains("$context.path"), "a webhook's path holds its token");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_webhook_route_turned_away_is_counted_from_the_access_log() {
    let world = World::new().await;
    let group = format!("/aws/http-api/{}", world.env.stack);
    let filters = world.logs("DescribeMetricFilters", &json!({ "logGroupName": group })).await;
    for (metric, status) in [("WebhookThrottled", 429), ("WebhookTooLarge", 413)] {
        let counts = |filter: &&Value| filter["metricTransformations"][0]["metricName"] == metric;
        let filter = filters["metricFilters"].as_array().expect("filters").iter().find(counts).expect(metric);
        let pattern = format!("{{ ($.routeKey = \"ANY /webhooks/*\") && ($.status = \"{status}\") }}");
        assert_eq!(filter["filterPattern"], pattern);
        assert_eq!(filter["metricTransformations"][0]["metricNamespace"], "EnglishTestHub");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_is_too_large_is_told_and_a_strangers_is_not() {
    let (world, since) = (World::new().await, Timestamp::now() - Duration::from_secs(1));
    let huge = "x".repeat(200 * 1024);
    for vendor in Vendor::ALL {
        let url = world.webhook(vendor);
        let stranger = world.send(delivery(&world, &url.replace(&world.token, "a-guess"), &huge)).await;
        assert_eq!(stranger.status, 404, "{stranger:?}");
        let refused = world.send(delivery(&world, &url, &huge)).await;
        assert_eq!((refused.status.as_u16(), refused.problem()), (413, "body-too-large"));
        let lines = too_large(&world, vendor, since).await;
        let alerts: Vec<_> = lines.iter().filter(|line| line["alert"] == "report_too_large").collect();
        assert_eq!(alerts.len(), 1, "{lines:?}");
        assert_eq!(alerts[0]["ReportTooLarge"], 1);
        let told = lines.iter().find(|line| line["fields"]["message"] == "report too large").expect("a log line");
        assert!(told["fields"]["bytes"].as_u64().is_some_and(|bytes| bytes >= huge.len() as u64), "{told}");
    }
}

/// The log's lines about too large reports of the world's account at a vendor, once
/// both kinds of them are there.
async fn too_large(world: &World, vendor: Vendor, since: Timestamp) -> Vec<Value> {
    let (group, account) = (world.log_group(&format!("{vendor}-webhook")), format!("{vendor}#{}", world.account));
    let ask = async || {
        let lines = world.log_lines(&group, since).await;
        let lines = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let is_ours = |line: &Value| line["about"] == account.as_str() || line["fields"]["account"] == account.as_str();
        let ours: Vec<_> = lines.filter(is_ours).collect();
        if ours.len() >= 2 { Ok(ours) } else { Err(ours) }
    };
    eventually("lines about a report that is too large", ask).await
}
