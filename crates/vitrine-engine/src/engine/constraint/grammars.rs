//! Compiles grammars for one model's vocabulary and caches them.
//!
//! Compiling takes from one to tens of milliseconds. It never runs on the engine thread, and only
//! one grammar compiles at a time, so that requests with new grammars cannot occupy the whole
//! machine.

use crate::engine::constraint::cache;
use crate::engine::constraint::cache::Cache;
use crate::engine::constraint::cache::CacheLimits;
use crate::engine::constraint::compiled::Constraint;
use crate::engine::constraint::compiled_grammar::Compiled;
use crate::engine::constraint::compiler;
use crate::engine::constraint::compiler::Compiler;
use crate::engine::constraint::grammar::Grammar;
use crate::engine::constraint::grammar::GrammarFault;
use crate::engine::constraint::token_trie::TokenTrie;
use std::sync::Arc;
use std::sync::LazyLock;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use vitrine_base::clock::SharedClock;
use vitrine_base::telemetry;

/// Limits of a model's grammar cache.
const CACHE: CacheLimits = CacheLimits { entries_max: 128, bytes_max: CACHED_BYTES_MAX };

/// Most memory of the grammars cached for one model, bytes.
pub(crate) const CACHED_BYTES_MAX: usize = 64 << 20;

/// The grammars of one model.
pub struct Grammars {
    clock: SharedClock,
    compiler: LazyLock<Result<Arc<Compiler>, GrammarFault>, ReadVocabulary>,
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
type ReadVocabulary = Box<dyn FnOnce() -> Result<Arc<Compiler>, GrammarFault> + Send>;

impl Grammars {
    /// Creates an empty cache. `read` is called for the vocabulary when it is first needed.
    pub(crate) fn new(
        read: impl FnOnce() -> Result<TokenTrie, GrammarFault> + Send + 'static,
        clock: SharedClock,
    ) -> Self {
        let cache = Mutex::new(Cache::new(CACHE));
        let read: ReadVocabulary = Box::new(|| Ok(Arc::new(Compiler::new(read()?)?)));
        Self { clock, compiler: LazyLock::new(read), cache, compiling: Mutex::new(()) }
    }

    /// The model's vocabulary.
    ///
    /// # Errors
    /// [`GrammarFault::Vocabulary`] if it is empty or too large for constraints.
    pub(crate) fn trie(&self) -> Result<&TokenTrie, GrammarFault> {
        let compiler = self.compiler.as_ref().map_err(Clone::clone)?;
        Ok(compiler.trie())
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
        let text = grammar.check()?;
        let key = cache::key(grammar.kind(), &text);
        // The lock protects no data, so poisoning is harmless.
        let _compiling = self.compiling.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = self.kept().get(&key) {
            return Ok(kept.into_constraint());
        }
        let before = self.clock.instant();
        let compiled = compiler::compile(&self.compiler()?, grammar, text.len());
        if let Ok(compiled) = &compiled {
            self.kept().put(key, compiled.clone());
        }
        let spent = self.clock.instant().saturating_duration_since(before);
        metrics::histogram!(telemetry::GRAMMAR_COMPILE_SECONDS).record(spent.as_secs_f64());
        self.publish();
        compiled.map(Compiled::into_constraint)
    }

    #[expect(clippy::cast_precision_loss, reason = "gauges need no exact values")]
    fn publish(&self) {
        metrics::gauge!(telemetry::GRAMMAR_BYTES).set(self.kept().bytes() as f64);
    }

    fn compiler(&self) -> Result<Arc<Compiler>, GrammarFault> {
        self.compiler.as_ref().map(Arc::clone).map_err(Clone::clone)
    }

    fn kept(&self) -> MutexGuard<'_, Cache<Compiled>> {
        // An entry is complete before it is inserted, so a poisoned lock is harmless.
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
