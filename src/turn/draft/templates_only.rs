//! The drafter that rewords nothing: replies are sent as the templates word them.

use crate::turn::draft::Brief;
use crate::turn::draft::Budget;
use crate::turn::draft::Draft;
use crate::turn::draft::DraftError;
use crate::turn::draft::Drafter;
use crate::turn::draft::HistoryLine;
use futures::FutureExt;
use futures::future::BoxFuture;
use std::collections::BTreeSet;

/// See the module's description.
#[derive(Debug)]
pub(crate) struct TemplatesOnly;

impl Drafter for TemplatesOnly {
    fn rewords(&self) -> bool {
        false
    }

    fn draft<'a>(
        &'a self,
        brief: &'a Brief,
        _history: &'a [HistoryLine],
        _budget: Budget,
    ) -> BoxFuture<'a, Result<Draft, DraftError>> {
        let text = brief.text.clone();
        let (prompt_tokens, cached_tokens, output_tokens) = (0, 0, 0);
        async move { Ok(Draft { text, whole: true, prompt_tokens, cached_tokens, output_tokens }) }
            .boxed()
    }

    fn lexicon(&self) -> Option<&BTreeSet<String>> {
        None
    }

    fn wants_history(&self) -> bool {
        false
    }
}
