/// The sizes and switches of one model.
package struct SwitchConfiguration: Equatable, Sendable {
    package var modelWidth: Int
}
