//! The functions' roles, as `infra/template.yaml` has them: they allow every call
//! that the deployed functions make, and nothing else.
//!
//! The embedded AWS writes down what it is asked under each role (see
//! `infra/local/permissions.py`), and refuses what the role does not allow.

mod policy;
mod template;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use policy::{Call, Grant, Statement};
use serde_json::json;
use template::Template;
use test_support::figures;

/// What Lambda itself does in a role's name: it reads event sources and writes logs.
/// The emulator does neither under the role, so there is no call to be seen.
const BY_LAMBDA_ITSELF: [&str; 5] =
    ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "logs:CreateLogStream", "logs:PutLogEvents"];

/// What is only called when something fails that a run of the suite need not meet: an
/// outcome that could not be written goes to `results`, and a purchase whose time the
/// wait for the rate limit used up goes to `fulfilment`.
const ON_FAILURE: [(&str, &str); 3] =
    [("ProvisionRole", "hub-results"), ("FulfilRole", "hub-results"), ("FulfilRole", "hub-fulfilment")];

fn roles() -> BTreeMap<String, Vec<Statement>> {
    let read = |statements: Vec<_>| statements.iter().map(Statement::read).collect();
    Template::read().statements().into_iter().map(|(role, statements)| (role, read(statements))).collect()
}

/// Every call of the suite's last run, and of its short campaign.
fn calls() -> Vec<Call> {
    let dev = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.dev");
    let files = ["test", "campaign"].map(|stack| dev.join(stack).join("calls.jsonl"));
    let texts = files.iter().filter_map(|file| fs::read_to_string(file).ok());
    texts
        .flat_map(|text| text.lines().map(|line| serde_json::from_str(line).expect("a call")).collect::<Vec<_>>())
        .collect()
}

/// Whether a deployed role's name, such as `hub-FulfilRole-1A2B`, is made of a logical one.
fn is_role(call: &Call, logical_name: &str) -> bool {
    call.role.split('-').any(|part| part == logical_name)
}

const UNUSED: &str = "UNUSED";

/// How a grant is used, in the report's words.
fn state(role: &str, grant: &Grant, is_used: bool) -> &'static str {
    let is_on_failure = |(of, queue): &(&str, &str)| {
        *of == role && grant.action == "sqs:SendMessage" && grant.resource.ends_with(queue)
    };
    match is_used {
        true => "used",
        false if BY_LAMBDA_ITSELF.contains(&grant.action.as_str()) => "by Lambda itself",
        false if ON_FAILURE.iter().any(is_on_failure) => "only on failure",
        false => UNUSED,
    }
}

#[test]
#[ignore = "it needs the calls of the whole suite: `cargo dev test` runs it at its end"]
fn each_role_allows_what_its_function_calls_and_grants_nothing_else() {
    let (roles, calls) = (roles(), calls());
    assert!(!calls.is_empty(), "no calls were written down: run `cargo dev test`");
    let (mut refused, mut idle) = (Vec::new(), Vec::new());
    for (role, statements) in &roles {
        let calls: Vec<_> = calls.iter().filter(|call| is_role(call, role)).collect();
        let allows = |call: &Call| statements.iter().any(|statement| statement.allows(call));
        refused.extend(calls.iter().filter(|call| !call.allowed || !allows(call)).cloned());
        let granted = policy::grants(statements);
        let used: BTreeSet<_> = granted.iter().filter(|grant| calls.iter().any(|call| grant.serves(call))).collect();
        println!("\n{role}: {} kinds of calls, {} grants", calls.len(), granted.len());
        for grant in &granted {
            let state = state(role, grant, used.contains(grant));
            println!("  {state:<16} {}", told(grant));
            if state == UNUSED {
                idle.push(format!("{role}: {}", told(grant)));
            }
        }
    }
    let strangers = calls.iter().filter(|call| !roles.keys().any(|role| is_role(call, role)));
    assert_eq!(strangers.map(|call| &call.role).collect::<BTreeSet<_>>(), BTreeSet::new());
    println!("\n{} kinds of calls, {} refused, {} grants unused", calls.len(), refused.len(), idle.len());
    let grants: usize = roles.values().map(|statements| policy::grants(statements).len()).sum();
    let measured =
        json!({"kinds_of_calls": calls.len(), "refused": refused.len(), "grants": grants, "unused": idle.len()});
    figures::record("roles", "cargo dev test", measured);
    assert!(refused.is_empty(), "refused: {refused:#?}");
    assert!(idle.is_empty(), "granted and never used: {idle:#?}");
}

fn told(Grant { action, resource, keys }: &Grant) -> String {
    let place = resource.splitn(6, ':').last().unwrap_or(resource);
    format!("{action:<29} {place}{}", keys.as_ref().map(|keys| format!(" {keys}")).unwrap_or_default())
}

fn call(action: &str, resource: &str, keys: &[&str]) -> Call {
    let keys = keys.iter().map(|key| (*key).to_owned()).collect();
    let resource = format!("arn:aws:dynamodb:us-east-1:000000000000:table/{resource}");
    Call { role: String::new(), action: format!("dynamodb:{action}"), resource, keys, allowed: true }
}

fn may(role: &str, call: &Call) -> bool {
    roles()[role].iter().any(|statement| statement.allows(call))
}

#[test]
fn nobody_scans_deletes_or_writes_clients_and_their_keys() {
    for role in roles().keys() {
        for key in ["KEY#abc", "CLIENT#acme", "CLIENTS", "POLLS"] {
            for action in ["PutItem", "UpdateItem", "DeleteItem"] {
                assert!(!may(role, &call(action, "hub", &[key])), "{role} may {action} {key}");
            }
        }
        for action in ["Scan", "DeleteItem", "BatchWriteItem", "PartiQLSelect"] {
            for resource in ["hub", "hub/index/due", "hub/index/by_client"] {
                assert!(!may(role, &call(action, resource, &["RES#res_1"])), "{role} may {action} {resource}");
            }
        }
    }
}

#[test]
fn the_webhook_functions_write_to_quarantine_or_nothing() {
    for (role, may_quarantine) in [("ItepWebhookRole", true), ("TruenorthWebhookRole", false)] {
        assert_eq!(may(role, &call("PutItem", "hub", &["QUARANTINE"])), may_quarantine);
        for key in ["RES#res_1", "REF#itep#default#A1", "KEY#abc", "ACCOUNT#itep#default", "QUARANTINE2"] {
            assert!(!may(role, &call("PutItem", "hub", &[key])), "{role} may write {key}");
        }
        assert!(!may(role, &call("GetItem", "hub", &["QUARANTINE"])), "{role} may read");
    }
}

#[test]
fn a_call_is_allowed_only_if_all_of_its_keys_are_and_there_is_one() {
    let puts = |keys: &[&str]| may("RecordResultRole", &call("PutItem", "hub", keys));
    assert!(puts(&["RES#res_1"]) && puts(&["RES#res_1", "REF#itep#default#A1"]));
    assert!(!puts(&["RES#res_1", "KEY#abc"]));
    assert!(!puts(&[]), "without a key the condition would hold for all values of none");
}

#[test]
fn an_index_is_a_grant_of_its_own() {
    assert!(may("ProvisionRole", &call("Query", "hub/index/by_client", &["acme"])));
    assert!(!may("ProvisionRole", &call("Query", "hub/index/due", &["DUE#0"])));
    assert!(!may("ExpireReservationsRole", &call("Query", "hub", &["RES#res_1"])));
}

#[test]
fn patterns_are_iams() {
    for (text, pattern, is_like) in [
        ("RES#1", "RES#*", true),
        ("RES#", "RES#*", true),
        ("XRES#1", "RES#*", false),
        ("POLLS", "POLL", false),
        ("abc", "a?c", true),
        ("a-b-c", "a*b*c", true),
    ] {
        assert_eq!(policy::is_like(text, pattern), is_like, "{text} {pattern}");
    }
}

#[test]
fn the_runbook_has_an_entry_for_each_alarm_and_no_other() {
    const RUNBOOK: &str = include_str!("../../../infra/hubctl/RUNBOOK.md");
    let headings = RUNBOOK.lines().filter_map(|line| line.strip_prefix("## "));
    let entries = headings.filter(|heading| heading.ends_with("Alarm")).collect::<BTreeSet<_>>();
    assert_eq!(entries, Template::read().names_of("AWS::CloudWatch::Alarm"));
}
