//! Queries the server before a run: its model, and the token counts of generated system prompts.

use super::drive::LoadTarget;
use super::exchange::Call;
use super::exchange::Ending;
use super::exchange::exchange;
use super::scenario::RequestIds;
use super::scenario::Scenario;
use anyhow::Context as _;
use serde_json::Value;

/// Most attempts to match the requested length of a system prompt.
const FITS_MAX: usize = 8;

/// Fills in the model name, and the system prompt if the scenario gives only its length.
pub(super) async fn prepare(target: &mut LoadTarget) -> anyhow::Result<()> {
    if target.scenario.model.is_none() {
        target.scenario.model = first_model(target).await?;
    }
    if let Some(tokens) = target.scenario.system_tokens {
        target.scenario.system = Some(system_of(target, tokens).await?);
    }
    Ok(())
}

/// Returns the first model that can generate; `None` if the server lists none. A server with a
/// single model may need no name.
async fn first_model(target: &LoadTarget) -> anyhow::Result<Option<String>> {
    let url = format!("{}/v1/models", target.url);
    let request = target.client.get(&url).timeout(target.timeout);
    let request = match &target.api_key {
        Some(key) => request.bearer_auth(key),
        None => request,
    };
    let answer = request.send().await.with_context(|| format!("{url} does not answer"))?;
    let list: Value = answer.json().await.unwrap_or_default();
    let models = list["data"].as_array().cloned().unwrap_or_default();
    let generates = |model: &&Value| model["task"].as_str().is_none_or(|task| task == "generate");
    let first = models.iter().find(generates);
    Ok(first.and_then(|model| model["id"].as_str()).map(str::to_owned))
}

/// The filler text, of at most [`FITS_MAX`] tried, whose token count on the server is nearest to
/// `tokens`.
async fn system_of(target: &LoadTarget, tokens: usize) -> anyhow::Result<String> {
    let empty = count(target, None).await?;
    let mut words = tokens;
    let mut best: Option<(usize, usize)> = None;
    for _ in 0..FITS_MAX {
        let found = count(target, Some(Scenario::filler(words))).await?.saturating_sub(empty);
        let miss = found.abs_diff(tokens);
        if best.is_none_or(|(least, _)| miss < least) {
            best = Some((miss, words));
        }
        let next = (words * tokens).div_ceil(found.max(1)).max(1);
        if miss == 0 || next == words {
            break;
        }
        words = next;
    }
    let (_, words) = best.context("no prompt length was tried")?;
    Ok(Scenario::filler(words))
}

/// Prompt tokens of the first request with this system prompt, as reported by the server.
async fn count(target: &LoadTarget, system: Option<String>) -> anyhow::Result<usize> {
    let mut asking = target.clone();
    asking.scenario.system = system;
    asking.scenario.max_tokens = 1;
    asking.scenario.stream = false;
    let ids = RequestIds { number: 0, client: 0, run: target.run };
    let call = asking.call(ids, target.clock.instant());
    let answer =
        exchange(target.client.clone(), Call { stream: false, ..call }, target.clock.clone());
    let answer = answer.await;
    anyhow::ensure!(
        answer.ending == Ending::Done && answer.prompt_tokens > 0,
        "key `system_tokens`: the server reported no prompt token count ({})",
        answer.ending.error_name().unwrap_or_else(|| "no usage in its answer".to_owned()),
    );
    Ok(usize::try_from(answer.prompt_tokens)?)
}
