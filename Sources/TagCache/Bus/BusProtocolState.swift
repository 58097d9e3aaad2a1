// What a node knows of the others, as a state machine.
//
// Every node numbers its messages in 17 streams: one for each partition of tags and one for clears.
// An invalidation is carried out whatever its number is: a second time costs precision and nothing
// else. A number that skips some means that messages are lost or late, and makes the stream's whole
// partition stale; so do heartbeats, which carry the last number of each stream.
//
// Only heartbeats speak of all streams, so silence is counted from the last of them, whatever else
// arrives. One that was sent before another that has arrived, late or repeated, is no sign of life.
//
// A last number that is too low costs precision. One that is too high would hide losses; no message
// of the node itself brings it about, but a forged one can. So a heartbeat that lies below it puts
// it right, unless a message overtook the heartbeat; and after a silence any heartbeat counts as the
// first.
//
// Wall time decides nothing about what is stale: clocks may be a day apart. Times of one sender are
// compared with each other, for the order of its messages; else timestamps order invalidations for
// people and for stores that are shared.

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
        /// When its last message of any kind arrived.
        var heardAt: UInt64
        /// When its last heartbeat arrived, or everything became stale for want of one.
        var silentSince: UInt64
        /// Its own time in its latest heartbeat.
        var heartbeatTime = Self.noTime
        /// Its own time in the latest message that moved a stream since that heartbeat.
        var numberTime = Self.noTime

        private static let noTime = HybridTimestamp(physical: 0, logical: 0, node: 0)

        init(incarnation: UInt64, now: UInt64) {
            self.incarnation = incarnation
            heardAt = now
            silentSince = now
        }

        mutating func advance(_ stream: Int, to number: UInt64, _ time: HybridTimestamp) {
            last[stream] = number
            numberTime = max(numberTime, time)
        }

        mutating func noteHeartbeat(_ time: HybridTimestamp, now: UInt64) {
            heartbeatTime = time
            numberTime = Self.noTime
            silentSince = now
        }

        /// Everything is stale: the next heartbeat counts as the first.
        mutating func noteSilence(now: UInt64) { noteHeartbeat(Self.noTime, now: now) }
    }

    private let node: UInt64
    private let incarnation: UInt64
    private let silenceMax: UInt64
    private let absenceMax: UInt64
    private var own = [UInt64](repeating: 0, count: BusMessage.streamCount)
    private var peers: [UInt64: Peer] = [:]
    private var clock: HybridLogicalClock
    /// Since when the bus cannot be heard; nil while it can.
    private var deafSince: UInt64?
    private(set) var statistics = TagCacheStatistics.Bus()

    init(node: UInt64, incarnation: UInt64, silenceMax: UInt64, absenceMax: UInt64) {
        self.node = node
        self.incarnation = incarnation
        self.silenceMax = silenceMax
        self.absenceMax = absenceMax
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
            actions += follow(message, stream, number, .invalidate(tag: tag))
        case .clear(let number):
            actions += follow(message, BusMessage.clearStream, number, .invalidateAll)
        case .heartbeat(let last):
            actions += compare(message, last, isGoodbye: false, now)
        case .goodbye(let last):
            actions += compare(message, last, isGoodbye: true, now)
            peers[message.node] = nil
        }
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
        peers[message.node] = Peer(incarnation: message.incarnation, now: now)
        if isDoubtful { statistics.gaps += 1 }
        return isDoubtful ? [.invalidateAll] : []
    }

    /// What to do about a message with a number.
    private mutating func follow(
        _ message: BusMessage,
        _ stream: Int,
        _ number: UInt64,
        _ action: BusAction
    ) -> [BusAction] {
        let last = peers[message.node]?.last[stream] ?? 0
        if number <= last {
            statistics.duplicates += 1
            return [action]
        }
        peers[message.node]?.advance(stream, to: number, message.time)
        if number - last > 1 { return [miss(stream)] }
        statistics.applied += 1
        return [action]
    }

    /// What to do about the last numbers of a sender's streams.
    ///
    /// Smaller ones than are known are believed of the last message the sender has sent so far. A goodbye always
    /// is: the sender is forgotten, and what it hides would be too.
    private mutating func compare(
        _ message: BusMessage,
        _ last: [UInt64],
        isGoodbye: Bool,
        _ now: UInt64
    ) -> [BusAction] {
        guard var peer = peers[message.node] else { return [] }
        let isLatest = message.time > peer.heartbeatTime
        let isOvertaken = message.time < peer.numberTime
        let isLast = isGoodbye || (isLatest && !isOvertaken)
        var actions: [BusAction] = []
        for (stream, number) in last.enumerated() {
            let known = peer.last[stream]
            guard number > known || (number < known && isLast) else { continue }
            peer.last[stream] = number
            actions.append(miss(stream))
        }
        if isLatest { peer.noteHeartbeat(message.time, now: now) }
        peers[message.node] = peer
        return actions
    }

    private mutating func miss(_ stream: Int) -> BusAction {
        statistics.gaps += 1
        return stream == BusMessage.clearStream ? .invalidateAll : .invalidatePartition(stream)
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

    /// What to do about peers that have sent no heartbeat for too long: as long as one stays silent, or
    /// the bus does, everything becomes stale once in `silenceMax`.
    ///
    /// A peer that is cut off may still invalidate, and looks like one that is dead. So it is forgotten only
    /// when nothing of it has arrived for `absenceMax`.
    mutating func tick(now: UInt64) -> [BusAction] {
        var isAnySilent = false
        for (node, peer) in peers where now >= peer.silentSince.addingClamped(silenceMax) {
            isAnySilent = true
            if now >= peer.heardAt.addingClamped(absenceMax) {
                peers[node] = nil
            } else {
                peers[node]?.noteSilence(now: now)
            }
        }
        if let since = deafSince, now >= since.addingClamped(silenceMax) {
            deafSince = now
            isAnySilent = true
        }
        if isAnySilent { statistics.silences += 1 }
        return isAnySilent ? [.invalidateAll] : []
    }
}
