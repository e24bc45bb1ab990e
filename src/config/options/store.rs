//! Options of the conversation store and of its upkeep.

use crate::config::error::ConfigError;
use crate::config::options::folder;
use crate::config::options::server::in_memory;
use crate::config::raw::Raw;
use crate::config::raw::gateway::Retention;
use crate::config::tenants::TenantPeriods;
use crate::config::value::number::Within;
use crate::config::values::Values;
use jiff::SignedDuration;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use vitrine_conversations::EmbeddedOptions;
use vitrine_conversations::HotOptions;
use vitrine_conversations::OpenCheck;
use vitrine_conversations::RetentionPeriods;
use vitrine_conversations::UpkeepOptions;

/// Name of the store's file in `data.dir`.
const STORE_FILE: &str = "threads.redb";

/// Memory for cached pages of the store's file, in bytes.
const STORE_CACHE_BYTES: usize = 64 << 20;

/// Largest conversation record before packing, in bytes; far above what the limits of a turn allow.
/// A dialogue state within its own limit fits, with every quotation mark escaped.
const CONVERSATION_BYTES_MAX: usize = 192 << 10;
/// Largest encoded turn record, answer included, in bytes; likewise.
const TURN_BYTES_MAX: usize = 256 << 10;

/// Most conversations cached in memory; usually `threads.hot_bytes_max` is reached first.
const HOT_CONVERSATIONS_MAX: usize = 100_000;

/// The folder of `data.dir`.
///
/// # Errors
/// If it cannot be a folder.
pub(crate) fn data(raw: &Raw, root: &Path, values: &Values) -> Result<PathBuf, ConfigError> {
    folder("data.dir", &raw.data.dir, root, values)
}

/// Options of the store, whose file lies in `data`.
///
/// # Errors
/// If the machine cannot address as much memory as the cache may take.
pub(crate) fn store(
    raw: &Raw,
    data: &Path,
    values: &Values,
) -> Result<EmbeddedOptions, ConfigError> {
    let threads = &raw.threads;
    Ok(EmbeddedOptions {
        path: data.join(STORE_FILE),
        cache_bytes: STORE_CACHE_BYTES,
        queue_writes_max: threads.writes_waiting_max.0,
        group_writes_max: threads.writes_per_commit_max.0,
        conversation_bytes_max: CONVERSATION_BYTES_MAX,
        turn_bytes_max: TURN_BYTES_MAX,
        hot: HotOptions {
            conversations_max: HOT_CONVERSATIONS_MAX,
            bytes_max: in_memory("threads.hot_bytes_max", threads.hot_bytes_max.0, values)?,
        },
        open_check: OpenCheck::AfterCrash,
        recovery: threads.recovery,
    })
}

/// Options of the store's upkeep.
pub(crate) fn upkeep(raw: &Retention) -> UpkeepOptions {
    let kept = general_periods(raw);
    let tenants = raw.tenants.iter();
    UpkeepOptions {
        messages_kept: days(raw.messages_days),
        tombstones_kept: days(raw.tombstones_days),
        kept,
        tenants_kept: tenants
            .map(|(tenant, periods)| (tenant.clone(), tenant_periods(*periods, kept)))
            .collect(),
        step: Duration::from_millis(raw.sweep_ms.0),
        step_entries_max: raw.sweep_entries_max.0,
        rewrite: Duration::from_secs(raw.rewrite_hours.0.saturating_mul(3600)),
    }
}

fn general_periods(raw: &Retention) -> RetentionPeriods {
    RetentionPeriods {
        conversations: days(raw.threads_days),
        profiles: days(raw.profiles_days),
        personalisation: days(raw.personalisation_days),
        outreach: days(raw.outreach_days),
    }
}

/// The periods of a tenant: its own, and the general ones for those that it does not set.
fn tenant_periods(own: TenantPeriods, general: RetentionPeriods) -> RetentionPeriods {
    RetentionPeriods {
        conversations: own.threads_days.map_or(general.conversations, days),
        profiles: own.profiles_days.map_or(general.profiles, days),
        personalisation: own.personalisation_days.map_or(general.personalisation, days),
        outreach: own.outreach_days.map_or(general.outreach, days),
    }
}

fn days<const MIN: u64, const MAX: u64>(days: Within<MIN, MAX, u32>) -> SignedDuration {
    SignedDuration::from_hours(i64::from(days.0) * 24)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_overrides_only_the_periods_it_sets() {
        let general = RetentionPeriods {
            conversations: days(Within::<1, 400, u32>(100)),
            profiles: days(Within::<1, 400, u32>(200)),
            personalisation: days(Within::<1, 400, u32>(300)),
            outreach: days(Within::<1, 400, u32>(400)),
        };
        let own = TenantPeriods { outreach_days: Some(Within(7)), ..TenantPeriods::default() };
        let expected = RetentionPeriods { outreach: SignedDuration::from_hours(168), ..general };
        assert_eq!(tenant_periods(own, general), expected);
        assert_eq!(tenant_periods(TenantPeriods::default(), general), general);
    }
}
