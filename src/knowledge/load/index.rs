//! The files under `rules/knowledge`. Written by `tests/knowledge.rs`.

/// File name and text, sorted by name.
pub(super) const FILES: &[(&str, &str)] = &[
    ("builtins.toml", include_str!("../../../rules/knowledge/builtins.toml")),
    ("concurrency.toml", include_str!("../../../rules/knowledge/concurrency.toml")),
    ("semantics.toml", include_str!("../../../rules/knowledge/semantics.toml")),
    ("stdlib_compress.toml", include_str!("../../../rules/knowledge/stdlib_compress.toml")),
    ("stdlib_data.toml", include_str!("../../../rules/knowledge/stdlib_data.toml")),
    ("stdlib_files.toml", include_str!("../../../rules/knowledge/stdlib_files.toml")),
    ("stdlib_net.toml", include_str!("../../../rules/knowledge/stdlib_net.toml")),
    ("stdlib_process.toml", include_str!("../../../rules/knowledge/stdlib_process.toml")),
    ("stdlib_text.toml", include_str!("../../../rules/knowledge/stdlib_text.toml")),
    ("submissions.toml", include_str!("../../../rules/knowledge/submissions.toml")),
];
