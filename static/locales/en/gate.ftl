# The locked fight in the player
locked-fight = Fight { $number }
locked-night = The whole night
locked-press = Unlock fight
locked-balance = Balance { $coins } coins
locked-short = Balance { $balance } coins, { $coins } more needed
locked-night-offer = Whole night · { $coins } coins
locked-night-detail = { $count } fights, live and as replays
locked-sign-in = Log in to unlock this fight.
locked-news = Locked fight: { $title }
locked-busy = Unlocking…
locked-opened = Unlocked. The picture is on its way.
locked-opened-slow = Unlocked. The picture is not connected yet; we keep trying.
locked-price-changed = The price is { $coins } coins now. No coins were spent.
locked-away = No answer from the server yet. Press again: coins are never taken twice.
locked-checking = Checking…
locked-still = Not unlocked on this account yet.
locked-again = Unlocked already? Check again
locked-rules = Coin rules
locked-noscript = Fights that cost coins are unlocked on the event’s page.

# Other devices
taken-title = Playing on another device
taken-text = This account is watching on another device. If you go on here, the device that started first stops.
taken-here = Watch here
taken-moving = Moving…
taken-failed = This could not be moved here yet. Try again in a moment.

# Still watching
resting-title = Still watching?
resting-text = We paused so that no data is wasted.
resting-go-on = Keep watching

# Data saver
saver-offer = Slow connection?
saver-yes = Save data
saver-no = Close
saver-switch = Save data (480p at most)
