-- What an account may watch. With a fight: that fight; without: the whole event.
CREATE TABLE unlocks (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    event_id TEXT NOT NULL REFERENCES events (id),
    fight_id TEXT REFERENCES fights (id),
    charged_coins BIGINT NOT NULL CHECK (charged_coins >= 0),
    at BIGINT NOT NULL
);
CREATE UNIQUE INDEX unlocks_fight ON unlocks (account_id, fight_id) WHERE fight_id IS NOT NULL;
CREATE UNIQUE INDEX unlocks_event ON unlocks (account_id, event_id) WHERE fight_id IS NULL;
CREATE INDEX unlocks_of_event ON unlocks (event_id, account_id);

-- Answers of requests that move money, kept so that the same request again gets the same answer.
CREATE TABLE idempotency_keys (
    account_id TEXT NOT NULL,
    route TEXT NOT NULL,
    key TEXT NOT NULL,
    -- SHA-256 of what was asked, hex.
    body_hash TEXT NOT NULL,
    answer TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (account_id, route, key)
);
CREATE INDEX idempotency_keys_at ON idempotency_keys (at);
