/// Whether a web page may change something on a server that listens on loopback only.
///
/// Browsers let any page send requests to 127.0.0.1, and say in `Origin` whose page it was.
enum OriginCheck {
    /// Whether an `Origin` is a page of this machine; requests of other programs carry none.
    static func allows(_ origin: String?) -> Bool {
        guard let origin else { return true }
        guard let host = host(of: origin) else { return false }
        return HostPort.isLoopback(host)
    }

    /// The host of "scheme://host:port", without brackets.
    private static func host(of origin: String) -> Substring? {
        guard let scheme = origin.firstIndex(of: ":"),
            ["http", "https"].contains(origin[..<scheme].lowercased())
        else { return nil }
        var rest = origin[origin.index(after: scheme)...]
        guard rest.hasPrefix("//") else { return nil }
        rest = rest.dropFirst(2)
        guard !rest.contains(where: { "/@?#".contains($0) }) else { return nil }
        if rest.hasPrefix("[") {
            guard let end = rest.firstIndex(of: "]") else { return nil }
            let tail = rest[rest.index(after: end)...]
            guard tail.isEmpty || tail.hasPrefix(":") else { return nil }
            return rest[rest.index(after: rest.startIndex)..<end]
        }
        return rest[..<(rest.firstIndex(of: ":") ?? rest.endIndex)]
    }
}
