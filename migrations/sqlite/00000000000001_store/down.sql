DROP TABLE audit;
DROP TABLE outbox;
DROP TABLE node_settings;
