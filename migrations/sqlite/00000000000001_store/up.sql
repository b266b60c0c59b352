-- What all nodes of one database must agree on, such as the secret key's fingerprint.
CREATE TABLE node_settings (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

-- Facts, written in the transaction that makes them true; every process tails this table.
CREATE TABLE outbox (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at BIGINT NOT NULL,
    room TEXT,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL
);

-- Who changed what, from where.
CREATE TABLE audit (
    id TEXT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    who TEXT NOT NULL,
    what TEXT NOT NULL,
    room TEXT,
    before TEXT,
    after TEXT,
    origin TEXT NOT NULL
);
CREATE INDEX audit_at ON audit (at);
