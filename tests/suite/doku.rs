//! DOKU Checkout against a stand-in: the adapter itself, and the whole of it by the public door.

mod adapter;
mod doctor;
mod door;
mod shop;
