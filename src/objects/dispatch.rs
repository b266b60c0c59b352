//! rusoto's requests on a living HTTP stack.
