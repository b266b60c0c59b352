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
