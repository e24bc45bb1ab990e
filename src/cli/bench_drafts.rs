//! `vitrine bench drafts`: the share of a model's drafts that pass the grounding check, on held-out
//! briefs, and the time they take.

use crate::app;
use crate::cli::Context;
use crate::turn::draft;
use crate::turn::draft::Address;
use crate::turn::draft::Brief;
use crate::turn::draft::Budget;
use crate::turn::draft::Case;
use crate::turn::draft::Drafter;
use crate::turn::draft::Emoji;
use crate::turn::draft::FactKey;
use crate::turn::draft::Length;
use crate::turn::draft::Style;
use crate::turn::draft::Voice;
use crate::turn::draft::template;
use crate::turn::grounding;
use crate::turn::grounding::GroundingVocabulary;
use anyhow::Context as _;
use futures::StreamExt;
use futures::stream;
use serde::Deserialize;
use serde_json::Value;
use serde_json::json;
use std::collections::BTreeMap;
use std::num::NonZeroU16;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use vitrine_base::causes::chain;
use vitrine_base::channel::ChannelKind;
use vitrine_base::clock::SharedClock;
use vitrine_base::clock::SystemClock;
use vitrine_base::ids::TenantId;
use vitrine_base::language::Language;
use vitrine_engine::CacheOwner;
use vitrine_engine::Priority;

/// Longest draft, in tokens: the default of `draft.output_tokens_max`.
const OUTPUT_TOKENS_MAX: usize = 160;

/// Deadline of one draft: long enough that none is cut short.
const DRAFT_TIME: Duration = Duration::from_secs(600);

/// Rejected drafts printed in the text report.
const FAILURES_SHOWN: usize = 20;

#[derive(Debug, clap::Args)]
pub(super) struct BenchDraftsArguments {
    /// Model to load: a name under models.dir, a folder or a GGUF file
    #[arg(long, value_name = "PATH|NAME")]
    model: String,
    /// File of briefs, one JSON object per line
    ///
    /// Fields: "case", such as "greet"; "style", six words for language, channel, voice, form of
    /// address, length and emoji, such as "en rcs playful you short plain"; "facts", a list of
    /// [key, value] pairs; "prompt", optional, whose line "customer: ..." holds the customer's
    /// message.
    #[arg(long, value_name = "FILE")]
    briefs: PathBuf,
    /// Draft at most this many briefs, spread evenly over the file [default: all]
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Number of briefs drafted concurrently
    #[arg(long, default_value = "32", value_name = "N")]
    at_once: NonZeroU16,
}

/// One line of the briefs file. The customer's message is the line `customer: …` of `prompt`.
#[derive(Debug, Deserialize)]
struct Row {
    case: String,
    style: String,
    facts: Vec<(String, String)>,
    #[serde(default)]
    prompt: String,
}

/// Drafts included in full in the JSON report, evenly spaced over the file.
const SAMPLES_SHOWN: usize = 20;

/// Result of drafting one brief.
struct DraftOutcome {
    prompt: String,
    case: Case,
    language: Language,
    draft: String,
    /// Why the draft was rejected; `None` if it passed the check.
    refused: Option<String>,
    /// Whether the text that would be sent (the draft, or the template in its place) passes.
    sent_sound: bool,
}

pub(super) fn run(arguments: BenchDraftsArguments, context: &Context) -> anyhow::Result<()> {
    let settings = context.settings(&[])?;
    context.start_log(&settings);
    app::use_threads(settings.engine_threads)?;
    let briefs = read(&arguments)?;
    let path = app::generator_file(&settings, &arguments.model)?;
    let clock: SharedClock = Arc::new(SystemClock);
    let options = app::batch_engine_options(&settings);
    let model = vitrine_engine::open(&path, &arguments.model, options, Arc::clone(&clock))?;
    let sha256 = model.sha256().to_owned();
    let drafter = draft::for_model(model, settings.decoding)?;
    let tenant = TenantId::new("bench")?;
    let bar = context.bar(briefs.len() as u64, "drafting");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let started = clock.instant();
    let outcomes: Vec<DraftOutcome> = runtime.block_on(
        stream::iter(&briefs)
            .map(|brief| judge(&*drafter, brief, &tenant, &clock))
            .buffered(usize::from(arguments.at_once.get()))
            .inspect(|_| bar.inc(1))
            .collect(),
    );
    bar.finish_and_clear();
    let time = clock.instant().saturating_duration_since(started);
    let mut report = report(&arguments.model, &sha256, &outcomes);
    report["at_once"] = json!(arguments.at_once.get());
    report["seconds"] = json!(time.as_secs_f64());
    if context.json {
        return context.print_json(&report);
    }
    context.print(format_args!(
        "drafts that pass: {} of {} ({:.1} %); en {}, fr {}; sent texts that fail: {}",
        report["sound"],
        report["briefs"],
        report["share"].as_f64().unwrap_or_default() * 100.0,
        report["by_language"]["en"],
        report["by_language"]["fr"],
        report["sent_unsound"],
    ))?;
    context.print(format_args!(
        "{:.2} s in total, {} at a time",
        time.as_secs_f64(),
        arguments.at_once
    ))?;
    for failure in outcomes.iter().filter(|outcome| outcome.refused.is_some()).take(FAILURES_SHOWN)
    {
        let reason = failure.refused.as_deref().unwrap_or_default();
        context.print(format_args!("{}: {reason}\n    {}", failure.case.name(), failure.draft))?;
    }
    Ok(())
}

fn read(arguments: &BenchDraftsArguments) -> anyhow::Result<Vec<Brief>> {
    let place = arguments.briefs.display();
    let text = std::fs::read_to_string(&arguments.briefs)
        .with_context(|| format!("cannot read {place}"))?;
    let lines: Vec<(usize, &str)> =
        text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).collect();
    let step = arguments.limit.map_or(1, |limit| (lines.len() / limit.max(1)).max(1));
    lines
        .into_iter()
        .step_by(step)
        .take(arguments.limit.unwrap_or(usize::MAX))
        .map(|(index, line)| {
            let at = || format!("{place} line {}", index + 1);
            let row: Row = serde_json::from_str(line).with_context(at)?;
            brief(&row).with_context(at)
        })
        .collect()
}

fn brief(row: &Row) -> anyhow::Result<Brief> {
    let case =
        Case::from_name(&row.case).with_context(|| format!("unknown case `{}`", row.case))?;
    let mut brief = Brief::new(case, style(&row.style)?);
    for (key, value) in &row.facts {
        let key = FactKey::from_name(key).with_context(|| format!("unknown fact `{key}`"))?;
        brief = brief.with(key, value);
    }
    let customer = row.prompt.lines().find_map(|line| line.strip_prefix("customer: "));
    brief.customer = customer.map(str::to_owned);
    Ok(brief)
}

fn style(text: &str) -> anyhow::Result<Style> {
    let words: Vec<&str> = text.split(' ').collect();
    let [language, channel, voice, address, length, emoji] = words[..] else {
        anyhow::bail!(
            "style `{text}` has {} words; expected six: language, channel, voice, address, length, \
             emoji",
            words.len()
        );
    };
    let unknown = |what: &str| format!("style `{text}`: unknown {what}");
    Ok(Style {
        language: Language::from_locale(language).with_context(|| unknown("language"))?,
        channel: ChannelKind::from_name(channel).with_context(|| unknown("channel"))?,
        voice: Voice::from_name(voice).with_context(|| unknown("voice"))?,
        address: Address::from_name(address).unwrap_or(Address::Vous),
        length: Length::from_name(length).with_context(|| unknown("length"))?,
        emoji: Emoji::from_name(emoji).with_context(|| unknown("emoji setting"))?,
    })
}

async fn judge(
    drafter: &dyn Drafter,
    brief: &Brief,
    tenant: &TenantId,
    clock: &SharedClock,
) -> DraftOutcome {
    let budget = Budget {
        cache_owner: CacheOwner::of(tenant),
        priority: Priority::Outreach,
        deadline: clock.instant() + DRAFT_TIME,
        output_tokens_max: OUTPUT_TOKENS_MAX,
        history_tokens_max: 0,
    };
    let known = GroundingVocabulary { lexicon: drafter.lexicon(), catalog_names: None };
    let (draft, refused) = match drafter.draft(brief, &[], budget).await {
        Ok(draft) => {
            let refused = grounding::check_draft(&draft, brief, known).err();
            (draft.text, refused.map(|reason| reason.to_string()))
        }
        Err(error) => (String::new(), Some(chain(&error))),
    };
    let sent = if refused.is_none() { draft.clone() } else { template::render(brief) };
    // Templates are our own wording: only numbers, names, links and obligations are checked.
    let held_to = if refused.is_none() { known } else { GroundingVocabulary::default() };
    let sent_sound = grounding::check(&sent, brief, held_to).is_ok();
    let prompt = draft::built_in::prompt(brief);
    DraftOutcome {
        prompt,
        case: brief.case,
        language: brief.style.language,
        draft,
        refused,
        sent_sound,
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of drafts are small")]
fn report(model: &str, sha256: &str, outcomes: &[DraftOutcome]) -> Value {
    let mut cases: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut languages: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for outcome in outcomes {
        let sound = usize::from(outcome.refused.is_none());
        for (count, of) in [
            cases.entry(outcome.case.name()).or_default(),
            languages.entry(outcome.language.code()).or_default(),
        ] {
            *count += sound;
            *of += 1;
        }
    }
    let sound = outcomes.iter().filter(|outcome| outcome.refused.is_none()).count();
    let shares = |groups: BTreeMap<&str, (usize, usize)>| -> Value {
        groups
            .into_iter()
            .map(|(name, (sound, of))| (name.to_owned(), json!(format!("{sound} of {of}"))))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    let samples = (0..SAMPLES_SHOWN.min(outcomes.len()))
        .map(|index| &outcomes[index * outcomes.len() / SAMPLES_SHOWN.min(outcomes.len())])
        .map(|outcome| {
            json!({
                "prompt": outcome.prompt,
                "draft": outcome.draft,
                "reason": outcome.refused,
            })
        })
        .collect::<Vec<_>>();
    let failures = outcomes.iter().filter(|outcome| outcome.refused.is_some());
    json!({
        "model": model,
        "sha256": sha256,
        "briefs": outcomes.len(),
        "sound": sound,
        "share": sound as f64 / outcomes.len().max(1) as f64,
        "sent_unsound": outcomes.iter().filter(|outcome| !outcome.sent_sound).count(),
        "by_language": shares(languages),
        "by_case": shares(cases),
        "samples": samples,
        "refused": failures
            .map(|outcome| json!({
                "case": outcome.case.name(),
                "draft": outcome.draft,
                "reason": outcome.refused,
            }))
            .collect::<Vec<_>>(),
    })
}
