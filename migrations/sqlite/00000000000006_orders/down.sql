DROP TABLE jobs;
DROP TABLE payment_notices;
DROP TABLE coin_orders;
ALTER TABLE coin_packages DROP COLUMN position;
ALTER TABLE coin_packages DROP COLUMN active;
