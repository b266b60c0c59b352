-- Who is here. A deleted account keeps its row, because its ledger does; phone, name and password are gone.
CREATE TABLE accounts (
    id TEXT NOT NULL PRIMARY KEY,
    -- E.164; NULL once deleted.
    phone TEXT,
    name TEXT NOT NULL,
    -- argon2id in PHC form; empty: nobody can sign in.
    password_hash TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('viewer', 'owner', 'producer', 'moderator', 'finance')),
    -- Sealed under the secret key; NULL: no second factor.
    totp_sealed TEXT,
    -- The last time step whose code was used: a code signs in once.
    totp_last_step BIGINT NOT NULL,
    locale TEXT NOT NULL CHECK (locale IN ('id', 'en')),
    created_at BIGINT NOT NULL,
    banned_at BIGINT,
    ban_reason TEXT,
    deleted_at BIGINT
);
CREATE UNIQUE INDEX accounts_phone ON accounts (phone);

-- Signed-in browsers. What ends a session deletes its row.
CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    -- SHA-256 of the cookie's value, hex.
    token_hash TEXT NOT NULL,
    -- 'viewer': site and API; 'panel': the producers' panel alone.
    kind TEXT NOT NULL CHECK (kind IN ('viewer', 'panel')),
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- What the browser calls itself, cut; and where it was last seen.
    agent TEXT NOT NULL,
    address TEXT NOT NULL
);
CREATE UNIQUE INDEX sessions_token_hash ON sessions (token_hash);
CREATE INDEX sessions_account ON sessions (account_id);
CREATE INDEX sessions_expires ON sessions (expires_at);

-- The one open password reset of an account.
CREATE TABLE password_resets (
    account_id TEXT NOT NULL PRIMARY KEY REFERENCES accounts (id),
    -- HMAC of the code, hex.
    code_mac TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    tries INTEGER NOT NULL
);

-- What was agreed to, which version, when. Rows are only added.
CREATE TABLE consents (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    document TEXT NOT NULL CHECK (document IN ('terms', 'privacy')),
    version TEXT NOT NULL,
    agreed_at BIGINT NOT NULL
);
CREATE INDEX consents_account ON consents (account_id, agreed_at);
