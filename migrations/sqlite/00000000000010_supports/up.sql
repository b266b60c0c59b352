-- What the crowd of an event has come to: one row each, made when it is first needed. Every public fact of the event takes
-- its number here, as the last lock of its transaction, so that the order of commits is the order of numbers.
CREATE TABLE event_crowds (
    event_id TEXT NOT NULL PRIMARY KEY REFERENCES events (id),
    -- The number of the last public fact; 0: there is none yet.
    seq BIGINT NOT NULL CHECK (seq >= 0),
    -- Coins given so far, held and hidden supports too.
    total_coins BIGINT NOT NULL CHECK (total_coins >= 0),
    -- Whether supports with a name or a message wait for an approval.
    hold_supports BOOLEAN NOT NULL
);

-- Coins given to a fighter or an event. Rows are only added; what changes is whether one is shown.
CREATE TABLE supports (
    id TEXT NOT NULL PRIMARY KEY,
    event_id TEXT NOT NULL REFERENCES events (id),
    account_id TEXT NOT NULL REFERENCES accounts (id),
    -- The fighter; none: the event.
    fighter_id TEXT REFERENCES fighters (id),
    kind TEXT NOT NULL CHECK (kind IN ('superchat', 'donation')),
    coins BIGINT NOT NULL CHECK (coins > 0),
    -- As it may be shown: cleaned, its bad words masked.
    message TEXT,
    -- The giver's name as it was then; none: anonymous.
    name TEXT,
    anonymous BOOLEAN NOT NULL,
    -- The tier's name; none below the lowest.
    tier TEXT,
    -- held: waits; shown; hidden: was shown; denied: was held.
    state TEXT NOT NULL CHECK (state IN ('held', 'shown', 'hidden', 'denied')),
    -- The number of its last public fact; none before the first.
    seq BIGINT CHECK (seq > 0),
    at BIGINT NOT NULL,
    CHECK ((kind = 'superchat') = (message IS NOT NULL)),
    CHECK (anonymous = (name IS NULL)),
    CHECK ((state IN ('shown', 'hidden')) = (seq IS NOT NULL))
);
CREATE UNIQUE INDEX supports_event_seq ON supports (event_id, seq);
CREATE INDEX supports_event_account ON supports (event_id, account_id);
CREATE INDEX supports_account_at ON supports (account_id, at);
CREATE INDEX supports_event_fighter ON supports (event_id, fighter_id);

CREATE TRIGGER supports_no_change
BEFORE UPDATE OF id, event_id, account_id, fighter_id, kind, coins, message, name, anonymous, tier, at ON supports
BEGIN
    SELECT RAISE(ABORT, 'what was given stays as it is');
END;
CREATE TRIGGER supports_no_delete BEFORE DELETE ON supports
BEGIN
    SELECT RAISE(ABORT, 'what was given stays as it is');
END;
-- INSERT OR REPLACE would delete without firing the trigger above.
CREATE TRIGGER supports_no_replace BEFORE INSERT ON supports
WHEN EXISTS (SELECT 1 FROM supports WHERE id = NEW.id OR (event_id = NEW.event_id AND seq = NEW.seq))
BEGIN
    SELECT RAISE(ABORT, 'what was given stays as it is');
END;
