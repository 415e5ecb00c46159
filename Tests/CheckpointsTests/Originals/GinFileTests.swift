import Checkpoints
import Testing

@Suite struct GinFileTests {
    private let file = GinFile(
        text: """
            # dense.MlpBlock.activations = ('relu',)
            from __gin__ import dynamic_registration
            ACTIVATIONS = ('gelu', 'linear')  # both
            dense.MlpBlock.activations = %ACTIVATIONS
            decoder/make_layer_stack.layers = \\
                [@a.SelfAttention,
                 @b.MoE1D]
            MoE1D.capacity_factor_eval = 2.0
            A.max_distance = 1
            relative_position_biases.RelativePositionBiases.max_distance = 64
            LOOP = %LOOP
            """,
        path: "config.gin"
    )

    @Test func settingsAreFoundByTheEndOfTheirNames() throws {
        let activations = try #require(file.value("MlpBlock.activations"))
        #expect(
            activations.name == "dense.MlpBlock.activations" && GinFile.words(activations.text) == ["gelu", "linear"]
        )
        #expect(file.value("max_distance")?.text == "64" && file.value("A.max_distance")?.text == "1")
        #expect(file.value("make_layer_stack.layers")?.text == "[@a.SelfAttention, @b.MoE1D]")
        #expect(file.value("Block.activations") == nil && file.value("distance") == nil)
    }

    @Test func aMacroOfItselfComesToAnEnd() { #expect(file.value("LOOP")?.text == "%LOOP") }
}
