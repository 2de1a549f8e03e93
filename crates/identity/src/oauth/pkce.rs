//! Proof Key for Code Exchange: that whoever redeems a code is who asked for it.
//!
//! Only S256: with `plain` the challenge is the proof, and it has gone through the browser.
//!
//! Source: RFC 7636 §4, RFC 9700 §2.1.1.

use super::OAuthError;

/// Reads the challenge of an authorization request; `None` if it has none.
pub(super) fn challenge(
    challenge: Option<&str>,
    method: Option<&str>,
) -> Result<Option<String>, OAuthError> {
    match (challenge, method) {
        (None, None) => Ok(None),
        (Some(text), Some("S256")) => {
            let is_hash = text.len() == 43 && text.bytes().all(is_base64url);
            is_hash
                .then(|| Some(text.to_owned()))
                .ok_or(OAuthError::WrongChallenge)
        }
        // RFC 7636 §4.3: without a method, "plain" is meant.
        _ => Err(OAuthError::WrongChallengeMethod),
    }
}

/// Checks the proof. One that nobody asked for is refused too: it means that the challenge was taken
/// out of the authorization request on its way (RFC 9700 §4.8.2).
pub(super) fn check(challenge: Option<&str>, verifier: Option<&str>) -> Result<(), OAuthError> {
    match (challenge, verifier) {
        (None, None) => Ok(()),
        (Some(challenge), Some(verifier)) => {
            let is_verifier = (43..=128).contains(&verifier.len())
                && verifier
                    .bytes()
                    .all(|b| is_base64url(b) || b == b'.' || b == b'~');
            let hash = crate::encoded(&crate::sha256(verifier.as_bytes()));
            // The challenge went through the browser: there is nothing to learn from the time.
            if is_verifier && hash == challenge {
                Ok(())
            } else {
                Err(OAuthError::WrongVerifier)
            }
        }
        (Some(_), None) => Err(OAuthError::MissingParameter("code_verifier")),
        (None, Some(_)) => Err(OAuthError::WrongVerifier),
    }
}

fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636 Appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_verifier_has_to_be_the_challenges() {
        let challenge = challenge(Some(CHALLENGE), Some("S256")).unwrap();
        assert_eq!(check(challenge.as_deref(), Some(VERIFIER)), Ok(()));
        let other = VERIFIER.replace('k', "l");
        for wrong in [other.as_str(), "short", CHALLENGE] {
            let refused = check(challenge.as_deref(), Some(wrong));
            assert_eq!(refused, Err(OAuthError::WrongVerifier), "{wrong}");
        }
        assert!(check(challenge.as_deref(), None).is_err());
        assert_eq!(check(None, Some(VERIFIER)), Err(OAuthError::WrongVerifier));
    }

    #[test]
    fn a_plain_challenge_is_none() {
        for (text, method) in [
            (Some(CHALLENGE), None),
            (Some(CHALLENGE), Some("plain")),
            (Some("short"), Some("S256")),
            (None, Some("S256")),
        ] {
            assert!(challenge(text, method).is_err(), "{text:?} {method:?}");
        }
        assert_eq!(challenge(None, None), Ok(None));
    }
}
