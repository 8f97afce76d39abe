//! Where somebody goes afterwards: a path of this site, never of another one that a link smuggles in.

/// The path, if it may be followed.
pub fn local(path: Option<&str>) -> Option<&str> {
    path.filter(|path| is_local(path))
}

pub fn or_home(path: Option<&str>) -> &str {
    local(path).unwrap_or("/")
}

/// Begins with one slash, and has nothing in it that ends a header or that browsers read as a second slash.
fn is_local(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && path.chars().all(|c| c.is_ascii_graphic() && c != '\\')
}

#[cfg(test)]
mod tests {
    use super::is_local;

    #[test]
    fn only_paths_of_this_site_are_returned_to() {
        assert!(is_local("/chat/1"));
        for path in [
            "",
            "chat",
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "/a\r\nSet-Cookie: b",
        ] {
            assert!(!is_local(path), "{path}");
        }
    }
}
