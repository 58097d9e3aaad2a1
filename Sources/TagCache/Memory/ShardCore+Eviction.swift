// The queues of the eviction policy, and who leaves when there is no room.

extension ShardCore {
    /// The entry to evict next, or nil when the table is within its limit.
    ///
    /// The entry written last stays: what was set can be read.
    @usableFromInline
    mutating func nextVictim(keeping written: Int) -> Int? {
        if weight <= weightLimit, window.weight <= windowLimit { return nil }
        if notedCount > 0 { tellPolicy() }
        var candidate = Slot.none
        var moves = 0
        while window.weight > windowLimit, window.count > 1,
            moves < TagCacheLimits.evictionsPerOperationMax
        {
            candidate = window.oldest
            unlink(candidate)
            append(candidate, to: .probation)
            moves += 1
            if weight > weightLimit { break }
        }
        guard weight > weightLimit else { return nil }
        guard probation.oldest != Slot.none else {
            if protected.oldest != Slot.none, protected.oldest != UInt32(written) {
                return Int(protected.oldest)
            }
            let isSpare = window.oldest != Slot.none && window.oldest != UInt32(written)
            return isSpare ? Int(window.oldest) : nil
        }
        // Without a newcomer, the one that entered probation last still has to defend itself.
        if candidate == Slot.none { candidate = probation.newest }
        let incumbent = probation.oldest
        if candidate == incumbent {
            guard protected.oldest != Slot.none, protected.oldest != UInt32(written) else {
                return Int(candidate)
            }
            return Int(
                admits(candidate, against: protected.oldest) ? protected.oldest : candidate
            )
        }
        return Int(admits(candidate, against: incumbent) ? incumbent : candidate)
    }

    /// Whether the newcomer was asked for more often than the entry it would replace.
    private mutating func admits(_ candidate: UInt32, against incumbent: UInt32) -> Bool {
        let wanted = sketch.estimate(slots[Int(candidate)].hash)
        let known = sketch.estimate(slots[Int(incumbent)].hash)
        if wanted > known { return true }
        // A warm newcomer wins now and then, so that nobody can freeze the table with keys that
        // collide in the sketch.
        return wanted > 5 && random() & 127 == 0
    }

    /// Whether what another tier has is worth a place here; counts the request.
    ///
    /// In a full table it has to be asked for more often than what would have to go for it, so that
    /// what is read once does not push out what is read again and again.
    @usableFromInline
    mutating func isWorthKeeping(_ hash: UInt64, _ newWeight: Int) -> Bool {
        if weight + newWeight <= weightLimit { return true }
        sketch.increment(hash)
        let incumbent = probation.oldest != Slot.none ? probation.oldest : window.oldest
        guard incumbent != Slot.none else { return true }
        return sketch.estimate(hash) > sketch.estimate(slots[Int(incumbent)].hash)
    }

    private mutating func random() -> UInt64 {
        randomState ^= randomState << 13
        randomState ^= randomState >> 7
        randomState ^= randomState << 17
        return randomState
    }

    /// Moves an entry that was used to where it is safer.
    @inline(__always)
    mutating func promote(_ number: UInt32) {
        switch slots[Int(number)].queue {
        case .window: Self.renew(number, in: &window, slots)
        case .probation:
            unlink(number)
            append(number, to: .protected)
            var moves = 0
            while protected.weight > protectedLimit, protected.oldest != number,
                moves < TagCacheLimits.evictionsPerOperationMax
            {
                let demoted = protected.oldest
                unlink(demoted)
                append(demoted, to: .probation)
                moves += 1
            }
        case .protected: Self.renew(number, in: &protected, slots)
        case .none: preconditionFailure("an entry in use is in no queue")
        }
    }

    /// Makes an entry the newest of the queue it is in.
    @inline(__always)
    private static func renew(
        _ number: UInt32,
        in list: inout List,
        _ slots: UnsafeMutablePointer<Slot>
    ) {
        if list.newest == number { return }
        let previous = slots[Int(number)].previous
        let next = slots[Int(number)].next
        if previous == Slot.none {
            list.oldest = next
        } else {
            slots[Int(previous)].next = next
        }
        slots[Int(next)].previous = previous
        slots[Int(number)].previous = list.newest
        slots[Int(number)].next = Slot.none
        slots[Int(list.newest)].next = number
        list.newest = number
    }

    /// Changes what an entry weighs.
    mutating func setWeight(_ number: UInt32, _ weight: UInt32) {
        let change = Int(weight) - Int(slots[Int(number)].weight)
        if change == 0 { return }
        slots[Int(number)].weight = weight
        switch slots[Int(number)].queue {
        case .window: window.weight += change
        case .probation: probation.weight += change
        case .protected: protected.weight += change
        case .none: preconditionFailure("an entry in use is in no queue")
        }
    }

    mutating func append(_ number: UInt32, to queue: Queue) {
        slots[Int(number)].queue = queue
        switch queue {
        case .window: Self.append(number, to: &window, slots)
        case .probation: Self.append(number, to: &probation, slots)
        case .protected: Self.append(number, to: &protected, slots)
        case .none: preconditionFailure("an entry in use is in no queue")
        }
    }

    mutating func unlink(_ number: UInt32) {
        switch slots[Int(number)].queue {
        case .window: Self.unlink(number, from: &window, slots)
        case .probation: Self.unlink(number, from: &probation, slots)
        case .protected: Self.unlink(number, from: &protected, slots)
        case .none: preconditionFailure("an entry in use is in no queue")
        }
        slots[Int(number)].queue = .none
    }

    @inline(__always)
    private static func append(
        _ number: UInt32,
        to list: inout List,
        _ slots: UnsafeMutablePointer<Slot>
    ) {
        slots[Int(number)].previous = list.newest
        slots[Int(number)].next = Slot.none
        if list.newest != Slot.none { slots[Int(list.newest)].next = number }
        list.newest = number
        if list.oldest == Slot.none { list.oldest = number }
        list.count &+= 1
        list.weight &+= Int(slots[Int(number)].weight)
    }

    @inline(__always)
    private static func unlink(
        _ number: UInt32,
        from list: inout List,
        _ slots: UnsafeMutablePointer<Slot>
    ) {
        let previous = slots[Int(number)].previous
        let next = slots[Int(number)].next
        if previous == Slot.none {
            list.oldest = next
        } else {
            slots[Int(previous)].next = next
        }
        if next == Slot.none {
            list.newest = previous
        } else {
            slots[Int(next)].previous = previous
        }
        list.count &-= 1
        list.weight &-= Int(slots[Int(number)].weight)
    }

    /// Traps if the tables contradict each other; for tests.
    func checkInvariants() {
        precondition(index.count == count && slotCount == count + free.count)
        precondition((0..<notedCount).allSatisfy { slots[Int(noted[$0])].uses > 0 })
        precondition((0..<slotCount).count { slots[$0].uses > 0 } == notedCount)
        for (list, queue) in [
            (window, Queue.window), (probation, .probation), (protected, .protected),
        ] {
            var weight = 0
            var seen = 0
            var number = list.oldest
            while number != Slot.none {
                let slot = slots[Int(number)]
                precondition(slot.queue == queue)
                weight += Int(slot.weight)
                seen += 1
                number = slot.next
            }
            precondition(weight == list.weight && seen == list.count)
        }
    }
}
