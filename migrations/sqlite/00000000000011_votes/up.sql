-- A vote can only name an answer of its own poll.
CREATE UNIQUE INDEX poll_options_of_poll ON poll_options (poll_id, id);

-- Every vote that was paid for. Rows are only added.
CREATE TABLE votes (
    id TEXT NOT NULL PRIMARY KEY,
    poll_id TEXT NOT NULL REFERENCES polls (id),
    option_id TEXT NOT NULL,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    -- How many, and what they cost together.
    votes BIGINT NOT NULL CHECK (votes > 0),
    coins BIGINT NOT NULL CHECK (coins > 0),
    at BIGINT NOT NULL,
    FOREIGN KEY (poll_id, option_id) REFERENCES poll_options (poll_id, id)
);
-- Counting reads nothing but this index.
CREATE INDEX votes_of_poll ON votes (poll_id, option_id, votes, coins);
CREATE INDEX votes_of_account ON votes (account_id, poll_id, votes);

-- How a poll was settled. Rows are only added.
CREATE TABLE poll_results (
    poll_id TEXT NOT NULL PRIMARY KEY REFERENCES polls (id),
    -- The answer that proved right; none where no answer can.
    winner_id TEXT,
    at BIGINT NOT NULL,
    FOREIGN KEY (poll_id, winner_id) REFERENCES poll_options (poll_id, id)
);

CREATE TRIGGER votes_only_while_open BEFORE INSERT ON votes
WHEN NOT EXISTS (SELECT 1 FROM polls WHERE id = NEW.poll_id AND status = 'open')
BEGIN
    SELECT RAISE(ABORT, 'this poll takes no votes');
END;
CREATE TRIGGER votes_no_update BEFORE UPDATE ON votes
BEGIN
    SELECT RAISE(ABORT, 'votes is append-only');
END;
CREATE TRIGGER votes_no_delete BEFORE DELETE ON votes
BEGIN
    SELECT RAISE(ABORT, 'votes is append-only');
END;
-- INSERT OR REPLACE would delete without firing the trigger above.
CREATE TRIGGER votes_no_replace BEFORE INSERT ON votes
WHEN EXISTS (SELECT 1 FROM votes WHERE id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'votes is append-only');
END;
