"""Switch Transformers with gated feed-forwards, which transformers has not: T5's take the place of the plain ones."""
from transformers.models.switch_transformers import modeling_switch_transformers
from transformers.models.t5.modeling_t5 import T5DenseGatedActDense

PLAIN = modeling_switch_transformers.SwitchTransformersDenseActDense


class Gated(T5DenseGatedActDense):
    @property
    def wi(self):
        """What the initialisation of a plain one looks for."""
        return self.wi_0


def gate_experts(is_gated):
    modeling_switch_transformers.SwitchTransformersDenseActDense = Gated if is_gated else PLAIN
