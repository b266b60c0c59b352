//! Coin packages as stored; orders and providers come with the money.
