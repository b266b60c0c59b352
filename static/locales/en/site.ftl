# The frame of every page
site-name = Bakuhantam
skip-to-content = Skip to content
nav-label = Main menu
nav-home = Home
switch-language = Indonesia
switch-language-label = Baca halaman ini dalam bahasa Indonesia
footer-times = All times are in the time zone shown.
footer-privacy = Privacy policy
footer-terms = Terms and conditions

# Dates
date-long = { $weekday }, { $day } { $month } { $year } at { $time }
date-short = { $day } { $month } { $year }
date-time = { $hour }:{ $minute } { $zone }
weekday-monday = Monday
weekday-tuesday = Tuesday
weekday-wednesday = Wednesday
weekday-thursday = Thursday
weekday-friday = Friday
weekday-saturday = Saturday
weekday-sunday = Sunday
month-january = January
month-february = February
month-march = March
month-april = April
month-may = May
month-june = June
month-july = July
month-august = August
month-september = September
month-october = October
month-november = November
month-december = December

# States
status-live = Live
status-interrupted = Interrupted
status-ended = Ended
status-soon = Upcoming
status-replay = Replay
bout-scheduled = Not started
bout-live = Live now
bout-ended = Ended
bout-replay = Replay
versus = vs
coins-amount = { $coins } coins
viewers-count = { $count } watching

# Countdown
count-label = Countdown
count-days = Days
count-hours = Hours
count-minutes = Min
count-seconds = Sec

# Buttons
watch-now = Watch now
watch-again = Watch the replay
watch-room = Enter the watch room
see-card = See the fight card
