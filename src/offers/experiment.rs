//! Holdout experiment: assigns each customer to the treatment or the holdout arm.
//!
//! Pure. The arm depends only on tenant, customer and salt, not on turn, channel or time, so all
//! revenue of a customer counts for one arm (intention to treat). Raising the holdout share keeps
//! every customer who was already held out.
//!
//! Source: random holdouts with hashed assignment, Kohavi, Tang & Xu 2020, "Trustworthy Online
//! Controlled Experiments".

use sha2::Digest;
use sha2::Sha256;

/// Bits of the hash that are compared with the share: as many as an `f64` holds exactly.
const DRAW_BITS: u32 = 53;

/// Arm of the experiment that a customer is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Arm {
    /// May receive offers.
    Treatment,
    /// Never receives offers; the baseline that measures what offers bring.
    Holdout,
}

impl Arm {
    /// Wire name: `treatment` or `holdout`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Treatment => "treatment",
            Self::Holdout => "holdout",
        }
    }

    /// Parses a wire name; `None` for anything else.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Treatment, Self::Holdout].into_iter().find(|arm| arm.name() == name)
    }
}

/// A customer's arm and its probability; records of an experiment need both.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Assignment {
    /// Arm of the customer.
    pub arm: Arm,
    /// Probability that a random customer is in this arm, 0 to 1.
    pub propensity: f64,
}

/// Why an experiment cannot be set up.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ExperimentError {
    /// The share is not a number from 0 to 1.
    #[error("holdout share is {found}, allowed: 0 to 1")]
    Share {
        /// Share found; may be NaN.
        found: f64,
    },
}

/// Parameters of an experiment.
#[derive(Debug, Clone, PartialEq)]
pub struct ExperimentOptions {
    /// Share of customers held out, 0 to 1; `offers.holdout_share`, 0.1 by default.
    pub holdout_share: f64,
    /// Name of the experiment; a new name reassigns all customers. The gateway uses `offers-1`.
    pub salt: String,
}

/// Assigns customers to arms.
#[derive(Debug, Clone, PartialEq)]
pub struct Experiment {
    options: ExperimentOptions,
}

impl Experiment {
    /// The same experiment with everybody in the treatment arm.
    #[must_use]
    pub fn without_holdout(&self) -> Self {
        Self { options: ExperimentOptions { holdout_share: 0.0, ..self.options.clone() } }
    }

    /// Checks the options.
    ///
    /// # Errors
    /// If the holdout share is not a number from 0 to 1.
    pub fn new(options: ExperimentOptions) -> Result<Self, ExperimentError> {
        if (0.0..=1.0).contains(&options.holdout_share) {
            Ok(Self { options })
        } else {
            Err(ExperimentError::Share { found: options.holdout_share })
        }
    }

    /// Arm of a customer of a tenant; `subject` is the customer's id, or the conversation's if the
    /// customer is unknown.
    #[must_use]
    pub fn assign(&self, tenant: &str, subject: &str) -> Assignment {
        let share = self.options.holdout_share;
        if draw(&[&self.options.salt, tenant, subject]) < share {
            Assignment { arm: Arm::Holdout, propensity: share }
        } else {
            Assignment { arm: Arm::Treatment, propensity: 1.0 - share }
        }
    }
}

/// A number in [0, 1) that depends only on `parts`.
#[expect(clippy::cast_precision_loss, reason = "53 bits are exact in an f64")]
fn draw(parts: &[&str]) -> f64 {
    let mut hasher = Sha256::new();
    for part in parts {
        // The length prefix keeps ("ab", "c") apart from ("a", "bc").
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    let digest = hasher.finalize();
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    let bits = u64::from_be_bytes(first) >> (u64::BITS - DRAW_BITS);
    bits as f64 / (1_u64 << DRAW_BITS) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn experiment(holdout_share: f64, salt: &str) -> Experiment {
        Experiment::new(ExperimentOptions { holdout_share, salt: salt.to_owned() }).unwrap()
    }

    fn held_out(experiment: &Experiment) -> Vec<usize> {
        (0..10_000)
            .filter(|n| experiment.assign("shop", &format!("c-{n}")).arm == Arm::Holdout)
            .collect()
    }

    #[test]
    fn a_customer_stays_in_one_arm() {
        let experiment = experiment(0.5, "a");
        for n in 0..100 {
            let subject = format!("c-{n}");
            assert_eq!(experiment.assign("shop", &subject), experiment.assign("shop", &subject));
        }
        // Pinned: another hash would mix the arms of a running experiment.
        let first: String = (0..12)
            .map(|n| experiment.assign("shop", &format!("c-{n}")).arm.name().get(..1).unwrap())
            .collect();
        assert_eq!(first, "hhhhhtththht");
    }

    #[test]
    fn shares_are_met_and_grow_without_mixing() {
        let small = held_out(&experiment(0.1, "a"));
        let large = held_out(&experiment(0.2, "a"));
        // Three standard deviations of 10,000 draws at 0.1 are 90, at 0.2 they are 120.
        assert!((910..=1_090).contains(&small.len()), "{}", small.len());
        assert!((1_880..=2_120).contains(&large.len()), "{}", large.len());
        assert!(small.iter().all(|n| large.binary_search(n).is_ok()));
        assert!(held_out(&experiment(0.0, "a")).is_empty());
        assert_eq!(held_out(&experiment(1.0, "a")).len(), 10_000);
    }

    #[test]
    fn tenants_and_salts_draw_apart() {
        let a = held_out(&experiment(0.5, "a"));
        assert_ne!(a, held_out(&experiment(0.5, "b")));
        let e = experiment(0.5, "a");
        let others = (0..100).filter(|n| {
            let subject = format!("c-{n}");
            e.assign("shop", &subject) != e.assign("outlet", &subject)
        });
        assert!((20..80).contains(&others.count()));
        assert!(draw(&["ab", "c"]) != draw(&["a", "bc"]));
    }

    #[test]
    fn propensities_are_those_of_the_arms() {
        let experiment = experiment(0.25, "a");
        for n in 0..50 {
            let assigned = experiment.assign("shop", &n.to_string());
            let expected = match assigned.arm {
                Arm::Holdout => 0.25,
                Arm::Treatment => 0.75,
            };
            assert!((assigned.propensity - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn impossible_shares_are_refused() {
        for share in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            let options = ExperimentOptions { holdout_share: share, salt: String::new() };
            assert!(Experiment::new(options).is_err(), "{share}");
        }
    }
}
