//! Defines a section of the configuration file as a struct: one field per key, with its type, unit,
//! default and meaning. The reference in `docs/configuration.md` is made of the same text.

use crate::config::error::ConfigError;
use crate::config::value::setting::Form;
use crate::config::value::setting::KeyContext;
use crate::config::value::setting::Setting;
use crate::config::values::Values;
use toml::Value;

/// A key, with the functions of its type.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    pub(crate) section: &'static str,
    pub(crate) name: &'static str,
    /// [`Setting::SECRET`]
    pub(crate) is_secret: bool,
    /// [`Setting::from_text`]
    pub(crate) from_text: fn(&str) -> Option<Value>,
    /// [`Setting::form`]
    pub(crate) form: fn(&Value, &KeyContext<'_>) -> Result<Form, ConfigError>,
}

impl Key {
    /// A key whose values have type `T`.
    pub(crate) fn of<T: Setting>(section: &'static str, name: &'static str) -> Self {
        Self { section, name, is_secret: T::SECRET, from_text: T::from_text, form: T::form }
    }

    /// The dotted name.
    pub(crate) fn dotted(&self) -> String {
        dotted(self.section, self.name)
    }
}

/// The dotted name of a key.
pub(crate) fn dotted(section: &str, name: &str) -> String {
    format!("{section}.{name}")
}

/// A section of the configuration file.
pub(crate) trait Section: Sized {
    /// Its keys.
    fn keys(section: &'static str) -> Vec<Key>;

    /// Reads all keys; those that are not set get their defaults.
    ///
    /// # Errors
    /// For the first value that has the wrong type or is not allowed.
    fn read(section: &'static str, values: &Values) -> Result<Self, ConfigError>;

    /// Its keys as the reference shows them.
    #[cfg(test)]
    fn reference() -> crate::config::value::reference::SectionReference;
}

/// Defines a section: `/// meaning`, then `key: Type ["unit"] = default` for each key.
macro_rules! section {
    ($(#[doc = $about:literal])* $name:ident {
        $($(#[doc = $meaning:literal])* $key:ident: $type:ty $([$unit:literal])? = $default:expr,)*
    }) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone)]
        pub(crate) struct $name {
            $($(#[doc = $meaning])* pub(crate) $key: $type,)*
        }

        impl $crate::config::section::Section for $name {
            fn keys(section: &'static str) -> Vec<$crate::config::section::Key> {
                vec![$($crate::config::section::Key::of::<$type>(section, stringify!($key)),)*]
            }

            fn read(
                section: &'static str,
                values: &$crate::config::values::Values,
            ) -> Result<Self, $crate::config::error::ConfigError> {
                let key = |name| $crate::config::section::dotted(section, name);
                Ok(Self {
                    $($key: values.read(&key(stringify!($key)))?.unwrap_or_else(|| $default),)*
                })
            }

            #[cfg(test)]
            fn reference() -> $crate::config::value::reference::SectionReference {
                $crate::config::value::reference::SectionReference {
                    about: concat!($($about, "\n"),*),
                    keys: vec![$({
                        let default: $type = $default;
                        $crate::config::value::reference::KeyReference::new(
                            stringify!($key),
                            [$($unit)?].first().copied(),
                            &default,
                            concat!($($meaning, "\n"),*),
                        )
                    },)*],
                }
            }
        }
    };
}

pub(crate) use section;
