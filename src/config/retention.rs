//! Retention periods: the general ones, and those of tenants that override them.
//!
//! `retention.tenants` holds entries of the form `NAME KEY=DAYS …`, separated by `;`. A tenant
//! keeps the general period of each key that its entry does not set.

use crate::config::ConfigError;
use crate::config::raw::Retention;
use crate::config::value;
use jiff::SignedDuration;
use std::collections::BTreeMap;
use vitrine_base::ids::TenantId;
use vitrine_conversations::RetentionPeriods;

/// Separates the tenants' entries.
const SEPARATOR: char = ';';

/// Shortest time that an erasure must be remembered, in days: channels redeliver messages for up
/// to 7 days, and a redelivery must not bring back erased data.
pub(super) const TOMBSTONES_DAYS_MIN: u32 = 8;

/// The form of a tenant's entry, for error messages.
const ALLOWED: &str = "a tenant's name followed by threads_days=DAYS, profiles_days=DAYS, \
    personalisation_days=DAYS or outreach_days=DAYS, with 1 day or more";

/// Returns the general periods and those of the tenants that override them.
///
/// # Errors
/// If a tenant's entry does not have the form above.
pub(super) fn read(
    raw: &Retention,
) -> Result<(RetentionPeriods, BTreeMap<TenantId, RetentionPeriods>), ConfigError> {
    Ok((general_periods(raw), tenants(raw)?))
}

fn general_periods(raw: &Retention) -> RetentionPeriods {
    RetentionPeriods {
        conversations: days(raw.threads_days),
        profiles: days(raw.profiles_days),
        personalisation: days(raw.personalisation_days),
        outreach: days(raw.outreach_days),
    }
}

fn tenants(raw: &Retention) -> Result<BTreeMap<TenantId, RetentionPeriods>, ConfigError> {
    let entries = raw.tenants.split(SEPARATOR).map(str::trim).filter(|entry| !entry.is_empty());
    entries
        .map(|entry| {
            tenant(entry, general_periods(raw))
                .ok_or_else(|| value("retention.tenants", entry, ALLOWED))
        })
        .collect()
}

fn tenant(entry: &str, mut kept: RetentionPeriods) -> Option<(TenantId, RetentionPeriods)> {
    let mut words = entry.split_whitespace();
    let tenant = TenantId::new(words.next()?).ok()?;
    for word in words {
        let (key, found) = word.split_once('=')?;
        let found = days(found.parse().ok().filter(|found| *found > 0)?);
        match key {
            "threads_days" => kept.conversations = found,
            "profiles_days" => kept.profiles = found,
            "personalisation_days" => kept.personalisation = found,
            "outreach_days" => kept.outreach = found,
            _ => return None,
        }
    }
    Some((tenant, kept))
}

fn days(days: u32) -> SignedDuration {
    SignedDuration::from_hours(i64::from(days) * 24)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(tenants: &str) -> Result<BTreeMap<TenantId, RetentionPeriods>, ConfigError> {
        let raw = Retention { tenants: tenants.to_owned(), ..Retention::default() };
        super::read(&raw).map(|(_, tenants)| tenants)
    }

    #[test]
    fn a_tenant_overrides_only_the_periods_it_sets() {
        let kept = read("shop-a threads_days=30 profiles_days=9 outreach_days=7; shop-b").unwrap();
        let general_periods = general_periods(&Retention::default());
        let shop_a = &kept[&TenantId::new("shop-a").unwrap()];
        let said = (shop_a.conversations, shop_a.profiles, shop_a.outreach);
        assert_eq!(said, (days(30), days(9), days(7)));
        assert_eq!(shop_a.personalisation, general_periods.personalisation);
        assert_eq!(kept[&TenantId::new("shop-b").unwrap()], general_periods);
        assert!(read(" ").unwrap().is_empty());
    }

    #[test]
    fn entries_that_cannot_be_read_are_refused_with_what_is_allowed() {
        for entry in ["a threads_days", "a threads_days=0", "a days=3", "a threads_days=-1"] {
            let refused = read(entry).unwrap_err().to_string();
            assert!(refused.contains(entry) && refused.contains("threads_days"), "{refused}");
        }
    }
}
