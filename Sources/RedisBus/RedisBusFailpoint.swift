public import Failpoints

/// The named places of the bus.
enum RedisBusFailpoint: String, Failpoint {
    /// Nothing is connected.
    ///
    /// Connecting is tried again after a pause; until then the bus is deaf, and says so.
    case connect = "redis-bus.connect"
    /// Connected and encrypted; the server has not been told who we are.
    ///
    /// The connection is closed and made anew.
    case authenticate = "redis-bus.authenticate"
    /// A command, a message among them, is about to be written.
    ///
    /// On a connection that had been used, the message is sent once more on a new one; else `publish` throws and
    /// the next message shows the gap.
    case send = "redis-bus.send"
    /// What was written is on its way; the answer, or the next message, has not been read.
    ///
    /// The connection is closed and made anew; what was missed shows as a gap.
    case receive = "redis-bus.receive"
    /// Connected; the server has not been asked for messages.
    ///
    /// The connection is closed and made anew; until then the bus is deaf, and says so.
    case subscribe = "redis-bus.subscribe"
    /// A message has been received; no cache has seen it.
    ///
    /// The message is lost here; the next one of its sender shows the gap.
    case deliver = "redis-bus.deliver"
}

extension FailpointRegistry {
    /// Tells the registry the places of the bus.
    public func knowRedisBus() { know(RedisBusFailpoint.self) }

    /// As if the connection had broken here, if `point` is armed.
    func reach(_ point: @autoclosure () -> RedisBusFailpoint) throws(RedisBusError) {
        guard let injection = evaluate(point()) else { return }
        throw injection == .error("timeout") ? .timedOut : .disconnected
    }
}
