DROP TABLE playback_leases;
DROP TABLE replay_trims;
DROP TABLE hidden_ranges;
ALTER TABLE events DROP COLUMN replay_days;
ALTER TABLE events DROP COLUMN stream_replays;
ALTER TABLE events DROP COLUMN secret_sealed;
