//! The public price of a million ordinary tests: what the tests measured, times `tests/figures/prices.json`.

use serde_json::Value;

const TEMPLATE: &str = include_str!("../../../../infra/template.yaml");
const MILLION: f64 = 1e6;
const SECONDS_PER_MONTH: f64 = 30.0 * 86_400.0;
const LONG_POLL_SECONDS: f64 = 20.0;

/// What Lambda itself logs of an invocation as text, by its documentation ("Viewing CloudWatch logs for Lambda").
const PLATFORM_LINES: [&str; 3] = [
    "START RequestId: c793869b-ee49-115b-a5b6-4fd21e8dedac Version: $LATEST\n",
    "END RequestId: c793869b-ee49-115b-a5b6-4fd21e8dedac\n",
    "REPORT RequestId: c793869b-ee49-115b-a5b6-4fd21e8dedac\tDuration: 28.66 ms\tBilled Duration: 29 ms\t\
     Memory Size: 256 MB\tMax Memory Used: 24 MB\t\n",
];

/// Work of a function on one test.
struct Step {
    function: &'static str,
    times: f64,
    /// Otherwise it is done in an invocation that is not the test's own.
    is_invoked: bool,
    aws_calls: f64,
    vendor_calls: f64,
}

/// One ordinary test, as the functions work on it.
struct Course {
    name: &'static str,
    steps: &'static [Step],
    messages: f64,
    /// Functions that read the vendor's secret.
    secret_readers: f64,
    is_polled: bool,
}

impl Step {
    const fn new(function: &'static str, times: f64, aws_calls: f64, vendor_calls: f64) -> Self {
        Self { function, times, is_invoked: true, aws_calls, vendor_calls }
    }

    fn invocations(&self) -> f64 {
        if self.is_invoked { self.times } else { 0.0 }
    }

    /// Whether the gateway invokes it.
    fn is_request(&self) -> bool {
        self.function == "provision" || self.function.ends_with("-webhook")
    }
}

/// Bought within the request; `Finished` and `Complete` come by webhook; the company reads its result.
const ITEP: Course = Course {
    name: "itep",
    steps: &[
        Step::new("provision", 1.0, 3.0, 1.0),
        Step::new("provision", 1.0, 1.0, 0.0),
        Step::new("itep-webhook", 2.0, 1.0, 0.0),
        Step::new("record-result", 2.0, 3.0, 0.0),
    ],
    messages: 2.0,
    secret_readers: 2.0,
    is_polled: false,
};

/// Bought within the request and launched once; two polls see it begun and sat; the webhook's hint leads to the score.
const TRUENORTH: Course = Course {
    name: "truenorth",
    steps: &[
        Step::new("provision", 1.0, 4.0, 1.0),
        Step::new("provision", 1.0, 3.0, 1.0),
        Step::new("provision", 1.0, 1.0, 0.0),
        Step::new("truenorth-webhook", 1.0, 1.0, 0.0),
        Step::new("score-poller", 1.0, 5.0, 1.0),
        Step { is_invoked: false, ..Step::new("score-poller", 2.0, 3.0, 0.0) },
    ],
    messages: 1.0,
    secret_readers: 3.0,
    is_polled: true,
};

/// The recorded figures that a bill is made of.
pub(super) struct Figures {
    cost: Value,
    prices: Value,
    logs: Value,
}

type Row = (&'static str, [f64; 2]);

impl Figures {
    pub(super) fn read(read: impl Fn(&str) -> Value) -> Self {
        Self { cost: read("cost"), prices: read("prices"), logs: read("logs") }
    }

    /// The bill as a table of Markdown.
    pub(super) fn table(&self) -> Result<String, String> {
        let rows = self.rows()?;
        let mut table = "\n\n| a million tests, in US dollars | iTEP | TrueNorth |\n| --- | ---: | ---: |\n".to_owned();
        let mut line = |name: &str, [itep, truenorth]: [f64; 2]| {
            let dash = |usd: f64| if usd == 0.0 { "–".to_owned() } else { format!("{usd:.2}") };
            table += &format!("| {name} | {} | {} |\n", dash(itep), dash(truenorth));
        };
        rows.iter().for_each(|(name, usd)| line(name, *usd));
        line("**all**", rows.iter().fold([0.0; 2], |[a, b], (_, usd)| [a + usd[0], b + usd[1]]));
        line("off: Lambda's own log lines", self.each(|course| self.platform_lines(course))?);
        line("instead of the first two: Powertools and a table of one's own", [self.powertools()?, 0.0]);
        let [queues, standing] = [self.idle_queues()?, self.standing()?];
        let month =
            format!("idle queues cost {queues:.2} to poll; alarms, secrets, sweeps and polls cost {standing:.2}");
        Ok(format!("{table}\nEach month besides, {month}.\n\n"))
    }

    fn rows(&self) -> Result<Vec<Row>, String> {
        Ok(vec![
            ("DynamoDB, writes", self.each(|course| self.units(course, "written", "dynamodb_write"))?),
            ("DynamoDB, reads", self.each(|course| self.reads(course))?),
            ("DynamoDB, polls that read a day's tests again", self.each(|course| self.polls(course))?),
            ("Lambda, requests", self.each(|course| Ok(invocations(course) * self.usd("lambda_request")?))?),
            ("Lambda, own work and calls to AWS", self.each(|course| self.time(course, |step| self.work_ms(step)))?),
            ("Lambda, waiting for the vendor", self.each(|course| self.time(course, |step| self.vendor_ms(step)))?),
            ("API Gateway", self.each(|course| Ok(requests(course) * self.usd("gateway_request")?))?),
            ("SQS: send, receive, delete", self.each(|course| Ok(3.0 * course.messages * self.usd("sqs_request")?))?),
            ("CloudWatch Logs", self.each(|course| self.log_lines(course))?),
            ("keys, breakers and secrets, once per TTL", self.each(|course| self.caches(course))?),
        ])
    }

    fn each(&self, usd: impl Fn(&Course) -> Result<f64, String>) -> Result<[f64; 2], String> {
        Ok([usd(&ITEP)?, usd(&TRUENORTH)?])
    }

    fn units(&self, course: &Course, kind: &str, price: &str) -> Result<f64, String> {
        let units = number(&self.cost, &[&format!("ordinary_{}_test", course.name), kind])?;
        Ok(units * self.usd(price)?)
    }

    fn reads(&self, course: &Course) -> Result<f64, String> {
        let read = number(&self.cost, &["operations", "read by id", "read"])? * self.assumed("client_reads")?;
        Ok(self.units(course, "read", "dynamodb_read")? + read * self.usd("dynamodb_read")?)
    }

    /// A poll reads every test that was begun within its overlap.
    fn polls(&self, course: &Course) -> Result<f64, String> {
        if !course.is_polled {
            return Ok(0.0);
        }
        let polls = parameter("PollOverlapSeconds")? / (60.0 * poll_minutes()?);
        let read = number(&self.cost, &["operations", "poll reads a test again", "read"])?;
        Ok(polls * read * self.usd("dynamodb_read")?)
    }

    fn time(&self, course: &Course, ms: impl Fn(&Step) -> Result<f64, String>) -> Result<f64, String> {
        let gb_ms = |step: &Step| Ok(step.times * ms(step)? * memory_gb(step.function)?);
        let gb_seconds = course.steps.iter().map(gb_ms).sum::<Result<f64, String>>()? / 1000.0;
        Ok(gb_seconds * MILLION * self.usd("lambda_gb_second")?)
    }

    fn work_ms(&self, step: &Step) -> Result<f64, String> {
        Ok(self.assumed("own_ms")? + step.aws_calls * self.assumed("aws_call_ms")?)
    }

    fn vendor_ms(&self, step: &Step) -> Result<f64, String> {
        Ok(step.vendor_calls * self.assumed("vendor_call_ms")?)
    }

    fn log_lines(&self, course: &Course) -> Result<f64, String> {
        let mut functions: Vec<_> = course.steps.iter().map(|step| step.function).collect();
        functions.dedup();
        let each_event = self.assumed("log_event_bytes")?;
        let mut bytes = requests(course) * (self.assumed("access_log_bytes")? + each_event);
        for function in functions {
            let logged = |kind| number(&self.logs, &["tests", course.name, function, kind]);
            let steps = course.steps.iter().filter(|step| step.function == function);
            let expected = steps.map(Step::invocations).sum::<f64>();
            if logged("invocations")? != expected {
                return Err(format!(
                    "{function} works on {} in {expected} invocations, and logged otherwise",
                    course.name
                ));
            }
            bytes += logged("bytes")? + logged("lines")? * each_event;
        }
        self.logged(bytes)
    }

    fn platform_lines(&self, course: &Course) -> Result<f64, String> {
        if !TEMPLATE.contains("SystemLogLevel: WARN") {
            return Err("the template leaves Lambda's own lines on".to_owned());
        }
        let each_event = self.assumed("log_event_bytes")?;
        let lines = PLATFORM_LINES.iter().map(|line| line.len() as f64 + each_event).sum::<f64>();
        self.logged(invocations(course) * lines)
    }

    /// A million times so many bytes.
    fn logged(&self, bytes: f64) -> Result<f64, String> {
        Ok(bytes * MILLION / 1e9 * self.usd("logs_gb")?)
    }

    /// Every instance of `provision` reads a key and its client, and a breaker; every reader of a secret its profile.
    fn caches(&self, course: &Course) -> Result<f64, String> {
        let (keys, breakers) = (2.0 / parameter("KeyTtlSeconds")?, 1.0 / parameter("BreakerTtlSeconds")?);
        let reads = (keys + breakers) * SECONDS_PER_MONTH * self.assumed("instances")?;
        let secrets = course.secret_readers / parameter("SecretTtlSeconds")?;
        let fetches = secrets * SECONDS_PER_MONTH * self.assumed("instances")?;
        Ok((reads * self.usd("dynamodb_read")? + fetches * self.usd("secret_call")?) / MILLION)
    }

    /// Its idempotency around the same purchase, and the application's own item.
    fn powertools(&self) -> Result<f64, String> {
        let units = |kind| number(&self.cost, &["powertools_itep_test", kind]);
        let client = number(&self.cost, &["operations", "read by id", "read"])? * self.assumed("client_reads")?;
        Ok(units("written")? * self.usd("dynamodb_write")? + (units("read")? + client) * self.usd("dynamodb_read")?)
    }

    /// Lambda's long polls of the three queues in a month.
    fn idle_queues(&self) -> Result<f64, String> {
        let polls = 3.0 * SECONDS_PER_MONTH / LONG_POLL_SECONDS * self.assumed("idle_pollers")?;
        Ok(polls * self.usd("sqs_request")? / MILLION)
    }

    /// What else the stack costs in a month without a test, with one account of each vendor.
    fn standing(&self) -> Result<f64, String> {
        let (sweeps, polls) = (SECONDS_PER_MONTH / 60.0, SECONDS_PER_MONTH / 60.0 / poll_minutes()?);
        let sweep_ms = self.assumed("own_ms")? + self.assumed("aws_call_ms")?;
        let poll_ms = self.assumed("vendor_call_ms")? + 5.0 * self.assumed("aws_call_ms")?;
        let gb_ms =
            sweeps * sweep_ms * memory_gb("expire-reservations")? + polls * poll_ms * memory_gb("score-poller")?;
        let alarms = TEMPLATE.matches("Type: AWS::CloudWatch::Alarm").count() as f64;
        Ok((sweeps + polls) * self.usd("lambda_request")? / MILLION
            + gb_ms / 1000.0 * self.usd("lambda_gb_second")?
            + alarms * self.usd("alarm")?
            + 2.0 * self.usd("secret")?)
    }

    fn usd(&self, price: &str) -> Result<f64, String> {
        number(&self.prices, &["prices", price, "usd"])
    }

    fn assumed(&self, name: &str) -> Result<f64, String> {
        number(&self.prices, &["assumptions", name, "value"])
    }
}

fn invocations(course: &Course) -> f64 {
    course.steps.iter().map(Step::invocations).sum()
}

fn requests(course: &Course) -> f64 {
    course.steps.iter().filter(|step| step.is_request()).map(Step::invocations).sum()
}

fn number(file: &Value, keys: &[&str]) -> Result<f64, String> {
    let found = keys.iter().try_fold(file, |value, key| value.get(key)).and_then(Value::as_f64);
    found.ok_or_else(|| format!("tests/figures lack {}", keys.join(".")))
}

/// What stands behind `label` in the template's block that begins with `block`.
fn setting(block: &str, label: &str) -> Option<&'static str> {
    let (_, rest) = TEMPLATE.split_once(block)?;
    let (_, value) = rest.split_once(label)?;
    value.lines().next()
}

/// A parameter's default.
fn parameter(name: &str) -> Result<f64, String> {
    let value = setting(&format!("\n  {name}:\n"), "Default: ").and_then(|value| value.parse().ok());
    value.ok_or_else(|| format!("the template has no number {name}"))
}

fn poll_minutes() -> Result<f64, String> {
    let rate = setting("\n  ScorePollSchedule:\n", "Default: rate(").and_then(|rest| rest.split(' ').next());
    rate.and_then(|minutes| minutes.parse().ok()).ok_or_else(|| "the template has no rate of polls".to_owned())
}

/// A function's own memory, or that of all functions.
fn memory_gb(function: &str) -> Result<f64, String> {
    let (_, rest) = TEMPLATE
        .split_once(&format!("FunctionName: !Sub \"${{AWS::StackName}}-{function}\"\n"))
        .ok_or_else(|| format!("the template has no {function}"))?;
    let own = rest.split("\n\n").next().and_then(|block| block.split_once("MemorySize: "));
    let value = own.and_then(|(_, value)| value.lines().next()).or_else(|| setting("\nGlobals:\n", "MemorySize: "));
    let megabytes: Option<f64> = value.and_then(|value| value.parse().ok());
    megabytes.map(|megabytes| megabytes / 1024.0).ok_or_else(|| "the template has no memory".to_owned())
}
