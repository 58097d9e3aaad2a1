public import Failpoints

/// The named places of the bus.
enum RedisBusFailpoint: String, Failpoint {
    /// Nothing is connected.
    case connect = "redis-bus.connect"
    /// Connected and encrypted; the server has not been told who we are.
    case authenticate = "redis-bus.authenticate"
    /// A command, a message among them, is about to be written.
    case send = "redis-bus.send"
    /// What was written is on its way; the answer, or the next message, has not been read.
    case receive = "redis-bus.receive"
    /// Connected; the server has not been asked for messages.
    case subscribe = "redis-bus.subscribe"
    /// A message has been received; no cache has seen it.
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
