"""The hosted page a payer sees, in plain HTML. It takes any of the test cards and no money."""

from html import escape

from .account import Account, Object
from .cards import SAID, Card

_STYLE = (
    "body{font:1rem/1.5 sans-serif;max-width:34rem;margin:2rem auto;padding:0 1rem}"
    ".double{background:#b00020;color:#fff;padding:1rem;font-weight:bold}"
    "button{font-size:1rem;padding:.5rem 1rem;margin:.5rem 0}select{max-width:100%}"
)


def page(account: Account, session: Object, notice: str = "") -> str:
    """The page of a checkout that can be paid, or what became of it."""
    product = account.unseen[session["id"]]["product"]
    amount = f"{session['amount_total'] / 100:.2f} {session['currency'].upper()}"
    heading = f"<h1>{escape(product)}</h1><p>{amount}</p>"
    if session["status"] != "open":
        return _document(f"{heading}<p>This checkout is {session['status']}. Nothing can be paid here.</p>")
    cards = "".join(f'<option value="{card}">{card} {escape(said)}</option>' for card, said in SAID.items())
    back = session["cancel_url"]
    return _document(
        f'{heading}<p role="alert">{escape(notice)}</p>'
        f'<form method="post"><p><label for="card">Test card</label> '
        f'<select id="card" name="card">{cards}</select></p>'
        '<button name="answer" value="pay">Pay</button></form>'
        + (f'<p><a href="{escape(back)}">Back</a></p>' if back else "")
    )


def authentication(card: Card) -> str:
    """The bank's question between (3-D Secure)."""
    return _document(
        '<h1>3-D Secure 2</h1><form method="post">'
        f'<input type="hidden" name="card" value="{card}">'
        '<button name="answer" value="authenticate">Complete</button> '
        '<button name="answer" value="fail">Fail</button></form>'
    )


def _document(inside: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Stripe double</title><style>{_STYLE}</style></head><body>"
        '<p class="double">A DOUBLE OF STRIPE FOR TESTS – NO REAL MONEY – TYPE NO REAL CARD</p>'
        f"{inside}</body></html>"
    )
