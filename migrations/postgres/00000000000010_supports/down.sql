DROP TABLE supports;
DROP TABLE event_crowds;
DROP FUNCTION supports_refuse();
