//! Recovery codes: ten, each for one sign-in, for the day when phone and keys are lost.
//!
//! A code has 80 random bits, so a plain hash keeps it: nobody tries them all. It is written in
//! groups, without letters that look like digits, and read in any case.
//!
//! Source: NIST SP 800-63B §3.1.2 (look-up secrets); Crockford's base 32.

use identity::{Secret, sha256};
use store::{Change, Op, ReadTx, Tx, params};
use types::{Id, Result, kind::User};

use crate::audited::{self, Verb};
use crate::methods::{CHANGE_KIND, Kind};

/// Codes that a user has at a time.
pub const CODES: usize = 10;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const CHARACTERS: usize = 16;

const COUNT: &str = "SELECT count(*) FROM recovery_codes WHERE tenant_id = ?1 AND user_id = ?2";
const DROP_ALL: &str = "DELETE FROM recovery_codes WHERE tenant_id = ?1 AND user_id = ?2";
const INSERT: &str = "INSERT INTO recovery_codes (tenant_id, user_id, code_hash, created_at) \
    VALUES (?1, ?2, ?3, ?4)";
const USE: &str = "DELETE FROM recovery_codes WHERE tenant_id = ?1 AND user_id = ?2 \
    AND code_hash = ?3";

fn write(bytes: [u8; CHARACTERS]) -> String {
    let mut code = String::with_capacity(CHARACTERS + 3);
    for (place, byte) in bytes.into_iter().enumerate() {
        if place > 0 && place % 4 == 0 {
            code.push('-');
        }
        let letter = ALPHABET.get(usize::from(byte & 31)).copied();
        code.extend(letter.map(char::from));
    }
    code
}

/// A code as it is hashed, however it was typed.
fn read(code: &str) -> Option<String> {
    let mut read = String::with_capacity(CHARACTERS);
    for c in code.chars().filter(|c| !c.is_whitespace() && *c != '-') {
        let c = match c.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            other => other,
        };
        if read.len() >= CHARACTERS || !c.is_ascii_alphanumeric() {
            return None;
        }
        read.push(c);
    }
    (read.len() == CHARACTERS).then_some(read)
}

fn hash(tx: &ReadTx<'_>, user: Id<User>, code: &str) -> Option<[u8; 32]> {
    let mut bytes = b"recovery code".to_vec();
    bytes.extend_from_slice(tx.tenant().bytes());
    bytes.extend_from_slice(user.bytes());
    bytes.extend_from_slice(read(code)?.as_bytes());
    Some(sha256(&bytes))
}

/// How many are left.
pub fn count(tx: &ReadTx<'_>, user: Id<User>) -> Result<u64> {
    tx.count(COUNT, params![&tx.tenant(), &user])
}

/// Makes new ones, which are shown once; those from before are void.
pub fn make(tx: &mut Tx<'_>, user: Id<User>) -> Result<Vec<Secret>> {
    let (tenant, now) = (tx.tenant(), tx.now());
    let codes: Vec<Secret> = (0..CODES)
        .map(|_| Secret::new(write(tx.random_bytes())))
        .collect();
    let hashes: Vec<[u8; 32]> = codes
        .iter()
        .filter_map(|code| hash(tx, user, code.expose()))
        .collect();
    let change = Change::relation(CHANGE_KIND, user.uuid(), user.uuid(), Op::Updated);
    let mut recorded = tx.record(change)?;
    recorded.execute(DROP_ALL, params![&tenant, &user])?;
    for hash in &hashes {
        recorded.execute(INSERT, params![&tenant, &user, hash, now])?;
    }
    audited::method(tx, user, Kind::RecoveryCode, Verb::Registered)?;
    Ok(codes)
}

/// Whether a code is good; it isn't a second time.
pub fn redeem(tx: &mut Tx<'_>, user: Id<User>, code: &str) -> Result<bool> {
    let tenant = tx.tenant();
    let Some(hash) = hash(tx, user, code) else {
        return Ok(false);
    };
    let used = tx
        .bookkeeping()
        .execute(USE, params![&tenant, &user, &hash])?;
    if used > 0 {
        audited::method(tx, user, Kind::RecoveryCode, Verb::Changed)?;
    }
    Ok(used > 0)
}

/// Takes away those of a user who is gone.
pub(crate) fn forget(tx: &mut Tx<'_>, user: Id<User>) -> Result<()> {
    let tenant = tx.tenant();
    tx.bookkeeping()
        .execute(DROP_ALL, params![&tenant, &user])?;
    Ok(())
}

/// Takes all away.
pub fn drop_all(tx: &mut Tx<'_>, user: Id<User>) -> Result<()> {
    let tenant = tx.tenant();
    if count(tx, user)? == 0 {
        return Ok(());
    }
    let change = Change::relation(CHANGE_KIND, user.uuid(), user.uuid(), Op::Updated);
    tx.record(change)?
        .execute(DROP_ALL, params![&tenant, &user])?;
    audited::method(tx, user, Kind::RecoveryCode, Verb::Deleted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let code = write([
            0, 1, 2, 3, 31, 30, 29, 28, 10, 11, 12, 13, 255, 254, 253, 252,
        ]);
        assert_eq!(code, "0123-zyxw-abcd-zyxw");
        let plain = read(&code).unwrap();
        for typed in [
            "O123 ZYXW ABCD ZYXW",
            " 0i23-zyxw-abcd-zyxw ",
            "0l23zyxwabcdzyxw",
        ] {
            assert_eq!(read(typed).as_deref(), Some(&*plain), "{typed}");
        }
        for wrong in ["", "0123", "0123-zyxw-abcd-zyxw-0", "0123-zyxw-abcd-zyx?"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
