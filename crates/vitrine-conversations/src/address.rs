//! The canonical form of a customer's address, so that every spelling of it leads to one customer.
//!
//! Channels and shops spell one address in many ways: `whatsapp:+33 6 12…`, `0033612…`, `+33 (0)6
//! 12…`, `Lea@Example.com`. Links, look-ups and erasures use the canonical form only.
//!
//! Pure. Invariants
//! - The canonical form of a canonical form is itself.
//! - The rules are fixed here instead of in a library of numbering plans: stored hashes depend on
//!   them, so they must not change with an update.
//! - A national number without its country stays national: which country it belongs to is unknown,
//!   and a guess would give one customer's conversation to another.
//!
//! Sources: E.164 (length, country codes), RFC 3966 (`tel:`), RFC 6068 (`mailto:`).

use unicode_normalization::UnicodeNormalization;
use vitrine_base::channel::ChannelKind;

/// Fewest and most digits of a telephone number with its country code. Source: E.164; shorter
/// numbers are short codes of one operator and stay as they are.
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// Digits from which a number without `+` includes its country code, on a channel of telephone
/// numbers. Providers send such numbers; national numbers of this length begin with a zero.
const BARE_DIGITS_MIN: usize = 11;

/// Most rounds until no rule changes the address any more. Three suffice for real spellings.
const ROUNDS_MAX: usize = 64;

/// Schemes and channel names that precede an address, in lower case.
const PREFIXES: [&str; 11] = [
    "whatsapp:",
    "tel:",
    "sms:",
    "smsto:",
    "mms:",
    "rcs:",
    "callto:",
    "mailto:",
    "instagram:",
    "apple:",
    "webchat:",
];

/// Ends of a WhatsApp address that precede it with the telephone number.
const WHATSAPP_HOSTS: [&str; 2] = ["@s.whatsapp.net", "@c.us"];

/// Country codes whose numbers keep a zero after the code: Italy, Vatican, San Marino, Ivory Coast,
/// Burkina Faso, Niger, Benin, Gabon, Congo. Elsewhere that zero is the trunk prefix, which is not
/// part of the number.
const KEEPS_ZERO: [&str; 9] = ["39", "379", "378", "225", "226", "227", "229", "241", "242"];

/// Country codes of two digits; one begins with 1 or 7, all others have three. Source: E.164.
const TWO_DIGIT_CODES: [&str; 44] = [
    "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47",
    "48", "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65",
    "66", "81", "82", "84", "86", "90", "91", "92", "93", "94", "95", "98",
];

/// The canonical form of an address: `+` and digits for a telephone number with its country, digits
/// for a national one, lower case for e-mail addresses and Instagram handles, otherwise the text
/// without invisible characters and surrounding white space. Opaque ids keep their letter case.
#[must_use]
pub fn canonical_address(channel: ChannelKind, address: &str) -> String {
    let mut text = address.to_owned();
    // One rule can uncover a place for another, as in `Name <tel:+33 6…>`.
    for _ in 0..ROUNDS_MAX {
        let next = canonical_once(channel, &visible(&text));
        if next == text {
            break;
        }
        text = next;
    }
    text
}

fn canonical_once(channel: ChannelKind, text: &str) -> String {
    let (text, scheme) = without_prefix(text.trim());
    let text = inside_brackets(text);
    if let Some(number) = whatsapp_number(text) {
        return number;
    }
    let calls = matches!(channel, ChannelKind::Whatsapp | ChannelKind::Sms | ChannelKind::Rcs);
    let named = scheme.is_some_and(|scheme| !matches!(scheme, "mailto:" | "instagram:"));
    if (calls || named || text.starts_with('+'))
        && let Some(number) = phone(text, channel)
    {
        return number;
    }
    if is_email(text) {
        return text.to_lowercase();
    }
    if channel == ChannelKind::Instagram {
        return text.trim_start_matches('@').to_lowercase();
    }
    text.to_owned()
}

/// Compatibility forms composed (full-width digits become digits), and characters that are not seen
/// removed.
fn visible(text: &str) -> String {
    let composed = text.nfkc().filter(|character| !is_invisible(*character));
    composed.collect::<String>().trim().to_owned()
}

/// Control characters, zero-width characters and direction marks.
fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

/// The text after a scheme, without the parameters that a URI may carry, and the scheme.
fn without_prefix(text: &str) -> (&str, Option<&'static str>) {
    let found = PREFIXES.into_iter().find(|prefix| {
        text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    });
    let Some(prefix) = found else { return (text, None) };
    let rest = text[prefix.len()..].trim_start_matches('/').trim();
    // An extension is part of the number; other parameters are not.
    let parameters = |(at, _): &(usize, &str)| !rest[at + 1..].trim_start().starts_with("ext=");
    let end = rest.match_indices([';', '?']).find(parameters).map_or(rest.len(), |(at, _)| at);
    (rest[..end].trim(), Some(prefix))
}

/// The address of `Name <address>`.
fn inside_brackets(text: &str) -> &str {
    let inner = text.strip_suffix('>').and_then(|text| text.rsplit_once('<'));
    inner.map_or(text, |(_, inner)| inner.trim())
}

fn whatsapp_number(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let digits = WHATSAPP_HOSTS.into_iter().find_map(|host| lower.strip_suffix(host))?;
    let all_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    (all_digits && PHONE_DIGITS.contains(&digits.len())).then(|| format!("+{digits}"))
}

/// The text as a telephone number; `None` if it is none.
fn phone(text: &str, channel: ChannelKind) -> Option<String> {
    // Some programs put the trunk zero in brackets behind the country code: `+33 (0)6`.
    let mut digits = String::new();
    let mut plus = false;
    for character in text.chars() {
        match character {
            '+' if digits.is_empty() => plus = true,
            ' ' | '\t' | '-' | '.' | '/' | '(' | ')' | '_' => {}
            '\u{2010}'..='\u{2015}' | '\u{2212}' => {}
            character if character.is_whitespace() => {}
            character => digits.push(char::from_digit(decimal(character)?, 10)?),
        }
    }
    let exit = digits.starts_with("00");
    if exit {
        digits = digits.trim_start_matches('0').to_owned();
    }
    let bare = digits.len() >= BARE_DIGITS_MIN || channel == ChannelKind::Whatsapp;
    let international = plus || exit || (bare && !digits.starts_with('0'));
    if plus {
        digits = digits.trim_start_matches('0').to_owned();
    }
    if !international {
        return (!digits.is_empty() && digits.len() <= *PHONE_DIGITS.end()).then_some(digits);
    }
    let digits = without_trunk_zero(&digits);
    PHONE_DIGITS.contains(&digits.len()).then(|| format!("+{digits}"))
}

/// Value of a decimal digit, in the scripts of the countries that write telephone numbers with
/// their own digits.
fn decimal(character: char) -> Option<u32> {
    /// Zeros of Arabic, Persian, Devanagari and Bengali digits.
    const ZEROS: [u32; 4] = [0x660, 0x6F0, 0x966, 0x9E6];
    let code = u32::from(character);
    character.to_digit(10).or_else(|| {
        let zero = ZEROS.into_iter().find(|zero| (*zero..*zero + 10).contains(&code))?;
        Some(code - zero)
    })
}

/// International digits without the zero that is dialled inside the country only.
fn without_trunk_zero(digits: &str) -> String {
    let code = country_code(digits);
    let (code, rest) = digits.split_at(code);
    if KEEPS_ZERO.contains(&code) {
        return digits.to_owned();
    }
    format!("{code}{}", rest.trim_start_matches('0'))
}

/// Length of the country code that the digits begin with.
fn country_code(digits: &str) -> usize {
    let two = digits.get(..2).unwrap_or(digits);
    let length = match digits.as_bytes().first() {
        Some(b'1' | b'7') => 1,
        _ if TWO_DIGIT_CODES.contains(&two) => 2,
        _ => 3,
    };
    length.min(digits.len())
}

fn is_email(text: &str) -> bool {
    let Some((local, host)) = text.rsplit_once('@') else { return false };
    !local.is_empty() && host.contains('.') && !text.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn whatsapp(address: &str) -> String {
        canonical_address(ChannelKind::Whatsapp, address)
    }

    #[test]
    fn every_spelling_of_a_telephone_number_is_one_address() {
        for spelling in [
            "+33612345678",
            "+33 6 12 34 56 78",
            "+33 (0)6 12 34 56 78",
            "+33 (0) 6-12-34-56-78",
            "+330612345678",
            "0033612345678",
            "00 33 6 12 34 56 78",
            "0033 (0)6 12 34 56 78",
            "whatsapp:+33612345678",
            "WhatsApp:+33612345678",
            "tel:+33-6-12-34-56-78",
            "tel:+33612345678;phone-context=+33",
            "TEL:+33612345678",
            "sms:+33612345678",
            "sms://+33612345678",
            "smsto:+33612345678?body=hi",
            "+33.6.12.34.56.78",
            "+33/6/12/34/56/78",
            "\u{200E}+33 6 12 34 56 78\u{202C}",
            "+33\u{A0}6\u{202F}12 34 56 78",
            "＋３３６１２３４５６７８",
            "+٣٣٦١٢٣٤٥٦٧٨",
            "33612345678",
            "33612345678@s.whatsapp.net",
            "33612345678@c.us",
            "(+33) 6 12 34 56 78",
            "+33\u{2011}6\u{2011}12345678",
            " +33612345678\n",
            "+0033612345678",
        ] {
            assert_eq!(whatsapp(spelling), "+33612345678", "{spelling}");
        }
        for (channel, spelling) in [
            (ChannelKind::Sms, "33612345678"),
            (ChannelKind::Rcs, "tel:+33612345678"),
            (ChannelKind::Webchat, "tel:+33 6 12 34 56 78"),
            (ChannelKind::Apple, "+33 6 12 34 56 78"),
        ] {
            assert_eq!(canonical_address(channel, spelling), "+33612345678", "{spelling}");
        }
    }

    #[test]
    fn letter_case_of_emails_and_handles_does_not_matter() {
        for channel in ChannelKind::ALL {
            for spelling in ["Lea@Example.com", "mailto:LEA@example.COM", "Léa <lea@Example.com>"]
            {
                assert_eq!(canonical_address(channel, spelling), "lea@example.com", "{spelling}");
            }
        }
        for spelling in ["Lea.Martin", "@lea.martin", "instagram:LEA.martin", " ＠Lea.Martin "] {
            assert_eq!(canonical_address(ChannelKind::Instagram, spelling), "lea.martin");
        }
    }

    #[test]
    fn different_addresses_stay_different() {
        for (one, other) in [
            // A national number has no country.
            ("0612345678", "+33612345678"),
            ("0612345678", "+49612345678"),
            // In Italy the zero is part of the number.
            ("+390612345678", "+39612345678"),
            ("+2250712345678", "+225712345678"),
            ("+33612345678", "+33612345679"),
            ("+33612345678", "+33612345678 ext 5"),
            ("tel:+33612345678", "tel:+33612345678;ext=5"),
            ("12345", "012345"),
        ] {
            assert_ne!(whatsapp(one), whatsapp(other), "{one} and {other}");
        }
        for channel in [ChannelKind::Apple, ChannelKind::Webchat, ChannelKind::Sms] {
            // Opaque ids differ by letter case.
            let (one, other) = ("urn:mbid:AQAAY8a", "urn:mbid:aqaay8A");
            assert_ne!(canonical_address(channel, one), canonical_address(channel, other));
        }
        // A short national number of one country is no number of another one.
        let sms = |address| canonical_address(ChannelKind::Sms, address);
        assert_ne!(sms("6125551234"), sms("+6125551234"));
        // A page-scoped id of Instagram is no telephone number.
        assert_eq!(canonical_address(ChannelKind::Instagram, "33612345678"), "33612345678");
    }

    /// Spellings of the country code of France, and what people write between digits.
    const PREFIXES_OF_33: [&str; 5] = ["+33", "0033", "whatsapp:+33", "tel:+33 (0)", "33"];
    const GAPS: [&str; 5] = ["", " ", "-", ".", "\u{A0}"];

    /// Nine significant digits of a French number, which do not begin with zero.
    fn significant() -> impl Strategy<Value = String> {
        "[1-9][0-9]{8}"
    }

    proptest! {
        #[test]
        fn a_canonical_address_is_its_own_canonical_form(
            address in r"(\PC|[+@<>():;0-9 ]|tel:|whatsapp:|00|@c\.us){0,24}",
            at in 0..ChannelKind::ALL.len(),
        ) {
            let once = canonical_address(ChannelKind::ALL[at], &address);
            prop_assert_eq!(canonical_address(ChannelKind::ALL[at], &once), once);
        }

        #[test]
        fn spellings_of_one_number_agree_and_other_numbers_differ(
            one in significant(),
            other in significant(),
            prefix in prop::sample::select(PREFIXES_OF_33.to_vec()),
            gaps in prop::collection::vec(prop::sample::select(GAPS.to_vec()), 9),
        ) {
            let spelled: String = one.chars().zip(&gaps).flat_map(|(digit, gap)| {
                gap.chars().chain([digit])
            }).collect();
            let plain = format!("+33{one}");
            prop_assert_eq!(whatsapp(&format!("{prefix}{spelled}")), plain.clone());
            prop_assert_eq!(whatsapp(&format!("+33{other}")) == plain, one == other);
        }
    }
}
