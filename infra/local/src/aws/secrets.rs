//! Secrets Manager, for the accounts' profiles.

use anyhow::Result;
use serde_json::{Value, json};

use super::Aws;

impl Aws {
    /// Creates a secret, or gives the one that is there a new value.
    ///
    /// # Errors
    /// The service does not answer, or refuses.
    pub(crate) fn put_secret(&self, name: &str, value: &Value) -> Result<()> {
        let text = value.to_string();
        let create = json!({ "Name": name, "SecretString": text, "ClientRequestToken": request_token()? });
        let answer = self.json("secretsmanager", "secretsmanager.CreateSecret", &create)?;
        if !answer.body.contains("ResourceExistsException") {
            return answer.success("CreateSecret").map(drop);
        }
        let put = json!({ "SecretId": name, "SecretString": text, "ClientRequestToken": request_token()? });
        self.json("secretsmanager", "secretsmanager.PutSecretValue", &put)?.success("PutSecretValue").map(drop)
    }
}

/// The service takes 32 to 64 characters.
fn request_token() -> Result<String> {
    Ok(format!("{}{}", crate::environment::random_hex()?, crate::environment::random_hex()?))
}
