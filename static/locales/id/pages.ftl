# Beranda
home-title = Siaran langsung laga
home-description = Nonton laga langsung dari ponsel: jadwal, kartu laga, siaran langsung dan siaran ulang.
home-next = Laga berikutnya
home-upcoming = Segera hadir
home-past = Siaran ulang
home-past-none = Tidak direkam
home-empty-title = Belum ada laga terjadwal
home-empty-text = Laga berikutnya akan tampil di sini begitu diumumkan.
home-bouts = { $count } laga

# Halaman acara
event-description = { $title }, { $date }. Kartu laga dan siaran langsung.
event-card = Kartu laga
event-card-empty = Kartu laga belum diumumkan.
event-starts = Mulai
event-main = Laga penutup

# Halaman tonton
watch-title = Tonton { $title }
watch-player = Pemutar siaran
watch-noscript = Video memerlukan JavaScript. Nyalakan JavaScript lalu muat ulang halaman ini.
watch-strip = Laga malam ini
watch-details = Kartu laga dan tanggal
watch-polls = Jajak pendapat
watch-polls-open = Dibuka
watch-polls-closed = Ditutup
watch-milestones = Target dukungan
watch-rail = Seputar acara

# Masalah
problem-back = Kembali ke beranda
problem-incident = Kode kejadian: { $incident }
problem-403-title = Halaman ini bukan untuk Anda
problem-403-text = Permintaan ini tidak diizinkan. Buka halaman dari tautan di beranda.
problem-404-title = Halaman tidak ditemukan
problem-404-text = Alamatnya salah atau acaranya sudah tidak ada. Periksa lagi tautannya.
problem-429-title = Terlalu banyak permintaan
problem-429-text = Tunggu sebentar, lalu coba lagi.
problem-500-title = Ada yang salah di server kami
problem-500-text = Kami sudah mencatatnya. Coba lagi sebentar lagi.
problem-503-title = Server sedang sibuk
problem-503-text = Tunggu beberapa detik, lalu muat ulang halaman ini.

# Privasi
privacy-title = Kebijakan privasi
privacy-intro = Menonton tidak memerlukan akun. Halaman ini menjelaskan data apa yang kami simpan, untuk apa, berapa lama, dan hak Anda.
privacy-kept-title = Catatan server
privacy-kept-text = Server mencatat alamat IP, halaman yang diminta, dan waktunya, untuk menjaga siaran tetap berjalan dan menahan penyalahgunaan. Kami tidak memakai iklan maupun pelacak.
privacy-device-title = Yang disimpan di perangkat Anda
privacy-device-text = Satu kuki menjaga Anda tetap masuk, satu kuki menandai perangkat yang pernah masuk agar orang lain tidak bisa mengunci akun Anda, dan satu kuki melindungi formulir. Pemutar menyimpan volume, pilihan bisu, kualitas gambar, dan tempat terakhir di siaran ulang. Tidak ada kuki yang dipasang hanya untuk menonton.
privacy-shared-title = Pihak lain
privacy-shared-text = Penyedia pembayaran menerima nama tampilan, nomor HP, dan jumlah pembayaran Anda saat Anda membeli koin. Penyedia pesan menerima nomor HP Anda saat Anda meminta kode. Video dikirim melalui penyimpanan objek dan jaringan pengiriman konten, yang melihat alamat IP perangkat Anda. Data tidak dijual.
privacy-rights-title = Hak Anda
privacy-rights-text = Menurut UU Pelindungan Data Pribadi (UU 27/2022) Anda berhak mendapat informasi, salinan, perbaikan, dan penghapusan data Anda, serta menarik persetujuan. Di halaman Akun Anda bisa mengunduh semua data, mengganti nama, mengeluarkan perangkat, dan menghapus akun kapan saja. Permintaan lain kami tanggapi paling lambat 3×24 jam.

# Syarat
terms-title = Syarat dan ketentuan
terms-intro = Dengan menonton atau mendaftar, Anda menyetujui hal-hal berikut.
terms-watching-title = Menonton
terms-watching-text = Siaran hanya untuk ditonton sendiri. Laga yang berharga koin terbuka untuk akun yang membukanya.
terms-coins-title = Koin
terms-coins-text = Koin dibayar di muka dan hanya berlaku di situs ini: untuk membuka laga, mendukung petarung, dan ikut jajak pendapat. Koin bukan uang elektronik, tidak bisa diuangkan, dan tidak bisa dipindahkan ke akun lain. Tidak ada hadiah uang dari jajak pendapat. Koin yang tersisa hangus bila Anda menghapus akun.
terms-recording-title = Rekaman
terms-recording-text = Merekam, menyiarkan ulang, atau membagikan siaran tanpa izin tertulis penyelenggara tidak diperbolehkan.
terms-stream-title = Gangguan siaran
terms-stream-text = Siaran bisa terputus karena jaringan atau peralatan. Pemutar menyambung kembali sendiri begitu gambar ada lagi.
