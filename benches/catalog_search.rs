//! How long does one catalogue search take? Load: the example shop (240 products), seven queries.
//!
//! `cargo bench --bench catalog_search` prints the median and the 99th percentile of one search
//! over all queries, in microseconds.

use std::io::Write;
use std::path::Path;
use vitrine_base::clock::Clock;
use vitrine_base::clock::SystemClock;
use vitrine_base::language::Language;
use vitrine_catalog::Catalog;
use vitrine_catalog::CatalogLimits;

/// Searches per query; the first tenth is warm-up and not counted.
const REPEATS: usize = 500;

const NEEDS: [(Language, &str); 7] = [
    (Language::FR, "Je cherche des chaussures de course pour un marathon"),
    (Language::EN, "I'm looking for running shoes for a marathon"),
    (Language::FR, "un cadeau pour un coureur à moins de 50 euros"),
    (Language::EN, "waterproof trail jacket size M in blue"),
    (Language::FR, "chausettes de randonée"),
    (Language::EN, "yoga mat"),
    (Language::EN, "something nice"),
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let shop = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/shop/catalog.ndjson");
    let catalog = Catalog::open(&shop, &CatalogLimits::GATEWAY)?;
    let clock = SystemClock;
    let mut microseconds = Vec::with_capacity(NEEDS.len() * REPEATS);
    let mut hits = 0;
    for (language, need) in NEEDS {
        for repeat in 0..REPEATS {
            let started = clock.instant();
            hits += catalog.search(need, language, 16).found.hits.len();
            if repeat >= REPEATS / 10 {
                microseconds.push(started.elapsed().as_secs_f64() * 1e6);
            }
        }
    }
    microseconds.sort_by(f64::total_cmp);
    let at = |share: usize| microseconds[(microseconds.len() - 1) * share / 100];
    writeln!(
        std::io::stdout().lock(),
        "search_products{}: median {:.0} us, p99 {:.0} us ({} searches, {hits} hits)",
        catalog.products().len(),
        at(50),
        at(99),
        microseconds.len(),
    )?;
    Ok(())
}
