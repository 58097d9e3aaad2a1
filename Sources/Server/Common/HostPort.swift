/// A host and a port, as written on the command line.
package struct HostPort: Sendable, Hashable, CustomStringConvertible {
    /// A name or an address; IPv6 addresses without their brackets.
    package var host: String
    /// 0 lets the operating system choose.
    package var port: Int

    /// An address in its two parts.
    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Reads "host:port"; IPv6 addresses are written in brackets, such as "[::1]:4318".
    ///
    /// - Throws: `HoldfastServerError` with code `configuration`.
    package init(_ text: String) throws(HoldfastServerError) {
        let hostText: Substring
        let rest: Substring
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else {
                throw Self.refused(text, "the bracket of the IPv6 address is not closed")
            }
            hostText = text[text.index(after: text.startIndex)..<end]
            rest = text[text.index(after: end)...]
        } else {
            let end = text.firstIndex(of: ":") ?? text.endIndex
            hostText = text[..<end]
            rest = text[end...]
            guard rest.dropFirst().firstIndex(of: ":") == nil else {
                throw Self.refused(text, "an IPv6 address must be written in brackets")
            }
        }
        guard rest.first == ":" else { throw Self.refused(text, "the port is missing") }
        guard !hostText.isEmpty else {
            throw Self.refused(text, "the host is missing; 0.0.0.0 stands for every interface")
        }
        let digits = rest.dropFirst()
        guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let port = Int(digits), port <= 65535
        else { throw Self.refused(text, "the port is not a number from 0 to 65535") }
        self.init(host: String(hostText), port: port)
    }

    /// Whether only this machine can reach the address.
    package var isLoopback: Bool { Self.isLoopback(host) }

    /// Whether a host is this machine.
    static func isLoopback(_ host: some StringProtocol) -> Bool {
        if host == "::1" || host.lowercased() == "localhost" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    /// The text that `init(_:)` reads.
    package var description: String {
        host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    private static func refused(_ text: String, _ reason: String) -> HoldfastServerError {
        HoldfastServerError(
            .configuration,
            "\"\(text)\" is not an address: \(reason)",
            remedy: "Write host:port, such as 127.0.0.1:4318 or [::1]:4318."
        )
    }
}
