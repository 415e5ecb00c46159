/// What a request to the engine is to those before it.
package enum Admittance: Sendable {
    /// It begins something.
    case new
    /// The next part of what was accepted and is not over: it is taken while the engine drains, too.
    case continuing
}
