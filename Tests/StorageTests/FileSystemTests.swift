import Testing

@testable import Storage

/// What the engine asks of paths.
struct FileSystemTests {
    /// A path as a shell completes it ends in a slash; its name is in the same directory all the same.
    @Test(arguments: [
        ("/data/store", "/data"), ("/data/store/", "/data"), ("/data//store//", "/data"),
        ("/data", "/"), ("/data/", "/"), ("/", "/"), ("store", "."), ("store/", "."),
        ("./store/", "."), ("../store", ".."),
    ])
    func aNameIsInTheDirectoryAboveIt(path: String, parent: String) {
        #expect(parentDirectory(of: path) == parent)
    }
}
