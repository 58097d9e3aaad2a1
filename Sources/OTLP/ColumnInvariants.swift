// What always holds of decoded columns. Tests and the fuzzer ask after every request.

extension SpanColumns {
    /// The first invariant that does not hold, or nil: columns of a table are equally long, starts
    /// ascend to the end of their children, and every reference lies inside the text.
    public func violation() -> String? {
        var check = InvariantCheck(text: text)
        check.origins(origins)
        check.origin("span.resource", resource, origins.resourceCount)
        check.origin("span.scope", scope, origins.scopeCount)
        check.lengths(
            "span",
            count,
            [
                resource.count, scope.count, parentSpanIDs.count, traceStates.count, flags.count,
                names.count, kinds.count, startTimes.count, endTimes.count, statusCodes.count,
                statusMessages.count, droppedAttributes.count, droppedEvents.count,
                droppedLinks.count, traceIDs.count / 2,
            ]
        )
        check.references("span", names + traceStates + statusMessages)
        check.starts("span.attributes", attributeStarts, count, attributes.count)
        check.attributes("span", attributes)
        check.lengths(
            "event",
            eventTimes.count,
            [eventNames.count, eventDroppedAttributes.count]
        )
        check.starts("span.events", eventStarts, count, eventTimes.count)
        check.references("event", eventNames)
        check.starts(
            "event.attributes",
            eventAttributeStarts,
            eventTimes.count,
            eventAttributes.count
        )
        check.attributes("event", eventAttributes)
        check.lengths(
            "link",
            linkSpanIDs.count,
            [
                linkTraceIDs.count / 2, linkTraceStates.count, linkFlags.count,
                linkDroppedAttributes.count,
            ]
        )
        check.starts("span.links", linkStarts, count, linkSpanIDs.count)
        check.references("link", linkTraceStates)
        check.starts(
            "link.attributes",
            linkAttributeStarts,
            linkSpanIDs.count,
            linkAttributes.count
        )
        check.attributes("link", linkAttributes)
        check.require("span ids", !spanIDs.contains(0))
        return check.violation
    }
}

extension LogColumns {
    /// The first invariant that does not hold, or nil; see `SpanColumns.violation()`.
    public func violation() -> String? {
        var check = InvariantCheck(text: text)
        check.origins(origins)
        check.origin("log.resource", resource, origins.resourceCount)
        check.origin("log.scope", scope, origins.scopeCount)
        check.lengths(
            "log",
            count,
            [
                resource.count, scope.count, observedTimes.count, severityNumbers.count,
                severityTexts.count, bodyKinds.count, bodyPayloads.count, traceIDs.count / 2,
                spanIDs.count, flags.count, eventNames.count, droppedAttributes.count,
            ]
        )
        check.references("log", severityTexts + eventNames)
        check.values("log.body", bodyKinds, bodyPayloads)
        check.starts("log.attributes", attributeStarts, count, attributes.count)
        check.attributes("log", attributes)
        return check.violation
    }
}

extension MetricColumns {
    /// The first invariant that does not hold, or nil; see `SpanColumns.violation()`.
    public func violation() -> String? {
        var check = InvariantCheck(text: text)
        check.origins(origins)
        check.origin("metric.resource", resource, origins.resourceCount)
        check.origin("metric.scope", scope, origins.scopeCount)
        check.origin("point.metric", metric, metricCount)
        check.lengths(
            "metric",
            metricCount,
            [
                resource.count, scope.count, descriptions.count, units.count, types.count,
                temporalities.count, monotonic.count,
            ]
        )
        check.references("metric", names + descriptions + units)
        check.starts("metric.metadata", metadataStarts, metricCount, metadata.count)
        check.attributes("metadata", metadata)
        check.lengths(
            "point",
            count,
            [
                metric.count, startTimes.count, flags.count, valueKinds.count, values.count,
                counts.count, sums.count, minima.count, maxima.count, scales.count,
                zeroCounts.count, zeroThresholds.count, positive.offsets.count,
                negative.offsets.count,
            ]
        )
        check.starts("point.buckets", bucketStarts, count, bucketCounts.count)
        check.starts("point.bounds", boundStarts, count, bounds.count)
        check.starts("point.positive", positive.countStarts, count, positive.counts.count)
        check.starts("point.negative", negative.countStarts, count, negative.counts.count)
        check.starts("point.quantiles", quantileStarts, count, quantiles.count)
        check.lengths("quantile", quantiles.count, [quantileValues.count])
        check.starts("point.attributes", attributeStarts, count, attributes.count)
        check.attributes("point", attributes)
        check.lengths(
            "exemplar",
            exemplarTimes.count,
            [
                exemplarKinds.count, exemplarValues.count, exemplarTraceIDs.count / 2,
                exemplarSpanIDs.count,
            ]
        )
        check.starts("point.exemplars", exemplarStarts, count, exemplarTimes.count)
        check.starts(
            "exemplar.attributes",
            exemplarAttributeStarts,
            exemplarTimes.count,
            exemplarAttributes.count
        )
        check.attributes("exemplar", exemplarAttributes)
        check.require("points in the order of metrics", metric == metric.sorted())
        return check.violation
    }
}

/// Remembers the first invariant that does not hold.
private struct InvariantCheck {
    let text: RequestText
    private(set) var violation: String?

    init(text: RequestText) { self.text = text }

    mutating func require(_ name: String, _ condition: Bool) {
        if !condition, violation == nil { violation = name }
    }

    mutating func lengths(_ name: String, _ count: Int, _ counts: [Int]) {
        require("\(name): columns of unequal length", counts.allSatisfy { $0 == count })
    }

    mutating func origin(_ name: String, _ rows: [UInt32], _ count: Int) {
        require("\(name): out of range", rows.allSatisfy { $0 < count })
    }

    mutating func starts(_ name: String, _ starts: [UInt32], _ rows: Int, _ children: Int) {
        require("\(name): \(starts.count) starts for \(rows) rows", starts.count == rows + 1)
        require("\(name): first start", starts.first == 0)
        require("\(name): last start", starts.last == UInt32(children))
        require("\(name): starts descend", zip(starts, starts.dropFirst()).allSatisfy { $0 <= $1 })
    }

    mutating func references(_ name: String, _ references: [TextRef]) {
        require("\(name): reference outside the text", references.allSatisfy(isInside))
    }

    mutating func attributes(_ name: String, _ columns: AttributeColumns) {
        lengths("\(name).attributes", columns.count, [columns.kinds.count, columns.payloads.count])
        references("\(name).keys", columns.keys)
        values("\(name).values", columns.kinds, columns.payloads)
    }

    mutating func values(_ name: String, _ kinds: [ValueKind], _ payloads: [UInt64]) {
        for (kind, payload) in zip(kinds, payloads) {
            let reference = TextRef(rawValue: payload)
            switch kind {
            case .empty, .int, .double: break
            case .bool: require("\(name): bool", payload <= 1)
            case .string, .bytes: require("\(name): outside the text", isInside(reference))
            case .json:
                require("\(name): JSON outside the scratch", isInside(reference))
                require("\(name): JSON in the body", reference.isInScratch)
                require("\(name): not JSON", isInside(reference) && isJSON(reference))
            }
        }
    }

    mutating func origins(_ origins: OriginColumns) {
        lengths("resource", origins.resourceCount, [origins.resourceDroppedAttributes.count])
        starts(
            "resource.attributes",
            origins.resourceAttributeStarts,
            origins.resourceCount,
            origins.resourceAttributes.count
        )
        attributes("resource", origins.resourceAttributes)
        lengths(
            "scope",
            origins.scopeCount,
            [
                origins.scopeNames.count, origins.scopeVersions.count,
                origins.scopeDroppedAttributes.count,
            ]
        )
        references(
            "origin",
            origins.scopeNames + origins.scopeVersions + origins.scopeSchemaURLs
                + origins.resourceSchemaURLs
        )
        starts(
            "scope.attributes",
            origins.scopeAttributeStarts,
            origins.scopeCount,
            origins.scopeAttributes.count
        )
        attributes("scope", origins.scopeAttributes)
    }

    private func isInside(_ reference: TextRef) -> Bool {
        let bytes = reference.isInScratch ? text.scratch.count : text.body.count
        return reference.offset + reference.count <= bytes
    }

    private func isJSON(_ reference: TextRef) -> Bool {
        (try? ValueJSON.parse(text[reference])) != nil
    }
}
