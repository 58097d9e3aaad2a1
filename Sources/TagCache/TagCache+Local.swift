// Invalidation without waiting, for code that may not suspend and for tags that are invalidated
// often.

/// A tag that has been looked up, and that its cache keeps on record for as long as it lives.
public struct HeldTag: Sendable {
    fileprivate let id: UInt32
}

extension TagCache {
    /// Looks a tag up for `invalidateInMemory`.
    ///
    /// - Throws: `invalidTag`.
    public func hold(_ tag: String) throws(TagCacheError) -> HeldTag {
        do { return HeldTag(id: try tags.retain(tag)) } catch { throw .invalidTag(error) }
    }

    /// Makes everything tagged `tag`, or with a tag below it, stale in the memory of this cache.
    ///
    /// When this returns no such value is served and no load that began before will be. Another
    /// tier or node is not told: use `invalidate` where there is one.
    /// - Complexity: O(1), some 20 ns.
    public func invalidateInMemory(_ tag: HeldTag) { tags.invalidate(tag.id) }

    /// Makes everything tagged with one of `names`, or below one, stale in the memory of this cache.
    ///
    /// - Throws: `invalidTag` if one of them is not a tag: nothing was done.
    public func invalidateInMemory(_ names: some Sequence<String>) throws(TagCacheError) {
        for name in names {
            do { try TagName.validate(name) } catch { throw .invalidTag(error) }
        }
        for name in names {
            let id = tags.retainValidated(name)
            tags.invalidate(id)
            tags.release(id)
        }
    }
}
