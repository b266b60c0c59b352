# Sudut halaman
nav-login = Masuk
nav-register = Daftar
nav-account = Akun
nav-balance = Saldo koin

# Masalah
problem-405-title = Halaman ini dibuka dengan cara lain
problem-405-text = Kembali ke beranda, lalu buka lewat tautan atau tombolnya.
problem-413-title = Kiriman terlalu besar
problem-413-text = Perkecil isinya, lalu kirim lagi.
problem-400-title = Permintaan tidak bisa dibaca
problem-400-text = Kembali ke halaman sebelumnya, lalu coba lagi.
problem-stale-title = Halaman ini sudah lama dibuka, coba lagi
problem-stale-text = Demi keamanan, formulir hanya berlaku untuk sesi saat halaman dibuka. Buka lagi halamannya, lalu kirim ulang.
problem-stale-back = Buka lagi halamannya
