# Laga terkunci di pemutar
locked-fight = Laga { $number }
locked-night = Seluruh malam
locked-press = Buka pertandingan
locked-balance = Saldo { $coins } koin
locked-short = Saldo { $balance } koin, kurang { $coins } koin
locked-night-offer = Semalam penuh · { $coins } koin
locked-night-detail = { $count } laga, langsung dan siaran ulang
locked-sign-in = Masuk untuk membuka laga ini.
locked-news = Laga terkunci: { $title }
locked-busy = Membuka…
locked-opened = Terbuka. Gambar segera tampil.
locked-opened-slow = Sudah terbuka. Gambarnya belum tersambung, kami terus mencoba.
locked-price-changed = Harganya sekarang { $coins } koin. Belum ada koin yang dipakai.
locked-away = Belum ada jawaban dari server. Tekan lagi: koin tidak dipotong dua kali.
locked-checking = Mengecek…
locked-still = Belum terbuka di akun ini.
locked-again = Sudah buka? Cek ulang
locked-rules = Aturan koin
locked-noscript = Laga berbayar dibuka di halaman acara.

# Perangkat lain
taken-title = Ditonton di perangkat lain
taken-text = Akun ini sedang menonton di perangkat lain. Kalau dilanjutkan di sini, perangkat yang paling lama berhenti.
taken-here = Tonton di sini
taken-moving = Memindahkan…
taken-failed = Belum bisa dipindahkan. Coba lagi sebentar lagi.

# Masih nonton
resting-title = Masih nonton?
resting-text = Kami jeda supaya kuota tidak terpakai percuma.
resting-go-on = Lanjut nonton

# Hemat data
saver-offer = Sinyal lambat?
saver-yes = Hemat data
saver-no = Tutup
saver-switch = Hemat data (maks. 480p)
