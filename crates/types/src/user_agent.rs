//! What a browser says of itself (`User-Agent`), as far as people want to know it.

/// The first of these names that a text has a part of.
fn first(text: &str, names: &[(&str, &'static str)]) -> Option<&'static str> {
    let found = names.iter().find(|(part, _)| text.contains(part));
    found.map(|(_, name)| *name)
}

/// The operating system.
pub fn system(text: &str) -> Option<&'static str> {
    const SYSTEMS: [(&str, &str); 7] = [
        ("Windows", "Windows"),
        ("Android", "Android"),
        ("iPhone", "iOS"),
        ("iPad", "iOS"),
        ("Mac OS X", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ];
    first(text, &SYSTEMS)
}

/// The browser. In this order, since browsers claim to be others, too.
pub fn browser(text: &str) -> Option<&'static str> {
    const BROWSERS: [(&str, &str); 6] = [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    first(text, &BROWSERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_known_by_what_only_they_say() {
        let edge = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
            Chrome/130.0.0.0 Safari/537.36 Edg/130.0.0.0";
        assert_eq!(
            (system(edge), browser(edge)),
            (Some("Windows"), Some("Edge"))
        );
        assert_eq!((system("curl/8"), browser("curl/8")), (None, None));
    }
}
