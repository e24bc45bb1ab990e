//! Questions on a product that the shop's texts answer.

use super::choose::Turn;
use crate::shop::FacetChoice;
use crate::shop::Product;

impl Turn<'_> {
    /// "how long is it valid?" of a gift card: the shop's text on a kind of product says what the
    /// product's own file does not. False if there is none.
    pub(super) fn terms_of_kind(&mut self, product: &Product) -> bool {
        let (catalog, language) = (self.context.catalog, self.context.language);
        let kind = FacetChoice::new("category", product.category.as_str());
        let kind = catalog.label(&kind, language).to_lowercase();
        let topic = self.context.policies.topics().iter().find(|topic| {
            topic.label.get(language).is_some_and(|label| label.to_lowercase() == kind)
        });
        let intent = topic.and_then(|topic| topic.intents.first().cloned());
        let Some((topic, intent)) = topic.zip(intent) else { return false };
        self.topic(&intent, std::slice::from_ref(&topic.id));
        true
    }
}
