import Testing

@testable import Storage

/// Two processes with one directory, whose lock was lost.
struct LocalObjectStoreTests {
    @Test func whoeverWasReplacedNamesNothing() throws {
        try withFixture { fixture in
            let files = PosixFileSystem()
            try files.makeDirectory(fixture.directory)
            func open(_ number: UInt64) throws -> LocalObjectStore {
                try LocalObjectStore(fileSystem: files, root: fixture.directory, opening: number)
            }
            let old = try open(1)
            let sealed = try upload("a/sealed", [1, 2, 3], old)
            let new = try open(2)
            // The same number of files each: under one name they would be taken for each other.
            let unfinished = try upload("a/new", [4], new)
            for work in [
                { _ = try sealed.publish() },
                { _ = try old.put("a/late", [5], .ifAbsent) },
                { _ = try old.put("a/late", [5], .always) }, { _ = try old.beginUpload("a/late") },
            ] {
                let error = #expect(throws: StorageError.self) { try work() }
                #expect(error?.code == .stop)
            }
            #expect(try unfinished.publish() == .created)
            #expect(try new.list("a/").map(\.key) == ["a/new"])
            #expect(try new.get("a/new") == [4])
        }
    }

    @Test func whatAnEarlierProcessLeftIsRemoved() throws {
        try withFixture { fixture in
            let files = PosixFileSystem()
            for name in ["/tmp/0000000000000007", "/tmp/deep/er"] {
                try files.makeDirectory(fixture.directory + name)
                _ = try files.open(fixture.directory + name + "/1", .create)
            }
            _ = try files.open(fixture.directory + "/tmp/9", .create)
            _ = try LocalObjectStore(fileSystem: files, root: fixture.directory, opening: 8)
            #expect(
                try files.list(fixture.directory + "/tmp").map(\.name) == ["0000000000000008"]
            )
        }
    }

    private func upload(
        _ key: String,
        _ bytes: [UInt8],
        _ store: LocalObjectStore
    ) throws -> any ObjectUpload {
        let upload = try store.beginUpload(key)
        try bytes.withBytes { bytes throws(StorageError) in try upload.write(bytes) }
        try upload.seal()
        return upload
    }
}
