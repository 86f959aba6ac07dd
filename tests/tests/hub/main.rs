//! The whole system: the template deployed, the real binaries, real HTTP, the
//! simulated vendors' ledgers as the judge. Run by `cargo dev test`.

mod bad_input;
mod buying;
mod calls;
mod cancelling;
mod doubt;
mod events;
mod expiry;
mod in_process;
mod reading;
mod results_itep;
mod results_truenorth;
mod setup;
mod webhooks;
mod world;
