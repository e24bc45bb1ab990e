//! Compiles one grammar, within limits of time, stack and size.
//!
//! The library recurses through a grammar's references, and some small grammars take it very long.
//! So each grammar is compiled on a thread of its own, which has a deep stack and is abandoned when
//! its time is over.
//!
//! Invariants
//! - No grammar ends the process or keeps a request waiting for longer than the time limit.
//! - At most [`ABANDONED_MAX`] abandoned threads run. While they do, nothing else is compiled.
//! - What can be known of a grammar before its first token is known here: that it cannot end, and
//!   that the model has no token to begin with.
//!
//! Source: llguidance, an Earley parser over a lexer of derivatives, with token-trie slices.

use crate::engine::constraint::compiled::CompiledConstraint;
use crate::engine::constraint::compiled_grammar::Compiled;
use crate::engine::constraint::digits::DigitLimits;
use crate::engine::constraint::grammar::Grammar;
use crate::engine::constraint::grammar::GrammarFault;
use crate::engine::constraint::library_words;
use crate::engine::constraint::token_trie::TokenTrie;
use crate::engine::constraint::useful;
use llguidance::ParserFactory;
use llguidance::api::ParserLimits;
use llguidance::api::TopLevelGrammar;
use llguidance::panic_utils;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::sync::mpsc::RecvTimeoutError;
use std::sync::mpsc::sync_channel;
use std::time::Duration;
use toktrie::InferenceCapabilities;

/// Most time for one grammar. Published schemas take tens of milliseconds.
const COMPILE_TIME_MAX: Duration = Duration::from_secs(2);

/// Stack of a compiling thread, bytes: enough for the longest chain of references that fits
/// [`GRAMMAR_BYTES_MAX`](crate::engine::constraint::grammar::GRAMMAR_BYTES_MAX). Only what is used
/// becomes resident.
const STACK_BYTES: usize = 256 << 20;

/// Most threads that compile on although nobody waits for them any more.
const ABANDONED_MAX: usize = 2;

/// What one grammar may cost. These are the library's own limits except for the lexer, whose states
/// take 1 to 2 KB each and live as long as the grammar is cached.
const LIMITS: ParserLimits = ParserLimits {
    max_items_in_row: 2_000,
    // About 20 ms.
    initial_lexer_fuel: 1_000_000,
    // About 15 ms for one token, the longest that one answer can delay a step.
    step_lexer_fuel: 200_000,
    step_max_items: 50_000,
    max_lexer_states: 20_000,
    max_grammar_size: 500_000,
    precompute_large_lexemes: true,
    verbose_errors: false,
};

/// Compiles grammars for one vocabulary.
pub(super) struct Compiler {
    trie: TokenTrie,
    digits: Arc<DigitLimits>,
    factory: ParserFactory,
    abandoned: AtomicUsize,
}

impl std::fmt::Debug for Compiler {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Compiler").field("trie", &self.trie).finish_non_exhaustive()
    }
}

/// Compiles a grammar whose text has `text_bytes` bytes. Blocks until it is compiled or its time is
/// over.
///
/// # Errors
/// If the grammar is invalid, too complex or takes too long.
pub(super) fn compile(
    compiler: &Arc<Compiler>,
    grammar: &Grammar,
    text_bytes: usize,
) -> Result<Compiled, GrammarFault> {
    compile_within(compiler, grammar, text_bytes, COMPILE_TIME_MAX)
}

fn compile_within(
    compiler: &Arc<Compiler>,
    grammar: &Grammar,
    text_bytes: usize,
    limit: Duration,
) -> Result<Compiled, GrammarFault> {
    let too_slow = || GrammarFault::TooSlow { kind: grammar.kind(), limit };
    if compiler.abandoned.load(Ordering::Acquire) >= ABANDONED_MAX {
        return Err(too_slow());
    }
    let failed = |reason: &str| grammar.fault_as_a_whole(reason.to_owned());
    // Without a buffer, so that the thread learns whether its result was taken.
    let (done, result) = sync_channel(0);
    let (worker, work) = (Arc::clone(compiler), grammar.clone());
    let thread = std::thread::Builder::new().name("grammar".to_owned()).stack_size(STACK_BYTES);
    let spawned = thread.spawn(move || {
        let compiling = AssertUnwindSafe(|| Ok(worker.compile(&work, text_bytes)));
        let compiled = panic_utils::catch_unwind(compiling)
            .unwrap_or_else(|_| Err(work.fault_as_a_whole(library_words::INTERNAL.to_owned())));
        if done.send(compiled).is_err() {
            worker.abandoned.fetch_sub(1, Ordering::AcqRel);
        }
    });
    if spawned.is_err() {
        return Err(failed("the system has no thread to compile it"));
    }
    match result.recv_timeout(limit) {
        Ok(compiled) => compiled,
        Err(RecvTimeoutError::Disconnected) => Err(failed(library_words::INTERNAL)),
        Err(RecvTimeoutError::Timeout) => {
            // Counted before the channel closes, which makes the thread count itself out.
            compiler.abandoned.fetch_add(1, Ordering::AcqRel);
            Err(too_slow())
        }
    }
}

impl Compiler {
    /// # Errors
    /// If the vocabulary is not usable.
    pub(super) fn new(trie: TokenTrie) -> Result<Self, GrammarFault> {
        let slices = llguidance::earley::SlicedBiasComputer::general_slices();
        let capabilities = InferenceCapabilities::default();
        let mut factory =
            ParserFactory::new(trie.environment(), capabilities, &slices).map_err(|cause| {
                let reason = library_words::of_text(&format!("{cause:#}"));
                GrammarFault::Syntax { kind: "vocabulary", reason }
            })?;
        factory.quiet();
        *factory.limits_mut() = LIMITS;
        let digits = Arc::new(DigitLimits::new(trie.clone()));
        Ok(Self { trie, digits, factory, abandoned: AtomicUsize::new(0) })
    }

    pub(super) fn trie(&self) -> &TokenTrie {
        &self.trie
    }

    fn compile(&self, grammar: &Grammar, text_bytes: usize) -> Result<Compiled, GrammarFault> {
        let grammar = &*grammar.prepare()?;
        let build = |source: TopLevelGrammar| {
            self.factory.create_parser(source).map_err(|cause| match grammar {
                // The outer errors list every enclosing part; the schema's location is more
                // precise.
                Grammar::JsonObject | Grammar::JsonSchema(_) => {
                    library_words::of_schema(&cause.root_cause().to_string())
                }
                Grammar::Regex(_) => library_words::of_regex(&format!("{cause:#}")),
                Grammar::Lark(_) => library_words::of_lark(&format!("{cause:#}")),
            })
        };
        let mut parser = build(grammar.source())
            .map_err(|reason| grammar.fault(reason, |part| build(part).map(drop)))?;
        if let Some(rule) = useful::endless_rule(parser.parser.grammar()) {
            let reason = match grammar.is_json() {
                true => "it needs itself again and again, so no answer could end".to_owned(),
                false => format!("rule `{rule}` needs itself again and again, so no text can end"),
            };
            return Err(grammar.fault_as_a_whole(reason));
        }
        parser.start_without_prompt();
        let digits = grammar.is_json().then(|| Arc::clone(&self.digits));
        let compiled = Compiled::new(parser, text_bytes, digits);
        match compiled.start().allowed() {
            Ok(_) => Ok(compiled),
            Err(fault) => Err(grammar.fault_as_a_whole(format!("no answer can begin: {fault}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use serde_json::json;

    #[test]
    fn grammar_that_takes_too_long_is_abandoned_and_the_compiler_goes_on() {
        let words = (0..=u8::MAX).map(|byte| vec![byte]).collect::<Vec<_>>();
        let trie = TokenTrie::from_words(words.into_iter(), vec![255]).unwrap();
        let compiler = Arc::new(Compiler::new(trie).unwrap());
        let properties: serde_json::Map<String, Value> =
            (0..300).map(|at| (format!("p{at}"), json!({"type": "integer"}))).collect();
        let wide = Grammar::JsonSchema(json!({"type": "object", "properties": properties}));
        for _ in 0..ABANDONED_MAX {
            let refused = compile_within(&compiler, &wide, 0, Duration::ZERO).unwrap_err();
            assert_eq!(refused.to_string(), "json_schema takes longer than 0ns to compile");
        }
        while compiler.abandoned.load(Ordering::Acquire) > 0 {
            std::thread::yield_now();
        }
        assert!(compile(&compiler, &Grammar::JsonObject, 0).is_ok());
        compiler.abandoned.store(ABANDONED_MAX, Ordering::Release);
        assert!(matches!(
            compile(&compiler, &Grammar::JsonObject, 0),
            Err(GrammarFault::TooSlow { .. })
        ));
    }
}
