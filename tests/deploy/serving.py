"""Stands for one of our services where only the supervisor is tested: answers /readyz on SHOUWANG_PORT.

SHOUWANG_TEST_STUBBORN=1: does not hear SIGTERM. SHOUWANG_TEST_ENDS=1: ends at once.
"""

import http.server
import os
import signal
import sys


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        return


def main() -> None:
    print("serving", flush=True)
    if os.environ.get("SHOUWANG_TEST_ENDS"):
        sys.exit(3)
    is_stubborn = os.environ.get("SHOUWANG_TEST_STUBBORN")
    signal.signal(signal.SIGTERM, signal.SIG_IGN if is_stubborn else lambda *_: sys.exit(0))
    http.server.HTTPServer(("127.0.0.1", int(os.environ["SHOUWANG_PORT"])), Answer).serve_forever()


if __name__ == "__main__":
    main()
