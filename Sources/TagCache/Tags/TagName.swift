/// The grammar of tags: `[A-Za-z0-9_:]+`, where `:` separates segments.
///
/// An empty segment is a segment like any other: `a:` lies below `a`.
@usableFromInline
enum TagName {
    private static let separator = UInt8(ascii: ":")

    /// Refuses what is not a tag.
    static func validate(_ tag: String) throws(InvalidTag) {
        guard let reason = fault(in: tag.utf8) else { return }
        throw InvalidTag(
            tag: String(decoding: tag.utf8.prefix(TagCacheLimits.tagByteCountMax), as: UTF8.self),
            reason: reason
        )
    }

    /// Refuses too many tags for one entry, and what is not a tag.
    @usableFromInline
    static func validate(all tags: [String]) throws(TagCacheError) {
        if tags.count > TagCacheLimits.tagsPerEntryMax { throw .tooManyTags(tags.count) }
        try validate(each: tags)
    }

    /// Refuses what is not a tag.
    static func validate(each tags: [String]) throws(TagCacheError) {
        for tag in tags {
            do { try validate(tag) } catch { throw .invalidTag(error) }
        }
    }

    private static func fault(in bytes: String.UTF8View) -> InvalidTag.Reason? {
        var byteCount = 0
        var segmentCount = 1
        for byte in bytes {
            byteCount += 1
            if byteCount > TagCacheLimits.tagByteCountMax { return .tooLong }
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                continue
            case separator: segmentCount += 1
            default: return .badCharacter
            }
        }
        if byteCount == 0 { return .empty }
        return segmentCount > TagCacheLimits.tagSegmentCountMax ? .tooDeep : nil
    }

    /// The tag directly above, or nil for a tag of one segment.
    static func parent(of tag: String) -> String? {
        guard let end = tag.utf8.lastIndex(of: separator) else { return nil }
        return String(tag[..<end])
    }

    /// The group to which a tag belongs, decided by its first segment and the same on every node.
    static func partition(of tag: String) -> Int {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in tag.utf8 {
            if byte == separator { break }
            hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
        }
        return Int((hash >> 32) % UInt64(TagCacheLimits.partitionCount))
    }
}
