DROP TABLE consents;
DROP TABLE password_resets;
DROP TABLE sessions;
DROP TABLE accounts;
