//! `retention.tenants`: the retention periods of tenants that differ from the general ones.
//!
//! A table per tenant, `[retention.tenants.NAME]`. Earlier versions expected entries of the form
//! `NAME KEY=DAYS …`, separated by `;`.

use crate::config::error::ConfigError;
use crate::config::value::bounds::CENTURY_DAYS;
use crate::config::value::number::Within;
use crate::config::value::setting::Form;
use crate::config::value::setting::KeyContext;
use crate::config::value::setting::Refused;
use crate::config::value::setting::Setting;
use crate::config::value::setting::old_text;
use crate::config::value::setting::toml_or_text;
use std::collections::BTreeMap;
use toml::Table;
use toml::Value;
use vitrine_base::ids::TenantId;

/// The keys of a tenant's table.
const KEYS: &str = "threads_days, profiles_days, personalisation_days, outreach_days";

/// The older form of a tenant's entry, for messages.
const OLD_FORM: &str = "a tenant's name followed by threads_days=DAYS, profiles_days=DAYS, \
    personalisation_days=DAYS or outreach_days=DAYS, with 1 day or more";

/// A retention period in days.
type Days = Within<1, CENTURY_DAYS, u32>;

/// The periods that one tenant sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct TenantPeriods {
    pub(crate) threads_days: Option<Days>,
    pub(crate) profiles_days: Option<Days>,
    pub(crate) personalisation_days: Option<Days>,
    pub(crate) outreach_days: Option<Days>,
}

impl Setting for TenantPeriods {
    fn allowed() -> String {
        format!("a table with any of {KEYS}")
    }

    fn read(value: &Value) -> Result<Self, Refused> {
        let mut periods = Self::default();
        for (key, value) in value.as_table().ok_or_else(|| Refused::of::<Self>(value))? {
            let period = match key.as_str() {
                "threads_days" => &mut periods.threads_days,
                "profiles_days" => &mut periods.profiles_days,
                "personalisation_days" => &mut periods.personalisation_days,
                "outreach_days" => &mut periods.outreach_days,
                _ => return Err(Refused::new(&Value::String(key.clone()), KEYS)),
            };
            *period = Some(Days::read(value).map_err(|refused| refused.below(&below(key)))?);
        }
        Ok(periods)
    }
}

/// The periods of every tenant that sets some.
pub(crate) type Tenants = BTreeMap<TenantId, TenantPeriods>;

impl Setting for Tenants {
    fn allowed() -> String {
        format!("a table of tenants, each {}", TenantPeriods::allowed())
    }

    fn read(value: &Value) -> Result<Self, Refused> {
        let tenants = value.as_table().ok_or_else(|| Refused::of::<Self>(value))?;
        tenants
            .iter()
            .map(|(name, periods)| {
                let tenant = TenantId::read(&Value::String(name.clone()))?;
                let periods = TenantPeriods::read(periods);
                Ok((tenant, periods.map_err(|refused| refused.below(&below(name)))?))
            })
            .collect()
    }

    fn from_text(text: &str) -> Option<Value> {
        if text.is_empty() {
            return Some(Value::Table(Table::new()));
        }
        Some(toml_or_text(text))
    }

    fn form(value: &Value, context: &KeyContext<'_>) -> Result<Form, ConfigError> {
        let Some(text) = old_text(value) else { return Ok(Form::Current) };
        let mut tenants = Table::new();
        for entry in text.split(';').map(str::trim).filter(|entry| !entry.is_empty()) {
            let (name, periods) = old_entry(entry).ok_or_else(|| {
                context.refuse(Refused::new(&Value::String(entry.to_owned()), OLD_FORM))
            })?;
            tenants.insert(name, Value::Table(periods));
        }
        Ok(Form::Old(Value::Table(tenants)))
    }
}

fn below(key: &str) -> String {
    format!(".{key}")
}

/// Reads `NAME KEY=DAYS …`; `None` if it has another form or names another key.
fn old_entry(entry: &str) -> Option<(String, Table)> {
    let mut words = entry.split_whitespace();
    let name = words.next()?.to_owned();
    let mut periods = Table::new();
    for word in words {
        let (key, days) = word.split_once('=')?;
        periods.insert(key.to_owned(), Value::Integer(days.parse().ok()?));
    }
    let valid = TenantId::new(name.as_str()).is_ok()
        && TenantPeriods::read(&Value::Table(periods.clone())).is_ok();
    valid.then_some((name, periods))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: KeyContext<'static> = KeyContext { key: "retention.tenants", location: "file" };

    /// Reads the older form.
    fn old(text: &str) -> Result<Tenants, ConfigError> {
        let text = Value::String(text.to_owned());
        let Form::Old(table) = Tenants::form(&text, &PLACE)? else { panic!("the present form") };
        Ok(Tenants::read(&table).unwrap())
    }

    #[test]
    fn both_forms_hold_only_the_periods_that_a_tenant_sets() {
        let text =
            "{ shop-a = { threads_days = 30, profiles_days = 9, outreach_days = 7 }, shop-b = {} }";
        let tenants = Tenants::read(&Tenants::from_text(text).unwrap()).unwrap();
        let shop_a = tenants[&TenantId::new("shop-a").unwrap()];
        let said = (shop_a.threads_days, shop_a.profiles_days, shop_a.outreach_days);
        assert_eq!(said, (Some(Within(30)), Some(Within(9)), Some(Within(7))));
        assert_eq!(shop_a.personalisation_days, None);
        assert_eq!(tenants[&TenantId::new("shop-b").unwrap()], TenantPeriods::default());
        let same = "shop-a threads_days=30 profiles_days=9 outreach_days=7; shop-b";
        assert_eq!(old(same).unwrap(), tenants);
        assert!(old(" ").unwrap().is_empty());
    }

    #[test]
    fn entries_in_the_older_form_that_cannot_be_read_are_refused_with_what_is_allowed() {
        for entry in ["a threads_days", "a threads_days=0", "a days=3", "a threads_days=-1"] {
            let refused = old(entry).unwrap_err().to_string();
            assert!(refused.contains(entry) && refused.contains("threads_days"), "{refused}");
        }
    }

    #[test]
    fn a_refused_period_is_named_by_tenant_and_key() {
        for (text, path, found, allowed) in [
            ("{ a = { threads_days = 0 } }", ".a.threads_days", "0", "1 to 36500"),
            ("{ a = { days = 3 } }", ".a", "days", "threads_days, profiles_days"),
            ("{ a = 3 }", ".a", "3", "a table with any of threads_days"),
        ] {
            let refused = Tenants::read(&Tenants::from_text(text).unwrap()).unwrap_err();
            assert_eq!((refused.path.as_str(), refused.found.as_str()), (path, found));
            assert!(refused.allowed.contains(allowed), "{refused:?}");
        }
    }
}
