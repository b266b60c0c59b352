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

CREATE FUNCTION votes_only_while_open() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM polls WHERE id = NEW.poll_id AND status = 'open') THEN
        RAISE EXCEPTION 'this poll takes no votes';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER votes_only_while_open BEFORE INSERT ON votes
    FOR EACH ROW EXECUTE FUNCTION votes_only_while_open();
CREATE FUNCTION votes_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'votes is append-only';
END
$$;
CREATE TRIGGER votes_no_change BEFORE UPDATE OR DELETE ON votes
    FOR EACH ROW EXECUTE FUNCTION votes_refuse();
CREATE TRIGGER votes_no_truncate BEFORE TRUNCATE ON votes
    FOR EACH STATEMENT EXECUTE FUNCTION votes_refuse();
