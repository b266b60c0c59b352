//! The tables, as both folders of migrations make them. `store::tests` compares the two dialects with each other.
#![expect(missing_docs, reason = "diesel's macro makes the items; the columns are explained in the migrations")]

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
    }
}

diesel::allow_tables_to_appear_in_same_query!(events, fighters, fights, on_air_ranges, milestones, polls, poll_options);
