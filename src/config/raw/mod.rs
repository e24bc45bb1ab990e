//! The configuration file as it is written: one struct per section, every key with its type, unit,
//! default and meaning.
//!
//! Reading checks each value alone. Checks that involve other values or the machine belong to
//! `options`, which turns the sections into the options of their consumers; only `config` sees
//! this module. `docs/configuration.md` is generated from it.

pub(super) mod engine;
pub(super) mod gateway;
pub(super) mod shop;

use crate::config::error::ConfigError;
use crate::config::raw::engine::Draft;
use crate::config::raw::engine::Engine;
use crate::config::raw::engine::Intent;
use crate::config::raw::engine::Kernels;
use crate::config::raw::engine::Memory;
use crate::config::raw::engine::Models;
use crate::config::raw::engine::Understand;
use crate::config::raw::gateway::Callbacks;
use crate::config::raw::gateway::Data;
use crate::config::raw::gateway::Debounce;
use crate::config::raw::gateway::Log;
use crate::config::raw::gateway::Retention;
use crate::config::raw::gateway::Server;
use crate::config::raw::gateway::Threads;
use crate::config::raw::gateway::Turn;
use crate::config::raw::shop::Catalog;
use crate::config::raw::shop::Locales;
use crate::config::raw::shop::Offers;
use crate::config::raw::shop::Shop;
use crate::config::raw::shop::Tests;
use crate::config::section::Key;
use crate::config::section::Section;
use crate::config::values::Values;

/// Keys that had another name: `(old, present)`.
pub(super) const RENAMED: [(&str, &str); 2] = [
    ("engine.draft_tokens_max", "engine.speculative_tokens_max"),
    ("engine.draft_sequences_max", "engine.speculative_sequences_max"),
];

macro_rules! sections {
    ($($section:ident: $type:ident,)*) => {
        /// The whole configuration file: one field for each `[section]`.
        #[derive(Debug, Clone)]
        pub(super) struct Raw {
            $(pub(super) $section: $type,)*
        }

        impl Raw {
            /// Every key of every section.
            pub(super) fn keys() -> Vec<Key> {
                [$($type::keys(stringify!($section)),)*].into_iter().flatten().collect()
            }

            /// Reads every key; those that are not set get their defaults.
            ///
            /// # Errors
            /// For the first value that has the wrong type or is not allowed.
            pub(super) fn read(values: &Values) -> Result<Self, ConfigError> {
                Ok(Self { $($section: $type::read(stringify!($section), values)?,)* })
            }

            /// Every section as the reference shows it, with its name.
            #[cfg(test)]
            pub(super) fn reference()
            -> Vec<(&'static str, crate::config::value::reference::SectionReference)> {
                vec![$((stringify!($section), $type::reference()),)*]
            }
        }
    };
}

sections!(
    server: Server,
    data: Data,
    models: Models,
    memory: Memory,
    engine: Engine,
    kernels: Kernels,
    draft: Draft,
    intent: Intent,
    understand: Understand,
    turn: Turn,
    debounce: Debounce,
    threads: Threads,
    retention: Retention,
    callbacks: Callbacks,
    catalog: Catalog,
    offers: Offers,
    shop: Shop,
    locales: Locales,
    tests: Tests,
    log: Log,
);
