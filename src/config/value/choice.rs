//! Values that may be left out, or replaced by the word `none` or `auto`.

use crate::config::error::ConfigError;
use crate::config::value::setting::Form;
use crate::config::value::setting::KeyContext;
use crate::config::value::setting::Refused;
use crate::config::value::setting::Setting;
use toml::Value;

/// A key that may be left out. An empty environment variable leaves it out; earlier versions
/// expected 0 or an empty text.
impl<T: Setting> Setting for Option<T> {
    const SECRET: bool = T::SECRET;

    fn allowed() -> String {
        T::allowed()
    }

    fn read(value: &Value) -> Result<Self, Refused> {
        T::read(value).map(Some)
    }

    fn from_text(text: &str) -> Option<Value> {
        if text.is_empty() { None } else { T::from_text(text) }
    }

    fn form(value: &Value, context: &KeyContext<'_>) -> Result<Form, ConfigError> {
        let empty = value.as_str().is_some_and(|text| text.trim().is_empty());
        if empty || T::is_absent(value) { Ok(Form::OldAbsent) } else { T::form(value, context) }
    }
}

macro_rules! or_word {
    ($($(#[$meta:meta])* $name:ident($word:literal);)*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) struct $name<T>(pub(crate) Option<T>);

        impl<T> $name<T> {
            /// The word.
            pub(crate) const WORD: &'static str = $word;
        }

        impl<T: Setting> Setting for $name<T> {
            fn allowed() -> String {
                format!("{}, {}", Self::WORD, T::allowed())
            }

            fn read(value: &Value) -> Result<Self, Refused> {
                if value.as_str() == Some(Self::WORD) {
                    return Ok(Self(None));
                }
                let allowed = |refused: Refused| Refused { allowed: Self::allowed(), ..refused };
                T::read(value).map(|value| Self(Some(value))).map_err(allowed)
            }

            fn from_text(text: &str) -> Option<Value> {
                T::from_text(text)
            }

            fn form(value: &Value, context: &KeyContext<'_>) -> Result<Form, ConfigError> {
                if T::is_absent(value) {
                    return Ok(Form::Old(Value::String(Self::WORD.to_owned())));
                }
                T::form(value, context)
            }
        }
    )*};
}

or_word! {
    /// A value, or `none`. Earlier versions expected 0 for `none`.
    OrNone("none");
    /// A value, or `auto`: the gateway chooses.
    OrAuto("auto");
}
