//! `vitrine doctor`: what this machine offers, and whether the configuration would start.

use crate::base::units::Bytes;
use crate::cli::Context;
use crate::config::memory_bytes;
use crate::hub::layout;
use crate::kernels::tier::Tier;
use serde_json::json;

pub(super) fn run(context: &Context) -> anyhow::Result<()> {
    let settings = context.settings(&[])?;
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let memory = memory_bytes();
    let tiers: Vec<&str> = Tier::available().into_iter().map(Tier::name).collect();
    let device = if cfg!(feature = "cuda") { "cpu, cuda" } else { "cpu" };
    let models: Vec<String> = layout::list(&settings.models_dir())
        .unwrap_or_default()
        .into_iter()
        .map(|model| model.name)
        .collect();
    let start = crate::app::check(&settings);
    if context.json {
        context.print_json(&json!({
            "cores": cores,
            "memory_bytes": memory,
            "simd": tiers,
            "tier": settings.tier.name(),
            "devices": device,
            "models_dir": settings.models_dir(),
            "models": models,
            "would_start": start.is_ok(),
            "reason": start.as_ref().err().map(|error| format!("{error:#}")),
        }))?;
        return start;
    }
    context.print(format_args!("cores    {cores}"))?;
    let memory = memory.map_or_else(|| "unknown".to_owned(), |bytes| Bytes(bytes).to_string());
    context.print(format_args!("memory   {memory}"))?;
    let tier = settings.tier.name();
    context.print(format_args!("simd     {} (kernels use {tier})", tiers.join(", ")))?;
    context.print(format_args!("devices  {device}"))?;
    context.print(format_args!(
        "models   {} in {}",
        models.len(),
        settings.models_dir().display()
    ))?;
    for name in &models {
        context.print(format_args!("         {name}"))?;
    }
    if start.is_ok() {
        context.print("config   would start")?;
    }
    start
}
