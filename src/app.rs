//! The composition root: builds the parts, starts and stops them. Used by `serve` and by every test.
