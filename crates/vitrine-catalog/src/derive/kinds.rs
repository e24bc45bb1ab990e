//! Categories: from the shop's own types and paths, a public taxonomy, and the nouns of names.
//!
//! Spellings that differ in case, accents and number are one category. Below a category, the nouns
//! that several of its products share are narrower ones.

mod taxonomy;

use crate::derive::heads::Head;
use crate::derive::heads::heads;
use crate::derive::heads::ordinary;
use crate::derive::inflect::plural;
use crate::derive::inflect::singular;
use crate::derive::inflect::stems;
use crate::derive::kind::Kind;
use crate::derive::labels::LABEL_CHARS_MAX;
use crate::derive::labels::identifier;
use crate::derive::labels::parts;
use crate::derive::labels::small;
use crate::derive::terms::name_key;
use crate::derive::terms::terms;
use crate::exports::ExportedProduct;
use crate::exports::Translations;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::HashSet;
use vitrine_base::language::Language;

/// Most categories; the gateway allows 512.
const KINDS_MAX: usize = 400;

/// Share of a category's products from which a noun is another word for the category.
const SYNONYM_SHARE: f64 = 0.8;

/// Largest category, in products, in which a noun of a single product forms no narrower category.
const ALONE_MIN: usize = 3;

/// The categories, and that of each product.
#[derive(Debug, Default)]
pub(super) struct Kinds {
    pub(super) all: Vec<Kind>,
    pub(super) of: Vec<usize>,
    /// Products whose category no field of the export names.
    pub(super) guessed: usize,
}

impl Kinds {
    /// Stems of all labels and words, which tags repeat.
    pub(super) fn keys(&self, language: Language) -> BTreeSet<String> {
        let labels = self.all.iter().filter_map(|kind| kind.label.get(language));
        let words = self.all.iter().flat_map(|kind| kind.words.list(language));
        labels.chain(words).map(|text| stems(text, language)).collect()
    }
}

struct Builder<'a> {
    language: Language,
    translations: &'a Translations,
    all: Vec<Kind>,
    /// Key of the path → position.
    places: HashMap<String, usize>,
    /// Key of the path → spellings with how often they occur.
    spellings: BTreeMap<usize, BTreeMap<String, usize>>,
    ids: HashSet<String>,
}

/// Derives the categories of products.
pub(super) fn derive(
    products: &[ExportedProduct],
    language: Language,
    translations: &Translations,
) -> Kinds {
    let mut builder = Builder {
        language,
        translations,
        all: Vec::new(),
        places: HashMap::new(),
        spellings: BTreeMap::new(),
        ids: HashSet::new(),
    };
    let paths = paths(products);
    let all: Vec<&ExportedProduct> = products.iter().collect();
    let ordinary = ordinary(products, language);
    let whole = heads(&all, &ordinary, language);
    let paths = taxonomy::widened(products, merged(paths, language), language);
    let mut of = Vec::with_capacity(products.len());
    let mut guessed = 0;
    for (path, head) in paths.iter().zip(&whole) {
        let path: Vec<String> = match (path.is_empty(), head) {
            (false, _) => path.clone(),
            (true, Some(head)) => vec![head.phrase.clone()],
            (true, None) => vec![other(language).to_owned()],
        };
        guessed += usize::from(head.is_none() && path[0] == other(language));
        of.push(builder.place(&path));
    }
    builder.narrow(products, &ordinary, &mut of);
    builder.name();
    let mut all = builder.all;
    for kind in &of {
        all[*kind].products += 1;
    }
    taxonomy::words(products, &of, &mut all, language);
    Kinds { all, of, guessed }
}

/// The label of products without any category.
fn other(language: Language) -> &'static str {
    match language {
        Language::FR => "autres articles",
        Language::DE => "weitere Artikel",
        Language::ES => "otros artículos",
        Language::IT => "altri articoli",
        Language::PT => "outros artigos",
        _ => "other articles",
    }
}

/// The path of each product: the longest of its own, else the last levels of the taxonomy; a first
/// level that all share says nothing.
fn paths(products: &[ExportedProduct]) -> Vec<Vec<String>> {
    let clean = |path: &Vec<String>| -> Vec<String> {
        let kept = path.iter().filter(|part| !terms().is_noise(part));
        kept.map(|part| part.chars().take(LABEL_CHARS_MAX).collect()).collect()
    };
    let mut counts: HashMap<String, usize> = HashMap::new();
    for path in products.iter().flat_map(|product| &product.kinds) {
        *counts.entry(name_key(&clean(path).join(" "))).or_default() += 1;
    }
    let chosen = products.iter().map(|product| {
        let mut own: Vec<Vec<String>> = product.kinds.iter().map(clean).collect();
        own.retain(|path| !path.is_empty());
        // The deepest path; of equally deep ones the one that more products share.
        let count = |path: &Vec<String>| counts.get(&name_key(&path.join(" "))).copied();
        own.sort_by_key(|path| std::cmp::Reverse((path.len(), count(path))));
        own.into_iter().next().unwrap_or_else(|| {
            let path = clean(&product.taxonomy);
            let start = path.len().saturating_sub(2);
            path[start..].to_vec()
        })
    });
    let mut chosen: Vec<Vec<String>> = chosen.collect();
    let first = chosen.iter().find_map(|path| path.first()).map(|part| name_key(part));
    let shared = chosen
        .iter()
        .all(|path| path.len() > 1 && path.first().map(|part| name_key(part)) == first);
    if shared && chosen.len() > 1 {
        chosen.iter_mut().for_each(|path| drop(path.remove(0)));
    }
    chosen
}

/// Paths in which a category `Pots` is the wider `Pots & planters`, where the shop has both.
fn merged(mut paths: Vec<Vec<String>>, language: Language) -> Vec<Vec<String>> {
    let mut counts: HashMap<String, usize> = HashMap::new();
    let mut wider: HashMap<String, String> = HashMap::new();
    for label in paths.iter().flatten() {
        *counts.entry(label.clone()).or_default() += 1;
    }
    let mut compound: Vec<(&String, &usize)> =
        counts.iter().filter(|(label, _)| !parts(label).is_empty()).collect();
    compound.sort_by_key(|(label, count)| (**count, (*label).clone()));
    for (label, _) in compound {
        for part in parts(label) {
            wider.insert(stems(&part, language), label.clone());
        }
    }
    for path in &mut paths {
        let whole = path.clone();
        for label in path.iter_mut().filter(|label| parts(label).is_empty()) {
            // `Carnets & cahiers > Carnets` is narrower, not the same.
            if let Some(wider) = wider.get(&stems(label, language)).filter(|w| !whole.contains(w)) {
                label.clone_from(wider);
            }
        }
    }
    paths
}

impl Builder<'_> {
    fn stems(&self, label: &str) -> String {
        stems(label, self.language)
    }

    /// The position of a category by its path, which is added if it is new.
    fn place(&mut self, path: &[String]) -> usize {
        let mut parent = None;
        let mut key = String::new();
        for label in path {
            let own = self.stems(label);
            // "Pots > Pots" is one level.
            if key.rsplit(" > ").next() == Some(own.as_str()) {
                continue;
            }
            key = if key.is_empty() { own } else { format!("{key} > {own}") };
            let at = match self.places.get(&key) {
                Some(at) => *at,
                None if self.all.len() >= KINDS_MAX && parent.is_some() => break,
                None => {
                    self.all.push(Kind { parent, ..Kind::default() });
                    self.places.insert(key.clone(), self.all.len() - 1);
                    self.all.len() - 1
                }
            };
            *self.spellings.entry(at).or_default().entry(label.clone()).or_default() += 1;
            parent = Some(at);
        }
        parent.unwrap_or_default()
    }

    /// Adds narrower categories by the nouns of names.
    fn narrow(
        &mut self,
        products: &[ExportedProduct],
        ordinary: &HashSet<String>,
        of: &mut [usize],
    ) {
        let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (product, kind) in of.iter().enumerate() {
            members.entry(*kind).or_default().push(product);
        }
        let labels = self.labels();
        for (kind, members) in members {
            let own: Vec<&ExportedProduct> = members.iter().map(|at| &products[*at]).collect();
            let nouns = heads(&own, ordinary, self.language);
            let mut groups: BTreeMap<String, Vec<(usize, Head)>> = BTreeMap::new();
            for (product, head) in members.iter().zip(nouns) {
                if let Some(head) = head {
                    groups.entry(head.key.clone()).or_default().push((*product, head));
                }
            }
            for group in groups.into_values() {
                self.narrower(kind, &group, (members.len(), &labels), of);
            }
        }
    }

    /// Adds a narrower category for products that share a noun, or the noun as a word of theirs.
    fn narrower(
        &mut self,
        kind: usize,
        group: &[(usize, Head)],
        (members, labels): (usize, &HashSet<String>),
        of: &mut [usize],
    ) {
        let Some((_, head)) = group.first() else { return };
        let noun = singular(&name_key(&head.phrase), self.language);
        // A "plant" says nothing where there are houseplants, nor a "stylo" beside "stylos plume".
        let last = matches!(self.language, Language::EN | Language::DE);
        let within = labels.iter().any(|label| match last {
            true => label.ends_with(&noun),
            false => *label == noun || label.starts_with(&format!("{noun} ")),
        });
        let few = group.len() < 2 && (members <= ALONE_MIN || !head.plain);
        if within || few || self.all.len() >= KINDS_MAX {
            return;
        }
        #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
        let share = group.len() as f64 / members as f64;
        if share >= SYNONYM_SHARE {
            self.add_word(kind, &head.phrase);
            return;
        }
        let at = self.all.len();
        self.all.push(Kind { parent: Some(kind), noun: true, ..Kind::default() });
        self.spellings.insert(at, BTreeMap::from([(head.phrase.clone(), 1)]));
        group.iter().for_each(|(product, _)| of[*product] = at);
    }

    /// The labels of the shop's own categories and their parts, in the singular.
    fn labels(&self) -> HashSet<String> {
        let labels = self.spellings.values().flat_map(BTreeMap::keys);
        let parts = labels.flat_map(|label| parts(label).into_iter().chain([label.clone()]));
        parts.map(|part| singular(&name_key(&part), self.language)).collect()
    }

    fn add_word(&mut self, kind: usize, phrase: &str) {
        let words = match self.all[kind].words.get_mut(self.language) {
            Some(words) => words,
            None => {
                self.all[kind].words.insert(self.language, Vec::new());
                let Some(words) = self.all[kind].words.get_mut(self.language) else { return };
                words
            }
        };
        if !words.iter().any(|word| word == phrase) {
            words.push(phrase.to_owned());
        }
    }

    /// Gives every category its id, labels, titles and words.
    fn name(&mut self) {
        for at in 0..self.all.len() {
            let spellings = self.spellings.get(&at).cloned().unwrap_or_default();
            // The most frequent spelling, and of equal ones the plural, which is longer.
            let best = spellings.iter().max_by_key(|(label, count)| (**count, label.len()));
            let Some((label, _)) = best else { continue };
            let (language, label) = (self.language, label.clone());
            self.all[at].id = self.free_id(&label, at);
            self.label(at, &label, language);
            let translated = self.translations.languages().clone();
            for other in translated.into_iter().filter(|other| *other != language) {
                if let Some(label) = self.translations.of(&label, other).map(str::to_owned) {
                    self.label(at, &label, other);
                }
            }
            for spelling in spellings.keys().filter(|spelling| **spelling != label) {
                self.add_word(at, &small(spelling, language));
            }
        }
    }

    fn label(&mut self, at: usize, label: &str, language: Language) {
        let label = small(label, language);
        let title = singular(&label, language);
        let parts = parts(&label);
        let many = plural(&title, language);
        // Shops write their categories as they want them; the noun of a name is one thing.
        let plain = language == Language::EN || !title.contains(' ');
        let shown = if self.all[at].noun && plain { many.clone() } else { label.clone() };
        let mut words = self.all[at].words.list(language).to_vec();
        let one = if parts.is_empty() { vec![title.clone(), many, label] } else { vec![label] };
        let parts = parts.iter().flat_map(|part| [singular(part, language), part.clone()]);
        for word in parts.chain(one).filter(|word| *word != shown) {
            if !words.contains(&word) {
                words.push(word);
            }
        }
        let kind = &mut self.all[at];
        if !shown.contains(['&', '/', ',']) {
            kind.title.insert(language, title);
        }
        kind.label.insert(language, shown);
        kind.words.insert(language, words);
    }

    /// An id that no other category has.
    fn free_id(&mut self, label: &str, at: usize) -> String {
        let own = identifier(label);
        let parent = self.all[at].parent.map(|parent| self.all[parent].id.clone());
        let longer =
            parent.map_or_else(|| format!("{own}_{at}"), |parent| format!("{parent}_{own}"));
        let ids = [own.clone(), longer, format!("{own}_{at}"), format!("category_{at}")];
        let free = ids.into_iter().find(|id| !id.is_empty() && self.ids.insert(id.clone()));
        free.unwrap_or_else(|| format!("category_{at}"))
    }
}
