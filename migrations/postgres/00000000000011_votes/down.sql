DROP TABLE poll_results;
DROP TABLE votes;
DROP FUNCTION votes_only_while_open();
DROP FUNCTION votes_refuse();
DROP INDEX poll_options_of_poll;
