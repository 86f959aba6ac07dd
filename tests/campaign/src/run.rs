//! A campaign's course: market, load under faults, then peace, candidates and the operator, then the judgement.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use futures_util::future::try_join_all;
use jiff::Timestamp;
use parking_lot::Mutex;

use super::books::{self, Ledger};
use super::chance::Chance;
use super::figures;
use super::judge::{self, Evidence};
use super::kills::{self, Kills};
use super::load::{self, Assigned, Order, Tally, Websites};
use super::operator::{self, Done};
use super::outside::Outside;
use super::quiet::{self, Until};
use super::report::{self, Course, Facts};
use super::setup::Market;
use super::stack::{Stack, Vendor};
use super::trouble;
use super::{Outcome, Plan, plot};

/// How many candidates sit at the same time.
const SEATS: usize = 8;

/// Runs a campaign on the stack that the environment names. `progress` is told now and then how it stands.
pub async fn run(plan: Plan, progress: impl Fn(&str)) -> Result<Outcome> {
    let (stack, chance) = (Stack::from_env()?, Chance::new(plan.seed));
    progress("opening accounts");
    let market = Market::open(&stack, &plan).await?;
    let (tally, kills, outside) = (Tally::default(), Kills::default(), Outside::new(&stack, &chance));
    let websites = Websites { stack: &stack, market: &market, chance: &chance, tally: &tally };
    let run =
        Run { plan: &plan, stack: &stack, market: &market, websites: &websites, outside: &outside, kills: &kills };
    let mut course = Course { began: Timestamp::now(), ..Course::default() };
    trouble::begin(&stack, &plan, &market).await?;
    let later = run.under_faults(&mut course, &progress).await?;
    let aws = trouble::aws_faults(&stack).await?;
    let under_faults = run.ledgers().await?;
    trouble::end(&stack, &market).await?;
    course.peace = Timestamp::now();
    let mut done = Done::default();
    course.quiet = run.in_peace(later, &mut done, &progress).await?;
    course.ended = Timestamp::now();
    progress("reading the books");
    let (books, ledgers, scores) = (books::read(&stack, true).await?, run.ledgers().await?, outside.scores());
    let judgement =
        judge::judge(&Evidence { orders: plan.reservations, books: &books, ledgers: &ledgers, scores: &scores });
    let webhooks = outside.webhooks();
    let (plan, market, tally, kills) = (&plan, &market, &tally, &kills);
    let facts = Facts { plan, market, course, tally, kills, webhooks, aws, under_faults, ledgers, done, judgement };
    Ok(Outcome {
        report: report::write(&facts),
        figures: format!("{:#}\n", figures::of(&facts)),
        plot: plot::draw(&books, &course),
        faults: report::faults(&facts.judgement),
    })
}

struct Run<'a> {
    plan: &'a Plan,
    stack: &'a Stack,
    market: &'a Market,
    websites: &'a Websites<'a>,
    outside: &'a Outside<'a>,
    kills: &'a Kills,
}

impl Run<'_> {
    async fn ledgers(&self) -> Result<Vec<(Vendor, Ledger)>> {
        let mut ledgers = Vec::new();
        for vendor in Vendor::ALL {
            ledgers.push((vendor, Ledger::read(self.stack, vendor).await?));
        }
        Ok(ledgers)
    }

    /// All orders, and some candidates, while everything fails. The orders that got no clear answer.
    async fn under_faults(&self, course: &mut Course, progress: &impl Fn(&str)) -> Result<Vec<Order>> {
        let (began, orders) = (Instant::now(), load::orders(self.plan.reservations, self.market));
        let seats = Arc::new(tokio::sync::Semaphore::new(SEATS));
        let work = Work { orders: Mutex::new(orders.into()), unanswered: Mutex::default(), seats };
        let disturb = async {
            tokio::join!(
                kills::go_on(self.stack, self.websites.chance, self.plan.kill_every, self.kills),
                self.close_ports(course),
            )
        };
        let told = self.tell(began, progress);
        let shops = (0..self.plan.websites).map(|_| self.shop(&work));
        tokio::select! {
            done = try_join_all(shops) => drop(done?),
            _ = disturb => {}
            () = told => {}
        }
        Ok(work.unanswered.into_inner())
    }

    /// One website orders until there is nothing left; the candidates of some of its tests sit at once.
    async fn shop(&self, work: &Work) -> Result<()> {
        loop {
            let Some(order) = work.orders.lock().pop_front() else { return Ok(()) };
            match self.websites.order(&order).await {
                None => work.unanswered.lock().push(order),
                Some(Some(test)) if self.websites.chance.percent(35) => {
                    let _seat = work.seats.acquire().await?;
                    self.outside.sit(&test).await?;
                }
                Some(_) => {}
            }
        }
    }

    async fn close_ports(&self, course: &mut Course) {
        loop {
            tokio::time::sleep(Duration::from_millis(8000 + self.websites.chance.below(8000))).await;
            let vendor = Vendor::ALL[self.websites.chance.below(2) as usize];
            course.closures += u64::from(trouble::close_port(self.stack, vendor, 1200).await.is_ok());
        }
    }

    async fn tell(&self, began: Instant, progress: &impl Fn(&str)) {
        use std::sync::atomic::Ordering::Relaxed;
        loop {
            tokio::time::sleep(Duration::from_secs(5)).await;
            let (accepted, seconds) = (self.websites.tally.accepted.load(Relaxed), began.elapsed().as_secs_f64());
            progress(&format!(
                "under faults: {accepted} of {} ordered, {:.1} a second, {} functions killed",
                self.plan.reservations,
                accepted as f64 / seconds,
                self.kills.all.load(Relaxed)
            ));
        }
    }

    /// Everything that settles what the faults left. True if all came to rest in time.
    async fn in_peace(&self, later: Vec<Order>, done: &mut Done, progress: &impl Fn(&str)) -> Result<bool> {
        let deadline = Instant::now() + self.plan.patience;
        for order in later {
            self.websites.order(&order).await;
        }
        let accounts: Vec<_> = self.market.itep.iter().collect();
        let (first, second) = accounts.split_at(accounts.len() / 2);
        let told = |step: &'static str| move |how: &str| progress(&format!("{step}: {how}"));
        quiet::wait(self.stack, Until::Settled, deadline, done, told("faults are over")).await?;
        progress("the operator imports iTEP's files, first half");
        operator::settle(self.stack, first, &self.sales().await?, done).await?;
        quiet::wait(self.stack, Until::Settled, deadline, done, told("bought again")).await?;
        self.everybody_sits(progress).await?;
        quiet::wait(self.stack, Until::Graded, deadline, done, told("candidates sat")).await?;
        progress("the operator imports iTEP's files, second half");
        operator::settle(self.stack, second, &self.sales().await?, done).await?;
        quiet::wait(self.stack, Until::Settled, deadline, done, told("bought again")).await?;
        self.everybody_sits(progress).await?;
        quiet::wait(self.stack, Until::Graded, deadline, done, told("the last candidates sat")).await
    }

    /// iTEP's sales: what its own screens list.
    async fn sales(&self) -> Result<Vec<books::Sale>> {
        Ok(Ledger::read(self.stack, Vendor::Itep).await?.sales)
    }

    /// Every candidate who has a test sits it, and iTEP sends again what nobody took.
    async fn everybody_sits(&self, progress: &impl Fn(&str)) -> Result<()> {
        let mut waiting = VecDeque::new();
        for (vendor, ledger) in self.ledgers().await? {
            for sale in ledger.sales {
                let test = (vendor, sale.account, sale.reference);
                if !self.outside.is_graded(&test) {
                    waiting.push_back(Assigned { vendor, account: test.1, reference: test.2 });
                }
            }
        }
        progress(&format!("{} candidates sit their tests", waiting.len()));
        let waiting = Mutex::new(waiting);
        let seat = async || {
            loop {
                let Some(test) = waiting.lock().pop_front() else { return anyhow::Ok(()) };
                self.outside.sit(&test).await.with_context(|| format!("{test:?}"))?;
            }
        };
        try_join_all((0..SEATS).map(|_| seat())).await?;
        self.outside.resend().await
    }
}

/// What the websites share.
struct Work {
    orders: Mutex<VecDeque<Order>>,
    unanswered: Mutex<Vec<Order>>,
    seats: Arc<tokio::sync::Semaphore>,
}
