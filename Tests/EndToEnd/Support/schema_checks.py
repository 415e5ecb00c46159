"""Checks of schemathesis' answers that it does not come with; loaded by SCHEMATHESIS_HOOKS."""

import schemathesis

# Where the client asks for a time this short, that it was too short is the right answer.
SHORT_SECONDS = 5


@schemathesis.check
def only_deadlines_that_were_asked_for(context, response, case):
    """503 and 504 are right for a request that wants its answer at once, and for no other."""
    if response.status_code < 500:
        return
    # Other interfaces have no code, but the same statuses.
    error = response.json().get("error")
    codes = {503: "queue_full", 504: "deadline_exceeded"}
    code = error["code"] if isinstance(error, dict) else codes.get(response.status_code)
    body = case.body if isinstance(case.body, dict) else {}
    nested = body.get("parameters")
    timeout = body.get("timeout", nested.get("timeout") if isinstance(nested, dict) else None)
    wants_it_at_once = isinstance(timeout, (int, float)) and timeout < SHORT_SECONDS
    assert (response.status_code, code) in [(503, "queue_full"), (504, "deadline_exceeded")] and wants_it_at_once, response.text
