//! How every two-byte code point of TLS is declared: a `Copy` newtype, its IANA names, its aliases.
//!
//! Unknown values are values like any other: a code point is what the wire carried, and its name is
//! a fact we may or may not have.

/// A name is neither in our tables nor a number such as `0x11ec`.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("unknown {kind} {text:?}")]
pub struct UnknownName {
    /// What was looked for: `named group`, `cipher suite`, …
    pub kind: &'static str,
    /// The text that named none.
    pub text: String,
}

/// RFC 8701 §2: both bytes equal and of the form `0x?A`.
pub(crate) const fn is_grease(value: u16) -> bool {
    value & 0x0f0f == 0x0a0a && value >> 8 == value & 0xff
}

/// `0x11ec`, in either case, as a number.
pub(crate) fn hexadecimal(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?;
    let plain = (1..=4).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_hexdigit());
    plain.then(|| u16::from_str_radix(digits, 16).ok()).flatten()
}

macro_rules! code_points {
    (
        $(#[$meta:meta])*
        $type:ident, $kind:literal, aliases $aliases:expr,
        { $($name:ident = $value:literal $(=> $shown:literal)?,)* }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $type(pub u16);

        #[allow(non_upper_case_globals, reason = "the registry's own spelling")]
        impl $type {
            $(#[doc = concat!("`", stringify!($value), "`")] pub const $name: Self = Self($value);)*

            /// Every value that has a name here, in the order of the table.
            pub const NAMED: &'static [Self] = &[$(Self::$name),*];

            /// The registry's name, if the value has one.
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some($crate::code_point::code_points!(@shown $name $($shown)?)),)*
                    _ => None,
                }
            }

            /// Whether this is one of the values reserved by RFC 8701, which mean nothing.
            pub const fn is_grease(self) -> bool {
                $crate::code_point::is_grease(self.0)
            }
        }

        impl core::fmt::Display for $type {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self.name() {
                    Some(name) => f.pad(name),
                    None => f.pad(&format!("0x{:04x}", self.0)),
                }
            }
        }

        impl From<u16> for $type {
            fn from(value: u16) -> Self {
                Self(value)
            }
        }

        impl core::str::FromStr for $type {
            type Err = $crate::code_point::UnknownName;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let alias = |&(known, value): &(&str, u16)| {
                    known.eq_ignore_ascii_case(text).then_some(Self(value))
                };
                let named = |known: &&Self| known.name().is_some_and(|n| n.eq_ignore_ascii_case(text));
                Self::NAMED.iter().find(named).copied()
                    .or_else(|| $aliases.iter().find_map(alias))
                    .or_else(|| $crate::code_point::hexadecimal(text).map(Self))
                    .ok_or_else(|| $crate::code_point::UnknownName { kind: $kind, text: text.to_owned() })
            }
        }
    };
    (@shown $name:ident) => { stringify!($name) };
    (@shown $name:ident $shown:literal) => { $shown };
}

pub(crate) use code_points;
