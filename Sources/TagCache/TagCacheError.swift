/// Why a text cannot be a tag.
public struct InvalidTag: Error, Sendable, Hashable {
    /// What is wrong with it.
    public enum Reason: Sendable, Hashable {
        /// It has no characters.
        case empty
        /// It is longer than `TagCacheLimits.tagByteCountMax` bytes.
        case tooLong
        /// It has more than `TagCacheLimits.tagSegmentCountMax` segments.
        case tooDeep
        /// It has a character outside `[A-Za-z0-9_:]`.
        case badCharacter
    }

    /// The text, cut to the longest tag.
    public let tag: String
    /// What is wrong with it.
    public let reason: Reason
}

/// What a cache reports about itself; errors of a load reach its callers as they were thrown.
public enum TagCacheError: Error, Sendable, Hashable {
    /// A tag does not match `[A-Za-z0-9_:]+` or exceeds a limit; nothing was done.
    case invalidTag(InvalidTag)
    /// More than `TagCacheLimits.tagsPerEntryMax` tags for one entry; nothing was stored.
    case tooManyTags(Int)
    /// The entry weighs more than one table of the memory tier may hold; nothing was stored.
    case entryTooHeavy(weight: Int, limit: Int)
    /// The load did not end while this caller was prepared to wait; it goes on while anybody waits, or as
    /// ``TagCacheConfiguration/abandonedLoad`` says.
    case waitTimedOut
    /// The load of a key waits, directly or through others, for itself.
    case recursiveLoad
    /// The load was overtaken by invalidations too many times in a row.
    case contended
    /// A key is longer than the persistent tier can hold; nothing was stored.
    case keyTooLong(byteCount: Int)
    /// The persistent tier cannot hold a value of this size; nothing was stored.
    case valueTooLarge(byteCount: Int)
    /// The value could not be turned into bytes; nothing was stored.
    case notEncodable(String)
    /// The file of the persistent tier has no room even after evicting.
    case mapFull
    /// The disk under the persistent tier is full.
    case diskFull
    /// Too many threads read the persistent tier at once.
    case readersFull
    /// The directory of the persistent tier may not be read or written.
    case permissionDenied(path: String)
    /// Another cache, here or in another process, has the persistent tier open.
    case inUse(path: String)
    /// The persistent tier has been closed.
    case closed
    /// Any other failure of the persistent tier: LMDB's or the system's code and its text.
    case storage(code: Int32, message: String)
    /// The invalidation is done here, but the bus did not take the message.
    case notPublished(String)
}
