//! Addresses: those that the gateway calls, and the link to the checkout that customers get.

use crate::config::value::setting::Refused;
use crate::config::value::setting::Setting;
use crate::turn::CHECKOUT_PLACEHOLDERS;
use reqwest::Url;
use toml::Value;

/// Longest address, in bytes; longer ones do not survive every channel and browser.
const URL_BYTES_MAX: usize = 2_000;

/// Stands in for a placeholder while an address is checked.
const STAND_IN: &str = "x";

/// Whether a text is an absolute http(s) URL with a host and without spaces.
fn is_web_address(text: &str) -> bool {
    let plain = !text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\');
    plain
        && text.len() <= URL_BYTES_MAX
        // The library repairs `https:shop.example` and `https:///shop.example`.
        && after_scheme(text).is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
        && Url::parse(text).is_ok_and(|url| url.has_host())
}

/// What follows `http://` or `https://`, in any letter case.
fn after_scheme(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once("://")?;
    let known = ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    known.then_some(rest)
}

/// The URL of a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WebhookUrl(pub(crate) String);

impl Setting for WebhookUrl {
    fn allowed() -> String {
        format!("an http:// or https:// URL of at most {URL_BYTES_MAX} bytes, with a host")
    }

    fn read(value: &Value) -> Result<Self, Refused> {
        let url = value.as_str().filter(|url| is_web_address(url));
        url.map(|url| Self(url.to_owned())).ok_or_else(|| Refused::of::<Self>(value))
    }
}

/// The link to the checkout, with placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CheckoutUrl(pub(crate) String);

impl Setting for CheckoutUrl {
    fn allowed() -> String {
        let placeholders = CHECKOUT_PLACEHOLDERS.join(", ");
        format!(
            "an http:// or https:// URL of at most {URL_BYTES_MAX} bytes, with a host; after the \
             host any of the placeholders {placeholders}"
        )
    }

    fn read(value: &Value) -> Result<Self, Refused> {
        let refused = || Refused::of::<Self>(value);
        let url = value.as_str().ok_or_else(refused)?;
        let host = after_scheme(url).and_then(|rest| rest.split(['/', '?', '#']).next());
        let filled = CHECKOUT_PLACEHOLDERS
            .iter()
            .fold(url.to_owned(), |url, placeholder| url.replace(placeholder, STAND_IN));
        let braces = |text: &str| text.contains(['{', '}']);
        if host.is_none_or(braces) || braces(&filled) || !is_web_address(&filled) {
            return Err(refused());
        }
        Ok(Self(url.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read<T: Setting>(text: &str) -> Result<T, Refused> {
        T::read(&Value::String(text.to_owned()))
    }

    /// Texts that are no address a browser or the gateway could call.
    const NO_ADDRESSES: [&str; 16] = [
        "javascript:alert(1)",
        "JavaScript://shop.example/%0aalert(1)",
        "data:text/html,pay",
        "ftp://shop.example/pay",
        "file:///etc/passwd",
        "shop.example/pay",
        "/pay?sku={sku}",
        "//shop.example/pay",
        "https:",
        "https://",
        "https:///pay",
        "https:shop.example",
        "https://shop example/pay",
        " https://shop.example/pay",
        "https://shop.example/pay\n",
        "https://shop.example:port/pay",
    ];

    #[test]
    fn an_address_has_a_scheme_of_the_web_and_a_host() {
        for text in NO_ADDRESSES {
            assert!(read::<WebhookUrl>(text).is_err(), "{text}");
            let refused = read::<CheckoutUrl>(text).unwrap_err();
            assert!(refused.allowed.contains("http:// or https://"), "{text}");
        }
        for text in ["https://shop.example", "HTTP://127.0.0.1:80/hook?a=b", "http://[::1]:9/x"] {
            assert!(read::<WebhookUrl>(text).is_ok(), "{text}");
        }
        let long = format!("https://shop.example/{}", "x".repeat(URL_BYTES_MAX));
        assert!(read::<WebhookUrl>(&long).is_err());
    }

    #[test]
    fn a_checkout_link_has_known_placeholders_only_and_none_in_its_host() {
        for text in [
            "https://shop.example/pay",
            "https://shop.example/pay?sku={sku}&size={size}&ref={thread}",
            "https://shop.example/{thread}?p={product}&q={quantity}",
            "https://shop.example?lines={lines}#pay",
        ] {
            assert!(read::<CheckoutUrl>(text).is_ok(), "{text}");
        }
        for text in [
            "https://shop.example/pay?sku={skuu}",
            "https://shop.example/pay?sku={SKU}",
            "https://shop.example/pay?sku={sku",
            "https://shop.example/pay?sku=sku}",
            "https://shop.example/pay?sku={{sku}}",
            "https://shop.example/pay?sku={}",
            "https://{thread}.example/pay",
            "{sku}",
        ] {
            let refused = read::<CheckoutUrl>(text).unwrap_err();
            assert!(refused.found.starts_with(text), "{refused:?}");
            assert!(refused.allowed.contains("{sku}, {product}, {size}"), "{refused:?}");
        }
    }

    proptest! {
        #[test]
        fn a_checkout_link_that_is_accepted_is_a_web_address_once_it_is_filled(
            url in "(https?://|javascript:)?[a-z.{}/?=: ]{0,30}(\\{sku\\}|\\{size\\}|\\{skuu\\})?",
        ) {
            if read::<CheckoutUrl>(&url).is_ok() {
                let fill = |url: String, placeholder: &&str| url.replace(placeholder, "1");
                let filled = CHECKOUT_PLACEHOLDERS.iter().fold(url.clone(), fill);
                let filled = Url::parse(&filled).unwrap();
                prop_assert!(filled.host_str().is_some_and(|host| !host.is_empty()));
                prop_assert!(["http", "https"].contains(&filled.scheme()));
                let has_braces = filled.as_str().contains(['{', '}']);
                prop_assert!(!has_braces);
            }
        }
    }
}
