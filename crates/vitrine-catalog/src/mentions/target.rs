//! What a part of a text speaks of.

use crate::product::FacetChoice;
use std::ops::Range;
use vitrine_base::ids::Sku;

/// Part of a text that speaks of the shop's goods.
#[derive(Debug, Clone, PartialEq)]
pub struct Mention {
    /// Bytes of the text.
    pub span: Range<usize>,
    /// What it speaks of.
    pub target: MentionTarget,
    /// How exactly the words name it, above 0 to 1: 1 for its own words, less for typing errors,
    /// for parts of its name, and for words of a language that the conversation is not in.
    pub exact: f32,
}

/// What a part of a text speaks of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum MentionTarget {
    /// Id of a category.
    Category(String),
    /// A value of a facet.
    Value(FacetChoice),
    /// Sku of a product.
    Product(Sku),
    /// A brand, as the value of the facet `brand`.
    Brand(String),
    /// A value of an option in the shop's spelling. Plain numbers are never mentioned: they may be
    /// anything.
    Option {
        /// Key of the option, such as `size`.
        key: String,
        /// The value, such as `140x200` or `M`.
        value: String,
    },
}

impl MentionTarget {
    /// Whether it is something that can be bought: a kind of product, or a product.
    #[must_use]
    pub fn is_goods(&self) -> bool {
        matches!(self, Self::Category(_) | Self::Product(_))
    }
}

impl MentionTarget {
    /// Whether two targets are values of one facet.
    pub(super) fn is_rival(&self, other: &Self) -> bool {
        matches!((self, other), (Self::Value(one), Self::Value(two)) if one.key == two.key)
    }
}
