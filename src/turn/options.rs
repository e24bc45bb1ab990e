//! Which option ids a message may choose.
//!
//! An option is a button of an earlier reply in the same conversation, however long ago, or an
//! option of the shop itself, which an advertisement or a fixed menu may carry into a first
//! message: a value of the shop's facets, a category, `take=SKU` of a product, `intent=LABEL` of an
//! intent that has a button. `confirm` and `other` refer to a product that was shown, so they
//! belong to a conversation.
//!
//! Pure.

use crate::turn::decide::labels;
use crate::turn::decide::labels::ids;
use vitrine_base::ids::Sku;
use vitrine_base::language::Language;
use vitrine_catalog::CATEGORY_KEY;
use vitrine_catalog::Catalog;
use vitrine_catalog::FacetChoice;
use vitrine_catalog::SIZE_KEY;
use vitrine_conversations::ConversationRecord;

/// Most option ids stored with a conversation, newest kept: some eighty replies with three each.
const IDS_MAX: usize = 256;

/// Whether the id is an option of the shop, valid in every conversation.
pub(crate) fn of_shop(id: &str, catalog: &Catalog) -> bool {
    let Some(choice) = FacetChoice::parse(id) else { return false };
    let vocabulary = catalog.vocabulary();
    match choice.key.as_str() {
        ids::TAKE => Sku::new(choice.value).is_ok_and(|sku| catalog.get(&sku).is_some()),
        ids::INTENT => labels::intent(&choice.value, Language::EN).is_some(),
        ids::CONFIRM | ids::OTHER => false,
        CATEGORY_KEY => vocabulary.category(&choice.value).is_some(),
        SIZE_KEY => {
            let products = catalog.products().iter();
            products.flat_map(|product| product.sizes()).any(|size| size == choice.value)
        }
        _ => vocabulary.value(&choice).is_some(),
    }
}

/// Whether the id was shown in this conversation. A conversation of an older version remembers its
/// last question and its last product only.
pub(crate) fn was_shown(id: &str, record: &ConversationRecord) -> bool {
    let pending = record.pending.iter().flat_map(|pending| &pending.options);
    let of_focus = |sku: &Sku| {
        let FacetChoice { key, value } = FacetChoice::parse(id)?;
        Some(matches!(key.as_str(), ids::CONFIRM | ids::OTHER) && value == sku.as_str())
    };
    record.option_ids.iter().any(|known| known == id)
        || pending.into_iter().any(|option| option.id == id)
        || record.product_in_focus.as_ref().and_then(of_focus).unwrap_or_default()
}

/// Stores the ids that a reply shows.
pub(crate) fn remember<'a>(
    record: &mut ConversationRecord,
    shown: impl IntoIterator<Item = &'a str>,
) {
    for id in shown {
        record.option_ids.retain(|known| known != id);
        record.option_ids.push(id.to_owned());
    }
    let excess = record.option_ids.len().saturating_sub(IDS_MAX);
    record.option_ids.drain(..excess);
}

#[cfg(test)]
mod tests {
    use super::*;
    use vitrine_conversations::samples;

    #[test]
    fn a_button_stays_good_however_many_follow_within_the_limit() {
        let mut record = samples::conversation("t");
        remember(&mut record, ["confirm=RUN-012"]);
        let ids: Vec<String> = (0..IDS_MAX - 1).map(|number| format!("size={number}")).collect();
        remember(&mut record, ids.iter().map(String::as_str));
        assert!(was_shown("confirm=RUN-012", &record));
        remember(&mut record, ["size=one more"]);
        assert!(!was_shown("confirm=RUN-012", &record));
        assert_eq!(record.option_ids.len(), IDS_MAX);
    }

    #[test]
    fn an_older_conversation_knows_its_question_and_its_product() {
        let record = samples::full_conversation("t");
        for id in ["feel=comfort", "confirm=SOCK-01", "other=SOCK-01"] {
            assert!(was_shown(id, &record), "{id}");
        }
        for id in ["feel=speed", "confirm=RUN-012", "take=SOCK-01", "price=1"] {
            assert!(!was_shown(id, &record), "{id}");
        }
    }

    #[test]
    fn options_of_a_shop_are_its_values_products_and_intents() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/shop");
        let limits = vitrine_catalog::tests_support::limits();
        let catalog = Catalog::open(&folder.join("catalog.ndjson"), &limits).unwrap();
        for id in ["take=RUN-012", "feel=comfort", "intent=order_status", "category=running_shoes"]
        {
            assert!(of_shop(id, &catalog), "{id}");
        }
        for id in [
            "take=NOPE",
            "confirm=RUN-012",
            "other=RUN-012",
            "price=1",
            "discount=100",
            "budget_max=1",
            "category=../../x",
            "category=",
            "intent=nosuch",
            "intent=oos",
            "feel=../x",
            "feel=comfort|speed",
            "size=../../x",
            "=x",
            "x",
        ] {
            assert!(!of_shop(id, &catalog), "{id}");
        }
    }
}
