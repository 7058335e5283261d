//! Names of types with their arguments.

use std::fmt;

use serde::{Deserialize, Deserializer};

/// The name of a type with its arguments: `builtins.list[builtins.str]`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeExpr {
    /// The dotted name.
    pub name: String,
    /// The arguments in brackets.
    pub arguments: Vec<TypeExpr>,
}

impl fmt::Debug for TypeExpr {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl fmt::Display for TypeExpr {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name)?;
        if !self.arguments.is_empty() {
            formatter.write_str("[")?;
            for (index, argument) in self.arguments.iter().enumerate() {
                if index > 0 {
                    formatter.write_str(", ")?;
                }
                write!(formatter, "{argument}")?;
            }
            formatter.write_str("]")?;
        }
        Ok(())
    }
}

impl std::str::FromStr for TypeExpr {
    type Err = String;

    /// Reads `name` or `name[argument, ...]`.
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let Some(open) = text.find('[') else {
            return if text.is_empty() || text.contains([']', ',', ' ']) {
                Err(format!("`{text}` is not a type"))
            } else {
                Ok(Self {
                    name: text.to_owned(),
                    arguments: Vec::new(),
                })
            };
        };
        let inner = text[open + 1..]
            .strip_suffix(']')
            .ok_or_else(|| format!("`{text}` lacks its closing bracket"))?;
        let mut arguments = Vec::new();
        let (mut depth, mut start) = (0_i32, 0);
        for (index, character) in inner.char_indices() {
            match character {
                '[' => depth += 1,
                ']' => depth -= 1,
                ',' if depth == 0 => {
                    arguments.push(inner[start..index].parse()?);
                    start = index + 1;
                }
                _ => {}
            }
        }
        arguments.push(inner[start..].parse()?);
        Ok(Self {
            name: text[..open].trim().to_owned(),
            arguments,
        })
    }
}

impl<'de> Deserialize<'de> for TypeExpr {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
