DROP TABLE supports;
DROP TABLE event_crowds;
