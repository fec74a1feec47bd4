"""Health check of the web container: the page /healthz, asked for by a host name that the application answers to."""

import os
import urllib.request

host = os.environ.get("SPM_ALLOWED_HOSTS", "localhost").split(",")[0].strip().lstrip(".")
address = f"http://127.0.0.1:{os.environ.get('SPM_HEALTH_PORT', '8000')}/healthz"
headers = {"Host": host if host != "*" else "localhost", "X-Forwarded-Proto": "https"}
with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=3) as answer:
    raise SystemExit(0 if answer.status == 200 else 1)
