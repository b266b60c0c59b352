# Pages over the broadcast (OBS)

overlay-anonymous = Someone
overlay-board = Top supporters
overlay-goals = Support goals
overlay-poll-closed = Poll closed
overlay-poll-open = Poll
overlay-says = { $name } says: { $message }
overlay-test-message = This is a test. Support from viewers looks like this on the broadcast.
overlay-test-name = Test Viewer
overlay-to = for { $fighter }
overlay-total = { $coins } coins so far
overlay-votes = { $count } votes
