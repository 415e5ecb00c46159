"""What a comparison is made of: files of a model, and requests to it."""
from dataclasses import dataclass, field

# Members that speak of drawing: a request with one of them gets no beams by default.
DRAWING = ("temperature", "top_p", "top_k", "min_p", "typical_p", "do_sample", "best_of")


@dataclass
class Case:
    """One request: its members without the prompt, and for which model files."""
    name: str
    prompt: list
    members: dict = field(default_factory=dict)
    endpoint: str = "completions"
    place: str = ""
    """Of cases that differ in nothing but a rule: the same; the first of them has none."""

    @property
    def body(self):
        body = {"prompt": self.prompt, **self.members}
        return body | {"return_token_ids": True} if self.endpoint == "completions" else body

    @property
    def asked(self):
        """The members that say something: null is the model's word."""
        return {name: value for name, value in self.members.items() if value is not None}


@dataclass
class World:
    """A checkpoint with files of its own, and what is asked there."""
    name: str
    generation: dict | None
    """generation_config.json; None for no such file."""
    cases: list
    config: dict = field(default_factory=dict)
    """Put into config.json."""


@dataclass
class Context:
    """What rules are made of so that they bite: a checkpoint's tokens, and what it answers without them."""
    vocabulary: int
    start: int
    ends: list
    pad: int
    prompts: list
    answer: list
    """Greedy tokens for the first prompt."""
    room: int
    """Tokens of a decoder prompt that no expert's capacity binds for."""
    limit: int

    @property
    def tokens(self):
        """Ids in the files, for rules to start from."""
        return {"decoder_start_token_id": self.start, "pad_token_id": self.pad,
                "eos_token_id": self.ends if len(self.ends) > 1 else self.ends[0]}

    def ordinary(self):
        return [token for token in range(self.vocabulary) if token not in {self.start, self.pad, *self.ends}]
