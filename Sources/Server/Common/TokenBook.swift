import Crypto

/// The bearer tokens that this server accepts.
///
/// Only their SHA-256 digests are kept.
struct TokenBook: Sendable {
    private struct Entry {
        var name: String
        var digest: [UInt8]
    }

    private var entries: [Entry] = []

    /// Reads a token file: one token per line, or "name:token"; "#" starts a comment line.
    ///
    /// - Throws: `HoldfastServerError` with code `file`.
    init(file path: String) throws(HoldfastServerError) {
        let bytes = try SecretFile.load(path, flag: "--token-file")
        try self.init(text: String(decoding: bytes, as: UTF8.self), path: path)
    }

    /// Reads the text of a token file.
    ///
    /// - Throws: `HoldfastServerError` with code `file` if there is no token in it.
    init(text: String, path: String) throws(HoldfastServerError) {
        let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
        for (index, line) in lines.enumerated() {
            let content = HeaderValue.trimmed(line)
            guard !content.isEmpty, !content.hasPrefix("#") else { continue }
            var name = "line \(index + 1)"
            var token = content
            if let colon = content.firstIndex(of: ":") {
                name = String(HeaderValue.trimmed(content[..<colon]))
                token = HeaderValue.trimmed(content[content.index(after: colon)...])
            }
            guard !token.isEmpty, !name.isEmpty else {
                throw HoldfastServerError(
                    .file,
                    "line \(index + 1) of \(path) (--token-file) has no name or no token",
                    remedy: "Write one token per line, or name:token."
                )
            }
            entries.append(Entry(name: name, digest: Self.digest(of: token)))
        }
        guard !entries.isEmpty else {
            throw HoldfastServerError(
                .file,
                "\(path) (--token-file) has no token in it",
                remedy: "Write one token per line, such as the output of: openssl rand -hex 32"
            )
        }
    }

    /// The name of the token in an `Authorization` header, or nil if it is not accepted.
    ///
    /// Every digest is compared to its end, so that the time taken says nothing about the tokens.
    func principal(authorization: String?) -> String? {
        guard let token = HeaderValue.bearerToken(authorization) else { return nil }
        let digest = Self.digest(of: token)
        var found: Int?
        for (index, entry) in entries.enumerated() {
            var difference: UInt8 = 0
            for position in digest.indices {
                difference |= digest[position] ^ entry.digest[position]
            }
            if difference == 0 { found = index }
        }
        return found.map { entries[$0].name }
    }

    private static func digest(of token: Substring) -> [UInt8] {
        var hash = SHA256()
        Array(token.utf8).withUnsafeBytes { hash.update(bufferPointer: $0) }
        return Array(hash.finalize())
    }
}
