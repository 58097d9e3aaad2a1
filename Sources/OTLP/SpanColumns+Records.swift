/// The scalar fields of a span that is being read.
struct PendingSpan {
    var resource: UInt32
    var scope: UInt32
    var traceID = RecordID()
    var spanID = RecordID()
    var parentSpanID = RecordID()
    var traceState = TextRef.empty
    var flags: UInt32 = 0
    var name = TextRef.empty
    var kind: Int32 = 0
    var startTime: UInt64 = 0
    var endTime: UInt64 = 0
    var statusCode: Int32 = 0
    var statusMessage = TextRef.empty
    var droppedAttributes: UInt32 = 0
    var droppedEvents: UInt32 = 0
    var droppedLinks: UInt32 = 0
    var hasBadLinkTraceID = false
    var hasBadLinkSpanID = false

    init(resource: UInt32, scope: UInt32) {
        self.resource = resource
        self.scope = scope
    }

    @inline(__always) var isAcceptable: Bool {
        traceID.isValid && spanID.isValid && parentSpanID.isValidOrNone
            && !hasBadLinkTraceID && !hasBadLinkSpanID
    }

    func fault() -> StaticString {
        if !traceID.isValid { return traceID.traceIDFault() }
        if !spanID.isValid { return spanID.spanIDFault() }
        if !parentSpanID.isValidOrNone { return "parent span id is not 8 bytes long" }
        return hasBadLinkTraceID
            ? "link trace id is not 16 bytes long" : "link span id is not 8 bytes long"
    }
}

/// The scalar fields of a span event that is being read.
struct PendingEvent {
    var time: UInt64 = 0
    var name = TextRef.empty
    var droppedAttributes: UInt32 = 0
}

/// The scalar fields of a span link that is being read.
struct PendingLink {
    var traceID = RecordID()
    var spanID = RecordID()
    var traceState = TextRef.empty
    var flags: UInt32 = 0
    var droppedAttributes: UInt32 = 0
}

extension SpanColumns {
    /// Closes the span whose children were appended since the last one: keeps it, or refuses it and
    /// takes its children back.
    mutating func finish(_ span: PendingSpan) {
        guard span.isAcceptable else { return refuse(span.fault()) }
        resource.append(span.resource)
        scope.append(span.scope)
        traceIDs.append(span.traceID.high)
        traceIDs.append(span.traceID.low)
        spanIDs.append(span.spanID.low)
        parentSpanIDs.append(span.parentSpanID.low)
        traceStates.append(span.traceState)
        flags.append(span.flags)
        names.append(span.name)
        kinds.append(span.kind)
        startTimes.append(span.startTime)
        endTimes.append(span.endTime)
        statusCodes.append(span.statusCode)
        statusMessages.append(span.statusMessage)
        droppedAttributes.append(span.droppedAttributes)
        droppedEvents.append(span.droppedEvents)
        droppedLinks.append(span.droppedLinks)
        attributeStarts.append(attributes.mark)
        eventStarts.append(UInt32(truncatingIfNeeded: eventTimes.count))
        linkStarts.append(UInt32(truncatingIfNeeded: linkSpanIDs.count))
    }

    @inline(__always)
    mutating func finish(_ event: PendingEvent) {
        eventTimes.append(event.time)
        eventNames.append(event.name)
        eventDroppedAttributes.append(event.droppedAttributes)
        eventAttributeStarts.append(eventAttributes.mark)
    }

    mutating func finish(_ link: PendingLink, of span: inout PendingSpan) {
        // The API has links without ids recorded when they carry attributes or a trace state.
        if !link.traceID.isValidOrNone { span.hasBadLinkTraceID = true }
        if !link.spanID.isValidOrNone { span.hasBadLinkSpanID = true }
        linkTraceIDs.append(link.traceID.high)
        linkTraceIDs.append(link.traceID.low)
        linkSpanIDs.append(link.spanID.low)
        linkTraceStates.append(link.traceState)
        linkFlags.append(link.flags)
        linkDroppedAttributes.append(link.droppedAttributes)
        linkAttributeStarts.append(linkAttributes.mark)
    }

    @inline(never)
    private mutating func refuse(_ reason: StaticString) {
        rejections.reject(reason)
        attributes.truncate(to: Int(attributeStarts[count]))

        let events = Int(eventStarts[count])
        eventAttributes.truncate(to: Int(eventAttributeStarts[events]))
        eventTimes.truncate(to: events)
        eventNames.truncate(to: events)
        eventDroppedAttributes.truncate(to: events)
        eventAttributeStarts.truncate(to: events + 1)

        let links = Int(linkStarts[count])
        linkAttributes.truncate(to: Int(linkAttributeStarts[links]))
        linkTraceIDs.truncate(to: links * 2)
        linkSpanIDs.truncate(to: links)
        linkTraceStates.truncate(to: links)
        linkFlags.truncate(to: links)
        linkDroppedAttributes.truncate(to: links)
        linkAttributeStarts.truncate(to: links + 1)
    }

    /// Room for the spans a body of this size usually holds.
    mutating func reserve(spans: Int, attributes attributeCount: Int) {
        resource.reserveCapacity(spans)
        scope.reserveCapacity(spans)
        traceIDs.reserveCapacity(spans * 2)
        spanIDs.reserveCapacity(spans)
        parentSpanIDs.reserveCapacity(spans)
        traceStates.reserveCapacity(spans)
        flags.reserveCapacity(spans)
        names.reserveCapacity(spans)
        kinds.reserveCapacity(spans)
        startTimes.reserveCapacity(spans)
        endTimes.reserveCapacity(spans)
        statusCodes.reserveCapacity(spans)
        statusMessages.reserveCapacity(spans)
        droppedAttributes.reserveCapacity(spans)
        droppedEvents.reserveCapacity(spans)
        droppedLinks.reserveCapacity(spans)
        attributeStarts.reserveCapacity(spans + 1)
        eventStarts.reserveCapacity(spans + 1)
        linkStarts.reserveCapacity(spans + 1)
        attributes.reserve(attributeCount)
    }
}
