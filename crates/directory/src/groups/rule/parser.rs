//! From tokens to conditions.

use std::collections::BTreeSet;

use regex::{Regex, RegexBuilder};
use types::{Id, fold, parse_uuid};

use super::lexer::{Token, tokens};
use super::properties::{Kind, Property, of_plan, of_user};
use super::when::{self, When};
use super::{Body, Condition, DEPTH_MAX, PATTERN_BYTES_MAX, PATTERNS_MAX, Rule, Test, Wrong};

/// Operators that hold a property against a value; some have negations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equals,
    StartsWith,
    EndsWith,
    Contains,
    Match,
    In,
    AtLeast,
    AtMost,
    Any,
    All,
}

/// What a name in a condition may be besides one of `user.` or `device.`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Items {
    None,
    Texts,
    Plans,
}

/// What the whole rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    Users,
    Devices,
}

struct Parser {
    tokens: Vec<(usize, Token)>,
    next: usize,
    /// Where the rule ends.
    end: usize,
    depth: usize,
    patterns: usize,
    about: Option<About>,
    depends_on_time: bool,
}

pub(super) fn parse(text: &str) -> Result<Rule, Wrong> {
    let mut parser = Parser {
        tokens: tokens(text)?,
        next: 0,
        end: text.chars().count() + 1,
        depth: 0,
        patterns: 0,
        about: None,
        depends_on_time: false,
    };
    let body = if parser.takes_word(&["direct"]) {
        parser.reports()?
    } else {
        let condition = parser.either(Items::None)?;
        if parser.about == Some(About::Devices) {
            Body::Devices
        } else {
            Body::Condition(condition)
        }
    };
    if parser.peek().is_some() {
        return Err(parser.wrong("something stands behind the end of the rule"));
    }
    Ok(Rule {
        body,
        depends_on_time: parser.depends_on_time,
    })
}

/// A word without the hyphen that it may have, folded.
fn keyword(token: Option<&Token>) -> Option<String> {
    match token? {
        Token::Word(word) => Some(fold(word.strip_prefix('-').unwrap_or(word))),
        _ => None,
    }
}

fn operator(word: &str) -> Option<(Operator, bool)> {
    Some(match word {
        "eq" => (Operator::Equals, false),
        "ne" => (Operator::Equals, true),
        "startswith" => (Operator::StartsWith, false),
        "notstartswith" => (Operator::StartsWith, true),
        "endswith" => (Operator::EndsWith, false),
        "notendswith" => (Operator::EndsWith, true),
        "contains" => (Operator::Contains, false),
        "notcontains" => (Operator::Contains, true),
        "match" => (Operator::Match, false),
        "notmatch" => (Operator::Match, true),
        "in" => (Operator::In, false),
        "notin" => (Operator::In, true),
        "ge" => (Operator::AtLeast, false),
        "le" => (Operator::AtMost, false),
        "any" => (Operator::Any, false),
        "all" => (Operator::All, false),
        _ => return None,
    })
}

fn fits(operator: Operator, kind: Kind) -> bool {
    match kind {
        Kind::Unknown => true,
        Kind::Objects => matches!(operator, Operator::Any | Operator::All),
        Kind::Flag => operator == Operator::Equals,
        Kind::Date => matches!(
            operator,
            Operator::Equals | Operator::AtLeast | Operator::AtMost
        ),
        Kind::Texts => !matches!(operator, Operator::AtLeast | Operator::AtMost),
        Kind::Text => !matches!(
            operator,
            Operator::AtLeast | Operator::AtMost | Operator::Any | Operator::All
        ),
    }
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|(_, token)| token)
    }
    fn here(&self) -> usize {
        self.tokens.get(self.next).map_or(self.end, |(at, _)| *at)
    }
    fn wrong(&self, reason: impl Into<String>) -> Wrong {
        Wrong::new(self.here(), reason)
    }
    fn takes(&mut self, token: &Token) -> bool {
        let is_it = self.peek() == Some(token);
        self.next += usize::from(is_it);
        is_it
    }
    fn takes_word(&mut self, words: &[&str]) -> bool {
        let is_it = keyword(self.peek()).is_some_and(|word| words.contains(&word.as_str()));
        self.next += usize::from(is_it);
        is_it
    }

    fn reports(&mut self) -> Result<Body, Wrong> {
        let is_whole = self.takes_word(&["reports"]) && self.takes_word(&["for"]);
        if let (true, Some(Token::Text(id))) = (is_whole, self.peek())
            && let Some(id) = parse_uuid(id.trim_start_matches('{').trim_end_matches('}'))
        {
            self.next += 1;
            return Ok(Body::Reports(Id::new(id)));
        }
        Err(self.wrong("the object id of a manager in quotation marks is missing"))
    }

    fn either(&mut self, items: Items) -> Result<Condition, Wrong> {
        let mut all = vec![self.both(items)?];
        while self.takes_word(&["or"]) {
            all.push(self.both(items)?);
        }
        Ok(one_or(all, Condition::Or))
    }

    fn both(&mut self, items: Items) -> Result<Condition, Wrong> {
        let mut all = vec![self.single(items)?];
        while self.takes_word(&["and"]) {
            all.push(self.single(items)?);
        }
        Ok(one_or(all, Condition::And))
    }

    fn single(&mut self, items: Items) -> Result<Condition, Wrong> {
        if self.depth == DEPTH_MAX {
            return Err(self.wrong("conditions are nested too deeply"));
        }
        self.depth += 1;
        let condition = if self.takes_word(&["not"]) {
            Condition::Not(Box::new(self.single(items)?))
        } else if self.takes(&Token::Open) {
            self.closed(items)?
        } else {
            self.comparison(items)?
        };
        self.depth -= 1;
        Ok(condition)
    }

    /// What stands in parentheses, the first of which was read.
    fn closed(&mut self, items: Items) -> Result<Condition, Wrong> {
        let condition = self.either(items)?;
        if !self.takes(&Token::Close) {
            return Err(self.wrong("a closing parenthesis is missing"));
        }
        Ok(condition)
    }

    fn comparison(&mut self, items: Items) -> Result<Condition, Wrong> {
        let property = self.property(items)?;
        let Some(word) = keyword(self.peek()) else {
            return Err(self.wrong("an operator is missing, such as -eq"));
        };
        let Some((operator, is_negated)) = operator(&word) else {
            return Err(self.wrong(format!("'{word}' isn't an operator")));
        };
        if !fits(operator, property.kind()) {
            return Err(self.wrong(format!("'{word}' doesn't go with this property")));
        }
        self.next += 1;
        let condition = match operator {
            Operator::Any => Condition::Any(property, self.of_items(property)?),
            Operator::All => Condition::All(property, self.of_items(property)?),
            _ => Condition::Compare(property, self.test(operator, property.kind())?),
        };
        Ok(if is_negated {
            Condition::Not(Box::new(condition))
        } else {
            condition
        })
    }

    fn of_items(&mut self, property: Property) -> Result<Box<Condition>, Wrong> {
        let items = match property.kind() {
            Kind::Objects => Items::Plans,
            _ => Items::Texts,
        };
        if !self.takes(&Token::Open) {
            return Err(self.wrong("a condition in parentheses is missing"));
        }
        self.closed(items).map(Box::new)
    }

    fn property(&mut self, items: Items) -> Result<Property, Wrong> {
        let Some(Token::Word(word)) = self.peek() else {
            return Err(self.wrong("a condition is missing, such as user.department -eq \"Sales\""));
        };
        let (word, name) = (word.clone(), fold(word));
        let (object, rest) = name.split_once('.').unwrap_or((&name, ""));
        let found = match object {
            "user" if rest == "memberof" => {
                return Err(self.wrong("a rule can't look at the groups that somebody is in"));
            }
            "user" => {
                let property = of_user(rest);
                self.is_about(About::Users)?;
                property
            }
            "device" if !rest.is_empty() => {
                self.is_about(About::Devices)?;
                Some(Property::Nobodys(Kind::Unknown))
            }
            "_" if items == Items::Texts && rest.is_empty() => Some(Property::Item),
            "assignedplan" if items == Items::Plans => of_plan(rest),
            _ => None,
        };
        let Some(property) = found else {
            return Err(self.wrong(format!("a rule can't look at a property '{word}'")));
        };
        self.next += 1;
        Ok(property)
    }

    fn is_about(&mut self, about: About) -> Result<(), Wrong> {
        if *self.about.get_or_insert(about) != about {
            return Err(self.wrong("a rule is about users or about devices, not about both"));
        }
        Ok(())
    }

    fn test(&mut self, operator: Operator, kind: Kind) -> Result<Test, Wrong> {
        if self.takes_word(&["null", "$null"]) {
            if operator == Operator::Equals {
                return Ok(Test::Null);
            }
            self.next -= 1;
            return Err(self.wrong("null goes with -eq and -ne only"));
        }
        if operator == Operator::In {
            return self.list().map(Test::In);
        }
        match kind {
            Kind::Date => self.date(operator),
            Kind::Flag => self.flag(),
            Kind::Unknown if keyword(self.peek()).is_some() => {
                self.next += 1;
                Ok(Test::Null)
            }
            Kind::Text | Kind::Texts | Kind::Objects | Kind::Unknown => self.text(operator),
        }
    }

    fn flag(&mut self) -> Result<Test, Wrong> {
        let value = match self.peek() {
            Some(Token::Word(value) | Token::Text(value)) => fold(value).parse(),
            _ => return Err(self.wrong("true or false is missing")),
        };
        let value = value.map_err(|_| self.wrong("true or false is missing"))?;
        self.next += 1;
        Ok(Test::Is(value))
    }

    fn text(&mut self, operator: Operator) -> Result<Test, Wrong> {
        let Some(value) = self.value() else {
            return Err(self.wrong("a text in quotation marks is missing"));
        };
        let folded = fold(&value);
        let test = match operator {
            Operator::StartsWith => Test::StartsWith(folded),
            Operator::EndsWith => Test::EndsWith(folded),
            Operator::Contains => Test::Contains(folded),
            Operator::Match => Test::Matches(self.pattern(&value)?),
            _ => Test::Equals(folded),
        };
        self.next += 1;
        Ok(test)
    }

    fn pattern(&mut self, pattern: &str) -> Result<Regex, Wrong> {
        if self.patterns == PATTERNS_MAX {
            let reason = format!("a rule has at most {PATTERNS_MAX} regular expressions");
            return Err(self.wrong(reason));
        }
        self.patterns += 1;
        let pattern = RegexBuilder::new(pattern)
            .case_insensitive(true)
            .size_limit(PATTERN_BYTES_MAX)
            .dfa_size_limit(PATTERN_BYTES_MAX)
            .build();
        pattern.map_err(|_| self.wrong("the text isn't a regular expression that is supported"))
    }

    /// The text that stands next, or the number, which needs no quotation marks.
    fn value(&self) -> Option<String> {
        match self.peek()? {
            Token::Text(text) => Some(text.clone()),
            Token::Word(word) if word.parse::<f64>().is_ok_and(f64::is_finite) => {
                Some(word.clone())
            }
            _ => None,
        }
    }

    fn list(&mut self) -> Result<BTreeSet<String>, Wrong> {
        let mut values = BTreeSet::new();
        if !self.takes(&Token::OpenList) {
            return Err(self.wrong("a list in square brackets is missing"));
        }
        loop {
            let Some(value) = self.value() else {
                return Err(self.wrong("a text in quotation marks is missing"));
            };
            values.insert(fold(&value));
            self.next += 1;
            if self.takes(&Token::CloseList) {
                return Ok(values);
            }
            if !self.takes(&Token::Comma) {
                return Err(self.wrong("a closing square bracket is missing"));
            }
        }
    }

    fn date(&mut self, operator: Operator) -> Result<Test, Wrong> {
        let when = if self.takes_word(&["system.now"]) {
            self.depends_on_time = true;
            let sign = if self.takes_word(&["plus"]) {
                1
            } else if self.takes_word(&["minus"]) {
                -1
            } else {
                0
            };
            When::FromNow(if sign == 0 {
                0
            } else {
                sign * self.duration()?
            })
        } else {
            let at = match self.peek() {
                Some(Token::Word(at) | Token::Text(at)) => at.to_ascii_uppercase().parse().ok(),
                _ => None,
            };
            let at = at.ok_or_else(|| {
                self.wrong("a date and time such as 2026-06-10T18:13:20Z is missing")
            })?;
            self.next += 1;
            When::At(at)
        };
        Ok(match operator {
            Operator::AtLeast => Test::AtLeast(when),
            Operator::AtMost => Test::AtMost(when),
            _ => Test::At(when),
        })
    }

    fn duration(&mut self) -> Result<i64, Wrong> {
        let seconds = match self.peek() {
            Some(Token::Word(text) | Token::Text(text)) => when::seconds(text),
            _ => None,
        };
        let seconds =
            seconds.ok_or_else(|| self.wrong("a duration such as p1d or pt12h is missing"))?;
        self.next += 1;
        Ok(seconds)
    }
}

fn one_or(mut all: Vec<Condition>, join: fn(Vec<Condition>) -> Condition) -> Condition {
    match all.pop() {
        Some(only) if all.is_empty() => only,
        last => {
            all.extend(last);
            join(all)
        }
    }
}
