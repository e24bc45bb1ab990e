//! Properties of a product that a customer may ask about: weight, material, whether it is
//! waterproof.

use rust_decimal::Decimal;
use vitrine_base::language::Language;
use vitrine_base::localized::Localized;
use vitrine_base::money::NumberFormat;

/// Value of a property; the key carries the unit: `weight_kg`, `warranty_years`.
#[derive(Debug, Clone, PartialEq)]
pub enum AttributeValue {
    /// Yes or no.
    Flag(bool),
    /// A measure, in the unit of the key.
    Number(Decimal),
    /// A text in no particular language, such as `France`.
    Text(String),
    /// A text by language.
    Texts(Localized<String>),
    /// Several texts in no particular language.
    List(Vec<String>),
}

impl AttributeValue {
    /// The value as text in a language, or in the first other one that has it; `None` for yes and
    /// no, which each language words for itself.
    #[must_use]
    pub fn text(&self, language: Language, fallbacks: &[Language]) -> Option<String> {
        match self {
            Self::Flag(_) => None,
            Self::Number(number) => {
                Some(NumberFormat::of(language).number(&number.normalize().to_string()))
            }
            Self::Text(text) => Some(text.clone()),
            Self::Texts(texts) => texts.or_fallback(language, fallbacks).cloned(),
            Self::List(texts) => Some(texts.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_said_as_the_language_writes_it() {
        let number = AttributeValue::Number("1250.50".parse().unwrap());
        assert_eq!(number.text(Language::DE, &[]).as_deref(), Some("1.250,5"));
        let texts = Localized::from([(Language::FR, "lin".to_owned())]);
        let texts = AttributeValue::Texts(texts);
        assert_eq!(texts.text(Language::IT, &[]).as_deref(), Some("lin"));
        let list = AttributeValue::List(vec!["duck".to_owned(), "down".to_owned()]);
        assert_eq!(list.text(Language::EN, &[]).as_deref(), Some("duck, down"));
        assert_eq!(AttributeValue::Flag(true).text(Language::EN, &[]), None);
    }
}
