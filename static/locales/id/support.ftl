# Dukungan di halaman nonton

support-title = Dukungan penonton
support-open = Dukung
support-sheet = Kirim dukungan
support-close = Tutup
support-whom = Untuk siapa?
support-event = Acara
support-coins = Koin
support-message = Pesan (boleh kosong)
support-anonymous = Tanpa nama
support-preview = Tampilannya di siaran
support-send = Kirim { $coins } koin
support-sending = Mengirim…
support-room = { $count } dari { $number } huruf
support-needs = Pesan sepanjang ini mulai { $coins } koin
support-thanks = Terkirim. Dukunganmu segera tampil.
support-held = Terkirim. Dukunganmu tampil setelah disetujui.
support-short = Saldo koin tidak cukup
support-often = Terlalu sering. Coba lagi sebentar.
support-closed = Acara sudah selesai, dukungan ditutup.
support-refused = Dukungan ini tidak bisa dikirim. Ubah jumlah atau pesannya.
support-away = Belum terkirim. Tekan sekali lagi; koin tidak akan terpotong dua kali.
support-totals = Dukungan per petarung
support-pins = Dukungan yang disematkan
support-rail = Dukungan terbaru
support-empty = Belum ada dukungan. Jadilah yang pertama.
