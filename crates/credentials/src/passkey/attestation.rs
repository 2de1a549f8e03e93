//! The authenticator's model, read out of an attestation object.
//!
//! The object is a CBOR map (RFC 8949) with the members `fmt`, `attStmt` and `authData`; the last
//! one holds, after the hash of the relying party, flags and a counter, the AAGUID (Web
//! Authentication §6.1, §6.5.1). Nothing else of it is read here.

use uuid::Uuid;

/// Nesting that is followed.
const DEPTH_MAX: usize = 8;
/// Where the AAGUID begins in the authenticator's data.
const AAGUID_AT: usize = 37;
/// The flag that says there is one.
const HAS_CREDENTIAL: u8 = 0x40;

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// The major type of the next item and its argument. Indefinite lengths aren't canonical CTAP2.
    fn head(&mut self) -> Option<(u8, u64)> {
        let first = *self.take(1)?.first()?;
        let argument = match first & 0x1f {
            small @ 0..=23 => u64::from(small),
            24 => u64::from(*self.take(1)?.first()?),
            25 => u64::from(u16::from_be_bytes(*self.take(2)?.first_chunk()?)),
            26 => u64::from(u32::from_be_bytes(*self.take(4)?.first_chunk()?)),
            27 => u64::from_be_bytes(*self.take(8)?.first_chunk()?),
            _ => return None,
        };
        Some((first >> 5, argument))
    }

    fn text_or_bytes(&mut self) -> Option<(u8, &'a [u8])> {
        let (kind, length) = self.head()?;
        matches!(kind, 2 | 3).then_some(())?;
        Some((kind, self.take(usize::try_from(length).ok()?)?))
    }

    fn skip(&mut self, depth: usize) -> Option<()> {
        let deeper = depth.checked_sub(1)?;
        let (kind, argument) = self.head()?;
        match kind {
            2 | 3 => drop(self.take(usize::try_from(argument).ok()?)?),
            4 => {
                for _ in 0..argument {
                    self.skip(deeper)?;
                }
            }
            5 => {
                for _ in 0..argument {
                    self.skip(deeper)?;
                    self.skip(deeper)?;
                }
            }
            6 => self.skip(deeper)?,
            _ => {}
        }
        Some(())
    }
}

/// The AAGUID in an attestation object; nil where the authenticator doesn't tell its model.
pub fn aaguid_of(attestation_object: &[u8]) -> Option<Uuid> {
    let mut reader = Reader(attestation_object);
    let (kind, members) = reader.head()?;
    (kind == 5).then_some(())?;
    for _ in 0..members {
        let (_, name) = reader.text_or_bytes()?;
        if name != b"authData" {
            reader.skip(DEPTH_MAX)?;
            continue;
        }
        let (_, data) = reader.text_or_bytes()?;
        let flags = *data.get(32)?;
        (flags & HAS_CREDENTIAL != 0).then_some(())?;
        let bytes = data.get(AAGUID_AT..)?.first_chunk::<16>()?;
        return Some(Uuid::from_bytes(*bytes));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(data: &[u8]) -> Vec<u8> {
        let mut object =
            b"\xa3\x63fmt\x64none\x67attStmt\xa1\x61x\x82\x01\xf6\x68authData\x58".to_vec();
        object.push(u8::try_from(data.len()).unwrap());
        object.extend_from_slice(data);
        object
    }

    #[test]
    fn the_model_is_found_behind_other_members() {
        let mut data = [0_u8; 60];
        data[32] = HAS_CREDENTIAL;
        data[37..53].copy_from_slice(&[7; 16]);
        assert_eq!(aaguid_of(&object(&data)), Some(Uuid::from_bytes([7; 16])));
        data[32] = 0;
        assert_eq!(aaguid_of(&object(&data)), None);
        assert_eq!(aaguid_of(&object(&[0x40; 40])), None);
    }

    #[test]
    fn what_is_cut_off_or_nested_without_end_is_nothing() {
        let mut data = [0_u8; 60];
        data[32] = HAS_CREDENTIAL;
        let whole = object(&data);
        for length in 0..whole.len() {
            assert_eq!(aaguid_of(&whole[..length]), None, "{length}");
        }
        let nested = [b"\xa1\x61x".as_slice(), &[0x81; 1_000]].concat();
        assert_eq!(aaguid_of(&nested), None);
        // An array that says it has more items than there could be.
        assert_eq!(
            aaguid_of(b"\xa1\x61x\x9b\xff\xff\xff\xff\xff\xff\xff\xff"),
            None
        );
    }
}
