/// The scalar fields of a log record that is being read.
struct PendingLog {
    var resource: UInt32
    var scope: UInt32
    var time: UInt64 = 0
    var observedTime: UInt64 = 0
    var severityNumber: Int32 = 0
    var severityText = TextRef.empty
    var bodyKind = ValueKind.empty
    var bodyPayload: UInt64 = 0
    var traceID = RecordID()
    var spanID = RecordID()
    var flags: UInt32 = 0
    var eventName = TextRef.empty
    var droppedAttributes: UInt32 = 0

    init(resource: UInt32, scope: UInt32) {
        self.resource = resource
        self.scope = scope
    }
}

extension LogColumns {
    /// Closes the record whose attributes were appended since the last one: keeps it, or refuses it
    /// and takes its attributes back.
    mutating func finish(_ log: PendingLog) {
        guard log.traceID.isValidOrNone else { return refuse(log.traceID.traceIDFault()) }
        guard log.spanID.isValidOrNone else { return refuse(log.spanID.spanIDFault()) }
        resource.append(log.resource)
        scope.append(log.scope)
        times.append(log.time)
        observedTimes.append(log.observedTime)
        severityNumbers.append(log.severityNumber)
        severityTexts.append(log.severityText)
        bodyKinds.append(log.bodyKind)
        bodyPayloads.append(log.bodyPayload)
        traceIDs.append(log.traceID.high)
        traceIDs.append(log.traceID.low)
        spanIDs.append(log.spanID.low)
        flags.append(log.flags)
        eventNames.append(log.eventName)
        droppedAttributes.append(log.droppedAttributes)
        attributeStarts.append(attributes.mark)
    }

    @inline(never)
    private mutating func refuse(_ reason: StaticString) {
        rejections.reject(reason)
        attributes.truncate(to: Int(attributeStarts[count]))
    }

    /// Room for the records a body of this size usually holds.
    mutating func reserve(logs: Int, attributes attributeCount: Int) {
        resource.reserveCapacity(logs)
        scope.reserveCapacity(logs)
        times.reserveCapacity(logs)
        observedTimes.reserveCapacity(logs)
        severityNumbers.reserveCapacity(logs)
        severityTexts.reserveCapacity(logs)
        bodyKinds.reserveCapacity(logs)
        bodyPayloads.reserveCapacity(logs)
        traceIDs.reserveCapacity(logs * 2)
        spanIDs.reserveCapacity(logs)
        flags.reserveCapacity(logs)
        eventNames.reserveCapacity(logs)
        droppedAttributes.reserveCapacity(logs)
        attributeStarts.reserveCapacity(logs + 1)
        attributes.reserve(attributeCount)
    }
}
