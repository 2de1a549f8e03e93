//! From the text of a rule to its words, texts and brackets.

use super::Wrong;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A property, an operator, a number, a date or a keyword.
    Word(String),
    /// What stood in quotation marks.
    Text(String),
    Open,
    Close,
    OpenList,
    CloseList,
    Comma,
}

/// The tokens, each with the character at which it begins, counted from 1.
pub(super) fn tokens(text: &str) -> Result<Vec<(usize, Token)>, Wrong> {
    let mut characters = text.chars().zip(1..).peekable();
    let mut tokens = Vec::new();
    while let Some((character, at)) = characters.next() {
        let token = match character {
            _ if character.is_whitespace() => continue,
            '(' => Token::Open,
            ')' => Token::Close,
            '[' => Token::OpenList,
            ']' => Token::CloseList,
            ',' => Token::Comma,
            '"' | '\'' => quoted(&mut characters, character, at)?,
            // Quotation marks that are escaped outside of others belong to the value.
            '`' if characters.next_if(|(next, _)| *next == '"').is_some() => {
                with_its_quotes(&mut characters, at)?
            }
            _ => match spelled(character) {
                Some(first) => {
                    let mut word = String::from(first);
                    while let Some((next, _)) =
                        characters.next_if(|(next, _)| spelled(*next).is_some())
                    {
                        word.extend(spelled(next));
                    }
                    Token::Word(word)
                }
                None => {
                    return Err(Wrong::new(
                        at,
                        "there is a character that has no meaning here",
                    ));
                }
            },
        };
        tokens.push((at, token));
    }
    Ok(tokens)
}

/// A character of a word. The dash that word processors make of a hyphen is one.
fn spelled(character: char) -> Option<char> {
    match character {
        '\u{2013}' => Some('-'),
        '.' | '-' | '_' | ':' | '+' | '$' => Some(character),
        _ => character.is_alphanumeric().then_some(character),
    }
}

type Characters<'a> =
    std::iter::Peekable<std::iter::Zip<std::str::Chars<'a>, std::ops::RangeFrom<usize>>>;

/// A text up to its closing mark: a backtick takes the next character as it is, and two single
/// quotation marks are one.
fn quoted(characters: &mut Characters<'_>, mark: char, at: usize) -> Result<Token, Wrong> {
    let mut text = String::new();
    while let Some((character, _)) = characters.next() {
        match character {
            '`' => text.extend(characters.next().map(|(next, _)| next)),
            _ if character != mark => text.push(character),
            '\'' if characters.next_if(|(next, _)| *next == mark).is_some() => text.push(mark),
            _ => return Ok(Token::Text(text)),
        }
    }
    Err(Wrong::new(at, "a text isn't closed"))
}

fn with_its_quotes(characters: &mut Characters<'_>, at: usize) -> Result<Token, Wrong> {
    let mut text = String::from('"');
    while let Some((character, _)) = characters.next() {
        if character == '`' && characters.next_if(|(next, _)| *next == '"').is_some() {
            text.push('"');
            return Ok(Token::Text(text));
        }
        text.push(character);
    }
    Err(Wrong::new(at, "a text isn't closed"))
}
