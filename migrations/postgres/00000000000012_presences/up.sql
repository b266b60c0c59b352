-- Who is in the rooms of each process: sockets by room and seat, written anew every few seconds while there are any. Rows
-- that nobody writes any more are of a process that is gone, and do not count.
CREATE TABLE presences (
    -- The running process; a node that is started again is another one.
    process TEXT NOT NULL,
    room TEXT NOT NULL,
    -- viewer, or overlay: and which of the broadcast's own pages it is.
    seat TEXT NOT NULL,
    -- The node's name, for people.
    node TEXT NOT NULL,
    sockets BIGINT NOT NULL CHECK (sockets >= 0),
    at BIGINT NOT NULL,
    PRIMARY KEY (process, room, seat)
);
