DROP TABLE poll_results;
DROP TABLE votes;
DROP INDEX poll_options_of_poll;
