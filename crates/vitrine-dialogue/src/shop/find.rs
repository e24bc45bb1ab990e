//! TEMPORARY search.
use super::*;

impl Catalog {
    pub fn mentions(&self, text: &str, _languages: &[Language]) -> Vec<Mention> {
        let tokens = load::tokens(text);
        let mut found = Vec::new();
        let mut at = 0;
        while at < tokens.len() {
            let longest = (1..=4.min(tokens.len() - at)).rev().find_map(|n| {
                let key: Vec<String> = tokens[at..at + n].iter().map(|(_, t)| t.clone()).collect();
                self.phrases.get(&key).map(|targets| (n, targets))
            });
            match longest {
                Some((n, targets)) => {
                    let span = tokens[at].0.start..tokens[at + n - 1].0.end;
                    found.extend(targets.iter().map(|t| Mention { span: span.clone(), target: t.clone(), exact: 1.0 }));
                    at += n;
                }
                None => at += 1,
            }
        }
        found
    }

    fn meets(&self, p: &Product, q: &Query) -> bool {
        if let Some(c) = &q.category && !self.is_within(&p.category, c) { return false }
        if q.exclude.contains(&p.sku) { return false }
        for c in &q.must {
            let values = p.facets.get(&c.key);
            let ok = match values { None => self.facet(&c.key).is_some_and(|f| f.missing_matches), Some(v) => q.must.iter().any(|o| o.key == c.key && v.contains(&o.value)) };
            if !ok { return false }
        }
        if q.must_not.iter().any(|c| p.has(c)) { return false }
        p.variants.iter().any(|v| {
            v.availability != Availability::SoldOut
                && q.options.iter().all(|(k, wanted)| v.options.get(k).is_none_or(|o| wanted.iter().any(|w| same(w, o))))
                && q.price_max.is_none_or(|m| v.price.amount <= m.amount)
                && q.price_min.is_none_or(|m| v.price.amount >= m.amount)
        })
    }

    pub fn matching(&self, q: &Query) -> Vec<&Product> {
        let mut found: Vec<&Product> = self.products.iter().filter(|p| self.meets(p, q)).collect();
        found.sort_by_key(|p| {
            let words = q.words.iter().filter(|w| load::fold(&format!("{} {:?} {:?}", p.name, p.title, p.features)).contains(load::fold(w).as_str())).count();
            let prefer = q.prefer.iter().chain(&q.must).filter(|c| p.has(c)).count();
            let price = match q.order { Order::Cheapest => p.price.amount, Order::Dearest => -p.price.amount, Order::Relevance => Decimal::ZERO };
            (price, std::cmp::Reverse(prefer), std::cmp::Reverse(words), p.rank.unwrap_or(u32::MAX))
        });
        found
    }

    pub fn find(&self, query: &Query, hits_max: usize) -> Found<'_> {
        let mut q = query.clone();
        let mut relaxed = Vec::new();
        loop {
            let found = self.matching(&q);
            if !found.is_empty() { return Found { matching: found.len(), products: found.into_iter().take(hits_max).collect(), relaxed } }
            let mut steps: Vec<(Relaxed, Query)> = Vec::new();
            for c in &q.must_not { let mut l = q.clone(); l.must_not.retain(|o| o != c); steps.push((Relaxed::Excluded(c.clone()), l)); }
            let mut must = q.must.clone(); must.sort_by(|a, b| self.facet(&a.key).map_or(0.0, |f| f.ask_weight).total_cmp(&self.facet(&b.key).map_or(0.0, |f| f.ask_weight)));
            for c in &must { let mut l = q.clone(); l.must.retain(|o| o.key != c.key); steps.push((Relaxed::Constraint(c.clone()), l)); }
            if let Some(m) = q.price_max { let mut l = q.clone(); l.price_max = None; steps.push((Relaxed::BudgetMax(m), l)); }
            if let Some(m) = q.price_min { let mut l = q.clone(); l.price_min = None; steps.push((Relaxed::BudgetMin(m), l)); }
            for (k, v) in &q.options { let mut l = q.clone(); l.options.remove(k); steps.push((Relaxed::Option { key: k.clone(), values: v.clone() }, l)); }
            if let Some(c) = &q.category && let Some(up) = self.parent(c) { let mut l = q.clone(); l.category = Some(up.to_owned()); steps.push((Relaxed::Category { from: c.clone(), to: up.to_owned() }, l)); }
            let pick = steps.iter().position(|(_, l)| !self.matching(l).is_empty()).unwrap_or(0);
            if steps.is_empty() { return Found { products: Vec::new(), matching: 0, relaxed: Vec::new() } }
            let (step, less) = steps.swap_remove(pick);
            relaxed.push(step);
            q = less;
        }
    }

    pub fn question(&self, q: &Query, asked: &[String]) -> Option<FacetQuestion> {
        let found = self.matching(q);
        if found.len() < 2 { return None }
        let mut best: Option<(f64, FacetQuestion)> = None;
        for f in &self.facets {
            if f.ask_weight <= 0.0 || asked.contains(&f.key) || q.must.iter().chain(&q.prefer).any(|c| c.key == f.key) { continue }
            let have: Vec<&&Product> = found.iter().filter(|p| p.facets.contains_key(&f.key)).collect();
            if have.len() * 4 < found.len() * 3 { continue }
            let values: Vec<String> = f.values.iter().filter(|v| { let n = have.iter().filter(|p| p.facets[&f.key].contains(&v.id)).count(); n > 0 && n < found.len() }).map(|v| v.id.clone()).collect();
            if values.len() < 2 { continue }
            let score = f.ask_weight * (values.len().min(3) as f64).log2();
            if best.as_ref().is_none_or(|(s, _)| score > *s) { best = Some((score, FacetQuestion { facet: f.key.clone(), values })); }
        }
        best.map(|(_, q)| q)
    }
}
