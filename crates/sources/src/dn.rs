//! One spelling for a distinguished name, so that a manager's is found among the entries'.
//!
//! Rules: case is folded and spaces around `,` and `=` don't count; escapes by hexadecimal digits are
//! read, escapes that are needed stay. That is less than LDAP's matching rules, which depend on each
//! attribute's syntax, and enough for names that one server wrote. Source: RFC 4514.

/// The folded spelling of `dn`.
pub(crate) fn normalize(dn: &str) -> String {
    let mut out: Vec<u8> = Vec::with_capacity(dn.len());
    // How much of `out` must stay although it ends with spaces, because they were escaped.
    let mut kept = 0;
    let mut after_separator = true;
    let mut rest = dn.trim().bytes().peekable();
    while let Some(byte) = rest.next() {
        match byte {
            b'\\' => {
                let Some(next) = rest.next() else { break };
                let low = rest.peek().copied().and_then(hexadecimal);
                let value = match (hexadecimal(next), low) {
                    (Some(high), Some(low)) => {
                        rest.next();
                        high * 16 + low
                    }
                    _ => next,
                };
                if matches!(
                    value,
                    b',' | b'=' | b'+' | b'"' | b'\\' | b'<' | b'>' | b';'
                ) {
                    out.push(b'\\');
                }
                out.push(value);
                kept = out.len();
                after_separator = false;
            }
            // RFC 2253 still allowed the semicolon.
            b',' | b';' | b'=' | b'+' => {
                while out.len() > kept && out.last() == Some(&b' ') {
                    out.pop();
                }
                out.push(if byte == b';' { b',' } else { byte });
                after_separator = true;
            }
            b' ' if after_separator => {}
            _ => {
                out.push(byte);
                after_separator = false;
            }
        }
    }
    types::fold(&String::from_utf8_lossy(&out))
}

fn hexadecimal(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::normalize;

    #[test]
    fn spellings_of_one_name_are_the_same() {
        let expected = "cn=müller\\, jörg,ou=people,dc=contoso";
        for dn in [
            "CN=Müller\\, Jörg,OU=People,DC=contoso",
            "cn = M\\C3\\BCller\\2C Jörg , ou=people;dc=contoso ",
        ] {
            assert_eq!(normalize(dn), expected);
        }
        assert_ne!(normalize("cn=a\\,b"), normalize("cn=a,b"));
        assert_eq!(normalize("cn=x\\"), "cn=x");
    }
}
