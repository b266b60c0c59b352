# Halaman di atas siaran (OBS)

overlay-anonymous = Seseorang
overlay-board = Pendukung teratas
overlay-goals = Target dukungan
overlay-poll-closed = Jajak pendapat ditutup
overlay-poll-open = Jajak pendapat
overlay-says = { $name } berkata: { $message }
overlay-test-message = Ini pesan percobaan. Dukungan penonton tampil seperti ini di siaran.
overlay-test-name = Penonton Percobaan
overlay-to = untuk { $fighter }
overlay-total = { $coins } koin terkumpul
overlay-votes = { $count } suara
