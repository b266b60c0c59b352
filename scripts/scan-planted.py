"""A server with a hole in it, on a free port of loopback: what sqlmap must find before its silence means anything."""

import sqlite3
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlparse

rows = sqlite3.connect(":memory:")
rows.execute("CREATE TABLE fights (id TEXT, title TEXT)")
rows.execute("INSERT INTO fights VALUES ('1', 'Island Fight')")


class Planted(BaseHTTPRequestHandler):
    """Pastes what it is asked into the statement."""

    def do_GET(self):
        wanted = parse_qs(urlparse(self.path).query).get("id", [""])[0]
        try:
            found = rows.execute(f"SELECT title FROM fights WHERE id = '{wanted}'").fetchall()
        except sqlite3.Error:
            found = []
        body = f"<html>{found}</html>".encode()
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Says nothing."""


server = HTTPServer(("127.0.0.1", 0), Planted)
print(server.server_port, flush=True)
server.serve_forever()
