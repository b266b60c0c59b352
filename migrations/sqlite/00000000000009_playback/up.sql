-- What the gate knows of an event: the secret its content keys are made from, sealed under server.secret_key with the
-- event's id as its place; the replays that are on the store; and how long they stay.
ALTER TABLE events ADD COLUMN secret_sealed TEXT;
-- Names of the replays whose playlists are stored, with a space between; empty before the first.
ALTER TABLE events ADD COLUMN stream_replays TEXT NOT NULL DEFAULT '';
-- Days after its end that an event can be watched again; 0: for ever.
ALTER TABLE events ADD COLUMN replay_days INTEGER NOT NULL DEFAULT 0 CHECK (replay_days >= 0);

-- Parts of an event's timeline that no replay and no DVR shows.
CREATE TABLE hidden_ranges (
    id TEXT NOT NULL PRIMARY KEY,
    event_id TEXT NOT NULL REFERENCES events (id),
    from_at BIGINT NOT NULL,
    until_at BIGINT NOT NULL,
    CHECK (until_at > from_at)
);
CREATE INDEX hidden_ranges_event ON hidden_ranges (event_id);

-- Where a replay begins and ends, when not where its fight was on air.
CREATE TABLE replay_trims (
    event_id TEXT NOT NULL REFERENCES events (id),
    -- 'all', or the number of a fight.
    replay TEXT NOT NULL,
    from_at BIGINT,
    until_at BIGINT,
    PRIMARY KEY (event_id, replay),
    CHECK (until_at > from_at)
);

-- The devices that play for an account: at most playback.devices_per_account, the newest stay.
CREATE TABLE playback_leases (
    session_id TEXT NOT NULL PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    -- When the place was taken, and when it was last used.
    taken_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);
CREATE INDEX playback_leases_account ON playback_leases (account_id);
