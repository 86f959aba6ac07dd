//! Hostile bytes: everything that reads what somebody else wrote, held against inputs
//! that nobody sane would send. A target is one function over bytes: here it runs over
//! its corpus and some mutants, and `cargo dev fuzz` has libFuzzer lead it where the
//! code branches.

mod aws;
mod bounds;
mod drive;
mod hub;
mod mutate;
mod server;
mod targets;
mod vendors;
mod wire;

/// Makes a test of each target. The names are those of the folders in `corpus/`.
macro_rules! targets {
    ($($name:ident: $check:path;)*) => {$(
        #[test]
        fn $name() {
            // Set by who built this with libFuzzer.
            if std::env::var_os("BOLERO_LIBFUZZER_ARGS").is_some() {
                bolero::check!().for_each(|input: &[u8]| $check(input));
            } else {
                drive::drive(stringify!($name), $check);
            }
        }
    )*};
}

targets! {
    itep_form: targets::itep::form;
    itep_json: targets::itep::json;
    itep_purchase: targets::purchases::itep;
    truenorth_purchase: targets::purchases::truenorth;
    truenorth_event: targets::truenorth::event;
    truenorth_score: targets::truenorth::score;
    truenorth_scores: targets::truenorth::scores;
    times: targets::times::times;
    tokens: targets::tokens::tokens;
    senders: targets::inbound::senders;
    profiles: targets::inbound::profiles;
    inventory_csv: targets::inventory::csv;
    api_requests: targets::api::requests;
    api_orders: targets::api::orders;
    queue_messages: targets::queues::messages;
    stored_items: targets::items::items;
}
