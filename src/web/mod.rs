//! Pages, JSON, hooks and sockets: the only code that knows actix-web and askama.

pub mod media;
