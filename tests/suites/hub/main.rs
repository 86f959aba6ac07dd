//! The whole system: the template deployed, the real binaries, real HTTP, the
//! simulated vendors' ledgers as the judge. Run by `cargo dev test`.

mod bad_input;
mod batches;
mod breaker;
mod buying;
mod calls;
mod canaries;
mod cancelling;
mod doubt;
mod edge;
mod emulator;
mod events;
mod expiry;
mod in_process;
mod inventory;
mod launching;
mod logs;
mod operating;
mod quarantine;
mod reading;
mod repairing;
mod repeating;
mod reprocessing;
mod results_itep;
mod results_truenorth;
mod settling;
mod setup;
mod test_mode;
mod webhooks;
mod world;
