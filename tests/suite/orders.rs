//! Orders and their settling, by HTTP, through a stand-in for DOKU, on both databases: each rule beside its twin.

mod buying;
mod commands;
mod notices;
mod reconciling;
mod refunds;
