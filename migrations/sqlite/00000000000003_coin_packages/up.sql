CREATE TABLE coin_packages (
    id TEXT NOT NULL PRIMARY KEY,
    code TEXT NOT NULL,
    coins BIGINT NOT NULL CHECK (coins > 0),
    bonus_coins BIGINT NOT NULL CHECK (bonus_coins >= 0),
    price_idr BIGINT NOT NULL CHECK (price_idr > 0)
);
CREATE UNIQUE INDEX coin_packages_code ON coin_packages (code);
