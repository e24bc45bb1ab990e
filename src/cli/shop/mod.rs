//! `vitrine shop`: makes the files of a shop from what a merchant has.

mod import;
mod meaning;
mod page;
mod settings_text;
mod terminal;
mod write;

use crate::cli::context::Context;

#[derive(Debug, clap::Subcommand)]
pub(super) enum ShopCommand {
    /// Make a shop's folder from export files of its shop program
    ///
    /// Reads Shopify's product CSV and its export of translations, WooCommerce's product CSV, the
    /// Google Merchant feed (table or XML), and catalog.ndjson. Derives categories, facets and
    /// their words from the columns, tags, titles and texts, and reports what was assumed, what
    /// looks wrong and what to do about it. With errors nothing is written, unless --lenient is
    /// given.
    ///
    /// Example: vitrine shop import products.csv --out shop --currency GBP
    Import(import::ImportArguments),
}

pub(super) fn run(command: ShopCommand, context: &Context) -> anyhow::Result<()> {
    match command {
        ShopCommand::Import(arguments) => import::run(arguments, context),
    }
}
