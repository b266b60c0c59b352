//! Tables of the crowd: what is given, shown and voted.

diesel::table! {
    event_crowds (event_id) {
        event_id -> Text,
        seq -> BigInt,
        total_coins -> BigInt,
        hold_supports -> Bool,
    }
}

diesel::table! {
    supports (id) {
        id -> Text,
        event_id -> Text,
        account_id -> Text,
        fighter_id -> Nullable<Text>,
        kind -> Text,
        coins -> BigInt,
        message -> Nullable<Text>,
        name -> Nullable<Text>,
        anonymous -> Bool,
        tier -> Nullable<Text>,
        state -> Text,
        seq -> Nullable<BigInt>,
        at -> BigInt,
    }
}

diesel::table! {
    overlay_shows (event_id, seq) {
        event_id -> Text,
        seq -> BigInt,
        support_id -> Nullable<Text>,
        at -> BigInt,
    }
}

diesel::table! {
    votes (id) {
        id -> Text,
        poll_id -> Text,
        option_id -> Text,
        account_id -> Text,
        #[sql_name = "votes"]
        number -> BigInt,
        coins -> BigInt,
        at -> BigInt,
    }
}

diesel::table! {
    poll_results (poll_id) {
        poll_id -> Text,
        winner_id -> Nullable<Text>,
        at -> BigInt,
    }
}
