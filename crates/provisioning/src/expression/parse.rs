//! Reads expressions: by recursive descent, no deeper and no longer than the limits say.

use super::functions::{self, Function, WORDS};
use super::{
    EXPRESSION_CHARACTERS_MAX, EXPRESSION_DEPTH_MAX, EXPRESSION_NODES_MAX, Expression, Failure,
    Operator, Pattern,
};

type Result<T> = std::result::Result<T, Failure>;

pub(super) fn parse(text: &str) -> Result<Expression> {
    let characters: Vec<char> = text.chars().take(EXPRESSION_CHARACTERS_MAX + 1).collect();
    if characters.len() > EXPRESSION_CHARACTERS_MAX {
        return Err(Failure::limit(format!(
            "An expression has at most {EXPRESSION_CHARACTERS_MAX} characters \
             (limits.expression_characters)."
        )));
    }
    let mut parser = Parser {
        characters,
        at: 0,
        depth: 0,
        nodes: 0,
    };
    let expression = parser.expression()?;
    parser.space();
    if parser.peek().is_some() {
        return Err(parser.unexpected("the end of the expression"));
    }
    Ok(expression)
}

fn fail<T>(at: usize, what: &str) -> Result<T> {
    Err(Failure::syntax(format!("Character {}: {what}", at + 1)))
}

struct Parser {
    characters: Vec<char>,
    at: usize,
    depth: usize,
    nodes: usize,
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.characters.get(self.at).copied()
    }

    fn next_is(&self, ahead: usize, wanted: char) -> bool {
        self.characters.get(self.at + ahead) == Some(&wanted)
    }

    fn take(&mut self, wanted: char) -> bool {
        let is_there = self.peek() == Some(wanted);
        self.at += usize::from(is_there);
        is_there
    }

    fn space(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    fn unexpected(&self, wanted: &str) -> Failure {
        let found = self
            .peek()
            .map_or("the end".to_owned(), |found| format!("'{found}'"));
        Failure::syntax(format!(
            "Character {}: {wanted} is expected here, not {found}.",
            self.at + 1
        ))
    }

    fn count(&mut self) -> Result<()> {
        self.nodes += 1;
        if self.nodes > EXPRESSION_NODES_MAX {
            return Err(Failure::limit(format!(
                "An expression has at most {EXPRESSION_NODES_MAX} functions, attributes and \
                 constants (limits.expression_nodes)."
            )));
        }
        Ok(())
    }

    fn expression(&mut self) -> Result<Expression> {
        self.depth += 1;
        if self.depth > EXPRESSION_DEPTH_MAX {
            return Err(Failure::limit(format!(
                "An expression is nested at most {EXPRESSION_DEPTH_MAX} levels deep \
                 (limits.expression_depth)."
            )));
        }
        let left = self.concatenation()?;
        let compared = match self.comparison() {
            Some(operator) => {
                self.count()?;
                let right = self.concatenation()?;
                if self.comparison().is_some() {
                    return fail(self.at, "comparisons can't be chained: use parentheses.");
                }
                operation(operator, left, right)
            }
            None => left,
        };
        self.depth -= 1;
        Ok(compared)
    }

    fn comparison(&mut self) -> Option<Operator> {
        self.space();
        let (operator, length) = match (self.peek()?, self.characters.get(self.at + 1)) {
            ('<', Some('>')) => (Operator::NotEqual, 2),
            ('<', Some('=')) => (Operator::LessOrEqual, 2),
            ('>', Some('=')) => (Operator::GreaterOrEqual, 2),
            ('=', _) => (Operator::Equal, 1),
            ('<', _) => (Operator::Less, 1),
            ('>', _) => (Operator::Greater, 1),
            _ => return None,
        };
        self.at += length;
        Some(operator)
    }

    fn concatenation(&mut self) -> Result<Expression> {
        let mut left = self.primary()?;
        let mut levels = 0;
        loop {
            self.space();
            if !self.take('&') {
                break;
            }
            self.count()?;
            // The tree grows to the left, so a long chain is as deep as it is long.
            self.depth += 1;
            levels += 1;
            if self.depth > EXPRESSION_DEPTH_MAX {
                return Err(Failure::limit(format!(
                    "An expression is nested at most {EXPRESSION_DEPTH_MAX} levels deep \
                     (limits.expression_depth); Join takes any number of values."
                )));
            }
            let right = self.primary()?;
            left = operation(Operator::Concatenate, left, right);
        }
        self.depth -= levels;
        Ok(left)
    }

    fn primary(&mut self) -> Result<Expression> {
        self.space();
        self.count()?;
        match self.peek() {
            Some('[') => self.attribute(),
            Some('"') => self.text(),
            Some('(') => {
                self.at += 1;
                let inner = self.expression()?;
                self.space();
                if self.take(')') {
                    Ok(inner)
                } else {
                    Err(self.unexpected("')'"))
                }
            }
            Some('&') => self.hexadecimal(),
            Some('-' | '0'..='9') => self.number(),
            Some(letter) if letter.is_alphabetic() || letter == '_' => self.named(),
            _ => Err(self.unexpected("a function, an [attribute], a \"string\" or a number")),
        }
    }

    /// `[name]`; a name may have brackets of its own, as `emails[type eq "work"].value` has.
    fn attribute(&mut self) -> Result<Expression> {
        let start = self.at;
        let mut open = 0;
        let mut name = String::new();
        while let Some(character) = self.peek() {
            self.at += 1;
            match character {
                '[' => open += 1,
                ']' => open -= 1,
                _ => {}
            }
            if open == 0 {
                let name = name.trim();
                if name.is_empty() {
                    return fail(start, "the attribute has no name.");
                }
                return Ok(Expression::Attribute(name.to_owned()));
            }
            if !(name.is_empty() && open == 1 && character == '[') {
                name.push(character);
            }
        }
        fail(start, "the ']' of this attribute is missing.")
    }

    fn text(&mut self) -> Result<Expression> {
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        while let Some(character) = self.peek() {
            self.at += 1;
            match character {
                '"' => return Ok(Expression::Text(text)),
                '\\' => match self.peek() {
                    Some(escaped @ ('"' | '\\')) => {
                        self.at += 1;
                        text.push(escaped);
                    }
                    // Somebody's pattern whose backslash wasn't doubled: it can only be meant so.
                    _ => text.push('\\'),
                },
                _ => text.push(character),
            }
        }
        fail(start, "the closing '\"' of this string is missing.")
    }

    fn hexadecimal(&mut self) -> Result<Expression> {
        let start = self.at;
        if !(self.next_is(1, 'H') || self.next_is(1, 'h')) {
            return Err(self.unexpected("a value before '&'"));
        }
        self.at += 2;
        let digits = self.digits(|character| character.is_ascii_hexdigit());
        match i64::from_str_radix(&digits, 16) {
            Ok(number) => Ok(Expression::Number(number)),
            Err(_) => fail(start, "this isn't a hexadecimal number: &HFF is one."),
        }
    }

    fn number(&mut self) -> Result<Expression> {
        let start = self.at;
        let sign = if self.take('-') { "-" } else { "" };
        let digits = self.digits(|character| character.is_ascii_digit());
        match format!("{sign}{digits}").parse() {
            Ok(number) => Ok(Expression::Number(number)),
            Err(_) => fail(start, "this isn't a whole number."),
        }
    }

    fn digits(&mut self, is_digit: impl Fn(char) -> bool) -> String {
        let mut digits = String::new();
        while let Some(digit) = self.peek().filter(|it| is_digit(*it)) {
            self.at += 1;
            digits.push(digit);
        }
        digits
    }

    /// A function, or a word that functions know.
    fn named(&mut self) -> Result<Expression> {
        let start = self.at;
        let name = self.digits(|character| character.is_alphanumeric() || character == '_');
        self.space();
        if self.peek() != Some('(') {
            if let Some(word) = WORDS.iter().find(|word| **word == name) {
                return Ok(Expression::Word(word));
            }
            if ["AND", "OR"].contains(&name.to_uppercase().as_str()) {
                return fail(start, "there is no And and no Or: nest IIF instead.");
            }
            return fail(
                start,
                &format!("'{name}' is neither a \"string\", nor an [attribute], nor a function."),
            );
        }
        let Some(function) = functions::find(&name) else {
            let near = functions::all()
                .iter()
                .find(|function| function.name.eq_ignore_ascii_case(&name));
            let hint = near.map_or_else(String::new, |near| {
                format!(
                    " Names are case-sensitive: '{}' is meant, perhaps.",
                    near.name
                )
            });
            return fail(start, &format!("there is no function '{name}'.{hint}"));
        };
        self.at += 1;
        let arguments = self.arguments()?;
        check(function, &arguments).or_else(|what| fail(start, &what))?;
        Ok(Expression::Call {
            function,
            arguments,
        })
    }

    fn arguments(&mut self) -> Result<Vec<Option<Expression>>> {
        let mut arguments = Vec::new();
        self.space();
        if self.take(')') {
            return Ok(arguments);
        }
        loop {
            self.space();
            let is_empty = matches!(self.peek(), Some(',' | ')'));
            arguments.push(if is_empty {
                self.count()?;
                None
            } else {
                Some(self.expression()?)
            });
            self.space();
            if self.take(')') {
                return Ok(arguments);
            }
            if !self.take(',') {
                return Err(self.unexpected("',' or ')'"));
            }
        }
    }
}

fn operation(operator: Operator, left: Expression, right: Expression) -> Expression {
    Expression::Operation {
        operator,
        left: Box::new(left),
        right: Box::new(right),
    }
}

/// Whether a function can be called with these arguments.
pub(super) fn check(
    function: &Function,
    arguments: &[Option<Expression>],
) -> std::result::Result<(), String> {
    let name = function.name;
    if arguments.len() > function.parameters.len() && !function.repeats() {
        return Err(match function.parameters.len() {
            0 => format!("{name} takes no parameters."),
            count => format!("{name} takes at most {count} parameters."),
        });
    }
    for (index, parameter) in function.parameters.iter().enumerate() {
        let is_given = arguments.get(index).is_some_and(Option::is_some);
        // One value among repeated ones is enough, wherever it stands.
        let any = parameter.repeats && arguments.iter().skip(index).any(Option::is_some);
        if parameter.required && !is_given && !any {
            return Err(format!("{name} needs its parameter '{}'.", parameter.name));
        }
    }
    (function.check)(arguments)?;
    for (index, argument) in arguments.iter().enumerate() {
        let is_pattern = function.parameter(index).is_some_and(|it| it.is_pattern);
        if let (true, Some(Expression::Text(pattern))) = (is_pattern, argument) {
            Pattern::new(pattern).map_err(|failure| failure.message)?;
        }
    }
    Ok(())
}
