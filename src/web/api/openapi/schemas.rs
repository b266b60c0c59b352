//! Shapes of the house's own words and numbers.

use std::borrow::Cow;

use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{KnownFormat, RefOr, Schema, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

use crate::accounts::Role;
use crate::clock::Micros;
use crate::config::Language;
use crate::events::{EventStatus, FightStatus};
use crate::flows::{Unlocked, Voted};
use crate::ids::{AccountId, EventSlug, Invoice, RowId};
use crate::ledger::Kind;
use crate::money::{Coins, Rupiah};
use crate::payments::OrderStatus;

/// Makes plain shapes.
pub(super) struct Shape;

impl Shape {
    /// A text of so many characters.
    pub(super) fn text(min: usize, max: usize) -> RefOr<Schema> {
        let built = ObjectBuilder::new().schema_type(SchemaType::new(Type::String)).min_length(Some(min));
        built.max_length((max != usize::MAX).then_some(max)).into()
    }

    /// A text that fits a pattern.
    pub(super) fn pattern(pattern: &str) -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(SchemaType::new(Type::String)).pattern(Some(pattern)).into()
    }

    /// One of these words.
    pub(super) fn one_of(words: &[&str]) -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(SchemaType::new(Type::String)).enum_values(Some(words.iter().copied())).into()
    }

    /// A whole number from 0.
    pub(super) fn count() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::new(Type::Integer))
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
            .minimum(Some(0))
            .into()
    }

    /// A whole number.
    fn number(words: &str) -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::new(Type::Integer))
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
            .description(Some(words))
            .into()
    }

    /// Bytes.
    pub(super) fn bytes() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::new(Type::String))
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
            .into()
    }

    /// Whatever.
    pub(super) fn anything() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(SchemaType::AnyValue).into()
    }
}

/// A ULID in its 26 characters.
pub(super) fn ulid_shape() -> RefOr<Schema> {
    Shape::pattern("^[0-7][0-9A-HJKMNP-TV-Z]{25}$")
}

/// A slug.
pub(super) fn word_shape() -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::String))
        .pattern(Some("^[a-z0-9]+(-[a-z0-9]+)*$"))
        .max_length(Some(64))
        .into()
}

macro_rules! shape {
    ($($type:ty, $name:literal, $shape:expr;)*) => {$(
        impl PartialSchema for $type {
            fn schema() -> RefOr<Schema> {
                $shape
            }
        }
        impl ToSchema for $type {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed($name)
            }
        }
    )*};
}

shape! {
    Coins, "Coins", Shape::number("Prepaid coins, whole.");
    Rupiah, "Rupiah", Shape::number("Indonesian rupiah, whole.");
    RowId, "Id", ulid_shape();
    AccountId, "AccountId", ulid_shape();
    Invoice, "Invoice", Shape::pattern("^BH[0-7][0-9A-HJKMNP-TV-Z]{25}$");
    EventSlug, "Slug", word_shape();
    EventStatus, "EventStatus", Shape::one_of(&["draft", "published", "ended"]);
    Micros, "Micros", Shape::number("A moment: microseconds since 1970, UTC.");
    Kind, "MovementType", Shape::one_of(&Kind::ALL.map(Kind::as_str));
    OrderStatus, "OrderStatus", Shape::one_of(&["pending", "paid", "expired", "failed"]);
    Role, "Role", Shape::one_of(&Role::ALL.map(Role::as_str));
    Language, "Language", Shape::one_of(&["id", "en"]);
    FightStatus, "FightStatus", Shape::one_of(&["scheduled", "live", "ended"]);
}

impl PartialSchema for Unlocked {
    fn schema() -> RefOr<Schema> {
        let coins = || RefOr::Ref(utoipa::openapi::Ref::from_schema_name("Coins"));
        ObjectBuilder::new()
            .description(Some("What opening something has come to."))
            .property("charged_coins", coins())
            .required("charged_coins")
            .property("balance", coins())
            .required("balance")
            .into()
    }
}

impl ToSchema for Unlocked {
    fn schemas(into: &mut Vec<(String, RefOr<Schema>)>) {
        into.push((Coins::name().into_owned(), Coins::schema()));
    }
}

impl PartialSchema for Voted {
    fn schema() -> RefOr<Schema> {
        let coins = || RefOr::Ref(utoipa::openapi::Ref::from_schema_name("Coins"));
        let all = [
            ("votes", Shape::count()),
            ("votes_left", Shape::count()),
            ("charged_coins", coins()),
            ("balance", coins()),
        ];
        let built = ObjectBuilder::new().description(Some("What a vote has come to."));
        all.into_iter().fold(built, |built, (name, shape)| built.property(name, shape).required(name)).into()
    }
}

impl ToSchema for Voted {
    fn schemas(into: &mut Vec<(String, RefOr<Schema>)>) {
        into.push((Coins::name().into_owned(), Coins::schema()));
    }
}

/// What every refusal looks like.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its shape is used: refusals are written by the web's error")]
pub(super) struct Problem {
    error: ProblemDetail,
}

/// A refusal or a fault.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its shape is used: refusals are written by the web's error")]
struct ProblemDetail {
    /// Stable, for programs: `ledger.insufficient_coins`.
    code: String,
    /// One sentence for people.
    message: String,
    /// To quote when asking for help; only of faults.
    #[schema(required)]
    incident: Option<String>,
}
