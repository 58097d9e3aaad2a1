/// Comparing the tags of answers that a client has.
enum EntityTag {
    /// Whether an If-None-Match names `tag`, compared weakly.
    static func matches(_ tag: String, _ conditions: [String]) -> Bool {
        let opaque = tag.hasPrefix("W/") ? tag.dropFirst(2) : tag[...]
        return conditions.joined(separator: ",").split(separator: ",").contains { element in
            let candidate = HeaderValue.trimmed(element)
            return candidate == "*" || candidate == opaque || candidate == "W/\(opaque)"
        }
    }
}
