// What a node knows of the others, as a state machine.
//
// Every node numbers its messages in 17 streams: one for each partition of tags and one for clears.
// A message that follows the last one of its stream is carried out. A number that was seen, or that
// lies before one that was seen, is dropped: what it says is covered. A number that skips some
// means that messages are lost or late, and makes the stream's whole partition stale; so do
// heartbeats, which carry the last number of each stream.
//
// That a late message may be dropped rests on an order: a node changes its source before it
// publishes. So what was loaded after a later message of the node arrived was loaded after the
// change.
//
// Time decides nothing about what is stale: clocks may be a day apart. Timestamps order
// invalidations for people and for stores that are shared.

/// What a received message or the passing of time asks for.
enum BusAction: Sendable, Equatable {
    case invalidate(tag: String)
    case invalidatePartition(Int)
    case invalidateAll
}

/// The protocol's state on one node.
struct BusProtocolState: Sendable {
    private struct Peer: Sendable {
        var incarnation: UInt64
        var last = [UInt64](repeating: 0, count: BusMessage.streamCount)
        var heardAt: UInt64
    }

    private let node: UInt64
    private let incarnation: UInt64
    private let silenceMax: UInt64
    private var own = [UInt64](repeating: 0, count: BusMessage.streamCount)
    private var peers: [UInt64: Peer] = [:]
    private var clock: HybridLogicalClock
    /// Since when the bus cannot be heard; nil while it can.
    private var deafSince: UInt64?
    private(set) var statistics = TagCacheStatistics.Bus()

    init(node: UInt64, incarnation: UInt64, silenceMax: UInt64) {
        self.node = node
        self.incarnation = incarnation
        self.silenceMax = silenceMax
        clock = HybridLogicalClock(node: node)
    }

    // MARK: Sending

    /// The next message that says `tag` was invalidated.
    mutating func invalidation(of tag: String, wall: UInt64) -> BusMessage {
        message(.invalidation(tag: tag, number: next(TagName.partition(of: tag))), wall)
    }

    /// The next message that says everything was.
    mutating func clear(wall: UInt64) -> BusMessage {
        message(.clear(number: next(BusMessage.clearStream)), wall)
    }

    /// Where this node's streams are.
    mutating func heartbeat(wall: UInt64) -> BusMessage { message(.heartbeat(last: own), wall) }

    /// That this node will send nothing more.
    mutating func goodbye(wall: UInt64) -> BusMessage { message(.goodbye(last: own), wall) }

    private mutating func next(_ stream: Int) -> UInt64 {
        own[stream] += 1
        return own[stream]
    }

    private mutating func message(_ content: BusMessage.Content, _ wall: UInt64) -> BusMessage {
        statistics.published += 1
        return BusMessage(
            node: node,
            incarnation: incarnation,
            time: clock.tick(wall: wall / 1_000_000),
            content: content
        )
    }

    // MARK: Receiving

    /// What to do about received bytes.
    mutating func receive(_ bytes: [UInt8], now: UInt64, wall: UInt64) -> [BusAction] {
        guard let message = BusMessage(bytes) else {
            statistics.malformed += 1
            return []
        }
        if message.node == node, message.incarnation == incarnation { return [] }
        if !clock.merge(message.time, wall: wall / 1_000_000) { statistics.skewed += 1 }
        var actions = meet(message, now)
        switch message.content {
        case .invalidation(let tag, let number):
            let stream = TagName.partition(of: tag)
            actions += follow(message.node, stream, number, .invalidate(tag: tag))
        case .clear(let number):
            actions += follow(message.node, BusMessage.clearStream, number, .invalidateAll)
        case .heartbeat(let last), .goodbye(let last):
            for (stream, number) in last.enumerated() {
                actions += catchUp(message.node, stream, number)
            }
        }
        if case .goodbye = message.content { peers[message.node] = nil }
        return actions
    }

    /// Makes sure that the sender is known.
    ///
    /// A node that comes back under a new incarnation without having said goodbye may have sent
    /// something last that was lost.
    private mutating func meet(_ message: BusMessage, _ now: UInt64) -> [BusAction] {
        if peers[message.node]?.incarnation == message.incarnation {
            peers[message.node]?.heardAt = now
            return []
        }
        var isDoubtful = peers[message.node] != nil
        if peers[message.node] == nil, peers.count >= TagCacheLimits.peerCountMax {
            isDoubtful = true
            if let quietest = peers.min(by: { $0.value.heardAt < $1.value.heardAt })?.key {
                peers[quietest] = nil
            }
        }
        peers[message.node] = Peer(incarnation: message.incarnation, heardAt: now)
        if isDoubtful { statistics.gaps += 1 }
        return isDoubtful ? [.invalidateAll] : []
    }

    private mutating func follow(
        _ sender: UInt64,
        _ stream: Int,
        _ number: UInt64,
        _ action: BusAction
    ) -> [BusAction] {
        let last = peers[sender]?.last[stream] ?? 0
        if number <= last {
            statistics.duplicates += 1
            return []
        }
        if number - last > 1 { return catchUp(sender, stream, number) }
        peers[sender]?.last[stream] = number
        statistics.applied += 1
        return [action]
    }

    private mutating func catchUp(_ sender: UInt64, _ stream: Int, _ number: UInt64) -> [BusAction]
    {
        guard number > peers[sender]?.last[stream] ?? 0 else { return [] }
        peers[sender]?.last[stream] = number
        statistics.gaps += 1
        return [stream == BusMessage.clearStream ? .invalidateAll : .invalidatePartition(stream)]
    }

    // MARK: Time

    /// What to do when the bus can no longer be heard, or can again.
    ///
    /// What was missed meanwhile, from peers that nobody may have known, was missed for good.
    mutating func hear(_ hearing: BusHearing, now: UInt64) -> [BusAction] {
        switch hearing {
        case .interrupted:
            statistics.interruptions += 1
            deafSince = deafSince ?? now
            return []
        case .resumed:
            deafSince = nil
            return [.invalidateAll]
        }
    }

    /// What to do about peers that have not been heard for too long: as long as one stays silent, or
    /// the bus does, everything becomes stale once in `silenceMax`.
    mutating func tick(now: UInt64) -> [BusAction] {
        var isAnySilent = false
        for (node, peer) in peers where now >= peer.heardAt.addingClamped(silenceMax) {
            peers[node]?.heardAt = now
            isAnySilent = true
        }
        if let since = deafSince, now >= since.addingClamped(silenceMax) {
            deafSince = now
            isAnySilent = true
        }
        if isAnySilent { statistics.silences += 1 }
        return isAnySilent ? [.invalidateAll] : []
    }
}
