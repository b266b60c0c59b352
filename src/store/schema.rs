//! The tables, as both folders of migrations make them. `store::tests` compares the two dialects with each other.
#![expect(missing_docs, reason = "diesel's macro makes the items; the columns are explained in the migrations")]

mod crowd;
pub use crowd::{event_crowds, overlay_shows, poll_results, supports, votes};

diesel::table! {
    node_settings (name) {
        name -> Text,
        value -> Text,
    }
}

diesel::table! {
    outbox (id) {
        id -> BigInt,
        at -> BigInt,
        room -> Nullable<Text>,
        kind -> Text,
        payload -> Text,
    }
}

diesel::table! {
    audit (id) {
        id -> Text,
        at -> BigInt,
        who -> Text,
        what -> Text,
        room -> Nullable<Text>,
        before -> Nullable<Text>,
        after -> Nullable<Text>,
        origin -> Text,
    }
}

diesel::table! {
    events (id) {
        id -> Text,
        slug -> Text,
        title -> Text,
        status -> Text,
        starts_at -> BigInt,
        pass_price_coins -> BigInt,
        stream_key_mac -> Text,
        epoch -> Text,
        interrupted -> Bool,
        stream_status -> Text,
        stream_epoch -> Nullable<Text>,
        stream_since -> BigInt,
        created_at -> BigInt,
        secret_sealed -> Nullable<Text>,
        stream_replays -> Text,
        replay_days -> Integer,
        overlay_key_mac -> Nullable<Text>,
    }
}

diesel::table! {
    hidden_ranges (id) {
        id -> Text,
        event_id -> Text,
        from_at -> BigInt,
        until_at -> BigInt,
    }
}

diesel::table! {
    replay_trims (event_id, replay) {
        event_id -> Text,
        replay -> Text,
        from_at -> Nullable<BigInt>,
        until_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    playback_leases (session_id) {
        session_id -> Text,
        account_id -> Text,
        taken_at -> BigInt,
        seen_at -> BigInt,
    }
}

diesel::table! {
    fighters (id) {
        id -> Text,
        event_id -> Text,
        name -> Text,
    }
}

diesel::table! {
    fights (id) {
        id -> Text,
        event_id -> Text,
        number -> Integer,
        title -> Text,
        red_id -> Text,
        blue_id -> Text,
        price_coins -> BigInt,
        status -> Text,
    }
}

diesel::table! {
    on_air_ranges (id) {
        id -> Text,
        event_id -> Text,
        fight_id -> Text,
        opened_at -> BigInt,
        closed_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    milestones (id) {
        id -> Text,
        event_id -> Text,
        coins -> BigInt,
        title -> Text,
    }
}

diesel::table! {
    polls (id) {
        id -> Text,
        event_id -> Text,
        position -> Integer,
        code -> Text,
        question -> Text,
        status -> Text,
        coins_per_vote -> BigInt,
        max_votes_per_viewer -> BigInt,
    }
}

diesel::table! {
    poll_options (id) {
        id -> Text,
        poll_id -> Text,
        position -> Integer,
        label -> Text,
    }
}

diesel::table! {
    coin_packages (id) {
        id -> Text,
        code -> Text,
        coins -> BigInt,
        bonus_coins -> BigInt,
        price_idr -> BigInt,
        active -> Bool,
        position -> Integer,
    }
}

diesel::table! {
    accounts (id) {
        id -> Text,
        phone -> Nullable<Text>,
        name -> Text,
        password_hash -> Text,
        role -> Text,
        totp_sealed -> Nullable<Text>,
        totp_last_step -> BigInt,
        locale -> Text,
        created_at -> BigInt,
        banned_at -> Nullable<BigInt>,
        ban_reason -> Nullable<Text>,
        deleted_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    sessions (id) {
        id -> Text,
        account_id -> Text,
        token_hash -> Text,
        kind -> Text,
        created_at -> BigInt,
        seen_at -> BigInt,
        expires_at -> BigInt,
        agent -> Text,
        address -> Text,
    }
}

diesel::table! {
    password_resets (account_id) {
        account_id -> Text,
        code_mac -> Text,
        created_at -> BigInt,
        expires_at -> BigInt,
        tries -> Integer,
    }
}

diesel::table! {
    consents (id) {
        id -> Text,
        account_id -> Text,
        document -> Text,
        version -> Text,
        agreed_at -> BigInt,
    }
}

diesel::table! {
    coin_balances (account_id) {
        account_id -> Text,
        coin_balance -> BigInt,
        entries -> BigInt,
    }
}

diesel::table! {
    coin_ledger (id) {
        id -> Text,
        account_id -> Text,
        entry -> BigInt,
        #[sql_name = "type"]
        kind -> Text,
        coins -> BigInt,
        balance_after -> BigInt,
        reference_id -> Text,
        note -> Nullable<Text>,
        at -> BigInt,
    }
}

diesel::table! {
    coin_orders (id) {
        id -> Text,
        invoice -> Text,
        account_id -> Text,
        gateway -> Text,
        package_code -> Text,
        coins -> BigInt,
        bonus_coins -> BigInt,
        price_idr -> BigInt,
        status -> Text,
        request_id -> Text,
        payment_url -> Nullable<Text>,
        created_at -> BigInt,
        expires_at -> BigInt,
        paid_at -> Nullable<BigInt>,
        channel -> Nullable<Text>,
        provider_ref -> Nullable<Text>,
        paid_late -> Bool,
        refunded_at -> Nullable<BigInt>,
        reversed_coins -> BigInt,
    }
}

diesel::table! {
    payment_notices (id) {
        id -> Text,
        provider -> Text,
        request_id -> Text,
        body_hash -> Text,
        body -> Text,
        source -> Text,
        received_at -> BigInt,
        again_at -> Nullable<BigInt>,
        times -> BigInt,
        invoice -> Nullable<Text>,
        amount_idr -> Nullable<BigInt>,
        status -> Nullable<Text>,
        channel -> Nullable<Text>,
        verdict -> Text,
        disputed -> Bool,
    }
}

diesel::table! {
    jobs (id) {
        id -> Text,
        kind -> Text,
        reference -> Text,
        run_at -> BigInt,
        taken_until -> Nullable<BigInt>,
        tries -> Integer,
    }
}

diesel::table! {
    unlocks (id) {
        id -> Text,
        account_id -> Text,
        event_id -> Text,
        fight_id -> Nullable<Text>,
        charged_coins -> BigInt,
        at -> BigInt,
    }
}

diesel::table! {
    idempotency_keys (account_id, route, key) {
        account_id -> Text,
        route -> Text,
        key -> Text,
        body_hash -> Text,
        answer -> Text,
        at -> BigInt,
    }
}

diesel::table! {
    sandbox_payments (invoice) {
        invoice -> Text,
        request_id -> Text,
        amount_idr -> BigInt,
        return_url -> Text,
        language -> Text,
        created_at -> BigInt,
        expires_at -> BigInt,
        status -> Text,
        channel -> Nullable<Text>,
        paid_idr -> Nullable<BigInt>,
        reference -> Nullable<Text>,
        told -> Nullable<Text>,
    }
}

diesel::table! {
    presences (process, room, seat) {
        process -> Text,
        room -> Text,
        seat -> Text,
        node -> Text,
        sockets -> BigInt,
        at -> BigInt,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    events,
    fighters,
    fights,
    on_air_ranges,
    milestones,
    polls,
    poll_options,
    poll_results,
    votes,
    unlocks,
    hidden_ranges,
    replay_trims
);
diesel::joinable!(playback_leases -> sessions (session_id));
diesel::joinable!(sessions -> accounts (account_id));
diesel::allow_tables_to_appear_in_same_query!(
    accounts,
    sessions,
    playback_leases,
    coin_balances,
    coin_ledger,
    coin_orders,
    payment_notices
);
diesel::allow_tables_to_appear_in_same_query!(supports, accounts, fighters, overlay_shows);
diesel::allow_tables_to_appear_in_same_query!(supports, events);
diesel::allow_tables_to_appear_in_same_query!(accounts, events);
