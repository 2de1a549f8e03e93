//! The people of the demonstration: three exports that the program carries with it, or the user's
//! own files.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use sources::{Format, Import};
use types::{DomainName, Error, Result};

use crate::commands::read_file;

/// Domains of one file that are added to its tenant.
const DOMAINS_MAX: usize = 50;
/// Bytes of the beginning of a file from which its form is guessed.
const GUESS_BYTES: usize = 4_096;

/// One tenant to be: its name, domain and people.
pub(super) struct Source {
    pub(super) name: String,
    pub(super) domain: String,
    pub(super) format: Format,
    pub(super) content: Cow<'static, [u8]>,
    /// The domains in its people's names that aren't [`Source::domain`].
    pub(super) more_domains: Vec<String>,
    /// Somebody to show: with a name beyond plain Latin, if there is one. The name to sign in with,
    /// without its domain where it has none.
    pub(super) person: Option<String>,
}

impl Source {
    fn new(
        name: String,
        domain: String,
        format: Format,
        content: Cow<'static, [u8]>,
        import: &Import,
    ) -> Self {
        let shown = |is_wanted: fn(&str) -> bool| {
            import.users.iter().find(|user| {
                let name = user.properties.get("displayName");
                name.and_then(serde_json::Value::as_str)
                    .is_some_and(is_wanted)
            })
        };
        let person = shown(|name| name.chars().any(char::is_alphabetic) && !latin(name))
            .or_else(|| shown(|name| !name.is_ascii()))
            .or(import.users.first());
        let domains: BTreeSet<String> = import
            .users
            .iter()
            .filter_map(|user| user.upn_hint.rsplit_once('@'))
            .filter_map(|(_, domain)| DomainName::parse(domain).ok())
            .map(|domain| domain.to_string())
            .filter(|found| *found != domain)
            .collect();
        Self {
            name,
            domain,
            format,
            content,
            more_domains: domains.into_iter().take(DOMAINS_MAX).collect(),
            person: person.map(|user| user.upn_hint.clone()),
        }
    }

    /// The form's name.
    pub(super) fn format_name(&self) -> &'static str {
        match self.format {
            Format::Ldif => "ldif",
            Format::Csv => "csv",
        }
    }

    /// The name to sign in with of the person to show.
    pub(super) fn person_upn(&self) -> Option<String> {
        let hint = self.person.as_deref()?;
        Some(if hint.contains('@') {
            hint.to_owned()
        } else {
            format!("{hint}@{}", self.domain)
        })
    }
}

/// Whether every letter is of the Latin script, with or without accents.
fn latin(name: &str) -> bool {
    name.chars()
        .filter(|ch| ch.is_alphabetic())
        .all(|ch| ch <= '\u{24f}' || ('\u{1e00}'..='\u{1eff}').contains(&ch))
}

/// The three tenants that the program carries with it.
pub(super) fn built_in() -> Result<Vec<Source>> {
    let all: [(&str, Format, &'static [u8]); 3] = [
        (
            "Contoso",
            Format::Ldif,
            include_bytes!("../../../../demo/contoso.ldif"),
        ),
        (
            "Fabrikam",
            Format::Ldif,
            include_bytes!("../../../../demo/fabrikam.ldif"),
        ),
        (
            "Tailspin",
            Format::Csv,
            include_bytes!("../../../../demo/tailspin.csv"),
        ),
    ];
    all.into_iter()
        .map(|(name, format, content)| {
            let import = sources::read(format, content, None).map_err(Error::internal)?;
            let domain = format!("{}.example", name.to_ascii_lowercase());
            Ok(Source::new(
                name.to_owned(),
                domain,
                format,
                Cow::Borrowed(content),
                &import,
            ))
        })
        .collect()
}

/// One tenant for each file, named as the file.
pub(super) fn from_files(files: &[PathBuf], bytes_max: u64) -> Result<Vec<Source>> {
    if files.len() < 2 {
        return Err(Error::bad_request(
            "An organization needs at least two tenants: give --users two files or more.",
        ));
    }
    let mut labels = BTreeSet::new();
    files
        .iter()
        .map(|file| {
            let content = read_file(file, bytes_max)?;
            let format = guess(file, &content);
            let import = sources::read(format, content.as_slice(), None)
                .map_err(|error| Error::bad_request(format!("{}: {error}", file.display())))?;
            let name = file
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let base = label(&name);
            let label = (1..=files.len())
                .map(|number| match number {
                    1 => base.clone(),
                    _ => format!("{base}{number}"),
                })
                .find(|label| !labels.contains(label))
                .unwrap_or_default();
            labels.insert(label.clone());
            let domain = format!("{label}.example");
            Ok(Source::new(
                name,
                domain,
                format,
                Cow::Owned(content),
                &import,
            ))
        })
        .collect()
}

/// The form of a file, by its name, else by how it begins.
fn guess(file: &Path, content: &[u8]) -> Format {
    let extension = file
        .extension()
        .unwrap_or_default()
        .to_string_lossy()
        .to_lowercase();
    match extension.as_str() {
        "ldif" | "ldf" => Format::Ldif,
        "csv" => Format::Csv,
        _ => {
            let start = content.get(..GUESS_BYTES).unwrap_or(content);
            let text = String::from_utf8_lossy(start);
            let is_ldif = text.lines().any(|line| line.starts_with("dn:"));
            if is_ldif { Format::Ldif } else { Format::Csv }
        }
    }
}

/// A label of a domain made of a file's name.
fn label(name: &str) -> String {
    let letters = name.to_lowercase().replace([' ', '_', '.'], "-");
    let plain: String = letters
        .chars()
        .filter(|ch| ch.is_ascii_alphanumeric() || *ch == '-')
        .take(40)
        .collect();
    match plain.trim_matches('-') {
        "" => "tenant".to_owned(),
        label => label.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_people_that_come_along_are_whole() {
        let sources = built_in().unwrap();
        assert_eq!(sources.len(), 3);
        for source in &sources {
            assert!(source.more_domains.is_empty(), "{:?}", source.more_domains);
            let import = sources::read(source.format, &*source.content, None).unwrap();
            assert!(import.users.len() > 100, "{}", source.name);
            let upn = source.person_upn().unwrap();
            assert!(upn.ends_with(&source.domain), "{upn}");
        }
    }

    #[test]
    fn own_files_make_tenants_with_different_domains() {
        let directory = tempfile::tempdir().unwrap();
        let ldif = "dn: uid=a,dc=x\nobjectClass: inetOrgPerson\nuserPrincipalName: a@corp.example\ncn: A\nsn: A\n";
        let files: Vec<PathBuf> = ["Head Office.ldif", "head_office.txt", "Ωmega.ldif"]
            .iter()
            .map(|name| directory.path().join(name))
            .collect();
        for file in &files {
            std::fs::write(file, ldif).unwrap();
        }
        let sources = from_files(&files, 10_000).unwrap();
        let domains: Vec<&str> = sources
            .iter()
            .map(|source| source.domain.as_str())
            .collect();
        assert_eq!(
            domains,
            [
                "head-office.example",
                "head-office2.example",
                "mega.example"
            ]
        );
        assert!(sources.iter().all(|source| source.format == Format::Ldif));
        assert_eq!(sources[0].more_domains, ["corp.example"]);
        assert!(from_files(&files[..1], 10_000).is_err());
        assert!(from_files(&files, 10).is_err());
    }
}
