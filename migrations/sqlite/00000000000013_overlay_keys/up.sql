-- The code of the key that makes an overlay page the broadcast's own; none: the event has no key yet.
ALTER TABLE events ADD COLUMN overlay_key_mac TEXT;

-- Which public facts were alerts on the broadcast. The first report of each counts.
CREATE TABLE overlay_shows (
    event_id TEXT NOT NULL REFERENCES events (id),
    seq BIGINT NOT NULL CHECK (seq > 0),
    -- The support that stood under the number; none: it was hidden before the report came.
    support_id TEXT REFERENCES supports (id),
    at BIGINT NOT NULL,
    PRIMARY KEY (event_id, seq)
);
CREATE INDEX overlay_shows_support ON overlay_shows (support_id);
