import Storage

/// An open file of a simulated process.
final class SimulatedHandle: FileHandle {
    private let fileSystem: SimulatedFileSystem
    private let file: Int
    private let path: String
    private let isWritable: Bool
    private let lock: Int?

    init(
        _ fileSystem: SimulatedFileSystem,
        file: Int,
        path: String,
        isWritable: Bool,
        lock: Int?
    ) {
        self.fileSystem = fileSystem
        self.file = file
        self.path = path
        self.isWritable = isWritable
        self.lock = lock
    }

    deinit {
        if let lock { fileSystem.unlock(path, lock) }
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(FileError) -> Int {
        guard isWritable else { throw SimulatedFileSystem.dead(.write, path) }
        return try fileSystem.call(.write, path) { state, mode throws(FileError) -> Int in
            var count = bytes.count
            if mode == .partial, count > 1 { count = 1 + state.generator.below(count - 1) }
            let part = UnsafeRawBufferPointer(rebasing: bytes[..<count])
            state.files[file].write(part, at: offset)
            state.mix(UInt64(crc32c(part)) << 20 ^ UInt64(offset))
            return count
        }
    }

    func readSome(at offset: Int, count: Int) throws(FileError) -> [UInt8] {
        try fileSystem.call(.read, path) { state, mode throws(FileError) in
            var end = min(state.files[file].cached.count, offset + count)
            guard offset < end else { return [] }
            if mode == .partial { end = offset + 1 + state.generator.below(end - offset) }
            return Array(state.files[file].cached[offset..<end])
        }
    }

    func sync() throws(FileError) {
        try fileSystem.call(.sync, path) { state, mode throws(FileError) in
            if mode == .failing {
                state.files[file].failSync(&state.generator)
            } else {
                state.files[file].sync()
            }
        }
    }

    func byteCount() throws(FileError) -> Int {
        try fileSystem.call(.size, path) { state, _ throws(FileError) in
            state.files[file].cached.count
        }
    }
}
