import Foundation

/// A page of pictures that are files beside it.
struct ReportPage {
    var title: String
    /// Pieces of HTML before and after the pictures.
    var opening: [String] = []
    var closing: [String] = []
    var pictures: [(name: String, svg: String)] = []

    var html: String {
        let title = SVG.escaped(title)
        let head = "<!doctype html><meta charset=\"utf-8\"><title>\(title)</title>"
        let images = pictures.map { "<p><img src=\"\($0.name)\" alt=\"\($0.name)\"></p>" }
        return ([head, "<h1>\(title)</h1>"] + opening + images + closing + [""]).joined(separator: "\n")
    }

    /// Writes pictures and page into a directory, each replacing the one before in one move.
    func write(to directory: String) throws {
        for (name, text) in pictures + [("report.html", html)] {
            try Data(text.utf8).write(to: URL(fileURLWithPath: "\(directory)/\(name)"), options: .atomic)
        }
    }
}
