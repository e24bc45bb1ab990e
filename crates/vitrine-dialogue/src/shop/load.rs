//! TEMPORARY loader.
use super::*;
use std::collections::HashMap;
use std::path::Path;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

pub(crate) fn fold(text: &str) -> String {
    text.nfd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).map(|c| match c { '’' | '‘' => '\'', c => c }).collect::<String>().replace('ß', "ss").replace('œ', "oe")
}

pub(crate) fn tokens(text: &str) -> Vec<(Range<usize>, String)> {
    let mut found = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        if c.is_alphanumeric() { start.get_or_insert(at); continue }
        if let Some(s) = start.take() { found.push((s..at, stem(&fold(&text[s..at])))); }
    }
    found
}

fn stem(word: &str) -> String {
    let mut w = word;
    if w.len() > 4 { for end in ["es", "en", "s", "x", "e", "n", "a", "o"] { if let Some(r) = w.strip_suffix(end) { w = r; break } } }
    w.to_owned()
}

fn localized(value: Option<&toml::Value>) -> Localized<String> {
    let mut out = Localized::default();
    if let Some(toml::Value::Table(t)) = value {
        for (k, v) in t { if let (Some(l), Some(s)) = (Language::from_locale(k), v.as_str()) { out.insert(l, s.to_owned()); } }
    }
    out
}
fn lists(value: Option<&toml::Value>) -> Localized<Vec<String>> {
    let mut out = Localized::default();
    if let Some(toml::Value::Table(t)) = value {
        for (k, v) in t { if let (Some(l), Some(a)) = (Language::from_locale(k), v.as_array()) { out.insert(l, a.iter().filter_map(|s| s.as_str().map(str::to_owned)).collect()); } }
    }
    out
}
fn text(v: &serde_json::Value) -> Localized<String> {
    let mut out = Localized::default();
    if let Some(t) = v.as_object() { for (k, v) in t { if let (Some(l), Some(s)) = (Language::from_locale(k), v.as_str()) { out.insert(l, s.to_owned()); } } }
    out
}
fn money(v: &serde_json::Value) -> Option<Money> { Money::parse(v["amount"].as_str()?, v["currency"].as_str()?).ok() }

fn product(v: &serde_json::Value) -> Product {
    let sku = Sku::new(v["sku"].as_str().unwrap()).unwrap();
    let strs = |v: &serde_json::Value| -> Vec<String> { v.as_array().map(|a| a.iter().filter_map(|s| s.as_str().map(str::to_owned)).collect()).unwrap_or_default() };
    let price = money(&v["price"]);
    let avail = |stock: Option<u32>, stated: Option<&str>| match stated { Some("preorder") => Availability::Preorder, Some("sold_out") => Availability::SoldOut, Some(_) => Availability::InStock, None if stock == Some(0) => Availability::SoldOut, None => Availability::InStock };
    let mut options = strs(&v["options"]);
    let mut variants = Vec::new();
    if let Some(list) = v["variants"].as_array() {
        for x in list {
            let stock = x["stock"].as_u64().map(|n| n as u32);
            let opts: BTreeMap<String, String> = x["options"].as_object().map(|o| o.iter().filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned()))).collect()).unwrap_or_default();
            variants.push(Variant { sku: Sku::new(x["sku"].as_str().unwrap_or(sku.as_str())).unwrap(), price: money(&x["price"]).or(price).unwrap(), compare_at: money(&x["compare_at"]), stock, availability: avail(stock, x["availability"].as_str()), options: opts });
        }
    } else if let Some(by) = v["stock"].as_object() {
        options = vec!["size".to_owned()];
        for (size, n) in by {
            let stock = n.as_u64().map(|n| n as u32);
            variants.push(Variant { sku: sku.clone(), options: [("size".to_owned(), size.clone())].into(), price: price.unwrap(), compare_at: None, stock, availability: avail(stock, None) });
        }
    } else {
        let stock = v["stock"].as_u64().map(|n| n as u32);
        variants.push(Variant { sku: sku.clone(), options: BTreeMap::new(), price: price.unwrap(), compare_at: None, stock, availability: avail(stock, None) });
    }
    let lowest = variants.iter().map(|v| v.price).min_by_key(|m| m.amount).unwrap();
    let mut features = Localized::default();
    if let Some(t) = v["features"].as_object() { for (k, v) in t { if let Some(l) = Language::from_locale(k) { features.insert(l, strs(v)); } } }
    let attributes = v["attributes"].as_object().map(|a| a.iter().map(|(k, v)| (k.clone(), match v {
        serde_json::Value::Bool(b) => AttributeValue::Flag(*b),
        serde_json::Value::Number(n) => AttributeValue::Number(n.to_string().parse().unwrap_or_default()),
        serde_json::Value::String(s) => { let mut l = Localized::default(); l.insert(Language::EN, s.clone()); AttributeValue::Text(l) }
        serde_json::Value::Array(_) => AttributeValue::List(strs(v)),
        other => AttributeValue::Text(text(other)),
    })).collect()).unwrap_or_default();
    Product { sku, name: v["name"].as_str().unwrap_or("").to_owned(), brand: v["brand"].as_str().unwrap_or("").to_owned(), category: v["category"].as_str().unwrap_or("").to_owned(), price: price.unwrap_or(lowest), options, variants,
        facets: v["facets"].as_object().map(|f| f.iter().map(|(k, v)| (k.clone(), strs(v))).collect()).unwrap_or_default(), attributes, title: text(&v["title"]), features, description: text(&v["description"]), url: v["url"].as_str().map(str::to_owned), rank: v["rank"].as_u64().map(|n| n as u32) }
}

impl Catalog {
    pub fn load(catalog: &Path, facets: &Path) -> Self {
        let products: Vec<Product> = std::fs::read_to_string(catalog).unwrap().lines().filter(|l| !l.trim().is_empty()).map(|l| product(&serde_json::from_str(l).unwrap())).collect();
        let file: toml::Table = toml::from_str(&std::fs::read_to_string(facets).unwrap()).unwrap();
        let entry = |t: Option<&toml::Value>| { let t = t.cloned().unwrap_or(toml::Value::Table(Default::default())); FacetEntry { key: t.get("key").and_then(|k| k.as_str()).unwrap_or("").to_owned(), label: localized(t.get("label")), question: localized(t.get("question")), ask_weight: t.get("ask").and_then(|a| a.as_float()).unwrap_or(0.0), missing_matches: t.get("missing").and_then(|m| m.as_str()) == Some("matches"),
            values: t.get("value").and_then(|v| v.as_array()).map(|v| v.iter().map(|v| ValueEntry { id: v.get("id").unwrap().as_str().unwrap().to_owned(), label: localized(v.get("label")), words: lists(v.get("words")) }).collect()).unwrap_or_default() } };
        let facets: Vec<FacetEntry> = file.get("facet").and_then(|f| f.as_array()).map(|f| f.iter().map(|f| entry(Some(f))).collect()).unwrap_or_default();
        let categories: Vec<CategoryEntry> = file.get("category").and_then(|f| f.as_array()).map(|f| f.iter().map(|v| CategoryEntry { id: v.get("id").unwrap().as_str().unwrap().to_owned(), label: localized(v.get("label")), words: lists(v.get("words")), parent: v.get("parent").and_then(|p| p.as_str()).map(str::to_owned) }).collect()).unwrap_or_default();
        let mut languages: Vec<Language> = Vec::new();
        let mut phrases: HashMap<Vec<String>, Vec<MentionTarget>> = HashMap::new();
        let mut add = |phrase: &str, target: MentionTarget| {
            let key: Vec<String> = tokens(phrase).into_iter().map(|(_, t)| t).collect();
            let list = phrases.entry(key).or_default();
            if !list.contains(&target) { list.push(target); }
        };
        for f in &facets { for v in &f.values { for (l, x) in v.label.iter() { if !languages.contains(&l) { languages.push(l) } add(x, MentionTarget::Value(FacetChoice::new(&f.key, &v.id))); } for (_, w) in v.words.iter() { for x in w { add(x, MentionTarget::Value(FacetChoice::new(&f.key, &v.id))); } } } }
        for c in &categories { for (_, x) in c.label.iter() { add(x, MentionTarget::Category(c.id.clone())); } for (_, w) in c.words.iter() { for x in w { add(x, MentionTarget::Category(c.id.clone())); } } }
        for p in &products {
            add(&p.name, MentionTarget::Product(p.sku.clone()));
            for word in p.name.split_whitespace().filter(|w| !fold(&p.brand).contains(&fold(w)) && w.len() > 3) {
                let unique = products.iter().filter(|o| fold(&o.name).split(' ').any(|x| x == fold(word))).count() == 1;
                if unique { add(word, MentionTarget::Product(p.sku.clone())); }
            }
            if !p.brand.is_empty() { add(&p.brand, MentionTarget::Brand(p.brand.clone())); }
            for v in &p.variants { for (k, o) in &v.options { if o.chars().any(char::is_alphabetic) || o.contains('x') { add(o, MentionTarget::Option { key: k.clone(), value: o.clone() }); } } }
        }
        phrases.remove(&Vec::new());
        Self { products, size: entry(file.get("size")), kind: entry(file.get("kind")), facets, categories, phrases, languages }
    }
}
