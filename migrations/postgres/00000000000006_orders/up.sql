ALTER TABLE coin_packages ADD COLUMN active BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE coin_packages ADD COLUMN position INTEGER NOT NULL DEFAULT 0;

-- A promise to sell coins. What was promised is copied: a package may change later.
CREATE TABLE coin_orders (
    id TEXT NOT NULL PRIMARY KEY,
    -- The name people, provider and ledger know it by.
    invoice TEXT NOT NULL,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    gateway TEXT NOT NULL CHECK (gateway IN ('doku', 'sandbox')),
    package_code TEXT NOT NULL,
    coins BIGINT NOT NULL CHECK (coins > 0),
    bonus_coins BIGINT NOT NULL CHECK (bonus_coins >= 0),
    price_idr BIGINT NOT NULL CHECK (price_idr > 0),
    status TEXT NOT NULL CHECK (status IN ('pending', 'paid', 'expired', 'failed')),
    -- The provider's Request-Id of the checkout, fixed before it is first sent.
    request_id TEXT NOT NULL,
    -- Where it is paid; NULL until the provider has said so.
    payment_url TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    paid_at BIGINT,
    -- The channel it was paid by, as the provider names it: QRIS, VIRTUAL_ACCOUNT_BCA.
    channel TEXT,
    -- The provider's own reference of the payment, for the receipt.
    provider_ref TEXT,
    -- Paid after it had expired or failed here: credited all the same, and shown to finance.
    paid_late BOOLEAN NOT NULL,
    -- The provider gave the money back.
    refunded_at BIGINT,
    -- Coins taken back for it.
    reversed_coins BIGINT NOT NULL CHECK (reversed_coins >= 0)
);
CREATE UNIQUE INDEX coin_orders_invoice ON coin_orders (invoice);
CREATE INDEX coin_orders_account ON coin_orders (account_id, created_at);
CREATE INDEX coin_orders_status ON coin_orders (status, expires_at);
CREATE INDEX coin_orders_paid ON coin_orders (paid_at);

-- Every correctly signed message of a provider, as it came, and what became of it; answers to check-status too, when
-- they changed something. A record, not the guard.
CREATE TABLE payment_notices (
    id TEXT NOT NULL PRIMARY KEY,
    provider TEXT NOT NULL,
    request_id TEXT NOT NULL,
    -- SHA-256 of the body, hex.
    body_hash TEXT NOT NULL,
    -- The raw body; what is no UTF-8 is kept as base64 with the prefix "base64:".
    body TEXT NOT NULL,
    -- 'hook' or 'check'.
    source TEXT NOT NULL CHECK (source IN ('hook', 'check')),
    received_at BIGINT NOT NULL,
    -- When it came again, last, and how often altogether.
    again_at BIGINT,
    times BIGINT NOT NULL CHECK (times >= 1),
    invoice TEXT,
    amount_idr BIGINT,
    -- The provider's word: SUCCESS, FAILED, …
    status TEXT,
    channel TEXT,
    verdict TEXT NOT NULL CHECK (verdict IN
        ('credited', 'credited_late', 'already_paid', 'noted', 'refunded', 'stale', 'unknown_invoice', 'wrong_amount',
         'wrong_gateway', 'unreadable')),
    -- Somebody has to look at it.
    disputed BOOLEAN NOT NULL
);
CREATE UNIQUE INDEX payment_notices_once ON payment_notices (provider, request_id, body_hash);
CREATE INDEX payment_notices_invoice ON payment_notices (invoice);
CREATE INDEX payment_notices_disputed ON payment_notices (received_at) WHERE disputed;

-- Work that must be done, by whichever node takes it first.
CREATE TABLE jobs (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    -- What it is about; a kind has one job for each.
    reference TEXT NOT NULL,
    run_at BIGINT NOT NULL,
    -- Until then one node has it; NULL: nobody.
    taken_until BIGINT,
    tries INTEGER NOT NULL
);
CREATE UNIQUE INDEX jobs_kind_reference ON jobs (kind, reference);
CREATE INDEX jobs_run_at ON jobs (kind, run_at);
