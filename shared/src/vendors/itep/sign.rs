//! The signature of a purchase: HMAC-SHA256 over the exact bytes of the body.
//! It proves who sends, that nothing was changed, and that the request is not a
//! repetition.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::profile::{Encoding, Signing};

/// The value of the signature header for a body.
pub(crate) fn sign(key: &str, signing: &Signing, body: &[u8]) -> String {
    let mac = match Hmac::<Sha256>::new_from_slice(key.as_bytes()) {
        Ok(mac) => mac.chain_update(body).finalize().into_bytes(),
        Err(_) => unreachable!("HMAC takes keys of any length"),
    };
    let text = match signing.encoding {
        Encoding::Hex => HEXLOWER.encode(&mac),
        Encoding::Base64 => STANDARD.encode(mac),
    };
    format!("{}{text}", signing.prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signing(encoding: Encoding, prefix: &str) -> Signing {
        let header = reqwest::header::HeaderName::from_static("x-sim-get");
        Signing { header, encoding, prefix: prefix.to_owned() }
    }

    // RFC 4231, test case 2.
    const KEY: &str = "Jefe";
    const BODY: &[u8] = b"what do ya want for nothing?";

    #[test]
    fn a_signature_in_hex_is_that_of_the_rfc() {
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(sign(KEY, &signing(Encoding::Hex, ""), BODY), expected);
    }

    #[test]
    fn a_signature_in_base64_stands_behind_its_prefix() {
        let expected = "sha256=W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=";
        assert_eq!(sign(KEY, &signing(Encoding::Base64, "sha256="), BODY), expected);
    }
}
