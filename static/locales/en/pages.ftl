# Home
home-title = Live fights
home-description = Watch fights live on your phone: schedule, fight cards, live broadcast and replays.
home-next = Next event
home-upcoming = Coming up
home-past = Replays
home-past-none = Not recorded
home-empty-title = No event is scheduled yet
home-empty-text = The next event will appear here as soon as it is announced.
home-bouts = { $count } fights

# Event page
event-description = { $title }, { $date }. Fight card and live broadcast.
event-card = Fight card
event-card-empty = The fight card has not been announced yet.
event-starts = Starts
event-main = Closing fight

# Watch page
watch-title = Watch { $title }
watch-player = Broadcast player
watch-noscript = Video needs JavaScript. Turn JavaScript on, then reload this page.
watch-strip = Tonight’s fights
watch-details = Fight card and date
watch-polls = Polls
watch-polls-open = Open
watch-polls-closed = Closed
watch-milestones = Support goals
watch-rail = About this event

# Problems
problem-back = Back to home
problem-incident = Incident code: { $incident }
problem-403-title = This page is not for you
problem-403-text = This request is not allowed. Open the page from a link on the home page.
problem-404-title = Page not found
problem-404-text = The address is wrong or the event is gone. Check the link.
problem-429-title = Too many requests
problem-429-text = Wait a moment, then try again.
problem-500-title = Something broke on our server
problem-500-text = We have made a note of it. Try again in a moment.
problem-503-title = The server is busy
problem-503-text = Wait a few seconds, then reload this page.

# Privacy
privacy-title = Privacy policy
privacy-intro = Watching needs no account. This page says what we keep, what for, how long, and what your rights are.
privacy-kept-title = Server records
privacy-kept-text = The server records the IP address, the page asked for and the time, to keep the broadcast running and to hold off abuse. We use no ads and no trackers.
privacy-device-title = What is stored on your device
privacy-device-text = One cookie keeps you logged in, one marks a device that has logged in before so that nobody else can lock you out, and one protects forms. The player stores your volume, mute and picture choices, and where you left a replay. No cookie is set just for watching.
privacy-shared-title = Others
privacy-shared-text = The payment provider receives your display name, mobile number and the amount when you buy coins. The messaging provider receives your number when you ask for a code. Video is delivered by object storage and a content delivery network, which see your device's IP address. Data is not sold.
privacy-rights-title = Your rights
privacy-rights-text = Under the Indonesian data protection act (UU 27/2022) you may ask for information, a copy, correction and erasure of your data, and withdraw your consent. On your account page you can download everything, change your name, log devices out and delete your account at any time. We answer other requests within 3×24 hours.

# Terms
terms-title = Terms and conditions
terms-intro = By watching or registering you agree to the following.
terms-watching-title = Watching
terms-watching-text = The broadcast is for your own viewing. Fights that cost coins are open to the account that unlocked them.
terms-coins-title = Coins
terms-coins-text = Coins are prepaid and good on this site only: to unlock fights, support fighters and take part in polls. They are no electronic money, cannot be paid out, and cannot be transferred to another account. Polls pay no prizes in money. Coins that are left are lost when you delete your account.
terms-recording-title = Recording
terms-recording-text = Recording, rebroadcasting or sharing the broadcast without the organiser’s written permission is not allowed.
terms-stream-title = Interruptions
terms-stream-text = The broadcast can be interrupted by networks or equipment. The player reconnects by itself as soon as the picture is back.
