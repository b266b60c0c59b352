# Kerangka halaman
site-name = Bakuhantam
skip-to-content = Langsung ke isi
nav-label = Menu utama
nav-home = Beranda
switch-language = English
switch-language-label = Read this page in English
footer-times = Semua waktu menurut zona waktu yang tertulis.
footer-privacy = Kebijakan privasi
footer-terms = Syarat dan ketentuan

# Tanggal
date-long = { $weekday }, { $day } { $month } { $year } pukul { $time }
date-short = { $day } { $month } { $year }
date-time = { $hour }.{ $minute } { $zone }
weekday-monday = Senin
weekday-tuesday = Selasa
weekday-wednesday = Rabu
weekday-thursday = Kamis
weekday-friday = Jumat
weekday-saturday = Sabtu
weekday-sunday = Minggu
month-january = Januari
month-february = Februari
month-march = Maret
month-april = April
month-may = Mei
month-june = Juni
month-july = Juli
month-august = Agustus
month-september = September
month-october = Oktober
month-november = November
month-december = Desember

# Status
status-live = Live
status-interrupted = Terputus
status-ended = Selesai
status-soon = Segera
status-replay = Siaran ulang
bout-scheduled = Belum mulai
bout-live = Sedang berlangsung
bout-ended = Selesai
bout-replay = Siaran ulang
versus = vs
coins-amount = { $coins } koin
viewers-count = { $count } menonton

# Hitung mundur
count-label = Hitung mundur
count-days = Hari
count-hours = Jam
count-minutes = Menit
count-seconds = Detik

# Tombol
watch-now = Tonton sekarang
watch-again = Tonton siaran ulang
watch-room = Masuk ruang tonton
see-card = Lihat kartu laga
