//! How the reference of all keys describes a value: its type and its default. Tests only.

use crate::config::keys::ApiKeys;
use crate::config::tenants::Tenants;
use crate::config::value::choice::OrAuto;
use crate::config::value::choice::OrNone;
use crate::config::value::number::Lift;
use crate::config::value::number::Rate;
use crate::config::value::number::Share;
use crate::config::value::number::Size;
use crate::config::value::number::Within;
use crate::config::value::setting::Setting;
use crate::config::value::text::Amount;
use crate::config::value::text::Line;
use crate::config::value::text::LogFilter;
use crate::config::value::text::Secret;
use crate::config::value::url::CheckoutUrl;
use crate::config::value::url::WebhookUrl;
use crate::config::value::word::Words;
use std::net::SocketAddr;
use std::path::PathBuf;
use toml::Value;

/// A section of the reference.
#[derive(Debug)]
pub(crate) struct SectionReference {
    pub(crate) about: &'static str,
    pub(crate) keys: Vec<KeyReference>,
}

/// A key of the reference.
#[derive(Debug)]
pub(crate) struct KeyReference {
    pub(crate) name: &'static str,
    pub(crate) kind: String,
    pub(crate) unit: Option<&'static str>,
    /// The default in TOML; `None`: not set.
    pub(crate) default: Option<String>,
    pub(crate) allowed: String,
    pub(crate) meaning: &'static str,
}

impl KeyReference {
    /// Describes a key with its default.
    pub(crate) fn new<T: Described>(
        name: &'static str,
        unit: Option<&'static str>,
        default: &T,
        meaning: &'static str,
    ) -> Self {
        let (kind, allowed) = (T::kind(), T::allowed());
        let default = default.shown().map(|value| value.to_string());
        Self { name, kind, unit, default, allowed, meaning }
    }
}

/// A type of value with its description.
pub(crate) trait Described: Setting {
    /// Its type, such as `whole number`.
    fn kind() -> String;

    /// The value in TOML; `None` if it is not set.
    fn shown(&self) -> Option<Value>;
}

macro_rules! described {
    ($($type:ty: $kind:literal, $value:ident => $shown:expr;)*) => {$(
        impl Described for $type {
            fn kind() -> String {
                $kind.to_owned()
            }

            fn shown(&self) -> Option<Value> {
                let $value = self;
                Some($shown)
            }
        }
    )*};
}

fn text(value: &impl ToString) -> Value {
    Value::String(value.to_string())
}

described! {
    bool: "true or false", value => Value::Boolean(*value);
    String: "text", value => text(value);
    LogFilter: "text", value => text(&value.0);
    CheckoutUrl: "URL", value => text(&value.0);
    PathBuf: "path", value => text(&value.display());
    SocketAddr: "address", value => text(value);
    Amount: "decimal number as text", value => text(&value.0);
    WebhookUrl: "URL", value => text(&value.0);
    Secret: "text", value => text(&value.0);
    Share: "number", value => Value::Float(value.0);
    Rate: "number", value => Value::Float(value.0);
    Lift: "number", value => Value::Float(value.0);
    ApiKeys: "array of tables", value => {
        assert!(value.0.is_empty(), "a default key");
        Value::Array(Vec::new())
    };
    Tenants: "table of tables", value => {
        assert!(value.is_empty(), "a default tenant");
        Value::Table(toml::Table::new())
    };
}

impl<const MIN: u64, const MAX: u64> Described for Size<MIN, MAX> {
    fn kind() -> String {
        "size".to_owned()
    }

    fn shown(&self) -> Option<Value> {
        Some(Value::String(format!("{} MiB", self.0.0 >> 20)))
    }
}

impl<const MIN: u64, const MAX: u64, T: Copy + TryInto<i64>> Described for Within<MIN, MAX, T>
where
    Self: Setting,
{
    fn kind() -> String {
        "whole number".to_owned()
    }

    fn shown(&self) -> Option<Value> {
        self.0.try_into().ok().map(Value::Integer)
    }
}

impl<const CHARS_MAX: usize> Described for Line<CHARS_MAX> {
    fn kind() -> String {
        "text".to_owned()
    }

    fn shown(&self) -> Option<Value> {
        Some(text(&self.0))
    }
}

impl<T: Words> Described for T {
    fn kind() -> String {
        "word".to_owned()
    }

    fn shown(&self) -> Option<Value> {
        self.word().map(|word| text(&word))
    }
}

impl<T: Described> Described for Option<T> {
    fn kind() -> String {
        T::kind()
    }

    fn shown(&self) -> Option<Value> {
        self.as_ref().and_then(T::shown)
    }
}

impl<T: Described> Described for OrNone<T> {
    fn kind() -> String {
        T::kind()
    }

    fn shown(&self) -> Option<Value> {
        self.0.as_ref().map_or(Some(text(&Self::WORD)), T::shown)
    }
}

impl<T: Described> Described for OrAuto<T> {
    fn kind() -> String {
        T::kind()
    }

    fn shown(&self) -> Option<Value> {
        self.0.as_ref().map_or(Some(text(&Self::WORD)), T::shown)
    }
}

impl<T: Described> Described for Vec<T> {
    fn kind() -> String {
        format!("array of {}", T::kind())
    }

    fn shown(&self) -> Option<Value> {
        self.iter().map(T::shown).collect::<Option<_>>().map(Value::Array)
    }
}
