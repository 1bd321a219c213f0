"""A stand-in for Twilio's Messages API over HTTP, written after its documentation."""

from .server import ACCOUNT, SENDER, TOKEN, Fault, TwilioDouble, running_twilio

__all__ = ["ACCOUNT", "SENDER", "TOKEN", "Fault", "TwilioDouble", "running_twilio"]
