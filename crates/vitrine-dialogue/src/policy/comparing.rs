//! Compares products property by property.

use super::cards;
use super::choose::Turn;
use super::references;
use super::selling::SHOWN_AT_ONCE;
use crate::command::Command;
use crate::plan::Action;
use crate::plan::ActionKind;
use crate::plan::Lead;
use crate::plan::Move;
use crate::plan::Row;
use crate::shop::FacetChoice;
use crate::shop::Lookups;
use crate::shop::Product;
use crate::state::Pending;
use crate::state::Topic;
use std::collections::BTreeMap;

/// Most rows of a comparison.
const ROWS_MAX: usize = 6;

impl Turn<'_> {
    /// Compares the products meant.
    pub(super) fn compare(&mut self) {
        let mut skus: Vec<String> = Vec::new();
        for said in &self.reading.commands {
            if let Command::Compare { references } = &said.command {
                for reference in references {
                    for sku in self.resolve(reference) {
                        if !skus.contains(&sku) {
                            skus.push(sku);
                        }
                    }
                }
            }
        }
        if skus.len() == 1 {
            skus.extend(references::focus(&self.state).filter(|sku| *sku != skus[0]));
        }
        if skus.len() < 2 {
            for sku in &self.state.last_shown {
                if !skus.contains(sku) {
                    skus.push(sku.clone());
                }
            }
        }
        if skus.len() < 2 {
            skus.extend(
                self.state
                    .compared
                    .iter()
                    .filter(|sku| !skus.contains(sku))
                    .cloned()
                    .collect::<Vec<_>>(),
            );
        }
        skus.truncate(SHOWN_AT_ONCE);
        let catalog = self.context.catalog;
        let products: Vec<&Product> = skus.iter().filter_map(|sku| catalog.product(sku)).collect();
        if products.len() < 2 {
            return self.search(Lead::First);
        }
        let need = self.state.need.clone();
        for product in &products {
            let options = cards::chosen(product, &need, &BTreeMap::new());
            self.products.push(cards::shown(self.context, &need, product, options));
            self.button(format!("take={}", product.sku), product.name.clone());
        }
        let cards = self.products.iter().map(|shown| shown.card.clone()).collect();
        let rows = rows(self.context, &products);
        self.moves.push(Move::Compare { cards, rows });
        self.action = Action::of(ActionKind::Compare);
        self.state.compared = skus;
        self.state.focus = None;
        self.state.pending = Some(Pending::Pick);
        self.open(Topic::Purchase);
    }
}

/// The properties that two or three products are compared by: those that differ first.
fn rows(context: &super::Context<'_>, products: &[&Product]) -> Vec<Row> {
    let language = context.language;
    let mut rows: Vec<(bool, Row)> = Vec::new();
    for facet in context.catalog.facets() {
        let values: Vec<String> = products
            .iter()
            .map(|product| {
                let values = product.facets.get(&facet.key).map(Vec::as_slice).unwrap_or_default();
                let labels = values.iter().map(|value| {
                    context.catalog.label(&FacetChoice::new(&facet.key, value), language)
                });
                cards::joined(labels.collect())
            })
            .collect();
        push_row(&mut rows, context.catalog.key_label(&facet.key, language), values);
    }
    let features: Vec<String> = products
        .iter()
        .map(|product| {
            let features = product.features.or_fallback(language, &[]);
            features.map(|features| features.join(", ")).unwrap_or_default()
        })
        .collect();
    push_row(&mut rows, String::new(), features);
    rows.sort_by_key(|(differs, _)| !differs);
    rows.into_iter().filter(|(differs, _)| *differs).map(|(_, row)| row).take(ROWS_MAX).collect()
}

fn push_row(rows: &mut Vec<(bool, Row)>, label: String, values: Vec<String>) {
    if values.iter().any(|value| !value.is_empty()) {
        let differs = values.windows(2).any(|pair| pair[0] != pair[1]);
        rows.push((differs, Row { label, values }));
    }
}
