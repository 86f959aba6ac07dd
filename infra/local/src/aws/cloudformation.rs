//! CloudFormation: one stack is created or updated, and its outputs are read.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use super::Aws;
use crate::{http, interrupt};

/// How long a deployment may take on this machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A template: in the request up to 51,200 bytes, or as an object in S3.
pub(crate) enum Template {
    Body(String),
    Url(String),
}

impl Aws {
    /// Creates the stack or brings it up to date, waits for the end, and returns its outputs.
    ///
    /// # Errors
    /// The template is refused, or a resource fails: then the first failure's reason is told.
    pub(crate) fn deploy(
        &self,
        stack: &str,
        template: &Template,
        parameters: &[(String, String)],
    ) -> Result<BTreeMap<String, String>> {
        let exists = self.status(stack)?.is_some();
        let action = if exists { "UpdateStack" } else { "CreateStack" };
        let mut form = vec![
            ("StackName".to_owned(), stack.to_owned()),
            match template {
                Template::Body(text) => ("TemplateBody".to_owned(), text.clone()),
                Template::Url(url) => ("TemplateURL".to_owned(), url.clone()),
            },
            ("Capabilities.member.1".to_owned(), "CAPABILITY_IAM".to_owned()),
            ("Capabilities.member.2".to_owned(), "CAPABILITY_AUTO_EXPAND".to_owned()),
        ];
        for (number, (key, value)) in (1..).zip(parameters) {
            form.push((format!("Parameters.member.{number}.ParameterKey"), key.clone()));
            form.push((format!("Parameters.member.{number}.ParameterValue"), value.clone()));
        }
        let answer = self.cloudformation(action, &form)?;
        if !answer.body.contains("No updates are to be performed") {
            answer.success(action)?;
            self.settle(stack)?;
        }
        self.outputs(stack)
    }

    /// The stack's status; `None` if there is no such stack.
    fn status(&self, stack: &str) -> Result<Option<String>> {
        let answer = self.describe(stack)?;
        if answer.status == 400 && answer.body.contains("does not exist") {
            return Ok(None);
        }
        Ok(texts(&answer.success("DescribeStacks")?.body, "StackStatus").next().map(str::to_owned))
    }

    fn outputs(&self, stack: &str) -> Result<BTreeMap<String, String>> {
        let body = self.describe(stack)?.success("DescribeStacks")?.body;
        let keys = texts(&body, "OutputKey").map(unescape);
        Ok(keys.zip(texts(&body, "OutputValue").map(unescape)).collect())
    }

    fn settle(&self, stack: &str) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            interrupt::check()?;
            match self.status(stack)?.context("the stack went away")?.as_str() {
                "CREATE_COMPLETE" | "UPDATE_COMPLETE" => return Ok(()),
                status if status.contains("FAILED") || status.contains("ROLLBACK_COMPLETE") => {
                    bail!("the deployment ended as {status}: {}", self.failure(stack)?)
                }
                _ => interrupt::pause(Duration::from_millis(50)),
            }
        }
        bail!("the deployment did not end within {} s", PATIENCE.as_secs())
    }

    /// The reason of the oldest failure among the stack's latest events (they come newest first).
    fn failure(&self, stack: &str) -> Result<String> {
        let answer = self.cloudformation("DescribeStackEvents", &[("StackName".to_owned(), stack.to_owned())])?;
        let failures = answer.body.split("</member>").filter(|event| event.contains("_FAILED</ResourceStatus>"));
        let reasons = failures.filter_map(|event| {
            let resource = texts(event, "LogicalResourceId").next()?;
            Some(format!("{resource}: {}", unescape(texts(event, "ResourceStatusReason").next()?)))
        });
        Ok(reasons.last().unwrap_or_else(|| "no reason was given".to_owned()))
    }

    fn describe(&self, stack: &str) -> Result<http::Answer> {
        self.cloudformation("DescribeStacks", &[("StackName".to_owned(), stack.to_owned())])
    }

    fn cloudformation(&self, action: &str, form: &[(String, String)]) -> Result<http::Answer> {
        let mut body = format!("Action={action}&Version=2010-05-15");
        for (name, value) in form {
            body.push_str(&format!("&{}={}", percent_encoded(name), percent_encoded(value)));
        }
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.send("cloudformation", "POST", "/", &headers, body.as_bytes())
    }
}

fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// The texts of all elements of one name. The answers are flat enough for this, and a parser would cost more than it
/// gives.
fn texts<'a>(xml: &'a str, element: &str) -> impl Iterator<Item = &'a str> {
    let (open, close) = (format!("<{element}>"), format!("</{element}>"));
    let parts: Vec<_> = xml.split(&open).skip(1).filter_map(|part| part.split(&close).next()).collect();
    parts.into_iter()
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_in_order() {
        let xml = "<a><Key>x</Key><Value>1 &amp; 2</Value></a><a><Key>y</Key><Value/></a>";
        assert_eq!(texts(xml, "Key").collect::<Vec<_>>(), ["x", "y"]);
        assert_eq!(texts(xml, "Value").map(unescape).collect::<Vec<_>>(), ["1 & 2"]);
    }

    #[test]
    fn form_values_survive_any_byte() {
        assert_eq!(percent_encoded("a b&c=ä\n"), "a%20b%26c%3D%C3%A4%0A");
    }
}
