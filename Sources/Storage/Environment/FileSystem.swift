/// A failed file operation.
public struct FileError: Error, Sendable, CustomStringConvertible {
    /// The errors the engine treats differently.
    public enum Kind: Sendable, Equatable {
        case notFound, exists, noSpace, tooManyFiles, notSupported, denied, locked, input
        case other
    }

    /// What the engine makes of the error.
    public let kind: Kind
    /// The call that failed, such as `fdatasync`.
    public let operation: String
    /// The name the call was given; the new one for `link` and `rename`.
    public let path: String
    /// The error number the operating system gave.
    public let errno: Int32

    /// A failure of `operation` on `path`.
    public init(_ kind: Kind, operation: String, path: String, errno: Int32) {
        self.kind = kind
        self.operation = operation
        self.path = path
        self.errno = errno
    }

    /// The call, the path and the error number.
    public var description: String { "\(operation) \(path): errno \(errno)" }
}

/// How a file is opened.
public enum OpenMode: Sendable {
    /// Must exist.
    case read
    /// Must exist.
    case readWrite
    /// Must not exist.
    case create
}

/// The calls the engine makes of a file system, so that tests can put a faulty one in its place.
///
/// Every name is absolute or relative to the working directory of the process.
public protocol FileSystem: Sendable {
    /// Opens a file. A new name is durable only after `syncDirectory`.
    func open(_ path: String, _ mode: OpenMode) throws(FileError) -> any FileHandle
    /// Makes a directory; succeeds when it is there already.
    func makeDirectory(_ path: String) throws(FileError)
    /// Makes the names in a directory durable.
    func syncDirectory(_ path: String) throws(FileError)
    /// The names in a directory, sorted; empty when there is no such directory.
    func list(_ path: String) throws(FileError) -> [DirectoryEntry]
    /// Gives `path` a second name; fails with `.exists` when that name is taken.
    func link(_ path: String, to name: String) throws(FileError)
    /// Moves `path` over `name`.
    func rename(_ path: String, to name: String) throws(FileError)
    func remove(_ path: String) throws(FileError)
    /// The size of a file, or nil when there is none.
    func byteCount(_ path: String) throws(FileError) -> Int?
    /// Whether there is a file of that name at this moment, whatever this machine remembers of the directory.
    func exists(_ path: String) throws(FileError) -> Bool
    /// Bytes of the volume that holds `path`: all, and available to this process.
    func space(_ path: String) throws(FileError) -> (total: Int, available: Int)
    /// Takes the exclusive lock of a file that is made when missing; `.locked` when another process
    /// has it. Held until the handle is closed.
    func lock(_ path: String) throws(FileError) -> any FileHandle
}

/// One name in a directory.
public struct DirectoryEntry: Sendable, Equatable {
    /// The last part of the path.
    public let name: String
    /// Whether the name stands for a directory.
    public let isDirectory: Bool

    /// An entry called `name`.
    public init(name: String, isDirectory: Bool) {
        self.name = name
        self.isDirectory = isDirectory
    }
}

/// An open file.
///
/// Closed when the last reference goes.
public protocol FileHandle: AnyObject, Sendable {
    /// Writes some of `bytes` at `offset` and says how many; at least one.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(FileError) -> Int
    /// Reads some of `count` bytes at `offset`: at least one, or none at the end of the file.
    func readSome(at offset: Int, count: Int) throws(FileError) -> [UInt8]
    /// Makes what was written durable. After an error the state of the written bytes is unknown: the
    /// call must not be repeated on this handle.
    func sync() throws(FileError)
    func byteCount() throws(FileError) -> Int
}

extension FileHandle {
    /// Writes all of `bytes` at `offset`, resuming after short writes.
    func writeAll(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(FileError) {
        var done = 0
        while done < bytes.count {
            done += try write(UnsafeRawBufferPointer(rebasing: bytes[done...]), at: offset + done)
        }
    }

    /// Reads up to `count` bytes at `offset`, resuming after short reads; fewer only at the end of the file.
    public func read(at offset: Int, count: Int) throws(FileError) -> [UInt8] {
        var bytes = try readSome(at: offset, count: count)
        while !bytes.isEmpty, bytes.count < count {
            let more = try readSome(at: offset + bytes.count, count: count - bytes.count)
            if more.isEmpty { break }
            bytes += more
        }
        return bytes
    }
}

extension FileSystem {
    /// Makes the names of the directories above `path` durable, up to the root, to the working directory, or to one that
    /// this process may not open or that cannot be synced.
    func syncNames(above path: String) throws(FileError) {
        var directory = parentDirectory(of: path)
        while directory != "/", directory != "." {
            directory = parentDirectory(of: directory)
            do throws(FileError) {
                try syncDirectory(directory)
            } catch {
                guard error.kind == .denied || error.kind == .notSupported else { throw error }
                return
            }
        }
    }
}

/// The directory that holds the name of `path`; slashes at its end count for nothing.
func parentDirectory(of path: String) -> String {
    let name = path.reversed().drop { $0 == "/" }
    guard !name.isEmpty else { return "/" }
    guard name.contains("/") else { return path.hasPrefix("/") ? "/" : "." }
    let parent = name.drop { $0 != "/" }.drop { $0 == "/" }
    return parent.isEmpty ? "/" : String(parent.reversed())
}
