"""Starts microburst as its own command does, between the functions and the embedded AWS.

The functions sign what they send, the address that they send it to included: it goes on as it was signed. And a line
for each request is not written.
"""

import logging
import sys

from microburst.cli import main
from microburst.forward import Upstream

rewritten = Upstream._outbound_headers
Upstream._outbound_headers = lambda self, request: {**rewritten(self, request), "host": request.headers["Host"]}

logging.getLogger("aiohttp.access").setLevel(logging.WARNING)

sys.exit(main())
