import Foundation

/// Lets a test decide when a scripted model may step, and see how many rows each step had.
///
/// `@unchecked Sendable`: all state is guarded by `condition`.
package final class StepGate: @unchecked Sendable {
    private let condition = NSCondition()
    private var isOpen: Bool
    private var passes = 0
    private var isWaiting = false
    private var rows: [Int] = []

    package init(isOpen: Bool) {
        self.isOpen = isOpen
    }

    /// Rows of every step so far.
    package var steppedRows: [Int] { condition.withLock { rows } }

    /// Lets one step pass once the model waits at the gate.
    package func allowOneStep() {
        condition.withLock {
            passes += 1
            condition.broadcast()
        }
    }

    package func open() {
        condition.withLock {
            isOpen = true
            condition.broadcast()
        }
    }

    /// Returns once the model stands at the closed gate.
    package func waitForModel() {
        condition.withLock { while !isWaiting { condition.wait() } }
    }

    /// Returns once the model has come to the gate so often.
    package func waitForSteps(_ count: Int) {
        condition.withLock { while rows.count < count { condition.wait() } }
    }

    func pass(rows count: Int) {
        condition.withLock {
            rows.append(count)
            isWaiting = true
            condition.broadcast()
            while !isOpen && passes == 0 { condition.wait() }
            if !isOpen { passes -= 1 }
            isWaiting = false
        }
    }
}
