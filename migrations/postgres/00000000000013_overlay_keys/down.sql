DROP TABLE overlay_shows;
ALTER TABLE events DROP COLUMN overlay_key_mac;
