//! What Kubernetes takes as the names of objects, namespaces, labels and ports.
//!
//! <https://kubernetes.io/docs/concepts/overview/working-with-objects/names/> and `.../labels/`.

/// The most characters that the name of an object may have.
pub(crate) const OBJECT_NAME_MAX: usize = 253;

/// A name of an object: an RFC 1123 subdomain.
pub(crate) fn is_object_name(text: &str) -> bool {
    text.len() <= OBJECT_NAME_MAX && text.split('.').all(is_dns_piece)
}

/// A name of a namespace: an RFC 1123 label.
pub(crate) fn is_namespace(text: &str) -> bool {
    text.len() <= 63 && is_dns_piece(text)
}

/// A key of a label or an annotation: `name` or `prefix.example/name`.
pub(crate) fn is_label_key(text: &str) -> bool {
    match text.split_once('/') {
        Some((prefix, name)) => is_object_name(prefix) && is_qualified_piece(name),
        None => is_qualified_piece(text),
    }
}

/// A value of a label; it may be empty.
pub(crate) fn is_label_value(text: &str) -> bool {
    text.is_empty() || is_qualified_piece(text)
}

/// A name of a port: at most 15 lower-case letters, digits and single hyphens, with at least one letter.
pub(crate) fn is_port_name(text: &str) -> bool {
    text.len() <= 15
        && is_dns_piece(text)
        && !text.contains("--")
        && text.bytes().any(|byte| byte.is_ascii_lowercase())
}

/// Lower-case letters, digits and hyphens, no hyphen at either end.
fn is_dns_piece(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.bytes().all(plain) && !text.starts_with('-') && !text.ends_with('-')
}

fn is_qualified_piece(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let end = |char: char| char.is_ascii_alphanumeric();
    text.len() <= 63 && text.bytes().all(plain) && text.starts_with(end) && text.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_accepted_as_the_api_server_accepts_them() {
        assert!(is_object_name("acme-agent.1") && is_object_name(&"a".repeat(253)));
        for text in ["", "Np", "a_b", "-a", "a.", "a..b", "a/b", "\u{e9}"] {
            assert!(!is_object_name(text), "{text}");
        }
        assert!(!is_object_name(&"a".repeat(254)));
        assert!(is_namespace("kube-system") && !is_namespace("a.b") && !is_namespace(&"a".repeat(64)));
        assert!(is_label_key("app.kubernetes.io/name") && is_label_key("A_b") && !is_label_key("a/b/c"));
        assert!(!is_label_key("/a") && !is_label_key("a/") && !is_label_key("") && !is_label_key("a b"));
        assert!(is_label_value("") && is_label_value("A.b_c-1") && !is_label_value(&"a".repeat(64)));
        assert!(!is_label_value("a b") && !is_label_value("-a") && !is_label_value("a\n"));
        assert!(is_port_name("https") && is_port_name("h2c-1"));
        for text in ["443", "HTTPS", "", "a--b", "-a", "abcdefghijklmnop"] {
            assert!(!is_port_name(text), "{text}");
        }
    }
}
