import CDispatch  // declares `stat` where Dispatch is in the build

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Reads a small file that nobody but its owner may read.
enum SecretFile {
    /// More than any list of tokens.
    private static let byteCountMax = 1 << 20

    /// The bytes of the file.
    ///
    /// - Throws: `HoldfastServerError` with code `file`.
    static func load(_ path: String, flag: String) throws(HoldfastServerError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw HoldfastServerError(
                .file,
                "\(path) (\(flag)) cannot be opened: \(String(cString: strerror(errno)))",
                remedy: "Create the file, and let the user that runs the server read it."
            )
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw HoldfastServerError(
                .file,
                "\(path) (\(flag)) is not a file",
                remedy: "Name a regular file."
            )
        }
        guard status.st_mode & 0o077 == 0 else {
            throw HoldfastServerError(
                .file,
                "\(path) (\(flag)) can be read by other users of this machine",
                remedy: "Run: chmod 600 \(path)"
            )
        }
        return try contents(of: descriptor, path: path, flag: flag)
    }

    private static func contents(
        of descriptor: Int32,
        path: String,
        flag: String
    ) throws(HoldfastServerError) -> [UInt8] {
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(descriptor, &block, block.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0, bytes.count + count <= byteCountMax else {
                throw HoldfastServerError(
                    .file,
                    "\(path) (\(flag)) cannot be read, or is larger than \(byteCountMax) bytes",
                    remedy: "Name a text file with one token per line."
                )
            }
            guard count > 0 else { return bytes }
            bytes.append(contentsOf: block[..<count])
        }
    }
}
