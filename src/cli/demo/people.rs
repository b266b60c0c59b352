//! The people of the demo: somebody who runs the night, and somebody with coins to spend.

use std::sync::Arc;

use crate::accounts::{Created, NewAccount, Role};
use crate::app::StartError;
use crate::cli::admin::accounts_of;
use crate::clock::SystemClock;
use crate::config::{Language, Secret, SecretKey};
use crate::events::Act;
use crate::flows::{Till, TillParts};
use crate::money::Coins;
use crate::store::Store;

/// Numbers nobody is called by.
const ADMIN_PHONE: &str = "081200000001";
const VIEWER_PHONE: &str = "081200000002";
/// Enough for the night, and not for everything.
const COINS: Coins = Coins(200);

/// Whom the demo lets in.
pub(super) struct People {
    admin: Created,
    viewer: Created,
}

impl People {
    /// Makes both, and gives the viewer coins.
    ///
    /// # Errors
    /// The database.
    pub(super) async fn make(
        store: &Store,
        act: &Act,
        secret: &SecretKey,
        locale: Language,
    ) -> Result<Self, StartError> {
        let accounts = accounts_of(store, &act.random, secret);
        let wanted = |phone: &str, name: &str, role| NewAccount {
            phone: phone.to_owned(),
            name: name.to_owned(),
            role,
            password: None,
            locale,
        };
        let admin = accounts.create(&act.actor, wanted(ADMIN_PHONE, "Panitia", Some(Role::Owner))).await;
        let viewer = accounts.create(&act.actor, wanted(VIEWER_PHONE, "Penonton", None)).await;
        let people = Self { admin: admin.map_err(StartError::new)?, viewer: viewer.map_err(StartError::new)? };
        let till = Till::new(TillParts {
            store: store.clone(),
            clock: Arc::new(SystemClock),
            random: act.random.clone(),
            provider: None,
            order_ttl_minutes: 60,
            site_url: String::new(),
        });
        till.grant(&act.actor, &people.viewer.account, COINS, "Koin demo", Some("demo"))
            .await
            .map_err(StartError::new)?;
        Ok(people)
    }

    /// How they sign in. One thing a line, its value last.
    pub(super) fn told(&self, url: &str) -> String {
        let shown =
            |secret: &Option<Secret>| secret.as_ref().map(|secret| secret.expose().to_owned()).unwrap_or_default();
        let (admin, viewer) = (&self.admin, &self.viewer);
        format!(
            "  Penonton / viewer    {url}/login\n       Viewer phone      {VIEWER_PHONE}\n       Viewer password   {}\n       \
             Viewer coins      {COINS}\n\n  Panitia / admin      {url}/admin/login\n       Admin phone       \
             {ADMIN_PHONE}\n       Admin password    {}\n       Authenticator     {}\n",
            shown(&viewer.password),
            shown(&admin.password),
            shown(&admin.otpauth),
        )
    }
}
