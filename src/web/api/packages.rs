//! `GET /api/v1/coin-packages`: what is sold.

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::config::PaymentGateway;
use crate::ids::RowId;
use crate::money::{Coins, Rupiah};
use crate::payments::CoinPackage;
use crate::web::Site;
use crate::web::error::Problem;

/// What is sold, in the order of the shop.
#[derive(Debug, Serialize, ToSchema)]
pub struct Packages {
    /// Empty when coins are not sold.
    packages: Vec<Package>,
}

/// Coins for money.
#[derive(Debug, Serialize, ToSchema)]
pub struct Package {
    /// What an order names.
    id: RowId,
    /// Its name in files.
    code: String,
    /// Coins bought.
    coins: Coins,
    /// Coins on top.
    bonus_coins: Coins,
    /// Whole rupiah.
    price_idr: Rupiah,
}

impl Package {
    fn of(package: &CoinPackage) -> Self {
        Self {
            id: package.id.clone(),
            code: package.code.clone(),
            coins: package.coins,
            bonus_coins: package.bonus_coins,
            price_idr: package.price,
        }
    }
}

/// `GET /api/v1/coin-packages`
///
/// # Errors
/// 503 while the database is away and nothing was read before.
pub async fn list(site: web::Data<Site>) -> Result<HttpResponse, Problem> {
    let packages = if site.config.payments.gateway == PaymentGateway::None {
        Vec::new()
    } else {
        site.shelf.packages(&site).await?.iter().map(Package::of).collect()
    };
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "public, max-age=1")).json(Packages { packages }))
}
