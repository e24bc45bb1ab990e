//! Types of configuration values: what each one accepts, its older forms, and how an environment
//! variable spells it.
//!
//! `setting` defines the trait that all of them implement.

pub(super) mod bounds;
pub(super) mod choice;
pub(super) mod list;
pub(super) mod number;
pub(super) mod setting;
pub(super) mod text;
pub(super) mod url;
pub(super) mod word;

#[cfg(test)]
pub(super) mod reference;
