//! A tenant's people, made up but the same on every machine: names with accents, departments, cities
//! with their countries, phones, and managers in a tree.

use std::fmt::Write as _;
use std::ops::Range;

/// Reports of one manager.
const REPORTS: usize = 8;

const GIVEN: &[(&str, &str)] = &[
    ("Ana", "ana"),
    ("Björn", "bjorn"),
    ("Chloé", "chloe"),
    ("Dmitri", "dmitri"),
    ("Elena", "elena"),
    ("Farid", "farid"),
    ("Grace", "grace"),
    ("Hiroshi", "hiroshi"),
    ("Inés", "ines"),
    ("Jürgen", "juergen"),
    ("Kateřina", "katerina"),
    ("Lars", "lars"),
    ("Mónica", "monica"),
    ("Nkechi", "nkechi"),
    ("Olga", "olga"),
    ("Priya", "priya"),
    ("Quentin", "quentin"),
    ("René", "rene"),
    ("Søren", "soren"),
    ("Thandiwe", "thandiwe"),
    ("Ursula", "ursula"),
    ("Wei", "wei"),
    ("Yusuf", "yusuf"),
    ("Zoë", "zoe"),
];

const SURNAMES: &[(&str, &str)] = &[
    ("Abe", "abe"),
    ("Brandão", "brandao"),
    ("Castillo", "castillo"),
    ("Dvořák", "dvorak"),
    ("Eriksson", "eriksson"),
    ("Fournier", "fournier"),
    ("Gupta", "gupta"),
    ("Hansen", "hansen"),
    ("Ivanova", "ivanova"),
    ("Jansen", "jansen"),
    ("Kowalczyk", "kowalczyk"),
    ("Lindqvist", "lindqvist"),
    ("Müller", "mueller"),
    ("Núñez", "nunez"),
    ("Okafor", "okafor"),
    ("Popescu", "popescu"),
    ("Quinn", "quinn"),
    ("Rossi", "rossi"),
    ("Şahin", "sahin"),
    ("Takahashi", "takahashi"),
    ("Ueda", "ueda"),
    ("Vasquez", "vasquez"),
    ("Wójcik", "wojcik"),
    ("Zhang", "zhang"),
];

const JOBS: &[(&str, &[&str])] = &[
    (
        "Engineering",
        &[
            "Software Engineer",
            "Test Engineer",
            "Architect",
            "Site Reliability Engineer",
        ],
    ),
    (
        "Sales",
        &["Account Manager", "Sales Engineer", "Sales Representative"],
    ),
    (
        "Finance",
        &["Accountant", "Controller", "Payroll Specialist"],
    ),
    ("Human Resources", &["Recruiter", "People Partner"]),
    (
        "Operations",
        &[
            "Dispatcher",
            "Logistics Planner",
            "Shift Lead",
            "Warehouse Operator",
        ],
    ),
    ("Legal", &["Counsel", "Paralegal"]),
    ("Marketing", &["Campaign Manager", "Copywriter", "Designer"]),
    (
        "Customer Support",
        &["Support Agent", "Support Engineer", "Team Lead"],
    ),
];

/// City, state, country, its two letters, the telephone's prefix.
const CITIES: &[(&str, &str, &str, &str, &str)] = &[
    ("Seattle", "WA", "United States", "US", "+1 206 555"),
    ("München", "Bayern", "Germany", "DE", "+49 89 5550"),
    ("Lyon", "Rhône", "France", "FR", "+33 4 7255"),
    ("São Paulo", "SP", "Brazil", "BR", "+55 11 5550"),
    ("Göteborg", "Västra Götaland", "Sweden", "SE", "+46 31 555"),
    ("Pune", "Maharashtra", "India", "IN", "+91 20 5550"),
    ("Kraków", "Małopolska", "Poland", "PL", "+48 12 555"),
    ("Nairobi", "Nairobi", "Kenya", "KE", "+254 20 555"),
];

/// A fixed sequence of numbers (splitmix64).
#[derive(Debug, Clone)]
pub(crate) struct Numbers(u64);

impl Numbers {
    /// The sequence of a seed.
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    }

    /// The next number below `limit`.
    pub(crate) const fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}

/// A person.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) alias: String,
    pub(crate) given: &'static str,
    pub(crate) surname: &'static str,
    pub(crate) department: &'static str,
    pub(crate) job: &'static str,
    pub(crate) city: (&'static str, &'static str, &'static str, &'static str),
    pub(crate) employee: String,
    pub(crate) office: String,
    pub(crate) street: String,
    pub(crate) postal_code: String,
    pub(crate) phone: String,
    pub(crate) mobile: String,
    /// The number of the manager; none for the head.
    pub(crate) manager: Option<usize>,
}

/// The name to sign in with, without the domain, of the person with this number.
pub(crate) fn alias(number: usize) -> String {
    person(number).alias
}

/// The person with this number, counted from 0.
pub(crate) fn person(number: usize) -> Person {
    let mut numbers = Numbers::new(number as u64);
    let (given, given_ascii) = *numbers.pick(GIVEN);
    let (surname, surname_ascii) = *numbers.pick(SURNAMES);
    let (department, jobs) = *numbers.pick(JOBS);
    let (city, state, country, code, prefix) = *numbers.pick(CITIES);
    Person {
        alias: format!("{given_ascii}.{surname_ascii}.{number}"),
        given,
        surname,
        department,
        job: jobs[numbers.below(jobs.len())],
        city: (city, state, country, code),
        employee: format!("E{number:07}"),
        office: format!(
            "{}-{}.{:02}",
            numbers.below(9) + 1,
            numbers.below(6),
            numbers.below(80)
        ),
        street: format!("{} Harbour Road", numbers.below(900) + 1),
        postal_code: format!("{:05}", numbers.below(100_000)),
        phone: format!("{prefix} {:04}", numbers.below(10_000)),
        mobile: format!("{prefix} {:06}", numbers.below(1_000_000)),
        manager: (number > 0).then(|| (number - 1) / REPORTS),
    }
}

/// These people as a CSV file with Graph's names of properties in its header.
pub(crate) fn csv(people: Range<usize>, domain: &str) -> String {
    let mut text = String::with_capacity(people.len() * 320);
    text.push_str(
        "userPrincipalName,displayName,givenName,surname,mail,jobTitle,department,companyName,\
         employeeId,officeLocation,streetAddress,city,state,postalCode,country,usageLocation,\
         preferredLanguage,businessPhones,mobilePhone,manager\n",
    );
    for number in people {
        let Person {
            alias,
            given,
            surname,
            department,
            job,
            city,
            ..
        } = &person(number);
        let Person {
            employee,
            office,
            street,
            postal_code,
            phone,
            mobile,
            manager,
            ..
        } = &person(number);
        let (city, state, country, code) = city;
        let manager = manager
            .map(|manager| format!("{}@{domain}", self::alias(manager)))
            .unwrap_or_default();
        // Nothing of it has a comma or a quote. Writing to a string can't fail.
        let _ = writeln!(
            text,
            "{alias}@{domain},{given} {surname},{given},{surname},{alias}@{domain},{job},\
             {department},Benchmark Industries,{employee},{office},{street},{city},{state},\
             {postal_code},{country},{code},en-US,{phone},{mobile},{manager}",
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_importer_takes_everybody() {
        let text = csv(0..3_000, "a.example");
        let import = sources::read(sources::Format::Csv, text.as_bytes(), None).unwrap();
        assert!(import.skipped.is_empty() && import.warnings.is_empty());
        assert_eq!(import.users.len(), 3_000);
        let managed = import
            .users
            .iter()
            .filter(|user| user.manager_source_key.is_some());
        assert_eq!(managed.count(), 2_999);
    }

    #[test]
    fn people_are_the_same_each_time_and_have_names_of_their_own() {
        let text = csv(0..2_000, "a.example");
        assert_eq!(text, csv(0..2_000, "a.example"));
        let rows: Vec<Vec<&str>> = text
            .lines()
            .skip(1)
            .map(|line| line.split(',').collect())
            .collect();
        let columns = text.lines().next().unwrap().split(',').count();
        assert!(rows.iter().all(|row| row.len() == columns));
        let names: BTreeSet<&str> = rows.iter().map(|row| row[0]).collect();
        assert_eq!(names.len(), 2_000);
        // Every manager but the head's is in the file.
        assert!(rows[0][columns - 1].is_empty());
        assert!(rows[1..].iter().all(|row| names.contains(row[columns - 1])));
    }
}
