/// One file of weights, all of whose claims about itself were checked when it was opened.
package protocol WeightFile: WeightSource {
    /// One name of every tensor: for tensors with several names, the one `storedName` gives for all of them.
    var storedNames: Set<String> { get }

    /// The name that stands for the tensor `name`, nil when there is none.
    func storedName(_ name: String) -> String?
}
