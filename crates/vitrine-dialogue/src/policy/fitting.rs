//! Whether a product fits a body: within the measures that it states, in which of its sizes.

use super::cards;
use super::choose::Turn;
use crate::plan::AttributeText;
use crate::plan::Availability;
use crate::plan::Card;
use crate::plan::Move;
use crate::reader::body;
use crate::shop::Lookups;
use crate::shop::Product;
use crate::state::Pending;
use rust_decimal::Decimal;

impl Turn<'_> {
    /// Answers whether a product fits a measure of a body, with what it does fit. False if it does
    /// not say, or if no measure was asked.
    pub(super) fn fits(&mut self, product: &Product, part: &str, value: Option<&str>) -> bool {
        let Some(measure) = value.and_then(|value| value.parse::<Decimal>().ok()) else {
            return false;
        };
        let fits = body::fits(product, part, self.context.language);
        if fits.is_empty() {
            return false;
        }
        let need = self.state.need.clone();
        let card = cards::card(self.context, &need, product, &std::collections::BTreeMap::new());
        let Some(fit) = fits.iter().find(|fit| fit.holds(measure)) else {
            self.unfit(card, measure, &fits);
            return true;
        };
        let label = fit.text();
        self.moves.push(Move::Attribute { card, label, value: AttributeText::Yes });
        let option = product.options.first().cloned().unwrap_or_default();
        let made = fit
            .size
            .as_ref()
            .filter(|size| product.option_values(&option).contains(&size.as_str()));
        if let (Some(size), Some(focus)) = (made, &mut self.state.focus) {
            focus.options.insert(option.clone(), size.clone());
            self.state.need.options.insert(option, vec![size.clone()]);
        }
        self.keep_buying(product);
        true
    }

    /// Says that a product does not fit, and what it does.
    fn unfit(&mut self, mut card: Card, measure: Decimal, fits: &[body::Fit]) {
        let unit = fits.first().map_or("", |fit| fit.unit);
        let said = format!("{} {unit}", measure.normalize());
        let label = self.context.catalog.key_label("size", self.context.language);
        card.options = vec![(label, said)];
        card.availability = Availability::NotMade;
        let sizes = fits.iter().map(body::Fit::text).collect();
        self.button(format!("other={}", card.sku), "");
        self.moves.push(Move::Stock { card, sizes });
        self.state.pending = None::<Pending>;
    }
}
