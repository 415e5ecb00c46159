"""Checks of schemathesis' answers that it does not come with; loaded by SCHEMATHESIS_HOOKS."""

import schemathesis

# Where the client asks for a time this short, that it was too short is the right answer.
SHORT_SECONDS = 5


@schemathesis.check
def only_deadlines_that_were_asked_for(context, response, case):
    """503 and 504 are right for a request that wants its answer at once, and for no other."""
    if response.status_code < 500:
        return
    code = response.json()["error"]["code"]
    timeout = case.body.get("timeout") if isinstance(case.body, dict) else None
    wants_it_at_once = isinstance(timeout, (int, float)) and timeout < SHORT_SECONDS
    assert (response.status_code, code) in [(503, "queue_full"), (504, "deadline_exceeded")] and wants_it_at_once, response.text
