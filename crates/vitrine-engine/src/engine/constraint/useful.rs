//! Finds the rules of a compiled grammar that no finite text satisfies.
//!
//! Source: useless symbols of a context-free grammar, Hopcroft, Motwani & Ullman, 7.1.

use llguidance::earley::CGrammar;
use llguidance::earley::CSymIdx;
use std::collections::HashMap;
use std::collections::HashSet;

/// The name of a rule that a text may enter and can never leave; `None` if every rule can end.
pub(super) fn endless_rule(grammar: &CGrammar) -> Option<&str> {
    let rules = rules(grammar);
    let mut ends: HashSet<CSymIdx> = HashSet::new();
    let mut users: HashMap<CSymIdx, Vec<CSymIdx>> = HashMap::new();
    for (symbol, alternatives) in &rules {
        for used in alternatives.iter().copied().flatten() {
            users.entry(*used).or_default().push(*symbol);
        }
    }
    let mut open: Vec<CSymIdx> = rules.keys().copied().collect();
    while let Some(symbol) = open.pop() {
        let data = grammar.sym_data(symbol);
        let is_final = data.lexeme.is_some()
            || data.gen_grammar.is_some()
            || data.is_nullable
            || !data.cond_nullable.is_empty();
        let can_end =
            || rules[&symbol].iter().any(|parts| parts.iter().all(|part| ends.contains(part)));
        if !ends.contains(&symbol) && (is_final || can_end()) {
            ends.insert(symbol);
            open.extend(users.get(&symbol).into_iter().flatten());
        }
    }
    let mut endless: Vec<&CSymIdx> = rules.keys().filter(|symbol| !ends.contains(symbol)).collect();
    endless.sort_unstable_by_key(|symbol| symbol.as_index());
    endless.first().map(|symbol| grammar.sym_name(**symbol))
}

/// The alternatives of every symbol that the start symbol reaches.
fn rules(grammar: &CGrammar) -> HashMap<CSymIdx, Vec<&[CSymIdx]>> {
    let mut found = HashMap::new();
    let mut open = vec![grammar.start()];
    while let Some(symbol) = open.pop() {
        if found.contains_key(&symbol) {
            continue;
        }
        let alternatives: Vec<&[CSymIdx]> =
            grammar.rules_of(symbol).iter().map(|rule| grammar.rule_rhs(*rule).0).collect();
        open.extend(alternatives.iter().copied().flatten());
        found.insert(symbol, alternatives);
    }
    found
}
