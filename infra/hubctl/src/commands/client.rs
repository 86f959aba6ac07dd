//! `hubctl client`.

use anyhow::{Context, bail};
use jiff::Timestamp;
use serde_json::{Value, json};
use shared::aws::DynamoStore;
use shared::aws::dynamodb::{Accounts, Client};
use shared_core::domain::base32;
use shared_core::domain::ids::{AccountName, ClientId, Mode};

use super::key;
use crate::asking;
use crate::cli::{ClientCommand, NewClient};
use crate::output::{Output, time};

/// How much of a name goes into an id; the random end must fit, too.
const SLUG: usize = 30;
const RANDOM_END: usize = 5;

pub(crate) async fn run(store: &DynamoStore, out: Output, command: &ClientCommand) -> anyhow::Result<()> {
    match command {
        ClientCommand::Create(new) => create(store, out, new).await,
        ClientCommand::List => list(store, out).await,
        ClientCommand::Show { client } => show(store, out, client).await,
    }
}

async fn create(store: &DynamoStore, out: Output, new: &NewClient) -> anyhow::Result<()> {
    let id = match &new.id {
        Some(id) => id.clone(),
        None => id_from(&new.name)?,
    };
    let mut names = new.itep.iter().chain(&new.truenorth);
    if id.mode() == Mode::Test || names.any(|name| name.mode() == Mode::Test) {
        bail!("a client and its accounts are named without `test.`: test mode is a matter of the key");
    }
    let accounts = Accounts { itep: new.itep.clone(), truenorth: new.truenorth.clone() };
    let client = Client { id, name: new.name.clone(), accounts, created_at: Timestamp::now() };
    if !asking(store.create_client(&client).await)? {
        bail!("a client with the id {} already exists", client.id);
    }
    let lines = format!("{}\nNext, create a key: hubctl key create --client {}", summary(out, &[&client]), client.id);
    Ok(out.say(&as_json(&client), &lines)?)
}

async fn list(store: &DynamoStore, out: Output) -> anyhow::Result<()> {
    let clients = asking(store.clients().await)?;
    let all: Vec<_> = clients.iter().collect();
    let json = json!({ "data": clients.iter().map(as_json).collect::<Vec<_>>() });
    let lines = if clients.is_empty() { "There are no clients yet.".to_owned() } else { summary(out, &all) };
    Ok(out.say(&json, &lines)?)
}

async fn show(store: &DynamoStore, out: Output, id: &ClientId) -> anyhow::Result<()> {
    let client = asking(store.client(id).await)?
        .with_context(|| format!("no client has the id {id}; `hubctl client list` shows all"))?;
    let keys = asking(store.keys(id).await)?;
    let mut json = as_json(&client);
    json["keys"] = keys.iter().map(key::as_json).collect();
    let lines = format!("{}\n{}", summary(out, &[&client]), key::summary(out, &keys));
    Ok(out.say(&json, &lines)?)
}

fn as_json(client: &Client) -> Value {
    json!({
        "client_id": client.id,
        "name": client.name,
        "accounts": client.accounts,
        "created_at": client.created_at,
    })
}

fn summary(out: Output, clients: &[&Client]) -> String {
    let names = |names: &[AccountName]| match names {
        [] => "-".to_owned(),
        names => names.iter().map(AccountName::as_str).collect::<Vec<_>>().join(","),
    };
    let row = |client: &&Client| {
        let accounts = &client.accounts;
        let (itep, truenorth) = (names(&accounts.itep), names(&accounts.truenorth));
        vec![client.id.to_string(), client.name.clone(), itep, truenorth, time(client.created_at)]
    };
    out.table(&["CLIENT", "NAME", "ITEP", "TRUENORTH", "CREATED"], &clients.iter().map(row).collect::<Vec<_>>())
}

/// An id that reads like the name and is nobody else's.
fn id_from(name: &str) -> anyhow::Result<ClientId> {
    let mut random = [0; RANDOM_END];
    getrandom::fill(&mut random).context("the operating system gave no random numbers")?;
    let end = &base32::encode(&random)[..RANDOM_END];
    let slug = match slug(name) {
        slug if slug.is_empty() => "client".to_owned(),
        slug => slug,
    };
    Ok(format!("{slug}-{end}").parse()?)
}

fn slug(name: &str) -> String {
    let plain = name.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    let words: Vec<_> = plain.split('-').filter(|word| !word.is_empty()).collect();
    words.join("-").chars().take(SLUG).collect::<String>().trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_makes_an_id() {
        for name in ["Acme Language Schools, Inc.", "  ", "学校", "--", &"long name ".repeat(20)] {
            let id = id_from(name).unwrap();
            assert!(id.as_str().len() <= 40, "{id}");
        }
        assert_eq!(slug("Acme Language Schools, Inc."), "acme-language-schools-inc");
    }
}
