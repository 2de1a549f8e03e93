//! The language of membership rules, and rules applied to a tenant's users.

use std::collections::BTreeSet;

use crate::common::{Fixture, fixture, group_body, home, home_id, object, synced, target};
use directory::groups::dynamic::{self, Progress, Rules};
use directory::groups::rule::{DEPTH_MAX, PATTERNS_MAX, Rule};
use directory::groups::{self, Group};
use directory::{synced as sync, users};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use store::Clock;
use types::{Id, Timestamp, kind};

fn ann() -> Map<String, Value> {
    object(json!({
        "id": "5f1e9a3c-7d2b-4e60-8a41-c0ffee000001", "accountEnabled": true,
        "displayName": "Ann O'Hara", "department": "Sales", "jobTitle": "SDE II", "city": "Kiel",
        "userType": "Member", "mailNickname": "ann", "businessPhones": ["+49 431 1"],
        "officeLocation": "4 \"North\"", "mobilePhone": null, "employeeId": "50001",
        "otherMails": ["ann@example.org", "Ann@Fabrikam.example"],
        "proxyAddresses": ["SMTP:ann@contoso.example"],
        "employeeHireDate": "2026-06-10T00:00:00Z",
        "onPremisesExtensionAttributes": {"extensionAttribute15": "Straße"},
    }))
}

fn now() -> Timestamp {
    "2026-06-09T12:00:00Z".parse().unwrap()
}

fn is_true(rule: &str) -> bool {
    let read = Rule::parse(rule).unwrap_or_else(|wrong| panic!("{rule}: {wrong}"));
    read.is_true(&ann(), now())
}

#[test]
fn rules_are_true_of_whom_they_describe() {
    for rule in [
        r#"user.department -eq "Sales""#,
        "user.Department eq 'sALES'",
        "user.department \u{2013}eq \"Sales\" \u{2013}and user.city \u{2013}eq \"Kiel\"",
        r#"(user.department -ne "Marketing")"#,
        r#"user.mobile -eq null -and user.mobile -ne "1" -and user.city -ne $null"#,
        r#"user.mobile -notContains "1""#,
        r#"user.jobTitle -startsWith "sde" -and -not (user.jobTitle -notStartsWith "S")"#,
        r#"user.mailNickName -endsWith "NN" -and user.city -notEndsWith "x""#,
        r#"user.displayName -match "^an+ " -and user.displayName -notMatch "^hara""#,
        "user.displayName -eq 'Ann O''Hara'",
        r#"user.physicalDeliveryOfficeName -eq "4 `"North`"""#,
        r#"user.department -in ["Marketing", "SALES"] and user.city -notIn ['Rome']"#,
        "user.employeeId -eq 50001",
        "user.employeeId -in [50001,50002]",
        "user.accountEnabled -eq true -and user.accountEnabled -ne False",
        "user.dirSyncEnabled -ne true",
        r#"user.telephoneNumber -startsWith "+49""#,
        r#"user.extensionAttribute15 -eq "straße""#,
        r#"user.otherMails -any (_ -contains "fabrikam") -and user.otherMails -all (_ -contains "@")"#,
        r#"user.otherMails -endsWith"@fabrikam.example" -and user.otherMails -notEndsWith "@x.example""#,
        r#"user.proxyAddresses -any (_ -startsWith "smtp:" -and -not (_ -contains "fabrikam"))"#,
        "user.assignedPlans -all (assignedPlan.servicePlanId -eq null)",
        "user.objectId -ne null",
        "user.onPremisesSecurityIdentifier -eq null",
        "user.employeehiredate -le system.now -plus p1d",
        "user.employeehiredate -ge system.now",
        "user.employeeHireDate -le 2026-06-10T00:00:00Z -and user.employeeHireDate -ne null",
        // `-and` binds tighter than `-or`, and `-not` tighter than both.
        r#"user.city -eq "Kiel" -or user.city -eq "Kiel" -and user.city -eq "Rome""#,
        r#"-not user.city -eq "Rome" -and user.city -eq "Kiel""#,
        r#"-not (user.city -eq "Rome" -or user.mobile -ne null)"#,
    ] {
        assert!(is_true(rule), "{rule}");
    }
    for rule in [
        r#"user.department -eq "Sale""#,
        r#"user.mobile -contains "1""#,
        r#"(user.city -eq "Kiel" -or user.city -eq "Kiel") -and user.city -eq "Rome""#,
        r#"user.otherMails -all (_ -contains "fabrikam")"#,
        r#"user.otherMails -notContains "fabrikam""#,
        r#"user.assignedPlans -any (assignedPlan.service -eq "SCO" -and assignedPlan.capabilityStatus -eq "Enabled")"#,
        r#"user.department -eq `"Sales`""#,
        "user.employeehiredate -le system.now -minus pt12h",
        r#"device.deviceOSVersion -startsWith "10.0.1" -or device.objectId -ne null"#,
        r#"device.devicePhysicalIds -any (_ -startsWith "[ZTDid]")"#,
        "device.accountEnabled -eq true",
        r#"Direct Reports for "5f1e9a3c-7d2b-4e60-8a41-c0ffee000001""#,
    ] {
        assert!(!is_true(rule), "{rule}");
    }
}

#[test]
fn what_is_wrong_with_a_rule_is_said_with_its_place() {
    let deep = |depth: usize| {
        let (open, close) = ("(".repeat(depth), ")".repeat(depth));
        format!("{open}user.city -eq null{close}")
    };
    Rule::parse(&deep(DEPTH_MAX - 1)).unwrap();
    let matches = |times| vec!["user.city -match \"k\\w+\""; times].join(" -or ");
    Rule::parse(&matches(PATTERNS_MAX)).unwrap();
    let many = matches(PATTERNS_MAX + 1);
    for (rule, at, reason) in [
        (&*many, many.len() - 5, "at most 16"),
        ("", 1, "a condition is missing"),
        ("true", 1, "'true'"),
        ("user.city", 10, "an operator is missing"),
        ("user.city -is \"Kiel\"", 11, "'is' isn't an operator"),
        ("user.city -eq", 14, "a text in quotation marks is missing"),
        (
            "user.city -eq Kiel",
            15,
            "a text in quotation marks is missing",
        ),
        ("user.city -eq \"Kiel", 15, "isn't closed"),
        ("user.city -eq \"Kiel\" & 1", 22, "no meaning"),
        ("(user.city -eq \"Kiel\"", 22, "a closing parenthesis"),
        ("user.city -eq \"Kiel\")", 21, "behind the end"),
        (
            "user.city -eq \"a\" user.city -eq \"b\"",
            19,
            "behind the end",
        ),
        ("user.colour -eq \"red\"", 1, "'user.colour'"),
        ("_ -eq \"red\"", 1, "'_'"),
        (
            "user.extensionAttribute16 -eq \"x\"",
            1,
            "extensionAttribute16",
        ),
        ("user.accountEnabled -contains \"t\"", 21, "doesn't go with"),
        ("user.accountEnabled -eq \"maybe\"", 25, "true or false"),
        ("user.city -ge \"a\"", 11, "doesn't go with"),
        ("user.city -any (_ -eq \"a\")", 11, "doesn't go with"),
        ("user.otherMails -any _ -eq \"a\"", 22, "in parentheses"),
        ("user.city -contains null", 21, "null goes with"),
        ("user.city -in \"Kiel\"", 15, "square brackets"),
        ("user.city -in [\"Kiel\" \"Rome\"]", 23, "square bracket"),
        ("user.city -in []", 16, "a text in quotation marks"),
        ("user.city -match \"(\"", 18, "regular expression"),
        ("user.city -match \"(?=a)\"", 18, "regular expression"),
        (
            "user.city -match \"(\\w{99}){99}\"",
            18,
            "regular expression",
        ),
        ("user.employeeHireDate -ge \"soon\"", 27, "a date and time"),
        (
            "user.employeeHireDate -ge system.now -plus p1y",
            44,
            "a duration",
        ),
        (
            "user.memberOf -any (group.objectId -in ['x'])",
            1,
            "the groups",
        ),
        (
            "user.city -eq null -or device.objectId -ne null",
            24,
            "not about both",
        ),
        (
            "Direct Reports for \"ann\"",
            20,
            "the object id of a manager",
        ),
        (&deep(DEPTH_MAX), DEPTH_MAX + 1, "too deeply"),
    ] {
        let wrong = Rule::parse(rule).unwrap_err();
        assert_eq!(wrong.at, at, "{rule}: {wrong}");
        assert!(wrong.reason.contains(reason), "{rule}: {wrong}");
    }
}

/// Pieces of rules, so that what is made of them goes deep.
fn piece() -> impl Strategy<Value = String> {
    const PIECES: &[&str] = &[
        "user.city",
        "user.otherMails",
        "user.accountEnabled",
        "user.employeeHireDate",
        "user.assignedPlans",
        "device.model",
        "_",
        "-eq",
        "-ne",
        "-any",
        "-all",
        "-in",
        "-match",
        "-not",
        "-and",
        "or",
        "(",
        ")",
        "[",
        "]",
        ",",
        "null",
        "true",
        "system.now",
        "-plus",
        "p99999999999999999999d",
        "\"Kiel\"",
        "'",
        "`",
        "\"",
        "\u{2013}",
        "é",
        "Direct Reports for",
    ];
    prop_oneof![
        8 => proptest::sample::select(PIECES).prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

proptest! {
    #[test]
    fn no_text_is_too_much(pieces in prop::collection::vec(piece(), 0..40)) {
        let text = pieces.join(" ");
        match Rule::parse(&text) {
            Ok(rule) => drop(rule.is_true(&ann(), now())),
            Err(wrong) => prop_assert!(wrong.at <= text.chars().count() + 1),
        }
    }

    #[test]
    fn what_stands_in_quotation_marks_is_what_is_compared(value in "[^\u{0}]{0,20}") {
        let person = object(json!({"city": value}));
        let quoted: String = value.chars().flat_map(|each| ['`', each]).collect();
        for rule in [
            format!("user.city -eq \"{quoted}\""),
            format!("user.city -in ['{quoted}']"),
            format!("-not (user.city -ne \"{quoted}\")"),
        ] {
            prop_assert!(Rule::parse(&rule).unwrap().is_true(&person, now()), "{}", rule);
        }
    }
}

/// A follower of the feed, as the node has one.
#[derive(Default)]
struct Follower(Rules);

impl Follower {
    /// Looks through the feed to its end; answers how often something was written.
    fn follow(&mut self, f: &Fixture) -> usize {
        let mut written = 0;
        loop {
            let known = self.0.clone();
            let plan = f.read(|tx| dynamic::look(tx, &known));
            let is_last = plan.is_last;
            let (mut plan, mut is_all) = (plan, false);
            while plan.has_effect() && !is_all {
                written += 1;
                (plan, is_all) = f.write(move |tx| {
                    let is_all = dynamic::carry_out(tx, &mut plan)?;
                    Ok((plan, is_all))
                });
            }
            self.0 = plan.into_rules();
            if is_last {
                return written;
            }
        }
    }
    fn step(&self, f: &Fixture) -> Progress {
        let rules = self.0.clone();
        f.write(move |tx| dynamic::walk(tx, &rules))
    }
    /// Until all is done; answers how many steps that took.
    fn catch_up(&mut self, f: &Fixture) -> usize {
        for steps in 0..1_000 {
            self.follow(f);
            if let Progress::Until(_) = self.step(f) {
                return steps;
            }
        }
        panic!("it has no end");
    }
}

fn dynamic_group(f: &Fixture, name: &str, rule: &str) -> Group {
    let mut body = group_body(name);
    body.extend(object(json!({
        "groupTypes": ["DynamicMembership"], "membershipRule": rule,
    })));
    f.group_of(body)
}

fn members(f: &Fixture, group: &Group) -> BTreeSet<Id<kind::User>> {
    let links = f.read(|tx| groups::members(tx, group.id, None, 2_000));
    links.into_iter().map(|link| Id::new(link.id)).collect()
}

fn patch(f: &Fixture, group: &Group, patch: Value) {
    let id = group.id;
    assert!(f.write(move |tx| groups::update(tx, id, &object(patch))));
}

#[test]
fn members_are_whom_the_rule_describes_whatever_changes() {
    let f = fixture();
    let ann = f.user_with("ann", json!({"department": "Sales"})).id;
    let bob = f.user_with("bob", json!({"department": "IT"})).id;
    let sales = dynamic_group(&f, "sales", "user.department -eq \"Sales\"");
    let mut follower = Follower::default();
    let head = f.head();
    follower.catch_up(&f);
    assert_eq!(members(&f, &sales), BTreeSet::from([ann]));
    assert_eq!(f.changes(head), ["groupMember Created"]);

    // What concerns no rule writes nothing; who comes and goes is written once.
    f.patch(bob, json!({"city": "Kiel"}));
    assert_eq!(follower.follow(&f), 0);
    f.patch(bob, json!({"department": "sales"}));
    f.patch(ann, json!({"department": null}));
    assert_eq!(follower.follow(&f), 1);
    assert_eq!(members(&f, &sales), BTreeSet::from([bob]));

    // Deleted people leave, restored ones come.
    f.write(move |tx| users::delete(tx, bob));
    follower.catch_up(&f);
    let rows = f.read(|tx| groups::rows(tx, sales.id, uuid::Uuid::nil(), uuid::Uuid::max(), 9));
    assert_eq!(rows, []);
    f.write(move |tx| users::restore(tx, bob).map(drop));
    follower.catch_up(&f);
    assert_eq!(members(&f, &sales), BTreeSet::from([bob]));

    // Whoever is of another tenant counts like the others.
    f.write(|tx| sync::upsert(tx, &synced(1, "eve", json!({}))).map(drop));
    let eve = f.read(|tx| sync::find(tx, home(), home_id(1))).unwrap().id;
    patch(
        &f,
        &sales,
        json!({"membershipRule": "user.displayName -eq \"eve\""}),
    );
    follower.catch_up(&f);
    assert_eq!(members(&f, &sales), BTreeSet::from([eve]));

    // Paused, all stays; on again, it is made good.
    patch(
        &f,
        &sales,
        json!({"membershipRuleProcessingState": "Paused"}),
    );
    patch(
        &f,
        &sales,
        json!({"membershipRule": "user.city -eq \"Kiel\""}),
    );
    follower.catch_up(&f);
    assert_eq!(members(&f, &sales), BTreeSet::from([eve]));
    patch(&f, &sales, json!({"membershipRuleProcessingState": "On"}));
    follower.catch_up(&f);
    assert_eq!(members(&f, &sales), BTreeSet::from([bob]));

    // A deleted group is left alone, and made good when it is back.
    let id = sales.id;
    f.write(move |tx| groups::delete(tx, id));
    f.patch(ann, json!({"city": "Kiel"}));
    follower.catch_up(&f);
    f.write(move |tx| groups::restore(tx, id).map(drop));
    follower.catch_up(&f);
    assert_eq!(members(&f, &sales), BTreeSet::from([ann, bob]));
    assert!(f.read(dynamic::any));
    f.write(move |tx| groups::delete(tx, id).and_then(|()| groups::purge(tx, id)));
    assert!(!f.read(dynamic::any));

    let wrong = object(json!({"membershipRule": "user.city -eq Kiel"}));
    let again = dynamic_group(&f, "again", "user.city -eq null").id;
    let refused = f.refused(move |tx| groups::update(tx, again, &wrong));
    assert_eq!(target(&refused), "membershipRule");
    assert!(
        refused
            .to_string()
            .contains("at character 15: a text in quotation marks")
    );
}

#[test]
fn direct_reports_go_with_their_manager() {
    let f = fixture();
    let (boss, ann, bob) = (f.user("boss").id, f.user("ann").id, f.user("bob").id);
    let reports = dynamic_group(&f, "reports", &format!("Direct Reports for \"{boss}\""));
    let mut follower = Follower::default();
    f.write(move |tx| users::set_manager(tx, ann, boss));
    follower.catch_up(&f);
    assert_eq!(members(&f, &reports), BTreeSet::from([ann]));
    f.write(move |tx| users::set_manager(tx, bob, boss));
    f.write(move |tx| users::remove_manager(tx, ann));
    follower.catch_up(&f);
    assert_eq!(members(&f, &reports), BTreeSet::from([bob]));
    f.write(move |tx| users::delete(tx, boss));
    follower.catch_up(&f);
    assert_eq!(members(&f, &reports), BTreeSet::new());
    f.write(move |tx| users::restore(tx, boss).map(drop));
    follower.catch_up(&f);
    assert_eq!(members(&f, &reports), BTreeSet::from([bob]));
}

#[test]
fn time_alone_brings_members() {
    let f = fixture();
    let day = 86_400;
    let hired = f.clock.now().plus_seconds(2 * day);
    let ann = f.user_with("ann", json!({"employeeHireDate": hired})).id;
    let hired = dynamic_group(
        &f,
        "hired",
        "user.employeeHireDate -le system.now -plus p1d",
    );
    let mut follower = Follower::default();
    follower.catch_up(&f);
    assert_eq!(members(&f, &hired), BTreeSet::new());
    f.clock.advance_seconds(day);
    follower.catch_up(&f);
    assert_eq!(members(&f, &hired), BTreeSet::from([ann]));
    assert!(matches!(follower.step(&f), Progress::Until(Some(_))));
}

#[test]
fn a_walk_goes_on_where_it_ended_and_rules_go_together() {
    let f = fixture();
    for number in 0..700 {
        let department = ["Sales", "IT"][number % 2];
        f.user_with(&format!("u{number}"), json!({"department": department}));
    }
    let sales = dynamic_group(&f, "sales", "user.department -eq \"Sales\"");
    let mut first = Follower::default();
    first.follow(&f);
    assert_eq!(first.step(&f), Progress::More);
    let so_far = members(&f, &sales).len();
    assert!((1..350).contains(&so_far), "{so_far}");
    // Another process goes on, and somebody whom the walk has passed changes; another rule comes.
    let passed = *members(&f, &sales).first().unwrap();
    f.patch(passed, json!({"department": "IT"}));
    let both = dynamic_group(&f, "both", "user.department -in [\"Sales\", \"IT\"]");
    let mut second = Follower::default();
    let steps = second.catch_up(&f);
    assert_eq!(members(&f, &sales).len(), 349);
    assert_eq!(members(&f, &both).len(), 700);
    assert_eq!(steps, 3, "the second rule catches up, then both go on");

    // Many who change at once come in parts.
    for number in 0..4 {
        dynamic_group(&f, &format!("kiel{number}"), "user.city -eq \"Kiel\"");
    }
    second.catch_up(&f);
    for id in members(&f, &both).into_iter().take(400) {
        f.patch(id, json!({"city": "Kiel"}));
    }
    assert_eq!(second.follow(&f), 2);
    let kiel = f.read(|tx| groups::scan(tx, None, 9));
    for group in kiel
        .iter()
        .filter(|it| it.display_name().starts_with("kiel"))
    {
        assert_eq!(members(&f, group).len(), 400);
    }

    // The feed was trimmed behind the position: all are looked at again.
    f.patch(passed, json!({"department": "Sales"}));
    f.patch(passed, json!({"city": "Rome"}));
    let head = f.head();
    f.write(move |tx| tx.trim_feed(head).map(drop));
    second.catch_up(&f);
    assert_eq!(members(&f, &sales).len(), 350);
    let mut third = Follower::default();
    assert_eq!(third.catch_up(&f), 0, "nothing is left to do");
}
