-- What the built-in pay page for trying things out knows of its checkouts, as a provider would on its own side. Nothing
-- of it decides about coins: the till learns of it by notices and by asking, as with any provider.
CREATE TABLE sandbox_payments (
    invoice TEXT NOT NULL PRIMARY KEY,
    request_id TEXT NOT NULL,
    amount_idr BIGINT NOT NULL CHECK (amount_idr > 0),
    -- Where the payer goes back to.
    return_url TEXT NOT NULL,
    language TEXT NOT NULL CHECK (language IN ('id', 'en')),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- In the words of notices.
    status TEXT NOT NULL CHECK (status IN ('PENDING', 'FAILED', 'EXPIRED', 'SUCCESS', 'REFUNDED')),
    channel TEXT,
    -- What was paid, which need not be what was asked for.
    paid_idr BIGINT,
    -- The payment's own number, as a receipt shows it.
    reference TEXT,
    -- What the last notice was answered: an HTTP status, or 'unreachable'.
    told TEXT
);
