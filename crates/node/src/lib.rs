//! One running deployment: opens the store, connects the domain modules to each other through the
//! border, runs their work, and carries out the operator's commands.

pub mod command;
pub mod config;
pub mod control;
