//! `vitrine doctor`: what this machine offers, and whether the configuration would start.

use crate::base::units::Bytes;
use crate::cli::Context;
use crate::config::memory_bytes;
use crate::hub::layout;
use serde_json::json;

pub(super) fn run(context: &Context) -> anyhow::Result<()> {
    let settings = context.settings(&[])?;
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let memory = memory_bytes();
    let tiers = simd_tiers();
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
    context.print(format_args!("simd     {}", tiers.join(", ")))?;
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

/// What the processor can do, as far as the kernels care.
fn simd_tiers() -> Vec<&'static str> {
    #[cfg(target_arch = "x86_64")]
    {
        let tiers = [
            ("avx2", std::arch::is_x86_feature_detected!("avx2")),
            ("avx-vnni", std::arch::is_x86_feature_detected!("avxvnni")),
            ("avx512-vnni", std::arch::is_x86_feature_detected!("avx512vnni")),
            ("avx512-bf16", std::arch::is_x86_feature_detected!("avx512bf16")),
        ];
        let found = tiers.into_iter().filter(|(_, has)| *has).map(|(name, _)| name);
        std::iter::once("scalar").chain(found).collect()
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        vec!["scalar"]
    }
}
