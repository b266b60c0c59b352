# Corner of the page
nav-login = Log in
nav-register = Register
nav-account = Account
nav-balance = Coin balance

# Problems
problem-405-title = This page is opened another way
problem-405-text = Go back to the home page and use its links and buttons.
problem-413-title = That was too large
problem-413-text = Make it smaller, then send it again.
problem-400-title = We could not read that request
problem-400-text = Go back to the page before, then try again.
problem-stale-title = This page was opened too long ago, try again
problem-stale-text = For your safety a form is only good in the session it was shown in. Open the page again, then send it once more.
problem-stale-back = Open the page again

# Forms
form-phone = Mobile number
form-phone-hint = For example 0812 3456 7890
form-password = Password
form-password-hint = At least 8 characters. A short sentence is easiest to remember.
form-name = Display name
form-name-hint = People see this name when you support a fighter.
form-totp = Authenticator code
form-totp-hint = The six digits of your authenticator app. Type your password once more, too.
form-show = Show password
form-hide = Hide password

# Log in
login-title = Log in
login-forgot = Forgot your password?
login-new = No account yet?
login-register = Register here
login-done-reset = Your password is changed. Log in with the new one.
login-done-deleted = Your account is deleted.

# Register
register-title = Register
register-lead = One account to buy coins, unlock fights and support fighters.
register-known = Have an account already?
register-log-in-instead = Log in with this number
register-consent = By registering you agree to:

# What is wrong in a form
told-phone-empty = Type your mobile number.
told-phone-characters = A number has digits only. Remove letters and other signs.
told-phone-short = The number is too short. Mobile numbers have 10 to 13 digits.
told-phone-long = The number is too long. Mobile numbers have 10 to 13 digits.
told-phone-not-mobile = This is not a mobile number. Use one that begins with 08.
told-phone-no-operator = No operator has numbers with 084. Check the number.
told-phone-foreign = Only Indonesian numbers (+62) can be used.
told-phone-taken = This number is registered already.
told-name = Type a name of 1 to 40 characters.
told-wrong-credentials = Number or password is wrong.
told-totp = The code is not right yet. Type the six digits your app shows now.
told-banned = This account is banned. Contact the organiser.
told-no-role = This account has no role in the panel.
told-busy = Many people are logging in. Wait a few seconds, then try again.
told-fault = Something is wrong on our side. Try again in a moment.
told-too-many-seconds = Too many tries. Try again in { $count } seconds.
told-too-many-minutes = Too many tries. Try again in { $count } minutes.
told-password-short = The password is too short. Use 8 characters or more.
told-password-long = The password is too long. Use 128 characters at most.
told-password-personal = This password holds your name or number. Choose one that others cannot guess.
told-password-common = This password is easy to guess. Put several words together that have nothing to do with each other.
told-wrong-password = The password is wrong.
told-wrong-code = The code is wrong or no longer valid. Check it, or ask for a new one.
told-delete-word = Type { $word } to go on.
told-last-owner = This account is the last owner. Make another account owner first.

# Forgotten password
reset-title = New password
reset-lead = Type your mobile number. We send a code to make a new password.
reset-lead-code = If this number has an account, the code is on its way. Type it here with your new password.
reset-code = Code
reset-code-hint = Six digits from the message we sent. Good for 10 minutes.
reset-button = Send the code
reset-button-code = Change password
reset-no-code = No code?
reset-again = Ask again
reset-back = Back to logging in

# Account
account-title = Account
account-log-out = Log out
account-buy = Buy coins
account-history = Coin history
account-orders = Orders
account-opened = Unlocked
account-opened-fight = { $red } vs { $blue }
account-opened-night = The whole night
account-coins-away = Your balance cannot be shown right now. Reload in a moment.
account-name = Name
account-save = Save
account-devices = Devices
account-device-this = This device
account-device-end = Log out
account-device-end-others = Log out all other devices
device-unknown = Another device
account-language = Language
account-password-current = Current password
account-password-new = New password
account-password-change = Change password
account-password-note = All other devices will be logged out.
account-data = My data
account-data-text = Profile, devices, consents and every movement of your coins in one file.
account-data-get = Download my data
account-delete = Delete account
account-delete-text = Your name, number and password are erased and cannot be brought back. Records of transactions are kept without your name, as the law demands.
account-delete-open = I want to delete my account
account-delete-coins = { $coins } coins will be lost.
account-delete-password = Your password
account-delete-word = DELETE
account-delete-type = Type { $word }
account-delete-now = Delete my account
account-done-name = Your name is changed.
account-done-password = Your password is changed. Other devices are logged out.
account-done-language = Your language is changed.
account-done-device = That device is logged out.
account-done-devices = All other devices are logged out.

# Panel
admin-name = Bakuhantam panel
admin-word = Panel
admin-nav-desk = My sessions
admin-nav-audit = Audit
admin-login-title = Log in to the panel
admin-login-lead = For accounts with a role. The authenticator code is always asked for.
admin-desk-title = My sessions
admin-sessions = Logged in to the panel at
admin-audit-title = Audit
admin-audit-empty = No change is recorded yet.
admin-audit-when = When
admin-audit-who = Who
admin-audit-what = What
admin-audit-change = Before and after
admin-audit-from = From
admin-older = Older
admin-newest = Newest
admin-back = Back to the panel
role-viewer = Viewer
role-owner = Owner
role-producer = Producer
role-moderator = Moderator
role-finance = Finance

# Privacy and terms: what is new since there are accounts and coins
privacy-account-title = Account and transactions
privacy-account-text = When you register we keep your mobile number, display name, language, your password in a one-way form that cannot be read back, the devices that are logged in, and the version of the terms you agreed to. For each purchase we keep the order, amount, method, status, and every movement of coins. All of it serves to unlock the fights you bought, to answer questions about payments, and to meet the law.
privacy-long-title = How long
privacy-long-text = Your profile is kept while your account exists and is erased when you delete it. Records of transactions are kept for at least ten years, as PP 80/2019 demands; after you delete your account they no longer hold your name and number. Sessions that are not used end by themselves.
privacy-children-title = Children
privacy-children-text = Accounts are for people of 18 years or more, or with the consent of a parent or guardian.
privacy-contact-title = Contact
privacy-contact-text = The organiser of the event is responsible for this data. Write to the contact in the announcement of the event, and name the mobile number of your account.
terms-account-title = Account
terms-account-text = One mobile number is one account. Keep your password safe; we never ask for it, nor for a code that we sent. Accounts used to deceive or harass others can be banned.
terms-paying-title = Paying
terms-paying-text = Prices are shown in rupiah before you pay, with no fee of ours on top. Coins arrive as soon as the payment provider tells us that the payment succeeded, also when it tells us late. Not there yet? Open your order and press "Paid already? Check again".
terms-refund-title = Refunds
terms-refund-text = Unused coins are refunded when an event is cancelled, when you were charged twice, or when a fight you unlocked was not broadcast and has no replay. Coins for fights that were watched, for support and for votes are not refunded. When the payment provider gives your money back, the coins of that purchase are taken back.
terms-contact-title = Complaints
terms-contact-text = Write to the organiser at the contact in the announcement of the event, with the order number on your receipt. You may also turn to the Directorate General of Consumer Protection and Trade Order (Ditjen PKTN) of the Indonesian Ministry of Trade.
