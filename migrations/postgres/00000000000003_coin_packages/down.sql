DROP TABLE coin_packages;
