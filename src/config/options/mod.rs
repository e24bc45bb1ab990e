//! Turns the sections into the finished options of their consumers, and checks what one value alone
//! does not show: values against each other, against the machine and against files.

pub(super) mod callbacks;
pub(super) mod models;
pub(super) mod server;
pub(super) mod shop;
pub(super) mod store;
pub(super) mod turn;
