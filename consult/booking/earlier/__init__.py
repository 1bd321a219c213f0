"""The list for earlier times: asking, offering, answering."""
