import Glibc
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

    /// A child process holds copies of all descriptors from `fork` to `exec`.
    @Test func aLockThatIsGivenUpIsFreeAlthoughAChildHoldsItsDescriptor() throws {
        let path = "/tmp/holdfast-lock-\(SystemRandom().next())"
        let fileSystem = PosixFileSystem()
        var handle: (any FileHandle)? = try fileSystem.lock(path)
        #expect(throws: FileError.self) { try fileSystem.lock(path) }
        let copy = dup(try #require(handle as? PosixFileHandle).descriptor)
        defer { close(copy) }
        handle = nil
        _ = try fileSystem.lock(path)
        try fileSystem.remove(path)
    }
}
