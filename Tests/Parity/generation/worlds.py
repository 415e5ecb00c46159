"""Model directories with files of their own, and the verdicts of what is asked of them."""
import json
import random
import tempfile
from pathlib import Path

from generation.cases import Case, Context
from generation.expected import Oracle
from generation.server import LIMIT, Server
from generation.verdict import verdict

PROMPT_TOKENS = (9, 23)


def written(base, world, path):
    """Links to the weights of `base`, and the files of the world."""
    for file in base.iterdir():
        if file.suffix != ".json" or "index" in file.name:
            (path / file.name).symlink_to(file)
    config = json.loads((base / "config.json").read_text())
    (path / "config.json").write_text(json.dumps(config | world.config))
    if world.generation is not None:
        (path / "generation_config.json").write_text(json.dumps(world.generation))


class Checkpoint:
    """A checkpoint beside the server and in transformers."""

    def __init__(self, base, binary):
        self.base, self.binary = base.resolve(), binary
        self.oracle = Oracle(base, LIMIT)
        config, own = self.oracle.model.config, self.oracle.own
        ends = own.eos_token_id if isinstance(own.eos_token_id, list) else [own.eos_token_id]
        self.context = Context(config.vocab_size, own.decoder_start_token_id, ends, own.pad_token_id, [], [],
                               getattr(config, "expert_capacity", 9) - 1, LIMIT)
        choice = random.Random(7)
        self.context.prompts = [choice.choices(self.context.ordinary(), k=length - 1) + ends[:1]
                                for length in PROMPT_TOKENS]
        [answer] = self.oracle.answer(Case("plain", self.context.prompts[0])).tokens
        # Rules name its tokens by place, and one that ends at once would have too few.
        self.context.answer = (list(dict.fromkeys(token for token in answer if token not in ends))
                               + choice.sample(self.context.ordinary(), 8))[:12]

    def verdicts(self, world):
        """Each case with its verdict; the server answers several while transformers computes one."""
        with tempfile.TemporaryDirectory() as path:
            written(self.base, world, Path(path))
            self.oracle.configure(path)
            with Server(self.binary, path) as server:
                replies = [server.start(case) for case in world.cases]
                for case, reply in zip(world.cases, replies):
                    yield case, verdict(self.oracle, case, reply.result())
