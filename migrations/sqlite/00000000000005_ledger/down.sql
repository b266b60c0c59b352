DROP TABLE coin_ledger;
DROP TABLE coin_balances;
