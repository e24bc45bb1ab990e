//! Compiles grammars for one model's vocabulary and caches them.
//!
//! Compiling takes from one to tens of milliseconds. It never runs on the engine thread, and only
//! one grammar compiles at a time, so that requests with new grammars cannot occupy the whole
//! machine.
//!
//! Source: llguidance, an Earley parser over a lexer of derivatives, with token-trie slices.

use crate::engine::constraint::cache;
use crate::engine::constraint::cache::Cache;
use crate::engine::constraint::cache::CacheLimits;
use crate::engine::constraint::cache::Cacheable;
use crate::engine::constraint::cache::GrammarKey;
use crate::engine::constraint::compiled::Advance;
use crate::engine::constraint::compiled::CompiledConstraint;
use crate::engine::constraint::compiled::Constraint;
use crate::engine::constraint::compiled::Matcher;
use crate::engine::constraint::fault::ConstraintFault;
use crate::engine::constraint::grammar::Grammar;
use crate::engine::constraint::grammar::GrammarFault;
use crate::engine::constraint::token_trie::TokenTrie;
use llguidance::ParserFactory;
use llguidance::TokenParser;
use llguidance::api::ParserLimits;
use llguidance::api::StopReason;
use llguidance::api::TopLevelGrammar;
use llguidance::panic_utils;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::LazyLock;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use toktrie::InferenceCapabilities;
use toktrie::SimpleVob;
use vitrine_base::clock::SharedClock;
use vitrine_base::telemetry;

/// Limits of a model's grammar cache.
const CACHE: CacheLimits = CacheLimits { entries_max: 128, bytes_max: CACHED_BYTES_MAX };

/// Most memory of the grammars cached for one model, bytes.
pub(crate) const CACHED_BYTES_MAX: usize = 64 << 20;

/// Rough memory of a parser's rules per byte of grammar text. The lexer reports its memory itself.
const RULE_BYTES_PER_TEXT_BYTE: usize = 16;

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

/// The grammars of one model.
pub struct Grammars {
    clock: SharedClock,
    compiler: LazyLock<Result<Compiler, GrammarFault>, ReadVocabulary>,
    cache: Mutex<Cache<Compiled>>,
    /// Held while a grammar compiles.
    compiling: Mutex<()>,
}

impl std::fmt::Debug for Grammars {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Grammars").field("compiler", &self.compiler).finish_non_exhaustive()
    }
}

/// Builds the compiler when it is first needed.
type ReadVocabulary = Box<dyn FnOnce() -> Result<Compiler, GrammarFault> + Send>;

struct Compiler {
    trie: TokenTrie,
    factory: ParserFactory,
}

impl std::fmt::Debug for Compiler {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Compiler").field("trie", &self.trie).finish_non_exhaustive()
    }
}

impl Grammars {
    /// Creates an empty cache. `read` is called for the vocabulary when it is first needed.
    pub(crate) fn new(
        read: impl FnOnce() -> Result<TokenTrie, GrammarFault> + Send + 'static,
        clock: SharedClock,
    ) -> Self {
        let cache = Mutex::new(Cache::new(CACHE));
        let read: ReadVocabulary = Box::new(|| Compiler::new(read()?));
        Self { clock, compiler: LazyLock::new(read), cache, compiling: Mutex::new(()) }
    }

    /// The model's vocabulary.
    ///
    /// # Errors
    /// [`GrammarFault::Vocabulary`] if it is empty or too large for constraints.
    pub(crate) fn trie(&self) -> Result<&TokenTrie, GrammarFault> {
        Ok(&self.compiler()?.trie)
    }

    /// Returns a grammar's constraint if it is cached.
    pub(crate) fn find(&self, grammar: &Grammar) -> Option<Constraint> {
        let key = cache::key(grammar.kind(), &grammar.text());
        self.kept().get(&key).map(Compiled::into_constraint)
    }

    /// Compiles a grammar, unless it is cached. Blocks for milliseconds.
    ///
    /// # Errors
    /// If the grammar is invalid, too large, nested too deeply or too complex.
    pub(crate) fn compile(&self, grammar: &Grammar) -> Result<Constraint, GrammarFault> {
        let text = grammar.text();
        grammar.check(&text)?;
        let key = cache::key(grammar.kind(), &text);
        // The lock protects no data, so poisoning is harmless.
        let _compiling = self.compiling.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = self.kept().get(&key) {
            return Ok(kept.into_constraint());
        }
        let before = self.clock.instant();
        let compiled = self.compile_uncached(grammar, text.len(), key);
        let spent = self.clock.instant().saturating_duration_since(before);
        metrics::histogram!(telemetry::GRAMMAR_COMPILE_SECONDS).record(spent.as_secs_f64());
        self.publish();
        compiled
    }

    #[expect(clippy::cast_precision_loss, reason = "gauges need no exact values")]
    fn publish(&self) {
        metrics::gauge!(telemetry::GRAMMAR_BYTES).set(self.kept().bytes() as f64);
    }

    fn compile_uncached(
        &self,
        grammar: &Grammar,
        text_bytes: usize,
        key: GrammarKey,
    ) -> Result<Constraint, GrammarFault> {
        let factory = &self.compiler()?.factory;
        let is_schema = matches!(grammar, Grammar::JsonSchema(_));
        let build = |source: TopLevelGrammar| {
            factory.create_parser(source).map_err(|cause| match is_schema {
                // The outer errors list every enclosing part; the schema's location is more
                // precise.
                true => one_line(&cause.root_cause().to_string()),
                false => one_line(&format!("{cause:#}")),
            })
        };
        let mut parser = build(grammar.source())
            .map_err(|reason| grammar.fault(reason, |part| build(part).map(drop)))?;
        parser.start_without_prompt();
        let broken = Arc::new(AtomicBool::new(false));
        let compiled = Compiled { parser: Arc::new(Mutex::new(parser)), text_bytes, broken };
        self.kept().put(key, compiled.clone());
        Ok(compiled.into_constraint())
    }

    fn compiler(&self) -> Result<&Compiler, GrammarFault> {
        self.compiler.as_ref().map_err(Clone::clone)
    }

    fn kept(&self) -> MutexGuard<'_, Cache<Compiled>> {
        // An entry is complete before it is inserted, so a poisoned lock is harmless.
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Compiler {
    fn new(trie: TokenTrie) -> Result<Self, GrammarFault> {
        let slices = llguidance::earley::SlicedBiasComputer::general_slices();
        let capabilities = InferenceCapabilities::default();
        let mut factory =
            ParserFactory::new(trie.environment(), capabilities, &slices).map_err(|cause| {
                GrammarFault::Syntax { kind: "vocabulary", reason: one_line(&format!("{cause:#}")) }
            })?;
        factory.quiet();
        *factory.limits_mut() = LIMITS;
        Ok(Self { trie, factory })
    }
}

/// A compiled grammar. Generations share its lexer, whose state table grows while they run.
#[derive(Clone)]
struct Compiled {
    /// In its initial state; copied, never advanced.
    parser: Arc<Mutex<TokenParser>>,
    text_bytes: usize,
    /// Set when a generation finds the grammar too complex; the shared lexer is then unusable.
    broken: Arc<AtomicBool>,
}

impl std::fmt::Debug for Compiled {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Compiled").field("text_bytes", &self.text_bytes).finish()
    }
}

impl Compiled {
    fn into_constraint(self) -> Constraint {
        Constraint::new(Arc::new(self))
    }

    fn parser(&self) -> MutexGuard<'_, TokenParser> {
        // The parser is only read, so a poisoned lock is harmless.
        self.parser.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cacheable for Compiled {
    fn bytes(&self) -> usize {
        let parser = self.parser();
        // Locking the lexer panics if a generation panicked while it held the lock.
        let lexer = panic_utils::catch_unwind(AssertUnwindSafe(|| {
            Ok(parser.parser.lexer_stats().num_bytes)
        }));
        lexer.unwrap_or(0) + self.text_bytes * RULE_BYTES_PER_TEXT_BYTE
    }

    fn is_usable(&self) -> bool {
        !self.broken.load(Ordering::Acquire)
    }
}

impl CompiledConstraint for Compiled {
    fn start(&self) -> Box<dyn Matcher> {
        let matcher = llguidance::Matcher::new(Ok(self.parser().clone()));
        Box::new(GrammarMatcher { matcher, broken: Arc::clone(&self.broken) })
    }
}

/// The state of one generation in a grammar.
struct GrammarMatcher {
    matcher: llguidance::Matcher,
    broken: Arc<AtomicBool>,
}

impl std::fmt::Debug for GrammarMatcher {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("GrammarMatcher").finish_non_exhaustive()
    }
}

impl GrammarMatcher {
    fn stuck(&self, cause: &anyhow::Error) -> ConstraintFault {
        self.broken.store(true, Ordering::Release);
        ConstraintFault::TooComplex { reason: one_line(&cause.to_string()) }
    }
}

impl Matcher for GrammarMatcher {
    fn allowed(&mut self) -> Result<SimpleVob, ConstraintFault> {
        match self.matcher.compute_mask() {
            Ok(allowed) => Ok(allowed),
            // The library reports this case only as text.
            Err(cause) if cause.to_string().starts_with(&no_token()) => {
                Err(ConstraintFault::NoToken)
            }
            Err(cause) => Err(self.stuck(&cause)),
        }
    }

    fn advance(&mut self, token_id: u32) -> Result<Advance, ConstraintFault> {
        self.matcher.consume_token(token_id).map_err(|cause| self.stuck(&cause))?;
        Ok(if self.matcher.is_stopped() { Advance::Complete } else { Advance::Open })
    }
}

fn no_token() -> String {
    StopReason::NoExtensionBias.to_string()
}

/// Joins the library's message into one line, without its placeholders for state dumps and without
/// the marks that point into the line above.
fn one_line(text: &str) -> String {
    let text = text.replace("<non-verbose/>", "");
    let says = |line: &&str| !line.is_empty() && *line != "^";
    text.lines().map(str::trim).filter(says).collect::<Vec<_>>().join("; ")
}
