//! What has to be asked of the server before a run: its model, and how long a system prompt is.

use super::drive::Target;
use super::exchange::Call;
use super::exchange::Ending;
use super::exchange::exchange;
use super::scenario::Scenario;
use super::scenario::Turn;
use anyhow::Context as _;
use serde_json::Value;

/// Tries to hit the length of a system prompt.
const FITS_MAX: usize = 8;

/// Fills in the model's name and the system prompt where the scenario leaves them to the server.
pub(super) async fn prepare(target: &mut Target) -> anyhow::Result<()> {
    if target.scenario.model.is_none() {
        target.scenario.model = first_model(target).await?;
    }
    if let Some(tokens) = target.scenario.system_tokens {
        target.scenario.system = Some(system_of(target, tokens).await?);
    }
    Ok(())
}

/// The first model that can generate; `None` where the server lists none, as it may when it has
/// only one and asks for no name.
async fn first_model(target: &Target) -> anyhow::Result<Option<String>> {
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

/// A text that the server counts as `tokens` tokens, give or take the last word.
async fn system_of(target: &Target, tokens: usize) -> anyhow::Result<String> {
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
    let (_, words) = best.context("no length was tried")?;
    Ok(Scenario::filler(words))
}

/// Prompt tokens of the first request with this system prompt, as the server counts them.
async fn count(target: &Target, system: Option<String>) -> anyhow::Result<usize> {
    let mut asking = target.clone();
    asking.scenario.system = system;
    asking.scenario.max_tokens = 1;
    asking.scenario.stream = false;
    let turn = Turn { number: 0, client: 0, run: target.run };
    let call = asking.call(turn, target.clock.instant());
    let answer =
        exchange(target.client.clone(), Call { stream: false, ..call }, target.clock.clone());
    let answer = answer.await;
    anyhow::ensure!(
        answer.ending == Ending::Done && answer.prompt_tokens > 0,
        "key `system_tokens`: the server did not count the tokens of a prompt ({})",
        answer.ending.error_name().unwrap_or_else(|| "no usage in its answer".to_owned()),
    );
    Ok(usize::try_from(answer.prompt_tokens)?)
}
