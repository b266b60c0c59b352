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

# Formulir
form-phone = Nomor HP
form-phone-hint = Contoh: 0812 3456 7890
form-password = Kata sandi
form-password-hint = Paling sedikit 8 karakter. Kalimat pendek paling mudah diingat.
form-name = Nama tampilan
form-name-hint = Nama ini terlihat saat Anda mendukung petarung.
form-totp = Kode autentikator
form-totp-hint = Enam angka dari aplikasi autentikator. Tulis juga kata sandi sekali lagi.
form-show = Tampilkan kata sandi
form-hide = Sembunyikan kata sandi

# Masuk
login-title = Masuk
login-forgot = Lupa kata sandi?
login-new = Belum punya akun?
login-register = Daftar di sini
login-done-reset = Kata sandi sudah diganti. Masuk dengan kata sandi yang baru.
login-done-deleted = Akun Anda sudah dihapus.

# Daftar
register-title = Daftar
register-lead = Satu akun untuk membeli koin, membuka laga, dan mendukung petarung.
register-known = Sudah punya akun?
register-log-in-instead = Masuk dengan nomor ini
register-consent = Dengan mendaftar, Anda menyetujui:

# Yang salah di formulir
told-phone-empty = Tulis nomor HP Anda.
told-phone-characters = Nomor hanya berisi angka. Hapus huruf atau tanda lain.
told-phone-short = Nomor terlalu pendek. Nomor HP punya 10 sampai 13 angka.
told-phone-long = Nomor terlalu panjang. Nomor HP punya 10 sampai 13 angka.
told-phone-not-mobile = Ini bukan nomor HP. Pakai nomor yang diawali 08.
told-phone-no-operator = Tidak ada operator dengan nomor 084. Periksa lagi nomornya.
told-phone-foreign = Hanya nomor Indonesia (+62) yang bisa dipakai.
told-phone-taken = Nomor ini sudah terdaftar.
told-name = Tulis nama dengan 1 sampai 40 karakter.
told-wrong-credentials = Nomor atau kata sandi salah.
told-totp = Kode belum benar. Tulis kode enam angka yang sedang tampil di aplikasi.
told-banned = Akun ini diblokir. Hubungi penyelenggara.
told-no-role = Akun ini tidak punya peran di panel.
told-busy = Banyak orang sedang masuk. Tunggu beberapa detik, lalu coba lagi.
told-fault = Ada gangguan di server kami. Coba lagi sebentar lagi.
told-too-many-seconds = Terlalu banyak percobaan. Coba lagi { $count } detik lagi.
told-too-many-minutes = Terlalu banyak percobaan. Coba lagi { $count } menit lagi.
told-password-short = Kata sandi terlalu pendek. Pakai 8 karakter atau lebih.
told-password-long = Kata sandi terlalu panjang. Pakai paling banyak 128 karakter.
told-password-personal = Kata sandi ini berisi nama atau nomor Anda. Pilih yang tidak bisa ditebak orang lain.
told-password-common = Kata sandi ini mudah ditebak. Gabungkan beberapa kata yang tidak berhubungan.
told-wrong-password = Kata sandi salah.
told-wrong-code = Kode salah atau sudah tidak berlaku. Periksa lagi, atau minta kode baru.
told-delete-word = Tulis { $word } untuk melanjutkan.
told-last-owner = Akun ini pemilik terakhir. Jadikan akun lain pemilik lebih dulu.

# Lupa kata sandi
reset-title = Kata sandi baru
reset-lead = Tulis nomor HP Anda. Kami kirim kode untuk membuat kata sandi baru.
reset-lead-code = Jika nomor ini punya akun, kodenya sudah dikirim. Tulis kode itu dan kata sandi yang baru.
reset-code = Kode
reset-code-hint = Enam angka dari pesan yang kami kirim. Berlaku 10 menit.
reset-button = Kirim kode
reset-button-code = Ganti kata sandi
reset-no-code = Kode tidak datang?
reset-again = Minta lagi
reset-back = Kembali ke halaman masuk

# Akun
account-title = Akun
account-log-out = Keluar
account-buy = Beli koin
account-history = Riwayat koin
account-orders = Pesanan
account-opened = Sudah dibuka
account-opened-fight = { $red } vs { $blue }
account-opened-night = Semalam penuh
account-coins-away = Saldo tidak bisa ditampilkan sekarang. Muat ulang sebentar lagi.
account-name = Nama
account-save = Simpan
account-devices = Perangkat
account-device-this = Perangkat ini
account-device-end = Keluarkan
account-device-end-others = Keluarkan semua perangkat lain
device-unknown = Perangkat lain
account-language = Bahasa
account-password-current = Kata sandi sekarang
account-password-new = Kata sandi baru
account-password-change = Ganti kata sandi
account-password-note = Semua perangkat lain akan dikeluarkan.
account-data = Data saya
account-data-text = Profil, perangkat, persetujuan, dan semua catatan koin Anda dalam satu berkas.
account-data-get = Unduh data saya
account-delete = Hapus akun
account-delete-text = Nama, nomor, dan kata sandi Anda dihapus dan tidak bisa dikembalikan. Catatan transaksi tetap disimpan tanpa nama, seperti yang diwajibkan hukum.
account-delete-open = Saya ingin menghapus akun
account-delete-coins = Sisa { $coins } koin akan hangus.
account-delete-password = Kata sandi Anda
account-delete-word = HAPUS
account-delete-type = Tulis { $word }
account-delete-now = Hapus akun saya
account-done-name = Nama sudah diganti.
account-done-password = Kata sandi sudah diganti. Perangkat lain sudah dikeluarkan.
account-done-language = Bahasa sudah diganti.
account-done-device = Perangkat itu sudah dikeluarkan.
account-done-devices = Semua perangkat lain sudah dikeluarkan.

# Panel
admin-name = Panel Bakuhantam
admin-word = Panel
admin-nav-desk = Sesi saya
admin-nav-audit = Audit
admin-login-title = Masuk ke panel
admin-login-lead = Untuk akun dengan peran. Kode autentikator selalu diminta.
admin-desk-title = Sesi saya
admin-sessions = Masuk ke panel di
admin-audit-title = Audit
admin-audit-empty = Belum ada perubahan yang tercatat.
admin-audit-when = Kapan
admin-audit-who = Siapa
admin-audit-what = Apa
admin-audit-change = Sebelum dan sesudah
admin-audit-from = Dari
admin-older = Lebih lama
admin-newest = Terbaru
admin-back = Kembali ke panel
role-viewer = Penonton
role-owner = Pemilik
role-producer = Produser
role-moderator = Moderator
role-finance = Keuangan

# Privasi dan syarat: yang baru sejak ada akun dan koin
privacy-account-title = Akun dan transaksi
privacy-account-text = Jika Anda mendaftar, kami menyimpan nomor HP, nama tampilan, bahasa, kata sandi dalam bentuk acak satu arah yang tidak bisa dibaca kembali, perangkat yang sedang masuk, dan versi syarat yang Anda setujui. Untuk setiap pembelian kami menyimpan pesanan, jumlah, metode, status, dan setiap perpindahan koin. Semua itu dipakai untuk membuka laga yang Anda beli, menjawab pertanyaan pembayaran, dan memenuhi kewajiban hukum.
privacy-long-title = Berapa lama
privacy-long-text = Data profil disimpan selama akun ada dan dihapus saat Anda menghapus akun. Catatan transaksi disimpan sekurangnya sepuluh tahun, seperti yang diwajibkan PP 80/2019; sesudah akun dihapus catatan itu tidak lagi memuat nama dan nomor Anda. Sesi yang tidak dipakai berakhir sendiri.
privacy-children-title = Anak-anak
privacy-children-text = Akun hanya untuk orang berusia 18 tahun ke atas, atau dengan persetujuan orang tua atau wali.
privacy-contact-title = Hubungi kami
privacy-contact-text = Penyelenggara acara bertanggung jawab atas data ini. Hubungi penyelenggara melalui kontak pada pengumuman acara, dan sebutkan nomor HP akun Anda.
terms-account-title = Akun
terms-account-text = Satu nomor HP untuk satu akun. Jaga kata sandi Anda; kami tidak pernah menanyakannya dan tidak pernah meminta kode yang kami kirim. Akun yang dipakai untuk menipu atau mengganggu orang lain bisa diblokir.
terms-paying-title = Membayar
terms-paying-text = Harga tertulis dalam rupiah sebelum Anda membayar, tanpa biaya tambahan dari kami. Koin masuk begitu penyedia pembayaran mengabarkan bahwa pembayaran berhasil, juga bila kabarnya terlambat. Belum masuk? Buka pesanan Anda dan tekan "Sudah bayar? Cek ulang".
terms-refund-title = Pengembalian dana
terms-refund-text = Koin yang belum dipakai dikembalikan bila acara dibatalkan, bila Anda terbayar dua kali, atau bila laga yang Anda buka tidak disiarkan dan tidak ada siaran ulangnya. Koin untuk laga yang sudah ditonton, dukungan, dan suara tidak dikembalikan. Bila dana dikembalikan oleh penyedia pembayaran, koin dari pembelian itu ditarik.
terms-contact-title = Keluhan
terms-contact-text = Sampaikan keluhan kepada penyelenggara melalui kontak pada pengumuman acara, dengan nomor pesanan yang tertulis pada bukti pembayaran. Anda juga bisa menghubungi Direktorat Jenderal Perlindungan Konsumen dan Tertib Niaga, Kementerian Perdagangan Republik Indonesia.
