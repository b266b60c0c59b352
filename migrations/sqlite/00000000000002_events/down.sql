DROP TABLE poll_options;
DROP TABLE polls;
DROP TABLE milestones;
DROP TABLE on_air_ranges;
DROP TABLE fights;
DROP TABLE fighters;
DROP TABLE events;
