// Storage of tag nodes: they never move, so that readers need no lock.
//
// Node n lives in chunk k, where chunk 0 holds the nodes 0..<1024 and chunk k > 0 the nodes
// 512 * 2^k ..< 1024 * 2^k. A chunk is allocated once, zeroed, and freed with the storage.
// A node is one word for the version, one for its parent and its references. Its parent is
// written before the node's id is handed out under a stripe's lock, and changes only when the
// node is given out again, when nobody can hold its id.
import Synchronization

/// One tag: when it was last invalidated, its parent, and how many entries and children hold it.
struct TagNode: ~Copyable {
    let version = Atomic<UInt64>(0)
    let parent = Atomic<UInt32>(0)
    let references = Atomic<UInt32>(0)
}

/// The nodes by id, readable without a lock.
final class TagNodes: @unchecked Sendable {
    // Guard: each element is set once with a compare-and-swap and never changes again.
    private let directory: UnsafeMutablePointer<Atomic<UnsafeMutablePointer<TagNode>?>>
    private static let chunkCount = 22
    private static let firstChunkShift = 10

    init() {
        directory = .allocate(capacity: Self.chunkCount)
        for index in 0..<Self.chunkCount {
            (directory + index).initialize(to: Atomic(nil))
        }
    }

    deinit {
        for index in 0..<Self.chunkCount {
            if let chunk = directory[index].load(ordering: .acquiring) {
                chunk.deinitialize(count: Self.nodeCount(ofChunk: index))
                chunk.deallocate()
            }
        }
        directory.deinitialize(count: Self.chunkCount)
        directory.deallocate()
    }

    /// One more than the largest id that there can be.
    static let capacity = 1 << (firstChunkShift + chunkCount - 1)

    private static func nodeCount(ofChunk chunk: Int) -> Int {
        chunk == 0 ? 1 << firstChunkShift : 1 << (firstChunkShift + chunk - 1)
    }

    /// The node with an id that `ensure` has been called for.
    @inline(__always)
    func node(_ id: UInt32) -> UnsafeMutablePointer<TagNode> {
        let (chunk, offset) = Self.place(of: id)
        guard let base = directory[chunk].load(ordering: .acquiring) else {
            preconditionFailure("tag id \(id) was never given out")
        }
        return base + offset
    }

    @inline(__always)
    private static func place(of id: UInt32) -> (chunk: Int, offset: Int) {
        let high = Int(id) >> firstChunkShift
        if high == 0 { return (0, Int(id)) }
        let chunk = Int.bitWidth - high.leadingZeroBitCount
        return (chunk, Int(id) - (1 << (firstChunkShift + chunk - 1)))
    }

    /// Makes sure that the node `id` has a place.
    func ensure(_ id: UInt32) {
        precondition(Int(id) < Self.capacity, "too many tags")
        let (chunk, _) = Self.place(of: id)
        if directory[chunk].load(ordering: .acquiring) != nil { return }
        let count = Self.nodeCount(ofChunk: chunk)
        let fresh = UnsafeMutablePointer<TagNode>.allocate(capacity: count)
        for index in 0..<count { (fresh + index).initialize(to: TagNode()) }
        let outcome = directory[chunk].compareExchange(
            expected: nil,
            desired: fresh,
            ordering: .acquiringAndReleasing
        )
        if !outcome.exchanged {
            fresh.deinitialize(count: count)
            fresh.deallocate()
        }
    }
}
