# Messages to phones
message-reset-code = { $code } is your Bakuhantam code for a new password. It is valid for 10 minutes. Give it to nobody, not even to someone who says they are one of us.
