//! Pages for viewers: the askama struct beside its handler.
