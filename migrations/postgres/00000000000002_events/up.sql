CREATE TABLE events (
    id TEXT NOT NULL PRIMARY KEY,
    slug TEXT NOT NULL,
    title TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('draft', 'published', 'ended')),
    starts_at BIGINT NOT NULL,
    pass_price_coins BIGINT NOT NULL CHECK (pass_price_coins >= 0),
    stream_key_mac TEXT NOT NULL,
    epoch TEXT NOT NULL,
    interrupted BOOLEAN NOT NULL,
    -- The picture as last recorded by the node that publishes it; empty before the first record.
    stream_status TEXT NOT NULL CHECK (stream_status IN ('', 'offline', 'live', 'interrupted', 'ended')),
    stream_epoch TEXT,
    stream_since BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX events_slug ON events (slug);
CREATE UNIQUE INDEX events_stream_key_mac ON events (stream_key_mac);

CREATE TABLE fighters (
    id TEXT NOT NULL PRIMARY KEY,
    event_id TEXT NOT NULL REFERENCES events (id),
    name TEXT NOT NULL
);
CREATE UNIQUE INDEX fighters_event_name ON fighters (event_id, name);

CREATE TABLE fights (
    id TEXT NOT NULL PRIMARY KEY,
    event_id TEXT NOT NULL REFERENCES events (id),
    number INTEGER NOT NULL CHECK (number >= 1),
    title TEXT NOT NULL,
    red_id TEXT NOT NULL REFERENCES fighters (id),
    blue_id TEXT NOT NULL REFERENCES fighters (id),
    price_coins BIGINT NOT NULL CHECK (price_coins >= 0),
    status TEXT NOT NULL CHECK (status IN ('scheduled', 'live', 'ended')),
    CHECK (red_id <> blue_id)
);
CREATE UNIQUE INDEX fights_event_number ON fights (event_id, number);

-- The parts of the timeline that belong to a fight; the one without an end is on air.
CREATE TABLE on_air_ranges (
    id TEXT NOT NULL PRIMARY KEY,
    event_id TEXT NOT NULL REFERENCES events (id),
    fight_id TEXT NOT NULL REFERENCES fights (id),
    opened_at BIGINT NOT NULL,
    closed_at BIGINT CHECK (closed_at >= opened_at)
);
CREATE UNIQUE INDEX on_air_ranges_one_open ON on_air_ranges (event_id) WHERE closed_at IS NULL;
CREATE INDEX on_air_ranges_fight ON on_air_ranges (fight_id);

CREATE TABLE milestones (
    id TEXT NOT NULL PRIMARY KEY,
    event_id TEXT NOT NULL REFERENCES events (id),
    coins BIGINT NOT NULL CHECK (coins > 0),
    title TEXT NOT NULL
);
CREATE UNIQUE INDEX milestones_event_coins ON milestones (event_id, coins);

CREATE TABLE polls (
    id TEXT NOT NULL PRIMARY KEY,
    event_id TEXT NOT NULL REFERENCES events (id),
    position INTEGER NOT NULL,
    code TEXT NOT NULL,
    question TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('draft', 'open', 'closed', 'settled')),
    coins_per_vote BIGINT NOT NULL CHECK (coins_per_vote > 0),
    max_votes_per_viewer BIGINT NOT NULL CHECK (max_votes_per_viewer > 0)
);
CREATE UNIQUE INDEX polls_event_code ON polls (event_id, code);

CREATE TABLE poll_options (
    id TEXT NOT NULL PRIMARY KEY,
    poll_id TEXT NOT NULL REFERENCES polls (id),
    position INTEGER NOT NULL,
    label TEXT NOT NULL
);
CREATE UNIQUE INDEX poll_options_poll_label ON poll_options (poll_id, label);
