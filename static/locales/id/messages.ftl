# Pesan ke nomor HP
message-reset-code = { $code } adalah kode Bakuhantam untuk membuat kata sandi baru. Berlaku 10 menit. Jangan berikan kepada siapa pun, juga kepada yang mengaku dari kami.
