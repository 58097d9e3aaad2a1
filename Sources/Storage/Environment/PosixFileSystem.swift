#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The file system of the operating system.
public struct PosixFileSystem: FileSystem {
    /// The one operating system's file system; it has no state.
    public init() {}

    /// Opens a file with `open(2)`; a created one gets mode 0640.
    public func open(_ path: String, _ mode: OpenMode) throws(FileError) -> any FileHandle {
        let flags: Int32 =
            switch mode {
            case .read: O_RDONLY
            case .readWrite: O_RDWR
            case .create: O_RDWR | O_CREAT | O_EXCL
            }
        let descriptor = try retrying("open", path) { Glibc.open(path, flags | O_CLOEXEC, 0o640) }
        return PosixFileHandle(descriptor: descriptor, path: path)
    }

    /// Makes a directory of mode 0750, and those above it that are missing, whose names are then durable.
    public func makeDirectory(_ path: String) throws(FileError) {
        guard mkdir(path, 0o750) != 0 else { return }
        let failure = errno
        if failure == EEXIST { return }
        if failure == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex {
            let parent = String(path[..<slash])
            try makeDirectory(parent)
            try syncDirectory(parentDirectory(of: parent))
            return try makeDirectory(path)
        }
        throw fileError("mkdir", path, failure)
    }

    /// Makes the names in a directory durable with `fsync(2)`.
    public func syncDirectory(_ path: String) throws(FileError) {
        let descriptor = try retrying("open", path) {
            Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw fileError("fsync directory", path, errno) }
    }

    /// The names in a directory but `.` and `..`, sorted; empty when there is no such directory.
    public func list(_ path: String) throws(FileError) -> [DirectoryEntry] {
        guard let stream = opendir(path) else {
            if errno == ENOENT { return [] }
            throw fileError("opendir", path, errno)
        }
        defer { closedir(stream) }
        var entries: [DirectoryEntry] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                if errno != 0 { throw fileError("readdir", path, errno) }
                break
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name == "." || name == ".." { continue }
            var isDirectory = entry.pointee.d_type == UInt8(DT_DIR)
            if entry.pointee.d_type == UInt8(DT_UNKNOWN) {
                var status = stat()
                isDirectory =
                    stat(path + "/" + name, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
            }
            entries.append(DirectoryEntry(name: name, isDirectory: isDirectory))
        }
        return entries.sorted { $0.name < $1.name }
    }

    /// Gives `path` a second name with `link(2)`; fails with `.exists` when that name is taken.
    public func link(_ path: String, to name: String) throws(FileError) {
        guard Glibc.link(path, name) == 0 else { throw fileError("link", name, errno) }
    }

    /// Moves `path` over `name` with `rename(2)`.
    public func rename(_ path: String, to name: String) throws(FileError) {
        guard Glibc.rename(path, name) == 0 else { throw fileError("rename", name, errno) }
    }

    /// Removes a file or an empty directory; fails with `.notFound` when there is none.
    public func remove(_ path: String) throws(FileError) {
        guard Glibc.remove(path) == 0 else { throw fileError("remove", path, errno) }
    }

    /// The size of a file in bytes, or nil when there is none.
    public func byteCount(_ path: String) throws(FileError) -> Int? {
        var status = stat()
        if stat(path, &status) == 0 { return Int(status.st_size) }
        if errno == ENOENT { return nil }
        throw fileError("stat", path, errno)
    }

    /// Whether there is a file of that name at this moment.
    ///
    /// Opening a file makes a network mount ask its server, where `stat(2)` may be answered from a cache.
    public func exists(_ path: String) throws(FileError) -> Bool {
        do throws(FileError) {
            close(try retrying("open", path) { Glibc.open(path, O_RDONLY | O_CLOEXEC) })
            return true
        } catch {
            switch error.kind {
            case .notFound: return false
            case .tooManyFiles: return try byteCount(path) != nil
            default: throw error
            }
        }
    }

    /// Bytes of the volume that holds `path`, leaving out what is reserved for root.
    public func space(_ path: String) throws(FileError) -> (total: Int, available: Int) {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { throw fileError("statvfs", path, errno) }
        let unit = Int(status.f_frsize)
        // What only root may use is neither used nor available: leave it out of the total.
        let reserved = Int(status.f_bfree) - Int(status.f_bavail)
        return ((Int(status.f_blocks) - reserved) * unit, Int(status.f_bavail) * unit)
    }

    /// Takes the exclusive `flock(2)` of a file without waiting; makes the file when missing.
    public func lock(_ path: String) throws(FileError) -> any FileHandle {
        let descriptor = try retrying("open", path) {
            Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
        }
        let handle = PosixFileHandle(descriptor: descriptor, path: path, isLock: true)
        if flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            let failure = errno
            throw FileError(
                failure == EWOULDBLOCK ? .locked : .other,
                operation: "flock",
                path: path,
                errno: failure
            )
        }
        return handle
    }
}

/// A descriptor of the operating system.
final class PosixFileHandle: FileHandle {
    let descriptor: Int32
    private let path: String
    private let isLock: Bool

    init(descriptor: Int32, path: String, isLock: Bool = false) {
        self.descriptor = descriptor
        self.path = path
        self.isLock = isLock
    }

    deinit {
        // Closing alone would not do: a child process that is just being started holds a copy.
        if isLock { flock(descriptor, LOCK_UN) }
        close(descriptor)
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(FileError) -> Int {
        let written = try retrying("pwrite", path) {
            pwrite(descriptor, bytes.baseAddress, bytes.count, off_t(offset))
        }
        guard written > 0 else { throw fileError("pwrite", path, EIO) }
        return written
    }

    func readSome(at offset: Int, count: Int) throws(FileError) -> [UInt8] {
        var failure: FileError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            do throws(FileError) {
                filled = try retrying("pread", path) {
                    pread(descriptor, buffer.baseAddress, count, off_t(offset))
                }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    func sync() throws(FileError) {
        guard fdatasync(descriptor) == 0 else { throw fileError("fdatasync", path, errno) }
    }

    func byteCount() throws(FileError) -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw fileError("fstat", path, errno) }
        return Int(status.st_size)
    }
}

/// Repeats `call` while it is interrupted; a negative result is an error.
private func retrying<Result: SignedInteger>(
    _ operation: String,
    _ path: String,
    _ call: () -> Result
) throws(FileError) -> Result {
    while true {
        let result = call()
        if result >= 0 { return result }
        if errno != EINTR { throw fileError(operation, path, errno) }
    }
}

private func fileError(_ operation: String, _ path: String, _ code: Int32) -> FileError {
    let kind: FileError.Kind =
        switch code {
        case ENOENT: .notFound
        case EEXIST: .exists
        case ENOSPC, EDQUOT: .noSpace
        case EMFILE, ENFILE: .tooManyFiles
        case EPERM, EOPNOTSUPP, ENOTSUP, EMLINK, EINVAL: .notSupported
        case EACCES: .denied
        case EIO: .input
        default: .other
        }
    return FileError(kind, operation: operation, path: path, errno: code)
}
