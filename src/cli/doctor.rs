//! `vitrine doctor`: reports the machine's resources and whether the gateway would start. Writes
//! nothing.

use crate::cli::Context;
use crate::hub::layout;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use vitrine_base::memory;
use vitrine_base::memory::MemoryReport;
use vitrine_engine::Tier;

pub(super) fn run(context: &Context) -> anyhow::Result<()> {
    let settings = context.settings(&[])?;
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let installed = memory::installed();
    let tiers: Vec<&str> = Tier::available().into_iter().map(Tier::name).collect();
    let device = if cfg!(feature = "cuda") { "cpu, cuda" } else { "cpu" };
    let models: Vec<String> = layout::list(&settings.models.dir)
        .unwrap_or_default()
        .into_iter()
        .map(|model| model.name)
        .collect();
    let start = crate::app::check(&settings);
    let found = start.iter().flat_map(|checked| &checked.warnings);
    let warnings: Vec<&String> = settings.warnings.iter().chain(found).collect();
    if context.json {
        context.print_json(&json!({
            "cores": cores,
            "memory_bytes": installed.map(|bytes| bytes.0),
            "simd": tiers,
            "tier": settings.tier.name(),
            "devices": device,
            "models_dir": settings.models.dir,
            "models": models,
            "warnings": warnings,
            "ledger": start.as_ref().ok().map(|checked| ledger(&checked.memory)),
            "reader": start.as_ref().ok().map(|checked| &checked.reader),
            "would_start": start.is_ok(),
            "reason": start.as_ref().err().map(|error| format!("{error:#}")),
        }))?;
        return start.map(drop);
    }
    context.print(format_args!("cores    {cores}"))?;
    let installed = installed.map_or_else(|| "unknown".to_owned(), |bytes| bytes.to_string());
    context.print(format_args!("memory   {installed}"))?;
    let tier = settings.tier.name();
    context.print(format_args!("simd     {} (kernels use {tier})", tiers.join(", ")))?;
    context.print(format_args!("devices  {device}"))?;
    context.print(format_args!(
        "models   {} in {}",
        models.len(),
        settings.models.dir.display()
    ))?;
    for name in &models {
        context.print(format_args!("         {name}"))?;
    }
    for warning in warnings {
        context.print(format_args!("warning  {warning}"))?;
    }
    let checked = start?;
    context.print(format_args!("reader   {}", checked.reader))?;
    let report = checked.memory;
    for limit in &report.limits {
        let (key, taken, bytes_max) = (limit.key, limit.taken, limit.bytes_max);
        context.print(format_args!("limit    {key}: {taken} of {bytes_max} granted"))?;
    }
    for (owner, claim) in &report.owners {
        let parts: Vec<String> =
            claim.iter().map(|(account, bytes)| format!("{} {bytes}", account.name())).collect();
        context.print(format_args!("granted  {owner}: {}", parts.join(", ")))?;
    }
    context.print("config   valid; the gateway would start")
}

/// JSON of the memory ledger as the configuration would fill it.
fn ledger(report: &MemoryReport) -> Value {
    let limits = report.limits.iter().map(|limit| {
        json!({
            "key": limit.key,
            "taken_bytes": limit.taken.0,
            "bytes_max": limit.bytes_max.0,
        })
    });
    let accounts = report.accounts.iter();
    let accounts: Map<String, Value> =
        accounts.map(|(account, bytes)| (account.name().to_owned(), json!(bytes.0))).collect();
    json!({ "limits": limits.collect::<Vec<_>>(), "accounts": accounts })
}
