//! Deploys `infra/template.yaml` as it stands, packaged as `sam package` does it.

use std::{collections::BTreeMap, env, fs};

use anyhow::{Context, Result, ensure};

use crate::{
    aws::{Aws, cloudformation::Template},
    binaries::{FUNCTIONS, Package},
    progress, workspace,
};

/// The name of the deployed stack; the names of its resources begin with it.
pub(crate) const STACK_NAME: &str = "hub";

const BUCKET: &str = "hub-packages";
const TEMPLATE: &str = "template.yaml";

/// Deploys the template with the packages, and returns its outputs.
///
/// # Errors
/// The embedded AWS refuses something; the message tells what.
pub(crate) fn deploy(
    aws: &Aws,
    packages: &[(&str, Package)],
    parameters: &[(&str, &str)],
) -> Result<BTreeMap<String, String>> {
    progress::step("deploying infra/template.yaml", || {
        aws.create_bucket(BUCKET)?;
        for (_, package) in packages {
            aws.put_object(BUCKET, &package.key, &package.zip)?;
        }
        aws.put_object(BUCKET, TEMPLATE, packaged(&template()?, packages)?.as_bytes())?;
        let template = Template::Url(format!("{}/{BUCKET}/{TEMPLATE}", aws.endpoint));
        let own = ("Architecture".to_owned(), architecture().to_owned());
        let others = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        aws.deploy(STACK_NAME, &template, &std::iter::once(own).chain(others).collect::<Vec<_>>())
    })
}

/// Deploys what of the template a backend without functions can hold, its tables and queues, and returns the outputs.
///
/// # Errors
/// The embedded AWS refuses something; the message tells what.
pub(crate) fn deploy_storage(aws: &Aws) -> Result<BTreeMap<String, String>> {
    progress::step("deploying the table and the queues of infra/template.yaml", || {
        aws.deploy(STACK_NAME, &Template::Body(storage_only(&template()?)), &[])
    })
}

/// The template without everything but tables and queues.
fn storage_only(template: &str) -> String {
    let mut kept = String::new();
    let mut section = "";
    for block in blocks(template) {
        let first = block.lines().next().unwrap_or_default();
        if !first.starts_with([' ', '#']) {
            section = first.split(':').next().unwrap_or_default();
        }
        let keep = match section {
            "Transform" | "Globals" | "Conditions" => false,
            "Resources" => {
                !first.starts_with(' ')
                    || ["Type: AWS::DynamoDB::Table\n", "Type: AWS::SQS::Queue\n"]
                        .iter()
                        .any(|kind| block.contains(kind))
            }
            "Outputs" => !block.contains("Api"),
            _ => true,
        };
        if keep {
            kept.push_str(block);
        }
    }
    kept
}

/// The text cut before each line that begins a section, or an entry of one.
fn blocks(text: &str) -> Vec<&str> {
    let mut starts = vec![0];
    let mut position = 0;
    for line in text.split_inclusive('\n') {
        let content = line.strip_prefix("  ").unwrap_or(line);
        if position > 0 && content.starts_with(|first: char| first.is_ascii_alphanumeric()) {
            starts.push(position);
        }
        position += line.len();
    }
    starts.push(text.len());
    starts.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect()
}

/// The template's text.
///
/// # Errors
/// The file cannot be read.
pub(crate) fn template() -> Result<String> {
    let path = workspace::root().join("infra/template.yaml");
    fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))
}

/// The template with each `CodeUri` pointing at the uploaded package.
fn packaged(template: &str, packages: &[(&str, Package)]) -> Result<String> {
    let mut text = template.to_owned();
    for (name, package) in packages {
        let local = format!("CodeUri: ../target/lambda/{name}/\n");
        ensure!(text.matches(&local).count() == 1, "the template has no single function with `{}`", local.trim());
        text = text.replace(&local, &format!("CodeUri: s3://{BUCKET}/{}\n", package.key));
    }
    ensure!(text.matches("CodeUri:").count() == FUNCTIONS.len(), "the template has a function that is not built");
    Ok(text)
}

/// This machine's instruction set as Lambda names it.
fn architecture() -> &'static str {
    if env::consts::ARCH == "aarch64" { "arm64" } else { "x86_64" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn storage_is_the_table_the_queues_and_their_outputs() {
        let storage = storage_only(&template().unwrap());
        let kinds: Vec<_> = storage.lines().filter_map(|line| line.strip_prefix("    Type: AWS::")).collect();
        assert_eq!(kinds.iter().filter(|kind| **kind == "DynamoDB::Table").count(), 1);
        assert_eq!(kinds.iter().filter(|kind| **kind == "SQS::Queue").count(), 6);
        assert_eq!(kinds.len(), 7);
        assert_eq!(storage.matches("QueueUrl:").count(), 3);
        assert!(!storage.contains("Transform:") && !storage.contains("${Api}"));
    }

    #[test]
    fn packaging_changes_nothing_but_where_the_code_is() {
        let packages: Vec<_> =
            FUNCTIONS.into_iter().map(|name| (name, Package { key: format!("{name}.zip"), zip: Vec::new() })).collect();
        let before = template().unwrap();
        let after = packaged(&before, &packages).unwrap();
        let changed: Vec<_> = before.lines().zip(after.lines()).filter(|(old, new)| old != new).collect();
        assert_eq!(before.lines().count(), after.lines().count());
        assert_eq!(changed.len(), FUNCTIONS.len());
        assert!(changed.iter().all(|(old, _)| old.trim_start().starts_with("CodeUri: ")), "{changed:?}");
    }
}
