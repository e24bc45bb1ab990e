//! Sections of the shop: its products, its offers and what the bot says about it.

use crate::config::section::section;
use crate::config::value::bounds::ENTRIES_MAX;
use crate::config::value::number::Lift;
use crate::config::value::number::Share;
use crate::config::value::number::Within;
use crate::config::value::text::Line;
use crate::config::value::text::Phrase;
use crate::config::value::url::CheckoutUrl;
use crate::turn::decide::ForeignWords;
use std::path::PathBuf;
use vitrine_base::language::Language;

section!(
    /// The products.
    Catalog {
        /// Product file, NDJSON or CSV, or a folder that holds `catalog.ndjson` or `catalog.csv`.
        /// Not set: no catalogue.
        path: Option<PathBuf> = None,
        /// File of facet labels, questions and synonyms, TOML. Not set: `facets.toml` beside the
        /// product file, if there is one.
        facets: Option<PathBuf> = None,
    }
);

section!(
    /// Upsell suggestions learnt from past baskets.
    Offers {
        /// Past baskets, one per line, SKUs separated by commas, semicolons or tabs, in any letter
        /// case. Not set: no offers.
        baskets: Option<PathBuf> = None,
        /// Fewest baskets with both products; a pair in fewer counts as chance.
        together_min: Within<1, ENTRIES_MAX, u32> ["baskets"] = Within(5),
        /// Smallest share of baskets with the first product that also contain the offered one.
        /// Raise it for fewer, safer offers.
        confidence_min: Share = Share(0.08),
        /// Smallest lift: how many times likelier than by chance both are bought together; 1:
        /// chance.
        lift_min: Lift = Lift(1.2),
        /// Share of customers who never see offers, to measure what offers bring. 0: none.
        holdout_share: Share = Share(0.1),
        /// Highest price of an offer, as a share of the dearest product it goes with.
        price_share_max: Share = Share(0.6),
    }
);

section!(
    /// What the bot says about the shop.
    Shop {
        /// Brand name.
        name: Phrase = Line("vitrine".to_owned()),
        /// What the shop sells, in a few words of English.
        about_en: Phrase = Line("our products".to_owned()),
        /// The same in French.
        about_fr: Phrase = Line("nos produits".to_owned()),
        /// The same in German.
        about_de: Phrase = Line("unsere Produkte".to_owned()),
        /// The same in Spanish.
        about_es: Phrase = Line("nuestros productos".to_owned()),
        /// The same in Italian.
        about_it: Phrase = Line("i nostri prodotti".to_owned()),
        /// The same in Portuguese.
        about_pt: Phrase = Line("os nossos produtos".to_owned()),
        /// Who takes over from the bot, in English, such as `advisor`.
        team_en: Phrase = Line("advisor".to_owned()),
        /// The same in French.
        team_fr: Phrase = Line("conseiller".to_owned()),
        /// The same in German.
        team_de: Phrase = Line("Berater".to_owned()),
        /// The same in Spanish.
        team_es: Phrase = Line("asesor".to_owned()),
        /// The same in Italian.
        team_it: Phrase = Line("consulente".to_owned()),
        /// The same in Portuguese.
        team_pt: Phrase = Line("consultor".to_owned()),
        /// When the team answers, in English. Not set: not mentioned.
        hours_en: Option<Phrase> = None,
        /// The same in French.
        hours_fr: Option<Phrase> = None,
        /// The same in German.
        hours_de: Option<Phrase> = None,
        /// The same in Spanish.
        hours_es: Option<Phrase> = None,
        /// The same in Italian.
        hours_it: Option<Phrase> = None,
        /// The same in Portuguese.
        hours_pt: Option<Phrase> = None,
        /// Policy texts on delivery, returns and so on, TOML. Not set: none.
        policies: Option<PathBuf> = None,
        /// Checkout link. `{sku}`, `{product}` (the same for a product without variants), `{size}`,
        /// `{quantity}`, `{lines}` (`SKU:QUANTITY`) and `{thread}` are replaced after its host. Not
        /// set: no checkout links.
        checkout_url: Option<CheckoutUrl> = None,
        /// Language of the first reply when the message does not reveal one.
        language: Language = Language::EN,
        /// What happens to messages in a language that the bot does not answer in: `reply` in the
        /// conversation's language, or `handoff` to a human.
        other_languages: ForeignWords = ForeignWords::Reply,
    }
);

section!(
    /// The languages of the replies. English, French, German, Spanish, Italian and Portuguese are
    /// built in.
    Locales {
        /// Folder of further languages, one file `xx.toml` each, named by the language's code, such
        /// as `nl.toml`. A file of a built-in language replaces it. Not set: the built-in ones.
        dir: Option<PathBuf> = None,
    }
);

section!(
    /// Conversation tests: customers' messages, and what the answers must hold.
    Tests {
        /// Files of tests, JSON lines; see `docs/testing.md`. `vitrine test` plays them if it is
        /// given no others, and `POST /v1/models/load` with `"require_tests": true` before a model
        /// serves.
        files: Vec<PathBuf> = Vec::new(),
        /// Smallest share of turns, and of goals, that must pass for a model to be accepted.
        floor: Share = Share(0.9),
    }
);
