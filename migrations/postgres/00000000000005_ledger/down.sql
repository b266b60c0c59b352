DROP TABLE coin_ledger;
DROP FUNCTION coin_ledger_refuse();
DROP TABLE coin_balances;
