//! Values written as text: names, paths, addresses, URLs, amounts and secrets; and true or false.

use crate::config::value::setting::Refused;
use crate::config::value::setting::Setting;
use rust_decimal::Decimal;
use std::net::SocketAddr;
use std::path::PathBuf;
use toml::Value;
use vitrine_base::ids::ID_BYTES_MAX;
use vitrine_base::ids::TenantId;

impl Setting for String {
    fn allowed() -> String {
        "text".to_owned()
    }

    fn read(value: &Value) -> Result<Self, Refused> {
        value.as_str().map(str::to_owned).ok_or_else(|| Refused::of::<Self>(value))
    }
}

impl Setting for PathBuf {
    fn allowed() -> String {
        "a path".to_owned()
    }

    fn read(value: &Value) -> Result<Self, Refused> {
        let path = value.as_str().filter(|path| !path.is_empty());
        path.map(Self::from).ok_or_else(|| Refused::of::<Self>(value))
    }
}

impl Setting for SocketAddr {
    fn allowed() -> String {
        "an address and port such as 127.0.0.1:8080".to_owned()
    }

    fn read(value: &Value) -> Result<Self, Refused> {
        let address = value.as_str().and_then(|text| text.parse().ok());
        address.ok_or_else(|| Refused::of::<Self>(value))
    }
}

impl Setting for Decimal {
    fn allowed() -> String {
        "a decimal number as text, such as \"250.00\"".to_owned()
    }

    fn read(value: &Value) -> Result<Self, Refused> {
        let amount = value.as_str().and_then(|text| text.trim().parse().ok());
        amount.ok_or_else(|| Refused::of::<Self>(value))
    }
}

impl Setting for TenantId {
    fn allowed() -> String {
        format!("a name of 1 to {ID_BYTES_MAX} bytes without control characters")
    }

    fn read(value: &Value) -> Result<Self, Refused> {
        let name = value.as_str().and_then(|name| Self::new(name).ok());
        name.ok_or_else(|| Refused::of::<Self>(value))
    }
}

impl Setting for bool {
    fn allowed() -> String {
        "true, false".to_owned()
    }

    fn read(value: &Value) -> Result<Self, Refused> {
        value.as_bool().ok_or_else(|| Refused::of::<Self>(value))
    }

    fn from_text(text: &str) -> Option<Value> {
        Some(text.parse().map_or_else(|_| Value::String(text.to_owned()), Value::Boolean))
    }
}

/// The URL of a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WebhookUrl(pub(crate) String);

impl Setting for WebhookUrl {
    fn allowed() -> String {
        "an http:// or https:// URL".to_owned()
    }

    fn read(value: &Value) -> Result<Self, Refused> {
        let url =
            value.as_str().filter(|url| url.starts_with("https://") || url.starts_with("http://"));
        url.map(|url| Self(url.to_owned())).ok_or_else(|| Refused::of::<Self>(value))
    }
}

/// Text that messages never show.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(pub(crate) String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

impl Setting for Secret {
    const SECRET: bool = true;

    fn allowed() -> String {
        String::allowed()
    }

    fn read(value: &Value) -> Result<Self, Refused> {
        let text = value.as_str().map(|text| Self(text.to_owned()));
        text.ok_or_else(|| Refused::secret(Self::allowed()))
    }
}
