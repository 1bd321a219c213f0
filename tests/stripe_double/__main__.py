"""The double by hand: `python -m tests.stripe_double PORT [--webhooks URL]`; Ctrl-C ends it.

Set STRIPE_API_BASE to the address printed, and the key and secret printed beside it. Days go by, and disputes
are decided, by typing a word: `settle`, `fail`, `won`, `lost`, `hour` (the clock goes on by one).
"""

import argparse
import sys
from datetime import UTC, datetime, timedelta

from .server import API_KEY, SECRET, running_double
from .webhooks import over_http


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.stripe_double", description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("--webhooks", metavar="URL", help="send each event there at once")
    given = parser.parse_args()
    ahead = timedelta()
    with running_double(lambda: datetime.now(UTC) + ahead, given.port) as double:
        if given.webhooks:
            double.hooks.send, double.hooks.automatic = over_http(given.webhooks), True
        say = f"STRIPE_API_BASE={double.url} STRIPE_SECRET_KEY={API_KEY} STRIPE_WEBHOOK_SECRETS={SECRET}\n"
        sys.stdout.write(say)
        sys.stdout.flush()
        words = {
            "settle": lambda: double.settle(),
            "fail": lambda: double.settle(paid=False),
            "won": lambda: double.decide_disputes(won=True),
            "lost": lambda: double.decide_disputes(won=False),
        }
        for line in sys.stdin:
            if line.strip() == "hour":
                ahead += timedelta(hours=1)
            words.get(line.strip(), lambda: None)()
        # Without a terminal there is nobody to type: stay until ended.
        double.closing.wait()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.stdout.write("\n")
