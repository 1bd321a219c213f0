"""A method that an address does not take (RFC 9110 15.5.6)."""

import pytest
from flask import Flask


@pytest.mark.parametrize(
    ("method", "address"), [("POST", "/"), ("GET", "/book/pay"), ("PUT", "/book/safety")]
)
def test_a_method_not_allowed_says_which_are(app: Flask, method: str, address: str):
    response = app.test_client().open(address, method=method)
    assert response.status_code == 405
    assert method not in response.headers["Allow"]
