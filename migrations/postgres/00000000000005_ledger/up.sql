-- The balance of an account as its ledger's last row has it. Only the ledger writes here.
CREATE TABLE coin_balances (
    account_id TEXT NOT NULL PRIMARY KEY REFERENCES accounts (id),
    coin_balance BIGINT NOT NULL CHECK (coin_balance >= 0),
    -- Rows of the account so far.
    entries BIGINT NOT NULL CHECK (entries >= 0)
);

-- Every coin that moved. Rows are only added.
CREATE TABLE coin_ledger (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    -- 1, 2, 3 … within the account.
    entry BIGINT NOT NULL CHECK (entry >= 1),
    type TEXT NOT NULL CHECK (type IN ('purchase', 'unlock', 'support', 'vote', 'grant', 'refund', 'reversal')),
    -- What came in; negative: what went out.
    coins BIGINT NOT NULL,
    balance_after BIGINT NOT NULL CHECK (balance_after >= 0),
    -- What it was for; with the type it is unique, so that nothing is booked twice.
    reference_id TEXT NOT NULL,
    note TEXT,
    at BIGINT NOT NULL,
    CHECK (
        (type IN ('purchase', 'refund') AND coins > 0)
        OR (type IN ('unlock', 'support', 'vote', 'reversal') AND coins < 0)
        OR (type = 'grant' AND coins <> 0)
    )
);
CREATE UNIQUE INDEX coin_ledger_type_reference ON coin_ledger (type, reference_id);
CREATE UNIQUE INDEX coin_ledger_account_entry ON coin_ledger (account_id, entry);

CREATE FUNCTION coin_ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'coin_ledger is append-only';
END
$$;
CREATE TRIGGER coin_ledger_no_change BEFORE UPDATE OR DELETE ON coin_ledger
    FOR EACH ROW EXECUTE FUNCTION coin_ledger_refuse();
CREATE TRIGGER coin_ledger_no_truncate BEFORE TRUNCATE ON coin_ledger
    FOR EACH STATEMENT EXECUTE FUNCTION coin_ledger_refuse();
