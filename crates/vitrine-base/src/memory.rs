//! The memory ledger: accounts for all large allocations of the process, by owner and purpose, and
//! enforces the configured limits.
//!
//! Code that is about to allocate a large amount takes a [`Grant`] first and keeps it for as long
//! as the memory; dropping the grant returns the bytes. A claim that does not fit is refused with
//! the figures. Small and short-lived memory (HTTP requests, the buffers of a step) is not counted.
//!
//! Invariants
//! - The sum of all grants never exceeds any limit.
//! - A claim is granted in full or not at all.

use crate::units::Bytes;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

/// What memory is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Account {
    /// Model weights as loaded from the file.
    Weights,
    /// Copies of weights packed for the kernels.
    PackedCopies,
    /// KV-cache pages, cached prefixes included.
    KvPages,
    /// Cached compiled grammars.
    Grammars,
    /// Conversations cached in memory.
    HotConversations,
}

impl Account {
    /// All accounts, in display order.
    pub const ALL: [Self; 5] =
        [Self::Weights, Self::PackedCopies, Self::KvPages, Self::Grammars, Self::HotConversations];

    /// The accounts used by models.
    pub const MODELS: [Self; 3] = [Self::Weights, Self::PackedCopies, Self::KvPages];

    /// The name used in metrics, logs and error messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Weights => "weights",
            Self::PackedCopies => "packed_copies",
            Self::KvPages => "kv_pages",
            Self::Grammars => "grammars",
            Self::HotConversations => "hot_threads",
        }
    }
}

/// A limit on one account, or on the sum of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryLimit {
    /// The configuration key that sets the limit.
    pub key: &'static str,
    /// The accounts it bounds.
    pub accounts: &'static [Account],
    /// Maximum bytes of all `accounts` together.
    pub bytes_max: Bytes,
}

/// A requested or granted amount: bytes per account.
pub type Claim = Vec<(Account, Bytes)>;

/// A claim exceeds a memory limit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{owner} needs {needed} of memory ({parts}), but {key} allows {bytes_max}, of which {free} are \
     free; in use: {taken}",
    parts = list(self.claim.iter().map(|(account, bytes)| (account.name(), *bytes))),
    taken = list(self.taken.iter().map(|(owner, bytes)| (owner.as_str(), *bytes))),
)]
pub struct MemoryError {
    /// The owner that made the claim.
    pub owner: String,
    /// The whole claim.
    pub claim: Claim,
    /// The part of the claim that counts against the limit.
    pub needed: Bytes,
    /// The configuration key of the exceeded limit.
    pub key: &'static str,
    /// The limit, in bytes.
    pub bytes_max: Bytes,
    /// Bytes still available below the limit.
    pub free: Bytes,
    /// The other owners and the bytes they hold under this limit.
    pub taken: Vec<(String, Bytes)>,
}

fn list<'a>(entries: impl Iterator<Item = (&'a str, Bytes)>) -> String {
    let entries: Vec<String> = entries.map(|(name, bytes)| format!("{name} {bytes}")).collect();
    if entries.is_empty() { "nothing".to_owned() } else { entries.join(", ") }
}

/// The claim of one owner.
#[derive(Debug)]
struct LedgerEntry {
    owner: String,
    claim: Claim,
}

impl LedgerEntry {
    fn bytes(&self, accounts: &[Account]) -> u64 {
        sum(&self.claim, accounts)
    }
}

fn sum(claim: &Claim, accounts: &[Account]) -> u64 {
    let counted = claim.iter().filter(|(account, _)| accounts.contains(account));
    counted.fold(0, |sum: u64, (_, bytes)| sum.saturating_add(bytes.0))
}

#[derive(Debug, Default)]
struct LedgerEntries {
    by_id: BTreeMap<u64, LedgerEntry>,
    next_id: u64,
}

/// The memory ledger, shared behind an `Arc`.
#[derive(Debug)]
pub struct MemoryLedger {
    limits: Vec<MemoryLimit>,
    entries: Mutex<LedgerEntries>,
}

impl MemoryLedger {
    /// An empty ledger with the given limits.
    #[must_use]
    pub fn new(limits: Vec<MemoryLimit>) -> Arc<Self> {
        Arc::new(Self { limits, entries: Mutex::default() })
    }

    /// A ledger limited by the memory of the machine only, for commands that load one model and
    /// exit. Unlimited where that figure is not available (see [`installed`]).
    #[must_use]
    pub fn of_machine() -> Arc<Self> {
        let whole = installed().map(|bytes_max| MemoryLimit {
            key: "this machine",
            accounts: &Account::ALL,
            bytes_max,
        });
        Self::new(whole.into_iter().collect())
    }

    /// Grants the whole claim or nothing.
    ///
    /// # Errors
    /// If a limit would be exceeded: the first such limit with its figures.
    pub fn take(self: &Arc<Self>, owner: &str, claim: Claim) -> Result<Grant, MemoryError> {
        let mut entries = self.lock();
        self.check(&entries, owner, &claim, None)?;
        let id = entries.next_id;
        entries.next_id += 1;
        entries.by_id.insert(id, LedgerEntry { owner: owner.to_owned(), claim });
        Ok(Grant { ledger: Arc::clone(self), id })
    }

    /// A snapshot of all limits, accounts and owners.
    #[must_use]
    pub fn report(&self) -> MemoryReport {
        let entries = self.lock();
        let total = |accounts: &[Account]| {
            Bytes(entries.by_id.values().fold(0, |sum, entry| sum + entry.bytes(accounts)))
        };
        let limits = self.limits.iter().map(|limit| LimitUse {
            key: limit.key,
            accounts: limit.accounts,
            taken: total(limit.accounts),
            bytes_max: limit.bytes_max,
        });
        MemoryReport {
            limits: limits.collect(),
            accounts: Account::ALL.map(|account| (account, total(&[account]))).to_vec(),
            owners: entries
                .by_id
                .values()
                .map(|entry| (entry.owner.clone(), entry.claim.clone()))
                .collect(),
        }
    }

    /// Refuses a claim that exceeds a limit. The entry `replaced` is not counted.
    fn check(
        &self,
        entries: &LedgerEntries,
        owner: &str,
        claim: &Claim,
        replaced: Option<u64>,
    ) -> Result<(), MemoryError> {
        for limit in &self.limits {
            let needed = sum(claim, limit.accounts);
            let others = || entries.by_id.iter().filter(|(id, _)| Some(**id) != replaced);
            let taken = others()
                .fold(0, |sum: u64, (_, entry)| sum.saturating_add(entry.bytes(limit.accounts)));
            let free = limit.bytes_max.0.saturating_sub(taken);
            if needed > free {
                return Err(MemoryError {
                    owner: owner.to_owned(),
                    claim: claim.clone(),
                    needed: Bytes(needed),
                    key: limit.key,
                    bytes_max: limit.bytes_max,
                    free: Bytes(free),
                    taken: others()
                        .map(|(_, entry)| (entry.owner.clone(), Bytes(entry.bytes(limit.accounts))))
                        .filter(|(_, bytes)| bytes.0 > 0)
                        .collect(),
                });
            }
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, LedgerEntries> {
        // Every change is a single insertion, replacement or removal, so a panic cannot leave the
        // entries in an inconsistent state.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A reservation in the ledger. Keep it for as long as the memory; dropping it returns the bytes.
#[derive(Debug)]
pub struct Grant {
    ledger: Arc<MemoryLedger>,
    id: u64,
}

impl Grant {
    /// Replaces the granted claim, usually an estimate, by the actual amount.
    ///
    /// # Errors
    /// If a limit would be exceeded; the grant is then unchanged.
    pub fn settle(&mut self, claim: Claim) -> Result<(), MemoryError> {
        let mut entries = self.ledger.lock();
        let owner = entries.by_id.get(&self.id).map(|entry| entry.owner.clone());
        let owner = owner.unwrap_or_default();
        self.ledger.check(&entries, &owner, &claim, Some(self.id))?;
        entries.by_id.insert(self.id, LedgerEntry { owner, claim });
        Ok(())
    }

    /// Granted bytes, all accounts together.
    #[must_use]
    pub fn bytes(&self) -> Bytes {
        let entries = self.ledger.lock();
        Bytes(entries.by_id.get(&self.id).map_or(0, |entry| entry.bytes(&Account::ALL)))
    }
}

impl Drop for Grant {
    fn drop(&mut self) {
        self.ledger.lock().by_id.remove(&self.id);
    }
}

/// A snapshot of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoryReport {
    /// All limits with their use.
    pub limits: Vec<LimitUse>,
    /// All accounts with their totals.
    pub accounts: Vec<(Account, Bytes)>,
    /// All owners with their claims, oldest grant first.
    pub owners: Vec<(String, Claim)>,
}

/// The use of one limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitUse {
    /// The configuration key that sets the limit.
    pub key: &'static str,
    /// The accounts it bounds.
    pub accounts: &'static [Account],
    /// Bytes granted under the limit.
    pub taken: Bytes,
    /// The limit, in bytes.
    pub bytes_max: Bytes,
}

/// Resident memory (RSS) of this process; `None` where the system does not report it (anything but
/// Linux).
#[must_use]
pub fn resident() -> Option<Bytes> {
    kibibytes_of("/proc/self/status", "VmRSS:")
}

/// Memory available to this process: the machine's RAM, or the limit of its container if that is
/// lower (control groups, versions 2 and 1). `None` where the system does not report it (anything
/// but Linux).
#[must_use]
pub fn installed() -> Option<Bytes> {
    let machine = kibibytes_of("/proc/meminfo", "MemTotal:")?;
    let limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    let smallest = limits
        .into_iter()
        .filter_map(|path| std::fs::read_to_string(path).ok()?.trim().parse().ok())
        .map(Bytes)
        .min();
    Some(smallest.map_or(machine, |limit| limit.min(machine)))
}

fn kibibytes_of(path: &str, key: &str) -> Option<Bytes> {
    let text = std::fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(key))?;
    let kibibytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(Bytes(kibibytes.saturating_mul(1024)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMITS: [MemoryLimit; 2] = [
        MemoryLimit { key: "models", accounts: &Account::MODELS, bytes_max: Bytes(100) },
        MemoryLimit { key: "kv", accounts: &[Account::KvPages], bytes_max: Bytes(30) },
    ];

    fn claim(weights: u64, kv: u64) -> Claim {
        vec![(Account::Weights, Bytes(weights)), (Account::KvPages, Bytes(kv))]
    }

    #[test]
    fn claim_over_a_limit_is_refused_and_names_the_other_owners() {
        let ledger = MemoryLedger::new(LIMITS.to_vec());
        let first = ledger.take("drafter", claim(60, 10)).unwrap();
        let refused = ledger.take("other", claim(25, 10)).unwrap_err();
        assert_eq!((refused.needed, refused.free), (Bytes(35), Bytes(30)));
        let said = refused.to_string();
        for part in ["other needs 35 B", "weights 25 B", "models allows 100 B", "drafter 70 B"] {
            assert!(said.contains(part), "{said}");
        }
        assert_eq!(ledger.take("pages", claim(0, 21)).unwrap_err().key, "kv");
        drop(first);
        assert!(ledger.take("other", claim(25, 10)).is_ok(), "dropping a grant returns its bytes");
        assert!(ledger.report().owners.is_empty());
    }

    #[test]
    fn an_estimate_can_be_settled_but_never_beyond_a_limit() {
        let ledger = MemoryLedger::new(LIMITS.to_vec());
        let mut grant = ledger.take("drafter", claim(60, 10)).unwrap();
        grant.settle(claim(90, 10)).unwrap();
        assert!(grant.settle(claim(91, 10)).is_err());
        assert_eq!(grant.bytes(), Bytes(100));
        let report = ledger.report();
        assert_eq!(report.limits[1].taken, Bytes(10));
        assert_eq!(report.accounts[0], (Account::Weights, Bytes(90)));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn resident_memory_is_below_installed_memory() {
        let (installed, resident) = (installed().unwrap(), resident().unwrap());
        assert!(resident < installed && resident.0 > 0);
    }

    proptest! {
        #[test]
        fn no_limit_is_overrun_and_nothing_is_lost(
            steps in prop::collection::vec((any::<Option<u8>>(), 0_u64..50, 0_u64..20), 0..100),
        ) {
            let ledger = MemoryLedger::new(LIMITS.to_vec());
            let mut held: Vec<(Grant, u64)> = Vec::new();
            for (drops, weights, kv) in steps {
                match drops {
                    Some(at) if !held.is_empty() => {
                        drop(held.swap_remove(usize::from(at) % held.len()));
                    }
                    _ => if let Ok(grant) = ledger.take("owner", claim(weights, kv)) {
                        held.push((grant, weights + kv));
                    }
                }
                let report = ledger.report();
                for limit in &report.limits {
                    prop_assert!(limit.taken <= limit.bytes_max);
                }
                let total: u64 = held.iter().map(|(_, bytes)| bytes).sum();
                prop_assert_eq!(report.limits[0].taken, Bytes(total));
                prop_assert_eq!(report.owners.len(), held.len());
            }
        }
    }
}
