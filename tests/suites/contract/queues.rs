//! What is put on a queue comes out of it as it was.

use std::time::{Duration, Instant};

use aws_sdk_sqs::config::{Config, timeout::TimeoutConfig};
use aws_sdk_sqs::types::Message;
use shared::aws::message;
use shared::aws::sqs::Fulfilment;
use shared::aws::{QueueUrls, SqsQueue};
use shared_core::domain::ids::{ReservationId, VendorReference};
use shared_core::domain::reservation::CallOutcome;
use shared_core::ports::{CheckReason, InboundWebhook, Queue, ResultMessage, ScoreCheck};

use crate::fixtures::*;
use crate::world::World;

/// Waits for a message as a consumer does, and takes it off the queue.
async fn receive(world: &World, url: Option<&String>) -> Option<Message> {
    let url = url.expect("the queue exists");
    let patient = TimeoutConfig::builder()
        .operation_attempt_timeout(Duration::from_secs(20))
        .operation_timeout(Duration::from_secs(20))
        .build();
    let wait = world.clients.sqs().receive_message().queue_url(url).wait_time_seconds(5);
    let answer = wait.customize().config_override(Config::builder().timeout_config(patient)).send().await.unwrap();
    let message = answer.messages.unwrap_or_default().pop()?;
    let receipt = message.receipt_handle.clone().unwrap();
    world.clients.sqs().delete_message().queue_url(url).receipt_handle(receipt).send().await.unwrap();
    Some(message)
}

#[tokio::test]
async fn a_fulfilment_comes_out_while_somebody_waits_for_it() {
    let world = World::new().await;
    let id = ReservationId::derive(&client(), "k");
    let sent = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        world.queue.fulfil(&id).await.unwrap();
    };
    let begun = Instant::now();
    let (message, ()) = tokio::join!(receive(&world, world.urls.fulfilment.as_ref()), sent);
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    let body = message.unwrap().body.unwrap();
    assert_eq!(body, format!(r#"{{"v":1,"reservation_id":"{id}"}}"#));
    assert_eq!(serde_json::from_str::<Fulfilment>(&body).unwrap().reservation_id, id);
}

#[tokio::test]
async fn a_webhook_of_the_largest_size_fits_the_queue() {
    let world = World::new().await;
    let receipt = receipt("receipt-1", at(0), (0..150 * 1024).map(|n| (n % 251) as u8).collect());
    let sent = ResultMessage::InboundWebhook(receipt.clone());
    world.queue.record(&sent, Duration::ZERO).await.unwrap();
    let message = receive(&world, world.urls.results.as_ref()).await.unwrap();
    assert_eq!(message::parse::<ResultMessage>(&message.body.unwrap()), Ok(sent));
    let larger = ResultMessage::InboundWebhook(InboundWebhook { body: vec![0; 250 * 1024], ..receipt });
    assert!(world.queue.record(&larger, Duration::ZERO).await.is_err());
}

#[tokio::test]
async fn a_delayed_outcome_comes_later() {
    let world = World::new().await;
    let outcome = CallOutcome::Confirmed { reference: VendorReference::itep("3279B035APR"), launch: None };
    let reservation_id = ReservationId::derive(&client(), "k");
    let sent = ResultMessage::Outcome { reservation_id, call_no: 1, outcome };
    let begun = Instant::now();
    world.queue.record(&sent, Duration::from_millis(1_500)).await.unwrap();
    let message = receive(&world, world.urls.results.as_ref()).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(1_400), "{:?}", begun.elapsed());
    assert_eq!(message::parse::<ResultMessage>(&message.body.unwrap()), Ok(sent));
}

#[tokio::test]
async fn a_score_check_comes_out_as_it_was() {
    let world = World::new().await;
    let reservation_id = ReservationId::derive(&client(), "k");
    let check = ScoreCheck::new(account_name(), reservation_id, CheckReason::Webhook);
    world.queue.check_score(&check, Duration::ZERO).await.unwrap();
    let message = receive(&world, world.urls.score_checks.as_ref()).await.unwrap();
    assert_eq!(message::parse::<ScoreCheck>(&message.body.unwrap()), Ok(check));
}

#[tokio::test]
async fn a_queue_without_an_address_is_named() {
    let world = World::new().await;
    let queue = SqsQueue::new(world.clients.clone(), QueueUrls::default());
    let failed = queue.fulfil(&ReservationId::derive(&client(), "k")).await.unwrap_err();
    assert_eq!(failed.source.to_string(), "the environment variable FULFILMENT_QUEUE_URL is not set");
}
