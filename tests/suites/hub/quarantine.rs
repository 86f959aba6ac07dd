//! What becomes of reports that could not be used: nothing is believed by being sent round again.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};
use shared::aws::AwsClients;
use shared_core::domain::reservation::Source;
use shared_core::ports::{AuthOutcome, Quarantined, Store};

use crate::in_process;
use crate::operating::{hubctl, refused};
use crate::setup::{self, Options};
use crate::webhooks::{delivery, form, grade, quarantined, sample_with, until_quarantined};
use crate::world::{Answer, Vendor, World};

/// A world whose iTEP account wants a second credential, and a test bought there.
async fn strict() -> (World, Answer) {
    let world = World::with(wanting(json!([{ "bearer": "the-secret" }]))).await;
    let bought = world.buy(Vendor::Itep).await;
    (world, bought)
}

fn wanting(itep_auth: Value) -> Options {
    Options { itep_auth, ..Options::default() }
}

/// Changes the account's profile; instances see it after a second.
async fn profile(world: &World, options: &Options) {
    setup::secret(&format!("hub/itep/{}", world.account), &setup::itep_profile(world, options)).await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
}

/// Posts a forged grade, and returns it as it is quarantined.
async fn forge(world: &World, bought: &Answer) -> Quarantined {
    let request = delivery(world, &world.webhook(Vendor::Itep), &grade(bought)).bearer_auth("a-canary-guess");
    assert_eq!(world.send(request).await.status, 401);
    quarantined(world).await
}

async fn replay(item: &Quarantined) {
    hubctl(&["quarantine", "replay", item.receipt.id.as_str()]).await;
}

/// Waits until a report is back after a replay.
async fn back(world: &World, before: &Quarantined) -> Quarantined {
    until_quarantined(world, |kept| kept.at > before.at && kept.replayed_at.is_none()).await
}

async fn is_ready(world: &World, bought: &Answer) {
    assert_eq!(world.reservation(&bought.id()).await["status"], "ready");
}

/// The account's quarantined items as they lie in the table.
async fn stored(world: &World) -> String {
    let aws = AwsClients::from_env().expect("the stack's environment");
    let asked = aws.dynamodb().query().table_name(in_process::settings().table);
    let asked = asked.key_condition_expression("pk = :pk").filter_expression("doc.receipt.account = :account");
    let asked = asked.expression_attribute_values(":pk", AttributeValue::S("QUARANTINE".to_owned()));
    let asked = asked.expression_attribute_values(":account", AttributeValue::S(world.account.clone()));
    let items: Vec<_> = asked.into_paginator().items().send().collect::<Result<_, _>>().await.expect("the table");
    format!("{items:?}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_report_fails_the_check_however_often_it_is_replayed() {
    let (world, bought) = strict().await;
    let mut item = forge(&world, &bought).await;
    assert_eq!(item.receipt.authenticated, AuthOutcome::WrongCredential);
    for _ in 0..2 {
        replay(&item).await;
        item = back(&world, &item).await;
        assert_eq!(item.receipt.authenticated, AuthOutcome::WrongCredential);
        is_ready(&world, &bought).await;
    }
    let stored = stored(&world).await;
    assert!(!stored.contains("a-canary-guess") && !stored.contains(&world.token), "{stored}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_replayed_against_the_credentials_that_are_valid_by_then() {
    let (world, bought) = strict().await;
    let item = forge(&world, &bought).await;
    profile(&world, &wanting(json!([{ "bearer": "the-secret" }, { "bearer": "a-canary-guess" }]))).await;
    replay(&item).await;
    world.until_status(&bought.id(), "completed").await;
    assert!(quarantined(&world).await.replayed_at.is_some());
    assert!(refused(&["quarantine", "replay", "no-such-receipt"]).await.contains("no report"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verified_sender_stays_verified_after_a_rotation() {
    let (world, bought) = strict().await;
    let data = sample_with(json!({ "OID": bought.id(), "TestID": "AN0THER" }));
    let request = delivery(&world, &world.webhook(Vendor::Itep), &data).bearer_auth("the-secret");
    assert_eq!(world.send(request).await.status, 200);
    let item = quarantined(&world).await;
    profile(&world, &wanting(json!([{ "bearer": "another-secret" }]))).await;
    replay(&item).await;
    let item = back(&world, &item).await;
    assert_eq!(item.receipt.authenticated, AuthOutcome::Verified, "{}", item.why);
    assert!(item.why.contains("different tests"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_came_while_the_profile_could_not_be_read_is_checked_once_it_can_be() {
    let (world, bought) = strict().await;
    let broken = Options { itep_profile: json!({ "inbound": { "tokens": "?" } }), ..Options::default() };
    profile(&world, &broken).await;
    for (token, status) in [("a-guess", "ready"), (world.token.as_str(), "completed")] {
        let url = world.webhook(Vendor::Itep).replace(&world.token, token);
        let request = delivery(&world, &url, &grade(&bought)).bearer_auth("the-secret");
        assert_eq!(world.send(request).await.status, 200);
        let item = until_quarantined(&world, |item| item.receipt.credentials.has_token(&item.receipt.id, token)).await;
        assert_eq!(item.receipt.authenticated, AuthOutcome::Unchecked);
        if status == "ready" {
            replay(&item).await;
            let item = until_quarantined(&world, |kept| kept.receipt.id == item.receipt.id && kept.at > item.at).await;
            assert_eq!(item.receipt.authenticated, AuthOutcome::Unchecked, "the profile is as it was");
        }
        profile(&world, &wanting(json!([{ "bearer": "the-secret" }]))).await;
        replay(&item).await;
        if status == "ready" {
            let is_back = |kept: &Quarantined| kept.receipt.authenticated == AuthOutcome::WrongToken;
            until_quarantined(&world, |kept| kept.receipt.id == item.receipt.id && is_back(kept)).await;
            is_ready(&world, &bought).await;
            profile(&world, &broken).await;
        }
    }
    world.until_status(&bought.id(), "completed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_trusted_unchecked_in_somebodys_name_for_a_reason_and_in_the_history() {
    let (world, bought) = strict().await;
    let item = forge(&world, &bought).await;
    let receipt = item.receipt.id.as_str();
    let trust = ["quarantine", "replay", receipt, "--trust"];
    for lacking in [&[][..], &["--by", "ann"], &["--why", "so"]] {
        assert!(refused(&[trust.as_slice(), lacking].concat()).await.contains("--"));
    }
    let trust = [trust.as_slice(), &["--by", "ann", "--why", "iTEP confirmed it on the phone"]].concat();
    assert!(refused(&trust).await.contains("--yes"), "nobody sits at the terminal");
    is_ready(&world, &bought).await;
    hubctl(&[trust.as_slice(), &["--yes"]].concat()).await;
    world.until_status(&bought.id(), "completed").await;
    let store = in_process::hub().store;
    let reservation = store.reservation(&bought.id().parse().expect("an id")).await.expect("storage");
    let recent = reservation.expect("a reservation").recent;
    let last = recent.last().expect("an entry");
    assert_eq!(last.source, Source::Operator { name: "ann".to_owned() });
    assert_eq!(last.detail.as_deref(), Some("trusted unchecked: iTEP confirmed it on the phone"));
    let told = world.history(&bought.id()).await.pop().expect("an entry");
    assert_eq!((&told["source"], &told["detail"]), (&json!("operator"), &Value::Null));
}

/// Keeps a forged report as older code did: with what its sender showed in clear, or without it.
async fn older(world: &World, bought: &Answer, n: &str, why: &str, unchecked: Option<Value>) -> String {
    let id = format!("{}-{n}", world.account);
    let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string();
    let mut receipt = json!({ "id": id, "account": world.account, "received_at": now,
        "content_type": "application/x-www-form-urlencoded", "body": STANDARD.encode(form(&grade(bought))) });
    if let Some(unchecked) = unchecked {
        receipt["unchecked"] = unchecked;
    }
    let item = json!({ "pk": "QUARANTINE", "sk": format!("{now}#{id}"), "v": 1,
        "doc": { "receipt": receipt, "why": why, "at": now } });
    let item = serde_dynamo::to_item(item).expect("an item");
    let aws = AwsClients::from_env().expect("the stack's environment");
    let put = aws.dynamodb().put_item().table_name(in_process::settings().table);
    put.set_item(Some(item)).send().await.expect("a stored item");
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn what_older_code_quarantined_is_not_believed_by_being_replayed() {
    let (world, bought) = strict().await;
    for (n, why) in
        ["its token is valid, its second credential is not", "its sender cannot be checked: so"].into_iter().enumerate()
    {
        let id = older(&world, &bought, &format!("bare-{n}"), why, None).await;
        assert!(refused(&["quarantine", "replay", &id]).await.contains("--trust"));
    }
    for (n, header, status) in [("wrong", "Bearer a-guess", "ready"), ("right", "bearer the-secret", "completed")] {
        let shown = json!({ "token": world.token, "headers": [["authorization", header]] });
        let why = "its sender cannot be checked: the account's `inbound` rules cannot be read";
        let id = older(&world, &bought, n, why, Some(shown)).await;
        hubctl(&["quarantine", "replay", &id]).await;
        if status == "ready" {
            until_quarantined(&world, |kept| {
                kept.receipt.authenticated == AuthOutcome::WrongCredential && kept.at > kept.receipt.received_at
            })
            .await;
        }
        world.until_status(&bought.id(), status).await;
    }
}
