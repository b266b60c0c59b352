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

CREATE TRIGGER coin_ledger_no_update BEFORE UPDATE ON coin_ledger
BEGIN
    SELECT RAISE(ABORT, 'coin_ledger is append-only');
END;
CREATE TRIGGER coin_ledger_no_delete BEFORE DELETE ON coin_ledger
BEGIN
    SELECT RAISE(ABORT, 'coin_ledger is append-only');
END;
-- INSERT OR REPLACE would delete without firing the trigger above.
CREATE TRIGGER coin_ledger_no_replace BEFORE INSERT ON coin_ledger
WHEN EXISTS (
    SELECT 1 FROM coin_ledger
    WHERE id = NEW.id
        OR (type = NEW.type AND reference_id = NEW.reference_id)
        OR (account_id = NEW.account_id AND entry = NEW.entry)
)
BEGIN
    SELECT RAISE(ABORT, 'coin_ledger is append-only');
END;
