//! The expression language: the examples of its references, what is refused, and that nothing an
//! expression holds can make it panic or work without end.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeMap;

use proptest::prelude::*;
use provisioning::{
    Context, EXPRESSION_CHARACTERS_MAX, Expression, Failure, TEXT_BYTES_MAX, VALUES_MAX, Value,
    functions,
};
use types::Timestamp;

/// 2021-08-25T17:41:18Z.
const NOW: Timestamp = Timestamp(1_629_913_278_000_000);

fn evaluate(expression: &str, attributes: &[(&str, &str)]) -> Result<Vec<String>, Failure> {
    let attributes: BTreeMap<&str, &str> = attributes.iter().copied().collect();
    let source = |name: &str| match attributes.get(name) {
        None => Value::Null,
        // Several values, in these tests, are written with a bar between them.
        Some(text) if text.contains('|') => {
            Value::List(text.split('|').map(str::to_owned).collect())
        }
        Some(text) => Value::Text((*text).to_owned()),
    };
    let context = Context {
        default_domain: Some("contoso.example"),
        is_taken: &|value| value.starts_with("taken"),
        ..Context::new(&source, NOW, [7; 32])
    };
    Ok(Expression::parse(expression)?
        .evaluate(&context)?
        .into_texts())
}

/// Expression, attributes, what comes of it.
type Example = (
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static [&'static str],
);

#[rustfmt::skip]
const EXAMPLES: &[Example] = &[
    // The references' own examples.
    (r#"Append([userPrincipalName], ".test")"#, &[("userPrincipalName", "John.Doe@contoso.com")], &["John.Doe@contoso.com.test"]),
    ("BitAnd(&HF, &HF7)", &[], &["7"]),
    ("CBool([attribute1] = [attribute2])", &[("attribute1", "a"), ("attribute2", "a")], &["True"]),
    ("CDate([StatusHireDate])", &[("StatusHireDate", "2020-03-16-07:00")], &["3/16/2020 7:00:00 AM"]),
    (r#"CDate("2021-06-30+08:00")"#, &[], &["6/29/2021 4:00:00 PM"]),
    (r#"CDate("2009-06-15T01:45:30-07:00")"#, &[], &["6/15/2009 8:45:30 AM"]),
    ("Coalesce([mail],[userPrincipalName])", &[("userPrincipalName", "John.Doe@contoso.com")], &["John.Doe@contoso.com"]),
    (r#"ConvertToBase64("Hello world!")"#, &[], &["SABlAGwAbABvACAAdwBvAHIAbABkACEA"]),
    (r#"ConvertFromBase64("SABlAGwAbABvACAAdwBvAHIAbABkACEA")"#, &[], &["Hello world!"]),
    (r#"ConvertFromBase64("SGVsbG8gd29ybGQh", UTF8)"#, &[], &["Hello world!"]),
    (r#"ConvertToUTF8Hex("Hello world!")"#, &[], &["48656C6C6F20776F726C6421"]),
    ("CStr([dn])", &[("dn", "cn=Joe,dc=contoso,dc=com")], &["cn=Joe,dc=contoso,dc=com"]),
    (r#"DateAdd("d", 7, CDate([StatusHireDate]))"#, &[("StatusHireDate", "2012-03-16-07:00")], &["3/23/2012 7:00:00 AM"]),
    (r#"DateAdd("d", -10, CDate([StatusHireDate]))"#, &[("StatusHireDate", "2012-03-16-07:00")], &["3/6/2012 7:00:00 AM"]),
    (r#"DateAdd("ww", 2, CDate([StatusHireDate]))"#, &[("StatusHireDate", "2012-03-16-07:00")], &["3/30/2012 7:00:00 AM"]),
    (r#"DateAdd("m", 10, CDate([StatusHireDate]))"#, &[("StatusHireDate", "2012-03-16-07:00")], &["1/16/2013 7:00:00 AM"]),
    (r#"DateAdd("yyyy", 2, CDate([StatusHireDate]))"#, &[("StatusHireDate", "2012-03-16-07:00")], &["3/16/2014 7:00:00 AM"]),
    (r#"DateDiff("d", CDate("2021-08-18+08:00"), CDate("2021-08-31+08:00"))"#, &[], &["13"]),
    (r#"DateDiff("d", Now(), CDate([StatusHireDate]))"#, &[("StatusHireDate", "2012-03-16-07:00")], &["-3449"]),
    (r#"DateDiff("ww", Now(), CDate([StatusHireDate]))"#, &[("StatusHireDate", "2012-03-16-07:00")], &["-493"]),
    (r#"DateDiff("m", Now(), CDate([StatusHireDate]))"#, &[("StatusHireDate", "2012-03-16-07:00")], &["-113"]),
    (r#"DateDiff("yyyy", Now(), CDate([StatusHireDate]))"#, &[("StatusHireDate", "2012-03-16-07:00")], &["-9"]),
    (r#"DateDiff("d", CDate("2021-08-31+08:00"), CDate("2021-08-31+08:00"))"#, &[], &["0"]),
    (r#"DateDiff("h", CDate("2021-08-24"), CDate("2021-08-25"))"#, &[], &["24"]),
    (r#"DateDiff("n", CDate("2021-08-24"), CDate("2021-08-25"))"#, &[], &["1440"]),
    (r#"DateDiff("s", CDate("2021-08-24"), CDate("2021-08-25"))"#, &[], &["86400"]),
    (r#"Switch([Active], , "1", IIF(DateDiff("d", Now(), CDate([StatusHireDate])) > 5, "False", "True"), "0", "False")"#,
        &[("Active", "1"), ("StatusHireDate", "2021-08-27")], &["True"]),
    ("DateFromNum(129699324000000000)", &[], &["1/1/2012 11:00:00 PM"]),
    ("DNComponent([dn], 1)", &[("dn", "cn=Joe,ou=people")], &["Joe"]),
    (r#"FormatDateTime([extensionAttribute1], , "yyyyMMddHHmmss.fZ", "yyyy-MM-dd")"#, &[("extensionAttribute1", "20150123105347.1Z")], &["2015-01-23"]),
    (r#"FormatDateTime([extensionAttribute1], "yyyyMMddHHmmss.fZ", "yyyy-MM-dd")"#, &[("extensionAttribute1", "20150123105347.1Z")], &["2015-01-23"]),
    ("IgnoreFlowIfNullOrEmpty([department])", &[], &[]),
    (r#"IgnoreFlowIfNullOrEmpty(Switch([prefix], "", "3443", "Dr.", "3444", "Prof.", "3445", "Prof. Dr."))"#, &[("prefix", "1")], &[]),
    (r#"IIF([country]="USA",[country],[department])"#, &[("country", "USA"), ("department", "Sales")], &["USA"]),
    (r#"IIF([country]="USA",[country],[department])"#, &[("country", "Peru"), ("department", "Sales")], &["Sales"]),
    (r#"IIF([country]="USA",IIF([state]="CA","True","False"),"False")"#, &[("country", "USA"), ("state", "CA")], &["True"]),
    (r#"IIF([employeeType]="Intern","t-" & [alias],[alias])"#, &[("employeeType", "Intern"), ("alias", "joe")], &["t-joe"]),
    (r#"InStr("The quick brown fox","quick")"#, &[], &["5"]),
    (r#"InStr("repEated","e",3,vbBinaryCompare)"#, &[], &["7"]),
    ("IsNull([displayName])", &[], &["True"]),
    ("IsNullOrEmpty([displayName])", &[("displayName", "")], &["True"]),
    ("IsPresent([displayName])", &[("displayName", "Ann")], &["True"]),
    ("IsString([displayName])", &[], &["False"]),
    ("Item([proxyAddresses], 1)", &[("proxyAddresses", "SMTP:a|smtp:b")], &["SMTP:a"]),
    (r#"Left("John Doe", 3)"#, &[], &["Joh"]),
    ("NormalizeDiacritics([givenName])", &[("givenName", "Zoë")], &["Zoe"]),
    ("Now()", &[], &["8/25/2021 5:41:18 PM"]),
    (r#"NumFromDate(Join("", FormatDateTime([ContractEndDate], ,"yyyy-MM-ddzzz", "yyyy-MM-dd"), " 23:59:59-08:00"))"#,
        &[("ContractEndDate", "2020-12-31-08:00")], &["132539615990000000"]),
    (r#"NumFromDate(Join("",FormatDateTime([endDate], ,"M/d/yyyy hh:mm:ss tt","yyyy-MM-dd")," 23:59:59-08:00"))"#,
        &[("endDate", "12/31/2020 08:00:00 AM")], &["132539615990000000"]),
    ("PCase([firstName])", &[("firstName", "PABLO GONSALVES (SECOND)")], &["Pablo Gonsalves (Second)"]),
    (r#"PCase([lastName]," '-")"#, &[("lastName", "PINTO-DE'SILVA")], &["Pinto-De'Silva"]),
    (r#"PCase(Join(" ",[firstName],[lastName]))"#, &[("firstName", "GREGORY"), ("lastName", "JAMES")], &["Gregory James"]),
    ("RemoveDuplicates([proxyAddresses])", &[("proxyAddresses", "a|b|a")], &["a", "b"]),
    (r#"Replace([BusinessTitle],"Product Developer", , , "Software Engineer", , )"#, &[("BusinessTitle", "Product Developer")], &["Software Engineer"]),
    (r#"Replace([UserID],"<username>", , , , , "<username>@contoso.com")"#, &[("UserID", "jsmith")], &["jsmith@contoso.com"]),
    (r#"Replace([telephoneNumber], , "\\+(?<isdCode>\\d* )(?<phoneNumber>\\d{10})", , "${phoneNumber}", , )"#, &[("telephoneNumber", "+91 9998887777")], &["9998887777"]),
    (r#"Replace([mobile], , "[()\\s-]+", , "", , )"#, &[("mobile", "+1 (999) 888-7777")], &["+19998887777"]),
    (r#"Replace([AddressLineData], ,"(?<streetNumber>^\\d*)","streetNumber", "888", , )"#, &[("AddressLineData", "545 Tremont Street")], &["888 Tremont Street"]),
    (r#"Replace([userPrincipalName], , "(?<Suffix>@(.)*)", "Suffix", "", , )"#, &[("userPrincipalName", "jsmith@contoso.com")], &["jsmith"]),
    (r#"Replace([telephoneNumber], , "\\+(?<isdCode>\\d* )(?<phoneNumber>\\d{10})", "phoneNumber" , , [mobile], )"#,
        &[("telephoneNumber", ""), ("mobile", "+91 8887779999")], &["8887779999"]),
    (r#"Replace([mailNickname], , "[a-zA-Z_]*", , "", , )"#, &[("mailNickname", "john_doe72")], &["72"]),
    (r#"Replace([preferredLanguage], "-", , , "_", ,  )"#, &[("preferredLanguage", "EN-US")], &["EN_US"]),
    (r#"SelectUniqueValue(Join("@", NormalizeDiacritics(StripSpaces(Join(".",  [First], [Last]))), "contoso.com"), Join("@", "J", "contoso.com"))"#,
        &[("First", "John"), ("Last", "Smith")], &["John.Smith@contoso.com"]),
    (r#"SelectUniqueValue("taken1", "taken2", "free")"#, &[], &["free"]),
    ("SingleAppRoleAssignment([appRoleAssignments])", &[("appRoleAssignments", "Default Assignment")], &["Default Assignment"]),
    (r#"Split([extensionAttribute5], ",")"#, &[("extensionAttribute5", "PermissionSetOne, PermissionSetTwo")], &["PermissionSetOne", "PermissionSetTwo"]),
    (r#"StripSpaces(" a b ")"#, &[], &["ab"]),
    (r#"Switch([statusFlag], "Default Value", "true", "1", "", "0")"#, &[], &["0"]),
    (r#"Switch(ToLower([statusFlag]), "0", "true", "1", "false", "0")"#, &[("statusFlag", "TRUE")], &["1"]),
    (r#"Switch([country],[country],"","Other")"#, &[("country", "Peru")], &["Peru"]),
    (r#"Switch([state], "Australia/Sydney", "NSW", "Australia/Sydney","QLD", "Australia/Brisbane", "SA", "Australia/Adelaide")"#, &[("state", "QLD")], &["Australia/Brisbane"]),
    (r#"ToLower(Join("@", NormalizeDiacritics(StripSpaces(Join(".",  [First], [Last]))), "contoso.com"))"#, &[("First", "John"), ("Last", "Smith")], &["john.smith@contoso.com"]),
    (r#"Trim(" Test ")"#, &[], &["Test"]),
    (r#"Word("The quick brown fox",3," ")"#, &[], &["brown"]),
    (r#"Word("This,string!has&many separators",3,",!&#")"#, &[], &["has"]),
    (r#"Replace([mail], "@contoso.com", , ,"", ,)"#, &[("mail", "john.doe@contoso.com")], &["john.doe"]),
    ("Append(Mid([givenName], 1, 3), Mid([surname], 1, 5))", &[("givenName", "John"), ("surname", "Doe")], &["JohDoe"]),
    (r#"Join(", ", "", [surname], [givenName])"#, &[("givenName", "John"), ("surname", "Doe")], &["Doe, John"]),
    (r#"Join("", 1000, Replace(ConvertToUTF8Hex([objectId]), , "[a-zA-Z_]*", , "", , ))"#, &[("objectId", "00aa")], &["100030306161"]),
    // What they say in words.
    (r#"Left("John", 0)"#, &[], &[""]),
    (r#"Left("John", -1)"#, &[], &["John"]),
    ("Left([gone], 3)", &[], &[""]),
    (r#"Mid("abc", 2, 99)"#, &[], &["bc"]),
    (r#"Word("one two", 0, " ")"#, &[], &[""]),
    (r#"Word("one two", 3, " ")"#, &[], &[""]),
    ("Word([gone], 1, \" \")", &[], &[""]),
    ("Coalesce([a], [b])", &[], &[]),
    ("Count([proxyAddresses])", &[("proxyAddresses", "a|b|c")], &["3"]),
    ("Count([gone])", &[], &["0"]),
    (r#"Not("True")"#, &[], &["False"]),
    ("Not([gone])", &[], &["True"]),
    ("CBool(0)", &[], &["False"]),
    (r#"Join("-", [proxyAddresses], "z")"#, &[("proxyAddresses", "a|b")], &["a-b-z"]),
    (r#"ToUpper("istanbul", "tr-TR")"#, &[], &["İSTANBUL"]),
    (r#"ToLower("DIŞ", "tr-TR")"#, &[], &["dış"]),
    (r#"IIF(3 <> 4, "yes", "no")"#, &[], &["yes"]),
    (r#"IIF(10 > 9, "number", "text")"#, &[], &["number"]),
    (r#"IIF("10" <= "9", "text", "number")"#, &[], &["text"]),
    // With nothing on one side the condition isn't met, whichever it is.
    (r#"IIF([gone] <> "USA", "other", "unknown")"#, &[], &["unknown"]),
    (r#"NormalizeDiacritics("ǟȱßœŁıÅÆ 東京が")"#, &[], &["aossoeLiAAE 東京が"]),
    (r#"Len("Zoë")"#, &[], &["3"]),
    (r#"Prepend("x-", [alias])"#, &[("alias", "joe")], &["x-joe"]),
    ("DefaultDomain()", &[], &["contoso.example"]),
    ("StringFromSid(\"AQUAAAAAAAUVAAAAAQAAAAIAAAADAAAA9AEAAA==\")", &[], &["S-1-5-21-1-2-3-500"]),
    (r#"Replace("2021-08", , "(\\d+)-(\\d+)", , "$2/$1 $$ $& $9", , )"#, &[], &["08/2021 $ 2021-08 $9"]),
    (r#"FormatDateTime("25 Aug 2021 5:41 PM", , "d MMM yyyy h:mm tt", "dddd, dd MMMM yyyy HH:mm:ss.fffzzz")"#, &[], &["Wednesday, 25 August 2021 17:41:00.000+00:00"]),
    (r#"DateAdd("m", 1, "2024-01-31")"#, &[], &["2/29/2024 12:00:00 AM"]),
    ("AppRoleAssignmentsComplex([appRoleAssignments])", &[("appRoleAssignments", "Admin")],
        &[r#"{"primary":false,"type":"WindowsAzureActiveDirectoryRole","display":"Admin","value":"Admin"}"#]),
    ("AppRoleAssignments([roles])", &[("roles", r#"{"id":"1","value":"admin","displayName":"Admin"}|User"#)], &["admin", "User"]),
    ("Redact([userPrincipalName])", &[("userPrincipalName", "a@b.c")], &["a@b.c"]),
    (r#"[emails[type eq "work"].value]"#, &[(r#"emails[type eq "work"].value"#, "a@b.c")], &["a@b.c"]),
    (r#""Company: \"Contoso\" \\ sons""#, &[], &[r#"Company: "Contoso" \ sons"#]),
];

#[test]
fn the_examples_come_out_as_the_references_say() {
    for (expression, attributes, expected) in EXAMPLES {
        let found = evaluate(expression, attributes);
        let expected: Vec<String> = expected.iter().map(|it| (*it).to_owned()).collect();
        assert_eq!(found, Ok(expected), "{expression}");
    }
}

#[test]
fn what_is_read_is_written_so_that_it_is_read_the_same() {
    for (expression, ..) in EXAMPLES {
        let read = Expression::parse(expression).unwrap();
        let again = Expression::parse(&read.to_string()).unwrap();
        assert_eq!(read, again, "{expression} became {read}");
    }
    let read = Expression::parse(r#"Replace([a], "-", , , "_", ,  )"#).unwrap();
    assert_eq!(read.to_string(), r#"Replace([a], "-", , , "_", , )"#);
}

#[test]
fn every_function_is_in_the_examples() {
    // Those whose values are random have a test of their own.
    let without = [
        "AltSecIdFromNetId",
        "AssertiveAppRoleAssignmentsComplex",
        "Error",
        "Guid",
        "IsNothing",
        "RandomString",
    ];
    for function in functions() {
        let call = format!("{}(", function.name);
        let is_there = EXAMPLES
            .iter()
            .any(|(expression, ..)| expression.contains(&call));
        assert!(
            is_there || without.contains(&function.name),
            "{}",
            function.name
        );
    }
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    for (expression, says) in [
        ("", "Character 1"),
        ("Append([a]", "Character 11: ',' or ')'"),
        ("Append([a])", "needs its parameter 'suffix'"),
        ("append([a], \"x\")", "'Append' is meant"),
        ("Foo([a])", "there is no function 'Foo'"),
        ("Guid(1)", "takes no parameters"),
        ("Left([a], 1, 2)", "at most 2 parameters"),
        ("Switch([a], \"b\", \"c\")", "even number"),
        ("Switch([a], \"b\")", "needs its parameter 'switchValue'"),
        ("\"open", "closing '\"'"),
        ("[open", "']' of this attribute"),
        ("[]", "no name"),
        ("[a] [b]", "Character 5"),
        ("IIF([a] AND [b], 1, 2)", "',' or ')'"),
        ("AND", "nest IIF"),
        ("1 < 2 < 3", "chained"),
        ("99999999999999999999", "whole number"),
        ("Replace([a], \"b\", , , , , )", "needs one of"),
        (
            "Replace([a], , \"(?=b)\", , \"c\", , )",
            "isn't a regular expression",
        ),
        (
            "Replace([a], , \"(?<x>b)\", \"y\", \"c\", , )",
            "no group named 'y'",
        ),
        ("SelectUniqueValue([a])", "at least two"),
        ("FormatDateTime([a], \"yyyy\")", "FormatDateTime takes"),
    ] {
        let failure = Expression::parse(expression).unwrap_err();
        assert!(
            failure.message.contains(says),
            "{expression}: {}",
            failure.message
        );
    }
    for (expression, says) in [
        ("Error(\"No name\")", "No name"),
        ("DateAdd(\"q\", 1, Now())", "one of yyyy"),
        ("DateAdd(\"d\", 999999999999, Now())", "between the years"),
        ("CDate(\"tomorrow\")", "isn't a date"),
        ("CDate(\"2021-02-30\")", "isn't a date"),
        (
            "FormatDateTime(\"x\", , \"yyyy\", \"MM\")",
            "isn't a date of the form",
        ),
        ("Mid(\"abc\", 0, 1)", "the first character is 1"),
        ("Item(Split(\"a,b\"), 3)", "there is no value 3"),
        (
            "Append(Split(\"a,b\"), Split(\"a,b\"))",
            "One value is needed",
        ),
        ("BitAnd(\"x\", 1)", "isn't a whole number"),
        (
            "SelectUniqueValue(\"taken\", \"taken too\")",
            "has all of the 2",
        ),
        ("RandomString(3, 2, 2, 0, 0)", "less than the characters"),
        (
            "RandomString(3, 3, 0, 0, 0, \"0123456789\")",
            "leaves nothing",
        ),
        (
            "SingleAppRoleAssignment(Split(\"a,b\"))",
            "only one can be taken",
        ),
    ] {
        let failure = evaluate(expression, &[]).unwrap_err();
        assert!(
            failure.message.contains(says),
            "{expression}: {}",
            failure.message
        );
    }
}

#[test]
fn what_is_random_is_made_from_the_seed() {
    let string = |avoid: &str| {
        let expression = format!("RandomString(10,2,2,2,1,\"{avoid}\")");
        evaluate(&expression, &[]).unwrap().remove(0)
    };
    let made = string("?,");
    assert_eq!(made, string("?,"), "the same seed gives the same");
    assert_eq!(made.chars().count(), 10);
    let count = |is: fn(char) -> bool| made.chars().filter(|it| is(*it)).count();
    assert!(count(|it| it.is_ascii_digit()) >= 2 && count(|it| it.is_ascii_uppercase()) >= 2);
    assert!(count(|it| it.is_ascii_punctuation()) >= 2 && count(|it| it.is_ascii_lowercase()) >= 1);
    assert!(!made.contains(['?', ',']));
    let six = evaluate("RandomString(6,3,0,0,3)", &[]).unwrap().remove(0);
    assert!(
        six.chars()
            .all(|it| it.is_ascii_digit() || it.is_ascii_lowercase()),
        "{six}"
    );
    let two = evaluate("Guid() & \" \" & Guid()", &[]).unwrap().remove(0);
    let (first, second) = two.split_once(' ').unwrap();
    assert!(
        first != second && types::parse_uuid(first).is_some(),
        "{two}"
    );
}

#[test]
fn what_would_be_too_much_is_refused() {
    let long = format!("\"{}\"", "x".repeat(EXPRESSION_CHARACTERS_MAX));
    let deep = format!("{}1{}", "Not(".repeat(40), ")".repeat(40));
    let chain = vec!["\"a\""; 40].join("&");
    let wide = format!("Join(\"\"{})", ",1".repeat(1_200));
    for expression in [&long, &deep, &chain, &wide] {
        let failure = Expression::parse(expression).unwrap_err();
        assert_eq!(failure.code, "ExpressionLimitExceeded");
    }
    // Each Replace makes its text a hundred times as long.
    let grown = (0..4).fold("\"a\"".to_owned(), |inner, _| {
        format!("Replace({inner}, \"a\", , , \"{}\", , )", "a".repeat(100))
    });
    let text = "y".repeat(TEXT_BYTES_MAX + 1);
    let list = vec!["v"; VALUES_MAX + 1].join("|");
    let quadratic = "Replace([text], , \".*[^a]|a\", , \"b\", , )";
    for (expression, text) in [
        (grown.as_str(), "a".to_owned()),
        ("[text]", text),
        ("Count([text])", list),
        ("Split([text], \".\")", "a.".repeat(VALUES_MAX + 1)),
        (quadratic, "a".repeat(4_000)),
        (quadratic, "a".repeat(5_000)),
    ] {
        let failure = evaluate(expression, &[("text", &text)]).unwrap_err();
        assert_eq!(failure.code, "ExpressionLimitExceeded", "{expression}");
    }
    let pattern = "Replace([a], , \"(\\\\w{200}){200}\", , \"b\", , )";
    assert!(Expression::parse(pattern).is_err());
}

/// Expressions that are often well-formed.
fn expressions() -> impl Strategy<Value = String> {
    let names: Vec<&'static str> = functions().iter().map(|it| it.name).collect();
    let leaf = prop_oneof![
        Just(String::new()),
        "[a-c]".prop_map(|name| format!("[{name}]")),
        "[ -~äßİ東]{0,12}".prop_map(|text| {
            format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
        }),
        any::<i64>().prop_map(|number| number.to_string()),
        prop::sample::select(vec![
            "1",
            "2",
            "\"d\"",
            "\"yyyy-MM-dd\"",
            "vbTextCompare",
            "\"(?<x>.)*\"",
            "\"x\"",
            "\"2021-08-25\"",
            "&HFF"
        ])
        .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(6, 64, 7, move |inner| {
        let call = (
            prop::sample::select(names.clone()),
            prop::collection::vec(inner.clone(), 0..8),
        )
            .prop_map(|(name, arguments)| format!("{name}({})", arguments.join(",")));
        let operators = prop::sample::select(vec!["=", "<>", "<", "<=", ">", ">=", "&"]);
        let operation = (inner.clone(), operators, inner)
            .prop_map(|(left, operator, right)| format!("({left}) {operator} ({right})"));
        prop_oneof![4 => call, 1 => operation]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn any_expression_ends_within_its_bounds(
        expression in expressions(),
        values in prop::collection::vec("\\PC{0,40}", 3),
    ) {
        let attributes = [("a", values[0].as_str()), ("b", values[1].as_str()), ("c", values[2].as_str())];
        if let Ok(made) = evaluate(&expression, &attributes) {
            prop_assert!(made.len() <= VALUES_MAX);
            prop_assert!(made.iter().all(|text| text.len() <= TEXT_BYTES_MAX));
        }
        if let Ok(read) = Expression::parse(&expression) {
            let again = Expression::parse(&read.to_string());
            prop_assert_eq!(again.as_ref(), Ok(&read));
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
        let _ = Expression::parse(&text);
    }

    #[test]
    fn any_date_and_format_are_read_or_refused(date in "[0-9TZ:./+ -]{0,30}", format in "[dfFghHKmMstyz:./' -]{0,24}") {
        let _ = evaluate("FormatDateTime([a], , [b], [b])", &[("a", &date), ("b", &format)]);
        let _ = evaluate("CDate([a])", &[("a", &date)]);
    }
}
