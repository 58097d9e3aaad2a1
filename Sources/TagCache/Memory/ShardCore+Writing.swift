// Entering, replacing and removing entries of one table.

extension ShardCore {
    /// Adds an entry; the caller files key and value under the returned number and then evicts.
    @usableFromInline
    mutating func insert(
        _ hash: UInt64,
        _ weight: Int,
        _ stamp: UInt64,
        _ tags: TagList,
        _ lifetime: Lifetime,
        _ now: UInt64
    ) -> Int {
        if notedCount > 0 { tellPolicy() }
        let number = freeSlot()
        var slot = Slot()
        slot.hash = hash
        slot.weight = UInt32(clamping: weight)
        slot.stamp = stamp
        slot.tag = tags.first
        (slots + number).initialize(to: slot)
        index.insert(hash, number)
        sketch.ensure(capacity: count + 1)
        sketch.increment(hash)
        append(UInt32(number), to: .window)
        setLifetime(number, lifetime, tags.more, now)
        wheel.schedule(UInt32(number), slots)
        return number
    }

    private mutating func freeSlot() -> Int {
        if let reused = free.popLast() { return Int(reused) }
        if slotCount == slotCapacity {
            // By a quarter, since tables are many and long-lived.
            let capacity = slotCapacity + slotCapacity / 4 + 16
            let grown = Self.allocateSlots(capacity)
            grown.moveInitialize(from: slots, count: slotCount)
            slots.deallocate()
            (slots, slotCapacity) = (grown, capacity)
        }
        slotCount += 1
        return slotCount - 1
    }

    /// Puts new contents in the place of old ones; it counts as a use.
    @usableFromInline
    mutating func replace(
        _ number: Int,
        _ newWeight: Int,
        _ stamp: UInt64,
        _ tags: TagList,
        _ lifetime: Lifetime,
        _ now: UInt64
    ) {
        releaseTags(number)
        setWeight(UInt32(number), UInt32(clamping: newWeight))
        let former = slots[number].deadline
        slots[number].stamp = stamp
        slots[number].tag = tags.first
        setLifetime(number, lifetime, tags.more, now)
        wheel.reschedule(UInt32(number), from: former, slots)
        // If something has to go, this entry is to be the one used last.
        if weight > weightLimit || window.weight > windowLimit { tellPolicy() }
        use(number)
        counters.replaced &+= 1
    }

    private mutating func setLifetime(
        _ number: Int,
        _ lifetime: Lifetime,
        _ moreTags: [UInt32],
        _ now: UInt64
    ) {
        slots[number].freshUntil = lifetime.freshUntil
        slots[number].deadline = lifetime.deadline
        if moreTags.isEmpty, lifetime.idleMilliseconds == 0 { return }
        let extra = SlotExtra(
            moreTags: moreTags,
            idleMilliseconds: lifetime.idleMilliseconds,
            finalDeadline: lifetime.deadline
        )
        if let reused = freeExtras.popLast() {
            extras[Int(reused)] = extra
            slots[number].extra = reused
        } else {
            slots[number].extra = UInt32(extras.count)
            extras.append(extra)
        }
        prolong(number, now)
    }

    private mutating func releaseTags(_ number: Int) {
        if slots[number].tag != 0 { tags.release(slots[number].tag) }
        guard let extra = extra(of: number) else { return }
        for tag in extras[extra].moreTags { tags.release(tag) }
        extras[extra] = SlotExtra()
        freeExtras.append(UInt32(extra))
        slots[number].extra = Slot.none
    }

    /// Removes an entry; the caller drops key and value.
    @usableFromInline
    mutating func remove(_ number: Int, _ departure: Departure) {
        if slots[number].uses != 0 { tellPolicy() }
        unlink(UInt32(number))
        wheel.cancel(UInt32(number), slots)
        index.remove(slots[number].hash, number)
        releaseTags(number)
        counters.count(departure)
        free.append(UInt32(number))
    }
}
