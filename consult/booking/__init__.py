"""The patient's whole story, from the safety screen to the visit; the only place where topics meet."""
