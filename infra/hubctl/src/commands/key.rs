//! `hubctl key`.

use anyhow::{Context, bail};
use jiff::Timestamp;
use serde_json::{Value, json};
use shared::aws::dynamodb::KeyRecord;
use shared::aws::{ApiKey, DynamoStore};
use shared_core::domain::ids::{ClientId, Mode};

use crate::asking;
use crate::cli::KeyCommand;
use crate::output::{Output, or_dash, time};

pub(crate) async fn run(store: &DynamoStore, out: Output, command: &KeyCommand) -> anyhow::Result<()> {
    match command {
        KeyCommand::Create { client, label, expires_at } => {
            create(store, out, client, label.clone(), *expires_at).await
        }
        KeyCommand::List { client } => list(store, out, client).await,
        KeyCommand::Revoke { key } => revoke(store, out, key).await,
    }
}

async fn create(
    store: &DynamoStore,
    out: Output,
    client: &ClientId,
    label: Option<String>,
    expires_at: Option<Timestamp>,
) -> anyhow::Result<()> {
    let key = ApiKey::generate(Mode::Live).context("the operating system gave no random numbers")?;
    let record = KeyRecord {
        key_id: key.key_id().to_owned(),
        client: client.clone(),
        secret_digest: key.secret_digest(),
        label,
        created_at: Timestamp::now(),
        expires_at,
        revoked_at: None,
    };
    if !asking(store.create_key(&record).await)? {
        bail!("no client has the id {client}; `hubctl client list` shows all");
    }
    let text = key.expose().into_inner();
    let mut json = as_json(&record);
    json["key"] = json!(text);
    let lines = format!("{text}\n\nCopy the key now: it is not shown again. Its id is {}.", record.key_id);
    Ok(out.say(&json, &lines)?)
}

async fn list(store: &DynamoStore, out: Output, client: &ClientId) -> anyhow::Result<()> {
    let keys = asking(store.keys(client).await)?;
    if keys.is_empty() && asking(store.client(client).await)?.is_none() {
        bail!("no client has the id {client}; `hubctl client list` shows all");
    }
    let json = json!({ "data": keys.iter().map(as_json).collect::<Vec<_>>() });
    Ok(out.say(&json, &summary(out, &keys))?)
}

async fn revoke(store: &DynamoStore, out: Output, key: &str) -> anyhow::Result<()> {
    let id = id_in(key);
    let revoked = asking(store.revoke_key(id, Timestamp::now()).await)?;
    let revoked =
        revoked.with_context(|| format!("no key has the id {id}; `hubctl key list` shows a client's keys"))?;
    let lines = format!("Revoked key {id} of {}. It stops working within a minute.", revoked.client);
    Ok(out.say(&as_json(&revoked), &lines)?)
}

/// The id in what was given: an id, a key, or a key of which only the beginning is known.
fn id_in(text: &str) -> &str {
    let text = text.trim();
    let text = text.strip_prefix("thk_live_").unwrap_or(text);
    text.split_once('_').map_or(text, |(id, _)| id)
}

pub(super) fn as_json(key: &KeyRecord) -> Value {
    json!({
        "key_id": key.key_id,
        "client_id": key.client,
        "label": key.label,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
    })
}

pub(super) fn summary(out: Output, keys: &[KeyRecord]) -> String {
    if keys.is_empty() {
        return "The client has no keys.".to_owned();
    }
    let now = Timestamp::now();
    let row = |key: &KeyRecord| {
        let state = match (key.revoked_at, key.expires_at) {
            (Some(at), _) => format!("revoked {}", time(at)),
            (None, Some(at)) if at <= now => format!("expired {}", time(at)),
            (None, Some(at)) => format!("active until {}", time(at)),
            (None, None) => "active".to_owned(),
        };
        vec![key.key_id.clone(), or_dash(key.label.as_ref()), time(key.created_at), state]
    };
    out.table(&["KEY", "LABEL", "CREATED", "STATE"], &keys.iter().map(row).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_named_by_its_id_or_by_itself() {
        let key = ApiKey::generate(Mode::Live).unwrap();
        assert_eq!(id_in(&key.expose().into_inner()), key.key_id());
        assert_eq!(id_in(&key.to_string()), key.key_id());
        assert_eq!(id_in(key.key_id()), key.key_id());
    }
}
