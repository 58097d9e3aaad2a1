// The tag index: which tags exist, how they nest, and when each was last invalidated.
//
// Time in here is the epoch: a counter that every invalidation raises by one. An invalidation
// of a tag writes the new epoch into the tag's node (its version) and only then publishes the
// epoch. An entry remembers the epoch at which its load began (its stamp). It is stale if and
// only if a node on the way from one of its tags to the root has a version above that stamp.
// So an invalidation costs one node, whatever depends on it, and a load that began before an
// invalidation is stale from the moment it is stored.
//
// A reader that loads epoch E sees every version up to E (release/acquire on the epoch), so an
// entry found current once at E need not be looked at again while the epoch stays E.
//
// Forgetting a node can only make too much stale: the floor is raised to the node's version
// before it goes, and a node made later starts with the floor as its version.
//
// Ids: 1 is the root (everything), 2..<18 are the partitions, the rest are tags; the parent of a
// top-level tag is its partition, so that a partition can be made stale in one step.
import Synchronization

/// The tags of one cache.
@usableFromInline
final class TagIndex: @unchecked Sendable {
    // Guard: `epochCell` points to one atomic number and `stripes` to `tagStripeCount` locked tables,
    // allocated and freed with the index.
    static let root: UInt32 = 1
    private static let firstPartition: UInt32 = 2
    static let firstTag: UInt32 = 32

    struct Stripe: ~Copyable {
        var table = HashIndex()
        var names: [String] = []
        var free: [UInt32] = []
        var liveCount = 0
        var sweepAt = TagCacheLimits.tagSweepThresholdMin
    }

    let nodes = TagNodes()
    let stripes: UnsafeMutablePointer<Mutex<Stripe>>
    /// The epoch, at an address of its own, so that readers need not hold the index.
    let epochCell: UnsafeMutablePointer<Atomic<UInt64>>
    private let floor = Atomic<UInt64>(0)
    let invalidating = Mutex<Void>(())

    /// An index that starts at `epoch` and has nothing on record.
    init(epoch: UInt64 = 0) {
        epochCell = .allocate(capacity: 1)
        epochCell.initialize(to: Atomic(epoch))
        stripes = .allocate(capacity: TagCacheLimits.tagStripeCount)
        for number in 0..<TagCacheLimits.tagStripeCount {
            (stripes + number).initialize(to: Mutex(Stripe()))
        }
        nodes.ensure(Self.firstTag)
        for partition in 0..<TagCacheLimits.partitionCount {
            let id = Self.firstPartition + UInt32(partition)
            nodes.node(id).pointee.parent.store(Self.root, ordering: .relaxed)
        }
    }

    deinit {
        epochCell.deinitialize(count: 1)
        epochCell.deallocate()
        stripes.deinitialize(count: TagCacheLimits.tagStripeCount)
        stripes.deallocate()
    }

    /// The epoch of the last invalidation.
    @usableFromInline var epoch: UInt64 { epochCell.pointee.load(ordering: .acquiring) }

    /// How many tags are on record.
    var count: Int {
        (0..<TagCacheLimits.tagStripeCount).reduce(0) { sum, number in
            sum + stripes[number].withLock { $0.liveCount }
        }
    }

    // MARK: Finding and holding tags

    /// The id of `tag`, made if need be and held until `release`.
    func retain(_ tag: String) throws(InvalidTag) -> UInt32 {
        // What is on record has been validated.
        if let known = retainKnown(tag, Self.hash(tag)) { return known }
        try TagName.validate(tag)
        return retainValidated(tag)
    }

    /// As `retain`, for a tag that has been validated.
    func retainValidated(_ tag: String) -> UInt32 {
        let hash = Self.hash(tag)
        if let known = retainKnown(tag, hash) { return known }
        let parent =
            TagName.parent(of: tag).map(retainValidated)
            ?? Self.firstPartition + UInt32(TagName.partition(of: tag))
        let stripe = Self.stripe(of: hash)
        let (id, made) = stripes[stripe].withLock { state in
            if let id = find(tag, hash, in: state, stripe) {
                nodes.node(id).pointee.references.wrappingAdd(1, ordering: .relaxed)
                return (id, false)
            }
            if state.liveCount >= state.sweepAt {
                sweep(&state, stripe)
                state.sweepAt = max(TagCacheLimits.tagSweepThresholdMin, state.liveCount * 2)
            }
            return (insert(tag, hash, parent: parent, into: &state, stripe), true)
        }
        if !made { release(parent) }
        return id
    }

    private func retainKnown(_ tag: String, _ hash: UInt64) -> UInt32? {
        let stripe = Self.stripe(of: hash)
        return stripes[stripe].withLock { state in
            guard let id = find(tag, hash, in: state, stripe) else { return nil }
            nodes.node(id).pointee.references.wrappingAdd(1, ordering: .relaxed)
            return id
        }
    }

    private static func hash(_ tag: String) -> UInt64 { UInt64(bitPattern: Int64(tag.hashValue)) }

    private static func stripe(of hash: UInt64) -> Int {
        Int(hash >> 60) & (TagCacheLimits.tagStripeCount - 1)
    }

    /// The ids of all tags, held, or none of them.
    @usableFromInline
    func hold(_ names: [String]) throws(TagCacheError) -> TagList {
        if names.isEmpty { return TagList(first: 0) }
        if names.count == 1 {
            do { return TagList(first: try retain(names[0])) } catch { throw .invalidTag(error) }
        }
        try TagName.validate(all: names)
        return TagList(names.map(retainValidated))
    }

    /// The ids of the tags of a record, held; nil if one of them is no tag.
    @usableFromInline
    func hold(_ record: Record) -> TagList? {
        if record.firstTag.isEmpty { return TagList(first: 0) }
        if record.moreTags.isEmpty {
            return (try? retain(record.firstTag)).map(TagList.init(first:))
        }
        return try? hold(record.tags)
    }

    /// Gives all of them back.
    @usableFromInline
    func release(_ list: TagList) {
        if list.first != 0 { release(list.first) }
        for id in list.more { release(id) }
    }

    /// Gives back what `retain` returned.
    func release(_ id: UInt32) {
        guard id >= Self.firstTag else { return }
        nodes.node(id).pointee.references.wrappingSubtract(1, ordering: .relaxed)
    }

    /// The text of a tag that is held.
    func name(of id: UInt32) -> String {
        let (stripe, local) = Self.place(of: id)
        return stripes[stripe].withLock { $0.names[local] }
    }

    private static func place(of id: UInt32) -> (stripe: Int, local: Int) {
        let number = Int(id - firstTag)
        return (number % TagCacheLimits.tagStripeCount, number / TagCacheLimits.tagStripeCount)
    }

    private func find(
        _ tag: String,
        _ hash: UInt64,
        in state: borrowing Stripe,
        _ stripe: Int
    ) -> UInt32? {
        var probe = state.table.start(hash)
        while let local = state.table.next(&probe, hash) {
            if state.names[local] == tag {
                return Self.firstTag + UInt32(local * TagCacheLimits.tagStripeCount + stripe)
            }
        }
        return nil
    }

    private func insert(
        _ tag: String,
        _ hash: UInt64,
        parent: UInt32,
        into state: inout Stripe,
        _ stripe: Int
    ) -> UInt32 {
        let local: Int
        if let reused = state.free.popLast() {
            local = Int(reused)
            state.names[local] = tag
        } else {
            local = state.names.count
            state.names.append(tag)
        }
        let id = Self.firstTag + UInt32(local * TagCacheLimits.tagStripeCount + stripe)
        nodes.ensure(id)
        let node = nodes.node(id)
        node.pointee.parent.store(parent, ordering: .relaxed)
        node.pointee.references.store(1, ordering: .relaxed)
        node.pointee.version.store(floor.load(ordering: .acquiring), ordering: .releasing)
        state.table.insert(hash, local)
        state.liveCount += 1
        return id
    }

    // MARK: Invalidating

    /// Makes everything at or below the held tag `id` stale; returns the new epoch.
    ///
    /// O(1).
    @discardableResult
    func invalidate(_ id: UInt32) -> UInt64 {
        invalidating.withLock { _ in
            let next = epochCell.pointee.load(ordering: .relaxed) &+ 1
            nodes.node(id).pointee.version.store(next, ordering: .releasing)
            epochCell.pointee.store(next, ordering: .releasing)
            return next
        }
    }

    /// Makes everything stale.
    @discardableResult
    func invalidateAll() -> UInt64 { invalidate(Self.root) }

    /// Makes stale whatever carries a tag of one partition.
    @discardableResult
    func invalidate(partition: Int) -> UInt64 {
        invalidate(Self.partitionID(partition))
    }

    /// Puts a version that was read back from disk on record.
    func restore(_ id: UInt32, version: UInt64) {
        invalidating.withLock { _ in
            let node = nodes.node(id)
            let newest = max(version, node.pointee.version.load(ordering: .relaxed))
            node.pointee.version.store(newest, ordering: .releasing)
            let epoch = epochCell.pointee.load(ordering: .relaxed)
            epochCell.pointee.store(max(epoch, version), ordering: .releasing)
        }
    }

    /// Makes sure that the next epoch lies above `epoch`.
    func raiseEpoch(to epoch: UInt64) {
        invalidating.withLock { _ in
            let current = epochCell.pointee.load(ordering: .relaxed)
            epochCell.pointee.store(max(current, epoch), ordering: .releasing)
        }
    }

    /// The id of a partition.
    static func partitionID(_ partition: Int) -> UInt32 {
        precondition((0..<TagCacheLimits.partitionCount).contains(partition))
        return firstPartition + UInt32(partition)
    }

    /// Treats every tag without a record as invalidated at `version`.
    func raiseFloor(to version: UInt64) {
        floor.max(version, ordering: .acquiringAndReleasing)
    }

    // MARK: Checking

    /// Whether no tag on the way from `id` to the root was invalidated after `stamp`.
    ///
    /// O(depth).
    @inline(__always)
    func isCurrent(_ id: UInt32, since stamp: UInt64) -> Bool {
        var id = id
        while id != 0 {
            let node = nodes.node(id)
            if node.pointee.version.load(ordering: .acquiring) > stamp { return false }
            id = node.pointee.parent.load(ordering: .relaxed)
        }
        return true
    }

    /// Whether none of the tags, nor everything at once, was invalidated after `stamp`.
    @usableFromInline
    func areCurrent(_ list: TagList, since stamp: UInt64) -> Bool {
        if epoch == stamp { return true }
        return isCurrent(list.first == 0 ? Self.root : list.first, since: stamp)
            && list.more.allSatisfy { isCurrent($0, since: stamp) }
    }

    /// Whether none of the tags, nor everything at once, was invalidated after `stamp`.
    func areCurrent(_ ids: [UInt32], since stamp: UInt64) -> Bool {
        if epoch == stamp { return true }
        for id in ids where !isCurrent(id, since: stamp) { return false }
        return isCurrent(Self.root, since: stamp)
    }
}
