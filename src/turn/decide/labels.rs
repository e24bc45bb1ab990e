//! Built-in labels: buttons and fact values that do not come from the catalogue.

use vitrine_base::language::Language;

/// Keys of option ids that are commands, not facets.
pub(crate) mod ids {
    /// `take=SKU`: buy this product.
    pub(crate) const TAKE: &str = "take";
    /// `confirm=SKU`: buy this product, as just described.
    pub(crate) const CONFIRM: &str = "confirm";
    /// `other=SKU`: show another product than this one.
    pub(crate) const OTHER: &str = "other";
    /// `intent=LABEL`: this intent was meant.
    pub(crate) const INTENT: &str = "intent";

    /// Whether a key is a command, not a facet of a product.
    pub(crate) fn is_command(key: &str) -> bool {
        matches!(key, TAKE | CONFIRM | OTHER | INTENT)
    }
}

/// Button that accepts a product.
pub(super) fn take(language: Language) -> &'static str {
    match language {
        Language::FR => "je le prends",
        _ => "I'll take it",
    }
}

/// Button that asks for another product.
pub(super) fn other(language: Language) -> &'static str {
    match language {
        Language::FR => "autre modèle",
        _ => "something else",
    }
}

/// Availability of a product that is sold out.
pub(super) fn out_of_stock(language: Language) -> &'static str {
    match language {
        Language::FR => "en rupture de stock",
        _ => "out of stock",
    }
}

/// How the assistant describes itself.
pub(super) fn assistant(language: Language) -> &'static str {
    match language {
        Language::FR => "assistant automatique",
        _ => "automated assistant",
    }
}

/// Button for an intent, at most 20 characters; `None` for intents that are not offered as buttons.
pub(crate) fn intent(label: &str, language: Language) -> Option<&'static str> {
    let (en, fr) = match label {
        "product_search" => ("find a product", "trouver un produit"),
        "product_question" => ("product details", "détails du produit"),
        "price_question" => ("the price", "le prix"),
        "stock_question" => ("availability", "la disponibilité"),
        "size_help" => ("choosing a size", "choisir une taille"),
        "add_to_cart" | "checkout" => ("buy", "acheter"),
        "payment_methods" => ("ways to pay", "moyens de paiement"),
        "payment_problem" => ("a payment problem", "souci de paiement"),
        "promo_code" => ("promo codes", "codes promo"),
        "shipping_options" => ("delivery", "la livraison"),
        "order_status" => ("track an order", "suivre une commande"),
        "delivery_problem" => ("a delivery problem", "souci de livraison"),
        "change_order" => ("change an order", "modifier commande"),
        "cancel_order" => ("cancel an order", "annuler commande"),
        "return_exchange" => ("return or exchange", "retour ou échange"),
        "refund_status" => ("a refund", "un remboursement"),
        "warranty" => ("the warranty", "la garantie"),
        "store_info" => ("store information", "infos magasin"),
        "account_help" => ("my account", "mon compte"),
        "complaint" => ("make a complaint", "faire réclamation"),
        "human_agent" => ("talk to an advisor", "voir un conseiller"),
        "compare_products" => ("compare products", "comparer"),
        "gift_help" => ("a gift", "un cadeau"),
        "gift_card" => ("gift cards", "cartes cadeaux"),
        "bulk_order" => ("a large order", "commande en nombre"),
        "invoice_request" => ("an invoice", "une facture"),
        "loyalty_points" => ("loyalty points", "points de fidélité"),
        "stop_messages" => ("stop messages", "stop messages"),
        "privacy_request" => ("my data", "mes données"),
        "care_instructions" => ("care advice", "conseils d'entretien"),
        "restock_alert" => ("back in stock", "retour en stock"),
        "pickup" => ("pick up in store", "retrait en magasin"),
        "installments" => ("pay in instalments", "payer en 3 ou 4 fois"),
        "discount_request" => ("a better price", "un meilleur prix"),
        "reorder" => ("order again", "commander à nouveau"),
        "view_cart" => ("my basket", "mon panier"),
        "damaged_item" => ("a damaged item", "article abîmé"),
        "bot_question" => ("who am I talking to", "qui me répond"),
        "praise" => ("say thank you", "dire merci"),
        "sustainability" => ("how it is made", "origine et matières"),
        _ => return None,
    };
    Some(match language {
        Language::FR => fr,
        _ => en,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every built-in intent that may be offered as a button.
    const BUTTONS: [&str; 40] = [
        "product_search",
        "product_question",
        "price_question",
        "stock_question",
        "size_help",
        "checkout",
        "payment_methods",
        "payment_problem",
        "promo_code",
        "shipping_options",
        "order_status",
        "delivery_problem",
        "change_order",
        "cancel_order",
        "return_exchange",
        "refund_status",
        "warranty",
        "store_info",
        "account_help",
        "complaint",
        "human_agent",
        "compare_products",
        "gift_help",
        "gift_card",
        "bulk_order",
        "invoice_request",
        "loyalty_points",
        "stop_messages",
        "privacy_request",
        "care_instructions",
        "restock_alert",
        "pickup",
        "installments",
        "discount_request",
        "reorder",
        "view_cart",
        "damaged_item",
        "bot_question",
        "praise",
        "sustainability",
    ];

    #[test]
    fn every_button_fits_the_narrowest_channel() {
        for language in [Language::EN, Language::FR] {
            for label in BUTTONS {
                let words = intent(label, language).unwrap();
                assert!(words.chars().count() <= 20, "{words}");
            }
            assert!(take(language).len() <= 20 && other(language).chars().count() <= 20);
        }
        assert_eq!(intent("oos", Language::EN), None);
    }
}
