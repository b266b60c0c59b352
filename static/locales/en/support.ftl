# Support on the watch page

support-title = Support
support-open = Support
support-sheet = Send support
support-close = Close
support-whom = For whom?
support-event = The event
support-coins = Coins
support-message = Message (may stay empty)
support-anonymous = Without my name
support-preview = How it looks on the broadcast
support-send = Send { $coins } coins
support-sending = Sending…
support-room = { $count } of { $number } characters
support-needs = A message this long starts at { $coins } coins
support-thanks = Sent. It will be on the broadcast in a moment.
support-held = Sent. It will show once it is approved.
support-short = Not enough coins
support-often = Too often. Try again in a moment.
support-closed = The event is over, support is closed.
support-refused = This cannot be sent. Change the amount or the message.
support-away = Not sent yet. Press once more; coins are never taken twice.
support-totals = Support by fighter
support-pins = Pinned support
support-rail = Latest support
support-empty = No support yet. Be the first.
