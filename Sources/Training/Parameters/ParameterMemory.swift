package import Tensors

/// Numbers that are kept for every parameter, such as its values or their moments.
package struct ParameterMemory {
    /// What they are called in a checkpoint.
    package let name: String
    /// All of them.
    package let buffer: FloatBuffer
    /// Those of each parameter in the buffer, in the order of the layout.
    package let places: [Range<Int>]
}
