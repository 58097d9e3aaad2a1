/// The scalar fields of a data point that is being read, of whichever type.
struct PendingPoint {
    var metric: UInt32
    var startTime: UInt64 = 0
    var time: UInt64 = 0
    var flags: UInt32 = 0
    var valueKind = ValueKind.empty
    var value: UInt64 = 0
    var count: UInt64 = 0
    var sum = MetricColumns.none
    var minimum = MetricColumns.none
    var maximum = MetricColumns.none
    var scale: Int32 = 0
    var zeroCount: UInt64 = 0
    var zeroThreshold: UInt64 = 0
    var positiveOffset: Int32 = 0
    var negativeOffset: Int32 = 0
    var hasBadExemplarID = false

    init(metric: UInt32) { self.metric = metric }
}

/// The scalar fields of an exemplar that is being read.
struct PendingExemplar {
    var time: UInt64 = 0
    var kind = ValueKind.empty
    var value: UInt64 = 0
    var traceID = RecordID()
    var spanID = RecordID()
}

/// How many points there were, and which of them had been refused.
struct PointMark {
    var points: Int
    var rejections: Rejections
}

extension MetricColumns {
    /// The bits of an optional double that is present: never the mark of an absent one.
    static func present(_ bits: UInt64) -> UInt64 {
        bits == none ? Double.nan.bitPattern : bits
    }

    /// Room for the points a body of this size usually holds.
    mutating func reserve(points: Int, attributes attributeCount: Int) {
        metric.reserveCapacity(points)
        startTimes.reserveCapacity(points)
        times.reserveCapacity(points)
        flags.reserveCapacity(points)
        valueKinds.reserveCapacity(points)
        values.reserveCapacity(points)
        counts.reserveCapacity(points)
        sums.reserveCapacity(points)
        minima.reserveCapacity(points)
        maxima.reserveCapacity(points)
        scales.reserveCapacity(points)
        zeroCounts.reserveCapacity(points)
        zeroThresholds.reserveCapacity(points)
        bucketStarts.reserveCapacity(points + 1)
        boundStarts.reserveCapacity(points + 1)
        quantileStarts.reserveCapacity(points + 1)
        attributeStarts.reserveCapacity(points + 1)
        exemplarStarts.reserveCapacity(points + 1)
        positive.offsets.reserveCapacity(points)
        positive.countStarts.reserveCapacity(points + 1)
        negative.offsets.reserveCapacity(points)
        negative.countStarts.reserveCapacity(points + 1)
        attributes.reserve(attributeCount)
    }

    // MARK: - Metrics

    /// Opens a metric row; its fields are filled in as they come.
    mutating func beginMetric(resource: UInt32, scope: UInt32) -> UInt32 {
        self.resource.append(resource)
        self.scope.append(scope)
        names.append(.empty)
        descriptions.append(.empty)
        units.append(.empty)
        types.append(.gauge)
        temporalities.append(0)
        monotonic.append(false)
        metadataStarts.append(metadata.mark)
        return UInt32(truncatingIfNeeded: names.count - 1)
    }

    /// Closes the open metric row, or takes it back if it never said what it measures.
    mutating func endMetric(_ row: UInt32, hasData: Bool) {
        if hasData {
            metadataStarts[Int(row) + 1] = metadata.mark
            return
        }
        rejections.reject("metric without data")
        let row = Int(row)
        metadata.truncate(to: Int(metadataStarts[row]))
        metadataStarts.truncate(to: row + 1)
        resource.truncate(to: row)
        scope.truncate(to: row)
        names.truncate(to: row)
        descriptions.truncate(to: row)
        units.truncate(to: row)
        types.truncate(to: row)
        temporalities.truncate(to: row)
        monotonic.truncate(to: row)
    }

    /// Chooses the data shape of a metric.
    ///
    /// A second shape replaces the first and its points.
    mutating func setType(_ type: MetricType, of row: UInt32, replacing mark: PointMark?) {
        let row = Int(row)
        if let mark, types[row] != type {
            truncatePoints(to: mark.points)
            rejections = mark.rejections
            temporalities[row] = 0
            monotonic[row] = false
        }
        types[row] = type
    }

    var pointMark: PointMark { PointMark(points: count, rejections: rejections) }

    // MARK: - Points

    /// Closes the point whose children were appended since the last one: keeps it, or refuses it and
    /// takes its children back.
    mutating func finish(_ point: PendingPoint) {
        if let fault = fault(of: point) {
            rejections.reject(fault)
            return truncateChildren(ofPointsFrom: count)
        }
        metric.append(point.metric)
        startTimes.append(point.startTime)
        times.append(point.time)
        flags.append(point.flags)
        valueKinds.append(point.valueKind)
        values.append(point.value)
        counts.append(point.count)
        sums.append(point.sum)
        minima.append(point.minimum)
        maxima.append(point.maximum)
        scales.append(point.scale)
        zeroCounts.append(point.zeroCount)
        zeroThresholds.append(point.zeroThreshold)
        bucketStarts.append(UInt32(truncatingIfNeeded: bucketCounts.count))
        boundStarts.append(UInt32(truncatingIfNeeded: bounds.count))
        quantileStarts.append(UInt32(truncatingIfNeeded: quantiles.count))
        positive.finish(offset: point.positiveOffset)
        negative.finish(offset: point.negativeOffset)
        attributeStarts.append(attributes.mark)
        exemplarStarts.append(UInt32(truncatingIfNeeded: exemplarTimes.count))
    }

    mutating func finish(_ exemplar: PendingExemplar, of point: inout PendingPoint) {
        if !exemplar.traceID.isValidOrNone || !exemplar.spanID.isValidOrNone {
            point.hasBadExemplarID = true
        }
        exemplarTimes.append(exemplar.time)
        exemplarKinds.append(exemplar.kind)
        exemplarValues.append(exemplar.value)
        exemplarTraceIDs.append(exemplar.traceID.high)
        exemplarTraceIDs.append(exemplar.traceID.low)
        exemplarSpanIDs.append(exemplar.spanID.low)
        exemplarAttributeStarts.append(exemplarAttributes.mark)
    }

    /// Why the open point is not acceptable, if it is not.
    private func fault(of point: PendingPoint) -> StaticString? {
        if point.hasBadExemplarID { return "exemplar id is of the wrong length" }
        let buckets = bucketCounts.count - Int(bucketStarts[count])
        let firstBound = Int(boundStarts[count])
        let boundCount = bounds.count - firstBound
        if buckets != 0 || boundCount != 0 {
            guard buckets == boundCount + 1 else {
                return "histogram has not one bucket more than bounds"
            }
            guard boundCount > 0 else { return nil }
            var previous = Double(bitPattern: bounds[firstBound])
            if previous.isNaN { return "histogram bounds do not increase" }
            for index in (firstBound + 1)..<bounds.count {
                let bound = Double(bitPattern: bounds[index])
                guard previous < bound else { return "histogram bounds do not increase" }
                previous = bound
            }
        }
        return nil
    }

    // MARK: - Taking back

    private mutating func truncatePoints(to points: Int) {
        guard points < count else { return }
        truncateChildren(ofPointsFrom: points)
        metric.truncate(to: points)
        startTimes.truncate(to: points)
        times.truncate(to: points)
        flags.truncate(to: points)
        valueKinds.truncate(to: points)
        values.truncate(to: points)
        counts.truncate(to: points)
        sums.truncate(to: points)
        minima.truncate(to: points)
        maxima.truncate(to: points)
        scales.truncate(to: points)
        zeroCounts.truncate(to: points)
        zeroThresholds.truncate(to: points)
        bucketStarts.truncate(to: points + 1)
        boundStarts.truncate(to: points + 1)
        quantileStarts.truncate(to: points + 1)
        attributeStarts.truncate(to: points + 1)
        exemplarStarts.truncate(to: points + 1)
    }

    private mutating func truncateChildren(ofPointsFrom points: Int) {
        bucketCounts.truncate(to: Int(bucketStarts[points]))
        bounds.truncate(to: Int(boundStarts[points]))
        quantiles.truncate(to: Int(quantileStarts[points]))
        quantileValues.truncate(to: Int(quantileStarts[points]))
        positive.truncate(to: points)
        negative.truncate(to: points)
        attributes.truncate(to: Int(attributeStarts[points]))

        let exemplars = Int(exemplarStarts[points])
        exemplarAttributes.truncate(to: Int(exemplarAttributeStarts[exemplars]))
        exemplarTimes.truncate(to: exemplars)
        exemplarKinds.truncate(to: exemplars)
        exemplarValues.truncate(to: exemplars)
        exemplarTraceIDs.truncate(to: exemplars * 2)
        exemplarSpanIDs.truncate(to: exemplars)
        exemplarAttributeStarts.truncate(to: exemplars + 1)
    }
}

extension ExponentialBuckets {
    fileprivate mutating func finish(offset: Int32) {
        offsets.append(offset)
        countStarts.append(UInt32(truncatingIfNeeded: counts.count))
    }

    fileprivate mutating func truncate(to points: Int) {
        counts.truncate(to: Int(countStarts[points]))
        countStarts.truncate(to: points + 1)
        offsets.truncate(to: points)
    }
}
